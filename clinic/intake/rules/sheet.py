"""The facts page: what stands about a patient today, out of everything that was ever written."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from clinic.core.units import show_thousandths, shown_unit
from clinic.intake.values import Section
from clinic.safety.rules.codes import Codes
from clinic.safety.rules.known import WEIGHT, Known, key
from clinic.safety.rules.language import Catalogue
from clinic.safety.values import Fact, FactKind, FactState, History

_KINDS: dict[Section, tuple[FactKind, ...]] = {
    Section.CONDITION: (FactKind.CONDITION, FactKind.SYMPTOM),
    Section.MEDICINE: (FactKind.MEDICATION,),
    Section.ALLERGY: (FactKind.ALLERGY,),
    Section.PREGNANCY: (FactKind.PREGNANCY,),
    Section.RESULT: (FactKind.LAB, FactKind.VITAL),
    Section.STAGE: (FactKind.STAGE,),
    Section.HAIR: (FactKind.HAIR,),
}
_NEWEST_ONLY = {Section.RESULT, Section.STAGE, Section.HAIR}
"""Sections in which a newer statement takes the place of the older one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One fact as it is shown."""

    fact: Fact
    title: str
    """As recorded, else the concept's name, marked for translation."""
    concept: str
    """Name of the concept where the title says something else; what the check reads it as."""
    value: str = ""
    """With its unit; empty for facts without one."""
    age_days: int | None = None
    """Of a result, from collection to today."""
    valid_days: int | None = None
    """For how long the check accepts such a result; None where no rule looks at it."""

    @property
    def is_old(self) -> bool:
        """Tell whether the result no longer counts today."""
        return (
            self.valid_days is not None
            and self.age_days is not None
            and self.age_days > self.valid_days
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What stands today: lines by section, and what was asked and denied."""

    lines: Mapping[Section, tuple[Line, ...]]
    denied: tuple[Line, ...]
    answered: tuple[Fact, ...]
    """Confirmations of question groups, the newest of each."""


def sheet(history: History, codes: Codes, catalogue: Catalogue, *, today: dt.date) -> Sheet:
    """Return the page's facts, newest first in each section."""
    known = Known(history)
    validity = valid_days(catalogue)

    def line(fact: Fact) -> Line:
        return _line(fact, codes, validity, today)

    return Sheet(
        lines={
            section: tuple(line(fact) for fact in _current(section, known, codes))
            for section in Section
        },
        denied=tuple(line(fact) for fact in _denied(known)),
        answered=tuple(_newest(known.of_kind(FactKind.REVIEW))),
    )


def line_of(fact: Fact, codes: Codes) -> Line:
    """Return one fact as it is shown, without an age."""
    return _line(fact, codes, {}, None)


def valid_days(catalogue: Catalogue) -> dict[str, int]:
    """Return {code of a result: days for which the strictest rule that asks for it accepts it}."""
    found: dict[str, int] = {}
    for rule in catalogue.rules:
        days = rule.evidence_days
        for code in rule.asks if days is not None else ():
            assert days is not None
            found[code] = min(days, found.get(code, days))
    return found


def is_open(fact: Fact, known: Known, codes: Codes) -> bool:
    """Tell whether something recorded goes on: no end, and nobody sure enough denied it since."""
    return (
        fact.state is FactState.PRESENT
        and fact.ended_on is None
        and not any(
            other.state is FactState.ABSENT
            and key(other) > key(fact)
            and other.zone in {None, fact.zone}
            and WEIGHT[other.source] >= WEIGHT[fact.source]
            for code in broader(fact.code, codes)
            for other in known.of(fact.kind, code)
        )
    )


def broader(code: str, codes: Codes) -> Iterator[str]:
    """Yield the code and what it is a kind of, narrowest first."""
    seen: set[str] = set()
    while code and code not in seen:
        seen.add(code)
        yield code
        concept = codes.concept(code)
        code = concept.is_a if concept else ""


def _current(section: Section, known: Known, codes: Codes) -> list[Fact]:
    facts = [fact for kind in _KINDS[section] for fact in known.of_kind(kind)]
    if section in _NEWEST_ONLY:
        kept = _newest(facts)
    else:
        by_label = section is not Section.PREGNANCY
        # What goes on is shown whatever somebody less sure said after it: it still counts.
        going_on = [fact for fact in facts if is_open(fact, known, codes)]
        said = {_thing(fact, by_label=by_label) for fact in going_on}
        rest = [fact for fact in facts if _thing(fact, by_label=by_label) not in said]
        kept = [
            fact
            for fact in _newest([*going_on, *rest], by_label=by_label)
            if fact.state is not FactState.ABSENT
            and (fact.state is FactState.UNSURE or fact.ended_on is not None or fact in going_on)
        ]
    return sorted(kept, key=lambda fact: (fact.ended_on is None, key(fact)), reverse=True)


def _denied(known: Known) -> list[Fact]:
    kinds = (FactKind.CONDITION, FactKind.SYMPTOM, FactKind.MEDICATION, FactKind.ALLERGY)
    newest = _newest(
        [fact for kind in (*kinds, FactKind.PREGNANCY) for fact in known.of_kind(kind)]
    )
    return [fact for fact in newest if fact.state is FactState.ABSENT]


def _newest(facts: Iterable[Fact], *, by_label: bool = False) -> list[Fact]:
    """Return the newest statement of each thing, in the order in which things came up."""
    return list({_thing(fact, by_label=by_label): fact for fact in sorted(facts, key=key)}.values())


def _thing(fact: Fact, *, by_label: bool) -> tuple[object, ...]:
    label = fact.label.casefold() if by_label else ""
    return fact.kind, fact.code, fact.zone, label


def _line(fact: Fact, codes: Codes, validity: Mapping[str, int], today: dt.date | None) -> Line:
    name = _name(fact, codes)
    is_number = fact.value_milli is not None and fact.kind in {FactKind.LAB, FactKind.VITAL}
    value = ""
    if is_number and fact.value_milli is not None:
        value = f"{show_thousandths(fact.value_milli)} {shown_unit(fact.unit)}".strip()
    return Line(
        fact=fact,
        title=fact.label or name,
        concept=name if fact.label and fact.label != name else "",
        value=value,
        age_days=(today - fact.noted_on).days if is_number and today else None,
        valid_days=validity.get(fact.code) if is_number else None,
    )


def _name(fact: Fact, codes: Codes) -> str:
    if fact.kind is FactKind.STAGE:
        return fact.label
    return codes.name(fact.code)
