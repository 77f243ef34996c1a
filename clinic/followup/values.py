"""Calls and side effects as words."""

from enum import StrEnum

from clinic.core.text import N_


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


class CallKind(StrEnum):
    """Which contact after a session this is."""

    DAY_1 = "day_1"
    DAY_7 = "day_7"
    EXTRA = "extra"


CALL_NAMES: dict[CallKind, str] = {
    CallKind.DAY_1: N_("24 to 48 hours"),
    CallKind.DAY_7: N_("Day 7"),
    CallKind.EXTRA: N_("Extra call"),
}


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
