"""One read session a request, and the only block that commits."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from flask import Flask, current_app, g
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from clinic.core.engine import Sessions
from clinic.core.errors import StaleEdit
from clinic.core.text import N_

STALE = N_("Somebody else has changed this in the meantime. Look at both texts and save again.")


def init_app(app: Flask, sessions: Sessions) -> None:
    """Give the application its database."""
    app.extensions["sessions"] = sessions

    @app.teardown_appcontext
    def _close(_error: BaseException | None) -> None:
        end_read()


def _sessions() -> Sessions:
    return cast("Sessions", current_app.extensions["sessions"])


def read() -> Session:
    """Return this request's session for looking; it sees one moment and cannot write."""
    if "read_session" not in g:
        g.read_session = _sessions().read()
    return cast("Session", g.read_session)


def end_read() -> None:
    """Close the read session; the next read() sees what was committed since."""
    db = g.pop("read_session", None)
    if db is not None:
        db.close()


@contextmanager
def look() -> Iterator[Session]:
    """Open a session for one look within a long run: it is closed before anything is decided."""
    try:
        yield read()
    finally:
        end_read()


@contextmanager
def transaction() -> Iterator[Session]:
    """Open the one writing unit of a use case: committed at the end, or nothing of it happened.

    Raises StaleEdit when a row was changed between loading and saving.
    """
    end_read()
    with _sessions().write() as db:
        try:
            with db.begin():
                yield db
        except StaleDataError as stale:
            raise StaleEdit(STALE) from stale
