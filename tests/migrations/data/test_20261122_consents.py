"""A clinic that upgrades: papers keep what they said, and what was withdrawn stays withdrawn."""

import pytest
import sqlalchemy as sa
from alembic import command

from clinic.core import migrate
from clinic.core.engine import make_engine
from tests.migrations.conftest import url
from tests.migrations.rows import AT, put_in

__all__ = ["url"]
PAPERS = (
    "INSERT INTO consent_text VALUES (1, 'prp', '1.0', '2020-01-01')",
    "INSERT INTO consent_text VALUES (2, 'photographs', '1.0', '2020-01-01')",
    "INSERT INTO consent VALUES"
    f" (1, 1, 1, 1, NULL, 'prp', '2026-10-01', NULL, '', '{AT}', NULL, 1)",
    "INSERT INTO consent VALUES"
    f" (2, 1, 1, 1, 1, 'prp', '2026-10-02', '2026-10-09', 'a change of mind', '{AT}', NULL, 2)",
    "INSERT INTO consent VALUES"
    f" (3, 1, 2, 1, NULL, 'photographs', '2026-10-02', NULL, '', '{AT}', 'k-3', 1)",
)


@pytest.fixture
def engine(url):
    command.upgrade(migrate.settings(url), "20261122_letters")
    engine = make_engine(url)
    put_in(engine)
    with engine.begin() as connection:
        for statement in PAPERS:
            connection.exec_driver_sql(statement)
    yield engine
    engine.dispose()


def rows(engine, statement):
    with engine.connect() as connection:
        return [tuple(map(str, row)) for row in connection.execute(sa.text(statement))]


OLD = (
    "SELECT id, kind, given_on, withdrawn_on, withdrawn_reason, withdrawn_by_id FROM consent"
    " ORDER BY id"
)


def test_papers_keep_what_they_said_there_and_back(url, engine):
    before = rows(engine, OLD)
    engine.dispose()

    command.upgrade(migrate.settings(url), "20261122_consents")
    with engine.connect() as connection:
        found = connection.execute(
            sa.text("SELECT id, photo_record, photo_teaching, signed_how FROM consent ORDER BY id")
        ).all()
    assert [(row[0], bool(row[1]), bool(row[2]), row[3]) for row in found] == [
        (1, False, False, "paper"),
        (2, False, False, "paper"),
        (3, True, False, "paper"),
    ]
    assert rows(
        engine, "SELECT consent_id, scope, withdrawn_on, reason FROM consent_withdrawal"
    ) == [("2", "treatment", "2026-10-09", "a change of mind")]
    engine.dispose()

    command.downgrade(migrate.settings(url), "-1")
    assert rows(engine, OLD) == before


def test_the_step_back_refuses_to_lose_what_was_signed(url, engine):
    engine.dispose()
    command.upgrade(migrate.settings(url), "20261122_consents")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO consent (id, patient_id, text_id, taken_by_id, kind, given_on,"
            " photo_record, photo_teaching, photo_publication, signed_how, language, signer,"
            " guardian, interpreter, recorded_at) VALUES (9, 1, 1, 1, 'prp', '2026-11-20', FALSE,"
            f" TRUE, FALSE, 'typed', 'en', 'Alice', '', '', '{AT}')"
        )
    engine.dispose()

    with pytest.raises(RuntimeError, match="would lose them"):
        command.downgrade(migrate.settings(url), "-1")
