"""A block over a time that is held for the waiting list: said on both pages, and a yes refused."""

import datetime as dt
import html

import pytest

from clinic.core.access import Role
from clinic.scheduling import blocks
from clinic.scheduling.closing import BlockKind, LayBlock
from clinic.scheduling.guard import SlotTaken
from clinic.waiting import offering
from clinic.waiting.queries import entries

MIDNIGHT = dt.datetime(2026, 11, 24)


@pytest.fixture
def offer(desk, waiting):
    return waiting.offer(waiting.wait())


@pytest.fixture
def block(desk, offer):
    wish = LayBlock(
        kind=BlockKind.LEAVE,
        resource_ids=(desk.physician.id,),
        starts_local=MIDNIGHT,
        ends_local=MIDNIGHT + dt.timedelta(days=1),
    )
    return blocks.lay(desk.db, desk.actor(), wish)


def text(answer):
    return html.unescape(answer.get_data(as_text=True))


def test_its_page_lists_the_held_time_and_what_becomes_of_it(world, desk, block):
    shown = text(world.as_role(Role.RECEPTIONIST).get(f"/blocks/{block.id}"))
    assert "One time held for the waiting list" in shown
    assert "a yes is refused" in shown
    assert desk.consultation.name in shown


def test_a_yes_is_refused_with_the_leave(desk, offer, block):
    with pytest.raises(SlotTaken, match="Dr Weber is on leave"):
        offering.accept(desk.db, desk.actor(), offer.id)


def test_the_waiting_list_says_to_take_it_back(world, desk, offer, block):
    shown = text(world.as_role(Role.RECEPTIONIST).get("/waiting-list"))
    assert "Blocked since: take it back" in shown
    assert f"/offers/{offer.id}/acceptance" not in shown
    assert f"/offers/{offer.id}/withdrawal" in shown


def test_with_the_block_gone_the_offer_stands_as_before(desk, offer, block):
    blocks.lift(desk.db, desk.actor(), block.id, block.version)
    assert [card.is_blocked for card in entries.offered(desk.db, desk.actor())] == [False]


def test_what_ran_out_is_not_listed(world, desk, block, clock):
    clock(dt.datetime(2026, 11, 23, 23, tzinfo=dt.UTC))
    shown = text(world.as_role(Role.RECEPTIONIST).get(f"/blocks/{block.id}"))
    assert "held for the waiting list" not in shown
