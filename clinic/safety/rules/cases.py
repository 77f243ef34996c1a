"""A case written down for a trial of the rules: person, plan, date and facts as plain data."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from clinic.catalog.values import INGREDIENTS, ChosenLot, Modality, Unusable
from clinic.consents.values import ConsentKind
from clinic.core.zones import Zone
from clinic.safety.rules import plausible
from clinic.safety.rules.codes import Codes
from clinic.safety.rules.reading import Table, checked
from clinic.safety.values import (
    Fact,
    FactKind,
    FactSource,
    FactState,
    History,
    Person,
    PlannedTreatment,
)


class Sex(StrEnum):
    """What a case may say of the sex."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One plan for one person on one date."""

    history: History
    plan: PlannedTreatment
    on: dt.date


@dataclass(frozen=True, slots=True)
class _Words:
    """What a case may name."""

    codes: Codes
    groups: tuple[str, ...]

    def of(self, kind: FactKind) -> tuple[str, ...] | None:
        """Return the codes of a kind; None where any may be given, as for stages of a scale."""
        if kind is FactKind.STAGE:
            return None
        if kind is FactKind.REVIEW:
            return self.groups
        if kind is FactKind.CONSENT:
            return tuple(ConsentKind)
        return tuple(concept.code for concept in self.codes.of_kind(kind))


def read_case(data: object, codes: Codes, groups: Collection[str]) -> Case:
    """Read a case; raises BadCatalogue with every problem, each named by its place.

    `on`, `plan.service` and each fact's `kind` and `code` are needed; a fact without `noted_on`
    is known since the date of the case. A result has `value` and `unit`, in any unit of its code.
    `groups` are the codes of the question groups.
    """
    words = _Words(codes, tuple(groups))
    return checked(lambda problems: _case(Table(data, "case", problems), words))


def _case(table: Table, words: _Words) -> Case:
    on = _day(table, "on") or dt.date.min
    if "on" not in table:
        table.bad("on", "must be a date such as 2026-12-01")
    person = table.table("person")
    read = Case(
        on=on,
        history=History(
            person=Person(
                birth_date=_day(person, "birth_date"),
                sex=person.choice("sex", Sex, Sex.UNKNOWN).value,
            ),
            facts=tuple(_fact(fact, on, words) for fact in table.tables("facts")),
        ),
        plan=_plan(table.table("plan")),
    )
    person.refuse_rest()
    table.refuse_rest()
    return read


def _plan(table: Table) -> PlannedTreatment:
    zones = []
    for name in table.texts("zones"):
        if name in set(Zone):
            zones.append(Zone(name))
        else:
            table.bad("zones", f"{name} is no zone; it must be one of {', '.join(Zone)}")
    plan = PlannedTreatment(
        modality=table.choice("service", Modality),
        zones=frozenset(zones),
        ingredients=frozenset(
            _one_of(table, "ingredients", name, "ingredient", INGREDIENTS)
            for name in table.texts("ingredients")
        ),
        consent_version=table.text("consent_version", "") or None,
        interval_days=table.whole("interval_days"),
        lots=tuple(_lot(lot) for lot in table.tables("lots")),
    )
    table.refuse_rest()
    return plan


def _lot(table: Table) -> ChosenLot:
    lot = ChosenLot(
        ingredient=_one_of(
            table, "ingredient", table.text("ingredient"), "ingredient", INGREDIENTS
        ),
        unusable=table.choice("unusable", Unusable) if "unusable" in table else None,
        opened_on=_day(table, "opened_on"),
    )
    table.refuse_rest()
    return lot


def _one_of(table: Table, name: str, value: str, what: str, allowed: Collection[str]) -> str:
    """Refuse a word that no rule knows: it would silently stand for nothing."""
    if value and value not in allowed:
        table.bad(name, f"{value} is no {what}; it must be one of {', '.join(allowed)}")
    return value


def _fact(table: Table, on: dt.date, words: _Words) -> Fact:
    kind, codes = table.choice("kind", FactKind), words.codes
    code = table.text("code")
    allowed = words.of(kind) if table.get("kind") == kind else None
    if allowed is not None:
        _one_of(table, "code", code, kind.value, allowed)
    noted_on = _day(table, "noted_on") or on
    value_milli, unit = _value(table, code, codes)
    zone = table.choice("zone", Zone) if "zone" in table else None
    fact = Fact(
        kind=kind,
        code=code,
        state=table.choice("state", FactState, FactState.PRESENT),
        label=table.text("label", ""),
        zone=zone,
        began_on=_day(table, "began_on"),
        ended_on=_day(table, "ended_on"),
        noted_on=noted_on,
        value_milli=value_milli,
        unit=unit,
        source=table.choice("source", FactSource, FactSource.STAFF),
        recorded_on=_day(table, "recorded_on") or noted_on,
    )
    table.refuse_rest()
    return fact


def _value(table: Table, code: str, codes: Codes) -> tuple[int | None, str | None]:
    if "value" not in table and "unit" not in table:
        return None, None
    amount, given = Decimal(table.number("value")), table.text("unit")
    concept = codes.concept(code)
    if concept is None or not concept.unit:
        return int(amount * 1000), given
    milli = codes.to_canonical(code, amount, given)
    if milli is None:
        table.bad("unit", f"must be one of {', '.join(codes.units_of(code))}")
    elif not codes.is_plausible(code, milli):
        meant = plausible.meant(codes, code, amount, given)
        hint = f"; was {' or '.join(meant)} meant?" if meant else ""
        table.bad("value", f"must be from {concept.low} to {concept.high} {concept.unit}{hint}")
    return milli, concept.unit


def _day(table: Table, name: str) -> dt.date | None:
    value = table.get(name)
    if value is None:
        return None
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            pass
    table.bad(name, "must be a date such as 2026-12-01")
    return None
