"""A screening as plain JSON values and back, so that what was decided can be shown again for ever.

Every field of a value is written under its name; unknown fields of an older or newer release are
ignored when reading, and a missing one takes its default.
"""

import datetime as dt
import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar

from clinic.core.zones import Zone
from clinic.safety.values import Fact, Finding, Message, PlannedTreatment

T = TypeVar("T")
_DAY, _ZONE = "day", "zone"
_AS_IT_IS = frozenset({str, int, bool, type(None)})


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: objects as objects, dates as ISO text, sets sorted."""
    if type(value) in _AS_IT_IS:
        return value
    if isinstance(value, Message):
        return {"msgid": value.msgid, "values": [[k, _tagged(v)] for k, v in value.values]}
    if names := _names(value.__class__):
        parts = [(name, getattr(value, name)) for name in names]
        # Most are text or nothing: not to be asked for by another call each.
        return {n: part if type(part) in _AS_IT_IS else plain(part) for n, part in parts}
    if isinstance(value, frozenset | tuple):
        parts = [plain(part) for part in value]
        return parts if isinstance(value, tuple) else sorted(parts)
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, dt.date) else value


@cache
def _names(kind: Any) -> tuple[str, ...]:
    """Return the fields of a dataclass or a named tuple; none of anything else."""
    if is_dataclass(kind):
        return tuple(field.name for field in fields(kind))
    return getattr(kind, "_fields", ())


def finding_of(value: Any) -> Finding:
    """Return the finding that `plain` wrote."""
    return _read(Finding, value)


def fact_of(value: Any) -> Fact:
    """Return the fact that `plain` wrote."""
    return _read(Fact, value)


def plan_of(value: Any) -> PlannedTreatment:
    """Return the plan that `plain` wrote."""
    return _read(PlannedTreatment, value)


def _tagged(value: str | int | dt.date) -> Any:
    """Return a value of a sentence so that a day and a zone are not read back as mere text."""
    if isinstance(value, Zone):
        return {_ZONE: value.value}
    return {_DAY: value.isoformat()} if isinstance(value, dt.date) else value


def _untagged(value: Any) -> Any:
    if isinstance(value, dict):
        return dt.date.fromisoformat(value[_DAY]) if _DAY in value else Zone(value[_ZONE])
    return value


@cache
def _shape(kind: Any) -> tuple[tuple[str, Any, bool], ...]:
    hints = typing.get_type_hints(kind)
    if is_dataclass(kind):
        defaults = {field.name for field in fields(kind) if field.default is not MISSING}
    else:
        defaults = set(kind._field_defaults)
    return tuple((name, hints[name], name in defaults) for name in _names(kind))


def _read(kind: type[T], value: dict[str, Any]) -> T:
    shape: Any = kind
    given = {
        name: _value(hint, value.get(name))
        for name, hint, has_default in _shape(shape)
        if name in value or not has_default
    }
    return kind(**given)


def _value(hint: Any, value: Any) -> Any:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType:
        inner = next(part for part in parts if part is not type(None))
        return None if value is None else _value(inner, value)
    if origin in {tuple, frozenset}:
        return origin(_value(parts[0], part) for part in value or ())
    return _one(hint, value)


def _one(hint: Any, value: Any) -> Any:
    if hint is Message:
        values = tuple((name, _untagged(each)) for name, each in value["values"])
        return Message(msgid=value["msgid"], values=values)
    if hint is dt.date:
        return dt.date.fromisoformat(value)
    if isinstance(hint, type) and _names(hint):
        return _read(hint, value)
    return hint(value) if isinstance(hint, type) and issubclass(hint, Enum) else value
