"""Bulk loading past the application: rows as tuples, guards taken off and put back, then proved."""

import datetime as dt
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click
import sqlalchemy as sa

from clinic.models import metadata

CHUNK = 20_000
Row = tuple[Any, ...]


def adapt(value: Any, dialect: str) -> Any:
    """Write a value as the raw driver wants it."""
    if isinstance(value, dt.datetime) and dialect == "sqlite":
        naive = value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value
        return naive.strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, dt.date | dt.time) and dialect == "sqlite":
        return value.isoformat()
    if isinstance(value, list | dict):
        return json.dumps(value)
    return value


def chunks(rows: Iterable[Row], size: int = CHUNK) -> Iterator[list[Row]]:
    """Cut a stream into lists."""
    stream = iter(rows)
    while chunk := list(itertools.islice(stream, size)):
        yield chunk


class Loader:
    """Loads one database; each table is a step that a later run skips when it is whole."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.dialect = engine.dialect.name

    def is_loaded(self, table: str, expected: int) -> bool:
        """Tell whether a table holds its rows already (an interrupted step starts over)."""
        with self.engine.connect() as connection:
            count = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
        if 0 < count != expected:
            self.clear(table)
        return bool(count == expected)

    def clear(self, table: str) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql(f"DELETE FROM {table}")

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Row], expected: int) -> None:
        """Load a table in one transaction, with a progress bar; skip it when it is whole."""
        if self.is_loaded(table, expected):
            click.echo(f"{table}: {expected:,} rows are there")
            return
        with (
            self.engine.connect() as connection,
            click.progressbar(length=expected, label=f"{table:<20}") as bar,
        ):
            raw = connection.connection.driver_connection
            if self.dialect == "sqlite":
                raw.execute("PRAGMA foreign_keys=OFF")
                raw.execute("PRAGMA synchronous=OFF")
                raw.execute("BEGIN IMMEDIATE")
                marks = ", ".join("?" * len(columns))
                statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
                for chunk in chunks(rows):
                    raw.executemany(
                        statement, [tuple(adapt(v, self.dialect) for v in row) for row in chunk]
                    )
                    bar.update(len(chunk))
                raw.execute("COMMIT")
                raw.execute("PRAGMA synchronous=FULL")
                raw.execute("PRAGMA foreign_keys=ON")
            else:
                with raw.cursor() as cursor:
                    cursor.execute("SET statement_timeout = 0")
                    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
                        for chunk in chunks(rows):
                            for row in chunk:
                                copy.write_row([adapt(v, self.dialect) for v in row])
                            bar.update(len(chunk))
                raw.commit()

    def take_off(self) -> None:
        """Make the tables, keep what guards and indexes them as text, and take that off.

        The text lies in a table of its own, so that an interrupted load can go on.
        """
        metadata.create_all(self.engine)
        with self.engine.begin() as connection:
            connection.exec_driver_sql(
                "CREATE TABLE IF NOT EXISTS bench_guard (definition TEXT NOT NULL)"
            )
            if connection.exec_driver_sql("SELECT count(*) FROM bench_guard").scalar_one():
                return
            for drop, definition in list(connection.exec_driver_sql(_GUARDS[self.dialect])):
                connection.execute(
                    sa.text("INSERT INTO bench_guard VALUES (:definition)"),
                    {"definition": definition},
                )
                connection.exec_driver_sql(drop)

    def put_back(self) -> None:
        """Put guards and indexes back: building them over the loaded rows proves the rows."""
        with self.engine.connect() as connection:
            wanted = list(connection.exec_driver_sql("SELECT definition FROM bench_guard").scalars())
            if self.dialect == "postgresql":
                connection.exec_driver_sql("SET statement_timeout = 0")
                connection.exec_driver_sql("SET maintenance_work_mem = '512MB'")
            with click.progressbar(wanted, label="indexes and guards  ") as bar:
                for definition in bar:
                    connection.exec_driver_sql(definition)
            if self.dialect == "postgresql":
                for table in metadata.sorted_tables:
                    if "id" in table.c and table.c.id.autoincrement:
                        connection.exec_driver_sql(
                            f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'),"
                            f" (SELECT coalesce(max(id), 0) + 1 FROM {table.name}), false)"
                        )
            connection.exec_driver_sql("DROP TABLE bench_guard")
            connection.exec_driver_sql("ANALYZE")
            connection.commit()


_GUARDS = {
    "sqlite": (
        "SELECT 'DROP ' || type || ' ' || name, sql FROM sqlite_master"
        " WHERE type IN ('trigger', 'index') AND sql IS NOT NULL ORDER BY type"
    ),
    "postgresql": (
        "SELECT 'DROP TRIGGER ' || tgname || ' ON ' || tgrelid::regclass,"
        " pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
        " UNION ALL SELECT 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || conname,"
        " 'ALTER TABLE ' || conrelid::regclass || ' ADD CONSTRAINT ' || conname || ' '"
        " || pg_get_constraintdef(oid) FROM pg_constraint WHERE contype IN ('x', 'f')"
        " UNION ALL SELECT 'DROP INDEX ' || i.indexrelid::regclass, pg_get_indexdef(i.indexrelid)"
        " FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid"
        " JOIN pg_namespace n ON n.oid = t.relnamespace WHERE n.nspname = 'public'"
        " AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)"
    ),
}
"""How to take each guard off, and the text that makes it again."""
