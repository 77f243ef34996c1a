"""Deciding what may be merged, which value is proposed, and what goes back. Pure."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from clinic.core.text import N_
from clinic.merging.values import COLUMNS, FILE, MESSAGES, STANDING_REFUSED, UNDO_DAYS
from clinic.patients.values import PatientStatus, Sex, Verdict

ITSELF = N_("This is the same record. Choose another one.")
OTHER_STANDING = N_(
    "One of the records is in use and the other one is not (deceased or archived). Find out which "
    "is right before they are merged."
)


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
