"""Where the waiting list meets blocks, merging and what is taken back."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.merging import service as merging
from clinic.merging.values import FILE, MergePatients
from clinic.scheduling import blocks
from clinic.scheduling import service as scheduling_service
from clinic.scheduling.closing import BlockKind, LayBlock
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.models import Appointment, Block, Occupancy
from clinic.scheduling.values import StepVisit
from clinic.waiting import offering
from tests.conftest import NOW

AT_9, AT_12 = dt.datetime(2026, 11, 24, 9, 0), dt.datetime(2026, 11, 24, 12, 0)


def a_block(desk, starts=AT_9, ends=AT_12) -> Block:
    wish = LayBlock(
        kind=BlockKind.LEAVE,
        resource_ids=(desk.physician.id,),
        starts_local=starts,
        ends_local=ends,
    )
    block = blocks.lay(desk.db, desk.actor(), wish)
    desk.db.flush()
    return block


def lift(desk, block: Block) -> None:
    blocks.lift(desk.db, desk.actor(), block.id, block.version)
    desk.db.expire_all()


def accept(desk, offer) -> Appointment:
    booked = offering.accept(desk.db, desk.actor(), offer.id)
    assert isinstance(booked, Appointment)
    return booked


def test_a_yes_to_a_time_that_was_blocked_meanwhile_is_refused_with_the_block(desk, waiting):
    offer = waiting.offer(waiting.wait())
    block = a_block(desk)

    with pytest.raises(SlotTaken) as refused, desk.db.begin_nested():
        offering.accept(desk.db, desk.actor(), offer.id)

    assert refused.value.clashes[0].closed.kind is BlockKind.LEAVE
    lift(desk, block)
    booked = accept(desk, offer)
    assert {row.lane for row in desk.held(booked)} == {1}
    assert not desk.db.scalars(
        sa.select(Occupancy).where(Occupancy.held_slot_id.is_not(None))
    ).all()


def test_what_ran_out_under_a_block_is_in_nobodys_way_once_the_block_is_gone(desk, waiting, clock):
    waiting.offer(waiting.wait())
    block = a_block(desk)
    clock(NOW + dt.timedelta(hours=1))
    beside = desk.book(
        patient_id=desk.bob().id,
        starts_local=dt.datetime(2026, 11, 24, 12, 0),
    )
    lift(desk, block)

    again = desk.book(starts_local=dt.datetime(2026, 11, 24, 10, 0))

    assert {row.lane for visit in (beside, again) for row in desk.held(visit)} == {1}


def test_a_block_beside_another_takes_a_time_that_is_held_across_both(desk, waiting):
    offer = waiting.offer(waiting.wait())
    first = a_block(desk, ends=dt.datetime(2026, 11, 24, 10, 15))
    second = a_block(desk, starts=dt.datetime(2026, 11, 24, 10, 15))
    lift(desk, first)
    with pytest.raises(SlotTaken), desk.db.begin_nested():
        offering.accept(desk.db, desk.actor(), offer.id)
    lift(desk, second)

    assert {row.lane for row in desk.held(accept(desk, offer))} == {1}


def test_two_entries_of_one_person_end_in_one_visit(desk, waiting):
    twin = desk.bob()
    first, second = waiting.wait(), waiting.wait(twin.id)
    offer = waiting.offer(second)
    merged(desk, twin)

    booked = accept(desk, offer)

    assert booked.patient_id == desk.alice.id
    desk.db.refresh(first)
    assert first.ended_as is None, "she is asked whether she still waits"


def test_a_later_visit_that_went_back_to_the_other_record_is_not_moved(desk, waiting):
    twin = desk.bob()
    later = desk.book(patient_id=twin.id, starts_local=dt.datetime(2026, 12, 3, 10, 0))
    pair = merged(desk, twin)
    entry = waiting.wait(visit_id=later.id)
    offer = waiting.offer(entry)
    merging.undo(desk.db, desk.actor(), pair.id)
    desk.db.expire_all()

    booked = accept(desk, offer)

    assert later.patient_id == twin.id
    assert later.starts_local == dt.datetime(2026, 12, 3, 10, 0)
    assert (booked.patient_id, booked.id != later.id) == (desk.alice.id, True)


def merged(desk, twin):
    wish = MergePatients(
        patient_id=desk.alice.id,
        other_id=twin.id,
        versions={desk.alice.id: desk.alice.version, twin.id: twin.version},
        choices={FILE: desk.alice.id},
        reason="Same passport",
    )
    pair = merging.merge(desk.db, desk.actor(), wish)
    desk.db.flush()
    desk.db.expire_all()
    return pair


def test_a_cancellation_is_not_taken_back_while_its_time_is_offered(desk, waiting):
    visit = desk.book(starts_local=dt.datetime(2026, 11, 24, 10, 0))
    desk.cancel(visit)
    desk.db.flush()
    offer = waiting.offer(waiting.wait(desk.bob().id))
    back = StepVisit(appointment_id=visit.id, version=visit.version)

    with pytest.raises(SlotTaken) as refused, desk.db.begin_nested():
        scheduling_service.reopen(desk.db, desk.actor(), back)

    assert refused.value.clashes[0].who == ""
    offering.decline(desk.db, desk.actor(), offer.id)
    scheduling_service.reopen(desk.db, desk.actor(), back)
    assert {row.lane for row in desk.held(visit)} == {1}
