"""What a signature locks: the canonical text of a session with all its parts, and its hash."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from enum import Enum

Plain = str | int | bool | dt.date | Enum | None
FORMAT = 1
"""Of the canonical text; raised when a part is added, so that old hashes can still be checked."""


def canonical(
    session: Mapping[str, Plain],
    lots: Sequence[Mapping[str, Plain]],
    sites: Sequence[Mapping[str, Plain]],
) -> str:
    """Return the one text that stands for a session: sorted keys, no blanks, times in UTC."""
    return json.dumps(
        {
            "format": FORMAT,
            "session": _plain(session),
            "lots": [_plain(lot) for lot in lots],
            "sites": [_plain(site) for site in sites],
        },
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )


def content_hash(text: str) -> str:
    """Return the SHA-256 of a canonical text, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(row: Mapping[str, Plain]) -> dict[str, str | int | bool | None]:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Plain) -> str | int | bool | None:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value.value) if isinstance(value, Enum) else value
