"""Who and what a place has and when it is open, read from its weeks, its single days and blocks."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog.values import ResourceKind
from clinic.core import walltime
from clinic.locations.models import OpeningDay, OpeningHours
from clinic.scheduling import queries
from clinic.scheduling.models import Block, Occupancy, Resource, WorkingDay, WorkingHours
from clinic.scheduling.queries import Named
from clinic.scheduling.rules.hours import Blocked, Calendar, OneDay, Times
from clinic.scheduling.values import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """Who and what a place has, and when each of them works, from a day on."""

    resources: Sequence[Named]
    calendar: Calendar

    def named(self, resource_id: int | None) -> str:
        """Return the name of a resource; empty for none."""
        return next((r.name for r in self.resources if r.id == resource_id), "")

    def of_kind(self, kind: ResourceKind) -> list[Named]:
        """Return the resources of a kind, in the order of the board."""
        return [resource for resource in self.resources if resource.kind is kind]


_NOBODY = sa.literal(0, type_=WorkingHours.resource_id.type).label("resource_id")
_HERE = sa.bindparam("location", type_=Resource.location_id.type)
_SINCE = sa.bindparam("since", type_=sa.Date())
_WEEKS = sa.union_all(
    sa.select(
        _NOBODY,
        OpeningHours.weekday,
        OpeningHours.opens.label("starts"),
        OpeningHours.closes.label("ends"),
    ).where(OpeningHours.location_id == _HERE),
    sa.select(
        WorkingHours.resource_id, WorkingHours.weekday, WorkingHours.starts, WorkingHours.ends
    )
    .join(Resource, Resource.id == WorkingHours.resource_id)
    .where(Resource.location_id == _HERE),
).order_by("resource_id", "weekday", "starts")
"""Of the place, as resource 0, and of everything that has hours of its own."""
_DAYS = sa.union_all(
    sa.select(_NOBODY, OpeningDay.day, OpeningDay.name, OpeningDay.times).where(
        OpeningDay.location_id == _HERE, OpeningDay.day >= _SINCE
    ),
    sa.select(
        WorkingDay.resource_id, WorkingDay.day, sa.literal("").label("name"), WorkingDay.times
    )
    .join(Resource, Resource.id == WorkingDay.resource_id)
    .where(Resource.location_id == _HERE, WorkingDay.day >= _SINCE),
)
_BLOCKS = (
    sa.select(Occupancy.resource_id, Block.kind, Block.starts_at, Block.ends_at)
    .join(Occupancy, Occupancy.block_id == Block.id)
    .where(
        Block.location_id == _HERE,
        Block.ends_at > sa.bindparam("since_at", type_=Block.ends_at.type),
    )
    .order_by(Block.starts_at)
)


def timetable(db: Session, location_id: int, zone: str, *, since: dt.date) -> Timetable:
    """Return the resources in use at a place and its calendar from a day on; four statements."""
    return Timetable(
        resources=queries.resources(db, location_id),
        calendar=calendar(db, location_id, zone, since=since),
    )


def calendar(db: Session, location_id: int, zone: str, *, since: dt.date) -> Calendar:
    """Return when a place and everything it has is open, from a day on; three statements."""
    weeks: dict[int, dict[int, list[tuple[dt.time, dt.time]]]] = {}
    for resource_id, weekday, starts, ends in db.execute(_WEEKS, {"location": location_id}):
        weeks.setdefault(resource_id, {}).setdefault(weekday, []).append((starts, ends))
    place_days: dict[dt.date, OneDay] = {}
    own_days: dict[tuple[int, dt.date], Times] = {}
    for resource_id, day, name, times in db.execute(
        _DAYS, {"location": location_id, "since": since}
    ):
        if resource_id:
            own_days[resource_id, day] = times_of(times)
        else:
            place_days[day] = OneDay(name=name, times=times_of(times))
    return Calendar(
        zone=zone,
        place=weeks.pop(0, {}),
        own=weeks,
        place_days=place_days,
        own_days=own_days,
        blocks=blocks(db, location_id, since_at=walltime.day_bounds(since, zone)[0]),
    )


def blocks(db: Session, location_id: int, *, since_at: dt.datetime) -> dict[int, list[Blocked]]:
    """Return {resource: what blocks it from an instant on}, in order; one statement."""
    found: dict[int, list[Blocked]] = {}
    for resource_id, kind, starts_at, ends_at in db.execute(
        _BLOCKS, {"location": location_id, "since_at": since_at}
    ):
        blocked = Blocked(span=Span(start=starts_at, end=ends_at), kind=kind)
        found.setdefault(resource_id, []).append(blocked)
    return found


def times_of(kept: Sequence[Sequence[str]]) -> Times:
    """Return the hours of a single day as they are kept: pairs of "08:00" and "12:00"."""
    return tuple((dt.time.fromisoformat(a), dt.time.fromisoformat(b)) for a, b in kept)
