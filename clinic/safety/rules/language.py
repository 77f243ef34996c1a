"""The language of the catalogue: conditions as trees, rules, questions and concepts.

Rules are data: `rules.catalogue` reads and checks these nodes, `rules.logic` evaluates them.
"""

from dataclasses import dataclass
from enum import StrEnum

from clinic.catalog.values import Modality
from clinic.safety.rules.concepts import Concept
from clinic.safety.values import (
    Confidence,
    Decision,
    FactKind,
    FactSource,
    Releasable,
    RuleKind,
    Scope,
)


@dataclass(frozen=True, slots=True)
class Expression:
    """A node of a condition."""


@dataclass(frozen=True, slots=True)
class All(Expression):
    """Holds when every part holds; clears when the first part clears."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class AnyOf(Expression):
    """Holds when one part holds; clears when the last part clears."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not(Expression):
    """Holds when the part does not; unknown stays unknown."""

    part: Expression


@dataclass(frozen=True, slots=True)
class Needed(Expression):
    """The test where it is known; where not, it is only asked for when `when` holds."""

    test: Expression
    when: Expression


@dataclass(frozen=True, slots=True)
class Watched:
    """A concept a leaf looks for: its name, whose absence denies it, ingredients it speaks of."""

    code: str
    name: str
    deniers: tuple[str, ...]
    ingredients: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded(Expression):
    """Something of these kinds and concepts is recorded, and going on or ended lately."""

    kinds: tuple[FactKind, ...]
    watched: tuple[Watched, ...]
    """The concepts with everything narrower; empty means any code of the kind."""
    codes: frozenset[str]
    """Of what is watched."""
    roots: tuple[str, ...]
    """The codes as the rule names them; each must be answered before the leaf is absent."""
    window_days: int = 0
    """Active while days since the end are fewer than this."""
    is_window_planned: bool = False
    """The window is the interval planned in the course; without one the leaf is absent."""
    is_anchored_when_noted: bool = False
    """Counts from `noted_on` (a session), not from `ended_on`; without a window: ever."""
    group: str = ""
    """Question group that settles it; without one, what is not recorded is absent."""
    group_days: int = 0
    denied_by: tuple[FactSource, ...] = ()
    """Whose "absent" ends an open record, if at least as sure as who recorded it; empty: all."""
    is_ended_by_denial: bool = False
    """That "absent" says it is over by then: the window counts from it."""
    stale_days: int | None = None
    """An open record not confirmed for longer than this is doubted."""
    is_stale_present: bool = False
    """Whether a doubted record still counts as present, or as unknown."""
    grade_at_least: int | None = None
    grade_below: int | None = None
    is_zoned: bool = False
    """Only facts of the zone that is looked at, or of no zone."""
    is_of_ingredient: bool = False
    """Only concepts that speak of the ingredient that is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured(Expression):
    """The newest valid result lies in a range; without validity and window, however old it is."""

    kind: FactKind
    code: str
    name: str
    unit: str
    at_least: int | None = None
    below: int | None = None
    above: int | None = None
    """Bounds in thousandths of the unit."""
    valid_days: int | None = None
    """A result older than this is as good as none."""
    abnormal_below: int | None = None
    abnormal_above: int | None = None
    abnormal_valid_days: int | None = None
    """Shorter validity when the newest result lies outside these."""
    window_days: int | None = None
    """Instead of validity: any result in this many days counts, and stops counting after."""
    is_newest_only: bool = True
    is_missing_absent: bool = False
    """Whether no result means absent, not unknown."""
    until_end_of: tuple[str, ...] = ()
    """A result counts no longer than to the recorded end of one of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Untested(Expression):
    """Unknown while a valid result is missing, else absent: keeps asking for evidence."""

    code: str
    name: str
    valid_days: int
    after: tuple[str, ...] = ()
    """Conditions: the result must not be older than the newest of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested(Expression):
    """A valid result of each of these is there; never unknown."""

    codes: tuple[str, ...]
    valid_days: int
    after: tuple[str, ...] = ()
    """Conditions and symptoms: the results must not be older than the newest of these."""


@dataclass(frozen=True, slots=True)
class Stage(Expression):
    """The newest stage of hair loss on record is one of these."""

    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy(Expression):
    """Holds for everybody once the clinic has turned it on."""

    is_on: bool


@dataclass(frozen=True, slots=True)
class Unfit(Expression):
    """A chosen lot must not be used, for one of these reasons or open for too long."""

    reasons: tuple[str, ...]
    open_days: int


@dataclass(frozen=True, slots=True)
class Younger(Expression):
    """The person is younger than this on the day of the visit."""

    years: int


@dataclass(frozen=True, slots=True)
class SexIs(Expression):
    """The recorded sex is one of these."""

    values: tuple[str, ...]
    if_unknown: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoHair(Expression):
    """The zone has no hair, for at least so many months."""

    months: int
    group: str
    group_days: int
    doubted_by: tuple[str, ...] = ()
    """Symptoms that say there is a bald place without saying where: every zone is asked then."""


@dataclass(frozen=True, slots=True)
class NoConsent(Expression):
    """Consent was withdrawn or refused; unknown while no valid paper is recorded."""

    valid_days: int


@dataclass(frozen=True, slots=True)
class UnconfirmedMedicine(Expression):
    """Unknown while a medicine is open that nobody confirmed for so many days."""

    days: int
    group: str
    groups_of: tuple[tuple[str, str], ...]
    """Medicine code and the question group that confirms it too."""


@dataclass(frozen=True, slots=True)
class Planned(Expression):
    """At least so many of these ingredients are in the plan; asked of one, that one is it."""

    ingredients: tuple[str, ...]
    at_least: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number of a rule that a clinic may own: a window, a threshold, a validity."""

    name: str
    value: str
    unit: str
    stricter: str
    """Which direction is stricter: "higher" or "lower"."""
    confidence: Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One reading of a rule with its own decision; the strongest comes first."""

    name: str
    when: Expression
    decision: Decision
    releasable: Releasable
    physician: str
    physician_open: str
    """Where no end is known; both have placeholders, and are alike where it makes no difference."""
    reception: str
    """No medical detail and no placeholder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applies:
    """A modality that a rule holds for; `weaker` caps the decision and makes it a notice."""

    modality: Modality
    weaker: Decision | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One version of one rule of the catalogue, ready to be evaluated."""

    code: str
    version: int
    name: str
    kind: RuleKind
    scope: Scope
    applies_to: tuple[Applies, ...]
    ingredients: frozenset[str]
    """For scope ingredient: which ones it looks at; empty means any."""
    unlisted: frozenset[str]
    """For scope ingredient: items on no list of products (gloves, antiseptic), always looked at."""
    is_before_plan: bool
    """For scope ingredient: whether it already speaks while no ingredient is chosen."""
    cases: tuple[Case, ...]
    unknown: Decision | None
    """Decision when not known: ASK, or None where another rule asks for the same already."""
    physician_unknown: str
    numbers: tuple[Number, ...]
    firm_numbers: frozenset[str]
    """Those behind a case that blocks: a clinic may only make them stricter."""
    anchor: str
    """What the window counts from, in words; empty without a window."""
    clears: str
    asks: tuple[str, ...]
    """Question groups and evidence codes that settle it."""
    may_show_date: bool
    sources: tuple[str, ...]
    confidence: Confidence
    """Of the principle; each number has its own."""
    number_confidence: Confidence | None
    """The weakest of its numbers'; None without any."""
    content_hash: str

    def __hash__(self) -> int:
        """Stand for the whole content, which takes long to go through."""
        return hash(self.content_hash)

    @property
    def evidence_days(self) -> int | None:
        """Return for how long evidence is valid: the number named `valid`, in days."""
        return next((int(n.value) for n in self.numbers if n.name == "valid"), None)


class FollowUp(StrEnum):
    """Which field a Yes opens."""

    NONE = "none"
    NAME = "name"
    LAST_DAY = "last_day"
    NAME_AND_LAST_DAY = "name_and_last_day"
    SINCE = "since"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactKey:
    """What a fact is about: kind and code."""

    kind: FactKind
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question in plain words. Yes records `yes`, No denies everything in `settles`."""

    code: str
    group: str
    text: str
    yes: FactKey
    """Recorded for a Yes, unless the name given tells something more precise."""
    settles: tuple[FactKey, ...]
    follow_up: FollowUp
    validity_days: int
    """Of the group: its answers count on day N after them, not on day N + 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionGroup:
    """Questions that one tap confirms together."""

    code: str
    name: str
    validity_days: int
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Everything the check is made of: rules, question groups, concepts, sources."""

    rules: tuple[Rule, ...]
    groups: tuple[QuestionGroup, ...]
    concepts: tuple[Concept, ...]
    sources: tuple[tuple[str, str], ...]
    """Key and what it stands for."""
    edition: str = ""
    """Hash of the rules that a physician approved; empty for the catalogue as released."""

    @property
    def questions(self) -> tuple[Question, ...]:
        """Return all questions in the order they are asked."""
        return tuple(question for group in self.groups for question in group.questions)
