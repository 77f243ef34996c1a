"""What a signature locks: the canonical text of a session with all its parts, and its hash."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

Plain = str | int | bool | dt.date | Enum | list[Any] | dict[str, Any] | None
FORMAT = 4
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
SITES_2 = (*SITES_1, "technique", "device")
TIME_OUT_2 = ("line", "account_id", "at")
MOVED = frozenset({"blood_ul", "anticoagulant", "anticoagulant_ul", "prp_ul"})
"""Columns that the session had under the first format; they stand in its preparation now."""
SESSION_2 = (*(name for name in SESSION_1 if name not in MOVED), "first_point_at", "mixed_at")
PREPARATION_2 = (
    "preset_id",
    "centrifuge_id",
    "method",
    "tubes",
    "blood_ul",
    "draw_site",
    "drawn_at",
    "drawn_by_id",
    "anticoagulant",
    "anticoagulant_ul",
    "layer",
    "prp_ul",
    "obtained_at",
    "obtained_by_id",
    "activation",
    "activator_ul",
    "guidance",
    "leukocytes",
    "erythrocytes",
    "base_platelets_e6l",
    "base_leukocytes_e6l",
    "base_erythrocytes_e9l",
    "base_kind",
    "base_on",
    "base_source",
    "prp_platelets_e6l",
    "prp_leukocytes_e6l",
    "prp_erythrocytes_e9l",
    "prp_kind",
    "prp_on",
    "prp_source",
    "tube_code",
    "labels_printed",
    "identity_at",
    "identity_by_id",
)
SPINS_2 = (
    "seq",
    "rcf_g",
    "rpm",
    "radius_mm",
    "minutes",
    "started_at",
    "started_by_id",
    "ended_at",
    "ended_by_id",
)
PREPARATION_3 = (
    *PREPARATION_2,
    "centrifuge_due_on",
    "base_neutrophils_e6l",
    "base_haemoglobin_mgdl",
    "prp_neutrophils_e6l",
)
SPINS_3 = (*SPINS_2, "temperature_c", "brake")
SESSION_3 = (
    *SESSION_2,
    "outside",
    "outside_reason",
    "anaesthesia",
    "antisepsis",
    "guidance",
)
LOTS_4 = (*LOTS_2, "udi")
SESSION_4 = (*SESSION_3, "as_signed", "written_later", "spacing_um")
SESSION: dict[int, tuple[str, ...]] = {1: SESSION_1, 2: SESSION_2, 3: SESSION_3, 4: SESSION_4}
"""By format: the columns of the session that are signed."""
PARTS: dict[int, dict[str, tuple[str, ...]]] = {
    1: {"lots": LOTS_1, "sites": SITES_1},
    2: {
        "lots": LOTS_2,
        "sites": SITES_2,
        "time_out": TIME_OUT_2,
        "preparation": PREPARATION_2,
        "spins": SPINS_2,
    },
    3: {
        "lots": LOTS_2,
        "sites": SITES_2,
        "time_out": TIME_OUT_2,
        "preparation": PREPARATION_3,
        "spins": SPINS_3,
    },
    4: {
        "lots": LOTS_4,
        "sites": SITES_2,
        "time_out": TIME_OUT_2,
        "preparation": PREPARATION_3,
        "spins": SPINS_3,
    },
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


def _plain(row: Row) -> dict[str, str | int | bool | list[Any] | dict[str, Any] | None]:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Plain) -> str | int | bool | list[Any] | dict[str, Any] | None:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value.value) if isinstance(value, Enum) else value
