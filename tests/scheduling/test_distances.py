"""One session that is moved keeps its distance to the others of its course."""

import dataclasses
import datetime as dt

import pytest

from clinic.core.access import Role
from clinic.core.errors import Forbidden
from clinic.scheduling import distances, moving, queries
from clinic.scheduling.distances import TooNear
from clinic.scheduling.values import StepVisit
from tests.scheduling import coursing
from tests.scheduling.moments import a_move
from tests.scheduling.pages import a_move as a_form
from tests.scheduling.pages import text_of

APART = dataclasses.replace(coursing.WEEKLY, least_days=6)
NEAR = dt.datetime(2026, 11, 27, 10, 0)
"""Three days after the first session of a course, four before the second."""
WHY = "The patient travels for a month"


@pytest.fixture
def course(desk):
    """Three sessions, one a week from the 24th on, at least six days apart."""
    return coursing.begun(desk, service_id=desk.mesotherapy.id, pattern=APART)


@pytest.fixture
def second(desk, course):
    return coursing.visits(desk)[1]


def move(desk, visit, role=Role.RECEPTIONIST, **changes):
    wish = dataclasses.replace(a_move(visit), **changes)
    return moving.move(desk.db, desk.actor(role), wish)


def test_a_session_moved_too_near_to_another_is_refused_in_the_words_of_move_all(desk, second):
    with pytest.raises(TooNear, match=r"Two sessions are closer than 6 days\."):
        move(desk, second, starts_local=NEAR)


def test_what_keeps_the_day_or_the_distance_is_moved(desk, second):
    move(desk, second, starts_local=dt.datetime(2026, 12, 1, 14, 0))
    desk.db.flush()
    move(desk, second, starts_local=dt.datetime(2026, 12, 2, 10, 0))
    assert second.starts_local == dt.datetime(2026, 12, 2, 10, 0)


def test_below_it_only_with_a_reason_and_the_permission_to_overbook(desk, second):
    with pytest.raises(Forbidden):
        move(desk, second, starts_local=NEAR, near_reason=WHY)
    move(desk, second, Role.NURSE, starts_local=NEAR, near_reason=WHY)
    assert second.starts_local == NEAR
    assert queries.events(desk.db, second.id)[0].reason == WHY
    desk.db.flush()
    move(desk, second, starts_local=NEAR.replace(hour=11))  # Nobody asks again within the day.


def test_a_move_is_taken_back_also_to_a_day_that_is_too_near(desk, second):
    move(desk, second, Role.NURSE, starts_local=NEAR, near_reason=WHY)
    desk.db.flush()
    move(desk, second, Role.NURSE, starts_local=dt.datetime(2026, 12, 1, 10, 0))
    desk.db.flush()
    step = StepVisit(appointment_id=second.id, version=second.version)
    moving.move_back(desk.db, desk.actor(Role.NURSE), step)
    assert second.starts_local == NEAR


def test_the_days_of_a_session_lie_between_its_neighbours(desk, second):
    assert distances.days_of(desk.db, second) == (dt.date(2026, 11, 30), dt.date(2026, 12, 2))
    first = coursing.visits(desk)[0]
    assert distances.days_of(desk.db, first) == (dt.date.min, dt.date(2026, 11, 25))
    assert distances.days_of(desk.db, desk.book(starts_local=dt.datetime(2026, 11, 25, 9))) is None


# ---- a session that is booked alone ----


@pytest.fixture
def third(desk, course):
    """What books the third session again, four days after the second."""
    desk.cancel(coursing.visits(desk)[2])
    desk.db.flush()
    return {"service_id": desk.mesotherapy.id, "starts_local": dt.datetime(2026, 12, 5, 10, 0)}


def test_a_session_booked_too_near_to_another_is_refused_as_a_move_is(desk, third):
    with pytest.raises(TooNear, match=r"Two sessions are closer than 6 days\."):
        desk.book(**third)
    with pytest.raises(Forbidden):
        desk.book(near_reason=WHY, **third)
    made = desk.book(Role.NURSE, near_reason=WHY, **third)
    assert made.course_number == 3
    assert queries.events(desk.db, made.id)[0].reason == WHY


def test_a_session_booked_at_its_distance_needs_no_reason(desk, third):
    made = desk.book(
        Role.NURSE, near_reason=WHY, **third | {"starts_local": dt.datetime(2026, 12, 8, 10, 0)}
    )
    assert (made.course_number, queries.events(desk.db, made.id)[0].reason) == (3, "")


def test_the_booking_page_asks_for_the_reason_and_offers_days_that_keep_it(world, desk, third):
    fields = {
        "patient_id": desk.alice.id,
        "service_id": desk.mesotherapy.id,
        "practitioner_id": desk.physician.id,
        "date": "2026-12-05",
        "start": "10:00",
    }
    at_desk, nurse = world.as_role(Role.RECEPTIONIST), world.as_role(Role.NURSE)
    for address in ("/appointments", "/board/bookings"):
        page = at_desk.post(address, fields)
        shown = text_of(page)
        assert page.status_code == 422
        assert "Two sessions are closer than 6 days." in shown
        assert 'name="near_reason"' not in shown
        assert 'name="fill" value="2026-12-07' in shown
        assert 'name="fill" value="2026-12-05' not in shown
        assert 'name="near_reason"' in text_of(nurse.post(address, fields))
    assert nurse.post("/appointments", {**fields, "near_reason": WHY}).status_code == 303


def sent(desk, visit, **changes):
    fields = {"date": "2026-11-27", "start": "10:00", **changes}
    return a_form(desk, visit, **fields)


def test_the_page_says_it_at_the_day_and_offers_days_that_keep_it(world, desk, second):
    page = world.as_role(Role.RECEPTIONIST).post(
        f"/appointments/{second.id}/move", sent(desk, second)
    )
    shown = text_of(page)
    assert page.status_code == 422
    assert "Two sessions are closer than 6 days." in shown
    assert shown.count('name="fill" value="2026-11-30') == 3
    assert 'name="near_reason"' not in shown


def test_who_may_gives_the_reason_on_the_page(world, desk, second):
    nurse = world.as_role(Role.NURSE)
    address = f"/appointments/{second.id}/move"
    assert 'name="near_reason"' in text_of(nurse.post(address, sent(desk, second)))
    short = nurse.post(address, sent(desk, second, near_reason="so"))
    assert short.status_code == 422
    assert "at least 10 characters" in text_of(short)
    assert nurse.post(address, sent(desk, second, near_reason=WHY)).status_code == 303
    shown = text_of(nurse.get(f"/appointments/{second.id}"))
    assert f"Reason: {WHY}" in shown


def test_the_next_openings_of_a_session_keep_it_too(world, desk, second):
    address = f"/openings?appointment_id={second.id}&service_id={second.service_id}"
    shown = text_of(world.as_role(Role.RECEPTIONIST).get(address))
    assert "2026-11-30" in shown
    assert "2026-11-27" not in shown
