"""A clinic that upgrades: what was written at the chair stays so; the way back loses nothing."""

import pytest
from alembic import command
from sqlalchemy.orm import Session

from clinic.core import migrate
from clinic.treatments import record
from clinic.treatments.queries import sessions as queries
from tests.migrations.conftest import url
from tests.migrations.data.test_20261122_preparations import engine, lay

__all__ = ["engine", "url"]
BEFORE, AFTER = "20261123_accepted", "20261123_written_later"


@pytest.fixture
def upgraded(url, engine):
    """A clinic with a signed session and a draft of before."""
    lay(url, engine)
    engine.dispose()
    command.upgrade(migrate.settings(url), AFTER)
    return engine


def test_what_was_signed_before_was_written_at_the_chair(url, upgraded):
    upgraded.dispose()
    migrate.upgrade(url)

    with Session(upgraded) as db:
        session = queries.get(db, 1)
        assert session.written_later is None
        assert record.is_intact(session)


def test_the_way_back_refuses_to_lose_that_one_was_written_later(url, upgraded):
    upgraded.dispose()
    command.downgrade(migrate.settings(url), BEFORE)
    command.upgrade(migrate.settings(url), AFTER)
    with upgraded.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE treatment_session SET written_later = 'Kept on paper' WHERE id = 2"
        )
    upgraded.dispose()

    with pytest.raises(RuntimeError, match="would lose"):
        command.downgrade(migrate.settings(url), BEFORE)
