"""Services and courses of before keep their numbers and get what the safety rules imply."""

import pytest
import sqlalchemy as sa
from alembic import command

from clinic.core import migrate
from clinic.core.engine import make_engine
from tests.migrations.conftest import url
from tests.migrations.rows import AT, put_in

__all__ = ["url"]
BEFORE = "20261122_presence"
SERVICE = (
    "INSERT INTO service (id, code, name, modality, duration_min, sessions_planned, interval_days,"
    " is_active, version, ingredients) VALUES"
    " ({id}, 's{id}', 'S', '{modality}', 60, {n}, {days}, TRUE, 1, '[]')"
)
COURSE = (
    "INSERT INTO course (id, patient_id, service_id, status, sessions_planned, interval_days,"
    " started_on, version) VALUES ({id}, 1, {service}, '{status}', 3, {days}, '2026-09-01', 1)"
)
DONE = (
    "INSERT INTO appointment (id, location_id, patient_id, service_id, course_id, course_number,"
    " practitioner_id, room_id, starts_at, ends_at, starts_local, zone, status, occupies, origin,"
    " cancel_note, note, recheck_reason, is_released, moved, created_at, version) VALUES"
    " ({id}, 1, 1, 1, {course}, {number}, 1, 2, '{day} 10:00:00', '{day} 11:00:00',"
    " '{day} 10:00:00', 'UTC', 'done', TRUE, 'scheduled', '', '', '', FALSE, 0, '{at}', 1)"
)


@pytest.fixture
def engine(url):
    engine = make_engine(url)
    yield engine
    engine.dispose()


def read(engine, statement):
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement))]


def run(engine, *statements):
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def test_days_are_filled_in_from_the_kind_and_stay_inside_the_interval(url, engine):
    command.upgrade(migrate.settings(url), BEFORE)
    put_in(engine)
    run(
        engine,
        SERVICE.format(id=2, modality="mesotherapy", n=8, days=7),
        SERVICE.format(id=3, modality="mesotherapy", n=0, days=1),
        SERVICE.format(id=4, modality="consultation", n=1, days=28),
        COURSE.format(id=1, service=1, status="active", days=28),
        COURSE.format(id=2, service=2, status="stopped", days=7),
    )

    command.upgrade(migrate.settings(url), "20261122_courses")

    days = "sessions_planned, interval_days, tolerance_days, least_days, booster_days"
    assert read(engine, f"SELECT {days} FROM service ORDER BY id") == [
        (3, 28, 7, 14, None),
        (8, 7, 2, 6, None),
        (1, 1, 0, 1, None),
        (1, 28, 7, 1, None),
    ]
    assert read(engine, f"SELECT {days}, best_time FROM course ORDER BY id") == [
        (3, 28, 7, 14, None, ""),
        (3, 7, 2, 6, None, ""),
    ]
    reasons = read(engine, "SELECT length(stop_reason) > 0 FROM course ORDER BY id")
    assert [bool(row[0]) for row in reasons] == [False, True]


def test_a_course_whose_last_session_is_done_is_completed(url, engine):
    command.upgrade(migrate.settings(url), BEFORE)
    put_in(engine)
    run(
        engine,
        COURSE.format(id=1, service=1, status="active", days=28),
        COURSE.format(id=2, service=1, status="active", days=28),
        DONE.format(id=1, course=1, number=3, day="2026-10-01", at=AT),
        DONE.format(id=2, course=2, number=2, day="2026-10-02", at=AT),
    )

    command.upgrade(migrate.settings(url), "20261122_courses")

    assert read(engine, "SELECT status FROM course ORDER BY id") == [("completed",), ("active",)]


def test_the_step_back_refuses_to_lose_a_booster(url, engine):
    command.upgrade(migrate.settings(url), "20261122_courses")
    put_in(engine)
    run(
        engine,
        "INSERT INTO course (id, patient_id, service_id, status, sessions_planned, interval_days,"
        " tolerance_days, least_days, booster_days, started_on, stop_reason, best_time, version)"
        " VALUES (1, 1, 1, 'active', 3, 28, 7, 14, 182, '2026-09-01', '', '', 1)",
    )

    with pytest.raises(RuntimeError, match="boosters"):
        command.downgrade(migrate.settings(url), "-1")
