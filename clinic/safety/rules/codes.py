"""From what others wrote to our own codes: medicines, diagnoses, allergies, results, units."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from clinic.safety.rules.concepts import Concept, Word
from clinic.safety.values import FactKind

OTHER = {
    FactKind.CONDITION: "other_condition",
    FactKind.MEDICATION: "other_medicine",
    FactKind.ALLERGY: "other_allergy",
}
"""Codes for what no rule knows; the label then holds the words."""

_NOT_THE_PATIENT = re.compile(
    r"\b(family history|exposure to|vaccination|immuni[sz]ation|screening|fear of|risk of"
    r"|no evidence of|no history of|ruled out|negative for)\b"
)
_DOSE = re.compile(r"(\d+(?:[.,]\d+)?)\s*(mg|milligrams?|g|grams?)\b")


@dataclass(frozen=True, slots=True)
class _Pattern:
    code: str
    kind: FactKind
    words: tuple[tuple[re.Pattern[str], Word], ...]
    not_words: re.Pattern[str] | None


class Codes:
    """The concepts with their words ready for matching. Built once, asked often."""

    def __init__(self, concepts: Iterable[Concept]) -> None:
        """Prepare the words of every concept; the first concept that matches wins."""
        self._concepts = {concept.code: concept for concept in concepts}
        self._external = {c: concept for concept in concepts for c in concept.external}
        self._patterns = [_pattern(concept) for concept in concepts if concept.words]

    def __contains__(self, code: str) -> bool:
        return code in self._concepts

    def concept(self, code: str) -> Concept | None:
        """Return the concept with this code, None for a code that is not ours."""
        return self._concepts.get(code)

    def name(self, code: str) -> str:
        """Return how to show a code, marked for translation; the code itself when unknown."""
        concept = self._concepts.get(code)
        return concept.name if concept else code

    def of_kind(self, kind: FactKind) -> tuple[Concept, ...]:
        """Return the concepts of a kind, for a list to choose from."""
        return tuple(concept for concept in self._concepts.values() if concept.kind is kind)

    def of_ingredient(self, kind: FactKind, ingredient: str) -> str | None:
        """Return the code of a kind that speaks of an ingredient: its allergy, its effect."""
        return next((one.code for one in self.of_kind(kind) if ingredient in one.ingredients), None)

    def classify_medicine(self, text: str, external: str = "") -> str | None:
        """Return the class of a medicine from its name, strength and form.

        "Warfarin 5 MG" is `warfarin`, a kind of `anticoagulant`. Aspirin up to 325 mg or
        without a strength is `antiplatelet`: a physician decides, and nobody is told to wait.
        Creams, inhalers and sprays are not systemic. None when no rule looks for it.
        """
        return self._classify({FactKind.MEDICATION}, external, text)

    def classify_condition(self, external: str, text: str) -> str | None:
        """Return the code of a diagnosis, symptom or pregnancy; `concept(code).kind` says which.

        What speaks of somebody else ("family history of") is None.
        """
        if _NOT_THE_PATIENT.search(_plain(text)):
            return None
        kinds = {FactKind.CONDITION, FactKind.SYMPTOM, FactKind.PREGNANCY}
        return self._classify(kinds, external, text)

    def classify_allergy(self, external: str, text: str) -> str | None:
        """Return the code of an allergen, None when no rule looks for it."""
        return self._classify({FactKind.ALLERGY}, external, text)

    def lab_for(self, loinc: str) -> str | None:
        """Return the code of a laboratory value or vital sign."""
        concept = self._external.get(loinc)
        if concept is None or concept.kind not in {FactKind.LAB, FactKind.VITAL}:
            return None
        return concept.code

    def to_canonical(self, code: str, value: Decimal, unit: str) -> int | None:
        """Return thousandths of the canonical unit; None when the unit is not certain.

        98 x10^9/L, 98,000/uL and 98 G/L are the same number of platelets.
        """
        concept = self._concepts.get(code)
        if concept is None or not concept.unit or not value.is_finite():
            return None
        if unit == concept.unit:
            return _whole(value * 1000)
        for other in concept.units:
            if unit == other.name:
                return _whole((value * other.times / other.over + Decimal(other.plus)) * 1000)
        return None

    def is_plausible(self, code: str, value_milli: int) -> bool:
        """Tell whether a value in thousandths of the canonical unit can be true at all."""
        concept = self._concepts.get(code)
        if concept is None or not concept.unit:
            return False
        return Decimal(concept.low) * 1000 <= value_milli <= Decimal(concept.high) * 1000

    def units_of(self, code: str) -> tuple[str, ...]:
        """Return the units a value can be given in, the canonical one first."""
        concept = self._concepts.get(code)
        if concept is None or not concept.unit:
            return ()
        return (concept.unit, *(unit.name for unit in concept.units))

    def _classify(self, kinds: set[FactKind], external: str, text: str) -> str | None:
        concept = self._external.get(external) if external else None
        if concept is not None and concept.kind in kinds:
            return concept.code
        plain = _plain(text)
        doses = _doses(plain)
        for pattern in self._patterns:
            if pattern.kind not in kinds:
                continue
            if pattern.not_words is not None and pattern.not_words.search(plain):
                continue
            if any(found.search(plain) and _fits(word, doses) for found, word in pattern.words):
                return pattern.code
        return None


def _whole(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def _plain(text: str) -> str:
    """Return the text in small letters with single blanks."""
    return re.sub(r"[\s_/()\[\]]+", " ", text.casefold()).strip()


def _doses(plain: str) -> tuple[Decimal, ...]:
    """Return every strength in mg that the text names, but for concentrations' milligrams."""
    return tuple(
        Decimal(number.replace(",", ".")) * (1000 if unit.startswith("g") else 1)
        for number, unit in _DOSE.findall(plain)
    )


def _fits(word: Word, doses: tuple[Decimal, ...]) -> bool:
    if word.up_to_mg is not None:
        return not doses or doses[0] <= word.up_to_mg
    if word.above_mg is not None:
        return bool(doses) and doses[0] > word.above_mg
    return True


def _pattern(concept: Concept) -> _Pattern:
    return _Pattern(
        code=concept.code,
        kind=concept.kind,
        words=tuple((_search_for([word.text]), word) for word in concept.words),
        not_words=_search_for(concept.not_words) if concept.not_words else None,
    )


def _search_for(words: Iterable[str]) -> re.Pattern[str]:
    """Return a search for whole words; a star at the end stands for any ending."""
    alternatives = "|".join(
        re.escape(word.casefold().rstrip("*")) + (r"\w*" if word.endswith("*") else "")
        for word in words
    )
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)")
