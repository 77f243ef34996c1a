"""What the same machine needs at least: raw driver, bare Flask with Core rows, bare guarded POST."""

import datetime as dt
import itertools
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Flask, render_template_string, request

from clinic.core.access import Permission
from clinic.web.access import require
from tests.bench.load import adapt

DAY = (
    "SELECT a.id, a.starts_at, a.ends_at, a.status, a.practitioner_id, a.room_id, a.decision,"
    " p.given_name, p.family_name, p.file_number, s.name FROM appointment a"
    " JOIN patient p ON p.id = a.patient_id JOIN service s ON s.id = a.service_id"
    " WHERE a.location_id = 1 AND a.starts_at >= {0} AND a.starts_at < {0} ORDER BY a.starts_at"
)
PAGE = """<!doctype html><title>Day</title><table>{% for row in rows %}<tr><td>{{ row.starts_at }}
<td><a href="/appointments/{{ row.id }}">{{ row.given_name }} {{ row.family_name }}</a><td>{{ row.name }}
<td>{{ row.status }}<td>{{ row.decision }}{% endfor %}</table>"""


def raw_day(engine: sa.Engine, span: tuple[dt.datetime, dt.datetime]) -> Callable[[], object]:
    """The day's visits by the raw driver."""
    raw = engine.raw_connection().driver_connection
    mark = "?" if engine.dialect.name == "sqlite" else "%s"
    statement = DAY.format(mark)
    values = [adapt(instant, engine.dialect.name) for instant in span]

    def call() -> object:
        cursor = raw.cursor()
        cursor.execute(statement, values)
        rows = cursor.fetchall()
        cursor.close()
        raw.rollback()
        return rows

    return call


def bare_app(engine: sa.Engine, span: tuple[dt.datetime, dt.datetime]) -> Flask:
    """A Flask application of two views: the day as Core rows, and one guarded insert."""
    app = Flask("bare")
    statement = sa.text(DAY.format(":start").replace(":start ORDER", ":end ORDER"))
    start, end = (adapt(instant, engine.dialect.name) for instant in span)
    writing = engine.execution_options(sqlite_begin="IMMEDIATE")

    @app.get("/day")
    def day() -> str:
        with engine.connect() as connection:
            rows = connection.execute(statement, {"start": start, "end": end}).all()
        return render_template_string(PAGE, rows=rows)

    @app.post("/book")
    def book() -> tuple[str, int]:
        with writing.begin() as connection:
            insert_booking(connection, int(request.form["n"]))
        return "", 201

    return app


_days = itertools.count(1)


def insert_booking(connection: sa.Connection, n: int) -> None:
    """Insert one visit with its two occupancies, far in the future, guarded by the database."""
    if connection.dialect.name == "postgresql":
        connection.execute(
            sa.text("SELECT id FROM resource WHERE id IN (1, 11) ORDER BY id FOR NO KEY UPDATE")
        )
    start = dt.datetime(2100, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=15 * n)
    end = start + dt.timedelta(minutes=15)
    values: dict[str, Any] = {
        key: adapt(value, connection.dialect.name)
        for key, value in {"start": start, "end": end, "local": start.replace(tzinfo=None)}.items()
    }
    values |= {"patient": n % 1000 + 1, "yes": True, "no": False}
    visit = connection.execute(
        sa.text(
            "INSERT INTO appointment (location_id, patient_id, service_id, practitioner_id, room_id,"
            " starts_at, ends_at, starts_local, zone, status, occupies, origin, cancel_note, note,"
            " recheck_reason, is_released, moved, created_at, version) VALUES (1, :patient, 1, 1, 11,"
            " :start, :end, :local, 'UTC', 'booked', :yes, 'scheduled', '', '', '', :no, 0, :start, 1)"
            " RETURNING id"
        ),
        values,
    ).scalar_one()
    connection.execute(
        sa.text(
            "INSERT INTO occupancy (appointment_id, resource_id, seq, lane, starts_at, ends_at,"
            " is_active) VALUES (:visit, 1, 1, 1, :start, :end, :yes), (:visit, 11, 2, 1, :start, :end,"
            " :yes)"
        ),
        {**values, "visit": visit},
    )


def raw_insert(engine: sa.Engine) -> Callable[[], object]:
    """One guarded booking without Flask: transaction, insert, commit."""
    writing = engine.execution_options(sqlite_begin="IMMEDIATE")

    def call() -> None:
        with writing.begin() as connection:
            insert_booking(connection, next(_days))

    return call


def bare_post(app: Flask) -> Callable[[], object]:
    """One guarded booking through a bare Flask view."""
    client = app.test_client()

    def call() -> None:
        answer = client.post("/book", data={"n": next(_days)})
        assert answer.status_code == 201

    return call


def add_empty_page(app: Flask) -> None:
    """Give the product one page without content, for the cost of shell, sign-in and session."""

    @require(Permission.SIGNED_IN)
    def empty() -> str:
        return render_template_string("{% extends 'base.html' %}{% block title %}Empty{% endblock %}")

    app.add_url_rule("/bench-empty", "bench_empty", empty)
