"""Which starts somebody asks for: from day to day, on which weekdays, in which part of the day."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from clinic.core import walltime
from clinic.core.text import N_
from clinic.scheduling.values import Span

NOON = dt.time(12)


class PartOfDay(StrEnum):
    """When on a day it suits."""

    ANY = "any"
    MORNING = "morning"
    AFTERNOON = "afternoon"


PART_NAMES: dict[PartOfDay, str] = {
    PartOfDay.ANY: N_("Any time"),
    PartOfDay.MORNING: N_("Morning"),
    PartOfDay.AFTERNOON: N_("Afternoon"),
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
        noon = walltime.to_utc_forward(dt.datetime.combine(day, NOON), zone)
        if ask.part is PartOfDay.MORNING:
            end = noon
        if ask.part is PartOfDay.AFTERNOON:
            start = noon
        if ask.after is not None:
            local = dt.datetime.combine(day, ask.after)
            start = max(start, walltime.to_utc_forward(local, zone))
        if start < end:
            found.append(Span(start=start, end=end))
    return tuple(found)
