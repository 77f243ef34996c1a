"""Before and after of a record, for the audit line: field names only where content is clinical."""

from collections.abc import Iterable
from enum import Enum
from typing import Any


def changed(row: object, after: dict[str, Any]) -> list[str]:
    """Return the names of the fields of `after` that differ from the row's present values."""
    return sorted(name for name, value in after.items() if getattr(row, name) != value)


def before_after(row: object, after: dict[str, Any], *, only: Iterable[str] = ()) -> dict[str, Any]:
    """Return {field: [old, new]} of changed administrative fields, before the row is changed."""
    names = set(only) or set(after)
    return {
        name: [_plain(getattr(row, name)), _plain(after[name])]
        for name in changed(row, after)
        if name in names
    }


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    return value if isinstance(value, str | int | float | bool | None) else str(value)
