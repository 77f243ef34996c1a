"""A clinic that upgrades: what was signed stays whole, and nobody says what it did not say."""

import pytest
from alembic import command
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from clinic.core import migrate
from clinic.treatments import record
from clinic.treatments.queries import named
from clinic.treatments.queries import sessions as queries
from tests.migrations.conftest import url
from tests.migrations.data.test_20261122_preparations import engine, lay
from tests.migrations.rows import AT

__all__ = ["engine", "url"]
BEFORE, AFTER = "20261122_calls", "20261123_as_signed"


@pytest.fixture
def upgraded(url, engine):
    """A clinic with a signed session, words added to it, and a draft of before."""
    lay(url, engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO addendum (id, session_id, author_id, body, reason, at)"
            f" VALUES (1, 1, 1, 'More.', 'Late', '{AT}')"
        )
    engine.dispose()
    command.upgrade(migrate.settings(url), AFTER)
    return engine


def test_what_was_signed_before_stays_whole_locked_and_says_todays_names(url, upgraded):
    with upgraded.connect() as connection:
        for column, table in (
            ("as_signed", "treatment_session"),
            ("udi", "lot_use"),
            ("author_name", "addendum"),
        ):
            rows = connection.exec_driver_sql(f"SELECT {column} FROM {table}")
            assert {row[0] for row in rows} == {None}
    for change, words in (
        ("UPDATE treatment_session SET as_signed = '{}' WHERE id = 1", "signed"),
        ("UPDATE lot_use SET udi = 'x' WHERE session_id = 1", "signed"),
        ("DELETE FROM lot_use WHERE session_id = 1", "signed"),
        ("UPDATE addendum SET author_name = 'x' WHERE id = 1", "append_only"),
    ):
        with upgraded.connect() as connection, pytest.raises(DBAPIError, match=words):
            connection.exec_driver_sql(change)
    upgraded.dispose()
    migrate.upgrade(url)
    with Session(upgraded) as db:
        session = queries.get(db, 1)
        assert record.is_intact(session)
        assert not named.of(db, session).is_kept
        assert [use.udi for use in session.lots] == [None]
        (added,) = queries.addenda(db, 1)
        assert (added.body, bool(added.author)) == ("More.", True)


@pytest.mark.parametrize(
    "kept",
    [
        "UPDATE treatment_session SET content_format = 4 WHERE id = 2",
        "UPDATE lot_use SET udi = '(01)04012345000016' WHERE session_id = 2",
        "INSERT INTO addendum (id, session_id, author_id, author_name, body, reason, at)"
        f" VALUES (2, 1, 1, 'A', 'More.', 'Late', '{AT}')",
    ],
)
def test_the_way_back_refuses_to_lose_what_was_kept(url, upgraded, kept):
    upgraded.dispose()
    command.downgrade(migrate.settings(url), BEFORE)
    command.upgrade(migrate.settings(url), AFTER)
    with upgraded.begin() as connection:
        connection.exec_driver_sql(kept)
    upgraded.dispose()

    with pytest.raises(RuntimeError, match="would lose"):
        command.downgrade(migrate.settings(url), BEFORE)
