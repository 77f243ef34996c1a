"""The numbers of clinical.md 2B and 2C as data: each with its source and how well it is founded.

Volumes in whole microlitres, lengths in micrometres, masses in grams, doses in micrograms. A hard
limit refuses; a soft one needs a tick. A design default is never shown as a guideline.
"""

from dataclasses import dataclass

from clinic.catalog.values import Modality
from clinic.core.text import N_
from clinic.safety.values import Confidence

MG = 1_000_000
"""Nanograms in a milligram: doses are compared in nanograms, exactly."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The least and the most that is allowed, both included."""

    least: int
    most: int
    source: str
    status: Confidence

    def holds(self, value: int, of: int = 1) -> bool:
        """Tell whether `value` divided by `of` is inside, without dividing."""
        return self.least * of <= value <= self.most * of


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Hard and soft bounds of one number, and the sentences that say so."""

    code: str
    hard: Bound
    soft: Bound | None
    hard_words: str
    soft_words: str = ""
    is_whole: bool = False
    """A plain number; all others are thousandths."""


def _default(least: int, most: int) -> Bound:
    return Bound(least, most, "DD", Confidence.DESIGN_DEFAULT)


def _usual(least: int, most: int, source: str) -> Bound:
    return Bound(least, most, source, Confidence.CONVENTION)


BLOOD = Limit(
    code="blood",
    hard=_default(4_000, 120_000),
    soft=_default(8_000, 60_000),
    hard_words=N_("Blood drawn: from %(least)s to %(most)s mL, please"),
    soft_words=N_("Blood drawn: %(value)s mL; usual are %(least)s to %(most)s mL"),
)
ANTICOAGULANT = Limit(
    code="anticoagulant_volume",
    hard=_default(0, 20_000),
    soft=None,
    hard_words=N_("Anticoagulant: from %(least)s to %(most)s mL, please"),
)
ANTICOAGULANT_PERCENT = _default(7, 15)
"""Soft: anticoagulant volume in percent of the blood drawn."""
PRP = Limit(
    code="prp",
    hard=_default(500, 30_000),
    soft=_default(2_000, 10_000),
    hard_words=N_("PRP obtained: from %(least)s to %(most)s mL, please"),
    soft_words=N_("PRP obtained: %(value)s mL; usual are %(least)s to %(most)s mL"),
)
PAIN = Limit(
    code="pain",
    hard=Bound(0, 10, "LOINC 72514-3", Confidence.CONVENTION),
    soft=_default(0, 6),
    hard_words=N_("Pain: a whole number from %(least)s to %(most)s, please"),
    soft_words=N_("Pain %(value)s of 10: 7 or more is unusual"),
    is_whole=True,
)
WEIGHT = Limit(
    code="weight",
    hard=_default(30_000, 300_000),
    soft=_default(40_000, 180_000),
    hard_words=N_("Weight: from %(least)s to %(most)s kg, please"),
    soft_words=N_("Weight: %(value)s kg; usual are %(least)s to %(most)s kg"),
)
MIXED_MIN = 60
"""Soft: minutes from mixing to injecting."""
MIXED_MOST_MIN = 240
"""Hard: a mixed syringe is for immediate use."""
MIXED_SOURCE, MIXED_STATUS = "USP <797>", Confidence.CONVENTION
AGE = Limit(
    code="age",
    hard=_default(12, 100),
    soft=_default(18, 80),
    hard_words=N_("Check the birth date: this age is outside of what is ever treated."),
    soft_words=N_("Age at treatment: %(value)s; usual are %(least)s to %(most)s years"),
    is_whole=True,
)
"""Years at treatment; outside of the hard ones no session begins."""
SPACING = Limit(
    code="spacing",
    hard=_default(3_000, 30_000),
    soft=_usual(5_000, 20_000, "AGG"),
    hard_words=N_("Spacing of the points: from %(least)s to %(most)s mm, please"),
    soft_words=N_("Spacing of the points: %(value)s mm; usual are %(least)s to %(most)s mm"),
)
"""Of PRP, point by point; a nappage sets its points closer."""
WEIGHT_VALID_DAYS = 180
"""Age of a weight that a local anaesthetic is dosed by [DD]; a minor's: 30."""
WEIGHT_VALID_DAYS_MINOR = 30
ADULT_AT = 18

PER_CM2 = Bound(50, 100, "AGG", Confidence.CONVENTION)
"""Microlitres of PRP on a square centimetre, where the area of a zone is known."""

POINTS = Limit(
    code="points",
    hard=_default(1, 400),
    soft=_usual(20, 150, "AGG"),
    hard_words=N_("%(value)s points: from %(least)s to %(most)s, please"),
    soft_words=N_("%(value)s points; a session usually has %(least)s to %(most)s"),
    is_whole=True,
)
GIVEN_PERCENT = 80
"""Soft: what the points give of what there was, at least: within a fifth of it [DD]. More than
there was is never possible."""
GAUGE = Limit(
    code="gauge",
    hard=_default(25, 34),
    soft=_usual(27, 33, "AGG"),
    hard_words=N_("Point %(points)s: a needle of %(least)s to %(most)s G, please"),
    soft_words=N_("Point %(points)s: a needle of %(value)s G; usual are %(least)s to %(most)s G"),
    is_whole=True,
)
NEEDLE = Limit(
    code="needle",
    hard=_default(2_000, 40_000),
    soft=_usual(4_000, 13_000, "AGG"),
    hard_words=N_("Point %(points)s: a needle of %(least)s to %(most)s mm, please"),
    soft_words=N_("Point %(points)s: a needle of %(value)s mm; usual are %(least)s to %(most)s mm"),
)
_TOTAL = N_("Injected in all: %(value)s mL; from %(least)s to %(most)s mL, please")
_TOTAL_SOFT = N_("Injected in all: %(value)s mL; usual are %(least)s to %(most)s mL")
_EACH = N_("Point %(points)s: %(value)s mL each; from %(least)s to %(most)s mL, please")
_EACH_SOFT = N_("Point %(points)s: %(value)s mL each; usual are %(least)s to %(most)s mL")
_DEPTH = N_("Point %(points)s: %(value)s mm deep; from %(least)s to %(most)s mm, please")
_DEPTH_SOFT = N_("Point %(points)s: %(value)s mm deep; usual are %(least)s to %(most)s mm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """What is injected, how much a point, how deep: differs between the modalities."""

    total: Limit
    each: Limit
    depth: Limit


def _injection(
    total: tuple[Bound, Bound], each: tuple[Bound, Bound], depth: tuple[Bound, Bound]
) -> Injection:
    return Injection(
        total=Limit(
            code="total",
            hard=total[0],
            soft=total[1],
            hard_words=_TOTAL,
            soft_words=_TOTAL_SOFT,
        ),
        each=Limit(
            code="each", hard=each[0], soft=each[1], hard_words=_EACH, soft_words=_EACH_SOFT
        ),
        depth=Limit(
            code="depth", hard=depth[0], soft=depth[1], hard_words=_DEPTH, soft_words=_DEPTH_SOFT
        ),
    )


INJECTION: dict[Modality, Injection] = {
    Modality.PRP: _injection(
        (_default(200, 20_000), _usual(2_000, 10_000, "AGG")),
        (_default(10, 500), _usual(20, 200, "AGG")),
        (_default(500, 13_000), _usual(1_000, 6_000, "AGG")),
    ),
    Modality.MESOTHERAPY: _injection(
        (_default(100, 15_000), _default(500, 6_000)),
        (_default(5, 300), _usual(20, 100, "GK")),
        (_default(300, 13_000), _usual(1_000, 4_000, "GK")),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IngredientLimit:
    """The most of an active ingredient in one session, in micrograms."""

    soft_ug: int
    hard_ug: int
    soft_source: str
    soft_status: Confidence
    hard_source: str = "DD"
    hard_status: Confidence = Confidence.DESIGN_DEFAULT


INGREDIENT_LIMITS: dict[str, IngredientLimit] = {
    "dutasteride": IngredientLimit(
        soft_ug=500, hard_ug=2_000, soft_source="MOF", soft_status=Confidence.PAPER
    ),
    "finasteride": IngredientLimit(
        soft_ug=1_000, hard_ug=5_000, soft_source="GK", soft_status=Confidence.CONVENTION
    ),
    "minoxidil": IngredientLimit(
        soft_ug=10_000, hard_ug=50_000, soft_source="UZEL", soft_status=Confidence.PAPER
    ),
    "biotin": IngredientLimit(
        soft_ug=20_000, hard_ug=50_000, soft_source="GK", soft_status=Confidence.CONVENTION
    ),
    "dexpanthenol": IngredientLimit(
        soft_ug=500_000, hard_ug=1_000_000, soft_source="PANT", soft_status=Confidence.LABEL
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnaestheticLimit:
    """The most of a local anaesthetic in one session: by weight, never above a cap."""

    hard_ng_per_g: int | None
    """None: the limit does not depend on the weight."""
    cap_ng: int
    soft_ng_per_g: int | None
    soft_cap_ng: int | None
    source: str
    status: Confidence

    def most_ng(self, weight_g: int) -> int:
        """Return the hard limit for a weight."""
        if self.hard_ng_per_g is None:
            return self.cap_ng
        return min(self.hard_ng_per_g * weight_g, self.cap_ng)

    def usual_ng(self, weight_g: int) -> int:
        """Return the soft limit for a weight."""
        if self.soft_ng_per_g is not None:
            return self.soft_ng_per_g * weight_g
        return self.cap_ng if self.soft_cap_ng is None else self.soft_cap_ng


_LIDOCAINE = AnaestheticLimit(
    hard_ng_per_g=4_500,
    cap_ng=300 * MG,
    soft_ng_per_g=3_000,
    soft_cap_ng=None,
    source="LIDO",
    status=Confidence.LABEL,
)
_LIDOCAINE_WITH_ADRENALINE = AnaestheticLimit(
    hard_ng_per_g=7_000,
    cap_ng=500 * MG,
    soft_ng_per_g=5_000,
    soft_cap_ng=None,
    source="LIDO",
    status=Confidence.LABEL,
)
_PROCAINE_OF_THE_HEAD = AnaestheticLimit(
    hard_ng_per_g=None,
    cap_ng=200 * MG,
    soft_ng_per_g=None,
    soft_cap_ng=100 * MG,
    source="PROC",
    status=Confidence.LABEL,
)


def anaesthetic_limit(ingredient: str, *, has_adrenaline: bool) -> AnaestheticLimit | None:
    """Return the limit of a local anaesthetic; None when no label was read for it."""
    if ingredient == "lidocaine":
        return _LIDOCAINE_WITH_ADRENALINE if has_adrenaline else _LIDOCAINE
    return _PROCAINE_OF_THE_HEAD if ingredient == "procaine" else None
