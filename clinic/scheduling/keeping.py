"""Keeping when a place is open and who works when: weeks, single days, public holidays.

Whoever changes hours holds the resources they are of, as whoever books does: no visit slips in
between the old hours and the new ones.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from clinic.audit import service as audit
from clinic.catalog.values import ResourceKind
from clinic.core import clock
from clinic.core.access import Actor, refuse_unconfirmed
from clinic.core.errors import Conflict, Invalid, NotFound, StaleEdit
from clinic.core.text import N_
from clinic.locations import holidays
from clinic.locations import queries as location_queries
from clinic.locations import rules as location_rules
from clinic.locations.models import Location, OpeningDay
from clinic.locations.values import OpenSpan
from clinic.scheduling import guard, holdings, timetables
from clinic.scheduling.closing import KeepOwnDay, KeepPlaceDays, KeepWeek
from clinic.scheduling.models import Appointment, Resource, WorkingDay, WorkingHours
from clinic.scheduling.rules import hours
from clinic.scheduling.rules.hours import Times
from clinic.scheduling.values import AppointmentStatus

MOST_DAYS = 60
YEARS_AHEAD = 2
DAY_OVER = N_("This day is over")
TURNED = N_("The last day lies before the first")
TOO_MANY = N_("At most %(most)s days at a time, please")
NO_NAME = N_("Say what the day is called")
PLACE_CLOSED = N_("The clinic is closed on that day: open it first")
PLACE_HOURS = N_("The clinic is open only %(hours)s on that day")
NO_HOURS = N_("The week has no hours on this weekday: add the day with its hours")
NO_DAY = N_("This day has no hours of its own any more")


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCard:
    """One date with other hours, as lists show it."""

    id: int
    day: dt.date
    name: str
    times: str
    """As people write them; empty is closed."""
    is_holiday: bool = False
    """Whether it is a public holiday: it is opened and closed, not removed."""


# ---- reading ----


def week_of(db: Session, resource_id: int) -> tuple[OpenSpan, ...]:
    """Return a resource's own weekly hours, in the order of the week."""
    rows = db.scalars(sa.select(WorkingHours).where(WorkingHours.resource_id == resource_id))
    return tuple(sorted(OpenSpan(row.weekday, row.starts, row.ends) for row in rows))


def own_days(db: Session, resource_id: int, *, since: dt.date) -> Sequence[DayCard]:
    """Return the coming dates on which a resource has other hours."""
    rows = db.scalars(
        sa.select(WorkingDay)
        .where(WorkingDay.resource_id == resource_id, WorkingDay.day >= since)
        .order_by(WorkingDay.day)
    )
    return [DayCard(id=r.id, day=r.day, name="", times=_text(r.times)) for r in rows]


def place_days(db: Session, location_id: int, *, since: dt.date) -> Sequence[DayCard]:
    """Return the coming dates on which the place has other hours; two statements."""
    rows = db.scalars(
        sa.select(OpeningDay)
        .where(OpeningDay.location_id == location_id, OpeningDay.day >= since)
        .order_by(OpeningDay.day)
    ).all()
    known = _holidays(location_queries.get(db, location_id), {row.day.year for row in rows})
    return [
        DayCard(
            id=row.id,
            day=row.day,
            name=row.name,
            times=_text(row.times),
            is_holiday=row.day in known,
        )
        for row in rows
    ]


def booked_on(db: Session, location_id: int, days: Collection[dt.date]) -> Counter[dt.date]:
    """Count the booked visits of some days, each found by the index of the place."""
    around = dt.timedelta(hours=15)  # No zone is further from UTC: the promise says the day.
    spans = [
        Appointment.starts_at.between(start - around, start + dt.timedelta(days=1) + around)
        for day in days
        for start in [dt.datetime.combine(day, dt.time(), dt.UTC)]
    ]
    starts = db.scalars(
        sa.select(Appointment.starts_local).where(
            Appointment.location_id == location_id,
            Appointment.status == AppointmentStatus.BOOKED,
            sa.or_(sa.false(), *spans),
        )
    )
    counted = Counter(start.date() for start in starts)
    return Counter({day: counted[day] for day in days if counted[day]})


def holidays_ahead(db: Session, location: Location) -> Mapping[dt.date, str]:
    """Return {day: name} of the coming public holidays that nobody has decided about."""
    today = clock.today(location.zone)
    known = _holidays(location, range(today.year, today.year + YEARS_AHEAD + 1))
    kept = set(db.scalars(sa.select(OpeningDay.day).where(OpeningDay.location_id == location.id)))
    return {day: name for day, name in known.items() if day >= today and day not in kept}


def undecided_holiday(db: Session, location_id: int, on: dt.date) -> str:
    """Return the name of a day that is a public holiday nobody has decided about, else nothing."""
    place = db.execute(_PLACE, {"id": location_id}).one()
    name = _holidays(place, [on.year]).get(on, "")
    if not name:
        return ""
    kept = sa.select(OpeningDay.id).where(
        OpeningDay.location_id == location_id, OpeningDay.day == on
    )
    return "" if db.scalar(kept) is not None else name


# Made once, and narrow: each look at the board asks.
_PLACE = sa.select(Location.country, Location.subdivision, Location.locale).where(
    Location.id == sa.bindparam("id")
)


def _holidays(
    location: Location | sa.Row[str, str, str], years: Iterable[int]
) -> Mapping[dt.date, str]:
    # A newer library may know a country or a part of it no more: then it has no holidays ahead.
    if not holidays.has_part(location.country, location.subdivision):
        return {}
    return holidays.public_holidays(
        location.country, location.subdivision, years, locale=location.locale
    )


def own_resource(db: Session, actor: Actor) -> Resource | None:
    """Return the column that stands for whoever is signed in; None when there is none."""
    return db.scalar(sa.select(Resource).where(Resource.account_id == actor.id))


# ---- weeks and days of a resource ----


def keep_week(db: Session, actor: Actor, wish: KeepWeek) -> Resource:
    """Give a resource other weekly hours; visits that are booked stay.

    Raises NotFound, StaleEdit, PasswordNeeded, Invalid at the weekday on which the place is closed
    at these hours.
    """
    refuse_unconfirmed(actor, at=clock.now())
    resource = holdings.get(db, actor, wish.resource_id)
    if resource.version != wish.version:
        raise StaleEdit(holdings.STALE)
    location = location_queries.with_hours(db, actor.location_id)
    place = location_queries.spans(location)
    for day in range(7):
        own = [(s.opens, s.closes) for s in wish.hours if s.weekday == day]
        opens = [(s.opens, s.closes) for s in place if s.weekday == day]
        _refuse_outside(own, opens, field=f"hours_{day}")
    before = week_of(db, resource.id)
    if before == wish.hours:
        return resource

    _lock(db, actor.location_id)
    flag_modified(resource, "name")  # Hours are rows of their own: the version moves with them.
    db.execute(sa.delete(WorkingHours).where(WorkingHours.resource_id == resource.id))
    db.add_all(
        WorkingHours(resource_id=resource.id, weekday=s.weekday, starts=s.opens, ends=s.closes)
        for s in wish.hours
    )
    changes = {"hours": [_week_text(before), _week_text(wish.hours)]}
    audit.record(
        db, actor, "resource.hours_changed", "resource", resource.id, detail={"changes": changes}
    )
    return resource


def keep_own_day(db: Session, actor: Actor, wish: KeepOwnDay) -> WorkingDay:
    """Let a resource have other hours on one date, instead of what it had there.

    Raises NotFound, PasswordNeeded, Invalid for a day that is over or hours at which the place is
    closed.
    """
    refuse_unconfirmed(actor, at=clock.now())
    resource = holdings.get(db, actor, wish.resource_id)
    if wish.day < clock.today(actor.zone):
        raise Invalid(DAY_OVER, field="day")
    calendar = timetables.calendar(db, actor.location_id, actor.zone, since=wish.day)
    _refuse_outside(wish.times, hours.place_times(calendar, wish.day), field="times")

    _lock(db, actor.location_id)
    found = db.scalar(
        sa.select(WorkingDay).where(
            WorkingDay.resource_id == resource.id, WorkingDay.day == wish.day
        )
    )
    row = found or WorkingDay(resource_id=resource.id, day=wish.day, times=[])
    row.times = _kept(wish.times)
    db.add(row)
    detail = {"day": wish.day.isoformat(), "times": _text(row.times)}
    audit.record(db, actor, "resource.day_kept", "resource", resource.id, detail=detail)
    return row


def drop_own_day(db: Session, actor: Actor, resource_id: int, day_id: int) -> None:
    """Let a date of a resource be as its week is; raises NotFound, PasswordNeeded."""
    refuse_unconfirmed(actor, at=clock.now())
    resource = holdings.get(db, actor, resource_id)
    row = db.get(WorkingDay, day_id)
    if row is None or row.resource_id != resource.id:
        raise NotFound(NO_DAY)
    _lock(db, actor.location_id)
    detail = {"day": row.day.isoformat(), "times": _text(row.times)}
    db.delete(row)
    audit.record(db, actor, "resource.day_dropped", "resource", resource.id, detail=detail)


# ---- days of the place ----


def keep_place_days(db: Session, actor: Actor, wish: KeepPlaceDays) -> int:
    """Let the place have other hours from day to day; return how many days that are.

    Raises PasswordNeeded, Invalid for days that are over, turned round or too many.
    """
    refuse_unconfirmed(actor, at=clock.now())
    if not wish.name:
        raise Invalid(NO_NAME, field="name")
    if wish.first < clock.today(actor.zone):
        raise Invalid(DAY_OVER, field="first")
    if wish.last < wish.first:
        raise Invalid(TURNED, field="last")
    count = (wish.last - wish.first).days + 1
    if count > MOST_DAYS:
        raise Invalid(TOO_MANY, field="last", most=MOST_DAYS)
    days = {wish.first + dt.timedelta(days=n): wish.name for n in range(count)}
    return _keep_days(db, actor.location_id, days, dict.fromkeys(days, wish.times), by=actor)


def take_over(db: Session, actor: Actor, days: Sequence[dt.date]) -> int:
    """Close the place on public holidays, each under its name; return on how many.

    Days that are no holiday any more, or decided about meanwhile, are left out. Raises
    PasswordNeeded.
    """
    refuse_unconfirmed(actor, at=clock.now())
    chosen = _undecided(db, actor, days)
    return _keep_days(db, actor.location_id, chosen, dict.fromkeys(chosen, ()), by=actor)


def work_on(db: Session, actor: Actor, days: Sequence[dt.date]) -> int:
    """Let the place work on public holidays at the hours of their weekdays, as `take_over`."""
    refuse_unconfirmed(actor, at=clock.now())
    chosen = _undecided(db, actor, days)
    week = _week(db, actor.location_id)
    times = {day: week.get(day.weekday(), ()) for day in chosen}
    return _keep_days(db, actor.location_id, chosen, times, by=actor)


def _undecided(db: Session, actor: Actor, days: Sequence[dt.date]) -> dict[dt.date, str]:
    open_ones = holidays_ahead(db, location_queries.get(db, actor.location_id))
    return {day: open_ones[day] for day in days if day in open_ones}


def follow_holidays(db: Session, location: Location, *, since: dt.date) -> int:
    """Close a place on the public holidays ahead, by itself; return on how many.

    A day that somebody decided about stays as it is. A day on which visits are booked is left for
    somebody to decide: it is shown with them, until then and on the board.
    """
    ahead = {day: name for day, name in holidays_ahead(db, location).items() if day >= since}
    _lock(db, location.id)
    booked = booked_on(db, location.id, ahead)
    free = {day: name for day, name in ahead.items() if not booked[day]}
    return _keep_days(db, location.id, free, dict.fromkeys(free, ()), by=None)


def open_place_day(db: Session, actor: Actor, day_id: int) -> None:
    """Let the place work on a date at the hours of its weekday.

    Raises NotFound, PasswordNeeded, Conflict where the weekday has none.
    """
    row = _place_day(db, actor, day_id)
    times = _week(db, actor.location_id).get(row.day.weekday(), ())
    if not times:
        raise Conflict(NO_HOURS)
    _keep_days(db, actor.location_id, {row.day: row.name}, {row.day: times}, by=actor)


def close_place_day(db: Session, actor: Actor, day_id: int) -> None:
    """Close the place on a date that has hours; raises NotFound, PasswordNeeded."""
    row = _place_day(db, actor, day_id)
    _keep_days(db, actor.location_id, {row.day: row.name}, {row.day: ()}, by=actor)


def _place_day(db: Session, actor: Actor, day_id: int) -> OpeningDay:
    refuse_unconfirmed(actor, at=clock.now())
    row = db.get(OpeningDay, day_id)
    if row is None or row.location_id != actor.location_id:
        raise NotFound(NO_DAY)
    return row


def _week(db: Session, location_id: int) -> Mapping[int, Times]:
    """Return {weekday: the place's hours}."""
    week: dict[int, list[tuple[dt.time, dt.time]]] = {}
    for span in location_queries.spans(location_queries.with_hours(db, location_id)):
        week.setdefault(span.weekday, []).append((span.opens, span.closes))
    return week


def drop_place_day(db: Session, actor: Actor, day_id: int) -> None:
    """Let a date of the place be as its week is; raises NotFound, PasswordNeeded."""
    row = _place_day(db, actor, day_id)
    _lock(db, actor.location_id)
    detail = {"day": row.day.isoformat(), "name": row.name, "times": _text(row.times)}
    db.delete(row)
    audit.record(db, actor, "location.day_dropped", "location", actor.location_id, detail=detail)


def _keep_days(
    db: Session,
    location_id: int,
    days: Mapping[dt.date, str],
    times: Mapping[dt.date, Times],
    *,
    by: Actor | None,
) -> int:
    """Keep the name and the hours of each of these days."""
    if not days:
        return 0
    _lock(db, location_id)
    had = {
        row.day: row
        for row in db.scalars(
            sa.select(OpeningDay).where(
                OpeningDay.location_id == location_id, OpeningDay.day.in_(days)
            )
        )
    }
    for day, name in days.items():
        row = had.get(day) or OpeningDay(location_id=location_id, day=day, name="", times=[])
        row.name, row.times = name[:120], _kept(times[day])
        db.add(row)
    detail: dict[str, Any] = {
        "days": {day.isoformat(): name for day, name in days.items()},
        "times": "; ".join(sorted({_text(_kept(times[day])) for day in days})),
    }
    audit.record(db, by, "location.days_kept", "location", location_id, detail=detail)
    return len(days)


# ---- what they share ----


def _lock(db: Session, location_id: int) -> None:
    guard.lock_resources(db, location_id, (), [(kind, "") for kind in ResourceKind])


def _refuse_outside(own: Times, place: Times, *, field: str) -> None:
    for opens, closes in own:
        if not any(a <= opens and closes <= b for a, b in place):
            if not place:
                raise Invalid(PLACE_CLOSED, field=field)
            raise Invalid(PLACE_HOURS, field=field, hours=_text(_kept(place)))


def _kept(times: Times) -> list[list[str]]:
    return [[opens.strftime("%H:%M"), closes.strftime("%H:%M")] for opens, closes in times]


def _text(kept: Sequence[Sequence[str]]) -> str:
    return ", ".join(f"{opens}\u2013{closes}" for opens, closes in kept)


def _week_text(spans: Sequence[OpenSpan]) -> str:
    return "; ".join(
        f"{day}: {text}" for day in range(7) if (text := location_rules.text_of(spans, day))
    )
