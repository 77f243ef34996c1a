"""A leave is entered while eight desks book and eight more move: nothing gets into it unseen."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.catalog.values import Modality
from clinic.scheduling import blocks, service
from clinic.scheduling.closing import BlockKind, LayBlock
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.models import Block, Occupancy
from clinic.scheduling.values import ASIDE_LANE, BookAppointment
from tests import factories
from tests.scheduling.test_race import OVERLAPS, a_clinic, all_at_once, real

__all__ = ["real"]
DAY = dt.date(2026, 11, 24)


@pytest.mark.parametrize("blocker", [0, 15])
def test_nothing_is_booked_into_a_block_whatever_the_timing(real, blocker):
    actor, wish, patients = a_clinic(real)
    plain = {field: getattr(wish, field) for field in wish.__dataclass_fields__}
    with real.write() as db, db.begin():
        talk = factories.a_service(db, modality=Modality.CONSULTATION, name="Talk").id

    def work(db, number):
        if number == blocker:
            leave = LayBlock(
                kind=BlockKind.LEAVE,
                resource_ids=(wish.practitioner_id,),
                starts_local=dt.datetime.combine(DAY, dt.time()),
                ends_local=dt.datetime.combine(DAY + dt.timedelta(days=1), dt.time()),
            )
            return blocks.lay(db, actor, leave)
        starts = dt.datetime.combine(DAY, dt.time(8 + number // 2, 30 * (number % 2)))
        own = {"patient_id": patients[number], "service_id": talk, "starts_local": starts}
        return service.book(db, actor, BookAppointment(**{**plain, **own}))

    results = all_at_once(real, work)

    kinds = {type(result).__name__ for result in results}
    assert kinds <= {"Block", "Appointment", "SlotTaken"}, kinds
    refused = [result for result in results if isinstance(result, SlotTaken)]
    assert all("is on leave until 2026-11-24" in str(result) for result in refused)
    with real.read() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Block)) == 1
        held = db.scalars(
            sa.select(Occupancy.lane).where(
                Occupancy.resource_id == wish.practitioner_id, Occupancy.block_id.is_(None)
            )
        ).all()
        assert set(held) <= {ASIDE_LANE}, "whoever was first was put aside, nobody came after"
        assert len(held) + len(refused) == 15
        assert db.scalar(OVERLAPS) == 0
