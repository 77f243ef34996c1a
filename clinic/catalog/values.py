"""Services, products and lots as words."""

from dataclasses import dataclass
from enum import StrEnum

from clinic.core.text import N_


class Modality(StrEnum):
    """What kind of visit a service is."""

    PRP = "prp"
    MESOTHERAPY = "mesotherapy"
    CONSULTATION = "consultation"

    @property
    def is_treatment(self) -> bool:
        """Tell whether something is injected."""
        return self is not Modality.CONSULTATION


MODALITY_NAMES: dict[Modality, str] = {
    Modality.PRP: N_("PRP"),
    Modality.MESOTHERAPY: N_("Mesotherapy"),
    Modality.CONSULTATION: N_("Consultation"),
}


class ResourceKind(StrEnum):
    """What a visit can hold: a person, a room, a device."""

    PRACTITIONER = "practitioner"
    ROOM = "room"
    DEVICE = "device"


class ProductKind(StrEnum):
    """What a product is for."""

    DRUG = "drug"
    ANAESTHETIC = "anaesthetic"
    KIT = "kit"
    DILUENT = "diluent"
    COSMETIC = "cosmetic"


class LotState(StrEnum):
    """Whether a lot may be used."""

    OK = "ok"
    QUARANTINE = "quarantine"
    RECALLED = "recalled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One part of a service that holds a resource: minutes from the start, and how long."""

    seq: int
    kind: ResourceKind
    device_type: str
    offset_min: int
    length_min: int
