"""Free times of a service: working hours, held spans and the parts of the service, as bit sets.

Every resource becomes one whole number with a bit for each five minutes of UTC; a part of a
service is free where a run of bits is set. The answer is a suggestion: booking asks again under
the database's guard.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence

from clinic.catalog.values import ResourceKind, Segment
from clinic.scheduling.values import Candidate, Holding, Opening, Span

GRID_MIN = 5
STEP_MIN = 15
"""Offered times stand on quarters of the hour; typed ones may stand on the grid."""
_Role = tuple[ResourceKind, str]
_GRID = dt.timedelta(minutes=GRID_MIN)


def openings(
    segments: Sequence[Segment],
    candidates: Iterable[Candidate],
    window: Span,
    *,
    within: Sequence[Span] | None = None,
    patient_busy: Sequence[Span] = (),
    step_min: int = STEP_MIN,
    prefer: Sequence[int] = (),
) -> Iterator[Opening]:
    """Yield the times at which the whole service fits, earliest first, each with its resources.

    `window` bounds the starts, its end excluded, `within` more narrowly. Every kind of resource
    is one and the same for all its parts. Where several are free, those of `prefer` come first,
    then the given order. No part that needs a practitioner or room: none is named. No candidate:
    no opening.
    """
    grid = _Grid(window, longest=max((s.offset_min + s.length_min for s in segments), default=0))
    roles: dict[_Role, list[tuple[int, int]]] = {(s.kind, s.device_type): [] for s in segments}
    for candidate in sorted(candidates, key=lambda c: c.id not in prefer):
        role = (candidate.kind, candidate.device_type)
        if role in roles:
            fits = grid.starts(grid.free(candidate), segments, role)
            roles[role].append((candidate.id, fits))

    possible = grid.aligned(step_min)
    if within is not None:
        possible &= grid.begun(within)
    for masks in roles.values():
        fits = 0
        for _id, mask in masks:
            fits |= mask
        possible &= fits
    if patient_busy:
        length = max((s.offset_min + s.length_min for s in segments), default=GRID_MIN)
        possible &= grid.run(grid.without(grid.all, patient_busy), length)

    while possible:
        bit = (possible & -possible).bit_length() - 1
        possible &= possible - 1
        yield _opening(grid.at(bit), bit, roles)


def holdings(
    segments: Sequence[Segment],
    starts_at: dt.datetime,
    held: Mapping[tuple[ResourceKind, str], int],
) -> tuple[Holding, ...]:
    """Return what a visit holds: each part of its service with the resource of its kind.

    `held` names one resource for each kind and device type that the parts need.
    """
    return tuple(
        Holding(
            resource_id=held[part.kind, part.device_type],
            seq=part.seq,
            span=Span(
                start=starts_at + dt.timedelta(minutes=part.offset_min),
                end=starts_at + dt.timedelta(minutes=part.offset_min + part.length_min),
            ),
        )
        for part in segments
    )


def nearest(found: Iterable[Opening], wished: dt.datetime, limit: int) -> list[Opening]:
    """Return the openings closest to a wished time, in the order of the clock."""
    ranked = sorted(found, key=lambda o: (abs(o.starts_at - wished), o.starts_at))
    return sorted(ranked[:limit], key=lambda o: o.starts_at)


class _Grid:
    """A window of time as bits: bit 0 is its first instant on the grid, longer by one service."""

    def __init__(self, window: Span, *, longest: int) -> None:
        self.first = _up(window.start)
        self.bits = max(0, -((self.first - window.end) // _GRID))
        self.starts_mask = (1 << self.bits) - 1
        self.all = (1 << (self.bits + longest // GRID_MIN)) - 1

    def at(self, bit: int) -> dt.datetime:
        return self.first + bit * _GRID

    def free(self, candidate: Candidate) -> int:
        inside = 0
        for span in candidate.open:
            inside |= self._mask(_up(span.start), _down(span.end))
        return self.without(inside, candidate.busy)

    def begun(self, spans: Iterable[Span]) -> int:
        """Return the points of the grid that lie in one of these half-open spans."""
        inside = 0
        for span in spans:
            inside |= self._mask(_up(span.start), _up(span.end))
        return inside

    def without(self, mask: int, busy: Iterable[Span]) -> int:
        for span in busy:
            mask &= ~self._mask(_down(span.start), _up(span.end))
        return mask

    def starts(self, free: int, segments: Sequence[Segment], role: _Role) -> int:
        fits = self.all
        for segment in segments:
            if (segment.kind, segment.device_type) == role:
                fits &= self.run(free, segment.length_min) >> (segment.offset_min // GRID_MIN)
        return fits

    def run(self, mask: int, minutes: int) -> int:
        """Return where a run of that many minutes begins."""
        wanted, have = minutes // GRID_MIN, 1
        while have < wanted:
            more = min(have, wanted - have)
            mask &= mask >> more
            have += more
        return mask

    def aligned(self, step_min: int) -> int:
        minute = self.first.hour * 60 + self.first.minute
        every, offset = step_min // GRID_MIN, (-minute % step_min) // GRID_MIN
        rounds = self.bits // every + 1
        comb = ((1 << every * rounds) - 1) // ((1 << every) - 1)
        return (comb << offset) & self.starts_mask

    def _mask(self, start: dt.datetime, end: dt.datetime) -> int:
        low = max(0, (start - self.first) // _GRID)
        high = min(self.all.bit_length(), (end - self.first) // _GRID)
        return ((1 << (high - low)) - 1) << low if high > low else 0


def _opening(
    starts_at: dt.datetime, bit: int, roles: Mapping[_Role, Sequence[tuple[int, int]]]
) -> Opening:
    chosen = {
        role: next(id_ for id_, mask in masks if mask >> bit & 1) for role, masks in roles.items()
    }
    return Opening(
        starts_at=starts_at,
        practitioner_id=chosen.get((ResourceKind.PRACTITIONER, "")),
        room_id=chosen.get((ResourceKind.ROOM, "")),
        held=tuple(chosen.items()),
    )


def _down(instant: dt.datetime) -> dt.datetime:
    if not (instant.minute % GRID_MIN or instant.second or instant.microsecond):
        return instant  # Nearly all are: a search asks this ten thousand times.
    return instant - dt.timedelta(
        minutes=instant.minute % GRID_MIN, seconds=instant.second, microseconds=instant.microsecond
    )


def _up(instant: dt.datetime) -> dt.datetime:
    low = _down(instant)
    return low if low == instant else low + _GRID
