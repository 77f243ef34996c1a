"""A clinic that upgrades: each call keeps which it was, and none can be changed afterwards."""

import pytest
import sqlalchemy as sa
from alembic import command

from clinic.core import migrate
from clinic.core.engine import make_engine
from tests.migrations.conftest import url
from tests.migrations.data.test_20261122_missed import visit
from tests.migrations.rows import AT, put_in

__all__ = ["url"]
BEFORE, AFTER = "20261122_protocol", "20261122_calls"
KINDS = ("day_1", "day_7", "extra")
SESSION = (
    'INSERT INTO screening (id, patient_id, actor_id, "on", moment, decision, is_checked,'
    " may_show_clear_date, may_show_bookable_date, findings, facts, facts_hash, plan, at)"
    " VALUES (1, 1, 1, '2026-11-23', 'start', 'allow', TRUE, TRUE, TRUE, '[]', '[]', 'h', '{}',"
    f" '{AT}')",
    "INSERT INTO treatment_session (id, appointment_id, patient_id, location_id, service_id,"
    " performer_id, screening_id, state, started_at, note, map_version, is_aborted, abort_reason,"
    " soft_limits_accepted, version)"
    f" VALUES (1, 1, 1, 1, 1, 1, 1, 'draft', '{AT}', '', '1', FALSE, '', FALSE, 1)",
    *(
        "INSERT INTO contact (id, session_id, patient_id, actor_id, kind, result, note, red_flags,"
        f" at) VALUES ({n}, 1, 1, 1, '{kind}', 'reached', '', '[]', '{AT}')"
        for n, kind in enumerate(KINDS, 1)
    ),
)


@pytest.fixture
def engine(url):
    command.upgrade(migrate.settings(url), BEFORE)
    engine = make_engine(url)
    put_in(engine)
    with engine.begin() as connection:
        for sql in (visit(1, starts="2026-11-23 10:00:00", status="done"), *SESSION):
            connection.exec_driver_sql(sql)
    yield engine
    engine.dispose()


def column(engine, name):
    with engine.connect() as connection:
        return list(connection.scalars(sa.text(f"SELECT {name} FROM contact ORDER BY id")))


def refuses_change(engine):
    with pytest.raises(sa.exc.DBAPIError, match="append_only"), engine.begin() as connection:
        connection.exec_driver_sql("UPDATE contact SET note = 'x' WHERE id = 1")
    return True


def test_calls_keep_which_they_were_there_and_back(url, engine):
    engine.dispose()

    command.upgrade(migrate.settings(url), AFTER)
    assert column(engine, "day") == [1, 7, None]
    assert refuses_change(engine)
    with engine.connect() as connection:
        row = connection.execute(sa.text("SELECT aftercare, follow_up_days FROM service")).one()
    assert (row[0] in ("{}", {}), row[1]) == (True, None)
    engine.dispose()

    command.downgrade(migrate.settings(url), BEFORE)
    assert column(engine, "kind") == list(KINDS)
    assert refuses_change(engine)


@pytest.mark.parametrize(
    "more",
    [
        "INSERT INTO contact (id, session_id, patient_id, actor_id, day, result, note, red_flags,"
        f" at) VALUES (9, 1, 1, 1, 60, 'reached', '', '[]', '{AT}')",
        "UPDATE service SET follow_up_days = '[1, 3]'",
        'UPDATE service SET aftercare = \'{"de": "Kein Hut."}\'',
    ],
    ids=["a call of another day", "days of its own", "words of its own"],
)
def test_the_step_back_refuses_to_lose_what_was_kept(url, engine, more):
    engine.dispose()
    command.upgrade(migrate.settings(url), AFTER)
    with engine.begin() as connection:
        connection.exec_driver_sql(more)
    engine.dispose()

    with pytest.raises(RuntimeError, match="would lose them"):
        command.downgrade(migrate.settings(url), BEFORE)
