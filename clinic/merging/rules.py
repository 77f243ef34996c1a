"""Deciding what may be merged, which value is proposed, and what goes back. Pure."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from clinic.core.text import N_
from clinic.merging.values import COLUMNS, FILE, MESSAGES, STANDING_REFUSED, UNDO_DAYS
from clinic.patients.values import PatientStatus, Sex, Verdict
from clinic.safety.rules.banner import NONE_KNOWN
from clinic.safety.values import Fact, FactKind, FactState

ITSELF = N_("This is the same record. Choose another one.")
OTHER_STANDING = N_(
    "One of the records is in use and the other one is not (deceased or archived). Find out which "
    "is right before they are merged."
)
_NO_ALLERGY = (FactKind.ALLERGY.value, NONE_KNOWN, "")
_COMPARED = frozenset(FactKind) - {
    FactKind.CONSENT,
    FactKind.REVIEW,
    FactKind.SIDE_EFFECT,
    FactKind.SYMPTOM,
    FactKind.TREATMENT,
}
"""What is said of one day or one paper never contradicts what is said of another."""


def refusal(one: PatientStatus, other: PatientStatus, *, is_same: bool) -> str:
    """Return why two records cannot be merged; empty when they can."""
    if is_same:
        return ITSELF
    for status in (one, other):
        if status in STANDING_REFUSED:
            return STANDING_REFUSED[status]
    return OTHER_STANDING if one is not other else ""


def proposed(one: object, other: object, *, unknown: object = "") -> int:
    """Return which of two values is proposed, 0 or 1: the first, unless only the other is known."""
    return int(one in {None, unknown} and other not in {None, unknown})


def chosen(kept_id: int, gone: Mapping[str, Any], choices: Mapping[str, int]) -> dict[str, Any]:
    """Return {column: value} of the record that went, where its value was chosen."""
    return {
        column: gone[column]
        for name, columns in COLUMNS.items()
        for column in columns
        if choices.get(name, kept_id) != kept_id
    }


def may_undo(verdict: Verdict, decided_at: dt.datetime, now: dt.datetime) -> bool:
    """Tell whether it is early enough to take a decision back; "two people" always is."""
    return verdict is Verdict.TWO or now <= decided_at + dt.timedelta(days=UNDO_DAYS)


def contradicting(mine: Iterable[Fact], theirs: Iterable[Fact]) -> list[tuple[Fact, Fact]]:
    """Return the pairs of facts, one of each record, that cannot both be true as they stand.

    There and not there; something said about allergies and "none known"; two values of a vital
    sign, or of a finding of one day. Only what a record says last about a thing counts.
    """
    one, other = _latest(mine), _latest(theirs)
    found = [
        (one[thing], other[thing])
        for thing in sorted(one.keys() & other.keys())
        if _is_against(one[thing], other[thing])
    ]
    for said, denied, is_turned in ((one, other, False), (other, one, True)):
        none = denied.get(_NO_ALLERGY)
        if none is not None and none.state is FactState.PRESENT:
            found += [
                (none, fact) if is_turned else (fact, none)
                for thing, fact in sorted(said.items())
                if fact.kind is FactKind.ALLERGY and thing != _NO_ALLERGY and _is_open(fact)
            ]
    return found


def _latest(facts: Iterable[Fact]) -> dict[tuple[str, str, str], Fact]:
    kept = (fact for fact in facts if fact.kind in _COMPARED)
    return {
        (fact.kind.value, fact.code, fact.zone.value if fact.zone else ""): fact
        for fact in sorted(kept, key=lambda fact: (fact.noted_on, fact.recorded_on))
    }


def _is_open(fact: Fact) -> bool:
    return fact.state is FactState.PRESENT and fact.ended_on is None


def _is_against(one: Fact, other: Fact) -> bool:
    if one.value_milli is not None and other.value_milli is not None:
        is_close = one.kind is FactKind.VITAL or one.noted_on == other.noted_on
        return is_close and one.value_milli != other.value_milli
    absent = FactState.ABSENT
    return (_is_open(one) and other.state is absent) or (one.state is absent and _is_open(other))


def plain(value: object) -> object:
    """Return a value as JSON keeps it."""
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    return value.value if isinstance(value, Sex) else value


def restored(column: str, value: Any) -> Any:
    """Return a kept value as its column holds it."""
    if column == "sex":
        return Sex(value)
    if column == "birth_date":
        return dt.date.fromisoformat(value) if value else None
    return value


def going_back(fields: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Return {column: value before} of those that nobody has changed since the merge."""
    return {
        column: restored(column, before)
        for column, (before, after) in fields.items()
        if column not in {FILE, MESSAGES} and plain(now[column]) == after
    }
