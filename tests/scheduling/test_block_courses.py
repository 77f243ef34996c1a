"""A course in a block: its sessions keep their least distance, and are named by number."""

import dataclasses
import datetime as dt
import html

import pytest

from clinic.core.access import Role
from clinic.scheduling import damage
from clinic.scheduling.closing import Placed
from clinic.scheduling.damage import NotMoved
from clinic.scheduling.rules import planning
from tests.scheduling import coursing
from tests.scheduling.test_blocks import at, hits, in_block, lay, placed

TUESDAY, NEXT = dt.date(2026, 11, 24), dt.date(2026, 12, 1)
TIGHT = dataclasses.replace(coursing.WEEKLY, least_days=6)


@pytest.fixture
def course(desk):
    """Three sessions of consultation, one a week, at least six days apart."""
    return coursing.begun(desk, service_id=desk.mesotherapy.id, pattern=TIGHT)


def week(desk, first, last):
    """A leave from day to day."""
    return lay(desk, starts=at(0, day=first), ends=at(0, day=last + dt.timedelta(days=1)))


def test_a_time_too_near_to_the_session_after_is_not_proposed(desk, course):
    block = week(desk, TUESDAY, TUESDAY)
    (hit,) = hits(desk, block).hits
    assert [o.starts_local.date() for o in hit.options] == [dt.date(2026, 11, 25)] * 3
    week_long = week(desk, dt.date(2026, 11, 25), dt.date(2026, 11, 27))
    assert week_long.id
    (hit,) = hits(desk, block).hits
    assert hit.options == (), "the next free day is the 30th, one day before the second session"


def test_two_sessions_of_one_course_are_proposed_apart(desk, course):
    block = week(desk, dt.date(2026, 11, 30), dt.date(2026, 12, 9))
    second, third = hits(desk, block).hits
    assert second.session == (2, 3)
    assert third.session == (3, 3)
    assert second.options[0].starts_local.date() == dt.date(2026, 12, 10)
    assert third.options[0].starts_local.date() == dt.date(2026, 12, 16)
    moves = [placed(second), placed(third)]
    assert damage.move_all(desk.db, desk.actor(), in_block(desk, block), moves, reason="x") == 2


def test_what_would_stand_too_near_is_named_and_nothing_is_moved(desk, course):
    block = week(desk, TUESDAY, TUESDAY)
    (hit,) = hits(desk, block).hits
    near = Placed(
        appointment_id=hit.id,
        version=hit.version,
        starts_local=at(10, day=dt.date(2026, 11, 27)),
        practitioner_id=desk.physician.id,
        room_id=desk.room.id,
    )
    with pytest.raises(NotMoved) as refused, desk.db.begin_nested():
        damage.move_all(desk.db, desk.actor(), in_block(desk, block), [near], reason="x")
    assert "Two sessions are closer than 6 days" in str(refused.value.why[hit.id])
    assert damage.move_all(desk.db, desk.actor(), in_block(desk, block), [placed(hit)], reason="x")


def test_the_page_names_the_session_and_its_course(world, desk, course):
    block = week(desk, NEXT, NEXT)
    answer = world.as_role(Role.RECEPTIONIST).get(f"/blocks/{block.id}")
    assert "session 2 of 3" in html.unescape(answer.get_data(as_text=True))


@pytest.mark.parametrize(
    ("others", "days"),
    [
        ({}, (1, 9)),
        ({1: 0}, (6, 9)),
        ({3: 12}, (1, 6)),
        ({1: -5, 3: 20}, (1, 9)),
        ({1: 0, 3: 7}, (6, 1)),
        ({2: 5}, (1, 9)),
    ],
)
def test_days_apart_are_those_between_the_neighbours(others, days):
    start = dt.date(2026, 11, 1)
    day = {number: start + dt.timedelta(days=n) for number, n in others.items()}
    first, last = planning.apart(
        day, 2, 6, first=start + dt.timedelta(days=1), last=start + dt.timedelta(days=9)
    )
    assert ((first - start).days, (last - start).days) == days
