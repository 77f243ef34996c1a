"""Booking against hours, single days and blocks: refused with the cause and until when."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.catalog.values import ResourceKind
from clinic.core import clock, walltime
from clinic.core.access import Role
from clinic.core.errors import Forbidden
from clinic.locations.models import OpeningDay
from clinic.scheduling import guard, moving, service
from clinic.scheduling.closing import BlockKind
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.models import Block, Occupancy, WorkingDay, WorkingHours
from clinic.scheduling.values import (
    AppointmentOrigin,
    CancelAppointment,
    CancelReason,
    MoveAppointment,
    StepVisit,
)
from tests import factories

DAY = dt.date(2026, 11, 24)
MORNING = (dt.time(8), dt.time(12))
REASON = "She asked for it herself"


def works(desk, *times, resource=None, weekday=1):
    """Let the physician have hours of their own on Tuesdays."""
    for starts, ends in times:
        row = WorkingHours(
            resource_id=(resource or desk.physician).id, weekday=weekday, starts=starts, ends=ends
        )
        desk.db.add(row)
    desk.db.flush()


def closed_on(desk, day, name, *times):
    desk.db.add(
        OpeningDay(location_id=desk.world.location.id, day=day, name=name, times=list(times))
    )
    desk.db.flush()


def blocked(desk, resource, starts, ends, kind=BlockKind.LEAVE):
    """Lay a block into the first lane by hand, from wall time to wall time."""
    zone = desk.world.location.zone
    block = Block(
        location_id=desk.world.location.id,
        kind=kind,
        starts_at=walltime.to_utc(starts, zone),
        ends_at=walltime.to_utc(ends, zone),
        starts_local=starts,
        ends_local=ends,
        made_at=clock.now(),
        made_by_id=desk.world.accounts[Role.ADMINISTRATOR].id,
    )
    desk.db.add(block)
    desk.db.flush()
    desk.db.add(
        Occupancy(
            block_id=block.id,
            resource_id=resource.id,
            seq=0,
            starts_at=block.starts_at,
            ends_at=block.ends_at,
        )
    )
    desk.db.flush()
    return block


def said(desk, **wish):
    """Return the sentences of a refusal, their gaps filled."""
    with pytest.raises(SlotTaken) as refused, desk.db.begin_nested():
        desk.book(**wish)
    return [message % values for message, values in map(guard.words_of, refused.value.clashes)]


def at(hour, minute=0, day=DAY):
    return dt.datetime.combine(day, dt.time(hour, minute))


# ---- hours ----


def test_before_the_place_opens_nothing_is_booked(desk):
    assert said(desk, starts_local=at(7, 45)) == [
        "The clinic is closed then. It opens again: 08:00"
    ]


def test_a_visit_must_end_before_the_place_closes(desk):
    assert said(desk, starts_local=at(17, 45)) == ["The clinic closes at 18:00"]
    assert desk.book(starts_local=at(17, 30)).id


def test_a_closed_day_is_said_once_whatever_the_visit_needs(desk):
    sunday = dt.date(2026, 11, 29)
    assert said(desk, service_id=desk.consultation.id, starts_local=at(10, day=sunday)) == [
        "The clinic is closed then. It opens again: 2026-11-30 08:00:00"
    ]


def test_outside_her_own_hours_the_physician_is_named(desk):
    works(desk, MORNING, (dt.time(13), dt.time(16)))
    assert said(desk, starts_local=at(12, 15)) == [
        "Dr Weber is not available then, but again from 13:00"
    ]
    assert said(desk, starts_local=at(11, 45)) == ["Dr Weber is available only until 12:00"]
    assert said(desk, starts_local=at(16)) == [
        "Dr Weber is not available then, but again from 2026-12-01 08:00:00"
    ]
    assert desk.book(starts_local=at(11, 30)).id


def test_hours_of_her_own_do_not_open_the_place(desk):
    works(desk, (dt.time(6), dt.time(22)))
    assert said(desk, starts_local=at(19)) == [
        "The clinic is closed then. It opens again: 2026-11-25 08:00:00"
    ]


def test_of_two_rooms_the_one_that_is_open_is_taken(desk):
    works(desk, MORNING, resource=desk.room)
    visit = desk.book(starts_local=at(15), room_id=None)
    assert visit.room_id == desk.room_2.id


# ---- single days ----


def test_a_public_holiday_is_named(desk):
    closed_on(desk, dt.date(2026, 12, 25), "Christmas Day")
    assert said(desk, starts_local=at(10, day=dt.date(2026, 12, 25))) == [
        "The clinic is closed for Christmas Day. It opens again: 2026-12-26 08:00:00"
    ]


def test_a_working_holiday_opens_a_day_that_is_closed(desk):
    sunday = dt.date(2026, 11, 29)
    closed_on(desk, sunday, "Open Sunday", ["10:00", "14:00"])
    assert desk.book(starts_local=at(10, day=sunday)).id
    assert said(desk, starts_local=at(14, day=sunday)) == [
        "The clinic has other hours that day: Open Sunday. It opens again: 2026-11-30 08:00:00"
    ]
    assert said(desk, starts_local=at(13, 45, day=sunday)) == [
        "The clinic closes at 14:00 that day: Open Sunday"
    ]


def test_another_day_replaces_her_week(desk):
    works(desk, MORNING)
    desk.db.add(WorkingDay(resource_id=desk.physician.id, day=DAY, times=[["13:00", "18:00"]]))
    desk.db.flush()
    assert said(desk, starts_local=at(10)) == [
        "Dr Weber is not available then, but again from 13:00"
    ]
    assert desk.book(starts_local=at(13)).id


# ---- blocks ----


def test_a_leave_says_until_when(desk):
    blocked(desk, desk.physician, at(0), at(0, day=dt.date(2027, 1, 13)))
    assert said(desk) == ["Dr Weber is on leave until 2027-01-12"]
    assert desk.book(starts_local=at(10, day=dt.date(2027, 1, 13))).id


def test_a_meeting_and_a_maintenance_say_the_hour(desk):
    blocked(desk, desk.physician, at(10), at(11), BlockKind.MEETING)
    blocked(desk, desk.room, at(10), at(12), BlockKind.MAINTENANCE)
    assert said(desk) == [
        "Room 1 is in maintenance until 12:00",
        "Dr Weber is in a meeting until 11:00",
    ]
    assert desk.book(starts_local=at(9, 30)).id, "it touches"


def test_a_room_that_is_closed_is_not_chosen(desk):
    blocked(desk, desk.room, at(0), at(0, day=dt.date(2026, 11, 25)), BlockKind.CLOSURE)
    assert desk.book(room_id=None).room_id == desk.room_2.id


def test_a_second_block_of_one_resource_meets_the_guard(desk):
    blocked(desk, desk.physician, at(10), at(12))
    with pytest.raises(sa.exc.IntegrityError), desk.db.begin_nested():
        blocked(desk, desk.physician, at(11), at(13))


# ---- whoever may overbook ----


def test_a_leave_is_overridden_with_a_reason_in_a_lane_beside(desk):
    blocked(desk, desk.physician, at(0), at(0, day=dt.date(2026, 11, 26)))
    visit = desk.book(Role.NURSE, overbook_reason=REASON)
    assert visit.overbook_reason == REASON
    assert {(h.resource_id, h.lane) for h in desk.held(visit)} == {
        (desk.physician.id, 101),
        (desk.room.id, 1),
    }
    line = desk.db.scalars(sa.select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert line.detail["overbook_reason"] == REASON


def test_hours_are_overridden_with_a_reason_and_it_stays_visible(desk):
    visit = desk.book(Role.NURSE, overbook_reason=REASON, starts_local=at(19))
    assert visit.overbook_reason == REASON
    assert {h.lane for h in desk.held(visit)} == {1}


def test_a_device_in_maintenance_is_never_overridden(desk):
    desk.settle()
    blocked(desk, desk.centrifuge, at(8), at(18), BlockKind.MAINTENANCE)
    wish = {"service_id": desk.prp.id, "overbook_reason": REASON}
    with pytest.raises(SlotTaken) as refused:
        desk.book(Role.NURSE, **wish)
    assert not refused.value.can_be_overbooked


def test_reception_does_not_override(desk):
    with pytest.raises(Forbidden):
        desk.book(overbook_reason=REASON, starts_local=at(19))


# ---- what was promised ----


def test_a_visit_keeps_its_time_when_the_hours_change_and_may_come_late(desk, clock):
    visit = desk.book()
    works(desk, (dt.time(13), dt.time(18)))
    clock(visit.starts_at + dt.timedelta(minutes=20))
    service.no_show(
        desk.db, desk.actor(), StepVisit(appointment_id=visit.id, version=visit.version)
    )
    assert desk.arrive(visit).status == "arrived"


def test_a_cancelled_visit_does_not_come_back_into_a_leave(desk):
    visit = desk.book()
    service.cancel(
        desk.db,
        desk.actor(),
        CancelAppointment(
            appointment_id=visit.id, version=visit.version, reason=CancelReason.CLINIC
        ),
    )
    blocked(desk, desk.physician, at(0), at(0, day=dt.date(2026, 11, 26)))
    with pytest.raises(SlotTaken, match="on leave"):
        service.reopen(
            desk.db, desk.actor(), StepVisit(appointment_id=visit.id, version=visit.version)
        )


def test_a_move_asks_the_hours_of_whoever_is_new(desk):
    other = factories.a_resource(
        desk.db,
        location=desk.world.location,
        kind=ResourceKind.PRACTITIONER,
        name="Dr Haddad",
    )
    works(desk, (dt.time(13), dt.time(18)), resource=other)
    visit = desk.book()
    with pytest.raises(SlotTaken, match="Dr Haddad is not available then"):
        moving.move(
            desk.db,
            desk.actor(),
            MoveAppointment(
                appointment_id=visit.id,
                version=visit.version,
                starts_local=at(10),
                practitioner_id=other.id,
            ),
        )


def test_somebody_without_a_booking_comes_in_opening_hours(desk, clock):
    walk_in = {
        "origin": AppointmentOrigin.WALK_IN,
        "name_spoken": True,
        "birth_date_spoken": True,
    }
    assert desk.book(**walk_in).status == "arrived"
    clock(dt.datetime(2026, 11, 23, 18, 0, tzinfo=dt.UTC))
    bob = desk.bob().id
    assert said(desk, **walk_in, patient_id=bob) == [
        "The clinic is closed then. It opens again: 2026-11-24 08:00:00"
    ]
    late = desk.book(Role.NURSE, **walk_in, patient_id=bob, overbook_reason=REASON)
    assert late.overbook_reason == REASON
