"""Laying the sessions of a course: windows and free times in, one time a session out.

Days are the clinic's own; a window counts from the session before it as planned, the first one
from a day that is given.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from clinic.catalog.values import CoursePattern
from clinic.core.text import N_

FIRST_DAYS = 14
"""Days looked at for the first session, when nobody wishes otherwise (design default)."""
TOO_CLOSE = N_("Only %(days)s days after the session before: at least %(least)s must lie between.")
TOO_NEAR = N_("Two sessions are closer than %(least)s days.")
NOT_AFTER = N_("The session before is not before this one.")
OFF = N_("%(days)s days after the session before: %(least)s to %(most)s are planned.")
UNWISHED = N_("Free, but not as wished.")


class Level(StrEnum):
    """How a planned session stands."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence marked for translation, and what stands in its gaps."""

    sentence: str
    values: tuple[tuple[str, object], ...] = ()

    @property
    def gaps(self) -> dict[str, object]:
        """Return what stands in the gaps by name."""
        return dict(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Days after the session before, both ends included, and the best of them."""

    least: int
    ideal: int
    most: int
    must: int = 1
    """Nearer than this is no session at all."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Free:
    """A free time of a day, with whom and where."""

    starts_at: dt.datetime
    practitioner_id: int
    room_id: int
    is_wished: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """One session as it is laid: its day, and its time unless none is free."""

    day: dt.date
    free: Free | None


def windows(course: CoursePattern, numbers: Sequence[int]) -> list[Window]:
    """Return the windows of these sessions of a course, each but the first after another."""
    found = []
    for number in numbers:
        is_booster = number > course.sessions
        ideal = (course.booster_days or 0) if is_booster else course.interval_days
        found.append(
            Window(
                least=max(course.least_days, ideal - course.tolerance_days),
                ideal=ideal,
                most=ideal + course.tolerance_days,
                must=course.least_days,
            )
        )
    return found


def next_number(numbers: Mapping[int, bool], total: int) -> int | None:
    """Return the lowest number after the last one done that no visit holds; None when all are.

    `numbers` are those that visits hold, and whether each is done.
    """
    last = max((number for number, is_done in numbers.items() if is_done), default=0)
    return next((n for n in range(last + 1, total + 1) if n not in numbers), None)


def lay(
    since: dt.date,
    planned: Sequence[Window],
    free: Mapping[dt.date, Sequence[Free]],
    *,
    own: Mapping[int, tuple[dt.date, Free]] | None = None,
    barred: Collection[dt.date] = (),
) -> list[Laid]:
    """Return one time a session, each inside its window after the one before; the best plan.

    Best is: the fewest sessions without a time, and those as late as can be; then the fewest
    moved away from their own time (`own`, by place in the plan); then the fewest not as wished;
    then the least deviation from the ideal days; then the earliest times. A session without a
    time keeps its ideal day. `barred` days are not taken.
    """
    kept = own or {}
    best = {day: (min(times, key=_rank),) for day, times in free.items() if times}

    # What comes after a day depends on nothing else of what came before it: one best rest a day.
    @cache
    def rest(number: int, last: dt.date) -> tuple[_Cost, Laid | None]:
        if number == len(planned):
            return (0, 0, 0, 0, 0), None
        window = planned[number]
        empty = Laid(day=last + dt.timedelta(days=window.ideal), free=None)
        missing, at, moved, unwished, off = rest(number + 1, empty.day)[0]
        is_moved = number in kept
        cost = (missing + 1, at + (1 << len(planned) - number), moved + is_moved, unwished, off)
        midnight = dt.datetime.combine(empty.day, dt.time(), dt.UTC)
        ways: list[tuple[_Cost, dt.datetime, Laid]] = [(cost, midnight, empty)]
        for gap in range(window.least, window.most + 1):
            day = last + dt.timedelta(days=gap)
            of_this = kept[number][1:] if number in kept and kept[number][0] == day else ()
            if day in barred:
                continue
            for time in (*of_this, *best.get(day, ())):
                missing, at, moved, unwished, off = rest(number + 1, day)[0]
                off += abs(gap - window.ideal)
                moved += is_moved and time not in of_this
                cost = (missing, at, moved, unwished + (not time.is_wished), off)
                ways.append((cost, time.starts_at, Laid(day=day, free=time)))
        cost, _, laid = min(ways, key=lambda way: way[:2])
        return cost, laid

    found: list[Laid] = []
    last = since
    for number in range(len(planned)):
        laid = rest(number, last)[1]
        assert laid is not None
        found.append(laid)
        last = laid.day
    return found


def off_distance(window: Window, days: int) -> tuple[Level, Said | None]:
    """Judge a distance of days to the session before."""
    if days < 1:
        return Level.RED, Said(NOT_AFTER)
    if days < window.must:
        return Level.RED, Said(TOO_CLOSE, (("days", days), ("least", window.must)))
    if not window.least <= days <= window.most:
        values = (("days", days), ("least", window.least), ("most", window.most))
        return Level.AMBER, Said(OFF, values)
    return Level.GREEN, None


def apart(
    sessions: Mapping[int, dt.date], number: int, least: int, *, first: dt.date, last: dt.date
) -> tuple[dt.date, dt.date]:
    """Return of some days those on which a session is far enough from the others of its course.

    The last lies before the first where there is none.
    """
    before = [day for other, day in sessions.items() if other < number]
    after = [day for other, day in sessions.items() if other > number]
    gap = dt.timedelta(days=least)
    return (
        max([first, *(day + gap for day in before)]),
        min([last, *(day - gap for day in after)]),
    )


def step(free: Sequence[Free], at: dt.datetime, *, by: int) -> Free | None:
    """Return the next free time after an instant, or with -1 the last one before it."""
    times = sorted(free)
    if by > 0:
        return next((one for one in times if one.starts_at > at), None)
    return next((one for one in reversed(times) if one.starts_at < at), None)


def _rank(one: Free) -> tuple[bool, dt.datetime, int, int]:
    return not one.is_wished, one.starts_at, one.practitioner_id, one.room_id


_Cost = tuple[int, int, int, int, int]
"""Without a time; which, the first as the highest bit; moved; not as wished; days off."""
