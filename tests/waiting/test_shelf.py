"""A visit is parked, its old time stays held; placed, taken off, or gone its own way meanwhile."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.core.errors import Forbidden, NotFound
from clinic.scheduling import moving
from clinic.scheduling import service as scheduling
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.steps import MovedOn
from clinic.scheduling.values import CancelAppointment, CancelReason
from clinic.waiting import shelf
from clinic.waiting.models import ShelfItem
from clinic.waiting.queries import shelf as shelf_queries
from tests import factories
from tests.conftest import NOW
from tests.scheduling.moments import a_move, at


def parked(desk, **changes):
    visit = desk.book(**changes)
    shelf.park(desk.db, desk.actor(), visit.id, visit.version)
    desk.db.flush()
    return visit


def listed(desk, role=Role.RECEPTIONIST):
    return shelf_queries.beside(desk.db, desk.actor(role)).parked


def actions(desk):
    return desk.db.scalars(sa.select(AuditEvent.action).order_by(AuditEvent.id)).all()


def test_a_parked_visit_keeps_its_old_time_and_its_version(desk):
    visit = desk.book()
    before = (visit.version, visit.starts_at, visit.status, desk.history(visit))

    shelf.park(desk.db, desk.actor(), visit.id, visit.version)
    desk.db.flush()

    assert (visit.version, visit.starts_at, visit.status, desk.history(visit)) == before
    with pytest.raises(SlotTaken):
        desk.book(patient_id=desk.bob().id)
    (item,) = listed(desk)
    assert (item.id, item.name, item.can_be_placed) == (visit.id, "Leyla Demir", True)
    assert item.by == desk.actor().name
    assert actions(desk)[-1] == "shelf.parked"


def test_the_shelf_is_one_for_the_whole_place(desk):
    parked(desk)

    assert [item.name for item in listed(desk, Role.NURSE)] == ["Leyla Demir"]


def test_placing_moves_it_frees_the_old_time_and_clears_the_shelf(desk):
    visit = parked(desk)

    moved = shelf.place(desk.db, desk.actor(), a_move(visit, starts_local=at(15, day=26)))
    desk.db.flush()

    assert moved is visit
    assert visit.starts_local == at(15, day=26)
    assert listed(desk) == []
    assert desk.book(patient_id=desk.bob().id).starts_local == at(10)


def test_a_time_that_is_taken_leaves_all_as_it_was(desk):
    visit = parked(desk)
    desk.book(patient_id=desk.bob().id, starts_local=at(15))

    with pytest.raises(SlotTaken):
        shelf.place(desk.db, desk.actor(), a_move(visit, starts_local=at(15)))

    desk.db.refresh(visit)
    assert visit.starts_local == at(10)
    assert [item.id for item in listed(desk)] == [visit.id]


def test_taking_off_leaves_the_visit_as_it_was_and_twice_does_no_harm(desk):
    visit = parked(desk)
    before = (visit.version, visit.starts_at)

    for _ in range(2):
        shelf.take_off(desk.db, desk.actor(), visit.id)
    desk.db.flush()

    assert listed(desk) == []
    assert (visit.version, visit.starts_at) == before
    assert actions(desk).count("shelf.taken_off") == 1


def test_parking_twice_is_one_item(desk):
    visit = parked(desk)
    shelf.park(desk.db, desk.actor(), visit.id, visit.version)
    desk.db.flush()

    assert desk.db.scalar(sa.select(sa.func.count()).select_from(ShelfItem)) == 1
    assert actions(desk).count("shelf.parked") == 1


def test_what_somebody_else_cancelled_says_so_and_can_only_be_taken_off(desk):
    visit = parked(desk)
    wish = CancelAppointment(
        appointment_id=visit.id, version=visit.version, reason=CancelReason.PATIENT_ASKED
    )
    scheduling.cancel(desk.db, desk.actor(Role.NURSE), wish)
    desk.db.flush()

    (item,) = listed(desk)
    assert (item.status.value, item.can_be_placed) == ("cancelled", False)
    with pytest.raises(MovedOn):
        shelf.place(desk.db, desk.actor(), a_move(visit, starts_local=at(15)))
    shelf.take_off(desk.db, desk.actor(), visit.id)
    assert listed(desk) == []


def test_what_somebody_else_moved_says_so_and_a_stale_placing_is_refused(desk):
    visit = parked(desk)
    stale = a_move(visit, starts_local=at(15))
    moving.move(desk.db, desk.actor(Role.NURSE), a_move(visit, starts_local=at(12)))
    desk.db.flush()

    (item,) = listed(desk)
    assert (item.is_moved, item.can_be_placed) == (True, False)
    assert item.starts_local == at(12)
    with pytest.raises(MovedOn):
        shelf.place(desk.db, desk.actor(), stale)
    assert visit.starts_local == at(12)


def test_who_moves_it_on_another_page_has_it_off_the_shelf(desk, clock):
    visit = parked(desk)
    clock(NOW + dt.timedelta(minutes=1))
    moving.move(desk.db, desk.actor(), a_move(visit, starts_local=at(12)))
    desk.db.flush()

    assert listed(desk) == []

    shelf.park(desk.db, desk.actor(Role.NURSE), visit.id, visit.version)
    desk.db.flush()
    assert [item.can_be_placed for item in listed(desk)] == [True], "parked anew where it is"


def test_what_cannot_be_moved_is_not_parked(desk):
    visit = desk.book(starts_local=dt.datetime(2026, 11, 23, 10, 0))
    desk.arrive(visit)
    desk.db.flush()

    with pytest.raises(MovedOn):
        shelf.park(desk.db, desk.actor(), visit.id, visit.version)
    later = desk.book(starts_local=at(11))
    with pytest.raises(MovedOn):
        shelf.park(desk.db, desk.actor(), later.id, later.version + 1)
    with pytest.raises(Forbidden):
        shelf.park(desk.db, desk.actor(Role.ADMINISTRATOR), later.id, later.version)


def test_the_shelf_of_another_place_is_not_touched(desk):
    visit = parked(desk)
    visit.location_id = factories.a_location(desk.db).id
    desk.db.flush()

    assert listed(desk) == []
    with pytest.raises(NotFound):
        shelf.take_off(desk.db, desk.actor(), visit.id)


def test_what_is_long_past_lies_there_no_more(desk, clock):
    parked(desk)
    clock(NOW + dt.timedelta(days=2, hours=1))

    assert listed(desk) == []


def test_the_stamp_changes_with_the_shelf_and_with_what_is_held(desk, waiting, clock, statements):
    seen = [shelf_queries.stamp(desk.db, desk.actor())]
    visit = parked(desk, starts_local=at(15))
    seen.append(shelf_queries.stamp(desk.db, desk.actor()))
    waiting.offer(waiting.wait(desk.bob().id))
    seen.append(shelf_queries.stamp(desk.db, desk.actor()))
    shelf.take_off(desk.db, desk.actor(), visit.id)
    seen.append(shelf_queries.stamp(desk.db, desk.actor()))
    assert len(set(seen)) == 4

    clock(NOW + dt.timedelta(hours=1))
    statements.clear()
    assert shelf_queries.stamp(desk.db, desk.actor()) == seen[0], "the offer ran out"
    assert len(statements) == 1
