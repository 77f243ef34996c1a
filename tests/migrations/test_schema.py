"""The revisions lead to exactly the tables that the models describe, on both engines."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from clinic import models
from clinic.core import migrate
from clinic.core.db import APPEND_ONLY
from clinic.core.engine import make_engine
from clinic.core.migrate import Standing
from clinic.scheduling.models import PATIENT_GUARD, RESOURCE_GUARD
from tests.migrations.fingerprint import fingerprint, names


@contextmanager
def connected(url: str) -> Iterator[sa.Connection]:
    engine = make_engine(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_the_revisions_form_one_line_with_one_head():
    scripts = ScriptDirectory(str(migrate.SCRIPTS))

    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1
    assert not [s for s in scripts.walk_revisions() if s.is_branch_point or s.is_merge_point]


def test_a_revision_imports_nothing_of_the_application():
    for path in (migrate.SCRIPTS / "versions").glob("*.py"):
        lines = path.read_text(encoding="utf-8").splitlines()
        imports = [line for line in lines if line.startswith(("import ", "from "))]
        assert not [line for line in imports if "clinic" in line or "config" in line], path.name


def test_after_the_upgrade_alembic_finds_nothing_to_change(url):
    migrate.upgrade(url)

    command.check(migrate.settings(url))


def test_migrated_and_created_from_the_models_are_the_same_down_to_the_triggers(url):
    migrate.upgrade(url)
    with connected(url) as connection:
        migrated = fingerprint(connection)
    command.downgrade(migrate.settings(url), "base")
    with connected(url) as connection:
        models.metadata.create_all(connection)
        created = fingerprint(connection)

    assert sorted(migrated - created) == []
    assert sorted(created - migrated) == []


def test_the_fingerprint_sees_guards_and_their_text(url):
    migrate.upgrade(url)

    with connected(url) as connection:
        found = fingerprint(connection)
        triggers = names(found, "trigger")
        for table in APPEND_ONLY:
            assert [name for name in triggers if f"trg_{table}_no_" in name], table
        text = " ".join(entry[2] for entry in found)
        assert RESOURCE_GUARD in text
        assert PATIENT_GUARD in text


@pytest.mark.parametrize("change", ["drop a trigger", "change a check"])
def test_the_fingerprint_notices_a_guard_that_is_gone(tmp_path, change):
    url = f"sqlite:///{tmp_path / 'clinic.sqlite3'}"
    migrate.upgrade(url)
    with connected(url) as connection:
        before = fingerprint(connection)
        if change == "drop a trigger":
            connection.exec_driver_sql("DROP TRIGGER trg_audit_event_no_update")
        else:
            connection.exec_driver_sql("PRAGMA writable_schema=ON")
            connection.exec_driver_sql(
                "UPDATE sqlite_master SET sql = replace(sql, 'lane BETWEEN 1', 'lane BETWEEN 0')"
                " WHERE name = 'occupancy'"
            )
        assert fingerprint(connection) != before


def test_the_upgrade_can_be_printed_as_sql_for_a_database_administrator(capsys):
    command.upgrade(migrate.settings("postgresql+psycopg://nobody/none"), "head", sql=True)

    printed = capsys.readouterr().out
    assert "EXCLUDE" in printed
    assert "append_only:%'" in printed
    assert "duration_min % 5 = 0" in printed
    assert "%%" not in printed


def test_a_database_knows_how_it_stands_to_the_program(url):
    engine = make_engine(url)
    assert migrate.standing(engine) is Standing.EMPTY

    command.upgrade(migrate.settings(url), "20261122_first_tables")
    assert migrate.standing(engine) is Standing.BEHIND

    migrate.upgrade(url)
    assert migrate.standing(engine) is Standing.CURRENT

    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '20991231_later'")
    assert migrate.standing(engine) is Standing.AHEAD
    engine.dispose()
