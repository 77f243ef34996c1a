"""The audit trail's hash chain, how one row binds the row before it, and rows as words."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from clinic.audit.values import Entry, Line

GENESIS = "0" * 64
_UNSAID = frozenset({"digest", "grade", "outcome", "urgency"})
"""Details that no page says: a digest speaks to a machine only, the others are health data.

Rows of side effects were once written with them, and a row can never be changed.
"""


def canonical(entry: Entry) -> bytes:
    """Write an entry as bytes that are the same on every machine: sorted JSON, UTC to the µs."""
    plain = {field.name: getattr(entry, field.name) for field in fields(entry)}
    plain["at"] = entry.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def link(key: bytes, previous: str, entry: Entry) -> str:
    """Return the hash of an entry that follows the row with hash `previous`."""
    return hmac.new(key, previous.encode() + b"\n" + canonical(entry), hashlib.sha256).hexdigest()


def verb_of(action: str) -> str:
    """Return what was done, of an action "entity.verb"."""
    return action.rpartition(".")[2]


def entity_of(action: str) -> str:
    """Return what it was done to, of an action "entity.verb"."""
    return action.partition(".")[0]


def lines(detail: Mapping[str, Any]) -> list[Line]:
    """Return a row's detail line by line: changes as before and after, everything else as text.

    Health data is left out: who reads the trail is no clinician.
    """
    found: list[Line] = []
    for name, value in detail.items():
        if name == "changes" and isinstance(value, Mapping):
            found += [_change(field, pair) for field, pair in value.items()]
        elif isinstance(value, Mapping):
            found += [Line(f"{name}: {inner}", _text(v)) for inner, v in value.items()]
        elif name not in _UNSAID:
            found.append(Line(name, _text(value)))
    return found


def _change(field: str, pair: Any) -> Line:
    if isinstance(pair, list) and len(pair) == 2:
        return Line(field, _text(pair[1]), _text(pair[0]))
    return Line(field, _text(pair))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(_text(part) for part in value)
    return str(value)
