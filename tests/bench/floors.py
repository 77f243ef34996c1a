"""What the same machine needs at least: raw driver, bare Flask page, bare guarded POST."""

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import Flask, render_template, render_template_string, request
from jinja2 import DictLoader
from sqlalchemy.orm import Session

from clinic.catalog.models import Service
from clinic.core import walltime
from clinic.core.access import Permission
from clinic.patients.models import Patient
from clinic.scheduling.models import Appointment, Occupancy, Resource
from clinic.web.access import require
from tests.bench.load import adapt
from tests.bench.sizes import TODAY, ZONE
from tests.bench.staff import FIRST_DEVICE, FIRST_NURSE, FIRST_PHYSICIAN, FIRST_ROOM, PRP

_DAY = (
    "SELECT a.id, a.starts_at, a.ends_at, a.status, a.practitioner_id, a.room_id, a.decision,"
    " a.is_released, p.given_name, p.family_name, p.file_number, s.name FROM appointment a"
    " JOIN patient p ON p.id = a.patient_id JOIN service s ON s.id = a.service_id"
    " WHERE a.location_id = 1 AND a.starts_at >= {} AND a.starts_at < {} ORDER BY a.starts_at, a.id"
)
_PAGE = """<!doctype html><html lang="en"><title>Day</title><table>{% for row in rows %}
<tr><td>{{ row.starts_at.astimezone(zone).strftime('%H:%M') }}
<td>{{ row.ends_at.astimezone(zone).strftime('%H:%M') }}
<td><a href="{{ url_for('patient', number=row.patient_id) }}">{{ row.given_name }}
{{ row.family_name }}</a><td>{{ row.file_number }}
<td><a href="{{ url_for('visit', number=row.id) }}">{{ row.name }}</a>
<td>{{ row.status.value }}<td>{{ row.decision.value }}{% endfor %}</table></html>"""
_FIRST = dt.datetime(2090, 1, 1, tzinfo=dt.UTC)
"""The floor's own bookings lie after everything that the product is asked to book."""


def raw_day(engine: sa.Engine) -> Callable[[], object]:
    """Read the day's visits by the raw driver."""
    raw: Any = engine.raw_connection().driver_connection
    mark = "?" if engine.dialect.name == "sqlite" else "%s"
    statement = _DAY.format(mark, mark)
    span = [adapt(instant, engine.dialect.name) for instant in walltime.day_bounds(TODAY, ZONE)]

    def call() -> object:
        cursor = raw.cursor()
        cursor.execute(statement, span)
        rows = cursor.fetchall()
        cursor.close()
        raw.rollback()
        assert len(rows) == 160
        return rows

    return call


def bare_app(engine: sa.Engine) -> Flask:
    """Return an application of two views: the day as Core rows, and one guarded insert."""
    app = Flask("bare")
    app.jinja_loader = DictLoader({"day.html": _PAGE})
    begin, end = walltime.day_bounds(TODAY, ZONE)
    statement = (
        sa.select(
            Appointment.id, Appointment.starts_at, Appointment.ends_at, Appointment.status,
            Appointment.decision, Appointment.is_released, Appointment.practitioner_id,
            Appointment.room_id, Appointment.patient_id, Patient.given_name, Patient.family_name,
            Patient.file_number, Service.name,
        )
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Service, Service.id == Appointment.service_id)
        .where(
            Appointment.location_id == 1,
            Appointment.starts_at >= begin,
            Appointment.starts_at < end,
        )
        .order_by(Appointment.starts_at, Appointment.id)
    )  # fmt: skip
    writing = engine.execution_options(sqlite_begin="IMMEDIATE")

    @app.get("/day")
    def day() -> str:
        with engine.connect() as connection:
            rows = connection.execute(statement).all()
        return render_template("day.html", rows=rows, zone=ZoneInfo(ZONE))

    @app.get("/patients/<int:number>")
    def patient(number: int) -> str:
        return str(number)

    @app.get("/visits/<int:number>")
    def visit(number: int) -> str:
        return str(number)

    @app.post("/book")
    def book() -> tuple[str, int]:
        with Session(writing) as db, db.begin():
            if engine.dialect.name == "postgresql":
                # Its guard without the lock is right, but losers can stall in deadlocks.
                db.execute(_LOCK)
            db.add(visit_of(int(request.form["n"])))
        return "", 201

    return app


def bare_day(app: Flask) -> Callable[[], object]:
    """Open the bare page."""
    client = app.test_client()

    def call() -> object:
        answer = client.get("/day")
        assert answer.status_code == 200
        return answer.get_data()

    return call


def free_numbers(engine: sa.Engine) -> Iterator[int]:
    """Count the floor's bookings, going on after those of earlier runs."""
    with engine.connect() as connection:
        last = connection.scalar(
            sa.text("SELECT count(*) FROM appointment WHERE starts_at >= :first"),
            {"first": adapt(_FIRST, engine.dialect.name)},
        )
    return itertools.count(last or 0)


HELD = (
    (FIRST_ROOM, 1, 0, 65),
    (FIRST_NURSE, 2, 0, 10),
    (FIRST_DEVICE, 3, 10, 30),
    (FIRST_PHYSICIAN, 4, 30, 55),
)
"""What a PRP holds: resource, segment, from and until which minute."""


_LOCK = (
    sa.select(Resource.id)
    .where(Resource.id.in_([held[0] for held in HELD]))
    .order_by(Resource.id)
    .with_for_update(key_share=True)
)


def visit_of(n: int) -> Appointment:
    """Return the n-th of the floor's bookings, two hours after the last, with what it holds."""
    start = _FIRST + dt.timedelta(hours=2 * n)
    visit = Appointment(
        location_id=1,
        patient_id=n % 1000 + 1,
        service_id=PRP,
        practitioner_id=FIRST_PHYSICIAN,
        room_id=FIRST_ROOM,
        starts_at=start,
        ends_at=start + dt.timedelta(minutes=65),
        starts_local=start.replace(tzinfo=None),
        zone="UTC",
        created_at=start,
    )
    visit.occupancies = [
        Occupancy(
            resource_id=resource,
            seq=seq,
            starts_at=start + dt.timedelta(minutes=begin),
            ends_at=start + dt.timedelta(minutes=end),
        )
        for resource, seq, begin, end in HELD
    ]
    return visit


def insert_booking(raw: Any, dialect: str, n: int) -> None:
    """Insert the n-th of the floor's bookings by the raw driver, in a transaction of its own."""
    visit = visit_of(n)
    mark = "?" if dialect == "sqlite" else "%s"
    cursor = raw.cursor()
    if dialect == "sqlite":
        cursor.execute("BEGIN IMMEDIATE")  # The other driver begins by itself.
    at = [adapt(each, dialect) for each in (visit.starts_at, visit.ends_at, visit.starts_local)]
    cursor.execute(
        _VISIT.replace("?", mark),
        (visit.patient_id, PRP, FIRST_PHYSICIAN, FIRST_ROOM, *at, True, False, at[0]),
    )
    number = cursor.fetchone()[0]
    for held in visit.occupancies:
        span = (adapt(held.starts_at, dialect), adapt(held.ends_at, dialect))
        cursor.execute(_HELD.replace("?", mark), (number, held.resource_id, held.seq, *span, True))
    cursor.close()
    raw.commit()


_VISIT = (
    "INSERT INTO appointment (location_id, patient_id, service_id, practitioner_id, room_id,"
    " starts_at, ends_at, starts_local, zone, status, occupies, origin, cancel_note, note,"
    " recheck_reason, is_released, moved, created_at, version) VALUES (1, ?, ?, ?, ?, ?, ?, ?,"
    " 'UTC', 'booked', ?, 'scheduled', '', '', '', ?, 0, ?, 1) RETURNING id"
)
_HELD = (
    "INSERT INTO occupancy (appointment_id, resource_id, seq, lane, starts_at, ends_at, is_active)"
    " VALUES (?, ?, ?, 1, ?, ?, ?)"
)


def raw_insert(engine: sa.Engine, numbers: Iterator[int]) -> Callable[[], object]:
    """Make one guarded booking by the raw driver: transaction, inserts, commit."""
    raw: Any = engine.raw_connection().driver_connection
    return lambda: insert_booking(raw, engine.dialect.name, next(numbers))


def bare_post(app: Flask, numbers: Iterator[int]) -> Callable[[], object]:
    """Make one guarded booking through a bare Flask view."""
    client = app.test_client()

    def call() -> None:
        answer = client.post("/book", data={"n": next(numbers)})
        assert answer.status_code == 201

    return call


def add_empty_page(app: Flask) -> None:
    """Give the product one page without content: the cost of shell, sign-in and session."""

    @require(Permission.SIGNED_IN)
    def empty() -> str:
        return render_template_string(
            "{% extends 'base.html' %}{% block title %}Empty{% endblock %}"
        )

    app.add_url_rule(EMPTY, "bench_empty", empty)


EMPTY = "/bench-empty"
