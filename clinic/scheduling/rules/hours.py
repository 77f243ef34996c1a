"""When a place is open and somebody works: weeks, single days and blocks, in wall time and in UTC.

Nobody works while the place is closed. A day of its own replaces the week's hours; who has neither
works whenever the place is open.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from clinic.core import walltime
from clinic.core.walltime import Fold, Gap
from clinic.scheduling.closing import BlockKind, Closed
from clinic.scheduling.values import Span

Times = Sequence[tuple[dt.time, dt.time]]
"""Wall times from-until, in order; none: closed."""
Hours = Mapping[int, Times]
"""Spans of each weekday, 0 is Monday; a weekday that is absent is closed."""
PLACE = 0
"""Stands for the place itself where the id of a resource is asked for."""
DAYS_AHEAD = 60
"""How far is looked for the next time that something is open, to say until when it is closed."""
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneDay:
    """The hours of one date, and what the day is called."""

    name: str
    times: Times


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A span in which somebody or something is not to be had."""

    span: Span
    kind: BlockKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Everything that says when a place and what it has are open."""

    zone: str
    place: Hours
    own: Mapping[int, Hours] = field(default_factory=dict)
    """Of the resources that have hours of their own."""
    place_days: Mapping[dt.date, OneDay] = field(default_factory=dict)
    own_days: Mapping[tuple[int, dt.date], Times] = field(default_factory=dict)
    blocks: Mapping[int, Sequence[Blocked]] = field(default_factory=dict)


def place_times(calendar: Calendar, on: dt.date) -> Times:
    """Return when the place is open on a day, in wall time."""
    one = calendar.place_days.get(on)
    return one.times if one is not None else calendar.place.get(on.weekday(), ())


def day_times(calendar: Calendar, resource_id: int, on: dt.date) -> Times:
    """Return when a resource works on a day, in wall time, blocks aside."""
    place = place_times(calendar, on)
    own = calendar.own_days.get((resource_id, on))
    if own is None:
        week = calendar.own.get(resource_id)
        if week is None:
            return place
        own = week.get(on.weekday(), ())
    return _both(own, place)


def open_spans(
    calendar: Calendar, resource_id: int, first: dt.date, last: dt.date
) -> tuple[Span, ...]:
    """Return when a resource works from `first` to `last`, both included, blocks aside.

    A span that ends in the hour that comes twice ends with the second; one that lies wholly in
    the hour that is skipped is none.
    """
    return _spans(
        ((day, day_times(calendar, resource_id, day)) for day in _days(first, last)), calendar.zone
    )


def outside(calendar: Calendar, held: Iterable[tuple[int, int, Span]]) -> list[int]:
    """Return the visits of which something lies outside the hours of what is held, blocks aside.

    `held` is (visit, resource, when); each visit comes once, in the same order.
    """
    opens: dict[tuple[int, dt.date, dt.date], Sequence[Span]] = {}
    found: dict[int, None] = {}
    for visit_id, resource_id, span in held:
        if visit_id in found:
            continue
        key = (resource_id, *_days_of(span, calendar.zone))
        if key not in opens:
            opens[key] = open_spans(calendar, *key)
        if not _holds(opens[key], span):
            found[visit_id] = None
    return list(found)


def closed(calendar: Calendar, resource_id: int, wanted: Span) -> Closed | None:
    """Return why a resource is not to be had in a span, and until when; None when it is."""
    for block in calendar.blocks.get(resource_id, ()):
        if block.span.overlaps(wanted):
            return Closed(kind=block.kind, since=block.span.start, until=block.span.end)
    first, last = _days_of(wanted, calendar.zone)
    if _holds(open_spans(calendar, resource_id, first, last), wanted):
        return None
    is_place = not _holds(open_spans(calendar, PLACE, first, last), wanted)
    one = calendar.place_days.get(first) if is_place else None
    inside = [
        span
        for span in _joined(open_spans(calendar, resource_id, first, last))
        if span.start <= wanted.start < span.end
    ]
    return Closed(
        kind=None,
        is_place=is_place,
        day_name=one.name if one is not None else "",
        is_day_off=one is not None and not one.times,
        since=inside[0].end if inside else None,
        until=_next_open(calendar, PLACE if is_place else resource_id, wanted.start, first),
    )


def _next_open(
    calendar: Calendar, resource_id: int, after: dt.datetime, first: dt.date
) -> dt.datetime | None:
    for number in range(DAYS_AHEAD):
        day = first + number * _DAY
        for span in open_spans(calendar, resource_id, day, day):
            if span.start > after:
                return span.start
    return None


def _holds(spans: Iterable[Span], wanted: Span) -> bool:
    return any(span.start <= wanted.start and wanted.end <= span.end for span in _joined(spans))


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in spans:
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(start=joined[-1].start, end=max(span.end, joined[-1].end))
        else:
            joined.append(span)
    return joined


def _both(one: Times, other: Times) -> Times:
    """Return what lies in both, in order."""
    found = [(max(a, c), min(b, d)) for a, b in one for c, d in other if max(a, c) < min(b, d)]
    return sorted(found)


def _days(first: dt.date, last: dt.date) -> Iterable[dt.date]:
    return (first + number * _DAY for number in range((last - first).days + 1))


def _days_of(span: Span, zone: str) -> tuple[dt.date, dt.date]:
    return (
        walltime.to_local(span.start, zone).date(),
        walltime.to_local(span.end, zone).date(),
    )


def span_of(starts_local: dt.datetime, ends_local: dt.datetime, zone: str) -> Span | None:
    """Return from when until when two wall times last; None when nothing lies between them.

    Of a time that comes twice a start is the first and an end the second.
    """
    return _span(starts_local, ends_local, zone)


def _spans(days: Iterable[tuple[dt.date, Times]], zone: str) -> tuple[Span, ...]:
    found = (
        _span(dt.datetime.combine(day, opens), dt.datetime.combine(day, closes), zone)
        for day, times in days
        for opens, closes in times
    )
    return tuple(span for span in found if span is not None)


@lru_cache(maxsize=16384)  # The same few hours of the same days are asked for everybody.
def _span(opens: dt.datetime, closes: dt.datetime, zone: str) -> Span | None:
    start, end = walltime.to_utc_forward(opens, zone), _end(closes, zone)
    return Span(start=start, end=end) if start < end else None


def _end(local: dt.datetime, zone: str) -> dt.datetime:
    try:
        return walltime.to_utc(local, zone)
    except Gap as gap:
        return gap.after
    except Fold as fold:
        return fold.second
