"""A session's record as words and commands."""

from enum import StrEnum

from clinic.core.text import N_


class SessionState(StrEnum):
    """Whether a record can still be written."""

    DRAFT = "draft"
    SIGNED = "signed"


class Anticoagulant(StrEnum):
    """What keeps the drawn blood from clotting."""

    ACD_A = "acd_a"
    CITRATE = "citrate"
    EDTA = "edta"
    NONE = "none"


ANTICOAGULANT_NAMES: dict[Anticoagulant, str] = {
    Anticoagulant.ACD_A: N_("ACD-A"),
    Anticoagulant.CITRATE: N_("Sodium citrate 3.2 %"),
    Anticoagulant.EDTA: N_("EDTA"),
    Anticoagulant.NONE: N_("None"),
}


class LotRole(StrEnum):
    """What a lot was used for in a session."""

    ACTIVE = "active"
    ANAESTHETIC = "anaesthetic"
    KIT = "kit"
    DILUENT = "diluent"


class View(StrEnum):
    """Which drawing of the head a point was set on."""

    TOP = "top"
    FRONT = "front"
    LEFT = "left"
    RIGHT = "right"
    BACK = "back"
