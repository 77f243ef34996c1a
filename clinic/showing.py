"""The demo's folder: begun, kept from one start to the next, thrown away when asked."""

import datetime as dt
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from clinic.core import clock, migrate
from clinic.core.engine import make_engine
from clinic.demo.load import load
from clinic.outcomes.files import Store
from clinic.serving import CannotServe
from clinic.web.database import transaction
from config import Config

ACCOUNTS = "demo-accounts.json"
"""The accounts with their passwords; while it holds none, the demo is not loaded yet.

It is made before the database, and so marks a folder that may be thrown away.
"""
_PARTS = ("", "-wal", "-shm", "-journal")

DemoAccounts = list[dict[str, str]]
"""Each with role, login and password."""


def prepare(
    config: Config, store: Store, *, fresh: bool, say: Callable[[str], None]
) -> DemoAccounts:
    """Make the demo unless it is there; return its accounts.

    Raises CannotServe for a folder that holds anything but a demo: a clinic is never overwritten.
    """
    url = sa.make_url(config.database_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise CannotServe("The demo keeps its own SQLite file. Unset DATABASE_URL.")
    database, listing = Path(url.database), config.data_dir / ACCOUNTS
    if not listing.exists() and _holds_something(config.database_url, database):
        raise CannotServe(
            f"{config.data_dir} holds a clinic that is no demo."
            " Choose another folder for the demo in CLINIC_DATA_DIR."
        )
    kept = _read(listing)
    if kept and not fresh:
        laid_on = dt.datetime.fromtimestamp(listing.stat().st_mtime, dt.UTC).date()
        if laid_on != clock.now().date():
            say(f"This clinic was laid around {laid_on}; bin/demo --fresh lays one around today.")
        migrate.upgrade(config.database_url)
        return kept

    for part in _PARTS:
        Path(f"{database}{part}").unlink(missing_ok=True)
    shutil.rmtree(store.root, ignore_errors=True)
    _write(listing, [])
    migrate.upgrade(config.database_url)
    say("Laying a clinic around today ...")
    with transaction() as db:
        accounts = list(load(db, store))
    _write(listing, accounts)
    return accounts


def refuse_demo(config: Config) -> None:
    """Raise CannotServe for a folder that holds the demo: its accounts are nobody's secret."""
    is_own_file = sa.make_url(config.database_url).get_backend_name() == "sqlite"
    if is_own_file and (config.data_dir / ACCOUNTS).exists():
        raise CannotServe(
            f"{config.data_dir} holds the demo, whose passwords lie beside it."
            " Choose another folder for the clinic in CLINIC_DATA_DIR."
        )


def _holds_something(url: str, database: Path) -> bool:
    if not database.exists() or database.stat().st_size == 0:
        return False
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            if not sa.inspect(connection).has_table("location"):
                return bool(sa.inspect(connection).get_table_names())
            return connection.execute(sa.text("SELECT 1 FROM location")).first() is not None
    finally:
        engine.dispose()


def _read(listing: Path) -> DemoAccounts:
    try:
        kept: DemoAccounts = json.loads(listing.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return []
    return kept


def _write(listing: Path, accounts: DemoAccounts) -> None:
    """Replace the file as a whole, readable by its owner alone."""
    draft = listing.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        json.dump(accounts, file, indent=2)
        file.write("\n")
    draft.replace(listing)
