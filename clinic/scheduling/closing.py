"""When somebody or something is not to be had: why, and the commands that say so."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from clinic.core.text import N_
from clinic.locations.values import OpenSpan


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
    is_day_off: bool = False
    """Whether that day has no hours at all."""
    since: dt.datetime | None = None
    """When its hours end, for what begins inside them."""
    until: dt.datetime | None = None
    """When it is open again; None when that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepWeek:
    """Give a resource, seen at `version`, hours of its own; none: it works when the place does."""

    resource_id: int
    version: int
    hours: tuple[OpenSpan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepOwnDay:
    """Let a resource have other hours on one date; none: it is off."""

    resource_id: int
    day: dt.date
    times: tuple[tuple[dt.time, dt.time], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepPlaceDays:
    """Let the place have other hours from day to day, both included; none: it is closed."""

    first: dt.date
    last: dt.date
    name: str
    times: tuple[tuple[dt.time, dt.time], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LayBlock:
    """Keep people, rooms or devices from being booked for a while, in wall time."""

    kind: BlockKind
    resource_ids: tuple[int, ...]
    starts_local: dt.datetime
    ends_local: dt.datetime
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where a visit, seen at `version`, is to be moved out of a closed time."""

    appointment_id: int
    version: int
    starts_local: dt.datetime
    practitioner_id: int
    room_id: int | None
    second_hour: bool | None = None
