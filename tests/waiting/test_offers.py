"""A time that is offered is held: the first yes takes it, a no frees it, time itself frees it."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.core.errors import Conflict, NotFound
from clinic.scheduling import moving, queries, service
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.held import HeldSlot
from clinic.scheduling.models import Appointment, Occupancy
from clinic.scheduling.values import (
    AppointmentStatus,
    CancelAppointment,
    CancelReason,
    Refused,
    Span,
)
from clinic.waiting import offering
from clinic.waiting.offering import OfferOver
from clinic.waiting.values import Answer, Ending, Way
from tests import factories
from tests.conftest import NOW
from tests.scheduling.moments import a_move, a_step, at
from tests.waiting.conftest import AT_10, HELD_FOR

PAST = NOW + HELD_FOR


def visits(desk):
    return desk.db.scalar(sa.select(sa.func.count()).select_from(Appointment))


def rows_held(desk):
    return desk.db.scalar(
        sa.select(sa.func.count()).select_from(Occupancy).where(Occupancy.held_slot_id.is_not(None))
    )


def actions(desk):
    return desk.db.scalars(sa.select(AuditEvent.action).order_by(AuditEvent.id)).all()


def test_an_offer_books_nothing_and_holds_every_part(desk, waiting):
    entry = waiting.wait(service_id=desk.prp.id)

    made = waiting.offer(entry)

    slot = desk.db.get_one(HeldSlot, made.held_slot_id)
    held = desk.db.scalars(
        sa.select(Occupancy).where(Occupancy.held_slot_id == slot.id).order_by(Occupancy.seq)
    ).all()
    parts = desk.prp.segments
    assert [(h.starts_at - slot.starts_at, h.ends_at - h.starts_at) for h in held] == [
        (dt.timedelta(minutes=p.offset_min), dt.timedelta(minutes=p.length_min)) for p in parts
    ]
    assert {h.expires_at for h in held} == {slot.expires_at} == {PAST}
    assert visits(desk) == 0
    assert actions(desk)[-2:] == ["waiting.added", "offer.made"]


def test_nobody_else_gets_a_time_that_is_offered_and_is_told_why(desk, waiting):
    waiting.offer(waiting.wait())

    with pytest.raises(SlotTaken) as taken:
        desk.book(patient_id=desk.bob().id)
    somewhere = desk.book(patient_id=desk.bob().id, starts_local=at(11))
    with pytest.raises(SlotTaken):
        moving.move(desk.db, desk.actor(), a_move(somewhere, starts_local=AT_10))

    assert "for an offer of the waiting list" in str(taken.value)
    assert "Demir" not in str(taken.value), "whoever it is"


def test_a_yes_books_what_was_offered_and_ends_the_wait(desk, waiting):
    entry = waiting.wait(service_id=desk.prp.id)
    made = waiting.offer(entry)

    booked = offering.accept(desk.db, desk.actor(), made.id)
    desk.db.flush()

    assert isinstance(booked, Appointment)
    assert (booked.patient_id, booked.starts_local) == (desk.alice.id, AT_10)
    assert booked.service_id == desk.prp.id
    assert len(desk.held(booked)) == 3
    assert rows_held(desk) == 0
    assert (made.answer, entry.ended_as) == (Answer.YES, Ending.BOOKED)
    assert desk.db.get_one(HeldSlot, made.held_slot_id).appointment_id == booked.id
    assert actions(desk)[-2:] == ["appointment.booked", "offer.accepted"]
    with pytest.raises(OfferOver, match="settled already"):
        offering.accept(desk.db, desk.actor(), made.id)
    assert visits(desk) == 1


@pytest.mark.parametrize("act", [offering.decline, offering.withdraw])
def test_a_no_frees_the_time_the_same_second(desk, waiting, act):
    entry = waiting.wait()
    made = waiting.offer(entry)

    act(desk.db, desk.actor(), made.id)
    desk.db.flush()

    assert rows_held(desk) == 0
    assert entry.ended_as is None
    assert desk.book(patient_id=desk.bob().id).starts_local == AT_10
    with pytest.raises(OfferOver):
        offering.accept(desk.db, desk.actor(), made.id)


def test_who_runs_out_of_time_holds_nothing_without_any_clock_job(desk, waiting, clock):
    made = waiting.offer(waiting.wait())
    clock(PAST - dt.timedelta(seconds=1))
    with pytest.raises(SlotTaken):
        desk.book(patient_id=desk.bob().id)
    assert queries.held(desk.db, [desk.physician.id], _span(desk))

    clock(PAST)
    assert not queries.held(desk.db, [desk.physician.id], _span(desk)).get(desk.physician.id)
    with pytest.raises(OfferOver, match="ran out at 10:30"):
        offering.accept(desk.db, desk.actor(), made.id)
    booked = desk.book(patient_id=desk.bob().id)

    assert booked.starts_local == AT_10
    assert rows_held(desk) == 0, "who met it cleared it away"


def _span(desk):
    start = dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC)
    return Span(start=start, end=start + dt.timedelta(minutes=30))


def test_what_ran_out_can_be_offered_to_the_next(desk, waiting, clock):
    first = waiting.offer(waiting.wait())
    bob = waiting.wait(desk.bob().id)
    clock(PAST)

    second = waiting.offer(bob)

    assert second.held_slot_id != first.held_slot_id
    assert isinstance(offering.accept(desk.db, desk.actor(), second.id), Appointment)


def test_one_time_is_offered_to_several_and_the_first_yes_takes_it(desk, waiting):
    entries = [waiting.wait(), *(waiting.wait(desk.bob().id) for _ in range(2))]
    offers = [waiting.offer(entry, way=Way.MESSAGE) for entry in entries]
    assert len({made.held_slot_id for made in offers}) == 1
    assert rows_held(desk) == 2

    booked = offering.accept(desk.db, desk.actor(), offers[1].id)
    desk.db.flush()

    assert isinstance(booked, Appointment)
    assert booked.patient_id == entries[1].patient_id
    for late in (offers[0], offers[2]):
        with pytest.raises(OfferOver, match="Somebody else was faster"):
            offering.accept(desk.db, desk.actor(), late.id)
    assert [entry.ended_as for entry in entries] == [None, Ending.BOOKED, None]
    assert visits(desk) == 1


def test_a_no_of_one_of_several_leaves_the_time_held(desk, waiting):
    offers = [waiting.offer(waiting.wait(id_)) for id_ in (desk.alice.id, desk.bob().id)]

    offering.decline(desk.db, desk.actor(), offers[0].id)
    desk.db.flush()
    with pytest.raises(SlotTaken):
        desk.book(patient_id=desk.bob().id)

    offering.decline(desk.db, desk.actor(), offers[1].id)
    desk.db.flush()
    assert desk.book(patient_id=desk.bob().id)


def test_nobody_is_asked_twice_about_one_held_time(desk, waiting):
    entry = waiting.wait()
    waiting.offer(entry)

    with pytest.raises(Conflict, match="asked about this time already"):
        offering.offer(desk.db, desk.actor(), waiting.tell(entry))


def test_a_yes_takes_back_what_else_was_offered_to_the_same_patient(desk, waiting):
    entry = waiting.wait()
    early, late = waiting.offer(entry), waiting.offer(entry, starts_local=at(15))

    offering.accept(desk.db, desk.actor(), early.id)
    desk.db.flush()

    assert late.answer is Answer.WITHDRAWN
    assert rows_held(desk) == 0
    assert desk.book(patient_id=desk.bob().id, starts_local=at(15))


def test_a_later_visit_is_moved_not_doubled(desk, waiting):
    later = desk.book(starts_local=at(10, day=30))
    entry = waiting.wait(visit_id=later.id)
    made = waiting.offer(entry)

    moved = offering.accept(desk.db, desk.actor(), made.id)
    desk.db.flush()

    assert isinstance(moved, Appointment)
    assert (moved.id, moved.starts_local, moved.moved) == (later.id, AT_10, 1)
    assert visits(desk) == 1
    assert desk.history(moved)[-1] == "move"
    assert desk.book(patient_id=desk.bob().id, starts_local=at(10, day=30)), "the old time is free"


def test_a_later_visit_that_is_gone_meanwhile_is_booked_anew(desk, waiting):
    later = desk.book(starts_local=at(10, day=30))
    made = waiting.offer(waiting.wait(visit_id=later.id))
    later.status, later.occupies = AppointmentStatus.NO_SHOW, False
    desk.db.flush()

    booked = offering.accept(desk.db, desk.actor(), made.id)

    assert isinstance(booked, Appointment)
    assert booked.id != later.id


def test_who_was_booked_otherwise_meanwhile_is_told_and_the_offer_stays(desk, waiting):
    made = waiting.offer(waiting.wait())
    desk.book(starts_local=AT_10, practitioner_id=_haddad(desk).id, room_id=desk.room_2.id)

    with pytest.raises(SlotTaken, match="The patient has another visit"):
        offering.accept(desk.db, desk.actor(), made.id)

    desk.db.expire_all()
    assert made.answer is None


def _haddad(desk):
    return factories.a_resource(
        desk.db, location=desk.world.location, kind=desk.physician.kind, name="Dr Haddad"
    )


def test_who_is_on_a_hold_is_not_offered_a_time(desk, waiting):
    desk.settle()
    desk.took_ibuprofen()
    entry = waiting.wait(service_id=desk.prp.id)

    said = offering.offer(desk.db, desk.actor(), waiting.tell(entry))

    assert isinstance(said, Refused)
    assert said.passage.in_the_way == (), "reception reads no finding"
    assert rows_held(desk) == 0
    assert actions(desk)[-1] == "appointment.refused"


def test_a_check_that_says_no_at_the_yes_ends_the_offer_and_frees_the_time(desk, waiting):
    desk.settle()
    entry = waiting.wait(service_id=desk.prp.id)
    made = waiting.offer(entry)
    desk.took_ibuprofen()

    said = offering.accept(desk.db, desk.actor(), made.id)
    desk.db.flush()

    assert isinstance(said, Refused)
    assert (made.answer, entry.ended_as) == (Answer.REFUSED, None)
    assert rows_held(desk) == 0
    assert visits(desk) == 0


def test_a_time_in_a_quarter_of_an_hour_is_held_until_it_begins(desk, waiting):
    made = waiting.offer(waiting.wait(), starts_local=at(10, 15, day=23))

    slot = desk.db.get_one(HeldSlot, made.held_slot_id)
    assert slot.expires_at == slot.starts_at == NOW + dt.timedelta(minutes=15)


def test_what_is_booked_is_not_offered(desk, waiting):
    desk.book(patient_id=desk.bob().id)

    with pytest.raises(SlotTaken, match="is taken until"):
        waiting.offer(waiting.wait())


def test_offers_of_another_place_do_not_exist(desk, waiting):
    made = waiting.offer(waiting.wait())
    entry = desk.db.get_one(type(waiting.wait(desk.bob().id)), made.entry_id)
    entry.location_id = factories.a_location(desk.db).id
    desk.db.flush()

    for act in (offering.accept, offering.decline, offering.withdraw, offering.told):
        with pytest.raises(NotFound):
            act(desk.db, desk.actor(), made.id)
    with pytest.raises(NotFound):
        offering.offer(desk.db, desk.actor(), waiting.tell(entry))


def test_who_was_too_late_is_told_once(desk, waiting):
    offers = [waiting.offer(waiting.wait(id_)) for id_ in (desk.alice.id, desk.bob().id)]
    offering.accept(desk.db, desk.actor(), offers[0].id)
    desk.db.flush()

    offering.told(desk.db, desk.actor(), offers[1].id)
    offering.told(desk.db, desk.actor(), offers[1].id)

    assert offers[1].told_at == NOW
    assert actions(desk).count("offer.told") == 1


def test_a_taken_back_visit_does_not_get_a_time_that_is_offered(desk, waiting):
    visit = desk.book(patient_id=desk.bob().id)
    wish = CancelAppointment(
        appointment_id=visit.id, version=visit.version, reason=CancelReason.PATIENT_ASKED
    )
    service.cancel(desk.db, desk.actor(), wish)
    desk.db.flush()
    waiting.offer(waiting.wait())

    with pytest.raises(SlotTaken):
        service.reopen(desk.db, desk.actor(), a_step(visit))


def test_free_times_shown_to_others_leave_out_what_is_held(world, desk, waiting, clock):
    def free() -> list[str]:
        asked = f"service_id={desk.consultation.id}&practitioner_id={desk.physician.id}"
        page = world.as_role(Role.RECEPTIONIST).get(f"/appointments/new?{asked}")
        return re.findall(r'name="fill" value="([^|]+)', page.get_data(as_text=True))

    waiting.offer(waiting.wait(), starts_local=at(10, 30, day=23))
    held = free()
    clock(PAST)

    assert held[:2] == ["2026-11-23T10:00", "2026-11-23T11:00"]
    assert free()[0] == "2026-11-23T10:30", "by itself, once the offer has run out"


@pytest.mark.parametrize("minutes", [5, 240])
def test_the_clinic_says_how_long_a_time_is_held(desk, waiting, minutes):
    desk.world.location.hold_min = minutes
    made = waiting.offer(waiting.wait())
    slot = desk.db.get(HeldSlot, made.held_slot_id)
    assert slot.expires_at == NOW + dt.timedelta(minutes=minutes)
