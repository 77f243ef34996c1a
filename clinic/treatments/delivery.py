"""How a point was given, as words; and the area of a zone, as somebody measured it."""

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
