"""A clinic that upgrades: the new call on day 60 asks for no session of the months before."""

import datetime as dt
import json

import pytest
import sqlalchemy as sa
from alembic import command

from clinic.core import migrate
from clinic.core.engine import make_engine
from tests.migrations.conftest import url
from tests.migrations.rows import put_in

__all__ = ["url"]
NOW = dt.datetime.now(dt.UTC).date()
AROUND = {NOW + dt.timedelta(days=n) for n in (-1, 0, 1)}
"""The database says which day it is, in UTC."""
BEFORE, AFTER = "20261123_withdrawals", "20261123_calls_since"


@pytest.fixture
def engine(url):
    command.upgrade(migrate.settings(url), BEFORE)
    engine = make_engine(url)
    put_in(engine)
    yield engine
    engine.dispose()


def since(engine):
    with engine.connect() as connection:
        raw = connection.scalar(sa.text("SELECT follow_up_since FROM service"))
    return json.loads(raw) if isinstance(raw, str) else raw


@pytest.mark.parametrize(
    ("modality", "days", "asked"),
    [
        ("mesotherapy", "NULL", ["60"]),
        ("mesotherapy", "'[1, 60]'", []),  # The clinic has said so itself.
        ("prp", "NULL", []),
    ],
)
def test_only_the_day_that_came_with_the_upgrade_begins_then(url, engine, modality, days, asked):
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE service SET modality = '{modality}', follow_up_days = {days}"
        )
    engine.dispose()

    command.upgrade(migrate.settings(url), AFTER)
    found = since(engine)
    assert list(found) == asked
    assert all(dt.date.fromisoformat(on) in AROUND for on in found.values())
    engine.dispose()

    command.downgrade(migrate.settings(url), BEFORE)
    command.upgrade(migrate.settings(url), AFTER)
    assert list(since(engine)) == asked
