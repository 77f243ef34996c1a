"""How blood became PRP, as words, values and commands; and whose tube it is."""

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum

from clinic.core.text import N_
from clinic.treatments.delivery import Guidance
from clinic.treatments.values import Page


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


class DrawSite(StrEnum):
    """Where the blood was drawn; left and right are the patient's."""

    ELBOW_L = "elbow_l"
    ELBOW_R = "elbow_r"
    FOREARM_L = "forearm_l"
    FOREARM_R = "forearm_r"
    HAND_L = "hand_l"
    HAND_R = "hand_r"


DRAW_SITE_NAMES: dict[DrawSite, str] = {
    DrawSite.ELBOW_L: N_("Crook of the left arm"),
    DrawSite.ELBOW_R: N_("Crook of the right arm"),
    DrawSite.FOREARM_L: N_("Left forearm"),
    DrawSite.FOREARM_R: N_("Right forearm"),
    DrawSite.HAND_L: N_("Left hand"),
    DrawSite.HAND_R: N_("Right hand"),
}


class Method(StrEnum):
    """Whether hands or a machine part the layers."""

    HAND = "hand"
    MACHINE = "machine"


METHOD_NAMES: dict[Method, str] = {
    Method.HAND: N_("By hand"),
    Method.MACHINE: N_("By a machine"),
}


class Brake(StrEnum):
    """How a centrifuge came to rest; a hard brake stirs up what it has parted."""

    OFF = "off"
    SOFT = "soft"
    FULL = "full"


BRAKE_NAMES: dict[Brake, str] = {
    Brake.OFF: N_("Without a brake"),
    Brake.SOFT: N_("Soft brake"),
    Brake.FULL: N_("Full brake"),
}


class Layer(StrEnum):
    """Which layer of the spun blood was taken."""

    BUFFY_COAT = "buffy_coat"
    LOWER_PLASMA = "lower_plasma"
    ALL_PLASMA = "all_plasma"


LAYER_NAMES: dict[Layer, str] = {
    Layer.BUFFY_COAT: N_("Plasma with the buffy coat"),
    Layer.LOWER_PLASMA: N_("Lower plasma, without the buffy coat"),
    Layer.ALL_PLASMA: N_("All plasma above the red cells or the gel"),
}


class Activation(StrEnum):
    """What set the platelets free before the injection."""

    NONE = "none"
    CACL2 = "cacl2"
    CA_GLUCONATE = "ca_gluconate"
    THROMBIN = "thrombin"
    LIGHT = "light"

    @property
    def ingredient(self) -> str:
        """Return the slug of what was added; empty when nothing was."""
        return _ACTIVATORS.get(self, "")


_ACTIVATORS = {
    Activation.CACL2: "calcium",
    Activation.CA_GLUCONATE: "calcium",
    Activation.THROMBIN: "thrombin",
}
ACTIVATION_NAMES: dict[Activation, str] = {
    Activation.NONE: N_("None"),
    Activation.CACL2: N_("Calcium chloride"),
    Activation.CA_GLUCONATE: N_("Calcium gluconate"),
    Activation.THROMBIN: N_("Thrombin"),
    Activation.LIGHT: N_("Light"),
}


class CountKind(StrEnum):
    """Whether blood cells were counted or only estimated."""

    MEASURED = "measured"
    ESTIMATED = "estimated"


COUNT_KIND_NAMES: dict[CountKind, str] = {
    CountKind.MEASURED: N_("Counted"),
    CountKind.ESTIMATED: N_("Estimated"),
}


class Richness(StrEnum):
    """Whether a kind of cell was kept in the PRP or left out."""

    RICH = "rich"
    POOR = "poor"


RICHNESS_NAMES: dict[Richness, str] = {
    Richness.RICH: N_("Rich"),
    Richness.POOR: N_("Poor"),
}


class Act(StrEnum):
    """One thing done just now: it gets the server's time and the name of who says so."""

    DRAWN = "drawn"
    OBTAINED = "obtained"
    START_1 = "start-1"
    STOP_1 = "stop-1"
    START_2 = "start-2"
    STOP_2 = "stop-2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spin:
    """One run of the centrifuge; None is "not written yet"."""

    rcf_g: int | None = None
    """Times the earth's pull; computed when rpm and radius are given."""
    rpm: int | None = None
    radius_mm: int | None = None
    minutes: int | None = None
    temperature_c: int | None = None
    brake: Brake | None = None
    started_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """A lot of the kit or tubes that blood was drawn into, and how many of it were used."""

    lot_id: int
    pieces: int | None = None
    """None: one."""
    udi: str = ""
    """What the barcode of the pack said; empty: nobody scanned it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """All that somebody writes about blood and PRP; None is "not written yet", never nought.

    Cells: platelets, leukocytes and neutrophils in 10⁶/L, erythrocytes in 10⁹/L, all whole.
    """

    preset_id: int | None = None
    centrifuge_id: int | None = None
    centrifuge_due_on: dt.date | None = None
    """When the service of the centrifuge was due, as it stood when this was written."""
    method: Method | None = None
    tubes: int | None = None
    blood_ul: int | None = None
    draw_site: DrawSite | None = None
    drawn_at: dt.datetime | None = None
    anticoagulant: Anticoagulant | None = None
    anticoagulant_ul: int | None = None
    layer: Layer | None = None
    prp_ul: int | None = None
    obtained_at: dt.datetime | None = None
    activation: Activation | None = None
    activator_ul: int | None = None
    guidance: Guidance | None = None
    """Asked with the session; of those signed before it was, what stands here."""
    leukocytes: Richness | None = None
    erythrocytes: Richness | None = None
    base_platelets_e6l: int | None = None
    base_leukocytes_e6l: int | None = None
    base_neutrophils_e6l: int | None = None
    base_erythrocytes_e9l: int | None = None
    base_haemoglobin_mgdl: int | None = None
    base_kind: CountKind | None = None
    base_on: dt.date | None = None
    base_source: str = ""
    prp_platelets_e6l: int | None = None
    prp_leukocytes_e6l: int | None = None
    prp_neutrophils_e6l: int | None = None
    prp_erythrocytes_e9l: int | None = None
    prp_kind: CountKind | None = None
    prp_on: dt.date | None = None
    prp_source: str = ""
    spins: tuple[Spin, ...] = ()
    kits: tuple[Kit, ...] = ()
    activator_lot_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SavePreparation:
    """Keep what is written about blood and PRP, seen at `version`; `act` was done just now."""

    session_id: int
    version: int
    content: Preparation
    act: Act | None = None
    reason: str = ""
    """Why a time that was kept is another now."""
    page: Page = field(default_factory=Page)
    """Whose typed words are kept with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Centrifuge:
    """A centrifuge as a preparation is spun in it."""

    id: int
    name: str
    radius_mm: int | None
    """Of its own rotor; None: nobody has written it."""
    service_due_on: dt.date | None


class IncidentKind(StrEnum):
    """What went wrong in a way that must be looked into."""

    WRONG_TUBE = "wrong_tube"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepPreset:
    """A preset as the administrator wants it."""

    name: str
    maker: str = ""
    product_id: int | None = None
    method: Method | None = None
    tubes: int | None = None
    blood_ul: int | None = None
    anticoagulant: Anticoagulant | None = None
    anticoagulant_ul: int | None = None
    layer: Layer | None = None
    prp_ul: int | None = None
    """Expected; never filled in."""
    leukocytes: Richness | None = None
    erythrocytes: Richness | None = None
    spins: tuple[Spin, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KitProduct:
    """A kit or tube of the product list."""

    id: int
    name: str
    gtins: tuple[str, ...]
    """Of its packages, the smallest first: the first half of their UDI."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetCard(KeepPreset):
    """A preset of the list."""

    id: int
    version: int
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePreset:
    """Change a preset, seen at `version`, or put it out of use."""

    preset_id: int
    version: int
    is_active: bool
    preset: KeepPreset


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckTube:
    """Read a tube at the chair, name and birth date having been said aloud and compared."""

    session_id: int
    code: str
    is_said: bool = True
    """False: a tube was read before the patient had said both; another's is a stop all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseIncident:
    """Say what was done about an incident, seen at `version`."""

    incident_id: int
    version: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentCard:
    """One incident as it is read: at whose chair, whose tube, who said so, how it ended."""

    id: int
    version: int
    session_id: int
    patient: str
    other_session_id: int
    other_patient: str
    at: dt.datetime
    by: str
    closed_at: dt.datetime | None
    closed_by: str | None
    closing_note: str
