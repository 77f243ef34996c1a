"""A clinic that upgrades: points of before say nothing of technique, and stay locked."""

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.exc import DBAPIError

from clinic.core import migrate
from clinic.core.engine import make_engine
from tests.migrations.conftest import url
from tests.migrations.data.test_20261122_drafts import SIGN, begun
from tests.migrations.rows import AT, put_in

__all__ = ["url"]
POINT = (
    "INSERT INTO injection_site (session_id, seq, zone, points, volume_ul, depth_um, needle_gauge)"
    " VALUES (1, {seq}, 'vertex', 1, 100, 3000, 30)"
)


@pytest.fixture
def engine(url):
    engine = make_engine(url)
    yield engine
    engine.dispose()


def test_points_of_before_stay_as_they_were_and_locked(url, engine):
    command.upgrade(migrate.settings(url), "20261122_preparations")
    put_in(engine)
    with engine.begin() as connection:
        begun(connection)
        connection.exec_driver_sql(POINT.format(seq=1))
        connection.exec_driver_sql(SIGN)
    engine.dispose()

    command.upgrade(migrate.settings(url), "20261122_delivery")

    with engine.connect() as connection:
        found = connection.execute(sa.text("SELECT seq, technique, device FROM injection_site"))
        assert [tuple(row) for row in found] == [(1, None, None)]
    for refused in (POINT.format(seq=2), "UPDATE injection_site SET technique = 'nappage'"):
        with engine.connect() as connection, pytest.raises(DBAPIError, match="signed"):
            connection.exec_driver_sql(refused)


def test_the_step_back_refuses_to_lose_an_area(url, engine):
    command.upgrade(migrate.settings(url), "20261122_delivery")
    put_in(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO zone_area (location_id, zone, area_mm2, measured_on, measured_by_id, at)"
            f" VALUES (1, 'vertex', 4000, '2026-11-23', 1, '{AT}')"
        )
    engine.dispose()

    with pytest.raises(RuntimeError, match="would lose them"):
        command.downgrade(migrate.settings(url), "-1")
