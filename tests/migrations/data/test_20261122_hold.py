"""A clinic that upgrades goes on holding offered times for half an hour."""

import pytest
import sqlalchemy as sa
from alembic import command

from clinic.core import migrate
from clinic.core.engine import make_engine
from tests.migrations.conftest import url
from tests.migrations.rows import put_in

__all__ = ["url"]


@pytest.fixture
def engine(url):
    engine = make_engine(url)
    yield engine
    engine.dispose()


def test_the_place_gets_half_an_hour_and_loses_it_on_the_way_back(url, engine):
    command.upgrade(migrate.settings(url), "20261122_consents")
    put_in(engine)
    engine.dispose()
    command.upgrade(migrate.settings(url), "20261122_hold")
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT hold_min FROM location")) == 30
    engine.dispose()
    command.downgrade(migrate.settings(url), "-1")
    with engine.connect() as connection:
        names = {column["name"] for column in sa.inspect(connection).get_columns("location")}
    assert "hold_min" not in names
    assert "wait_limit_min" in names
