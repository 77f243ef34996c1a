"""Where a patient is during a visit, what was heard about the coming, and what the history says."""

import datetime as dt
import html

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.core.errors import Forbidden
from clinic.scheduling import moving, presence, service, steps, visit
from clinic.scheduling.values import (
    AppointmentStatus,
    Confirmation,
    ConfirmVisit,
    MoveAppointment,
    StepVisit,
)
from tests.conftest import NOW

TODAY_10 = dt.datetime(2026, 11, 23, 10, 0)


def step(row):
    return StepVisit(appointment_id=row.id, version=row.version)


def heard(row, answer):
    return ConfirmVisit(appointment_id=row.id, version=row.version, answer=answer)


def acts(desk):
    return list(desk.db.scalars(sa.select(AuditEvent.action).order_by(AuditEvent.id)))


def said(desk, row):
    page = visit.page(desk.db, desk.actor(), row.id)
    return [line.sentence % {"who": line.who, "to": "…", "from": "…"} for line in page.history]


def test_the_times_of_a_visit_are_kept_one_by_one(desk, clock):
    came = desk.arrive(desk.book(starts_local=TODAY_10))
    arrived_at = came.arrived_at
    clock(NOW + dt.timedelta(minutes=5))
    presence.ready(desk.db, desk.actor(), step(came))
    clock(NOW + dt.timedelta(minutes=10))
    presence.room(desk.db, desk.actor(), step(came))

    assert came.status is AppointmentStatus.ARRIVED
    assert came.ready_at - arrived_at == dt.timedelta(minutes=5)
    assert came.roomed_at - arrived_at == dt.timedelta(minutes=10)
    assert acts(desk)[-2:] == ["appointment.ready", "appointment.roomed"]
    assert desk.history(came)[-2:] == ["ready", "room"]
    with pytest.raises(steps.NotNow):
        presence.room(desk.db, desk.actor(), step(came))


def test_the_last_time_is_taken_back_first_and_an_undone_arrival_takes_all(desk):
    came = desk.arrive(desk.book(starts_local=TODAY_10))
    presence.ready(desk.db, desk.actor(), step(came))
    presence.room(desk.db, desk.actor(), step(came))

    presence.take_back(desk.db, desk.actor(), step(came))
    assert came.roomed_at is None
    assert came.ready_at is not None
    assert "took back that the patient is in the room" in said(desk, came)[0]
    service.undo_arrive(desk.db, desk.actor(), step(came))
    assert came.arrived_at is None
    assert came.ready_at is None
    with pytest.raises(steps.MovedOn):
        presence.take_back(desk.db, desk.actor(), step(came))


def test_who_has_been_treated_leaves_on_the_same_day(desk):
    row = desk.book(starts_local=TODAY_10)
    with pytest.raises(steps.MovedOn):
        presence.leave(desk.db, desk.actor(), step(row))
    row.status = AppointmentStatus.DONE
    desk.db.flush()

    presence.leave(desk.db, desk.actor(), step(row))
    assert row.left_at is not None
    assert row.status is AppointmentStatus.DONE
    presence.take_back(desk.db, desk.actor(), step(row))
    assert row.left_at is None


def test_a_stale_page_notes_nothing(desk):
    came = desk.arrive(desk.book(starts_local=TODAY_10))
    old = StepVisit(appointment_id=came.id, version=came.version - 1)
    for verb in (presence.ready, presence.room, presence.take_back):
        with pytest.raises(steps.MovedOn):
            verb(desk.db, desk.actor(), old)


def test_administrators_note_nothing(desk):
    row = desk.book()
    with pytest.raises(Forbidden):
        presence.confirm(
            desk.db, desk.actor(Role.ADMINISTRATOR), heard(row, Confirmation.CONFIRMED)
        )


@pytest.mark.parametrize("answer", Confirmation)
def test_what_was_heard_stands_beside_the_status_with_who_and_when(desk, answer):
    row = desk.book()
    presence.confirm(desk.db, desk.actor(), heard(row, answer))

    assert row.status is AppointmentStatus.BOOKED
    assert presence.confirmation_of(row) is answer
    assert acts(desk)[-1] == "appointment.confirmation_noted"
    assert desk.actor().name in said(desk, row)[0]
    presence.confirm(desk.db, desk.actor(), heard(row, None))
    assert presence.confirmation_of(row) is None
    assert "took back what was heard" in said(desk, row)[0]


def test_a_confirmation_is_of_its_time_and_comes_back_with_it(desk):
    row = desk.book()
    presence.confirm(desk.db, desk.actor(), heard(row, Confirmation.CONFIRMED))
    at = row.starts_local

    def move(to):
        wish = MoveAppointment(
            appointment_id=row.id,
            version=row.version,
            starts_local=to,
            practitioner_id=desk.physician.id,
        )
        moving.move(desk.db, desk.actor(), wish)

    move(at + dt.timedelta(hours=2))
    assert presence.confirmation_of(row) is None
    move(at)
    assert presence.confirmation_of(row) is Confirmation.CONFIRMED


def test_only_what_is_booked_can_be_confirmed(desk):
    came = desk.arrive(desk.book(starts_local=TODAY_10))
    with pytest.raises(steps.MovedOn):
        presence.confirm(desk.db, desk.actor(), heard(came, Confirmation.CONFIRMED))


# ---- on the page of the visit, and on the board ----


def test_the_page_of_a_visit_has_a_button_for_each_and_says_what_was_noted(world, desk):
    visitor = world.as_role(Role.RECEPTIONIST)
    row = desk.book(starts_local=TODAY_10)
    url = f"/appointments/{row.id}"

    answer = visitor.post(f"{url}/confirmation", {"version": row.version, "answer": "confirmed"})
    assert answer.status_code == 303
    shown = html.unescape(visitor.get(url).get_data(as_text=True))
    assert "noted that the patient confirmed" in shown
    assert 'value="" aria-pressed="true"' in shown, "the same once more takes it back"

    desk.db.refresh(row)
    came = desk.arrive(row)
    desk.db.flush()
    for verb in ("ready", "room", "undo-time"):
        desk.db.refresh(came)
        assert visitor.post(f"{url}/{verb}", {"version": came.version}).status_code == 303, verb
    assert visitor.post(f"{url}/leaving", {"version": came.version}).status_code == 409


@pytest.mark.parametrize(
    "fields",
    [{}, {"version": "x", "answer": "confirmed"}, {"version": "1", "answer": "perhaps"}],
)
def test_a_forged_confirmation_is_refused(world, desk, fields):
    row = desk.book()
    visitor = world.as_role(Role.RECEPTIONIST)
    answer = visitor.post(f"/appointments/{row.id}/confirmation", fields)
    assert answer.status_code == 422
    desk.db.refresh(row)
    assert row.confirmation is None


def act(world, verb, row, role=Role.RECEPTIONIST, **options):
    return world.as_role(role).post(
        "/board/steps?date=2026-11-23&view=list",
        {"act": f"{verb} {row.id} {row.version}"},
        headers={"X-Fragment": "#board"},
    )


def test_the_board_takes_each_step_and_each_answer_by_one_field(world, desk):
    row = desk.book(starts_local=TODAY_10)
    for verb, answer in (("asked", "asked"), ("confirmed", "confirmed"), ("unheard", None)):
        assert act(world, verb, row).status_code == 303
        desk.db.refresh(row)
        assert row.confirmation == answer
    came = desk.arrive(row)
    desk.db.flush()
    for verb in ("ready", "room", "take_back", "take_back", "undo_arrive"):
        desk.db.refresh(came)
        assert act(world, verb, came).status_code == 303, verb
    desk.db.refresh(came)
    assert came.status is AppointmentStatus.BOOKED


def test_a_consultation_is_begun_and_done_on_the_board_by_clinicians_only(world, desk):
    came = desk.arrive(desk.book(starts_local=TODAY_10))
    desk.db.flush()
    assert act(world, "start", came).status_code == 403
    assert act(world, "start", came, Role.NURSE).status_code == 303
    desk.db.refresh(came)
    assert came.status is AppointmentStatus.IN_TREATMENT
    assert act(world, "finish", came, Role.NURSE).status_code == 303
    desk.db.refresh(came)
    assert came.status is AppointmentStatus.DONE


def test_a_treatment_is_begun_by_its_session(world, desk):
    row = desk.book(Role.PHYSICIAN, service_id=desk.prp.id, starts_local=TODAY_10)
    answer = act(world, "start", row, Role.PHYSICIAN)
    assert answer.status_code == 303
    assert answer.location.endswith(f"/appointments/{row.id}/session")
    desk.db.refresh(row)
    assert row.status is AppointmentStatus.BOOKED


@pytest.mark.parametrize("sent", ["", "ready", "ready 1", "dance 1 1", "ready x 1", "ready 1 1 1"])
def test_a_forged_step_is_refused(world, desk, sent):
    desk.book()
    answer = world.as_role(Role.RECEPTIONIST).post("/board/steps", {"act": sent})
    assert answer.status_code == 422


def test_a_step_of_an_old_board_is_refused_and_says_so(world, desk):
    row = desk.book(starts_local=TODAY_10)
    answer = world.as_role(Role.RECEPTIONIST).post(
        "/board/steps?date=2026-11-23", {"act": f"asked {row.id} 77"}
    )
    assert answer.status_code == 409
    assert "Somebody else has changed this visit" in html.unescape(answer.get_data(as_text=True))
    gone = world.as_role(Role.RECEPTIONIST).post("/board/steps", {"act": "asked 99999 1"})
    assert gone.status_code == 404


def test_the_history_says_who_and_what_else_a_visit_held(world, desk):
    row = desk.book(Role.PHYSICIAN, service_id=desk.prp.id)
    line = visit.page(desk.db, desk.actor(), row.id).history[0]
    assert "Centrifuge" in line.beside
    assert desk.physician.name not in line.beside
    shown = world.as_role(Role.RECEPTIONIST).get(f"/appointments/{row.id}")
    assert "With Centrifuge." in html.unescape(shown.get_data(as_text=True))
    talk = desk.book(
        patient_id=desk.bob().id, starts_local=TODAY_10 + dt.timedelta(days=1, hours=4)
    )
    assert visit.page(desk.db, desk.actor(), talk.id).history[0].beside == ()
