"""What stands on a board: the views of it, the cards of visits, free times, columns.

What a role may not see never gets into a card.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from clinic.catalog.values import Modality, ResourceKind
from clinic.chart.rules.closed import DAY_MIN
from clinic.core.text import N_
from clinic.safety.rules.redaction import STATUS_NAMES as RECEPTION_NAMES
from clinic.safety.values import Decision, MissingKind, ReceptionStatus
from clinic.scheduling.rules.slots import GRID_MIN
from clinic.scheduling.values import (
    CONFIRMATION_NAMES,
    STATUS_NAMES,
    AppointmentStatus,
    Confirmation,
    Missed,
)

ROW_MIN = GRID_MIN
ROW = dt.timedelta(minutes=ROW_MIN)
SLOT_ROWS = 3
HOUR_ROWS = 12
MINUTE = dt.timedelta(minutes=1)
USUAL_OPEN, USUAL_CLOSE = 8 * 60, 18 * 60
"""Shown on a day on which the place is closed and nobody is booked."""
WORDS: dict[ReceptionStatus, str] = {
    ReceptionStatus.STOP: N_("Stop"),
    ReceptionStatus.LATER: N_("Later"),
    ReceptionStatus.REVIEW: N_("Review"),
    ReceptionStatus.QUESTIONS: N_("Questions"),
    ReceptionStatus.CLEAR: N_("Clear"),
    ReceptionStatus.NOT_CHECKED: N_("Not checked"),
}
"""What clinicians read on a card."""
FOR_THE_DESK: dict[ReceptionStatus, str] = RECEPTION_NAMES | {
    ReceptionStatus.STOP: RECEPTION_NAMES[ReceptionStatus.LATER]
}
"""What everybody else reads: what to do at the desk, no reason, no date, and not how bad it is."""
RELEASED = N_("Released")
CAUTION = N_("Caution")
SAID = ("", *WORDS.values(), *FOR_THE_DESK.values(), RELEASED, CAUTION)
"""Every word of the check that may stand on a card."""
CONSENT_CODE = "consent"
"""How the engine calls a consent that is missing."""
READY, ROOMED = "ready", "roomed"
STAGE_NAMES: dict[str, str] = {
    **{status.value: name for status, name in STATUS_NAMES.items()},
    READY: N_("Ready"),
    ROOMED: N_("In the room"),
    Confirmation.CONFIRMED.value: N_("Booked, confirmed"),
}
"""How a visit stands, finer than its status: where the patient is, and whether it is confirmed."""
HEARD_NAMES: dict[str, str] = {heard.value: name for heard, name in CONFIRMATION_NAMES.items()}


class View(StrEnum):
    """What is laid out: the columns of one day, a week of one practitioner, or a list."""

    PRACTITIONERS = "practitioners"
    ROOMS = "rooms"
    DEVICES = "devices"
    WEEK = "week"
    LIST = "list"

    @property
    def kind(self) -> ResourceKind:
        """Return what its columns belong to."""
        return {View.ROOMS: ResourceKind.ROOM, View.DEVICES: ResourceKind.DEVICE}.get(
            self, ResourceKind.PRACTITIONER
        )


class Lack(StrEnum):
    """What a visit still lacks before it can begin."""

    QUESTIONS = "questions"
    CONSENT = "consent"
    RESULTS = "results"


LACK_NAMES: dict[Lack, str] = {
    Lack.QUESTIONS: N_("Questions missing"),
    Lack.CONSENT: N_("Consent missing"),
    Lack.RESULTS: N_("Result missing"),
}
CYCLED = (View.PRACTITIONERS, View.ROOMS, View.DEVICES)
"""The views of one day in columns, in the order in which a key goes round them."""


class Line(NamedTuple):
    """One visit in the order in which it is read, nothing of its check but the cached decision.

    Asked for its columns by name, a row of the database takes fifteen times as long as this.
    """

    id: int
    version: int
    patient_id: int
    practitioner_id: int
    room_id: int
    starts_local: dt.datetime
    starts_at: dt.datetime
    ends_at: dt.datetime
    status: AppointmentStatus
    decision: Decision | None
    is_released: bool
    is_overbooked: bool
    is_late: bool
    """Whether it was entered after it took place."""
    moved: int
    """How often its time was changed, also back again."""
    confirmation: Confirmation | None
    """As far as it was said of this very start."""
    arrived_at: dt.datetime | None
    ready_at: dt.datetime | None
    roomed_at: dt.datetime | None
    left_at: dt.datetime | None
    wait_limit_min: int
    no_shows: int
    """Of its patient, within a year."""
    late: int
    """Cancelled late, of its patient, within a year."""
    own_id: int | None
    own_starts_at: dt.datetime | None
    """Of one part that its practitioner, or a device, is held for; None when nothing is."""
    own_ends_at: dt.datetime
    course_number: int | None
    given_name: str
    family_name: str
    birth_date: dt.date | None
    service: str
    modality: Modality
    sessions_planned: int | None
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
    """The name, or initials where names are hidden."""
    name: str
    """The name where the two identifiers can be asked for; else empty."""
    born: dt.date | None
    service: str
    course: tuple[int, int] | None
    """Which session of how many."""
    stage: str
    """Key of STAGE_NAMES."""
    heard: str
    """Key of HEARD_NAMES; empty while nobody asked."""
    since: dt.datetime | None
    """Since when the patient waits; None for who does not."""
    waits: int
    """Minutes of waiting."""
    limit: int
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
    is_late: bool
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
    """One practitioner, room or device on a day."""

    id: int
    name: str
    """Of whom or what it is; in a week all have the same."""
    on: dt.date
    is_today: bool
    takes: bool
    """Whether a visit can be moved here: not into days that are over, nor to who has left."""
    room: str
    """Where a practitioner works on the day, as far as the visits say."""
    free_min: int
    tracks: int
    cards: Sequence[Card]
    offs: Sequence[Off]
    slots: Sequence[Slot]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of the board, or one week of a practitioner."""

    on: dt.date
    view: View
    practitioner_id: int | None
    """Whose week it is; None for a day."""
    is_today: bool
    is_closed: bool
    open_min: int
    rows: int
    now_row: int | None
    now: str
    now_at: dt.datetime
    columns: Sequence[Column]
    cards: Sequence[Card]
    """All of a list, by time; empty where there are columns."""
    counts: Mapping[AppointmentStatus, int]
    courses: frozenset[tuple[int, int]]
    """Every "which of how many" that stands on a card, to be put into words once."""
    stamp: str
    visits: Sequence[int]
    patients: Mapping[int, int]
    """{visit: patient}."""
    missed: Mapping[int, Missed]
    """{visit: what its patient missed within a year} of those who missed something."""
    moved_from: Mapping[int, dt.datetime]
    """{visit: for when it was booked first, in wall time} of those that stand elsewhere now."""
    lacks: Mapping[int, Sequence[Lack]] = field(default_factory=dict)
    """{visit: what it lacks} of a list; without those that were never checked."""


def lacks_of(findings: Iterable[Mapping[str, Any]], *, is_clinical: bool) -> tuple[Lack, ...]:
    """Return what the kept findings of a check still ask for.

    Which results are missing is for clinicians; who signs papers in and hands the tablet out
    learns of consent and questions.
    """
    needs = [need for finding in findings for need in finding["missing"]]
    kinds = {need["kind"] for need in needs}
    is_unsigned = any(need["code"] == CONSENT_CODE for need in needs)
    has_gaps = any(
        need["kind"] == MissingKind.EVIDENCE.value and need["code"] != CONSENT_CODE
        for need in needs
    )
    found = (
        (Lack.QUESTIONS, MissingKind.QUESTION.value in kinds),
        (Lack.CONSENT, is_unsigned),
        (Lack.RESULTS, has_gaps and is_clinical),
    )
    return tuple(lack for lack, stands in found if stands)


def shown_range(
    shifts: Iterable[Sequence[tuple[int, int]]], rows: Iterable[Line]
) -> tuple[int, int]:
    """Return the first and last minute shown, whole hours around all work and all visits."""
    spans = [span for spans in shifts for span in spans]
    for row in rows:
        start = row.starts_local.hour * 60 + row.starts_local.minute
        spans.append((start, start + length_min(row)))
    if not spans:
        return USUAL_OPEN, USUAL_CLOSE
    opens = min(start for start, _ in spans) // 60 * 60
    closes = min(DAY_MIN, -(-max(end for _, end in spans) // 60) * 60)
    return opens, max(closes, opens + 60)


def length_min(row: Line) -> int:
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


def first_of(on: dt.date, view: View) -> dt.date:
    """Return the first day that is shown: of a week its Monday."""
    return on - dt.timedelta(days=on.weekday()) if view is View.WEEK else on
