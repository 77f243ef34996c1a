"""What blood counts say about a PRP: factor, dose, recovery, and the letters of three standards.

Exact arithmetic, and never from blanks: what is missing is named instead. A result from an
estimated count says so. Sources are keys of clinical.md section 3.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from clinic.core.text import N_
from clinic.safety.values import Confidence
from clinic.treatments.delivery import Guidance
from clinic.treatments.preparation_values import (
    Activation,
    CountKind,
    Method,
    Preparation,
    Richness,
)

PLATELETS, PRP_PLATELETS = N_("platelets of the blood"), N_("platelets of the PRP")
LEUKOCYTES, PRP_LEUKOCYTES = N_("leukocytes of the blood"), N_("leukocytes of the PRP")
PRP_ERYTHROCYTES = N_("red cells of the PRP")
VOLUME, BLOOD, ACTIVATED = N_("volume of the PRP"), N_("blood drawn"), N_("activation")
_WORDS = {
    "base_platelets_e6l": PLATELETS,
    "prp_platelets_e6l": PRP_PLATELETS,
    "base_leukocytes_e6l": LEUKOCYTES,
    "prp_leukocytes_e6l": PRP_LEUKOCYTES,
    "prp_erythrocytes_e9l": PRP_ERYTHROCYTES,
    "prp_ul": VOLUME,
    "blood_ul": BLOOD,
    "activation": ACTIVATED,
    "method": N_("hand or machine"),
    "erythrocytes": N_("red cells rich or poor"),
    "leukocytes": N_("leukocytes rich or poor"),
    "guidance": N_("guidance by a picture"),
    "spins": N_("spins"),
}
BASE, OF_PRP = "base", "prp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Yield:
    """One result, or what it would need; with how it is worked out and where that comes from."""

    code: str
    name: str
    text: str = ""
    """Empty when it was not computed."""
    missing: tuple[str, ...] = ()
    is_estimated: bool = False
    how: str
    source: str
    status: Confidence


def of(prepared: Preparation) -> tuple[Yield, ...]:
    """Return all results in the order in which they are shown."""
    return tuple(_worked_out(prepared, one) for one in _ALL)


def fold(prepared: Preparation) -> Fraction | None:
    """Return how many times more platelets a volume of PRP holds than one of blood."""
    if prepared.prp_platelets_e6l is None or not prepared.base_platelets_e6l:
        return None
    return Fraction(prepared.prp_platelets_e6l, prepared.base_platelets_e6l)


def dose(prepared: Preparation) -> int | None:
    """Return how many platelets there are in the PRP: 10⁶/L is one in a microlitre."""
    if prepared.prp_ul is None or prepared.prp_platelets_e6l is None:
        return None
    return prepared.prp_ul * prepared.prp_platelets_e6l


def recovery(prepared: Preparation) -> Fraction | None:
    """Return which share of the drawn platelets is in the PRP."""
    got, drawn, had = dose(prepared), prepared.blood_ul, prepared.base_platelets_e6l
    if got is None or not drawn or not had:
        return None
    return Fraction(got, drawn * had)


def purity(prepared: Preparation) -> Fraction | None:
    """Return which share of the cells of the PRP are platelets."""
    platelets, white = prepared.prp_platelets_e6l, prepared.prp_leukocytes_e6l
    red = prepared.prp_erythrocytes_e9l
    if platelets is None or white is None or red is None:
        return None
    return Fraction(platelets, platelets + white + 1000 * red)


def counted(prepared: Preparation) -> list[tuple[str, str, int | None, int | None]]:
    """Return (name, unit, of the blood, of the PRP) of what was counted, in thousandths of it."""
    return [row for row in _cells(prepared) if row[2:] != (None, None)]


def _cells(prepared: Preparation) -> tuple[tuple[str, str, int | None, int | None], ...]:
    of = prepared
    return (
        (N_("Platelets"), "×10⁹/L", of.base_platelets_e6l, of.prp_platelets_e6l),
        (N_("Leukocytes"), "×10⁹/L", of.base_leukocytes_e6l, of.prp_leukocytes_e6l),
        (N_("Neutrophils"), "×10⁹/L", of.base_neutrophils_e6l, of.prp_neutrophils_e6l),
        (N_("Red cells"), "×10¹²/L", of.base_erythrocytes_e9l, of.prp_erythrocytes_e9l),
        (N_("Haemoglobin"), "g/dL", of.base_haemoglobin_mgdl, None),
    )


# ---- letters ----


def dose_letter(platelets: int) -> str:
    """Return DEPA's letter of a dose: A above 5 billion, B from 3, C from 1, else D."""
    billion = 10**9
    return "A" if platelets > 5 * billion else _from(platelets, 3 * billion, billion)


def share_letter(share: Fraction) -> str:
    """Return DEPA's letter of a recovery or purity: A above 90 %, B from 70, C from 30, else D."""
    return "A" if share > Fraction(9, 10) else _from(share, Fraction(7, 10), Fraction(3, 10))


def paw_platelets(prp_e6l: int, base_e6l: int) -> str:
    """Return PAW's class: P1 up to the blood's own count, P2 to 750, P3 to 1250, P4 above."""
    if prp_e6l <= base_e6l:
        return "P1"
    if prp_e6l <= 750_000:
        return "P2"
    return "P3" if prp_e6l <= 1_250_000 else "P4"


def fold_class(times: Fraction) -> str:
    """Return MARSPILL's class of a factor: 4 to 6, 6 to 8, 8 to 10; an edge belongs above it."""
    if times < 4:
        return "<4"
    if times < 6:
        return "4–6"
    if times < 8:
        return "6–8"
    return "8–10" if times <= 10 else ">10"


def _from(value: Fraction | int, b: Fraction | int, c: Fraction | int) -> str:
    return "B" if value >= b else "C" if value >= c else "D"


# ---- as they are shown ----


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recipe:
    code: str
    name: str
    needs: tuple[str, ...]
    counts: frozenset[str] = frozenset({BASE, OF_PRP})
    """Whose count it stands on."""
    text: Callable[[Preparation], str]
    how: str
    source: str
    status: Confidence


def _worked_out(prepared: Preparation, recipe: _Recipe) -> Yield:
    missing = tuple(_WORDS[name] for name in recipe.needs if _is_blank(prepared, name))
    kinds = {BASE: prepared.base_kind, OF_PRP: prepared.prp_kind}
    return Yield(
        code=recipe.code,
        name=recipe.name,
        text="" if missing else recipe.text(prepared),
        missing=missing,
        # A count of which nobody said that it was counted stands for no more than an estimate.
        is_estimated=any(kinds[whose] is not CountKind.MEASURED for whose in recipe.counts),
        how=recipe.how,
        source=recipe.source,
        status=recipe.status,
    )


def _is_blank(prepared: Preparation, name: str) -> bool:
    value = getattr(prepared, name)
    return value is None or value == ()


def _decimal(value: Fraction, places: int) -> str:
    """Write a number with a point, rounded half up."""
    unit = 10**places
    whole = (2 * value.numerator * unit + value.denominator) // (2 * value.denominator)
    return f"{whole // unit}.{whole % unit:0{places}d}" if places else str(whole)


def _sure(value: Fraction | int | None) -> Fraction:
    assert value is not None, "asked only when nothing is missing"
    return Fraction(value)


def _fold_text(prepared: Preparation) -> str:
    return f"{_decimal(_sure(fold(prepared)), 1)} ×"


def _dose_text(prepared: Preparation) -> str:
    return _decimal(_sure(dose(prepared)) / 10**9, 2)


def _recovery_text(prepared: Preparation) -> str:
    return f"{_decimal(_sure(recovery(prepared)) * 100, 0)} %"


def _is_activated(prepared: Preparation) -> bool:
    return bool(prepared.activation and prepared.activation.ingredient)


def _purity_text(prepared: Preparation) -> str:
    return f"{_decimal(_sure(purity(prepared)) * 100, 0)} %"


def _depa_text(prepared: Preparation) -> str:
    letters: Iterable[str] = (
        dose_letter(int(_sure(dose(prepared)))),
        share_letter(_sure(recovery(prepared))),
        share_letter(_sure(purity(prepared))),
    )
    return f"{''.join(letters)} {'+' if prepared.activation is not Activation.NONE else '−'}"


def _paw_text(prepared: Preparation) -> str:
    platelets = paw_platelets(
        int(_sure(prepared.prp_platelets_e6l)), int(_sure(prepared.base_platelets_e6l))
    )
    activated = "-x" if prepared.activation is not Activation.NONE else ""
    white = _sure(prepared.prp_leukocytes_e6l) > _sure(prepared.base_leukocytes_e6l)
    return f"{platelets}{activated}-{'A' if white else 'B'}{_neutrophils(prepared)}"


def _neutrophils(prepared: Preparation) -> str:
    """Return α above the blood's own neutrophils, β up to them; nothing where one is a blank."""
    base, prp = prepared.base_neutrophils_e6l, prepared.prp_neutrophils_e6l
    if base is None or prp is None:
        return ""
    return "α" if prp > base else "β"


def _marspill_text(prepared: Preparation) -> str:
    def sign(is_so: bool) -> str:
        return "+" if is_so else "−"

    return " ".join(
        (
            f"M-{'H' if prepared.method is Method.HAND else 'M'}",
            f"A{sign(_is_activated(prepared))}",
            f"RBC-{'R' if prepared.erythrocytes is Richness.RICH else 'P'}",
            f"S{len(prepared.spins)}",
            f"PL{fold_class(_sure(fold(prepared)))}",
            f"IG{sign(prepared.guidance is not Guidance.NONE)}",
            f"LC-{'R' if prepared.leukocytes is Richness.RICH else 'P'}",
            f"LA{sign(prepared.activation is Activation.LIGHT)}",
        )
    )


_COUNTS = ("base_platelets_e6l", "prp_platelets_e6l")
_ALL = (
    _Recipe(
        code="fold",
        name=N_("Concentration factor"),
        needs=_COUNTS,
        text=_fold_text,
        how=N_("Platelets of the PRP divided by platelets of the blood; usual are 2 to 8."),
        source="IJCED",
        status=Confidence.CONVENTION,
    ),
    _Recipe(
        code="dose",
        name=N_("Platelets in the PRP, billion"),
        needs=("prp_ul", "prp_platelets_e6l"),
        counts=frozenset({OF_PRP}),
        text=_dose_text,
        how=N_("mL of PRP times its platelets in 10⁹/L, divided by 1000."),
        source="DEPA",
        status=Confidence.PAPER,
    ),
    _Recipe(
        code="recovery",
        name=N_("Recovery"),
        needs=("blood_ul", "prp_ul", *_COUNTS),
        text=_recovery_text,
        how=N_("Platelets in the PRP divided by platelets in the blood drawn."),
        source="DEPA",
        status=Confidence.PAPER,
    ),
    _Recipe(
        code="purity",
        name=N_("Purity"),
        needs=("prp_platelets_e6l", "prp_leukocytes_e6l", "prp_erythrocytes_e9l"),
        counts=frozenset({OF_PRP}),
        text=_purity_text,
        how=N_("Platelets divided by all cells of the PRP: platelets, leukocytes, red cells."),
        source="DEPA",
        status=Confidence.PAPER,
    ),
    _Recipe(
        code="depa",
        name=N_("DEPA: dose, efficiency, purity, activation"),
        needs=(
            "blood_ul",
            "prp_ul",
            *_COUNTS,
            "prp_leukocytes_e6l",
            "prp_erythrocytes_e9l",
            "activation",
        ),
        text=_depa_text,
        how=N_(
            "Dose: A above 5 billion, B 3 to 5, C 1 to 3, D below 1. Recovery and purity (platelets"
            " among all cells): A above 90 %, B 70 to 90, C 30 to 70, D below 30."
            " The cuts other than 90 % were recalled, not read."
        ),
        source="DEPA",
        status=Confidence.PAPER,
    ),
    _Recipe(
        code="paw",
        name=N_("PAW: platelets, activation, leukocytes, neutrophils"),
        needs=(*_COUNTS, "base_leukocytes_e6l", "prp_leukocytes_e6l", "activation"),
        text=_paw_text,
        how=N_(
            "P1 up to the blood’s own platelets, P2 to 750, P3 to 1250, P4 above (×10⁹/L); x when"
            " activated; A when there are more leukocytes than in the blood, else B."
            " α and β say the same of the neutrophils, where both were counted."
        ),
        source="PAW, FV",
        status=Confidence.PAPER,
    ),
    _Recipe(
        code="marspill",
        name=N_("MARSPILL"),
        needs=(
            "method",
            "activation",
            "erythrocytes",
            "spins",
            *_COUNTS,
            "guidance",
            "leukocytes",
        ),
        text=_marspill_text,
        how=N_(
            "Method hand or machine, activation, red cells rich or poor, spins, platelet factor,"
            " image guidance, leukocytes rich or poor, light activation. Recalled, not read."
        ),
        source="Lana 2017",
        status=Confidence.PAPER,
    ),
)
