"""A move takes everything along, and is checked for its new day."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.safety.models import ScreeningRecord
from clinic.scheduling import moving, queries
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.steps import MovedOn
from clinic.scheduling.values import (
    Refused,
)
from tests.scheduling.moments import a_move, at


def test_a_move_takes_everything_along_and_says_so(desk):
    visit = desk.book(service_id=desk.prp.id)

    moved = moving.move(
        desk.db,
        desk.actor(),
        a_move(visit, starts_local=at(10, 30), room_id=desk.room_2.id, reason="Patient called"),
    )

    assert moved is visit
    assert visit.moved == 1
    assert {h.resource_id for h in desk.held(visit)} == {
        desk.room_2.id,
        desk.centrifuge.id,
        desk.physician.id,
    }
    event = queries.events(desk.db, visit.id)[0]
    assert event.before["starts_local"] == "2026-11-24T10:00"
    assert event.after == {
        "starts_local": "2026-11-24T10:30",
        "practitioner": "Dr Weber",
        "room": "Room 2",
        "beside": ["Centrifuge"],
    }
    assert event.reason == "Patient called"


def test_a_move_onto_somebody_else_is_refused_and_changes_nothing(desk):
    desk.book()
    mine = desk.book(patient_id=desk.bob().id, starts_local=at(12))
    with pytest.raises(SlotTaken), desk.db.begin_nested():
        moving.move(desk.db, desk.actor(), a_move(mine, starts_local=at(10, 15)))
    assert desk.db.get_one(type(mine), mine.id, populate_existing=True).starts_local == at(12)


def test_a_move_is_checked_for_its_new_day(desk):
    desk.took_ibuprofen()
    visit = desk.book(service_id=desk.prp.id, starts_local=at(10, day=26))

    said = moving.move(desk.db, desk.actor(), a_move(visit, starts_local=at(10, day=24)))

    assert isinstance(said, Refused)
    assert visit.starts_local == at(10, day=26)
    moments = desk.db.scalars(
        sa.select(ScreeningRecord.on).where(ScreeningRecord.appointment_id == visit.id)
    ).all()
    own, wished = dt.date(2026, 11, 26), dt.date(2026, 11, 24)
    assert moments == [own, wished, own]  # The newest is one for the visit's own day.


def test_a_move_from_an_old_page_is_refused(desk):
    visit = desk.book()
    old = a_move(visit, starts_local=at(15))
    moving.move(desk.db, desk.actor(), a_move(visit, starts_local=at(14)))
    with pytest.raises(MovedOn):
        moving.move(desk.db, desk.actor(), old)


def test_only_a_booked_visit_can_be_moved(desk):
    visit = desk.book(starts_local=at(11, day=23))
    desk.arrive(visit)
    with pytest.raises(MovedOn, match="arrived"):
        moving.move(desk.db, desk.actor(), a_move(visit, starts_local=at(14)))
