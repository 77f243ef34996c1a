"""Bulk loading past the application: rows as tuples, guards taken off and put back.

A load that was interrupted goes on where it stopped: each step keeps, in the transaction of its
rows, how many it has written, and the same size always gives the same rows in the same order.
"""

import datetime as dt
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import click
import sqlalchemy as sa

from clinic.models import metadata as everything

CHUNK = 20_000
Row = tuple[Any, ...]
BAR = {"width": 30, "show_pos": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The rows of one table."""

    table: str
    columns: tuple[str, ...]
    count: int
    rows: Callable[[], Iterable[Row]]


def _sqlite_instant(value: dt.datetime) -> str:
    naive = value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value
    return naive.isoformat(sep=" ", timespec="microseconds")


ADAPTERS: dict[str, dict[type, Callable[[Any], object]]] = {
    "sqlite": {
        dt.datetime: _sqlite_instant,
        dt.date: dt.date.isoformat,
        dt.time: dt.time.isoformat,
        dict: json.dumps,
        list: json.dumps,
    },
    "postgresql": {dict: json.dumps, list: json.dumps},
}
"""How the raw drivers want values that they do not know."""


def adapt(value: Any, dialect: str) -> Any:
    """Write one value as the raw driver wants it."""
    write = ADAPTERS[dialect].get(type(value))
    return write(value) if write is not None else value


_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_COPIED: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "\\N",
    bool: lambda value: "t" if value else "f",
    int: str,
    str: lambda value: value.translate(_ESCAPED),
    dt.datetime: dt.datetime.isoformat,
    dt.date: dt.date.isoformat,
    dict: lambda value: json.dumps(value).translate(_ESCAPED),
    list: lambda value: json.dumps(value).translate(_ESCAPED),
}


def copied(rows: Iterable[Row]) -> str:
    """Write rows as PostgreSQL's COPY reads them: four times as fast as value by value."""
    return "".join("\t".join(_COPIED[type(v)](v) for v in row) + "\n" for row in rows)


def chunks(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """Cut a stream into lists."""
    stream = iter(rows)
    while chunk := list(itertools.islice(stream, size)):
        yield chunk


class Loader:
    """Loads one database."""

    def __init__(self, engine: sa.Engine, metadata: sa.MetaData = everything) -> None:
        self.engine, self.metadata = engine, metadata
        self.dialect = engine.dialect.name

    def begin(self) -> None:
        """Make the tables, and the two in which the loader remembers how far it is."""
        self.metadata.create_all(self.engine)
        with self.engine.begin() as connection:
            connection.exec_driver_sql(
                "CREATE TABLE IF NOT EXISTS bench_step (name VARCHAR(60) PRIMARY KEY, done INTEGER)"
            )
            connection.exec_driver_sql(
                "CREATE TABLE IF NOT EXISTS bench_guard"
                " (take_off TEXT, put_back TEXT, is_off INTEGER)"
            )

    def done(self, name: str) -> int:
        """Return how many rows of a step are there, 0 for none."""
        with self.engine.connect() as connection:
            found = connection.execute(
                sa.text("SELECT done FROM bench_step WHERE name = :name"), {"name": name}
            ).scalar_one_or_none()
        return found or 0

    def note(self, name: str, done: int) -> None:
        """Remember how far a step is."""
        with self.engine.begin() as connection:
            connection.execute(sa.text(_NOTE[self.dialect]), {"name": name, "done": done})

    def load(self, step: Step) -> None:
        """Load a table with a progress bar, beginning where an earlier run stopped."""
        done = self.done(step.table)
        if done >= step.count:
            return
        rows = itertools.islice(step.rows(), done, None)
        write = self._into_sqlite if self.dialect == "sqlite" else self._into_postgres
        fairy = self.engine.raw_connection()
        with click.progressbar(length=step.count, label=f"{step.table:<20}", **BAR) as bar:
            bar.update(done)
            for chunk in chunks(rows, CHUNK):
                done += len(chunk)
                write(fairy.driver_connection, step, chunk, done)
                bar.update(len(chunk))
        fairy.invalidate()  # Its settings are not for anybody else.
        if done != step.count:
            raise RuntimeError(f"{step.table}: {done} rows instead of {step.count}")

    @staticmethod
    def _into_sqlite(raw: Any, step: Step, chunk: list[Row], done: int) -> None:
        raw.executescript(
            "PRAGMA foreign_keys=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-262144;"
        )
        table = ADAPTERS["sqlite"]
        marks = ", ".join("?" * len(step.columns))
        raw.execute("BEGIN IMMEDIATE")
        raw.executemany(
            f"INSERT INTO {step.table} ({_names(step)}) VALUES ({marks})",
            [tuple(write(v) if (write := table.get(type(v))) else v for v in row) for row in chunk],
        )
        raw.execute(_NOTE["sqlite"], {"name": step.table, "done": done})
        raw.execute("COMMIT")

    @staticmethod
    def _into_postgres(raw: Any, step: Step, chunk: list[Row], done: int) -> None:
        with raw.cursor() as cursor:
            cursor.execute("SET synchronous_commit = off")
            cursor.execute("SET statement_timeout = 0")
            with cursor.copy(f"COPY {step.table} ({_names(step)}) FROM STDIN") as copy:
                copy.write(copied(chunk))
            cursor.execute(
                _NOTE["postgresql"].replace(":name", "%(name)s").replace(":done", "%(done)s"),
                {"name": step.table, "done": done},
            )
        raw.commit()

    def take_off(self) -> None:
        """Keep what guards and indexes the tables as text, and take it off: all or nothing.

        The text lies in a table of its own, so that an interrupted load can go on.
        """
        with self.engine.begin() as connection:
            if connection.exec_driver_sql("SELECT count(*) FROM bench_guard").scalar_one():
                return
            for take_off, put_back in guards(connection):
                connection.execute(
                    sa.text("INSERT INTO bench_guard VALUES (:take_off, :put_back, 1)"),
                    {"take_off": take_off, "put_back": put_back},
                )
                connection.exec_driver_sql(take_off)

    def put_back(self) -> None:
        """Put guards and indexes back, one after the other, and let the database count its rows.

        On PostgreSQL building them over the loaded rows proves the rows.
        """
        fairy = self.engine.raw_connection()
        raw = fairy.driver_connection
        for statement in _BEFORE_BUILDING[self.dialect]:
            raw.execute(statement)
        raw.commit()
        wanted = raw.execute("SELECT put_back FROM bench_guard WHERE is_off = 1 ORDER BY put_back")
        mark = "?" if self.dialect == "sqlite" else "%s"
        label = f"{'indexes and guards':<20}"
        with click.progressbar([row[0] for row in wanted.fetchall()], label=label, **BAR) as bar:
            for put_back in bar:
                if self.dialect == "sqlite":
                    raw.execute("BEGIN IMMEDIATE")
                raw.execute(put_back)
                raw.execute(
                    f"UPDATE bench_guard SET is_off = 0 WHERE put_back = {mark}", (put_back,)
                )
                raw.commit()
        if self.dialect == "postgresql":
            self._move_sequences(raw)
            raw.autocommit = True
        for statement in _AFTER_BUILDING[self.dialect]:
            raw.execute(statement)
        fairy.invalidate()

    def _move_sequences(self, raw: Any) -> None:
        for table in self.metadata.sorted_tables:
            if "id" in table.c and table.c.id.primary_key:
                raw.execute(
                    f"SELECT setval(pg_get_serial_sequence('\"{table.name}\"', 'id'),"
                    f' (SELECT coalesce(max(id), 0) + 1 FROM "{table.name}"), false)'
                )
        raw.commit()


_BEFORE_BUILDING = {
    "sqlite": ("PRAGMA synchronous=OFF", "PRAGMA cache_size=-262144"),
    "postgresql": ("SET statement_timeout = 0", "SET maintenance_work_mem = '512MB'"),
}
_AFTER_BUILDING = {
    "sqlite": ("ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"),
    "postgresql": ("VACUUM (ANALYZE)", "CHECKPOINT"),  # As autovacuum would soon.
}


def _names(step: Step) -> str:
    return ", ".join(f'"{column}"' for column in step.columns)


_NOTE = {
    "sqlite": "INSERT OR REPLACE INTO bench_step VALUES (:name, :done)",
    "postgresql": (
        "INSERT INTO bench_step VALUES (:name, :done)"
        " ON CONFLICT (name) DO UPDATE SET done = excluded.done"
    ),
}


def guards(connection: sa.Connection) -> list[tuple[str, str]]:
    """Return (what takes it off, what puts it back) of every trigger, index and guard there is."""
    rows = connection.exec_driver_sql(_GUARDS[connection.dialect.name])
    return sorted((row[0], row[1]) for row in rows)


_GUARDS = {
    "sqlite": (
        "SELECT 'DROP ' || type || ' ' || name, sql FROM sqlite_master"
        " WHERE type IN ('trigger', 'index') AND sql IS NOT NULL"
    ),
    # A trigger made anew would lose that it fires in every replication role.
    "postgresql": (
        "SELECT 'ALTER TABLE ' || tgrelid::regclass || ' DISABLE TRIGGER ' || tgname,"
        " 'ALTER TABLE ' || tgrelid::regclass || ' ENABLE '"
        " || CASE tgenabled WHEN 'A' THEN 'ALWAYS ' WHEN 'D' THEN 'not' ELSE '' END"
        " || 'TRIGGER ' || tgname"
        " FROM pg_trigger WHERE NOT tgisinternal"
        " UNION ALL SELECT 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || conname,"
        " 'ALTER TABLE ' || conrelid::regclass || ' ADD CONSTRAINT ' || conname || ' '"
        " || pg_get_constraintdef(oid) FROM pg_constraint WHERE contype IN ('x', 'f')"
        " AND connamespace = 'public'::regnamespace"
        " UNION ALL SELECT 'DROP INDEX ' || i.indexrelid::regclass, pg_get_indexdef(i.indexrelid)"
        " FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid"
        " WHERE t.relnamespace = 'public'::regnamespace"
        " AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)"
    ),
}
