"""Laying a day out: which rows a visit takes, who stands beside whom, what is free between.

Pure; what a role may not see never gets into a card.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from clinic.catalog.values import Modality
from clinic.chart.rules.tracks import tracks_of
from clinic.core.access import Actor, Permission
from clinic.core.text import N_
from clinic.safety.rules.redaction import STATUS_NAMES
from clinic.safety.values import Decision, ReceptionStatus
from clinic.scheduling.rules.checks import LEVELS, reception_status
from clinic.scheduling.rules.slots import GRID_MIN
from clinic.scheduling.values import AppointmentStatus

ROW_MIN = GRID_MIN
ROW = dt.timedelta(minutes=ROW_MIN)
SLOT_ROWS = 3
HOUR_ROWS = 12
DAY_MIN = 24 * 60
MINUTE = dt.timedelta(minutes=1)
USUAL_OPEN, USUAL_CLOSE = 8 * 60, 18 * 60
"""Shown on a day on which the place is closed and nobody is booked."""
OFF, BREAK, CLOSED = N_("Off"), N_("Break"), N_("Closed")
WORDS: dict[ReceptionStatus, str] = {
    ReceptionStatus.STOP: N_("Stop"),
    ReceptionStatus.LATER: N_("Later"),
    ReceptionStatus.REVIEW: N_("Review"),
    ReceptionStatus.QUESTIONS: N_("Questions"),
    ReceptionStatus.CLEAR: N_("Clear"),
    ReceptionStatus.NOT_CHECKED: N_("Not checked"),
}
"""What clinicians read on a card."""
FOR_THE_DESK: dict[ReceptionStatus, str] = STATUS_NAMES | {
    ReceptionStatus.STOP: STATUS_NAMES[ReceptionStatus.LATER]
}
"""What everybody else reads: what to do at the desk, no reason, no date, and not how bad it is."""
RELEASED = N_("Released")
CAUTION = N_("Caution")
SAID = ("", *WORDS.values(), *FOR_THE_DESK.values(), RELEASED, CAUTION)
"""Every word that may stand on a card."""
_WATCHED = frozenset(
    {AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED, AppointmentStatus.IN_TREATMENT}
)
_GONE = frozenset({AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW})
_MAY_ARRIVE = frozenset({AppointmentStatus.BOOKED, AppointmentStatus.NO_SHOW})


class View(StrEnum):
    """What the columns are."""

    PRACTITIONERS = "practitioners"
    ROOMS = "rooms"


class Line(Protocol):
    """One visit as it is read, nothing of its check but the cached decision."""

    id: int
    version: int
    practitioner_id: int
    room_id: int
    starts_local: dt.datetime
    starts_at: dt.datetime
    ends_at: dt.datetime
    status: AppointmentStatus
    decision: Decision | None
    is_released: bool
    is_overbooked: bool
    own_starts_at: dt.datetime | None
    """Of one part that is its practitioner's own; None when nothing is held any more."""
    own_ends_at: dt.datetime
    course_number: int | None
    sessions_planned: int | None
    given_name: str
    family_name: str
    birth_date: dt.date | None
    service: str
    modality: Modality
    practitioner: str
    room: str


class Card(NamedTuple):
    """One visit on the board."""

    id: int
    version: int
    at: int
    """Row of its start; the board's first row is 0."""
    n: int
    """Rows it takes."""
    start: str
    end: str
    who: str
    born: dt.date | None
    service: str
    course: tuple[int, int] | None
    """Which session of how many."""
    status: str
    level: str
    """How the design system draws the check; empty where nothing is to be said."""
    word: str
    """Marked for translation."""
    can: str
    practitioner: str
    room: str
    track: int
    """1 for the first of several side by side, 0 for the whole width."""
    own: Sequence[tuple[int, int]]
    """First row and rows of each part its practitioner is there for; none: for all of it."""
    is_overbooked: bool
    has_gap: bool
    """Whether a free time of the column stands beside it, in a part that is not its own."""


class Off(NamedTuple):
    """A time in which a column does not work."""

    at: int
    n: int
    start: str
    end: str
    why: str


class Slot(NamedTuple):
    """A free quarter of an hour."""

    at: int
    start: str
    track: int
    is_gap: bool
    """Whether it lies beside a visit whose practitioner is free for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One practitioner or room."""

    id: int
    name: str
    room: str
    """Where a practitioner works on the day, as far as the visits say."""
    free_min: int
    tracks: int
    cards: Sequence[Card]
    offs: Sequence[Off]
    slots: Sequence[Slot]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of the board."""

    on: dt.date
    view: View
    is_today: bool
    is_closed: bool
    open_min: int
    rows: int
    now_row: int | None
    now: str
    columns: Sequence[Column]
    counts: Mapping[AppointmentStatus, int]
    courses: frozenset[tuple[int, int]]
    """Every "which of how many" that stands on a card, to be put into words once."""
    stamp: str
    visits: Sequence[int]


def shown_range(
    shifts: Iterable[Sequence[tuple[int, int]]], rows: Sequence[Line]
) -> tuple[int, int]:
    """Return the first and last minute shown, whole hours around all work and all visits."""
    spans = [span for spans in shifts for span in spans]
    for row in rows:
        start = row.starts_local.hour * 60 + row.starts_local.minute
        spans.append((start, start + _length(row)))
    if not spans:
        return USUAL_OPEN, USUAL_CLOSE
    opens = min(start for start, _ in spans) // 60 * 60
    closes = min(DAY_MIN, -(-max(end for _, end in spans) // 60) * 60)
    return opens, max(closes, opens + 60)


def _length(row: Line) -> int:
    """Return the minutes of a visit, up to midnight: the board ends there."""
    left = DAY_MIN - row.starts_local.hour * 60 - row.starts_local.minute
    return max(ROW_MIN, min((row.ends_at - row.starts_at) // MINUTE, left))


def has_gap(own: Sequence[tuple[int, int]], rows: int) -> bool:
    """Tell whether somebody who is there from row to row is free for a quarter of an hour."""
    ends = [0, *(end for _, end in own)]
    starts = [*(start for start, _ in own), rows]
    return any(start - end >= SLOT_ROWS for end, start in zip(ends, starts, strict=True))


def minutes_of(time: dt.time) -> int:
    """Return the minute of the day."""
    return time.hour * 60 + time.minute


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """Makes columns of rows for one actor and one view."""

    actor: Actor
    view: View
    opens: int
    is_today: bool
    own: Mapping[int, Sequence[tuple[int, int]]]
    """{visit: from row to row of its own start} of those whose practitioner is free in between."""

    def name_of(self, row: Line) -> str:
        """Return the name of the column that a visit stands in."""
        return row.practitioner if self.view is View.PRACTITIONERS else row.room

    def column(
        self,
        id_: int,
        name: str,
        lines: Sequence[Line],
        shifts: Sequence[tuple[int, int]],
        *,
        closes: int,
        begun: int,
    ) -> Column:
        tracks, placed = tracks_of(
            [self.rows_of(row) for row in lines],
            [row.status in _GONE for row in lines],
            (begun - self.opens) // ROW_MIN,
        )
        slots = self.slots(placed, lines, shifts, begun=begun)
        gaps = [slot.at for slot in slots if slot.is_gap]
        cards = [
            self.card(row, at, n, track, gaps=gaps)
            for row, (at, n, track) in zip(lines, placed, strict=True)
        ]
        rooms = [row.room for row in lines if row.status not in _GONE]
        return Column(
            id=id_,
            name=name,
            room=max(rooms, key=rooms.count) if rooms else "",
            free_min=len(slots) * SLOT_ROWS * ROW_MIN,
            tracks=tracks,
            cards=cards,
            offs=self.offs(shifts, closes),
            slots=slots,
        )

    def card(self, row: Line, at: int, n: int, track: int, *, gaps: Sequence[int]) -> Card:
        start = row.starts_local
        minute = start.hour * 60 + start.minute + n * ROW_MIN
        level, word = self.said(row)
        number, planned = row.course_number, row.sessions_planned
        return Card(
            row.id,
            row.version,
            at,
            n,
            start.strftime("%H:%M"),
            _clock(minute % DAY_MIN),
            f"{row.given_name} {row.family_name}".strip(),
            row.birth_date,
            row.service,
            (number, planned) if number and planned else None,
            row.status.value,
            level,
            word,
            self.can(row.status),
            row.practitioner,
            row.room,
            track,
            [
                (first, min(last, n) - first)
                for first, last in self.own.get(row.id, ())
                if first < n
            ],
            row.is_overbooked,
            not track and any(at <= slot < at + n for slot in gaps),
        )

    def rows_of(self, row: Line) -> tuple[int, int]:
        """Return the first row of a visit, and how many it takes."""
        at = (minutes_of(row.starts_local.time()) - self.opens) // ROW_MIN
        return at, max(1, _length(row) // ROW_MIN)

    def held(self, row: Line, at: int, n: int) -> Iterable[int]:
        """Return the rows of a column that a visit takes: those of its practitioner's own parts."""
        own = self.own.get(row.id)
        if own is None:
            return range(at, at + n)
        return [
            r for first, last in own for r in range(at + first, at + min(last, n)) if r < at + n
        ]

    def said(self, row: Line) -> tuple[str, str]:
        """Return what the check says of a visit: for the desk its one word, else a little more."""
        if row.status not in _WATCHED or row.modality is Modality.CONSULTATION:
            return "", ""
        status = reception_status(row.decision)
        if row.status is AppointmentStatus.IN_TREATMENT and status is ReceptionStatus.CLEAR:
            return "", ""  # Whoever is being treated has passed.
        if not self.actor.is_clinical:
            shown = ReceptionStatus.LATER if status is ReceptionStatus.STOP else status
            return LEVELS[shown], FOR_THE_DESK[status]
        if status is ReceptionStatus.CLEAR:
            if row.is_released:
                return "released", RELEASED
            if row.decision is Decision.WARN:
                return "caution", CAUTION
        return LEVELS[status], WORDS[status]

    def can(self, status: AppointmentStatus) -> str:
        able = []
        if status is AppointmentStatus.BOOKED and self.actor.may(Permission.APPOINTMENT_BOOK):
            able.append("move")
        if (
            self.is_today
            and status in _MAY_ARRIVE
            and self.actor.may(Permission.APPOINTMENT_CHECKIN)
        ):
            able.append("arrive")
        return " ".join(able)

    def offs(self, shifts: Sequence[tuple[int, int]], closes: int) -> list[Off]:
        found, last = [], self.opens
        for number, (start, end) in enumerate(shifts):
            if start > last:
                found.append(self.off(last, start, BREAK if number else OFF))
            last = max(last, end)
        if last < closes:
            found.append(self.off(last, closes, OFF if shifts else CLOSED))
        return found

    def off(self, start: int, end: int, why: str) -> Off:
        at = (start - self.opens) // ROW_MIN
        return Off(at, (end - start) // ROW_MIN, _clock(start), _clock(end % DAY_MIN), why)

    def slots(
        self,
        placed: Sequence[tuple[int, int, int]],
        lines: Sequence[Line],
        shifts: Sequence[tuple[int, int]],
        *,
        begun: int,
    ) -> list[Slot]:
        """Return the free quarters inside working hours that are not over yet."""
        taken: set[int] = set()
        ghosts: set[int] = set()
        alone: set[int] = set()
        beside: set[int] = set()
        for row, (at, n, track) in zip(lines, placed, strict=True):
            if row.status in _GONE:
                ghosts.update(range(at, at + n))
                continue
            taken.update(self.held(row, at, n))
            (beside if track else alone).update(range(at, at + n))
        found = []
        for start, end in shifts:
            first = -(-start // 15) * 15
            for minute in range(first, end - 14, 15):
                if minute + 15 <= begun:
                    continue
                at = (minute - self.opens) // ROW_MIN
                span = range(at, at + SLOT_ROWS)
                # Where cards stand side by side already, there is no room for one more free time.
                if taken.isdisjoint(span) and beside.isdisjoint(span):
                    track = 0 if ghosts.isdisjoint(span) else 1
                    found.append(Slot(at, _clock(minute), track, is_gap=not alone.isdisjoint(span)))
        return found
