"""What a signature locks: the canonical text of a session with all its parts, and its hash."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from enum import Enum

Plain = str | int | bool | dt.date | Enum | None
FORMAT = 2
"""Of what is signed now. What was signed under an older one must give the same text for ever: a
format that a clinic may have signed under is never touched, a new column or part needs the next."""
SESSION_1 = (
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
LOTS_1 = ("lot_id", "seq", "role", "amount_ul", "dose_ug", "expires_on")
SITES_1 = (
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
LOTS_2 = (*LOTS_1, "pieces", "opened_at", "vial_id")
TIME_OUT_2 = ("line", "account_id", "at")
SESSION: dict[int, tuple[str, ...]] = {1: SESSION_1, 2: (*SESSION_1, "mixed_at")}
"""By format: the columns of the session that are signed."""
PARTS: dict[int, dict[str, tuple[str, ...]]] = {
    1: {"lots": LOTS_1, "sites": SITES_1},
    2: {"lots": LOTS_2, "sites": SITES_1, "time_out": TIME_OUT_2},
}
"""By format: {part of the session: its columns that are signed}."""
Row = Mapping[str, Plain]


def canonical(number: int, session: Row, parts: Mapping[str, Sequence[Row]]) -> str:
    """Return the one text of a format that stands for a session: sorted keys, no blanks, UTC.

    `parts` holds the rows of each part in their order.
    """
    whole = {name: [_plain(row) for row in rows] for name, rows in parts.items()}
    return json.dumps(
        {"format": number, "session": _plain(session), **whole},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )


def content_hash(text: str) -> str:
    """Return the SHA-256 of a canonical text, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(row: Row) -> dict[str, str | int | bool | None]:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Plain) -> str | int | bool | None:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value.value) if isinstance(value, Enum) else value
