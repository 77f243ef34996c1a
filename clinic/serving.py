"""Serving the application with waitress, and what must be true before it starts."""

import copy
import gc
import os
import signal
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import DBAPIError
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import create_server
from waitress.utilities import RequestEntityTooLarge

from clinic.core import migrate
from clinic.core.migrate import Standing
from clinic.web import uploads
from config import Config

HOST = "127.0.0.1"
"""Only this machine: desks reach the clinic through a proxy that speaks https (README)."""
LARGEST_BODY = 2 * uploads.LARGEST_FORM
LARGEST_FILES = 26 * 1024 * 1024
"""Above the application's own limits (photographs: two of 12 MiB), so that a form too large gets
its page and not a cut line. The second is for addresses that a page behind the sign-in sealed."""
TOO_LARGE = "This is more than can be sent here. Go back, send less, or load the page anew first."
UPGRADE = "flask --app wsgi db upgrade"
_MISFITS = {
    Standing.EMPTY: f"has no tables yet. Run: {UPGRADE}",
    Standing.BEHIND: f"is older than the program. Run: {UPGRADE}",
    Standing.AHEAD: "was made by a newer version of the program. Install that.",
}


class CannotServe(Exception):
    """Something must be done first; the message says what."""


class StrictParser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Refuses a request whose length is told in two ways: a proxy may read the other (CF-03).

    And one that is large, unless its address was sealed: waitress keeps a whole body before the
    application can see whether anybody is signed in.
    """

    def __init__(self, adj: Any, *, secret: str) -> None:
        super().__init__(adj)
        self._secret = secret

    def received(self, data: bytes) -> int:
        """Take what came of a request; return how much of it."""
        taken: int = super().received(data)
        if isinstance(self.error, RequestEntityTooLarge):
            self.error.body = TOO_LARGE
        return taken

    def parse_header(self, header_plus: bytes) -> None:
        """Read the head of a request; raises ParsingError, which the client sees as 400."""
        names = [line.split(b":", 1)[0].strip().lower() for line in header_plus.split(b"\r\n")[1:]]
        if b"transfer-encoding" in names and b"content-length" in names:
            raise ParsingError("Content-Length beside Transfer-Encoding")
        if names.count(b"content-length") > 1 or names.count(b"host") > 1:
            raise ParsingError("A header that may come once came twice")
        super().parse_header(header_plus)
        if self.command == "POST" and uploads.is_sealed(self._secret, self.path, self.query):
            self.adj: Any = copy.copy(self.adj)
            self.adj.max_request_body_size = LARGEST_FILES


class StrictChannel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection read by the strict parser."""

    def __init__(self, *args: Any, secret: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.parser_class = partial(StrictParser, secret=secret)


def check(engine: sa.Engine) -> None:
    """Raise CannotServe unless the database answers and fits this version."""
    if os.environ.get("FLASK_DEBUG", "0") not in {"", "0"}:
        raise CannotServe("FLASK_DEBUG is set: it shows source code to strangers. Unset it.")
    check_database(engine)


def check_database(bind: sa.Engine | sa.Connection) -> None:
    """Raise CannotServe unless the database answers and has the shape of this version."""
    place = bind.engine.url.render_as_string(hide_password=True)
    try:
        standing = migrate.standing(bind)
    except DBAPIError as error:
        raise CannotServe(
            f"The database at {place} cannot be reached ({type(error.orig).__name__})."
        ) from None
    if standing is not Standing.CURRENT:
        raise CannotServe(f"The database at {place} {_MISFITS[standing]}")


def bind(app: Flask, config: Config) -> Any:
    """Take the port and return waitress's server; raises CannotServe when it is taken."""
    try:
        server = create_server(
            app,
            host=HOST,
            port=config.port,
            threads=8,
            ident=None,
            max_request_body_size=LARGEST_BODY,
            # Behind a proxy of ours its X-Forwarded headers must reach the application.
            clear_untrusted_proxy_headers=config.proxies == 0,
        )
    except OSError as error:
        raise CannotServe(
            f"Port {config.port} is not free ({error.strerror})."
            " Is it running already? Choose another in CLINIC_PORT."
        ) from None
    server.channel_class = partial(StrictChannel, secret=config.secret_key)
    # The program itself is never garbage: looking through it again and again took a seventh of
    # the time of the day board.
    gc.collect()
    gc.freeze()
    return server


def run(server: Any, config: Config, *, ready: Callable[[str], None]) -> None:
    """Say the address, then serve until the process is told to stop; what runs is finished."""
    signal.signal(signal.SIGTERM, _stop)
    _keep_here(config.data_dir / "passing")
    ready(f"http://{HOST}:{server.effective_port}")
    server.run()


def _keep_here(folder: Path) -> None:
    """Let large bodies and answers pass through a folder of ours: they hold patients' pictures."""
    folder.mkdir(mode=0o700, exist_ok=True)
    tempfile.tempdir = str(folder)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)  # waitress lets its threads end what they do
