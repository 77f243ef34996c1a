"""Bringing a database to the shape that this version expects, and telling how it stands."""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from clinic.core.engine import make_engine

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"


class Standing(StrEnum):
    """How a database relates to the revisions that this version knows."""

    EMPTY = "empty"
    """No revision has run."""
    BEHIND = "behind"
    """Revisions are missing."""
    CURRENT = "current"
    AHEAD = "ahead"
    """Made by a newer version of the program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgraded:
    """What an upgrade did."""

    before: str | None
    after: str
    backup: Path | None
    """The copy that was taken first; SQLite only, and only when there was something to copy."""


def settings(url: str, *, versions: Path | None = None) -> Config:
    """Return Alembic's settings for a database; `versions` is another folder of revisions."""
    made = Config()
    made.set_main_option("script_location", _escaped(SCRIPTS))
    made.set_main_option("path_separator", "os")
    if versions is not None:
        made.set_main_option("version_locations", _escaped(versions))
    made.attributes["url"] = url
    return made


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")


def head() -> str:
    """Return the newest revision that this version knows."""
    newest = ScriptDirectory(str(SCRIPTS)).get_current_head()
    assert newest is not None, "the project has revisions"
    return newest


def current(engine: sa.Engine) -> str | None:
    """Return the revision that a database stands at; None when none has run."""
    with engine.connect() as connection:
        return _revision(connection)


def _revision(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def standing(engine: sa.Engine | sa.Connection) -> Standing:
    """Compare a database with the revisions that this version knows; one or two statements."""
    if isinstance(engine, sa.Connection):
        return _standing(_revision(engine))
    file = _file_of(engine)
    if file is not None and not file.exists():
        return Standing.EMPTY  # To look into it would make it, readable by everybody.
    return _standing(current(engine))


def _standing(revision: str | None) -> Standing:
    if revision is None:
        return Standing.EMPTY
    if revision == head():
        return Standing.CURRENT
    known = {script.revision for script in ScriptDirectory(str(SCRIPTS)).walk_revisions()}
    return Standing.BEHIND if revision in known else Standing.AHEAD


def upgrade(url: str) -> Upgraded:
    """Run the missing revisions; on SQLite after a backup. A second upgrade at once waits."""
    engine = make_engine(url)
    try:
        _make_private(engine)
        before, backup = current(engine), None
        if before not in {None, head()}:
            backup = _copy(engine, f"before-{head()}")
    finally:
        engine.dispose()
    command.upgrade(settings(url), "head")
    return Upgraded(before=before, after=head(), backup=backup)


def _file_of(engine: sa.Engine) -> Path | None:
    name = engine.url.database if engine.dialect.name == "sqlite" else None
    return Path(name) if name and name != ":memory:" else None


def _make_private(engine: sa.Engine) -> None:
    """Make a database file that its owner alone can read; what SQLite puts beside it follows."""
    file = _file_of(engine)
    if file is not None:
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))


def _copy(engine: sa.Engine, suffix: str) -> Path | None:
    source = _file_of(engine)
    if source is None:
        return None
    target = Path(f"{source}.{suffix}")
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("VACUUM INTO ?", (str(target),))
    return target
