"""What visits hold stays as it was when the table is made anew, and so does its guard."""

import pytest
import sqlalchemy as sa
from alembic import command

from clinic.core import migrate
from clinic.core.engine import make_engine
from tests.migrations.conftest import url
from tests.migrations.data.test_20261122_missed import visit
from tests.migrations.rows import AT, put_in

__all__ = ["url"]
HELD = (
    "INSERT INTO occupancy (id, appointment_id, resource_id, seq, lane, starts_at, ends_at,"
    " is_active) VALUES ({id}, {visit}, 1, 1, {lane}, '2026-11-24 10:00:00', '2026-11-24 10:30:00',"
    " TRUE)"
)
BLOCK = (
    "INSERT INTO block (id, location_id, kind, starts_at, ends_at, starts_local, ends_local, note,"
    f" made_at, made_by_id, version) VALUES (1, 1, 'leave', '{AT}', '2026-11-30 00:00:00', '{AT}',"
    f" '2026-11-30 00:00:00', '', '{AT}', 1, 1)"
)


@pytest.fixture
def engine(url):
    engine = make_engine(url)
    command.upgrade(migrate.settings(url), "20261122_missed")
    put_in(engine)
    with engine.begin() as connection:
        for id_ in (1, 2):
            connection.exec_driver_sql(visit(id_, starts="2026-11-24 10:00:00", status="booked"))
        connection.exec_driver_sql(HELD.format(id=1, visit=1, lane=1))
        connection.exec_driver_sql(HELD.format(id=2, visit=2, lane=101))
    engine.dispose()
    command.upgrade(migrate.settings(url), "20261122_hours")
    yield engine
    engine.dispose()


def test_everything_held_is_still_held_by_its_visit(engine):
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text("SELECT id, appointment_id, lane, block_id FROM occupancy ORDER BY id")
        )
        assert [tuple(row) for row in rows] == [(1, 1, 1, None), (2, 2, 101, None)]


def test_the_guard_stands_again_and_keeps_blocks_as_well(engine):
    with engine.begin() as connection:
        connection.exec_driver_sql(BLOCK)
    for column in ("appointment_id", "block_id"):
        statement = HELD.replace("appointment_id", column).format(id=3, visit=1, lane=1)
        refused = pytest.raises(sa.exc.IntegrityError, match="ex_occupancy_no_overlap")
        with refused, engine.begin() as connection:
            connection.exec_driver_sql(statement)


def test_what_is_held_is_of_a_visit_or_of_a_block(engine):
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.exec_driver_sql(HELD.format(id=3, visit="NULL", lane=102))


def test_the_step_back_refuses_to_lose_a_block(url, engine):
    with engine.begin() as connection:
        connection.exec_driver_sql(BLOCK)
    engine.dispose()
    with pytest.raises(RuntimeError, match="would lose them"):
        command.downgrade(migrate.settings(url), "-1")
