"""When somebody or something is not to be had: why, and the commands that say so."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from clinic.core.text import N_


class BlockKind(StrEnum):
    """What keeps a person, a room or a device from being booked for a while."""

    LEAVE = "leave"
    MAINTENANCE = "maintenance"
    CLOSURE = "closure"
    MEETING = "meeting"


BLOCK_NAMES: dict[BlockKind, str] = {
    BlockKind.LEAVE: N_("Leave"),
    BlockKind.MAINTENANCE: N_("Maintenance"),
    BlockKind.CLOSURE: N_("Closure"),
    BlockKind.MEETING: N_("Meeting"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Why something is closed in a span that was asked for, and from when until when, in UTC."""

    kind: BlockKind | None
    """What blocks it; None: it is outside the hours."""
    is_place: bool = False
    """Whether the whole place is closed, not this one alone."""
    day_name: str = ""
    """What the day is called that has hours of its own: the public holiday."""
    since: dt.datetime | None = None
    """When its hours end, for what begins inside them."""
    until: dt.datetime | None = None
    """When it is open again; None when that is not known."""
