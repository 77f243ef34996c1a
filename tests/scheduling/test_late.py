"""Visits of the past, entered later by permission; and times that no visit can have."""

import datetime as dt
import html

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.patients.values import PatientStatus
from clinic.safety.models import ScreeningRecord
from clinic.scheduling import late, missed, queries, service, steps, visit
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.models import Appointment
from clinic.scheduling.values import AppointmentStatus, StepVisit, VisitAction
from tests.scheduling import moments

LAST_WEEK = dt.datetime(2026, 11, 17, 10, 0)
WHY = "The power was out all day"


def enter(desk, role=Role.NURSE, **changes):
    wish = desk.wish(**{"starts_local": LAST_WEEK, "late_reason": WHY, **changes})
    return late.enter(desk.db, desk.actor(role), wish)


def test_a_visit_that_took_place_is_entered_as_done_and_marked(desk):
    row = enter(desk)

    assert row.status is AppointmentStatus.DONE
    assert row.late_reason == WHY
    assert row.starts_local == LAST_WEEK
    assert {held.resource_id for held in desk.held(row)} == {desk.physician.id, desk.room.id}
    line = visit.page(desk.db, desk.actor(), row.id).history[0]
    assert "entered it later" in line.sentence
    assert line.reason == WHY
    told = desk.db.scalars(sa.select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert told.action == "appointment.entered_late"
    assert told.detail["late_reason"] == WHY


def test_it_is_checked_as_of_its_day_and_nothing_refuses_it_any_more(desk):
    desk.took_ibuprofen()
    row = enter(desk, Role.PHYSICIAN, service_id=desk.prp.id)

    check = desk.db.scalars(
        sa.select(ScreeningRecord).where(ScreeningRecord.appointment_id == row.id)
    ).one()
    assert check.on == LAST_WEEK.date()
    shown = visit.page(desk.db, desk.actor(Role.PHYSICIAN), row.id)
    assert shown.checked.screening.on == LAST_WEEK.date()
    assert visit.page(desk.db, desk.actor(), row.id).reception is None


def test_reception_enters_nothing(desk):
    with pytest.raises(Forbidden):
        enter(desk, Role.RECEPTIONIST)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"late_reason": ""}, "late_reason"),
        ({"late_reason": "forgot"}, "late_reason"),
        ({"starts_local": dt.datetime(2026, 11, 23, 9, 45)}, "date"),
        ({"starts_local": dt.datetime(2026, 11, 24, 10, 0)}, "date"),
        ({"starts_local": dt.datetime(2026, 11, 17, 10, 2)}, "start"),
        ({"starts_local": dt.datetime(2026, 11, 17, 23, 45)}, "start"),
        ({"starts_local": dt.datetime(2026, 3, 29, 2, 30)}, "start"),
        ({"starts_local": dt.datetime(2026, 10, 25, 2, 30)}, "second_hour"),
    ],
)
def test_what_cannot_have_been_is_refused_at_its_field(desk, changes, field):
    with pytest.raises(Invalid) as refused:
        enter(desk, **changes)
    assert refused.value.field == field


def test_what_has_ended_a_minute_ago_can_be_entered(desk):
    assert enter(desk, starts_local=dt.datetime(2026, 11, 23, 9, 30)).id


def test_it_stands_beside_what_was_booked_but_a_patient_is_at_one_place(desk):
    first = enter(desk)
    beside = enter(desk, patient_id=desk.bob().id)
    assert {held.lane for held in desk.held(first)} == {1}
    assert all(held.lane > 100 for held in desk.held(beside))
    with pytest.raises(SlotTaken):
        enter(desk, room_id=desk.room_2.id, starts_local=LAST_WEEK + dt.timedelta(minutes=15))


def test_a_form_sent_twice_enters_once(desk):
    one = enter(desk, form_key="k" * 24)
    assert enter(desk, form_key="k" * 24).id == one.id


def test_a_record_that_was_erased_gets_none(desk):
    desk.alice.status = PatientStatus.ERASED
    desk.db.flush()
    with pytest.raises(Conflict):
        enter(desk)


# ---- its page ----


def form(desk, **changes):
    fields = {
        "patient_id": desk.alice.id,
        "service_id": desk.consultation.id,
        "date": LAST_WEEK.date().isoformat(),
        "start": "10:00",
        "practitioner_id": desk.physician.id,
        "room_id": desk.room.id,
        "late_reason": WHY,
        "form_key": "q" * 24,
        **changes,
    }
    return {name: str(value) for name, value in fields.items()}


def text_of(answer):
    return html.unescape(answer.get_data(as_text=True))


def test_a_nurse_enters_it_on_a_page_of_its_own_and_lands_on_the_visit(world, desk):
    nurse = world.as_role(Role.NURSE)
    page = text_of(nurse.get("/appointments/past?date=2026-11-17&start=10:00"))
    assert 'value="2026-11-17"' in page
    assert "late_reason" in page
    answer = nurse.post("/appointments/past", form(desk))
    assert answer.status_code == 303
    shown = text_of(nurse.get(answer.location))
    assert f"<b>Entered later</b>: <bdi>{WHY}</bdi>" in shown
    row = desk.db.scalars(sa.select(Appointment)).one()
    assert queries.events(desk.db, row.id)


def test_nothing_typed_is_lost_when_it_is_refused(world, desk):
    nurse = world.as_role(Role.NURSE)
    answer = nurse.post("/appointments/past", form(desk, date="2026-11-25", note="By phone"))
    shown = text_of(answer)
    assert answer.status_code == 422
    assert "Only a visit that is over can be entered here." in shown
    for kept in (WHY, "By phone", 'value="10:00"', "Leyla Demir"):
        assert kept in shown
    short = nurse.post("/appointments/past", form(desk, late_reason="short"))
    assert short.status_code == 422
    picked = nurse.post("/appointments/past", form(desk, patient_id="", pick=desk.alice.id))
    assert "Leyla Demir" in text_of(picked)
    assert world.as_role(Role.RECEPTIONIST).get("/appointments/past").status_code == 403


def test_the_board_of_a_day_that_is_over_leads_there(world, desk):
    way = "/appointments/past?date=2026-11-17"
    assert way in text_of(world.as_role(Role.NURSE).get("/board?date=2026-11-17"))
    assert way not in text_of(world.as_role(Role.RECEPTIONIST).get("/board?date=2026-11-17"))
    assert "/appointments/past" not in text_of(world.as_role(Role.NURSE).get("/board"))


# ---- times that no visit can have ----


@pytest.mark.parametrize(
    ("date", "start", "said"),
    [
        ("2026-11-24", "23:45", "A visit ends on the day it begins. The latest start is 23:30."),
        (
            "2027-03-28",
            "02:30",
            "the clocks go forward: 02:30 does not exist. The next time is 03:00",
        ),
        ("2026-11-24", "10:02", "Visits begin on five minutes"),
        ("2026-11-24", "24:00", "10:30"),
        ("2026-02-30", "10:00", ""),
    ],
)
def test_a_time_that_cannot_be_is_a_clear_refusal_beside_the_board(world, desk, date, start, said):
    desk.open_day_and_night()
    fields = form(desk, date=date, start=start)
    answer = world.as_role(Role.RECEPTIONIST).post("/board/bookings?date=2026-11-24", fields)
    shown = text_of(answer).replace("\u2066", "").replace("\u2069", "")
    assert answer.status_code == 422
    assert said in shown
    assert "Leyla Demir" in shown
    assert desk.db.scalar(sa.select(sa.func.count()).select_from(Appointment)) == 0


# ---- what never should have been entered ----

NEVER = "It was somebody else's visit"


def strike(desk, row, role=Role.NURSE, reason=NEVER):
    wish = StepVisit(appointment_id=row.id, version=row.version, reason=reason)
    return late.strike(desk.db, desk.actor(role), wish)


def test_a_visit_entered_in_error_is_kept_with_its_history_and_holds_nothing(desk):
    row = enter(desk)
    desk.db.flush()
    strike(desk, row)
    desk.db.flush()

    assert row.status is AppointmentStatus.ENTERED_IN_ERROR
    line = visit.page(desk.db, desk.actor(), row.id).history[0]
    assert (line.sentence, line.reason) == ("%(who)s marked it as entered in error", NEVER)
    told = desk.db.scalars(sa.select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert told.action == "appointment.entered_in_error"
    assert enter(desk, patient_id=desk.bob().id).id
    again = enter(desk, room_id=desk.room_2.id)
    assert {held.lane for held in desk.held(again)} >= {1}


def test_a_no_show_that_was_none_is_not_counted_any_more(desk, clock):
    row = desk.book(starts_local=dt.datetime(2026, 11, 23, 10, 30))
    clock(dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC))
    service.no_show(desk.db, desk.actor(), StepVisit(appointment_id=row.id, version=row.version))
    desk.db.flush()
    assert missed.of_patient(desk.db, desk.actor(), desk.alice.id).no_shows == 1
    strike(desk, row)
    desk.db.flush()
    assert not missed.of_patient(desk.db, desk.actor(), desk.alice.id)


def test_what_is_still_to_come_is_cancelled_instead(desk):
    with pytest.raises(steps.MovedOn):
        strike(desk, desk.book())


def test_a_treatment_that_was_begun_and_a_session_of_a_course_stay(desk):
    treated = enter(desk, service_id=desk.prp.id)
    treated.started_at = treated.starts_at
    counted = enter(desk, starts_local=LAST_WEEK + dt.timedelta(hours=3))
    counted.course_id = moments.a_course(desk).id
    counted.course_number = 1
    desk.db.flush()
    for row in (treated, counted):
        with pytest.raises(steps.NotNow):
            strike(desk, row)
        assert row.status is AppointmentStatus.DONE
    assert (
        VisitAction.ENTER_IN_ERROR
        not in visit.page(desk.db, desk.actor(Role.NURSE), treated.id).steps
    )


def test_it_is_struck_on_its_page_by_those_who_may_and_what_was_typed_stays(world, desk):
    row = enter(desk)
    desk.db.flush()
    where, nurse = f"/appointments/{row.id}", world.as_role(Role.NURSE)
    assert f"{where}/error" in text_of(nurse.get(where))
    assert f"{where}/error" not in text_of(world.as_role(Role.RECEPTIONIST).get(where))
    fields = {"version": str(row.version), "reason": "typo"}
    short = nurse.post(f"{where}/error", fields)
    assert short.status_code == 422
    assert late.SAY_WHY_NOT in text_of(short)
    assert 'value="typo"' in text_of(short)
    assert nurse.post(f"{where}/error", {**fields, "reason": ""}).status_code == 422
    stale = nurse.post(f"{where}/error", {"version": "99", "reason": NEVER})
    assert stale.status_code == 409
    assert nurse.post("/appointments/999999/error", {**fields, "reason": NEVER}).status_code == 404
    answer = nurse.post(f"{where}/error", {**fields, "reason": NEVER})
    shown = text_of(nurse.get(answer.location))
    assert "Entered in error" in shown
    assert NEVER in shown
    assert f"/appointments/{row.id}" not in text_of(nurse.get("/board?date=2026-11-17"))
