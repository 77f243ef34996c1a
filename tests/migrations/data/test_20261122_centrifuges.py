"""A clinic that upgrades: what was spun stays, signed and locked, and nothing is made up."""

import pytest
from alembic import command
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from clinic.core import migrate
from clinic.treatments import record
from clinic.treatments.queries import sessions as queries
from tests.migrations.conftest import url
from tests.migrations.data.test_20261122_preparations import engine, lay

__all__ = ["engine", "url"]
BEFORE, AFTER = "20261122_texts_of_services", "20261122_centrifuges"
SPIN = "INSERT INTO prp_spin (session_id, seq, rcf_g) VALUES ({}, 1, 400)"
NEW = {
    "prp_preparation": "base_neutrophils_e6l = 3000",
    "prp_spin": "temperature_c = 20",
    "resource": "radius_mm = 85",
}


@pytest.fixture
def upgraded(url, engine):
    """A clinic with a signed session and a draft, before there was anything to say of rotors."""
    lay(url, engine)
    engine.dispose()
    command.upgrade(migrate.settings(url), BEFORE)
    with engine.begin() as connection:
        connection.exec_driver_sql(SPIN.format(2))
    engine.dispose()
    command.upgrade(migrate.settings(url), AFTER)
    return engine


def test_nothing_is_made_up_and_what_was_signed_stays_whole_and_locked(url, upgraded):
    with upgraded.connect() as connection:
        for sql in (
            "SELECT base_neutrophils_e6l, base_haemoglobin_mgdl, prp_neutrophils_e6l,"
            " centrifuge_due_on FROM prp_preparation",
            "SELECT temperature_c, brake FROM prp_spin WHERE rcf_g = 400",
            "SELECT radius_mm, service_due_on FROM resource",
        ):
            rows = connection.exec_driver_sql(sql).all()
            assert rows
            assert {value for row in rows for value in row} == {None}
    for change in (
        "UPDATE prp_preparation SET base_neutrophils_e6l = 3000 WHERE session_id = 1",
        "DELETE FROM prp_preparation WHERE session_id = 1",
        "UPDATE prp_spin SET session_id = 1",
        SPIN.format(1),
    ):
        with upgraded.connect() as connection, pytest.raises(DBAPIError, match="signed"):
            connection.exec_driver_sql(change)
    upgraded.dispose()
    migrate.upgrade(url)
    with Session(upgraded) as db:
        assert record.is_intact(queries.get(db, 1))


def test_the_way_back_keeps_the_guards(url, upgraded):
    command.downgrade(migrate.settings(url), BEFORE)

    for change in ("UPDATE prp_spin SET session_id = 1", SPIN.format(1)):
        with upgraded.connect() as connection, pytest.raises(DBAPIError, match="signed"):
            connection.exec_driver_sql(change)


@pytest.mark.parametrize("table", NEW)
def test_the_way_back_refuses_to_lose_what_was_written(url, upgraded, table):
    which = "id" if table == "resource" else "session_id"
    with upgraded.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {table} SET {NEW[table]} WHERE {which} = 2")
    upgraded.dispose()

    with pytest.raises(RuntimeError, match="would lose them"):
        command.downgrade(migrate.settings(url), BEFORE)
