"""What the safety check reads and what it says: facts, plans, findings, passages.

Rules, questions and concepts, the data of the catalogue, are in `rules.language`.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from clinic.catalog.values import ChosenLot, Modality
from clinic.core.zones import Zone


class FactKind(StrEnum):
    """What a fact is about."""

    CONDITION = "condition"
    MEDICATION = "medication"
    """Also a vaccination: code `vaccine`, begun and ended on its day."""
    ALLERGY = "allergy"
    PREGNANCY = "pregnancy"
    LAB = "lab"
    VITAL = "vital"
    HAIR = "hair"
    """Code `hair`, with a zone: present, or absent since `began_on`."""
    STAGE = "stage"
    TREATMENT = "treatment"
    """A past session: code is the modality, `noted_on` the day."""
    SIDE_EFFECT = "side_effect"
    """Grade in `value_milli` (2000 is grade 2), unit `grade`; `ended_on` is the closing."""
    SYMPTOM = "symptom"
    CONSENT = "consent"
    """Code is the modality, label the text version signed, `ended_on` the withdrawal."""
    REVIEW = "review"
    """A question group answered and confirmed: "nothing else". Code is the group."""


class FactState(StrEnum):
    """Whether the thing is there, is not, or the person did not know."""

    PRESENT = "present"
    ABSENT = "absent"
    UNSURE = "unsure"


class FactSource(StrEnum):
    """Where a fact comes from."""

    PATIENT = "patient"
    STAFF = "staff"
    PHYSICIAN = "physician"
    LETTER = "letter"
    IMPORTED = "imported"
    SYSTEM = "system"


class Fact(NamedTuple):
    """One dated thing known about a patient. Dates are clinic-local.

    A named tuple, as a finding is: thousands are made at once, in a third of the time.
    """

    kind: FactKind
    code: str
    noted_on: dt.date
    """Stated, collected, measured or treated on; validity counts from here."""
    recorded_on: dt.date
    """The day this wording was written down. An end later than this was a plan, not an event."""
    id: int | None = None
    state: FactState = FactState.PRESENT
    label: str = ""
    """As written by who recorded it; shown instead of the concept's name."""
    zone: Zone | None = None
    began_on: dt.date | None = None
    ended_on: dt.date | None = None
    """Last dose, last symptom, abated, closed, withdrawn. None while going on or not known."""
    value_milli: int | None = None
    """Thousandths of the canonical unit."""
    unit: str | None = None
    source: FactSource = FactSource.STAFF
    recorded_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What the rules need of the person besides facts."""

    birth_date: dt.date | None
    sex: str | None
    """ "female", "male", "other"; None or "unknown" when not recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All that is known about one patient; the order of facts means nothing."""

    person: Person
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTreatment:
    """What is to be done on the day."""

    modality: Modality
    zones: frozenset[Zone] = frozenset()
    ingredients: frozenset[str] = frozenset()
    consent_version: str | None = None
    """The text version in force; None accepts any signed version."""
    interval_days: int | None = None
    """The interval planned in the course, where there is one."""
    lots: tuple[ChosenLot, ...] = ()


class Decision(StrEnum):
    """What a finding asks for; ordered from the weakest to the strongest."""

    ALLOW = "allow"
    WARN = "warn"
    ASK = "ask"
    REVIEW = "review"
    DEFER = "defer"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        """Place in the order, 0 for ALLOW."""
        return _RANK[self]

    def __lt__(self, other: str) -> bool:
        return _RANK[self] < _RANK[other]

    def __le__(self, other: str) -> bool:
        return _RANK[self] <= _RANK[other]

    def __gt__(self, other: str) -> bool:
        return _RANK[self] > _RANK[other]

    def __ge__(self, other: str) -> bool:
        return _RANK[self] >= _RANK[other]


_RANK = {"allow": 0, "warn": 1, "ask": 2, "review": 3, "defer": 4, "block": 5}


class RuleKind(StrEnum):
    """Kind of a contraindication (clinical.md 1.0)."""

    ABSOLUTE = "absolute"
    TEMPORARY = "temporary"
    RELATIVE = "relative"
    EFFICACY = "efficacy"
    NOTICE = "notice"


class Scope(StrEnum):
    """What a finding stops: everything, or only a zone or an ingredient."""

    PATIENT = "patient"
    SESSION = "session"
    ZONE = "zone"
    INGREDIENT = "ingredient"


class Releasable(StrEnum):
    """Who may release a finding for one visit."""

    NOBODY = "nobody"
    PHYSICIAN = "physician"


class Confidence(StrEnum):
    """How well a statement is founded. A design default is never shown as a guideline."""

    GUIDELINE = "guideline"
    LABEL = "label"
    PAPER = "paper"
    CONVENTION = "convention"
    DESIGN_DEFAULT = "design_default"
    CLINIC = "clinic"
    """A number that the clinic has set itself."""


class Truth(StrEnum):
    """Whether a finding is there, or cannot be ruled out."""

    PRESENT = "present"
    UNKNOWN = "unknown"


class Moment(StrEnum):
    """When a check acts; RECHECK is a change of facts or the nightly run."""

    BOOKING = "booking"
    CHECK_IN = "check_in"
    START = "start"
    RECHECK = "recheck"


class Message(NamedTuple):
    """A sentence to translate and its values; the web layer puts them together.

    Values are text (names of results and rules have translations, what people wrote has none),
    whole numbers, dates (formatted by language) or zones (translated by name).
    """

    msgid: str
    values: tuple[tuple[str, str | int | dt.date], ...] = ()

    def as_dict(self) -> Mapping[str, str | int | dt.date]:
        """Return the values by placeholder."""
        return dict(self.values)

    def __str__(self) -> str:
        """Put the sentence together in English, for logs of the command line and for tests."""
        return self.msgid % dict(self.values)


class MissingKind(StrEnum):
    """What would settle an unknown."""

    QUESTION = "question"
    EVIDENCE = "evidence"
    RECORD = "record"


class Missing(NamedTuple):
    """One thing that would settle an unknown: a question group, a result, a field of the record."""

    kind: MissingKind
    code: str
    """Question group, evidence code (lab, consent, exam) or field name."""
    message: Message
    zone: Zone | None = None


class Finding(NamedTuple):
    """What one rule says about one plan on one date, with everything that led to it."""

    rule_code: str
    rule_version: int
    case: str
    name: str
    kind: RuleKind
    """As it acts here: a rule that is weaker for this modality acts as a notice."""
    scope: Scope
    truth: Truth
    decision: Decision
    zone: Zone | None
    ingredient: str | None
    message: Message
    arithmetic: tuple[Message, ...]
    used: tuple[Fact, ...]
    missing: tuple[Missing, ...]
    clears_on: dt.date | None
    """First date on which this finding no longer holds, if only time has to pass."""
    releasable: Releasable
    clears: str
    sources: tuple[str, ...]
    confidence: Confidence
    number_confidence: Confidence | None
    """Of the weakest number behind it; None where the rule has no number."""
    reception: str
    may_show_date: bool
    fingerprint: str
    """Changes with the rule's version, the case and the facts used; a release holds it."""

    @property
    def is_open_ended(self) -> bool:
        """Tell whether it holds now and no passing of time alone ends it."""
        return self.truth is Truth.PRESENT and self.clears_on is None

    @property
    def never_refuses(self) -> bool:
        """Tell whether this is an unknown of a notice or of efficacy, which stops nothing."""
        return self.decision is Decision.ASK and self.kind in {RuleKind.EFFICACY, RuleKind.NOTICE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """The whole answer for one plan on one date."""

    on: dt.date
    plan: PlannedTreatment
    decision: Decision
    """For the visit. A zone or an ingredient that is barred counts as WARN while others remain."""
    findings: tuple[Finding, ...]
    """Strongest first."""
    earliest_clear_on: dt.date | None
    """First date from `on` with no finding that has an end; None while an open-ended DEFER or
    BLOCK stands."""
    bookable_from: dt.date | None
    """First date from `on` with no DEFER and no BLOCK of the whole visit; None likewise."""
    may_show_clear_date: bool
    """Whether reception may see `earliest_clear_on`."""
    may_show_bookable_date: bool
    """Whether reception may see `bookable_from`."""
    blocked_zones: frozenset[Zone]
    blocked_ingredients: frozenset[str]
    is_checked: bool
    """False when there was no approved rule to check with: never to be read as clear."""
    facts_hash: str
    """Of person, facts, plan and rules: tells whether anything changed since somebody looked."""


class Outcome(StrEnum):
    """What somebody may do at a moment."""

    GO = "go"
    ACKNOWLEDGE = "acknowledge"
    """After one tick by the clinician."""
    REASON = "reason"
    """With a written reason, and marked to be checked again."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What a screening means for somebody at a moment. Without findings for non-clinical roles."""

    moment: Moment
    outcome: Outcome
    in_the_way: tuple[Finding, ...] = ()
    """The findings that refuse."""
    releasable: tuple[Finding, ...] = ()
    """Those among them that a physician could release."""
    released: tuple[Finding, ...] = ()
    to_acknowledge: tuple[Finding, ...] = ()
    to_answer: tuple[Finding, ...] = ()
    """Unknowns, also those that refuse nothing."""
    offers_from: dt.date | None = None
    """Dates to offer instead; None where there is none or this role may not know."""
    must_recheck: bool = False
    without_zones: frozenset[Zone] = frozenset()
    without_ingredients: frozenset[str] = frozenset()


class ReceptionStatus(StrEnum):
    """The one word of a visit that reception may see."""

    STOP = "stop"
    LATER = "later"
    REVIEW = "review"
    QUESTIONS = "questions"
    CLEAR = "clear"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceptionScreening:
    """A screening without medical content: no drug, diagnosis, rule or number is in it."""

    on: dt.date | None
    status: ReceptionStatus
    sentences: tuple[str, ...]
    """Marked for translation, no placeholders, no medical detail."""
    earliest_on: dt.date | None
    physician_contacts: bool
    """True where no date may be named: "The physician will contact the patient"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFact:
    """Record one dated fact; with the `source_key` of an earlier one it is not recorded again."""

    patient_id: int
    kind: FactKind
    code: str
    state: FactState = FactState.PRESENT
    label: str = ""
    zone: Zone | None = None
    began_on: dt.date | None = None
    ended_on: dt.date | None = None
    noted_on: dt.date
    value_milli: int | None = None
    unit: str | None = None
    as_reported: str = ""
    source: FactSource = FactSource.STAFF
    source_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkFactError:
    """Mark a fact as entered in error; it stays in the history with the reason."""

    fact_id: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFinding:
    """Release one finding for one visit, with the written reason."""

    appointment_id: int
    fingerprint: str
    reason: str
