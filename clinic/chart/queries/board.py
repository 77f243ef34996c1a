"""The day board: the visits of one day in columns of people or rooms, and the times between.

One statement reads the visits, whatever their number.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from clinic.catalog.models import Service
from clinic.catalog.values import ResourceKind
from clinic.chart.rules.board import (
    DAY_MIN,
    ROW,
    ROW_MIN,
    Builder,
    Day,
    Line,
    View,
    has_gap,
    minutes_of,
    shown_range,
)
from clinic.core import clock, walltime
from clinic.core.access import Actor
from clinic.patients.models import Patient
from clinic.safety.values import Decision
from clinic.scheduling.models import Appointment, Course, Occupancy, Resource
from clinic.scheduling.rules import hours
from clinic.scheduling.timetables import Timetable
from clinic.scheduling.values import AppointmentStatus


def day(db: Session, actor: Actor, table: Timetable, on: dt.date, view: View) -> Day:
    """Return a day as the role may see it; one statement beside the timetable."""
    parts = cast("Sequence[Line]", db.execute(_VISITS, _bounds(actor, on)).all())
    rows, own = _by_visit(parts)
    now = clock.now()
    local = walltime.to_local(now, actor.zone)
    is_today = local.date() == on
    kind = ResourceKind.PRACTITIONER if view is View.PRACTITIONERS else ResourceKind.ROOM
    shifts = {
        r.id: [(minutes_of(a), minutes_of(b)) for a, b in hours.day_times(table.calendar, r.id, on)]
        for r in table.of_kind(kind)
    }
    opens, closes = shown_range(shifts.values(), rows)
    now_min = local.hour * 60 + local.minute
    begun = _begun(local, on)
    build = Builder(
        actor=actor,
        view=view,
        opens=opens,
        is_today=is_today,
        own=own if view is View.PRACTITIONERS else {},
    )
    by_column: dict[int, list[Line]] = {id_: [] for id_ in shifts}
    counts = dict.fromkeys(AppointmentStatus, 0)
    for row in rows:
        key = row.practitioner_id if view is View.PRACTITIONERS else row.room_id
        by_column.setdefault(key, []).append(row)
        counts[row.status] += 1
    columns = [
        build.column(
            id_,
            table.named(id_) or build.name_of(lines[0]),
            lines,
            shifts.get(id_, []),
            closes=closes,
            begun=begun,
        )
        for id_, lines in by_column.items()
    ]
    is_shown = is_today and opens <= now_min < closes
    return Day(
        on=on,
        view=view,
        is_today=is_today,
        is_closed=not any(shifts.values()),
        open_min=opens,
        rows=(closes - opens) // ROW_MIN,
        now_row=(now_min - opens) // ROW_MIN if is_shown else None,
        now=local.strftime("%H:%M"),
        columns=columns,
        counts=counts,
        courses=frozenset(c.course for col in columns for c in col.cards if c.course),
        stamp=_stamp(((r.id, r.version, r.decision, r.is_released) for r in rows), begun),
        visits=[row.id for row in rows],
    )


def _by_visit(parts: Sequence[Line]) -> tuple[list[Line], dict[int, list[tuple[int, int]]]]:
    """Return one row a visit, and {visit: the rows that its practitioner is there for}.

    Those who are not free for a quarter of an hour of it are left out.
    """
    rows: list[Line] = []
    own: dict[int, list[tuple[int, int]]] = {}
    for part in parts:
        if not rows or rows[-1].id != part.id:
            rows.append(part)
        if part.own_starts_at is None:
            continue
        if part.own_starts_at != part.starts_at or part.own_ends_at != part.ends_at:
            own.setdefault(part.id, []).append(
                (
                    (part.own_starts_at - part.starts_at) // ROW,
                    (part.own_ends_at - part.starts_at) // ROW,
                )
            )
    wholes = {row.id: (row.ends_at - row.starts_at) // ROW for row in rows if row.id in own}
    return rows, {id_: parts for id_, parts in own.items() if has_gap(parts, wholes[id_])}


def stamp(db: Session, actor: Actor, on: dt.date) -> str:
    """Return what changes when the board of a day does; one narrow statement."""
    rows = db.execute(_STAMP, _bounds(actor, on))
    begun = _begun(walltime.to_local(clock.now(), actor.zone), on)
    return _stamp(((row[0], row[1], row[2], row[3]) for row in rows), begun)


def _begun(local: dt.datetime, on: dt.date) -> int:
    """Return how many minutes of a day are over."""
    if local.date() == on:
        return local.hour * 60 + local.minute
    return DAY_MIN if local.date() > on else 0


def _stamp(lines: Iterable[tuple[int, int, Decision | None, bool]], begun: int) -> str:
    """Digest what the cards show, and where the line of the present stands."""
    said = ";".join(
        f"{id_},{version},{decision},{released}" for id_, version, decision, released in lines
    )
    return hashlib.blake2b(f"{begun // ROW_MIN}|{said}".encode(), digest_size=8).hexdigest()


_OF_DAY = (
    Appointment.location_id == sa.bindparam("location"),
    Appointment.starts_at >= sa.bindparam("start", type_=Appointment.starts_at.type),
    Appointment.starts_at < sa.bindparam("end", type_=Appointment.starts_at.type),
    Appointment.status != AppointmentStatus.ENTERED_IN_ERROR,
)
_Practitioner, _Room = aliased(Resource), aliased(Resource)
_VISITS = (
    sa.select(
        Appointment.id,
        Appointment.version,
        Appointment.practitioner_id,
        Appointment.room_id,
        Appointment.starts_local,
        Appointment.starts_at,
        Appointment.ends_at,
        Appointment.status,
        Appointment.decision,
        Appointment.is_released,
        Appointment.overbook_reason.is_not(None).label("is_overbooked"),
        Occupancy.starts_at.label("own_starts_at"),
        Occupancy.ends_at.label("own_ends_at"),
        Appointment.course_number,
        Patient.given_name,
        Patient.family_name,
        Patient.birth_date,
        Service.name.label("service"),
        Service.modality,
        Course.sessions_planned,
        _Practitioner.name.label("practitioner"),
        _Room.name.label("room"),
    )
    .join(Patient, Patient.id == Appointment.patient_id)
    .join(Service, Service.id == Appointment.service_id)
    .join(_Practitioner, _Practitioner.id == Appointment.practitioner_id)
    .join(_Room, _Room.id == Appointment.room_id)
    .outerjoin(Course, Course.id == Appointment.course_id)
    .outerjoin(
        Occupancy,
        sa.and_(
            Occupancy.appointment_id == Appointment.id,
            Occupancy.resource_id == Appointment.practitioner_id,
        ),
    )
    .where(*_OF_DAY)
    .order_by(Appointment.starts_at, Appointment.id, Occupancy.starts_at)
)
"""Written once: putting twenty columns together costs as much as reading twenty rows.

A visit whose practitioner comes and goes is a row for each part that is theirs.
"""
_STAMP = (
    sa.select(Appointment.id, Appointment.version, Appointment.decision, Appointment.is_released)
    .where(*_OF_DAY)
    .order_by(Appointment.starts_at, Appointment.id)
)


def _bounds(actor: Actor, on: dt.date) -> dict[str, object]:
    start, end = walltime.day_bounds(on, actor.zone)
    return {"location": actor.location_id, "start": start, "end": end}
