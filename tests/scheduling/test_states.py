"""The table of the steps of a visit, line by line."""

import datetime as dt

import pytest

from clinic.core.access import Actor, Role
from clinic.scheduling.rules import states
from clinic.scheduling.values import AppointmentStatus, Standing, VisitAction

pytestmark = pytest.mark.once

NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 23)
S, A = AppointmentStatus, VisitAction

ALLOWED = {
    (S.BOOKED, A.MOVE): S.BOOKED,
    (S.BOOKED, A.ARRIVE): S.ARRIVED,
    (S.BOOKED, A.NO_SHOW): S.NO_SHOW,
    (S.BOOKED, A.CANCEL): S.CANCELLED,
    (S.ARRIVED, A.UNDO_ARRIVE): S.BOOKED,
    (S.ARRIVED, A.CANCEL): S.CANCELLED,
    (S.ARRIVED, A.START): S.IN_TREATMENT,
    (S.IN_TREATMENT, A.FINISH): S.DONE,
    (S.IN_TREATMENT, A.ABORT): S.CANCELLED,
    (S.NO_SHOW, A.ARRIVE): S.ARRIVED,
    (S.NO_SHOW, A.REOPEN): S.BOOKED,
    (S.CANCELLED, A.REOPEN): S.BOOKED,
    (S.ARRIVED, A.READY): None,
    (S.ARRIVED, A.ROOM): None,
    (S.DONE, A.LEAVE): None,
    (S.ARRIVED, A.TAKE_BACK): None,
    (S.DONE, A.TAKE_BACK): None,
    (S.BOOKED, A.CONFIRM): None,
    (S.DONE, A.ENTER_IN_ERROR): S.ENTERED_IN_ERROR,
    (S.NO_SHOW, A.ENTER_IN_ERROR): S.ENTERED_IN_ERROR,
}


def a_visit(status, **changes):
    fields = {
        "status": status,
        "starts_at": NOW - dt.timedelta(minutes=30),
        "day": TODAY,
        "ended_at": NOW - dt.timedelta(minutes=5),
        **changes,
    }
    return Standing(**fields)


def an_actor(role):
    return Actor(id=1, name="Lena", role=role, location_id=1, zone="Europe/Berlin")


@pytest.mark.parametrize("status", S)
@pytest.mark.parametrize("action", states.STEPS)
def test_only_the_steps_of_the_table_are_possible(status, action):
    noted = {A.READY, A.LEAVE} if action is A.TAKE_BACK else set()
    visit = a_visit(status, noted=frozenset(noted))
    said = states.objection(action, visit, now=NOW, today=TODAY)
    if (status, action) in ALLOWED:
        assert said == ""
        assert states.STEPS[action].target is ALLOWED[status, action]
    else:
        assert said == states.MOVED_ON[status]


@pytest.mark.parametrize(
    ("action", "status", "changes", "said"),
    [
        (A.ARRIVE, S.BOOKED, {"day": dt.date(2026, 11, 22)}, states.NOT_TODAY),
        (A.ARRIVE, S.BOOKED, {"day": dt.date(2026, 11, 24)}, states.NOT_TODAY),
        (A.ARRIVE, S.NO_SHOW, {"day": dt.date(2026, 11, 22)}, states.NOT_TODAY),
        (A.LEAVE, S.DONE, {"day": dt.date(2026, 11, 22)}, states.LEFT_TODAY),
        (A.READY, S.ARRIVED, {"noted": frozenset({A.READY})}, states.NOTED_ALREADY),
        (A.ROOM, S.ARRIVED, {"noted": frozenset({A.READY})}, ""),
        (A.TAKE_BACK, S.ARRIVED, {"noted": frozenset()}, states.NOTHING_NOTED),
        (A.TAKE_BACK, S.DONE, {"noted": frozenset({A.ROOM})}, states.NOTHING_NOTED),
        (A.NO_SHOW, S.BOOKED, {"starts_at": NOW - dt.timedelta(minutes=15)}, ""),
        (
            A.NO_SHOW,
            S.BOOKED,
            {"starts_at": NOW - dt.timedelta(minutes=14)},
            states.NOT_YET_NO_SHOW,
        ),
        (A.REOPEN, S.CANCELLED, {"ended_at": NOW - dt.timedelta(minutes=10)}, ""),
        (
            A.REOPEN,
            S.CANCELLED,
            {"ended_at": NOW - dt.timedelta(minutes=11)},
            states.TOO_LATE_TO_REOPEN,
        ),
        (A.REOPEN, S.CANCELLED, {"ended_at": None}, states.TOO_LATE_TO_REOPEN),
    ],
)
def test_a_step_has_its_time(action, status, changes, said):
    visit = a_visit(status, **changes)
    assert states.objection(action, visit, now=NOW, today=TODAY) == said


def test_reception_is_never_offered_a_treatment_step():
    for status in S:
        offered = states.next_steps(
            a_visit(status), an_actor(Role.RECEPTIONIST), now=NOW, today=TODAY
        )
        assert not {A.START, A.FINISH, A.ABORT} & set(offered)


def test_an_administrator_is_offered_nothing():
    visit = a_visit(S.BOOKED)
    assert states.next_steps(visit, an_actor(Role.ADMINISTRATOR), now=NOW, today=TODAY) == ()


def test_a_consultation_is_started_by_hand_and_a_treatment_by_its_session():
    nurse = an_actor(Role.NURSE)
    arrived = a_visit(S.ARRIVED)
    assert A.START in states.next_steps(arrived, nurse, now=NOW, today=TODAY)
    treated = a_visit(S.ARRIVED, is_treatment=True)
    assert A.START not in states.next_steps(treated, nurse, now=NOW, today=TODAY)
