"""How the points were given, as words; and the area of a zone, as somebody measured it."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from clinic.core.text import N_
from clinic.core.zones import Zone


class Technique(StrEnum):
    """How the needle was led (clinical.md 2A, 2C)."""

    POINT_BY_POINT = "point_by_point"
    NAPPAGE = "nappage"
    RETROGRADE_LINEAR = "retrograde_linear"
    SUBDERMAL_BOLUS = "subdermal_bolus"
    PAPULE = "papule"
    MICRONEEDLING = "microneedling"


TECHNIQUE_NAMES: dict[Technique, str] = {
    Technique.POINT_BY_POINT: N_("Point by point"),
    Technique.NAPPAGE: N_("Nappage"),
    Technique.RETROGRADE_LINEAR: N_("Retrograde linear"),
    Technique.SUBDERMAL_BOLUS: N_("Subdermal bolus"),
    Technique.PAPULE: N_("Papule"),
    Technique.MICRONEEDLING: N_("Microneedling"),
}


class Device(StrEnum):
    """What the needle sits on (clinical.md 3)."""

    SYRINGE = "syringe"
    GUN = "gun"
    NEEDLING_DEVICE = "needling_device"


DEVICE_NAMES: dict[Device, str] = {
    Device.SYRINGE: N_("Syringe"),
    Device.GUN: N_("Mesotherapy gun"),
    Device.NEEDLING_DEVICE: N_("Microneedling device"),
}


class Guidance(StrEnum):
    """Whether the needle was led by a picture."""

    NONE = "none"
    TRICHOSCOPY = "trichoscopy"
    ULTRASOUND = "ultrasound"


GUIDANCE_NAMES: dict[Guidance, str] = {
    Guidance.NONE: N_("None"),
    Guidance.TRICHOSCOPY: N_("Trichoscopy"),
    Guidance.ULTRASOUND: N_("Ultrasound"),
}


class Anaesthesia(StrEnum):
    """What made the injections hurt less; several may be used together."""

    NONE = "none"
    TOPICAL = "topical"
    RING_BLOCK = "ring_block"
    NERVE_BLOCK = "nerve_block"
    VIBRATION = "vibration"
    COOLING = "cooling"

    @property
    def is_drug(self) -> bool:
        """Tell whether a local anaesthetic is given, so that its lot belongs to the record."""
        return self in {Anaesthesia.TOPICAL, Anaesthesia.RING_BLOCK, Anaesthesia.NERVE_BLOCK}


ANAESTHESIA_NAMES: dict[Anaesthesia, str] = {
    Anaesthesia.NONE: N_("None"),
    Anaesthesia.TOPICAL: N_("Topical"),
    Anaesthesia.RING_BLOCK: N_("Ring block"),
    Anaesthesia.NERVE_BLOCK: N_("Nerve block"),
    Anaesthesia.VIBRATION: N_("Vibration"),
    Anaesthesia.COOLING: N_("Cooling"),
}


class Antisepsis(StrEnum):
    """What the skin was cleaned with."""

    NONE = "none"
    ALCOHOL = "alcohol"
    CHLORHEXIDINE = "chlorhexidine"
    CHLORHEXIDINE_ALCOHOL = "chlorhexidine_alcohol"
    OCTENIDINE = "octenidine"
    POVIDONE_IODINE = "povidone_iodine"
    HYPOCHLOROUS = "hypochlorous"

    @property
    def ingredient(self) -> str:
        """Return the slug by which an allergy knows it; empty where none does."""
        return "chlorhexidine" if self.value.startswith("chlorhexidine") else ""


ANTISEPSIS_NAMES: dict[Antisepsis, str] = {
    Antisepsis.NONE: N_("None"),
    Antisepsis.ALCOHOL: N_("Alcohol 70 %"),
    Antisepsis.CHLORHEXIDINE: N_("Chlorhexidine in water"),
    Antisepsis.CHLORHEXIDINE_ALCOHOL: N_("Chlorhexidine in alcohol"),
    Antisepsis.OCTENIDINE: N_("Octenidine"),
    Antisepsis.POVIDONE_IODINE: N_("Povidone-iodine"),
    Antisepsis.HYPOCHLOROUS: N_("Hypochlorous acid"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """The area of a zone: of one patient, or of the clinic's own table."""

    id: int
    zone: Zone
    area_mm2: int
    measured_on: dt.date
    by: str
    is_patients: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureZones:
    """Note areas, {zone: mm²}; without a patient they are the clinic's own table."""

    patient_id: int | None
    measured_on: dt.date
    areas: tuple[tuple[Zone, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneDose:
    """What the protocol of a service gives a zone by one tap, and the range that is usual there."""

    zone: Zone
    points: int
    each_ul: int
    depth_um: int
    needle_gauge: int
    needle_um: int | None
    technique: Technique | None
    least_ul: int | None = None
    most_ul: int | None = None
    """Of the whole zone in a session; None: the clinic has set no range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepProtocol:
    """The protocol of a service as the administrator wants it, seen at `version` of the service.

    Without a dose the service goes back to what is shipped.
    """

    service_id: int
    version: int
    doses: tuple[ZoneDose, ...]
