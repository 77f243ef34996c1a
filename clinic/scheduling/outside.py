"""The coming visits that stand outside the hours: on a day off, or after the week was changed."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.core import clock, walltime
from clinic.core.access import Actor
from clinic.scheduling import timetables
from clinic.scheduling.elsewhere import AFTER
from clinic.scheduling.models import Appointment, Occupancy
from clinic.scheduling.rules import hours
from clinic.scheduling.values import AppointmentStatus, Span

WEEKS = dt.timedelta(weeks=8)
"""So much is looked at on one page: how many visits are to come does not slow it down."""
_AROUND = dt.timedelta(hours=15)
"""No zone is further from UTC: by it the index finds the visits of a day, the promise says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The hours of a place, of one resource of it or of one date, leave them outside."""

    actor: Actor
    resource_id: int | None = None
    on: dt.date | None = None
    since: dt.date | None = None
    """The first of eight weeks that are looked at, where no one date is; None: today."""
    audited = "location.visits_moved"

    @property
    def entity(self) -> tuple[str, int]:
        """Return the place."""
        return "location", self.actor.location_id

    def hit(self, db: Session) -> Sequence[int]:
        """Return the coming visits outside the hours; four statements, however many."""
        wanted = [] if self.resource_id is None else [Occupancy.resource_id == self.resource_id]
        days = None if self.on is None else [self.on]
        if days is None:
            first, after = (walltime.day_bounds(day, self.actor.zone)[0] for day in self.shown)
            wanted += [Appointment.starts_at >= first, Appointment.starts_at < after]
        return [id_ for id_, _ in standing(db, self.actor, *wanted, days=days)]

    @property
    def shown(self) -> tuple[dt.date, dt.date]:
        """Return the first day that is looked at, and the first that is not any more."""
        today = clock.today(self.actor.zone)
        first = max(self.since or today, today)
        return first, first + WEEKS

    def has_more(self, db: Session) -> bool:
        """Tell whether visits are booked behind what is looked at; one statement."""
        if self.on is not None:
            return False
        after = walltime.day_bounds(self.shown[1], self.actor.zone)[0]
        later = sa.select(Appointment.id).where(
            Appointment.location_id == self.actor.location_id,
            Appointment.status == AppointmentStatus.BOOKED,
            Appointment.starts_at >= after,
        )
        return db.scalar(later.limit(1)) is not None

    def last_day(self, on: dt.date) -> dt.date:
        """Return the last day on which another time is looked for."""
        return on + dt.timedelta(days=AFTER)


def of_resource(db: Session, actor: Actor, resource_id: int) -> int:
    """Count all the coming visits of a resource outside its hours; four statements."""
    return len(standing(db, actor, Occupancy.resource_id == resource_id))


def counted(db: Session, actor: Actor, days: Collection[dt.date]) -> Counter[dt.date]:
    """Count the visits of some days that stand outside the hours of these days."""
    return Counter(day for _, day in standing(db, actor, days=days))


def standing(
    db: Session,
    actor: Actor,
    *wanted: sa.ColumnElement[bool],
    days: Collection[dt.date] | None = None,
) -> list[tuple[int, dt.date]]:
    """Return (visit, its day) of the coming visits outside the hours, the earliest first."""
    rows = db.execute(
        sa.select(
            Appointment.id,
            Appointment.starts_local,
            Occupancy.resource_id,
            Occupancy.starts_at,
            Occupancy.ends_at,
        )
        .join(Occupancy, Occupancy.appointment_id == Appointment.id)
        .where(
            Appointment.location_id == actor.location_id,
            Appointment.status == AppointmentStatus.BOOKED,
            Appointment.starts_at > clock.now(),
            Occupancy.is_active,
            *wanted,
            *([] if days is None else [_of(days)]),
        )
        .order_by(Appointment.starts_at, Appointment.id)
    ).all()
    on = {row.id: row.starts_local.date() for row in rows}
    calendar = timetables.calendar(db, actor.location_id, actor.zone, since=clock.today(actor.zone))
    found = hours.outside(
        calendar,
        ((r.id, r.resource_id, Span(start=r.starts_at, end=r.ends_at)) for r in rows),
    )
    return [(id_, on[id_]) for id_ in found if days is None or on[id_] in days]


def _of(days: Collection[dt.date]) -> sa.ColumnElement[bool]:
    day = dt.timedelta(days=1)
    midnights = [dt.datetime.combine(day_, dt.time(), dt.UTC) for day_ in days]
    return sa.or_(
        sa.false(),
        *(Appointment.starts_at.between(at - _AROUND, at + day + _AROUND) for at in midnights),
    )
