"""A session's record as words, values and commands."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from clinic.catalog.values import Modality, ProductKind
from clinic.core.text import N_
from clinic.core.zones import Zone
from clinic.safety.values import Confidence, Fact, Message, Passage, Screening
from clinic.treatments.delivery import Anaesthesia, Antisepsis, Device, Guidance, Technique


class SessionState(StrEnum):
    """Whether a record can still be written."""

    DRAFT = "draft"
    SIGNED = "signed"


class LotRole(StrEnum):
    """What a lot was used for in a session."""

    ACTIVE = "active"
    ANAESTHETIC = "anaesthetic"
    KIT = "kit"
    DILUENT = "diluent"
    ACTIVATOR = "activator"


FIRST_OF_PREPARATION = 101
"""Lots of a session that are numbered from here on belong to the preparation of the blood."""
ROLE_OF: dict[ProductKind, LotRole] = {
    ProductKind.DRUG: LotRole.ACTIVE,
    ProductKind.ANAESTHETIC: LotRole.ANAESTHETIC,
    ProductKind.DILUENT: LotRole.DILUENT,
}
"""A kit belongs to the preparation; a cosmetic has none: it may never be used."""

LOT_ROLE_NAMES: dict[LotRole, str] = {
    LotRole.ACTIVE: N_("Active ingredient"),
    LotRole.ANAESTHETIC: N_("Local anaesthetic"),
    LotRole.KIT: N_("Blood kit or tube"),
    LotRole.DILUENT: N_("Diluent"),
    LotRole.ACTIVATOR: N_("Activator of the PRP"),
}


class View(StrEnum):
    """Which drawing of the head a point was set on."""

    TOP = "top"
    FRONT = "front"
    LEFT = "left"
    RIGHT = "right"
    BACK = "back"


VIEW_NAMES: dict[View, str] = {
    View.TOP: N_("Top"),
    View.FRONT: N_("Front"),
    View.LEFT: N_("Left side"),
    View.RIGHT: N_("Right side"),
    View.BACK: N_("Back"),
}


class DraftStep(StrEnum):
    """A form of a session whose typed words are kept before they are judged."""

    SESSION = "session"
    PREPARATION = "preparation"
    MIX = "mix"


class TimeOut(StrEnum):
    """One line of the safety check right before the first point, in the order it is asked."""

    PATIENT = "patient"
    CONSENT = "consent"
    ALLERGY = "allergy"
    LOT = "lot"
    SIDE = "side"


TIME_OUT_NAMES: dict[TimeOut, str] = {
    TimeOut.PATIENT: N_("Right patient"),
    TimeOut.CONSENT: N_("Consent"),
    TimeOut.ALLERGY: N_("Allergies"),
    TimeOut.LOT: N_("Lot"),
    TimeOut.SIDE: N_("Side and zones"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where on a drawing a point was set, in thousandths of its width and height."""

    view: View
    x_permille: int
    y_permille: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One injection point, or several of the same kind in a zone without their places."""

    seq: int
    zone: Zone
    points: int = 1
    volume_ul: int
    """Of all its points together."""
    depth_um: int
    needle_gauge: int
    needle_um: int | None = None
    technique: Technique | None = None
    device: Device | None = None
    """None where it was not noted."""
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LotAmount:
    """How much of which lot was used; None for a kit, or not yet known."""

    lot_id: int
    amount_ul: int | None = None
    vial_id: int | None = None
    """The opened vial that it comes from; None: a new one."""
    opened_at: dt.datetime | None = None
    """When a new vial was opened, where somebody wrote it."""
    pieces: int | None = None
    """How many, of what is counted in pieces; None: one."""
    udi: str = ""
    """What the barcode of the pack said; empty: nobody scanned it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All that somebody writes into a session; None is "not written yet", never nought."""

    weight_g: int | None = None
    weight_on: dt.date | None = None
    mixed_at: dt.datetime | None = None
    anaesthesia: tuple[Anaesthesia, ...] = ()
    """In the order of the list; empty: not noted."""
    antisepsis: Antisepsis | None = None
    guidance: Guidance | None = None
    spacing_um: int | None = None
    pain: int | None = None
    note: str = ""
    lots: tuple[LotAmount, ...] = ()
    """Of the mix; kit and activator belong to the preparation."""
    sites: tuple[Site, ...] = ()
    soft_limits_accepted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedLot:
    """One lot as the dose rules see it: what is in it, and how much of it was used."""

    kind: ProductKind
    name: str
    ingredient: str
    strength_ug_per_ml: int | None
    has_adrenaline: bool
    amount_ul: int | None
    leaflet_ul: int | None = None
    """The most in a session by its leaflet; None: it says none."""
    open_hours: int | None = None
    """How long an opened vial may be used; None: it is not kept."""
    opened_at: dt.datetime | None = None

    @property
    def dose_ng(self) -> int | None:
        """Return strength times volume, exactly; None where either is not known."""
        if self.strength_ug_per_ml is None or self.amount_ul is None:
            return None
        return self.strength_ug_per_ml * self.amount_ul  # µg/mL x µL is ng


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One session as the dose rules see it."""

    modality: Modality
    on: dt.date
    birth_date: dt.date | None
    content: Content
    at: dt.datetime | None = None
    """Now; None: nobody asks how old a mixture is."""
    begun_at: dt.datetime | None = None
    """When the injections began; None while they have not."""
    used: tuple[UsedLot, ...] = ()
    """One for each lot of the content, in the same order."""
    prepared_ul: int | None = None
    """PRP with its activator; None where it is not known, or none was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One thing that is out of a limit or missing: a sentence, and the field it belongs to."""

    code: str
    field: str
    message: str
    values: tuple[tuple[str, str | int | Zone], ...] = ()
    """A Zone is written by its name."""
    source: str = ""
    """Key of clinical.md, empty where nothing but logic is behind it."""
    status: Confidence | None = None

    @property
    def sentence(self) -> Message:
        """Return the sentence with its values, to be written in the language of the page."""
        return Message(msgid=self.message, values=self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCard:
    """One line of a list of sessions."""

    id: int
    patient_id: int
    patient: str
    file_number: str
    service: str
    performer_id: int
    performer: str
    state: SessionState
    is_aborted: bool
    is_later: bool
    """Written only when the visit was over."""
    started_at: dt.datetime
    signed_at: dt.datetime | None
    points: int
    volume_ul: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What a visit is: its service, and which session of how many."""

    service: str
    modality: Modality
    number: int | None
    planned: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What somebody added to a signed session."""

    body: str
    reason: str
    author: str
    at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """An earlier session of the patient, for the brief and for copying."""

    id: int
    on: dt.date
    modality: Modality
    content: Content
    is_aborted: bool
    product_ids: tuple[int, ...]
    """Products of its lots; the lots themselves are never copied."""
    map_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedUp:
    """What a session treated and gave, as a later check must know it."""

    modality: Modality
    zones: frozenset[Zone]
    ingredients: frozenset[str]
    is_partly_off_list: bool = False
    """A product without an ingredient of the list was given, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What is known before a treatment, and what stands in its way."""

    screening: Screening
    passage: Passage
    allergies: tuple[Fact, ...]
    medicines: tuple[Fact, ...]
    reactions: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginSession:
    """Begin the session of an arrived visit, seen at `version` with the facts of `facts_hash`."""

    appointment_id: int
    version: int
    facts_hash: str
    is_acknowledged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteLater:
    """Write the record of a visit that is over: when was injected, and why it is written now."""

    appointment_id: int
    version: int
    first_local: dt.time
    last_local: dt.time
    reason: str
    is_acknowledged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page that a form came from: its own random key, and the typed text it last saw."""

    tab: str = ""
    seen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveSession:
    """Keep a draft, seen at `version`."""

    session_id: int
    version: int
    content: Content
    page: Page = Page()
    unusual_seen: str | None = None
    """The marks of the unusual values that the page of the tick listed; None where no page did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllTheSame:
    """What stood outside of the limits was given: ticked for what the page showed, and why."""

    seen: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignSession:
    """Keep what is written, seen at `version`, and lock it for ever."""

    session_id: int
    version: int
    content: Content
    page: Page = Page()
    prepared_version: int | None = None
    """Of blood and PRP, as the page showed them; None where no page did."""
    unusual_seen: str | None = None
    """As SaveSession's."""
    given: AllTheSame | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AbortSession:
    """Keep what was given so far, say why it stopped, and lock it for ever."""

    session_id: int
    version: int
    content: Content
    reason: str
    page: Page = Page()
    prepared_version: int | None = None
    given: AllTheSame | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddAddendum:
    """Add words to a signed session."""

    session_id: int
    body: str
    reason: str
    form_key: str | None = None
