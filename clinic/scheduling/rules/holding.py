"""What a visit would hold at a time, and what of it is taken or closed.

Pure: who locks and reads decides nothing, and a planner that only asks gets the same answer.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from clinic.catalog.values import ResourceKind, Segment
from clinic.core import walltime
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.scheduling.closing import Closed
from clinic.scheduling.rules import hours, slots
from clinic.scheduling.rules.hours import Calendar
from clinic.scheduling.values import (
    FIRST_LANE,
    OVERBOOK_LANES,
    OVERBOOKABLE,
    Clash,
    Held,
    Holding,
    Span,
)

NO_NURSE = N_("The place has no nurse in use, and this service needs one")
NO_DEVICE = N_("The place has no device in use that this service needs")
NO_ROOM = N_("The place has no room in use")
FIELDS = {
    ResourceKind.PRACTITIONER: "practitioner_id",
    ResourceKind.NURSE: "service_id",
    ResourceKind.ROOM: "room_id",
    ResourceKind.DEVICE: "service_id",
}
_NONE_HERE = {
    ResourceKind.NURSE: NO_NURSE,
    ResourceKind.ROOM: NO_ROOM,
    ResourceKind.DEVICE: NO_DEVICE,
}
Role = tuple[ResourceKind, str]


class Holdable(Protocol):
    """A person, room or device in use, as far as it is chosen by."""

    @property
    def id(self) -> int: ...
    @property
    def kind(self) -> ResourceKind: ...
    @property
    def name(self) -> str: ...
    @property
    def device_type(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything at a place that bears on who is free: what there is, its hours, what is held."""

    rows: Sequence[Holdable]
    """In the order in which they are taken."""
    taken: Mapping[int, Sequence[Held]]
    calendar: Calendar
    promised: Collection[int] = ()
    """Held at this very time already by the visit itself: its hours are not asked again."""

    def met(self, wanted: Iterable[Holding]) -> list[Held]:
        """Return what visits hold of the wanted parts of one resource."""
        spans = list(wanted)
        return [
            held
            for held in self.taken.get(spans[0].resource_id, ())
            if any(held.span.overlaps(holding.span) for holding in spans)
        ]

    def closed(self, wanted: Iterable[Holding]) -> Closed | None:
        """Return why one resource is not to be had for its parts; None when it is."""
        for holding in wanted:
            found = hours.closed(self.calendar, holding.resource_id, holding.span)
            if found is None:
                continue
            if found.kind is not None or holding.resource_id not in self.promised:
                return found
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a visit would hold, and what is in the way of it."""

    chosen: Mapping[Role, int]
    holdings: tuple[Holding, ...]
    clashes: tuple[Clash, ...]
    lanes: Mapping[int, int] = field(default_factory=dict)
    """With a reason: {resource: lane} of what is held beside what holds it already."""
    outside: frozenset[int] = frozenset()
    """With a reason: what is held outside its hours."""


def choose(
    parts: Sequence[Segment],
    starts_at: dt.datetime,
    named: Mapping[Role, int],
    situation: Situation,
    *,
    is_overbooking: bool = False,
) -> Choice:
    """Choose who and what is not named yet, and say what is in the way.

    Raises Invalid when the place has nothing of a kind that is needed.
    """
    chosen = dict(named)
    roles = {(part.kind, part.device_type) for part in parts} | {(ResourceKind.ROOM, "")}
    for role in sorted(roles - set(chosen)):
        chosen[role] = _first_free(parts, starts_at, situation, role)
    holdings = slots.holdings(parts, starts_at, chosen)
    by_id = {row.id: row for row in situation.rows}
    lanes: dict[int, int] = {}
    outside: set[int] = set()
    clashes: list[Clash] = []
    for resource_id in dict.fromkeys(holding.resource_id for holding in holdings):
        wanted = [holding for holding in holdings if holding.resource_id == resource_id]
        closed, met = situation.closed(wanted), situation.met(wanted)
        if closed is None and not met:
            continue
        row = by_id[resource_id]
        is_held = bool(met) or (closed is not None and closed.kind is not None)
        if is_overbooking and not is_held:
            outside.add(resource_id)
            continue
        free = _lane_beside(met) if is_overbooking and row.kind in OVERBOOKABLE else None
        if free is not None:
            lanes[resource_id] = free
            continue
        zone = situation.calendar.zone
        clashes.append(
            _closed(row, closed, starts_at, zone)
            if closed is not None
            else _taken(row, met, zone, was_named=resource_id in set(named.values()))
        )
    return Choice(
        chosen=chosen,
        holdings=holdings,
        clashes=_place_once(clashes),
        lanes=lanes,
        outside=frozenset(outside),
    )


def _first_free(
    parts: Sequence[Segment], starts_at: dt.datetime, situation: Situation, role: Role
) -> int:
    """Return the first free resource of a kind; when none is, the one that is free first."""
    kind, device_type = role
    mine = [part for part in parts if (part.kind, part.device_type) == role]
    fitting = [
        row
        for row in situation.rows
        if row.kind is kind and (not device_type or row.device_type == device_type)
    ]
    if not fitting:
        raise Invalid(_NONE_HERE[kind], field=FIELDS[kind])

    def free_from(row: Holdable) -> tuple[bool, dt.datetime]:
        wanted = slots.holdings(mine, starts_at, {role: row.id})
        if not wanted:
            return False, starts_at
        ends = [held.span.end for held in situation.met(wanted)]
        return situation.closed(wanted) is not None, max(ends, default=starts_at)

    return min(fitting, key=free_from).id


def _lane_beside(met: Sequence[Held]) -> int | None:
    used = {held.lane for held in met} | {FIRST_LANE}
    return next((lane for lane in OVERBOOK_LANES if lane not in used), None)


def _closed(row: Holdable, closed: Closed, starts_at: dt.datetime, zone: str) -> Clash:
    def local(instant: dt.datetime | None) -> dt.datetime | None:
        return None if instant is None else walltime.to_local(instant, zone)

    return Clash(
        field="start" if closed.is_place else FIELDS[row.kind],
        name=closed.day_name if closed.is_place else row.name,
        kind=row.kind,
        who="",
        from_local=local(closed.since) or walltime.to_local(starts_at, zone),
        until_local=local(closed.until),
        closed=closed,
    )


def _taken(row: Holdable, met: Sequence[Held], zone: str, *, was_named: bool) -> Clash:
    return Clash(
        field=FIELDS[row.kind],
        name=row.name,
        kind=row.kind,
        who=met[0].who,
        from_local=walltime.to_local(met[0].span.start, zone),
        until_local=walltime.to_local(max(held.span.end for held in met), zone),
        was_named=was_named,
    )


def _place_once(clashes: Iterable[Clash]) -> tuple[Clash, ...]:
    """Say once that the place is closed, not of everybody in it."""
    said: list[Clash] = []
    for clash in clashes:
        is_place = clash.closed is not None and clash.closed.is_place
        if is_place and any(c.closed is not None and c.closed.is_place for c in said):
            continue
        said.append(clash)
    return tuple(said)


def patient_clash(own: tuple[Span, str], zone: str) -> Clash:
    """Return the clash of a patient who has another visit at that time."""
    span, service = own
    return Clash(
        field="patient_id",
        name="",
        who=service,
        from_local=walltime.to_local(span.start, zone),
        until_local=walltime.to_local(span.end, zone),
    )
