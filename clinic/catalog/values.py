"""Services, products and lots as words, values and commands."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

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
    NURSE = "nurse"
    """Who helps with a part of a visit; the visit itself stands in its practitioner's column."""
    ROOM = "room"
    DEVICE = "device"

    @property
    def is_person(self) -> bool:
        """Tell whether somebody who signs in can stand behind it."""
        return self in {ResourceKind.PRACTITIONER, ResourceKind.NURSE}


KIND_NAMES: dict[ResourceKind, str] = {
    ResourceKind.PRACTITIONER: N_("Practitioner"),
    ResourceKind.NURSE: N_("Nurse"),
    ResourceKind.ROOM: N_("Room"),
    ResourceKind.DEVICE: N_("Device"),
}
CENTRIFUGE = "centrifuge"
DEVICE_NAMES: dict[str, str] = {CENTRIFUGE: N_("Centrifuge")}
"""Device types that services name."""


class ProductKind(StrEnum):
    """What a product is for."""

    DRUG = "drug"
    ANAESTHETIC = "anaesthetic"
    KIT = "kit"
    DILUENT = "diluent"
    COSMETIC = "cosmetic"


PRODUCT_KIND_NAMES: dict[ProductKind, str] = {
    ProductKind.KIT: N_("Blood kit or tube"),
    ProductKind.DRUG: N_("Active ingredient"),
    ProductKind.ANAESTHETIC: N_("Local anaesthetic"),
    ProductKind.DILUENT: N_("Diluent"),
    ProductKind.COSMETIC: N_("Cosmetic (never injected)"),
}
"""In the order in which they are shown."""


class RegulatoryClass(StrEnum):
    """What the law takes a product for, as its pack or its certificate says."""

    UNSTATED = "unstated"
    MEDICINE = "medicine"
    COMPOUNDED = "compounded"
    DEVICE_I = "device_1"
    DEVICE_IIA = "device_2a"
    DEVICE_IIB = "device_2b"
    DEVICE_III = "device_3"
    COSMETIC = "cosmetic"


CLASS_NAMES: dict[RegulatoryClass, str] = {
    RegulatoryClass.UNSTATED: N_("Not stated"),
    RegulatoryClass.MEDICINE: N_("Medicinal product"),
    RegulatoryClass.COMPOUNDED: N_("Made by a pharmacy"),
    RegulatoryClass.DEVICE_I: N_("Medical device, class I"),
    RegulatoryClass.DEVICE_IIA: N_("Medical device, class IIa"),
    RegulatoryClass.DEVICE_IIB: N_("Medical device, class IIb"),
    RegulatoryClass.DEVICE_III: N_("Medical device, class III"),
    RegulatoryClass.COSMETIC: N_("Cosmetic"),
}


class StockUnit(StrEnum):
    """What a product is counted in; amounts are kept in its thousandths."""

    ML = "ml"
    PIECE = "piece"


UNIT_NAMES: dict[StockUnit, str] = {
    StockUnit.ML: N_("Millilitres"),
    StockUnit.PIECE: N_("Pieces"),
}


class LotState(StrEnum):
    """Whether a lot may be used."""

    OK = "ok"
    QUARANTINE = "quarantine"
    RECALLED = "recalled"


LOT_STATE_NAMES: dict[LotState, str] = {
    LotState.OK: N_("In use"),
    LotState.QUARANTINE: N_("In quarantine"),
    LotState.RECALLED: N_("Recalled"),
}


class Unusable(StrEnum):
    """Why a lot must not be used."""

    COSMETIC = "cosmetic"
    NOT_INJECTABLE = "not_injectable"
    RECALLED = "recalled"
    QUARANTINED = "quarantined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    EMPTY = "empty"
    USED_ON_ANOTHER = "used_on_another"
    OPEN_TOO_LONG = "open_too_long"
    UNSIGNED = "unsigned"
    DISCARDED = "discarded"


UNUSABLE_WORDS: dict[Unusable, str] = {
    Unusable.COSMETIC: N_("cosmetic: must never be injected"),
    Unusable.NOT_INJECTABLE: N_("not made for injection"),
    Unusable.RECALLED: N_("recalled"),
    Unusable.QUARANTINED: N_("in quarantine"),
    Unusable.EXPIRED: N_("expired"),
    Unusable.WITHDRAWN: N_("no longer used here"),
    Unusable.EMPTY: N_("used up"),
    Unusable.USED_ON_ANOTHER: N_("a vial for one patient, used for another"),
    Unusable.OPEN_TOO_LONG: N_("opened too long ago"),
    Unusable.UNSIGNED: N_("in a session that is not signed"),
    Unusable.DISCARDED: N_("thrown away, or empty"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One part of a service that holds a resource: minutes from the start, and how long."""

    seq: int
    kind: ResourceKind
    device_type: str
    offset_min: int
    length_min: int


GRID_MIN, LONGEST_MIN = 5, 480
"""Parts of services stand on five minutes; no visit is longer than eight hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepService:
    """A service as the administrator wants it: what it is called, and what it holds when."""

    name: str
    course: "CoursePattern"
    segments: tuple[Segment, ...]
    ingredients: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class CoursePattern:
    """What a course of a service is: how many sessions, how far apart, and a booster perhaps."""

    sessions: int
    """Without the booster."""
    interval_days: int
    tolerance_days: int
    least_days: int
    """No two sessions are planned closer than this."""
    booster_days: int | None = None
    """From the last session to the booster; None is no booster."""

    @property
    def total(self) -> int:
        """Return how many sessions there are with the booster."""
        return self.sessions + (self.booster_days is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddService:
    """Put a service on the clinic's list."""

    modality: Modality
    service: KeepService


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeService:
    """Change a service, seen at `version`, or put it out of use; its modality stays."""

    service_id: int
    version: int
    is_active: bool
    service: KeepService


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One part of a service as its picture shows it: what is held, from minute to minute."""

    kind: ResourceKind
    device_type: str
    begins: int
    ends: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCard:
    """One service of the list."""

    id: int
    version: int
    name: str
    modality: Modality
    duration_min: int
    course: CoursePattern
    shipped_with: str
    """Sources of the course as it was shipped; empty once the clinic has set its own."""
    ingredients: tuple[str, ...]
    is_active: bool
    segments: tuple[Segment, ...]
    bars: tuple[Bar, ...]


class AnyLot(Protocol):
    """What decides about a lot; a row and a plain value both fit."""

    @property
    def expires_on(self) -> dt.date:
        """The day printed on the pack."""

    @property
    def state(self) -> LotState:
        """Whether somebody stopped it."""


class AnyProduct(Protocol):
    """What decides about a product; a row and a plain value both fit."""

    @property
    def kind(self) -> ProductKind:
        """What it is for."""

    @property
    def regulatory_class(self) -> RegulatoryClass:
        """What the law takes it for."""

    @property
    def is_injectable(self) -> bool:
        """Whether it is made for injection."""

    @property
    def is_active(self) -> bool:
        """Whether the clinic still uses it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenVial:
    """A vial that was opened and kept: until when it may be used, and why not."""

    id: int | None
    """None: the session that opened it is not signed yet, and nobody else can choose it."""
    opened_at: dt.datetime
    until: dt.datetime
    unusable: Unusable | None = None
    """What stands against its lot stands against it, too."""
    by: str = ""
    """Whose unsigned session opened it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LotChoice:
    """One lot as it is offered in a session: what it is, and why not, where it must not be used."""

    id: int
    product_id: int
    product_name: str
    kind: ProductKind
    ingredient: str
    strength_ug_per_ml: int | None
    has_adrenaline: bool
    lot_no: str
    expires_on: dt.date
    state: LotState
    state_reason: str
    version: int
    unusable: Unusable | None
    """None: it may be used on the day that was asked about."""
    gtins: tuple[str, ...] = ()
    """Numbers in the barcodes of its packages."""
    regulatory_class: RegulatoryClass = RegulatoryClass.UNSTATED
    unit: StockUnit = StockUnit.ML
    level_milli: int | None = None
    """What is left at the place that was asked about; None: it was never counted there."""
    open_hours: int | None = None
    leaflet_ul: int | None = None
    vials: tuple[OpenVial, ...] = ()

    @property
    def is_offered(self) -> bool:
        """Tell whether something of it may be used: a new piece, or a vial that is open."""
        return self.unusable is None or self.open_vial is not None

    @property
    def open_vial(self) -> OpenVial | None:
        """Return the vial of it that is open and to be used first; None without one."""
        return next((vial for vial in self.vials if vial.unusable is None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenLot:
    """One lot chosen for a session, with what stands against it."""

    ingredient: str
    """As the plan names it; the product's name where it has no ingredient of the list."""
    unusable: Unusable | None = None
    opened_on: dt.date | None = None


INGREDIENTS: dict[str, str] = {
    "lidocaine": N_("Lidocaine"),
    "procaine": N_("Procaine"),
    "dutasteride": N_("Dutasteride"),
    "finasteride": N_("Finasteride"),
    "minoxidil": N_("Minoxidil"),
    "biotin": N_("Biotin"),
    "dexpanthenol": N_("Dexpanthenol"),
    "vitamins": N_("B or C vitamins"),
    "zinc": N_("Zinc"),
    "peptides": N_("Peptides"),
    "hyaluronic_acid": N_("Hyaluronic acid"),
    "calcium": N_("Calcium"),
    "thrombin": N_("Thrombin"),
    "citrate": N_("Citrate"),
}
"""Slugs of active ingredients that limits, allergies and other rules know by name."""
