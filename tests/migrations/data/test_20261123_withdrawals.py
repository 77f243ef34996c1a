"""A clinic that upgrades: what was withdrawn at the desk stays so, without a signature."""

import pytest
import sqlalchemy as sa
from alembic import command

from clinic.core import migrate
from clinic.core.engine import make_engine
from tests.migrations.conftest import url
from tests.migrations.rows import put_in

__all__ = ["url"]
BEFORE, AFTER = "20261123_as_signed", "20261123_withdrawals"
COLUMNS = "id, consent_id, withdrawn_by_id, scope, withdrawn_on, reason, recorded_at"
AT_DESK = "1, 1, 1, 'treatment', '2026-11-01', 'Asked for it', '2026-11-01 10:00:00+00:00'"
ON_TABLET = "2, 1, 1, 'photo_record', '2026-11-02', '-', '2026-11-02 10:00:00+00:00'"
TEXT = "INSERT INTO consent_text (id, kind, version_name, in_force_from, words, version)"
PAPER = (
    "INSERT INTO consent (id, patient_id, text_id, taken_by_id, kind, given_on, photo_record,"
    " photo_teaching, photo_publication, signed_how, language, signer, guardian, interpreter,"
    " recorded_at) VALUES (1, 1, 1, 1, 'prp', '2026-10-01', {yes}, {no}, {no}, 'paper', '', '', '',"
    " '', '2026-10-01 10:00:00+00:00')"
)


@pytest.fixture
def engine(url):
    command.upgrade(migrate.settings(url), BEFORE)
    engine = make_engine(url)
    put_in(engine)
    is_sqlite = engine.dialect.name == "sqlite"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"{TEXT} VALUES (1, 'prp', '1.0', '2020-01-01', '{{}}', 1)")
        connection.exec_driver_sql(
            PAPER.format(yes="1" if is_sqlite else "true", no="0" if is_sqlite else "false")
        )
        connection.exec_driver_sql(f"INSERT INTO consent_withdrawal ({COLUMNS}) VALUES ({AT_DESK})")
    yield engine
    engine.dispose()


def rows(engine):
    with engine.connect() as connection:
        found = connection.execute(sa.text(f"SELECT {COLUMNS} FROM consent_withdrawal ORDER BY id"))
        return [tuple(map(str, row)) for row in found]


def refuses_changes(engine):
    with pytest.raises(sa.exc.DBAPIError, match="append_only"), engine.begin() as connection:
        connection.exec_driver_sql("UPDATE consent_withdrawal SET reason = 'x'")


def test_a_withdrawal_is_the_same_there_and_back(url, engine):
    before = rows(engine)
    engine.dispose()

    command.upgrade(migrate.settings(url), AFTER)
    assert rows(engine) == before
    with engine.connect() as connection:
        signed = connection.exec_driver_sql("SELECT signer, strokes FROM consent_withdrawal").all()
    assert [tuple(row) for row in signed] == [(None, None)]
    refuses_changes(engine)
    engine.dispose()

    command.downgrade(migrate.settings(url), BEFORE)
    assert rows(engine) == before
    refuses_changes(engine)


def test_the_step_back_refuses_to_lose_a_signature(url, engine):
    engine.dispose()
    command.upgrade(migrate.settings(url), AFTER)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO consent_withdrawal ({COLUMNS}, signer) VALUES ({ON_TABLET}, 'Alice')"
        )
    engine.dispose()

    with pytest.raises(RuntimeError, match="signatures"):
        command.downgrade(migrate.settings(url), BEFORE)
