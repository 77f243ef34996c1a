"""Photographs as words and commands: views, conditions, what a picture may be used for."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from clinic.consents.values import Scope
from clinic.core.text import N_
from clinic.core.zones import Zone


class PhotographView(StrEnum):
    """From where the head is seen; left and right are the patient's own (clinical.md 4)."""

    FRONT = "front"
    FRONT_PULLED_BACK = "front_pulled_back"
    VERTEX = "vertex"
    MIDLINE = "midline"
    TEMPLE_L = "temple_l"
    TEMPLE_R = "temple_r"
    OCCIPITAL = "occipital"
    TRICHOSCOPY = "trichoscopy"


VIEW_NAMES: dict[PhotographView, str] = {
    PhotographView.FRONT: N_("Front"),
    PhotographView.FRONT_PULLED_BACK: N_("Front, hair pulled back"),
    PhotographView.VERTEX: N_("Vertex from above"),
    PhotographView.MIDLINE: N_("Midline parting"),
    PhotographView.TEMPLE_L: N_("Left temple"),
    PhotographView.TEMPLE_R: N_("Right temple"),
    PhotographView.OCCIPITAL: N_("Back of the head"),
    PhotographView.TRICHOSCOPY: N_("Trichoscopy"),
}


class Hair(StrEnum):
    """How the hair is."""

    DRY = "dry"
    WET = "wet"


HAIR_NAMES: dict[Hair, str] = {Hair.DRY: N_("Dry"), Hair.WET: N_("Wet")}


class Parting(StrEnum):
    """Where the hair is parted."""

    NONE = "none"
    CENTRE = "centre"
    LEFT = "left"
    RIGHT = "right"


PARTING_NAMES: dict[Parting, str] = {
    Parting.NONE: N_("As it falls"),
    Parting.CENTRE: N_("Centre"),
    Parting.LEFT: N_("Patient’s left"),
    Parting.RIGHT: N_("Patient’s right"),
}


class Light(StrEnum):
    """What lights the picture."""

    ROOM = "room"
    RING = "ring"
    FLASH = "flash"
    DAYLIGHT = "daylight"
    POLARISED = "polarised"


LIGHT_NAMES: dict[Light, str] = {
    Light.ROOM: N_("Room light"),
    Light.RING: N_("Ring light"),
    Light.FLASH: N_("Flash"),
    Light.DAYLIGHT: N_("Daylight"),
    Light.POLARISED: N_("Polarised"),
}


USE_NAMES: dict[Scope, str] = {
    Scope.PHOTO_RECORD: N_("Medical record"),
    Scope.PHOTO_TEACHING: N_("Teaching"),
    Scope.PHOTO_PUBLICATION: N_("Publication"),
}
"""What a picture may be used for; the record is what every picture is taken for."""


class PhotographState(StrEnum):
    """Whether a picture is kept."""

    KEPT = "kept"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """How a picture was taken: what must be the same for two of them to be compared."""

    hair: Hair
    parting: Parting
    light: Light
    distance_cm: int | None = None
    magnification: int | None = None
    """Of trichoscopy."""
    has_product: bool = False
    """Fibres, spray or gel in the hair."""
    is_fixed: bool = False
    """Chin and forehead rested on something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What is said of one or several pictures of one view."""

    view: PhotographView
    zone: Zone | None
    taken_local: dt.datetime
    """Wall time of the clinic."""
    conditions: Conditions
    uses: frozenset[Scope]
    """Beside the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepPhotograph:
    """Keep one picture whose files are written already."""

    patient_id: int
    appointment_id: int | None
    described: Described
    storage_key: str
    sha256: str
    width: int
    height: int
    size: int
    """Bytes of all its files."""
    form_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePhotograph:
    """Say something else of a picture, as seen at a version."""

    patient_id: int
    key: str
    version: int
    described: Described


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovePhotograph:
    """Take a picture out of the record, with the reason."""

    patient_id: int
    key: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One photograph as it is shown, without its picture."""

    id: int
    key: str
    """The random name that addresses know it by."""
    view: PhotographView
    zone: Zone | None
    taken_at: dt.datetime
    taken_by: str
    conditions: Conditions
    uses: frozenset[Scope]
    """What it may be used for as the picture itself goes; the patient's consent comes on top."""
    state: PhotographState
    version: int
    width: int
    height: int
    storage_key: str
    appointment_id: int | None = None
    removed_at: dt.datetime | None = None
    removed_by: str = ""
    removed_reason: str = ""

    @property
    def is_kept(self) -> bool:
        """Tell whether it was not removed."""
        return self.state is PhotographState.KEPT

    @property
    def place(self) -> tuple[PhotographView, Zone | None]:
        """Return what it shows: only pictures of one place are compared."""
        return self.view, self.zone


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotographDay:
    """What was photographed on one of the clinic's days."""

    at: dt.datetime
    """Of the first picture."""
    on: dt.date
    count: int
    views: tuple[PhotographView, ...]
    """Each once, in the order of the views."""

    @property
    def names(self) -> list[str]:
        """Return the views as words to be translated."""
        return [VIEW_NAMES[view] for view in self.views]


@dataclass(frozen=True, slots=True, kw_only=True)
class Differs:
    """One condition in which two pictures differ, as words to be translated."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One time a picture was given out: which, for what, by whom, when."""

    photograph_id: int
    use: Scope
    by: str
    at: dt.datetime
