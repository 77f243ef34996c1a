"""A clinic that upgrades: its texts stay those of all services, and what is in force stays shut."""

import pytest
import sqlalchemy as sa
from alembic import command

from clinic.core import migrate
from clinic.core.engine import make_engine
from tests.migrations.conftest import url
from tests.migrations.rows import put_in

__all__ = ["url"]
BEFORE, AFTER = "20261122_moving_parts", "20261122_texts_of_services"
COLUMNS = "id, kind, version_name, in_force_from, words, version"
TEXTS = ("1, 'prp', '1.0', '2020-01-01', '{}', 1", "2, 'prp', '2.0', NULL, '{}', 1")
FOR_ONE = (
    f"INSERT INTO consent_text ({COLUMNS}, service_id) VALUES (3, 'prp', '3.0', NULL, '{{}}', 1, 1)"
)


@pytest.fixture
def engine(url):
    command.upgrade(migrate.settings(url), BEFORE)
    engine = make_engine(url)
    put_in(engine)
    with engine.begin() as connection:
        for values in TEXTS:
            connection.exec_driver_sql(f"INSERT INTO consent_text ({COLUMNS}) VALUES ({values})")
    yield engine
    engine.dispose()


def rows(engine):
    with engine.connect() as connection:
        found = connection.execute(sa.text(f"SELECT {COLUMNS} FROM consent_text ORDER BY id"))
        return [tuple(map(str, row)) for row in found]


def test_texts_are_the_same_there_and_back(url, engine):
    before = rows(engine)
    engine.dispose()

    command.upgrade(migrate.settings(url), AFTER)
    assert rows(engine) == before
    with engine.begin() as connection:
        connection.exec_driver_sql(FOR_ONE)  # beside the draft of the kind
        connection.exec_driver_sql("DELETE FROM consent_text WHERE id = 3")
    with pytest.raises(sa.exc.DBAPIError, match="append_only"), engine.begin() as connection:
        connection.exec_driver_sql("UPDATE consent_text SET version_name = 'x' WHERE id = 1")
    engine.dispose()

    command.downgrade(migrate.settings(url), BEFORE)
    assert rows(engine) == before
    with pytest.raises(sa.exc.DBAPIError, match="append_only"), engine.begin() as connection:
        connection.exec_driver_sql("UPDATE consent_text SET version_name = 'x' WHERE id = 1")


def test_the_step_back_refuses_to_lose_whose_text_it_is(url, engine):
    engine.dispose()
    command.upgrade(migrate.settings(url), AFTER)
    with engine.begin() as connection:
        connection.exec_driver_sql(FOR_ONE)
    engine.dispose()

    with pytest.raises(RuntimeError, match="for one service"):
        command.downgrade(migrate.settings(url), BEFORE)
