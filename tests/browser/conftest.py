"""A real Chromium against a real server on a database file of its own."""

import datetime as dt
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect
from werkzeug.serving import make_server

from clinic.accounts import passwords
from clinic.accounts.models import Account
from clinic.app import create_app
from clinic.audit.service import chain_key
from clinic.catalog import service as catalog
from clinic.catalog.values import ProductKind, ResourceKind
from clinic.consents import service as consents
from clinic.core import clock as clinic_clock
from clinic.core.access import Role
from clinic.core.engine import Sessions, make_engine
from clinic.demo.load import load
from clinic.outcomes import files
from clinic.outcomes.files import Store
from clinic.web import fonts
from config import Config
from tests import factories
from tests.conftest import NOW, TEMPLATES, lay_tables

SECRET = "browser-tests-only-" * 3
PASSWORD = "a bruise on the vertex 42"
PATIENCE_MS = 15_000
"""How long a page may take: a busy machine is no fault of it."""
expect.set_options(timeout=PATIENCE_MS)
AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],  # All else is counted, but not written down.
}


@dataclass
class Clinic:
    """The running application, its database, and one account a role."""

    url: str
    app: Flask
    sessions: Sessions
    engine: sa.Engine
    logins: dict[Role, str] = field(default_factory=dict)


def serve(app: Flask) -> tuple[str, "threading.Thread", object]:
    """Serve an application on a free port of this machine."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    return f"http://127.0.0.1:{server.server_port}", thread, server


@pytest.fixture(scope="session")
def cut_fonts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the fonts, cut once: a page is loaded only when its fonts are."""
    folder = tmp_path_factory.mktemp("data")
    cutter = fonts.Cutter(folder / "assets")
    for font in fonts.installed():
        cutter.woff2(font)
    return folder


@pytest.fixture
def clinic(tmp_path: Path, cut_fonts: Path) -> Iterator[Clinic]:
    """A clinic without patients, as set-up leaves it, with one account a role."""
    engine = make_engine(f"sqlite:///{tmp_path / 'clinic.sqlite3'}")
    lay_tables(engine)
    sessions = Sessions(engine, info={"audit_key": chain_key(SECRET)})
    config = Config(data_dir=cut_fonts, database_url="", secret_key=SECRET)
    app = create_app(config, sessions=sessions)
    app.jinja_env.bytecode_cache = TEMPLATES
    logins = {}
    with sessions.write() as db, db.begin():
        location = factories.a_location(db, name="Anagen Berlin")
        hashed = passwords.make_hash(PASSWORD)
        for role in Role:
            account: Account = factories.an_account(
                db, location=location, role=role, login=role.value, password_hash=hashed
            )
            logins[role] = account.login
            if role is Role.PHYSICIAN:
                factories.a_resource(
                    db,
                    location=location,
                    kind=ResourceKind.PRACTITIONER,
                    name="Dr Lena Weber",
                    account_id=account.id,
                )
                factories.an_approved_catalogue(db, physician_id=account.id, at=NOW)
        for kind, name in (
            (ResourceKind.ROOM, "Room 1"),
            (ResourceKind.NURSE, "Jonas Brandt"),
            (ResourceKind.DEVICE, "Centrifuge"),
        ):
            factories.a_resource(db, location=location, kind=kind, name=name)
        catalog.install_defaults(db)
        consents.install_defaults(db)
        factories.a_lot(db, name="PRP tube kit", kind=ProductKind.KIT)
    url, thread, server = serve(app)
    yield Clinic(url, app, sessions, engine, logins)
    server.shutdown()  # type: ignore[attr-defined]
    thread.join()
    engine.dispose()


def make_demo(path: Path, data_dir: Path, now: dt.datetime) -> None:
    """Make the demo clinic of an instant, pictures too; everybody signs in with PASSWORD."""
    engine = make_engine(f"sqlite:///{path}")
    lay_tables(engine)
    sessions = Sessions(engine, info={"audit_key": chain_key(SECRET)})
    with clinic_clock.pretend(now), sessions.write() as db, db.begin():
        load(db, Store(data_dir / files.EXTENSION, most_bytes=10**9))
        db.execute(sa.update(Account).values(password_hash=passwords.make_hash(PASSWORD)))
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()


@contextmanager
def served(path: Path, data_dir: Path) -> Iterator[Clinic]:
    """Serve a database file while the block runs."""
    engine = make_engine(f"sqlite:///{path}")
    sessions = Sessions(engine, info={"audit_key": chain_key(SECRET)})
    config = Config(data_dir=data_dir, database_url="", secret_key=SECRET)
    app = create_app(config, sessions=sessions)
    app.jinja_env.bytecode_cache = TEMPLATES
    url, thread, server = serve(app)
    yield Clinic(url, app, sessions, engine, {role: role.value for role in Role})
    server.shutdown()  # type: ignore[attr-defined]
    thread.join()
    engine.dispose()


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory: pytest.TempPathFactory, cut_fonts: Path) -> Path:
    """The demo clinic as it stands at NOW, in a file to be copied."""
    path = tmp_path_factory.mktemp("demo") / "demo.sqlite3"
    make_demo(path, cut_fonts, NOW)
    return path


@pytest.fixture
def demo(demo_file: Path, tmp_path: Path, cut_fonts: Path) -> Iterator[Clinic]:
    """A demo clinic of one's own."""
    with served(Path(shutil.copy(demo_file, tmp_path / "demo.sqlite3")), cut_fonts) as clinic:
        yield clinic


class Person:
    """Somebody at a browser: the verbs of the clinic."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: object) -> None:
        kind, text = message.type, message.text  # type: ignore[attr-defined]
        # A refusal (4xx) is an answer; Chromium reports it as an error of the network.
        if kind in {"error", "warning"} and "Failed to load resource" not in text:
            self.complaints.append(text)

    def goes_to(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def signs_in(self, login: str, password: str = PASSWORD) -> None:
        self.goes_to("/sign-in")
        self.page.get_by_label("Login").fill(login)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page).not_to_have_url(re.compile("/sign-in"))

    def sees(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()


@pytest.fixture
def people(browser: Browser) -> Iterator["People"]:
    """Open browsers of people; any console error or warning fails the test at its end."""
    crowd = People(browser)
    yield crowd
    complaints = [text for person in crowd.everybody for text in person.complaints]
    crowd.close()
    assert complaints == []


class People:
    """Browsers opened by one test."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.everybody: list[Person] = []

    def __call__(
        self, url: str, *, width: int = 1440, height: int = 900, **options: object
    ) -> Person:
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, locale="en-GB", **options
        )
        context.set_default_timeout(PATIENCE_MS)
        self._contexts.append(context)
        person = Person(context.new_page(), url)
        self.everybody.append(person)
        return person

    def close(self) -> None:
        for context in self._contexts:
            context.close()


def axe_violations(page: Page) -> list[str]:
    """Return what axe finds, one line a violation with its first element.

    A target that a bar of the page's edge happens to cover in part is judged again where a person
    would scroll it to. Colours are read when none is on its way any more.
    """
    page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished))")
    found = Axe().run(page, options=AXE).response["violations"]
    for node in [node for one in found if one["id"] == "target-size" for node in one["nodes"]]:
        page.locator(node["target"][0]).evaluate("one => one.scrollIntoView({block: 'center'})")
        again = Axe().run(page, options=AXE).response["violations"]
        targets = [n["target"] for one in again if one["id"] == "target-size" for n in one["nodes"]]
        if node["target"] not in targets:
            node["target"] = None
    return [
        f"{violation['id']}: {nodes[0]['html'][:160]}"
        for violation in found
        if (nodes := [node for node in violation["nodes"] if node["target"]])
    ]
