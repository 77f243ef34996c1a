"""Reading the clinic's places."""

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from clinic.core.errors import NotFound
from clinic.core.text import N_
from clinic.locations.models import Location, OpeningHours
from clinic.locations.values import OpenSpan


def get(db: Session, location_id: int) -> Location:
    """Return a place without its hours; raises NotFound."""
    location = db.get(Location, location_id)
    if location is None:
        raise NotFound(N_("There is no such place"))
    return location


def with_hours(db: Session, location_id: int) -> Location:
    """Return a place with its opening hours; raises NotFound."""
    location = db.scalar(
        sa.select(Location)
        .where(Location.id == location_id)
        .options(selectinload(Location.opening_hours))
    )
    if location is None:
        raise NotFound(N_("There is no such place"))
    return location


def hours(db: Session, location_id: int, *, weekday: int) -> Sequence[tuple[dt.time, dt.time]]:
    """Return the opening spans of a weekday (0 is Monday), earliest first; empty when closed."""
    rows = db.execute(
        sa.select(OpeningHours.opens, OpeningHours.closes)
        .where(OpeningHours.location_id == location_id, OpeningHours.weekday == weekday)
        .order_by(OpeningHours.opens)
    )
    return [(row.opens, row.closes) for row in rows]


def first(db: Session) -> Location:
    """Return the place that was founded first; raises NotFound when there is none yet."""
    location = db.scalar(sa.select(Location).order_by(Location.id).limit(1))
    if location is None:
        raise NotFound(N_("The clinic has not been set up yet"))
    return location


def places(db: Session) -> Sequence[Location]:
    """Return all places of the clinic, by name."""
    return db.scalars(sa.select(Location).order_by(Location.name, Location.id)).all()


def spans(location: Location) -> tuple[OpenSpan, ...]:
    """Return the opening hours of a place loaded by `with_hours`, in order of the week."""
    return tuple(
        sorted(OpenSpan(row.weekday, row.opens, row.closes) for row in location.opening_hours)
    )
