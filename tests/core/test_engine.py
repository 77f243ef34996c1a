"""How a database is opened: what waits for the disk, and what may be lost in a power cut."""

from pathlib import Path

import pytest
import sqlalchemy as sa

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
