"""What the pages about rules show: rules as they stand, their versions, what would change."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from clinic.core.text import N_
from clinic.core.zones import Zone
from clinic.safety.values import Decision


class Aspect(StrEnum):
    """What of a rule differs between two versions."""

    SWITCH = "switch"
    NUMBER = "number"
    CONFIDENCE = "confidence"
    """The same number, better or worse founded than before."""
    DECISION = "decision"
    """Of a case; its name is the case's wording."""
    WORDING = "wording"
    REST = "rest"
    """What it looks at, for whom, its sources: comes with the program only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that differs, as plain texts; empty where one side does not have it."""

    aspect: Aspect
    name: str
    before: str
    after: str
    unit: str


WORDING_NAMES: dict[str, str] = {
    "name": N_("Name"),
    "clears": N_("What clears it"),
    "anchor": N_("Counts from"),
    "physician_unknown": N_("When it is not known"),
    "physician": N_("What clinicians read"),
    "physician_open": N_("What clinicians read while no end is known"),
    "reception": N_("What reception reads"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who approved, and when: never the one without the other."""

    number: int
    by: str
    at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One rule that awaits approval."""

    code: str
    name: str
    version: int
    """Of what would act; of what acts, where the rule goes."""
    is_new: bool
    is_dropped: bool
    is_own: bool
    is_behind: bool
    """Made from an older release of the rule than this one."""
    differences: tuple[Difference, ...]
    """Empty for a rule that is new or goes."""
    reason: str
    drafted_by: str
    """Empty: it comes with the release."""
    drafted_at: dt.datetime | None
    seen: str
    """What a page showed of it: given back when the draft is withdrawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastVersion:
    """One version of a rule that was kept."""

    version: int
    is_on: bool
    is_in_force: bool
    is_waiting: bool
    drafted_by: str
    """Empty: as released."""
    reason: str
    at: dt.datetime
    approved: Signature | None
    """The first approval that it was in."""
    differences: tuple[Difference, ...]
    """From the version kept before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One finding without its facts: which rule, what it asks for, and where."""

    code: str
    name: str
    decision: Decision
    zone: Zone | None
    ingredient: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """How one visit would turn under other rules."""

    before: Decision | None
    """None: not checked."""
    after: Decision | None
    gone: tuple[Sign, ...]
    come: tuple[Sign, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How many visits would turn from one decision to another; the same: only findings differ."""

    before: Decision | None
    after: Decision | None
    visits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a trial: the coming visits, or a month."""

    key: str
    """ "coming", or year and month such as 2026-11."""
    first: dt.date
    until: dt.date | None
    """The day after the last; None: all that is to come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the coming visits are checked again after an approval."""

    all: int
    done: int
    after: int
    """The highest id of those that are done; 0 for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnedVisit:
    """One visit that would turn, with whose it is: for clinicians."""

    id: int
    patient_id: int
    patient: str
    starts_local: dt.datetime
    turn: Turn
    loses_release: bool
    """A finding of a rule that differs was released for it: it would have to be decided again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartResult:
    """What a trial found in one part."""

    key: str
    looked_at: int
    shifts: tuple[Shift, ...]
    visits: tuple[TurnedVisit, ...]
    """The first of them, by time; none for who is no clinician."""
    more: int
    """How many there are beyond those."""
    releases: int
    """Coming visits with a release of a rule that differs."""

    @property
    def turned(self) -> int:
        """Return how many visits would turn."""
        return sum(shift.visits for shift in self.shifts)
