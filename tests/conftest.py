"""Databases, application and people for every test; what differs between engines runs on both."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy.orm import Session

from clinic import models
from clinic.app import create_app
from clinic.audit.service import chain_key
from clinic.core import clock as clinic_clock
from clinic.core import migrate
from clinic.core.engine import Sessions, make_engine
from config import Config
from tests import postgres
from tests.chromium import browser
from tests.world import World

__all__ = ["browser"]
SECRET = "x7Qv" * 12
NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
"""Monday, 10:00 in Berlin: the instant of every test that does not move the clock."""


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    yield postgres.url()
    postgres.stop()


@pytest.fixture(scope="session")
def engines() -> Iterator[dict[str, sa.Engine]]:
    """The engines made so far: pytest goes from one to the other and back with every file."""
    made: dict[str, sa.Engine] = {}
    yield made
    for engine in made.values():
        engine.dispose()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, engines: dict[str, sa.Engine]) -> sa.Engine:
    name = request.param
    if name not in engines:
        url = "sqlite://" if name == "sqlite" else request.getfixturevalue("postgres_url")
        engine = make_engine(url)
        if name == "postgresql":
            wipe(engine)
        lay_tables(engine)
        engines[name] = engine
    return engines[name]


def lay_tables(engine: sa.Engine) -> None:
    """Make the tables of this version, noted as what `db upgrade` leaves behind."""
    models.metadata.create_all(engine)
    with engine.begin() as connection:
        scripts = ScriptDirectory(str(migrate.SCRIPTS))
        MigrationContext.configure(connection).stamp(scripts, migrate.head())


def wipe(engine: sa.Engine) -> None:
    """Empty a PostgreSQL database of the tests' own."""
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA IF EXISTS public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")


@pytest.fixture
def connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.connect() as connection:
        outer = connection.begin()
        yield connection
        outer.rollback()


@pytest.fixture
def sessions(connection: sa.Connection) -> Sessions:
    return Sessions(connection, info={"audit_key": chain_key(SECRET)})


@pytest.fixture
def db(sessions: Sessions) -> Iterator[Session]:
    """A writing session; what it flushes, the application under test sees."""
    with sessions.write() as db:
        yield db


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[dt.datetime], None]:
    """The frozen clock; call it with an instant to move it."""

    def move(to: dt.datetime) -> None:
        monkeypatch.setattr(clinic_clock, "now", lambda: to)

    move(NOW)
    return move


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return Config(
        data_dir=Path(tmp_path_factory.mktemp("data")),
        database_url="sqlite://",
        secret_key=SECRET,
    )


class CompiledOnce(BytecodeCache):
    """Templates compiled once for all the applications of a run: two thirds of a test's time."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._kept[bucket.key, bucket.checksum] = bucket.code


TEMPLATES = CompiledOnce()


class Switched:
    """The sessions of whatever test is running, for the application that all of them share."""

    current: Sessions

    def __getattr__(self, name: str) -> Any:
        return getattr(self.current, name)


def _application(config: Config, sessions: Any) -> Flask:
    app = create_app(config, sessions=sessions, testing=True)
    app.jinja_env.bytecode_cache = TEMPLATES
    return app


@pytest.fixture(scope="session")
def shared(config: Config) -> tuple[Flask, Switched]:
    switched = Switched()
    return _application(config, switched), switched


@pytest.fixture
def app(config: Config, sessions: Sessions) -> Flask:
    """An application of the test's own, to which it may add what it likes."""
    return _application(config, sessions)


@pytest.fixture
def world(request: pytest.FixtureRequest, sessions: Sessions, db: Session) -> World:
    """A clinic with one account a role, signed in at will.

    On the test's own application when it asks for `app`, else on the shared one: making an
    application takes as long as three pages. With the mark `unapproved` nobody has approved the
    rules, and the audit trail is empty.
    """
    is_approved = request.node.get_closest_marker("unapproved") is None
    if "app" in request.fixturenames:
        return World(request.getfixturevalue("app"), db, is_approved=is_approved)
    app, switched = request.getfixturevalue("shared")
    switched.current = sessions
    return World(app, db, is_approved=is_approved)
