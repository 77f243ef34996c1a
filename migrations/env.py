"""Alembic's environment: how a revision runs on SQLite and on PostgreSQL, and how one is drafted.

Revisions never import the application: their DDL is frozen text, so that an old one does
tomorrow what it did on the day it was written.
"""

import re
from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext

from clinic import models
from clinic.core import clock
from clinic.core.db import UTCDateTime
from clinic.core.engine import make_engine
from config import Config

settings = context.config
UPGRADE_LOCK = 7_283_002
"""Number of the PostgreSQL advisory lock that lets one upgrade run at a time."""


def database_url() -> str:
    """Return the caller's address (clinic.core.migrate), else that of the clinic's settings."""
    return str(settings.attributes.get("url") or Config.from_env().database_url)


def render_item(kind: str, item: Any, _autogen: AutogenContext) -> str | Literal[False]:
    """Write our own column types as what the database keeps."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, sa.Enum):
        return f"sa.String({item.length})"
    return False


def name_after_day_and_change(_context: Any, _revision: Any, drafts: list[Any]) -> None:
    """Give a new revision the id 20261122_what_changes, and its file the same name."""
    for draft in drafts:
        words = re.sub(r"[^a-z0-9]+", "_", (draft.message or "change").lower()).strip("_")
        # alembic_version.version_num holds 32 characters
        draft.rev_id = f"{clock.now():%Y%m%d}_{words}"[:32].rstrip("_")


OPTIONS: dict[str, Any] = {
    "target_metadata": models.metadata,
    "compare_type": True,
    "compare_server_default": True,
    "transaction_per_migration": True,
    "render_item": render_item,
    "process_revision_directives": name_after_day_and_change,
    # Opt-in since Alembic 1.19.2; finds a CHECK that came or went by its name. A changed text is
    # found by the fingerprint test.
    "autogenerate_plugins": ["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"],
}


def offline() -> None:
    """Print the SQL instead of running it (`alembic upgrade head --sql`)."""
    context.configure(
        url=database_url(), literal_binds=True, dialect_opts={"paramstyle": "named"}, **OPTIONS
    )
    with context.begin_transaction():
        context.run_migrations()


def on_sqlite(engine: sa.Engine) -> None:
    """Run all revisions in one transaction, with foreign keys off.

    With them on, making a parent table anew would delete its children through ON DELETE CASCADE.
    One transaction, begun as a writer before the present revision is read, is the lock that lets
    one upgrade run at a time: a second one waits, then finds nothing to do.
    """
    with engine.execution_options(sqlite_begin="IMMEDIATE").connect() as connection:
        raw: Any = connection.connection.driver_connection
        # Before any BEGIN: inside a transaction SQLite ignores this pragma without a word.
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute("PRAGMA busy_timeout=60000")
        with connection.begin():
            context.configure(
                connection=connection,
                render_as_batch=True,
                transactional_ddl=True,
                on_version_apply=[refuse_orphans],
                **OPTIONS,
            )
            context.run_migrations()


def refuse_orphans(*, ctx: Any, **_step: Any) -> None:
    """Stop, and thereby roll back, a revision that left rows without their parent."""
    orphans = ctx.connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if orphans:
        raise RuntimeError(f"this migration broke foreign keys: {orphans[:5]}")


def on_postgresql(engine: sa.Engine) -> None:
    """Run one upgrade at a time; a revision gives up a lock that is not to be had in 3 s."""
    with engine.connect() as connection:
        for setting in (
            "SET statement_timeout = '15min'",
            "SET idle_in_transaction_session_timeout = 0",
            "SET lock_timeout = '5min'",
            f"SELECT pg_advisory_lock({UPGRADE_LOCK})",  # let go with the connection
            "SET lock_timeout = '3s'",
        ):
            connection.exec_driver_sql(setting)
        connection.commit()
        context.configure(connection=connection, **OPTIONS)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    offline()
else:
    engine = make_engine(database_url())
    try:
        (on_sqlite if engine.dialect.name == "sqlite" else on_postgresql)(engine)
    finally:
        engine.dispose()
