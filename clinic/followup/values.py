"""Calls and side effects as words."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from clinic.core.text import N_
from clinic.core.zones import Zone


class SideEffectKind(StrEnum):
    """What happened (clinical.md section 5); the CTCAE term and its grades are data in rules."""

    BRUISING = "bruising"
    HAEMATOMA = "haematoma"
    INJECTION_SITE = "injection_site"
    SCALP_PAIN = "scalp_pain"
    HEADACHE = "headache"
    NERVE = "nerve"
    DIZZY = "dizzy"
    VASOVAGAL = "vasovagal"
    OEDEMA_FRONTAL = "oedema_frontal"
    ALLERGIC = "allergic"
    ANAPHYLAXIS = "anaphylaxis"
    INFECTION = "infection"
    FOLLICULITIS = "folliculitis"
    ABSCESS = "abscess"
    SUSPECTED_NTM = "suspected_ntm"
    NECROSIS = "necrosis"
    SHEDDING = "shedding"
    PARADOX_ALOPECIA = "paradox_alopecia"
    GRANULOMA = "granuloma"
    SYSTEMIC_DRUG = "systemic_drug"
    LA_TOXICITY = "la_toxicity"
    EXPOSURE_MIXUP = "exposure_mixup"


FIRST_DAY, ON_DAY, EXTRA = N_("24 to 48 hours"), N_("Day %(n)s"), N_("Extra call")
LATE_FROM = 14
"""Day from which a call asks first for what begins late: lumps, drainage, bald patches."""


class CallResult(StrEnum):
    """How a call went."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"
    LEFT_MESSAGE = "left_message"


CALL_RESULT_NAMES: dict[CallResult, str] = {
    CallResult.REACHED: N_("Reached"),
    CallResult.NO_ANSWER: N_("No answer"),
    CallResult.WRONG_NUMBER: N_("Wrong number"),
    CallResult.LEFT_MESSAGE: N_("Left a message"),
}


class Outcome(StrEnum):
    """How a side effect stands (FHIR AdverseEvent.outcome)."""

    OPEN = "open"
    RESOLVING = "resolving"
    RESOLVED = "resolved"
    RESOLVED_SEQUELAE = "resolved_sequelae"
    NOT_RESOLVED = "not_resolved"


OUTCOME_NAMES: dict[Outcome, str] = {
    Outcome.OPEN: N_("Open"),
    Outcome.RESOLVING: N_("Getting better"),
    Outcome.RESOLVED: N_("Resolved"),
    Outcome.RESOLVED_SEQUELAE: N_("Resolved, something remains"),
    Outcome.NOT_RESOLVED: N_("Not resolved"),
}


class Urgency(StrEnum):
    """How fast somebody must act."""

    EMERGENCY = "emergency"
    SAME_DAY = "same_day"
    ROUTINE = "routine"


URGENCY_NAMES: dict[Urgency, str] = {
    Urgency.EMERGENCY: N_("Emergency"),
    Urgency.SAME_DAY: N_("Physician today"),
    Urgency.ROUTINE: N_("Usual course"),
}


ACTIONS = {
    "stopped": N_("Injections stopped"),
    "laid_flat": N_("Laid flat, legs up"),
    "vitals": N_("Pulse and blood pressure taken"),
    "oxygen": N_("Oxygen given"),
    "medicine": N_("Emergency medicine given"),
    "physician": N_("Physician called"),
    "emergency": N_("Emergency number called"),
}
"""What is done at once about a reaction in a session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCall:
    """Log one call after a session."""

    session_id: int
    day: int | None
    """Which of the service's calls, by its day; None for an extra one."""
    result: CallResult
    pain: int | None
    note: str
    red_flags: tuple[str, ...]
    form_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSideEffect:
    """Report a side effect of a session."""

    session_id: int
    kind: SideEffectKind
    grade: int
    is_serious: bool
    zone: Zone | None
    onset_on: dt.date
    description: str
    red_flags: tuple[str, ...]
    form_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactNow:
    """Keep that a reaction has begun, now."""

    session_id: int
    kind: SideEffectKind
    form_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteActions:
    """Add what was done about a reaction."""

    side_effect_id: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSideEffect:
    """A physician has looked at a side effect, seen at `version`."""

    side_effect_id: int
    version: int
    grade: int
    outcome: Outcome
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSideEffect:
    """A physician closes a side effect, seen at `version`."""

    side_effect_id: int
    version: int
    outcome: Outcome
    resolved_on: dt.date | None
    note: str
