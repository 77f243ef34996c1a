"""The board: the visits of a day or a week in columns, or in a list, and the times between.

One statement reads the visits, whatever their number.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from clinic.catalog.models import Service
from clinic.catalog.values import ResourceKind
from clinic.chart.queries import board_papers
from clinic.chart.rules.board import (
    ROW,
    ROW_MIN,
    Card,
    Column,
    Day,
    Lack,
    Line,
    View,
    first_of,
    has_gap,
    minutes_of,
    shown_range,
)
from clinic.chart.rules.board_columns import Builder
from clinic.chart.rules.closed import CLOSED, DAY_MIN, OFFERED, Blocked
from clinic.core import clock, walltime
from clinic.core.access import Actor
from clinic.locations.models import Location
from clinic.patients.models import Patient
from clinic.safety.values import Decision
from clinic.scheduling import missed, moved, timetables
from clinic.scheduling.closing import BLOCK_NAMES
from clinic.scheduling.models import Appointment, Course, Occupancy, Resource
from clinic.scheduling.rules import hours
from clinic.scheduling.timetables import Timetable
from clinic.scheduling.values import AppointmentStatus, Missed, Span

WEEK_DAYS = 7
_Spans = list[tuple[int, int]]


def day(
    db: Session,
    actor: Actor,
    table: Timetable,
    on: dt.date,
    view: View,
    *,
    practitioner_id: int | None = None,
    held: Iterable[tuple[int, Span]] = (),
    is_by_papers: bool = False,
    hides_names: bool = False,
) -> Day:
    """Return a day, or a practitioner's week, as the role may see it.

    One statement beside the timetable, one more where visits were moved. `practitioner_id` is
    whose week; None is one's own, else the first of the list. `held` is what is held for offers,
    of any day: (resource, when). A list begins with what is not ready where that is wished.
    """
    whose = _whose(actor, table, practitioner_id) if view is View.WEEK else None
    asked = {View.DEVICES: _BY_DEVICE, View.WEEK: _OF_ONE}.get(view, _BY_PRACTITIONER)
    bounds = _bounds(actor, on, view) | ({"whose": whose} if view is View.WEEK else {})
    rows_read = db.connection().execute(asked, bounds | missed.bounds())
    parts = [Line._make(row) for row in rows_read.all()]
    rows, own = _by_visit(parts)
    now = clock.now()
    local = walltime.to_local(now, actor.zone)
    days = _days(on, view)
    shifts = {
        (id_, d): _shifts(table, id_, d)
        for d in days
        for id_ in ([whose] if view is View.WEEK else [r.id for r in table.of_kind(view.kind)])
        if id_ is not None
    }
    opens, closes = shown_range(shifts.values(), rows)
    builds = {
        d: Builder(
            actor=actor,
            view=view,
            opens=opens,
            on=d,
            begun=_begun(local, d),
            now=now,
            is_today=local.date() == d,
            hides_names=hides_names,
            own={} if view in {View.ROOMS, View.DEVICES, View.LIST} else own,
        )
        for d in days
    }
    columns: list[Column] = []
    if view is not View.LIST:
        offered = _offered(held, actor.zone)
        by_column: dict[tuple[int, dt.date], list[Line]] = {key: [] for key in shifts}
        for row in parts if view is View.DEVICES else rows:
            key = _key(row, view)
            if key is not None:
                by_column.setdefault(key, []).append(row)
        columns = [
            builds[d].column(
                id_,
                table.named(id_) or _name_of(lines[0], view),
                lines,
                shifts.get((id_, d), []),
                blocked=[*_blocked(table, id_, d), *offered.get((id_, d), ())],
                shut=_shut(table, d),
                closes=closes,
                takes=(id_, d) in shifts,
            )
            for (id_, d), lines in by_column.items()
        ]
    cards: list[Card] = []
    lacks: Mapping[int, Sequence[Lack]] = {}
    if view is View.LIST:
        cards = [builds[on].card(row, *builds[on].rows_of(row)) for row in rows]
        lacks = board_papers.lacking(db, actor, [card.id for card in cards if card.level])
        if is_by_papers:
            cards.sort(key=lambda card: not lacks.get(card.id))
    counts = dict.fromkeys(AppointmentStatus, 0)
    for row in rows:
        counts[row.status] += 1
    now_min = local.hour * 60 + local.minute
    is_shown = local.date() in days and opens <= now_min < closes
    shown = [*cards, *(card for column in columns for card in column.cards)]
    return Day(
        on=on,
        view=view,
        practitioner_id=whose,
        is_today=local.date() == on,
        is_closed=not any(shifts.values()),
        open_min=opens,
        rows=(closes - opens) // ROW_MIN,
        now_row=(now_min - opens) // ROW_MIN if is_shown else None,
        now=local.strftime("%H:%M"),
        now_at=now,
        columns=columns,
        cards=cards,
        counts=counts,
        courses=frozenset(card.course for card in shown if card.course),
        stamp=stamp(db, actor, on, view)
        if view is View.WEEK
        else _stamp(
            ((r.id, r.version, r.decision, r.is_released) for r in rows),
            _present(local, on, view),
            _closed(table.calendar.blocks, _window(actor, on, view)),
        ),
        visits=[row.id for row in rows],
        patients={row.id: row.patient_id for row in rows},
        missed={
            row.id: Missed(no_shows=row.no_shows, late=row.late)
            for row in rows
            if row.no_shows or row.late
        },
        moved_from=moved.firsts(db, {r.id: r.starts_local for r in rows if r.moved}),
        lacks=lacks,
    )


def _offered(
    held: Iterable[tuple[int, Span]], zone: str
) -> dict[tuple[int, dt.date], list[Blocked]]:
    """Return from which to which minute what is held for offers of the waiting list."""
    found: dict[tuple[int, dt.date], list[Blocked]] = {}
    for resource_id, when in held:
        local, end = (walltime.to_local(at, zone) for at in (when.start, when.end))
        span = minutes_of(local.time()), minutes_of(end.time()) or DAY_MIN, OFFERED
        found.setdefault((resource_id, local.date()), []).append(span)
    return found


def _whose(actor: Actor, table: Timetable, wished: int | None) -> int | None:
    """Return whose week is shown: the wished practitioner, oneself, or the first of the list."""
    people = table.of_kind(ResourceKind.PRACTITIONER)
    ids = {person.id for person in people}
    if wished in ids:
        return wished
    own = next((person.id for person in people if person.account_id == actor.id), None)
    return own or (people[0].id if people else None)


def _days(on: dt.date, view: View) -> list[dt.date]:
    first = first_of(on, view)
    return [first + dt.timedelta(days=n) for n in range(WEEK_DAYS if view is View.WEEK else 1)]


def _shifts(table: Timetable, resource_id: int, on: dt.date) -> _Spans:
    """Return from which to which minute of a day something or somebody works."""
    spans = hours.day_times(table.calendar, resource_id, on)
    return [(minutes_of(start), minutes_of(end)) for start, end in spans]


def _shut(table: Timetable, on: dt.date) -> str:
    """Return the word for a day on which nobody works: its name, where it has one."""
    one = table.calendar.place_days.get(on)
    return one.name if one is not None else CLOSED


def _blocked(table: Timetable, resource_id: int, on: dt.date) -> list[Blocked]:
    """Return what blocks a resource on a day, in minutes of its wall time."""
    zone, found = table.calendar.zone, []
    start_of_day, end_of_day = walltime.day_bounds(on, zone)
    for block in table.calendar.blocks.get(resource_id, ()):
        if not block.span.overlaps(Span(start=start_of_day, end=end_of_day)):
            continue
        start = walltime.to_local(block.span.start, zone)
        end = walltime.to_local(block.span.end, zone)
        found.append(
            (
                minutes_of(start.time()) if start.date() == on else 0,
                minutes_of(end.time()) if end.date() == on else DAY_MIN,
                BLOCK_NAMES[block.kind],
            )
        )
    return found


def _key(row: Line, view: View) -> tuple[int, dt.date] | None:
    """Return the column of a visit, or of one part of it; None for what no device is held for."""
    on = row.starts_local.date()
    if view is View.DEVICES:
        return (row.own_id, on) if row.own_id is not None else None
    return (row.room_id if view is View.ROOMS else row.practitioner_id), on


def _name_of(row: Line, view: View) -> str:
    return row.room if view is View.ROOMS else row.practitioner


def _by_visit(parts: Sequence[Line]) -> tuple[list[Line], dict[int, _Spans]]:
    """Return one row a visit, and {visit: the rows that its practitioner is there for}.

    Those who are not free for a quarter of an hour of it are left out.
    """
    rows: list[Line] = []
    own: dict[int, _Spans] = {}
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


def stamp(db: Session, actor: Actor, on: dt.date, view: View) -> str:
    """Return what changes when the board does; two narrow statements."""
    rows = db.execute(_STAMP, _bounds(actor, on, view))
    local = walltime.to_local(clock.now(), actor.zone)
    window = _window(actor, on, view)
    blocks = timetables.blocks(db, actor.location_id, since_at=window.start)
    return _stamp(
        ((row[0], row[1], row[2], row[3]) for row in rows),
        _present(local, on, view),
        _closed(blocks, window),
    )


def _begun(local: dt.datetime, on: dt.date) -> int:
    """Return how many minutes of a day are over."""
    if local.date() == on:
        return local.hour * 60 + local.minute
    return DAY_MIN if local.date() > on else 0


def _present(local: dt.datetime, on: dt.date, view: View) -> str:
    """Return where the line of the present stands, to the row."""
    if view is View.WEEK:
        return f"{local.date()} {minutes_of(local.time()) // ROW_MIN}"
    return str(_begun(local, on) // ROW_MIN)


def _stamp(
    lines: Iterable[tuple[int, int, Decision | None, bool]], present: str, closed: str
) -> str:
    """Digest what the cards show, what is blocked, and where the line of the present stands."""
    said = ";".join(
        f"{id_},{version},{decision},{released}" for id_, version, decision, released in lines
    )
    return hashlib.blake2b(f"{present}|{closed}|{said}".encode(), digest_size=8).hexdigest()


def _closed(blocks: Mapping[int, Sequence[hours.Blocked]], window: Span) -> str:
    """Return in one word what of a window is blocked."""
    return ";".join(
        f"{id_},{block.span.start},{block.span.end},{block.kind}"
        for id_ in sorted(blocks)
        for block in blocks[id_]
        if block.span.overlaps(window)
    )


def _window(actor: Actor, on: dt.date, view: View) -> Span:
    """Return the span of the days that are shown."""
    days = _days(on, view)
    return Span(
        start=walltime.day_bounds(days[0], actor.zone)[0],
        end=walltime.day_bounds(days[-1], actor.zone)[1],
    )


def _bounds(actor: Actor, on: dt.date, view: View) -> dict[str, object]:
    window = _window(actor, on, view)
    return {"location": actor.location_id, "start": window.start, "end": window.end}


_OF_DAY = (
    Appointment.location_id == sa.bindparam("location"),
    Appointment.starts_at >= sa.bindparam("start", type_=Appointment.starts_at.type),
    Appointment.starts_at < sa.bindparam("end", type_=Appointment.starts_at.type),
    Appointment.status != AppointmentStatus.ENTERED_IN_ERROR,
)
_Practitioner, _Room = aliased(Resource), aliased(Resource)


def _visits(*held: sa.ColumnElement[bool]) -> sa.Select[*tuple[Any, ...]]:
    """Make the statement that reads lines, one for each part of which this is true."""
    return (
        sa.select(
            Appointment.id,
            Appointment.version,
            Appointment.patient_id,
            Appointment.practitioner_id,
            Appointment.room_id,
            Appointment.starts_local,
            Appointment.starts_at,
            Appointment.ends_at,
            Appointment.status,
            Appointment.decision,
            Appointment.is_released,
            Appointment.overbook_reason.is_not(None).label("is_overbooked"),
            Appointment.late_reason.is_not(None).label("is_late"),
            Appointment.moved,
            sa.case(
                (Appointment.confirmation_for == Appointment.starts_at, Appointment.confirmation)
            ).label("confirmation"),
            Appointment.arrived_at,
            Appointment.ready_at,
            Appointment.roomed_at,
            Appointment.left_at,
            Location.wait_limit_min,
            *missed.columns(),
            Occupancy.resource_id.label("own_id"),
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
        .join(Location, Location.id == Appointment.location_id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Service, Service.id == Appointment.service_id)
        .join(_Practitioner, _Practitioner.id == Appointment.practitioner_id)
        .join(_Room, _Room.id == Appointment.room_id)
        .outerjoin(Course, Course.id == Appointment.course_id)
        .outerjoin(Occupancy, sa.and_(Occupancy.appointment_id == Appointment.id, *held))
        .where(*_OF_DAY)
        .order_by(Appointment.starts_at, Appointment.id, Occupancy.starts_at)
    )


# Written once: putting thirty columns together costs as much as reading twenty rows.
_BY_PRACTITIONER = _visits(Occupancy.resource_id == Appointment.practitioner_id)
_OF_ONE = _BY_PRACTITIONER.where(Appointment.practitioner_id == sa.bindparam("whose"))
_BY_DEVICE = _visits(
    Occupancy.resource_id.in_(
        sa.select(Resource.id).where(
            Resource.location_id == sa.bindparam("location"), Resource.kind == ResourceKind.DEVICE
        )
    )
)
_STAMP = (
    sa.select(Appointment.id, Appointment.version, Appointment.decision, Appointment.is_released)
    .where(*_OF_DAY)
    .order_by(Appointment.starts_at, Appointment.id)
)
