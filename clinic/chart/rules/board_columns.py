"""Laying a day out: which rows a visit takes, who stands beside whom, what is free between."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from clinic.catalog.values import Modality
from clinic.chart.rules.board import (
    CAUTION,
    FOR_THE_DESK,
    MINUTE,
    READY,
    RELEASED,
    ROOMED,
    ROW_MIN,
    SLOT_ROWS,
    WORDS,
    Card,
    Column,
    Line,
    Off,
    Slot,
    View,
    length_min,
    minutes_of,
)
from clinic.chart.rules.closed import CLOSED, DAY_MIN, Blocked, stretches, without
from clinic.chart.rules.tracks import tracks_of
from clinic.core.access import Actor, Permission
from clinic.patients.values import initials_of
from clinic.safety.values import Decision, ReceptionStatus
from clinic.scheduling.rules.checks import LEVELS, reception_status
from clinic.scheduling.rules.states import NO_SHOW_AFTER
from clinic.scheduling.values import AppointmentStatus, Confirmation

_WATCHED = frozenset(
    {AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED, AppointmentStatus.IN_TREATMENT}
)
_GONE = frozenset({AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW})
_MAY_ARRIVE = frozenset({AppointmentStatus.BOOKED, AppointmentStatus.NO_SHOW})


@cache
def clock_of(minute: int) -> str:
    """Write a minute of the day as 09:05."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """Makes columns of rows for one actor, one view and one day."""

    actor: Actor
    view: View
    opens: int
    on: dt.date
    begun: int
    """How many minutes of the day are over."""
    now: dt.datetime
    is_today: bool
    hides_names: bool = False
    own: Mapping[int, Sequence[tuple[int, int]]]
    """{visit: from row to row of its own start} of those whose practitioner is free in between."""
    _able: dict[tuple[object, ...], str] = field(default_factory=dict)

    def column(
        self,
        id_: int,
        name: str,
        lines: Sequence[Line],
        shifts: Sequence[tuple[int, int]],
        *,
        blocked: Sequence[Blocked] = (),
        shut: str = CLOSED,
        closes: int,
        takes: bool = True,
    ) -> Column:
        """Lay out one column; its lines by time, its shifts from minute to minute."""
        tracks, placed = tracks_of(
            [self.rows_of(row) for row in lines],
            [row.status in _GONE for row in lines],
            (self.begun - self.opens) // ROW_MIN,
        )
        slots = self.slots(placed, lines, without(shifts, blocked))
        gaps = [slot.at for slot in slots if slot.is_gap]
        cards = [
            self.card(row, at, n, track, gaps=gaps)
            for row, (at, n, track) in zip(lines, placed, strict=True)
        ]
        rooms = [row.room for row in lines if row.status not in _GONE]
        return Column(
            id=id_,
            name=name,
            on=self.on,
            is_today=self.is_today,
            takes=takes and self.begun < DAY_MIN,
            room=max(rooms, key=rooms.count) if rooms else "",
            free_min=len(slots) * SLOT_ROWS * ROW_MIN,
            tracks=tracks,
            cards=cards,
            offs=[
                self.off(*stretch)
                for stretch in stretches(
                    shifts, blocked, opens=self.opens, closes=closes, shut=shut
                )
            ],
            slots=slots,
        )

    def card(self, row: Line, at: int, n: int, track: int = 0, *, gaps: Sequence[int] = ()) -> Card:
        """Make the card of a visit in its place."""
        level, word = self.said(row)
        number, planned = row.course_number, row.sessions_planned
        name = f"{row.given_name} {row.family_name}".strip()
        first = self.opens + at * ROW_MIN
        can = self.can(row)
        since = row.arrived_at if self.waits(row) else None
        heard = row.confirmation if row.status is AppointmentStatus.BOOKED else None
        return Card(
            row.id,
            row.version,
            at,
            n,
            clock_of(first),
            clock_of((first + n * ROW_MIN) % DAY_MIN),
            initials_of(row.given_name, row.family_name) if self.hides_names else name,
            name if "arrive" in can else "",
            row.birth_date,
            row.service,
            (number, planned) if number and planned else None,
            self.stage(row),
            heard.value if heard else "",
            since,
            max(0, (self.now - since) // MINUTE) if since else 0,
            row.wait_limit_min,
            level,
            word,
            can,
            row.practitioner,
            row.room,
            track,
            [
                (first, min(last, n) - first)
                for first, last in self.own.get(row.id, ())
                if first < n
            ],
            row.is_overbooked,
            row.is_late,
            not track and any(at <= slot < at + n for slot in gaps),
        )

    def rows_of(self, row: Line) -> tuple[int, int]:
        """Return the first row of a visit, and how many it takes; of a device, its own part."""
        minute, length = minutes_of(row.starts_local.time()), length_min(row)
        if self.view is View.DEVICES and row.own_starts_at is not None:
            minute += (row.own_starts_at - row.starts_at) // MINUTE
            length = (row.own_ends_at - row.own_starts_at) // MINUTE
        return (minute - self.opens) // ROW_MIN, max(1, length // ROW_MIN)

    def waits(self, row: Line) -> bool:
        """Tell whether a patient sits and waits: arrived today, and in no room yet."""
        return (
            self.is_today
            and row.status is AppointmentStatus.ARRIVED
            and row.arrived_at is not None
            and row.roomed_at is None
        )

    def stage(self, row: Line) -> str:
        """Return how a visit stands: where the patient is, or whether the visit is confirmed."""
        if row.status is AppointmentStatus.ARRIVED:
            if row.roomed_at is not None:
                return ROOMED
            return READY if row.ready_at is not None else row.status.value
        if row.status is AppointmentStatus.BOOKED and row.confirmation is Confirmation.CONFIRMED:
            return row.confirmation.value
        return row.status.value

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

    def can(self, row: Line) -> str:
        """Return what this actor may do to a card, in words that the page's script knows."""
        key = (
            row.status,
            row.ready_at is None,
            row.roomed_at is None,
            row.left_at is None,
            self.is_missed(row),
        )
        if key not in self._able:
            self._able[key] = " ".join(self._verbs(row))
        return self._able[key]

    def is_missed(self, row: Line) -> bool:
        """Tell whether it is so late that nobody will come any more."""
        is_late = self.now >= row.starts_at + NO_SHOW_AFTER
        return is_late and row.status is AppointmentStatus.BOOKED

    def _verbs(self, row: Line) -> Iterable[str]:
        status, may = row.status, self.actor.may
        if status is AppointmentStatus.BOOKED and may(Permission.APPOINTMENT_BOOK):
            yield "move"
        if may(Permission.APPOINTMENT_CHECKIN):
            if self.is_today and status in _MAY_ARRIVE:
                yield "arrive"
            if status is AppointmentStatus.BOOKED:
                yield "confirm"
            if self.is_missed(row):
                yield "no_show"
            if status is AppointmentStatus.ARRIVED:
                yield from ("ready",) if row.ready_at is None else ()
                yield from ("room",) if row.roomed_at is None else ()
            if self.is_today and status is AppointmentStatus.DONE and row.left_at is None:
                yield "leave"
        if may(Permission.SESSION_LOG):
            if status is AppointmentStatus.ARRIVED:
                yield "start"
            if status is AppointmentStatus.IN_TREATMENT:
                yield "finish"

    def off(self, start: int, end: int, why: str) -> Off:
        """Return one shaded time, from minute to minute."""
        at = (start - self.opens) // ROW_MIN
        return Off(at, (end - start) // ROW_MIN, clock_of(start), clock_of(end % DAY_MIN), why)

    def slots(
        self,
        placed: Sequence[tuple[int, int, int]],
        lines: Sequence[Line],
        shifts: Sequence[tuple[int, int]],
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
                if minute + 15 <= self.begun:
                    continue
                at = (minute - self.opens) // ROW_MIN
                span = range(at, at + SLOT_ROWS)
                # Where cards stand side by side already, there is no room for one more free time.
                if taken.isdisjoint(span) and beside.isdisjoint(span):
                    track = 0 if ghosts.isdisjoint(span) else 1
                    gap = not alone.isdisjoint(span)
                    found.append(Slot(at, clock_of(minute), track, is_gap=gap))
        return found
