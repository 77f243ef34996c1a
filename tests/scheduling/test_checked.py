"""What the check says at booking, and to a visit that is booked."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.core.access import CONFIRMED_FOR, PasswordNeeded, Role
from clinic.safety.models import Release, ScreeningRecord
from clinic.safety.values import Decision, FactKind, Moment, Outcome
from clinic.scheduling import service
from clinic.scheduling.models import Appointment
from clinic.scheduling.values import (
    CancelAppointment,
    CancelReason,
)
from tests.conftest import NOW
from tests.scheduling.moments import at


def test_a_block_refuses_a_treatment_and_keeps_the_check(desk):
    desk.knows(FactKind.CONDITION, "bleeding_disorder")

    said = desk.refused(Role.NURSE, service_id=desk.prp.id)

    assert said.screening.decision is Decision.BLOCK
    assert said.passage.in_the_way
    kept = desk.db.scalars(sa.select(ScreeningRecord)).all()
    assert [(r.appointment_id, r.moment) for r in kept] == [(None, Moment.BOOKING)]
    done = desk.db.scalars(sa.select(AuditEvent.action)).all()
    assert done[-1] == "appointment.refused"


def test_a_block_allows_a_consultation(desk):
    desk.knows(FactKind.CONDITION, "bleeding_disorder")
    assert desk.book(service_id=desk.consultation.id).decision is Decision.ALLOW


def test_reception_receives_a_refusal_without_findings(desk):
    desk.took_ibuprofen()
    said = desk.refused(Role.RECEPTIONIST, service_id=desk.prp.id)
    assert said.passage.in_the_way == ()
    assert said.passage.offers_from == dt.date(2026, 11, 25)


def test_no_date_is_named_to_reception_for_a_pregnancy(desk):
    desk.knows(FactKind.PREGNANCY, "pregnant")
    said = desk.refused(Role.RECEPTIONIST, service_id=desk.prp.id)
    assert said.passage.offers_from is None


def test_a_deferral_with_a_date_books_from_that_date_on(desk):
    desk.took_ibuprofen()
    assert desk.book(service_id=desk.prp.id, starts_local=at(10, day=25)).id


def test_an_open_ended_deferral_is_booked_ahead_with_a_reason_by_a_clinician_only(desk):
    desk.knows(FactKind.PREGNANCY, "pregnant")
    ahead = {"service_id": desk.prp.id, "starts_local": at(10, day=30)}

    assert desk.refused(Role.RECEPTIONIST, recheck_reason="She asked for it", **ahead)
    assert desk.refused(Role.NURSE, **ahead).passage.outcome is Outcome.REASON
    soon = {"service_id": desk.prp.id, "starts_local": at(10, day=29)}
    assert desk.refused(Role.NURSE, recheck_reason="Due date is near", **soon)
    visit = desk.book(Role.NURSE, recheck_reason="Due date is near", **ahead)
    assert visit.recheck_reason == "Due date is near"
    assert visit.decision is Decision.DEFER


def test_a_physician_may_release_at_booking_with_a_reason(desk):
    desk.took_ibuprofen()
    wish = {"service_id": desk.prp.id, "release_reason": "One tablet only, bruising is accepted"}

    assert desk.refused(Role.NURSE, **wish)
    visit = desk.book(Role.PHYSICIAN, **wish)

    assert visit.is_released
    assert visit.decision is Decision.ASK
    assert desk.db.scalars(sa.select(Release.appointment_id)).all() == [visit.id]


def test_a_release_at_booking_needs_a_password_of_the_last_ten_minutes(desk, clock):
    desk.took_ibuprofen()
    wish = desk.wish(service_id=desk.prp.id, release_reason="One tablet only, it is accepted")
    physician = desk.actor(Role.PHYSICIAN)

    clock(NOW + CONFIRMED_FOR + dt.timedelta(seconds=1))
    with pytest.raises(PasswordNeeded), desk.db.begin_nested():
        service.book(desk.db, physician, wish)
    assert desk.db.scalars(sa.select(Release)).all() == []
    assert desk.db.scalars(sa.select(Appointment)).all() == []

    clock(NOW + CONFIRMED_FOR)
    assert service.book(desk.db, physician, wish).is_released


def test_a_booking_that_releases_nothing_needs_none(desk, clock):
    physician = desk.actor(Role.PHYSICIAN)
    clock(NOW + dt.timedelta(hours=1))

    assert service.book(desk.db, physician, desk.wish(release_reason="Nothing is in the way"))


def test_what_nobody_may_release_stays_refused(desk):
    desk.knows(FactKind.PREGNANCY, "pregnant")
    wish = {"service_id": desk.prp.id, "release_reason": "I take the responsibility"}
    assert desk.refused(Role.PHYSICIAN, **wish)


def test_a_new_fact_turns_the_booked_visit_and_is_kept_once(desk):
    visit = desk.book(service_id=desk.prp.id)
    version = visit.version
    desk.knows(FactKind.CONDITION, "bleeding_disorder")

    service.rescreen(desk.db, desk.actor(Role.NURSE), desk.alice.id)
    service.rescreen(desk.db, None, desk.alice.id)

    desk.db.refresh(visit)
    assert visit.decision is Decision.BLOCK
    assert visit.version == version
    moments = desk.db.scalars(
        sa.select(ScreeningRecord.moment).where(ScreeningRecord.appointment_id == visit.id)
    ).all()
    assert moments == [Moment.BOOKING, Moment.RECHECK]


def test_past_and_closed_visits_are_left_as_they_were(desk):
    visit = desk.book(service_id=desk.prp.id)
    service.cancel(
        desk.db,
        desk.actor(),
        CancelAppointment(
            appointment_id=visit.id, version=visit.version, reason=CancelReason.CLINIC
        ),
    )
    desk.knows(FactKind.CONDITION, "bleeding_disorder")
    service.rescreen(desk.db, None, desk.alice.id)
    assert visit.decision is Decision.ASK


def test_checking_again_reads_the_same_however_many_visits(desk, statements):
    def read():
        statements.clear()
        service.rescreen(desk.db, None, desk.alice.id)
        return [s for s in statements if s.startswith("SELECT")]

    desk.book(service_id=desk.prp.id)
    few = read()
    for day in (2, 3, 4, 7, 8, 9):
        desk.book(service_id=desk.prp.id, starts_local=dt.datetime(2026, 12, day, 10, 0))
    desk.db.flush()
    assert len(few) == len(read()) == 7
