"""A clinic that upgrades: what was signed stays signed, and a step back refuses to lose words."""

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.exc import DBAPIError

from clinic.core import migrate
from clinic.core.engine import make_engine
from tests.migrations.conftest import url
from tests.migrations.data.test_20261122_missed import visit
from tests.migrations.rows import AT, put_in

__all__ = ["url"]
SESSION = (
    "INSERT INTO treatment_session (id, appointment_id, patient_id, location_id, service_id,"
    " performer_id, screening_id, state, started_at, ended_at, note, map_version, is_aborted,"
    " abort_reason, soft_limits_accepted, signed_at, signed_by_id, content_hash, content_format,"
    f" version) VALUES (1, 1, 1, 1, 1, 1, 1, 'draft', '{AT}', NULL, '', '2026-11', FALSE, '',"
    " FALSE, NULL, NULL, NULL, 1, 1)"
)
SIGN = (
    f"UPDATE treatment_session SET state = 'signed', signed_at = '{AT}', signed_by_id = 1,"
    f" ended_at = '{AT}', content_hash = 'h'"
)
LINE = (
    "INSERT INTO time_out_line (session_id, line, account_id, at)"
    f" VALUES (1, '{{line}}', 1, '{AT}')"
)
SCREENING = {
    "id": "1",
    "patient_id": "1",
    "appointment_id": "1",
    "on": "'2026-11-24'",
    "moment": "'start'",
    "decision": "'allow'",
    "is_checked": "TRUE",
    "may_show_clear_date": "FALSE",
    "may_show_bookable_date": "FALSE",
    "findings": "'[]'",
    "facts": "'[]'",
    "facts_hash": "'h'",
    "plan": "'{}'",
    "at": f"'{AT}'",
}


@pytest.fixture
def engine(url):
    engine = make_engine(url)
    yield engine
    engine.dispose()


def begun(connection) -> None:
    """Insert a visit, its check and its session."""
    columns = {column["name"] for column in sa.inspect(connection).get_columns("screening")}
    values = {name: value for name, value in SCREENING.items() if name in columns}
    names = ", ".join(f'"{name}"' for name in values)
    connection.exec_driver_sql(visit(1, starts="2026-11-24 10:00:00", status="booked"))
    connection.exec_driver_sql(
        f"INSERT INTO screening ({names}) VALUES ({', '.join(values.values())})"
    )
    connection.exec_driver_sql(SESSION)


def test_a_signed_session_takes_no_line_and_the_step_back_loses_none(url, engine):
    command.upgrade(migrate.settings(url), "20261122_drafts")
    put_in(engine)
    with engine.begin() as connection:
        begun(connection)
        connection.exec_driver_sql(LINE.format(line="lot"))
        connection.exec_driver_sql(SIGN)
    for refused in (LINE.format(line="side"), "DELETE FROM time_out_line"):
        with engine.connect() as connection, pytest.raises(DBAPIError, match="signed"):
            connection.exec_driver_sql(refused)
    engine.dispose()

    with pytest.raises(RuntimeError, match="would lose them"):
        command.downgrade(migrate.settings(url), "-1")
