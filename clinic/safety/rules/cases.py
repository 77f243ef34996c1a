"""A case written down for a trial of the rules: person, plan, date and facts as plain data."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from clinic.catalog.values import ChosenLot, Modality, Unusable
from clinic.core.zones import Zone
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


def read_case(data: object, codes: Codes) -> Case:
    """Read a case; raises BadCatalogue with every problem, each named by its place.

    `on`, `plan.service` and each fact's `kind` and `code` are needed; a fact without `noted_on`
    is known since the date of the case. A result has `value` and `unit`, in any unit of its code.
    """
    return checked(lambda problems: _case(Table(data, "case", problems), codes))


def _case(table: Table, codes: Codes) -> Case:
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
            facts=tuple(_fact(fact, on, codes) for fact in table.tables("facts")),
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
        ingredients=frozenset(table.texts("ingredients")),
        consent_version=table.text("consent_version", "") or None,
        interval_days=table.whole("interval_days"),
        lots=tuple(_lot(lot) for lot in table.tables("lots")),
    )
    table.refuse_rest()
    return plan


def _lot(table: Table) -> ChosenLot:
    lot = ChosenLot(
        ingredient=table.text("ingredient"),
        unusable=table.choice("unusable", Unusable) if "unusable" in table else None,
        opened_on=_day(table, "opened_on"),
    )
    table.refuse_rest()
    return lot


def _fact(table: Table, on: dt.date, codes: Codes) -> Fact:
    kind = table.choice("kind", FactKind)
    code = table.text("code")
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
        table.bad("value", f"must be from {concept.low} to {concept.high} {concept.unit}")
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
