"""What a signature locks: the canonical text of a session with all its parts, and its hash."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from enum import Enum

Plain = str | int | bool | dt.date | Enum | None
FORMAT = 1
"""Of the canonical text. A new column needs a new format beside this one: what was signed under
an old one must give the same text for ever."""
SESSION_FIELDS = (
    "appointment_id",
    "patient_id",
    "location_id",
    "service_id",
    "performer_id",
    "screening_id",
    "started_at",
    "ended_at",
    "blood_ul",
    "anticoagulant",
    "anticoagulant_ul",
    "prp_ul",
    "weight_g",
    "weight_on",
    "pain",
    "note",
    "map_version",
    "is_aborted",
    "abort_reason",
    "soft_limits_accepted",
    "signed_at",
    "signed_by_id",
)
LOT_FIELDS = ("lot_id", "seq", "role", "amount_ul", "dose_ug", "expires_on")
SITE_FIELDS = (
    "seq",
    "zone",
    "view",
    "x_permille",
    "y_permille",
    "points",
    "volume_ul",
    "depth_um",
    "needle_gauge",
    "needle_um",
)


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
