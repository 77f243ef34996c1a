"""Visits that do not take place: two presses, what is counted, and what a course keeps."""

import datetime as dt
import re

import pytest

from clinic.core.access import Role
from clinic.scheduling import missed, service
from clinic.scheduling.values import (
    AppointmentStatus,
    CancelAppointment,
    CancelReason,
    Missed,
)
from tests import factories
from tests.scheduling.moments import a_course, a_step, at
from tests.scheduling.pages import text_of

START = dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC)


def cancelled(desk, clock, reason=CancelReason.PATIENT_ASKED, *, before=dt.timedelta(0), **changes):
    visit = desk.book(**changes)
    clock(visit.starts_at - before)
    wish = CancelAppointment(appointment_id=visit.id, version=visit.version, reason=reason)
    service.cancel(desk.db, desk.actor(), wish)
    desk.db.flush()
    return visit


def counted(desk) -> Missed:
    return missed.of_patient(desk.db, desk.actor(), desk.alice.id)


@pytest.mark.parametrize(
    ("reason", "before", "late"),
    [
        (CancelReason.PATIENT_ASKED, dt.timedelta(hours=24), 0),
        (CancelReason.PATIENT_ASKED, dt.timedelta(hours=24, seconds=-1), 1),
        (CancelReason.PATIENT_ASKED, dt.timedelta(hours=-1), 1),
        (CancelReason.PATIENT_ILL, dt.timedelta(hours=1), 0),
        (CancelReason.CLINIC, dt.timedelta(hours=1), 0),
        (CancelReason.SAFETY, dt.timedelta(hours=1), 0),
        (CancelReason.MISTAKE, dt.timedelta(hours=1), 0),
    ],
)
def test_late_is_what_the_patient_asked_for_within_the_limit(desk, clock, reason, before, late):
    cancelled(desk, clock, reason, before=before)

    assert counted(desk) == Missed(no_shows=0, late=late)


def test_the_clinic_sets_the_limit(desk, clock):
    cancelled(desk, clock, before=dt.timedelta(hours=3))
    assert counted(desk).late == 1

    desk.world.location.late_hours = 3
    desk.db.flush()

    assert counted(desk).late == 0


def test_nobody_came_is_counted_until_they_came_after_all(desk, clock):
    visit = desk.book()
    clock(START + dt.timedelta(minutes=15))
    service.no_show(desk.db, desk.actor(), a_step(visit, reason="Phone was off"))
    desk.db.flush()
    assert counted(desk) == Missed(no_shows=1, late=0)

    desk.arrive(visit)
    desk.db.flush()

    assert visit.status is AppointmentStatus.ARRIVED
    assert not counted(desk)


def test_what_is_taken_back_or_long_past_does_not_count(desk, clock):
    visit = cancelled(desk, clock, before=dt.timedelta(hours=1))
    assert counted(desk).late == 1
    service.reopen(desk.db, desk.actor(), a_step(visit))
    desk.db.flush()
    assert not counted(desk)
    assert visit.cancel_notice_min is None

    wish = CancelAppointment(
        appointment_id=visit.id, version=visit.version, reason=CancelReason.PATIENT_ASKED
    )
    service.cancel(desk.db, desk.actor(), wish)
    desk.db.flush()
    clock(START + missed.COUNTED_FOR + dt.timedelta(minutes=1))
    assert not counted(desk)


def test_another_patient_and_another_place_are_not_counted(desk, clock):
    visit = cancelled(desk, clock, before=dt.timedelta(hours=1))
    bob = desk.bob()
    found = missed.of_patients(desk.db, desk.actor(), [desk.alice.id, bob.id])
    assert found == {desk.alice.id: Missed(late=1)}

    visit.location_id = factories.a_location(desk.db).id
    desk.db.flush()

    assert not counted(desk)


def test_many_patients_are_counted_with_one_statement(desk, clock, statements):
    cancelled(desk, clock, before=dt.timedelta(hours=1))
    ids = [desk.alice.id, *(desk.bob().id for _ in range(5))]
    statements.clear()

    missed.of_patients(desk.db, desk.actor(), ids)

    assert len(statements) == 1


def test_what_happens_to_one_session_leaves_the_rest_of_its_course(desk, clock):
    course = a_course(desk, service_id=desk.consultation.id)
    visits = [desk.book(starts_local=at(10, day=day)) for day in (24, 25, 26)]
    assert {visit.course_id for visit in visits} == {course.id}
    before = [(v.id, v.version, v.status, v.starts_at) for v in visits[1:]]
    clock(START + dt.timedelta(minutes=20))

    service.no_show(desk.db, desk.actor(), a_step(visits[0]))
    desk.db.flush()
    for visit in visits:
        desk.db.refresh(visit)

    assert visits[0].status is AppointmentStatus.NO_SHOW
    assert [(v.id, v.version, v.status, v.starts_at) for v in visits[1:]] == before
    assert course.status.value == "active"


def test_a_reason_is_one_press_and_the_time_is_free_the_same_second(world, desk):
    visit = desk.book()
    visitor = world.as_role(Role.RECEPTIONIST)
    page = text_of(visitor.get(f"/appointments/{visit.id}"))
    form = re.search(rf'action="/appointments/{visit.id}/cancellation".*?</form>', page, re.DOTALL)[
        0
    ]
    assert re.findall(r'name="reason" value="(\w+)"', form) == [r.value for r in CancelReason]
    assert "no-show" not in form, "too early"
    assert form.index('<button type="submit" hidden') < form.index('name="reason"')

    step = {"version": str(visit.version), "reason": "patient_asked"}
    answer = visitor.post(f"/appointments/{visit.id}/cancellation", step)
    after = text_of(visitor.get(answer.location))
    desk.db.expire_all()
    somebody = desk.book(patient_id=desk.bob().id)

    assert somebody.starts_at == visit.starts_at
    for way_on in ("Book another time", "Close", "Take back"):
        assert way_on in after, way_on


def test_a_no_show_is_one_press_beside_the_reasons_and_keeps_the_words(world, desk, clock):
    visit = desk.book()
    clock(START + dt.timedelta(minutes=20))
    visitor = world.as_role(Role.RECEPTIONIST)
    page = text_of(visitor.get(f"/appointments/{visit.id}"))
    assert f'formaction="/appointments/{visit.id}/no-show"' in page
    assert '<details class="why" id="cancelling" open>' in page

    step = {"version": str(visit.version), "note": "Phone was off"}
    answer = visitor.post(f"/appointments/{visit.id}/no-show", step)

    after = text_of(visitor.get(answer.location))
    assert "Reason: Phone was off" in after
    assert "1 no-show" in after
    for way_on in ("Book another time", "Close", "Came after all"):
        assert way_on in after, way_on


def test_who_books_reads_what_was_missed(world, desk, clock):
    cancelled(desk, clock, before=dt.timedelta(hours=1))
    clock(dt.datetime(2026, 11, 25, 9, 0, tzinfo=dt.UTC))
    visitor = world.as_role(Role.RECEPTIONIST)

    for address in (f"/appointments/new?patient_id={desk.alice.id}", f"/patients/{desk.alice.id}"):
        assert "1 late cancellation" in text_of(visitor.get(address)), address
