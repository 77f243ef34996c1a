"""The words of the catalogue: our own codes, what else they are called, in which units."""

from dataclasses import dataclass

from clinic.safety.values import FactKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word that names a medicine or condition, where needed with a dose limit in mg."""

    text: str
    up_to_mg: int | None = None
    above_mg: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """How a unit converts into the canonical one: multiply, divide, add."""

    name: str
    times: int
    over: int
    plus: str = "0"
    """Added after that, in the canonical unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """One of our own codes: what facts say and rules look for."""

    code: str
    kind: FactKind
    name: str
    is_a: str = ""
    """The broader concept, which a rule may name instead."""
    words: tuple[Word, ...] = ()
    not_words: tuple[str, ...] = ()
    """A text with one of these is something else (a cream, an inhaler)."""
    external: tuple[str, ...] = ()
    """Codes of other systems (SNOMED CT, RxNorm, LOINC) that mean it."""
    unit: str = ""
    low: str = ""
    high: str = ""
    """Plausible range in the canonical unit; outside, a value is refused."""
    units: tuple[Unit, ...] = ()
    ingredients: frozenset[str] = frozenset()
    """Ingredients and items that an allergy or an effect of this kind speaks of."""
