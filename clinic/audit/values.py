"""What an audit row says, as a plain value that can be hashed the same way for ever."""

import datetime as dt
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One audit row without its place in the chain."""

    at: dt.datetime
    actor_id: int | None
    actor_name: str
    role: str
    action: str
    entity: str
    entity_id: str
    patient_id: int | None
    location_id: int | None
    address: str
    request_id: str
    detail: dict[str, Any]
