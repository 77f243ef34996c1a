"""Which starts somebody asks for: from day to day, on which weekdays, in which part of the day."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from clinic.core import walltime
from clinic.core.text import N_
from clinic.scheduling.values import Span

MIDNIGHT = 24


class PartOfDay(StrEnum):
    """In which part of a day it suits; it is the start that counts."""

    ANY = "any"
    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"

    @property
    def hours(self) -> tuple[int, int]:
        """Return the first hour, and the one that is too late."""
        return {
            PartOfDay.ANY: (0, 24),
            PartOfDay.MORNING: (0, 12),
            PartOfDay.AFTERNOON: (12, 17),
            PartOfDay.EVENING: (17, 24),
        }[self]


PART_NAMES: dict[PartOfDay, str] = {
    PartOfDay.ANY: N_("Any time of day"),
    PartOfDay.MORNING: N_("Mornings, before 12:00"),
    PartOfDay.AFTERNOON: N_("Afternoons, 12:00 to 17:00"),
    PartOfDay.EVENING: N_("From 17:00 on"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """The starts that somebody asks for, in the clinic's days and wall time."""

    since: dt.date
    until: dt.date
    """Included."""
    weekdays: frozenset[int] = frozenset()
    """0 is Monday; empty: all of them."""
    part: PartOfDay = PartOfDay.ANY
    after: dt.time | None = None
    """Not before this time of the day, whatever its part."""
    begins: dt.time | None = None
    """Not before this time of the first day."""


def spans(ask: Ask, zone: str) -> tuple[Span, ...]:
    """Return the half-open spans in which an asked start may lie, in UTC, in order.

    A wall time that comes twice counts both times; one that is skipped never comes.
    """
    found = []
    for number in range((ask.until - ask.since).days + 1):
        day = ask.since + dt.timedelta(days=number)
        if ask.weekdays and day.weekday() not in ask.weekdays:
            continue
        start, end = walltime.day_bounds(day, zone)
        first, late = ask.part.hours
        if late < MIDNIGHT:
            end = _at(day, dt.time(late), zone)
        begins = ask.begins if day == ask.since else None
        after = max(dt.time(first), ask.after or dt.time(), begins or dt.time())
        if after != dt.time():
            start = max(start, _at(day, after, zone))
        if start < end:
            found.append(Span(start=start, end=end))
    return tuple(found)


def _at(day: dt.date, time: dt.time, zone: str) -> dt.datetime:
    return walltime.to_utc_forward(dt.datetime.combine(day, time), zone)
