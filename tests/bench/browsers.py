"""People of the benchmark's clinic, signed in: in this process, and at a server over HTTP."""

import http.client
import os
import re
import secrets
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from flask import Flask
from flask.testing import FlaskClient

from clinic.accounts.models import CookieSession
from clinic.accounts.rules import token_hash
from clinic.app import create_app
from clinic.audit.service import chain_key
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.engine import Sessions, make_engine
from config import Config
from tests.bench import floors
from tests.bench.sizes import SECRET
from tests.bench.staff import ROLES

_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
Form = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    body: str
    location: str = ""


class Browser(Protocol):
    """What both kinds of browsers do."""

    def get(self, path: str) -> Answer: ...
    def post(self, path: str, form: Form) -> Answer: ...


def make_app(url: str, data_dir: Path) -> Flask:
    """Return the product over a seeded database, with one page without content."""
    config = Config(
        data_dir=data_dir, database_url=url, secret_key=SECRET, idle_minutes=120, absolute_hours=24
    )
    sessions = Sessions(make_engine(url), info={"audit_key": chain_key(SECRET)})
    app = create_app(config, sessions=sessions)
    floors.add_empty_page(app)
    return app


def sign_in(sessions: Sessions, role: Role) -> str:
    """Return the cookie of an account of this role."""
    token, now = secrets.token_urlsafe(32), clock.now()
    with sessions.write() as db, db.begin():
        db.add(
            CookieSession(
                token_hash=token_hash(token),
                account_id=ROLES.index(role) + 1,
                data={},
                created_at=now,
                seen_at=now,
                confirmed_at=now,
                address="127.0.0.1",
                agent="bench",
            )
        )
    return token


class InProcess:
    """A browser that calls the application directly."""

    def __init__(self, app: Flask, cookie: str) -> None:
        self._client: FlaskClient = app.test_client()
        self._client.set_cookie("sid", cookie)
        self._token = token_in(self.get(floors.EMPTY).body)

    def get(self, path: str) -> Answer:
        answer = self._client.get(path)
        return Answer(status=answer.status_code, body=answer.get_data(as_text=True))

    def post(self, path: str, form: Form) -> Answer:
        answer = self._client.post(path, data={"csrf_token": self._token, **form})
        return Answer(
            status=answer.status_code,
            body=answer.get_data(as_text=True),
            location=answer.location or "",
        )


class OverHttp:
    """A browser that keeps one connection to a server."""

    def __init__(self, port: int, cookie: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Cookie": f"sid={cookie}"}
        self._token = token_in(self.get(floors.EMPTY).body)

    def get(self, path: str) -> Answer:
        self._connection.request("GET", path, headers=self._headers)
        return self._answer()

    def post(self, path: str, form: Form) -> Answer:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        fields = {"csrf_token": self._token, **form}
        body = urllib.parse.urlencode(fields, doseq=True)
        self._connection.request("POST", path, body=body, headers=self._headers | kind)
        return self._answer()

    def _answer(self) -> Answer:
        answer = self._connection.getresponse()
        return Answer(
            status=answer.status,
            body=answer.read().decode(),
            location=answer.getheader("Location") or "",
        )


def token_in(page: str) -> str:
    """Return the anti-forgery token of a page."""
    found = _TOKEN.search(page)
    if found is None:
        raise RuntimeError("no page gave a csrf token")
    return found.group(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The product behind waitress in a process of its own."""

    port: int
    pid: int

    def memory_mb(self) -> tuple[float, float]:
        """Return the memory it holds and the most it has held; zeros where nobody tells."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        except OSError:
            return 0.0, 0.0
        kilobytes = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB", status, re.MULTILINE))
        return int(kilobytes.get("VmRSS", 0)) / 1024, int(kilobytes.get("VmHWM", 0)) / 1024


@contextmanager
def serving(url: str, data_dir: Path) -> Iterator[Server]:
    """Serve a seeded database for the time of the block."""
    environ = {
        **os.environ,
        "BENCH_URL": url,
        "BENCH_DATA": str(data_dir),
        "BENCH_NOW": clock.now().isoformat(),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.serve"], env=environ, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line.startswith("port "):
                raise RuntimeError("the server did not start")
            yield Server(port=int(line.removeprefix("port ")), pid=process.pid)
        finally:
            process.terminate()
