"""What is blocked stands on the board of every desk."""

import datetime as dt

import pytest

from clinic.chart.queries import board
from clinic.chart.rules.board import View
from clinic.chart.rules.closed import BREAK, CLOSED, OFF, stretches, without
from clinic.scheduling import blocks, timetables
from clinic.scheduling.closing import BlockKind, LayBlock
from tests.scheduling.conftest import desk

__all__ = ["desk"]
DAY = dt.date(2026, 11, 24)
SHIFTS = [(480, 720), (780, 1080)]


@pytest.mark.parametrize("view", [View.PRACTITIONERS, View.WEEK])
def test_another_desk_hears_of_a_block(desk, view):
    actor = desk.actor()

    def stamps():
        table = timetables.timetable(desk.db, actor.location_id, actor.zone, since=DAY)
        shown = board.day(desk.db, actor, table, DAY, view)
        asked = board.stamp(desk.db, actor, DAY, view)
        assert shown.stamp == asked, "a board that asks at once hears of nothing new"
        return asked

    before = stamps()
    wish = LayBlock(
        kind=BlockKind.MEETING,
        resource_ids=(desk.physician.id,),
        starts_local=dt.datetime.combine(DAY, dt.time(10)),
        ends_local=dt.datetime.combine(DAY, dt.time(11)),
    )
    block = blocks.lay(desk.db, actor, wish)
    assert stamps() != before
    blocks.lift(desk.db, actor, block.id, block.version)
    assert stamps() == before


@pytest.mark.once
def test_each_stretch_has_one_word():
    found = stretches(SHIFTS, [(600, 660, "Meeting")], opens=420, closes=1140, shut=CLOSED)
    assert found == [
        (420, 480, OFF),
        (600, 660, "Meeting"),
        (720, 780, BREAK),
        (1080, 1140, OFF),
    ]
    whole = stretches(SHIFTS, [(0, 1440, "Leave")], opens=420, closes=1140, shut=CLOSED)
    assert whole == [(420, 1140, "Leave")]
    assert stretches([], [], opens=480, closes=540, shut="Christmas") == [(480, 540, "Christmas")]


@pytest.mark.once
def test_what_is_blocked_leaves_the_rest_of_a_shift():
    assert without(SHIFTS, [(600, 660, "x")]) == [(480, 600), (660, 720), (780, 1080)]
    assert without(SHIFTS, [(0, 1440, "x")]) == []
    assert without(SHIFTS, []) == SHIFTS
