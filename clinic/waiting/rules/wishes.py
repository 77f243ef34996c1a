"""Whether a time is one that somebody waits for."""

import datetime as dt
from collections.abc import Iterable
from typing import Protocol

from clinic.catalog.values import ResourceKind, Segment
from clinic.scheduling.rules.asking import PartOfDay
from clinic.scheduling.values import Opening, Span
from clinic.waiting.values import Priority

TOLERANCE_DAYS = 7
"""Sessions of a course may come this much sooner than its interval (design default)."""


class Wished(Protocol):
    """What somebody wishes, as far as a time can meet it."""

    @property
    def weekdays(self) -> int: ...
    @property
    def part_of_day(self) -> PartOfDay: ...
    @property
    def from_on(self) -> dt.date: ...
    @property
    def until_on(self) -> dt.date: ...
    @property
    def notice_hours(self) -> int: ...


class Ranked(Protocol):
    """What decides who is asked first."""

    @property
    def priority(self) -> Priority: ...
    @property
    def created_at(self) -> dt.datetime: ...


def suits(wish: Wished, starts_local: dt.datetime, notice: dt.timedelta) -> bool:
    """Tell whether a start meets the wishes; `notice` is the time from now to it."""
    first, late = wish.part_of_day.hours
    return (
        wish.from_on <= starts_local.date() <= wish.until_on
        and bool(wish.weekdays >> starts_local.weekday() & 1)
        and first <= starts_local.hour < late
        and notice >= dt.timedelta(hours=wish.notice_hours)
    )


def using(found: Iterable[Opening], parts: Iterable[Segment], freed: Span) -> list[Opening]:
    """Return those openings of a service whose practitioner's own part takes of a freed time."""
    own = [part for part in parts if part.kind is ResourceKind.PRACTITIONER]

    def spans(starts_at: dt.datetime) -> Iterable[Span]:
        for part in own:
            begins = starts_at + dt.timedelta(minutes=part.offset_min)
            yield Span(start=begins, end=begins + dt.timedelta(minutes=part.length_min))

    return [o for o in found if any(freed.overlaps(span) for span in spans(o.starts_at))]


def best(found: Iterable[Opening], freed: Span) -> Opening | None:
    """Return the opening that begins nearest to where the freed time begins, the earlier of two."""
    return min(found, key=lambda o: (abs(o.starts_at - freed.start), o.starts_at), default=None)


def is_too_near(on: dt.date, others: Iterable[dt.date], interval_days: int | None) -> bool:
    """Tell whether a day is too near to other visits of the same service.

    Never two on one day; within a course never nearer than its interval less the tolerance.
    """
    least = max(1, (interval_days or 0) - TOLERANCE_DAYS)
    return any(abs((on - other).days) < least for other in others)


def order(entry: Ranked) -> tuple[int, dt.datetime]:
    """Return what puts those who wait into order: the urgent first, then who waits longest."""
    return list(Priority).index(entry.priority), entry.created_at


def days_of(weekdays: int) -> tuple[int, ...]:
    """Return the weekdays of the bits, 0 is Monday; empty when all are meant."""
    days = tuple(day for day in range(7) if weekdays >> day & 1)
    return () if len(days) == 7 else days


def bits_of(days: Iterable[int]) -> int:
    """Return weekdays as bits; none at all means every day."""
    return sum(1 << day for day in set(days)) or 0b1111111
