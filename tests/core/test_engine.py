"""How a database is opened: what waits for the disk, and what may be lost in a power cut."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from clinic.core.engine import Sessions, journal_mode, make_engine, sqlite_module

_FULL, _NORMAL = 2, 1


@pytest.mark.once
def test_a_light_write_on_sqlite_leaves_the_next_write_durable(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'clinic.sqlite3'}", pool_size=1, max_overflow=0)
    sessions = Sessions(engine)
    light = _NORMAL if journal_mode(sqlite_module()) == "WAL" else _FULL
    setting = sa.text("PRAGMA synchronous")

    with sessions.write_lightly() as db, db.begin():
        assert db.scalar(setting) == light
    with sessions.write() as db, db.begin():
        assert db.scalar(setting) == _FULL
    with sessions.write_lightly() as db:
        db.begin()
        assert db.scalar(setting) == light
        db.rollback()
    with sessions.read() as db:
        assert db.scalar(setting) == _FULL
    engine.dispose()


def test_a_light_write_on_postgresql_leaves_the_next_write_durable(postgres_url: str) -> None:
    engine = make_engine(postgres_url, pool_size=1, max_overflow=0)
    sessions = Sessions(engine)
    setting = sa.text("SHOW synchronous_commit")

    with sessions.write_lightly() as db, db.begin():
        assert db.scalar(setting) == "off"
    with sessions.write() as db, db.begin():
        assert db.scalar(setting) == "on"
    engine.dispose()


def test_a_look_keeps_the_statements_that_postgresql_has_prepared(postgres_url: str) -> None:
    engine = make_engine(postgres_url, pool_size=1, max_overflow=0)
    sessions = Sessions(engine)
    asked = sa.text("SELECT statement FROM pg_prepared_statements WHERE statement LIKE :like")

    for _ in range(8):
        with sessions.read() as db:
            kept = db.scalars(asked, {"like": "%pg_prepared%"}).all()
    assert kept
    engine.dispose()


def test_postgresql_refuses_to_write_in_a_look_but_not_after_it(postgres_url: str) -> None:
    engine = make_engine(postgres_url, pool_size=1, max_overflow=0)
    sessions = Sessions(engine)
    table = sa.text("CREATE TEMPORARY TABLE kept (id int) ON COMMIT DROP")

    with sessions.read() as db, pytest.raises(DBAPIError, match="read-only"):
        db.execute(sa.text("CREATE TABLE kept (id int)"))
    with sessions.write() as db, db.begin():
        db.execute(table)
        db.execute(sa.text("INSERT INTO kept VALUES (1)"))
    engine.dispose()


def test_a_look_that_failed_is_closed_all_the_same(postgres_url: str) -> None:
    engine = make_engine(postgres_url, pool_size=1, max_overflow=0)
    sessions = Sessions(engine)

    with sessions.read() as db, pytest.raises(DBAPIError):
        db.execute(sa.text("SELECT 1 / 0"))
    with sessions.read() as db, pytest.raises(DBAPIError):
        db.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
    with sessions.read() as db:
        assert db.scalar(sa.text("SELECT 1")) == 1
    engine.dispose()
