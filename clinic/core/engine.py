"""Engines and sessions for SQLite and PostgreSQL, and what their errors mean."""

import importlib
import re
import sqlite3
import sys
from contextlib import suppress
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

WAL_SAFE = (3, 51, 3)
"""First SQLite without the WAL-reset corruption bug (3.7.0 to 3.51.2)."""
_PRAGMAS = (
    "synchronous=FULL",
    "busy_timeout=5000",
    "foreign_keys=ON",
    "recursive_triggers=ON",
    "trusted_schema=OFF",
    "cell_size_check=ON",
    "cache_size=-16000",
)
_POSTGRES_OPTIONS = (
    "-c lock_timeout=3s -c statement_timeout=10s -c idle_in_transaction_session_timeout=15s"
    " -c jit=off -c max_parallel_workers_per_gather=0 -c random_page_cost=1.1 -c timezone=UTC"
)
_MAY_BE_LOST = "may_be_lost"
"""Option of a connection whose commits do not wait for the disk."""
RETRYABLE = frozenset({"40001", "40P01", "55P03"})


def sqlite_module() -> ModuleType:
    """Return the SQLite driver to use: pysqlite3 where its wheel exists, else Python's own."""
    try:
        return importlib.import_module("pysqlite3.dbapi2")
    except ImportError:
        return sqlite3


def journal_mode(module: ModuleType) -> str:
    """Return WAL on a safe library, else the rollback journal (slower, never corrupt)."""
    return "WAL" if module.sqlite_version_info >= WAL_SAFE else "DELETE"


def make_engine(url: str, **options: Any) -> sa.Engine:
    """Build the engine for a database address, with the settings that the clinic relies on."""
    if sa.make_url(url).get_backend_name() != "sqlite":
        engine = sa.create_engine(
            url,
            hide_parameters=True,
            **{
                "pool_pre_ping": True,
                "pool_timeout": 5,
                "pool_recycle": 1800,
                "pool_size": 10,
                "connect_args": {"options": _POSTGRES_OPTIONS},
                **options,
            },
        )

        @event.listens_for(engine, "begin")
        def _begin_lightly(connection: sa.Connection) -> None:
            if connection.get_execution_options().get(_MAY_BE_LOST):
                connection.exec_driver_sql("SET LOCAL synchronous_commit = off")

        return engine
    module = sqlite_module()
    journal = journal_mode(module)
    if journal != "WAL":
        sys.stderr.write(
            f"SQLite {module.sqlite_version} has the WAL-reset bug: using the rollback journal.\n"
        )
    engine = sa.create_engine(url, module=module, hide_parameters=True, **options)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver never begins by itself
        cursor = connection.cursor()
        for pragma in (*_PRAGMAS, f"journal_mode={journal}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        if options.get(_MAY_BE_LOST) and journal == "WAL":  # elsewhere it could corrupt the file
            connection.info[_MAY_BE_LOST] = True
            connection.exec_driver_sql("PRAGMA synchronous=NORMAL")
        connection.exec_driver_sql(f"BEGIN {options.get('sqlite_begin', 'DEFERRED')}")

    @event.listens_for(engine, "checkin")
    def _checkin(connection: Any, record: ConnectionPoolEntry) -> None:
        if record.info.pop(_MAY_BE_LOST, False) and connection is not None:
            connection.execute("PRAGMA synchronous=FULL")

    return engine


class ReadOnlySession(Session):
    """A session for looking: a flush that would write raises, and PostgreSQL refuses to write."""

    def close(self) -> None:
        """End the look, on PostgreSQL by COMMIT: at a ROLLBACK psycopg forgets what it prepared.

        Otherwise every statement of every request was parsed and planned anew.
        """
        self.expunge_all()
        if self.in_transaction() and self.get_bind().dialect.name == "postgresql":
            with suppress(SQLAlchemyError):  # Nothing was written, so nothing can be lost.
                self.commit()
        super().close()


@event.listens_for(ReadOnlySession, "before_flush")
def _refuse_flush(session: Session, _context: object, _instances: object) -> None:
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("a read session was asked to write: use transaction()")


class Sessions:
    """The ways to a database: `read` for looking, `write` for one use case.

    `write_lightly` does not wait for the disk: only for what a power cut may take, such as when
    a cookie was last seen.
    """

    def __init__(
        self, engine: sa.Engine | sa.Connection, *, info: dict[Any, Any] | None = None
    ) -> None:
        self.engine = engine.engine
        """What is behind all of them."""
        options: dict[str, Any] = {"expire_on_commit": False, "info": info or {}}
        if isinstance(engine, sa.Connection):  # a test's outer transaction
            options["join_transaction_mode"] = "create_savepoint"
            writing: sa.Engine | sa.Connection = engine
            lightly: sa.Engine | sa.Connection = engine
            reading: sa.Engine | sa.Connection = engine
        else:
            # BEGIN IMMEDIATE: two check-then-write units queue instead of failing as "locked".
            writing = engine.execution_options(sqlite_begin="IMMEDIATE")
            lightly = writing.execution_options(**{_MAY_BE_LOST: True})
            reading = engine.execution_options(postgresql_readonly=True)
        # A look that has ended would fetch a connection again, which nobody gives back.
        self.read = sessionmaker(
            reading, class_=ReadOnlySession, close_resets_only=False, **options
        )
        self.write = sessionmaker(writing, **options)
        self.write_lightly = sessionmaker(lightly, **options)


def constraint_of(error: DBAPIError) -> str | None:
    """Return the name of the constraint that an error is about, the same on both databases.

    SQLite names columns instead of a UNIQUE constraint: the answer is then "table.column, ...".
    """
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        name: str | None = diagnosis.constraint_name
        return name
    text = re.sub(r"^(?:CHECK|UNIQUE) constraint failed: ", "", str(error.orig))
    return text if re.fullmatch(r"[A-Za-z_][\w:., ]*", text) else None


def is_retryable(error: DBAPIError) -> bool:
    """Tell whether the same unit of work may succeed when it is simply run again."""
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state in RETRYABLE
    return "database is locked" in str(error.orig) or "table is locked" in str(error.orig)
