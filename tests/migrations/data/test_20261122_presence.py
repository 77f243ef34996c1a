"""A clinic that upgrades: the board warns after fifteen minutes, and nobody is called confirmed."""

import pytest
import sqlalchemy as sa
from alembic import command

from clinic.core import migrate
from clinic.core.engine import make_engine
from tests.migrations.conftest import url
from tests.migrations.data.test_20261122_missed import event, visit
from tests.migrations.rows import put_in

__all__ = ["url"]


@pytest.fixture
def engine(url):
    engine = make_engine(url)
    yield engine
    engine.dispose()


def test_visits_stay_as_they_were_and_the_place_gets_its_limit(url, engine):
    command.upgrade(migrate.settings(url), "20261122_missed")
    put_in(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(visit(1, starts="2026-11-24 10:00:00", status="booked"))
        connection.exec_driver_sql(event(1, 1, "book", "2026-11-01 10:00:00"))
    engine.dispose()

    command.upgrade(migrate.settings(url), "20261122_presence")

    with engine.connect() as connection:
        kept = connection.execute(sa.text("SELECT status, confirmation, ready_at FROM appointment"))
        assert [tuple(row) for row in kept] == [("booked", None, None)]
        assert connection.scalar(sa.text("SELECT wait_limit_min FROM location")) == 15
        assert connection.scalar(sa.text("SELECT count(*) FROM appointment_event")) == 1


def test_the_step_back_refuses_to_lose_what_was_noted(url, engine):
    command.upgrade(migrate.settings(url), "20261122_presence")
    put_in(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(visit(1, starts="2026-11-24 10:00:00", status="booked"))
        connection.exec_driver_sql(event(1, 1, "confirm", "2026-11-01 10:00:00"))
    engine.dispose()

    with pytest.raises(RuntimeError, match="would lose them"):
        command.downgrade(migrate.settings(url), "-1")
