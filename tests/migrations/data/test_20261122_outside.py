"""A clinic that upgrades: of what was signed nobody says now that it was outside of a limit."""

import pytest
from alembic import command
from sqlalchemy.orm import Session

from clinic.core import migrate
from clinic.treatments import record
from clinic.treatments.queries import sessions as queries
from tests.migrations.conftest import url
from tests.migrations.data.test_20261122_preparations import engine, lay

__all__ = ["engine", "url"]
BEFORE, AFTER = "20261122_packs", "20261122_outside"


@pytest.fixture
def upgraded(url, engine):
    """A clinic with a signed session and a draft of before."""
    lay(url, engine)
    engine.dispose()
    command.upgrade(migrate.settings(url), AFTER)
    return engine


def test_what_was_signed_before_stays_whole_and_says_nothing_new(url, upgraded):
    with upgraded.connect() as connection:
        rows = connection.exec_driver_sql("SELECT outside, outside_reason FROM treatment_session")
        assert {value for row in rows for value in row} == {None}
    upgraded.dispose()
    migrate.upgrade(url)
    with Session(upgraded) as db:
        assert record.is_intact(queries.get(db, 1))


def test_the_way_back_refuses_to_lose_what_was_signed(url, upgraded):
    upgraded.dispose()
    command.downgrade(migrate.settings(url), BEFORE)
    command.upgrade(migrate.settings(url), AFTER)
    with upgraded.begin() as connection:
        connection.exec_driver_sql("UPDATE treatment_session SET content_format = 3 WHERE id = 2")
    upgraded.dispose()

    with pytest.raises(RuntimeError, match="would lose"):
        command.downgrade(migrate.settings(url), BEFORE)
