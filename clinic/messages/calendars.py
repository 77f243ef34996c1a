"""Calendars (RFC 5545): the one beside a message, and the feed of a physician or a room."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard
from sqlalchemy.orm import Session, aliased

from clinic.catalog.models import Service
from clinic.scheduling.models import Appointment, AppointmentEvent, Resource
from clinic.scheduling.values import AppointmentStatus

BACK, AHEAD = dt.timedelta(days=30), dt.timedelta(days=180)
"""What a feed shows around today."""
PRODUCT = "-//Anagen//Treatment sessions//EN"
_SPACE = uuid.UUID("6f0b5f0e-6a53-4f0b-9d6e-2b7a6a7c1d10")
_HIDDEN = (AppointmentStatus.ENTERED_IN_ERROR, AppointmentStatus.NO_SHOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One visit as a calendar shows it: no name, no initials, nothing of the check."""

    id: int
    made_at: dt.datetime
    changed_at: dt.datetime
    sequence: int
    starts_at: dt.datetime
    ends_at: dt.datetime
    zone: str
    title: str
    where: str
    url: str = ""
    is_off: bool = False


def written(entries: Iterable[Entry], *, name: str = "") -> bytes:
    """Return the calendar with the time zones that its entries need; same entries, same bytes."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    if name:
        calendar.add("name", name)
        calendar.add("x-wr-calname", name)
        calendar.add("refresh-interval", dt.timedelta(minutes=15), parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", "PT15M")
    listed = list(entries)
    for zone in sorted({entry.zone for entry in listed}):
        days = [entry.starts_at for entry in listed if entry.zone == zone]
        calendar.add_component(_time_zone(zone, min(days), max(days)))
    for entry in listed:
        calendar.add_component(_event(entry))
    return bytes(calendar.to_ical())


def _time_zone(name: str, first: dt.datetime, last: dt.datetime) -> Timezone:
    """Return a VTIMEZONE with each change of the clocks from a year before to a year after.

    The library's own lists the changes as RDATE, an hour late: two foreign programs read a summer
    visit an hour wrong from it.
    """
    component, zone = Timezone(), ZoneInfo(name)
    component.add("tzid", name)
    begin = dt.datetime(first.year - 1, 1, 1, tzinfo=dt.UTC)
    end = dt.datetime(last.year + 2, 1, 1, tzinfo=dt.UTC)
    for instant in [begin, *_changes(zone, begin, end)]:
        component.add_component(_observance(zone, instant))
    return component


@lru_cache(maxsize=64)
def _changes(zone: ZoneInfo, begin: dt.datetime, end: dt.datetime) -> tuple[dt.datetime, ...]:
    return tuple(_found(zone, begin, end))


def _found(zone: ZoneInfo, begin: dt.datetime, end: dt.datetime) -> Iterator[dt.datetime]:
    """Yield the instants at which the clocks change, found to the second by halving days."""
    day = dt.timedelta(days=1)
    while begin < end:
        if _offset(zone, begin) != _offset(zone, begin + day):
            low, high = begin, begin + day
            while high - low > dt.timedelta(seconds=1):
                middle = low + dt.timedelta(seconds=(high - low) // dt.timedelta(seconds=2))
                is_before = _offset(zone, middle) == _offset(zone, begin)
                low, high = (middle, high) if is_before else (low, middle)
            yield high
        begin += day


def _observance(zone: ZoneInfo, instant: dt.datetime) -> TimezoneStandard | TimezoneDaylight:
    local = instant.astimezone(zone)
    before = _offset(zone, instant - dt.timedelta(seconds=1))
    part = TimezoneDaylight() if local.dst() else TimezoneStandard()
    # In wall time as it was until then: RFC 5545, 3.6.5.
    part.add("dtstart", (instant + before).replace(tzinfo=None))
    part.add("tzoffsetfrom", before)
    part.add("tzoffsetto", _offset(zone, instant))
    part.add("tzname", local.tzname() or "")
    return part


def _offset(zone: ZoneInfo, instant: dt.datetime) -> dt.timedelta:
    return instant.astimezone(zone).utcoffset() or dt.timedelta()


def _event(entry: Entry) -> Event:
    event, zone = Event(), ZoneInfo(entry.zone)
    event.add("uid", uid(entry.id, entry.made_at))
    event.add("dtstamp", entry.changed_at)
    event.add("sequence", entry.sequence)
    event.add("dtstart", entry.starts_at.astimezone(zone))
    event.add("dtend", entry.ends_at.astimezone(zone))
    event.add("summary", entry.title)
    event.add("class", "CONFIDENTIAL")
    event.add("status", "CANCELLED" if entry.is_off else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if entry.is_off else "OPAQUE")
    if entry.where:
        event.add("location", entry.where)
    if entry.url:
        event.add("url", entry.url)
    return event


def uid(appointment_id: int, made_at: dt.datetime) -> str:
    """Return the name of a visit that every calendar knows it by, whatever becomes of it."""
    return f"{uuid.uuid5(_SPACE, f'{appointment_id} {made_at.isoformat()}')}@anagen"


def feed(db: Session, resource: Resource, now: dt.datetime, address: Callable[[int], str]) -> bytes:
    """Return the calendar of a physician or a room: service, room and link. One statement."""
    room = aliased(Resource)
    changed = (
        sa.select(sa.func.max(AppointmentEvent.at))
        .where(AppointmentEvent.appointment_id == Appointment.id)
        .correlate(Appointment)
        .scalar_subquery()
    )
    rows = db.execute(
        sa.select(
            Appointment.id,
            Appointment.version,
            Appointment.created_at,
            Appointment.starts_at,
            Appointment.ends_at,
            Appointment.zone,
            Appointment.status,
            Service.name.label("service"),
            room.name.label("room"),
            changed.label("changed_at"),
        )
        .join(Service, Service.id == Appointment.service_id)
        .join(room, room.id == Appointment.room_id)
        .where(
            sa.or_(Appointment.practitioner_id == resource.id, Appointment.room_id == resource.id),
            Appointment.location_id == resource.location_id,
            Appointment.starts_at.between(now - BACK, now + AHEAD),
            Appointment.status.not_in(_HIDDEN),
        )
        .order_by(Appointment.starts_at, Appointment.id)
    )
    return written(
        (
            Entry(
                id=row.id,
                made_at=row.created_at,
                changed_at=row.changed_at or row.created_at,
                sequence=row.version,
                starts_at=row.starts_at,
                ends_at=row.ends_at,
                zone=row.zone,
                title=row.service,
                where=row.room,
                url=address(row.id),
                is_off=row.status is AppointmentStatus.CANCELLED,
            )
            for row in rows
        ),
        name=resource.name,
    )
