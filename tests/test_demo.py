"""The demo as somebody meets it: started, used, stopped, started again, started over."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from clinic.core import migrate
from clinic.core.access import Role
from tests.world import TOKEN

ROOT = Path(__file__).parents[1]
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_URL")}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as line:
        return line.getsockname()[1]


def command(folder: Path, port: int, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "demo", *words],
        cwd=ROOT,
        env={**CLEAN, "CLINIC_DATA_DIR": str(folder), "CLINIC_PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextmanager
def demo(folder: Path, *words: str) -> Iterator[str]:
    """Run the demo while the block runs; yields its address."""
    port = free_port()
    process = command(folder, port, *words)
    assert process.stdout is not None
    said = []
    try:
        for line in process.stdout:
            said.append(line)
            if line.startswith("Ready: "):
                break
        assert said, "the demo said nothing"
        assert said[-1] == f"Ready: http://127.0.0.1:{port}\n", "".join(said)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=60)
    assert rest == "", "the address is the last thing it says"
    assert process.returncode == 0


def accounts(folder: Path) -> list[dict[str, str]]:
    return json.loads((folder / "demo-accounts.json").read_text(encoding="utf-8"))


def start_page(address: str, account: dict[str, str]) -> str:
    """Sign in as a demo account and return the page that opens."""
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    with browser.open(f"{address}/sign-in") as page:
        token = TOKEN.search(page.read().decode())
    assert token
    form = {"login": account["login"], "password": account["password"], "csrf_token": token[1]}
    with browser.open(f"{address}/sign-in", urlencode(form).encode()) as page:
        assert not page.url.endswith("/sign-in")
        return page.read().decode()


def test_the_demo_starts_keeps_and_starts_over(tmp_path):
    with demo(tmp_path) as address:
        made = accounts(tmp_path)
        assert {account["role"] for account in made} == set(Role)
        assert all(set(account) == {"role", "login", "password"} for account in made)
        assert len({account["password"] for account in made}) == len(made)
        assert (tmp_path / "demo-accounts.json").stat().st_mode & 0o777 == 0o600
        for account in made:
            assert re.search(r"<h1[^>]*>", start_page(address, account)), account["role"]

    with demo(tmp_path) as address:
        assert accounts(tmp_path) == made
        start_page(address, made[0])

    with demo(tmp_path, "--fresh"):
        assert accounts(tmp_path) != made


@pytest.mark.parametrize("words", [[], ["--fresh"]])
def test_a_clinic_is_never_taken_for_a_demo(tmp_path, words):
    url = f"sqlite:///{tmp_path / 'clinic.sqlite3'}"
    migrate.upgrade(url)
    environ = {**CLEAN, "CLINIC_DATA_DIR": str(tmp_path)}
    found = ["set-up", "--name", "A real one", "--zone", "Europe/Berlin", "--country", "DE"]
    line = [sys.executable, "-m", "flask", "--app", "wsgi", *found]
    subprocess.run(line, cwd=ROOT, env=environ, check=True, capture_output=True)
    before = (tmp_path / "clinic.sqlite3").read_bytes()

    refused = command(tmp_path, free_port(), *words)
    said, _ = refused.communicate(timeout=120)

    assert refused.returncode == 1
    assert "no demo" in said
    assert "Ready" not in said
    assert (tmp_path / "clinic.sqlite3").read_bytes() == before
    assert not (tmp_path / "demo-accounts.json").exists()
