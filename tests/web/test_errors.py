"""Failures become pages with a number and no secrets; a database that is gone becomes a 503."""

import logging
import sqlite3

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from clinic.app import create_app
from clinic.audit.service import chain_key
from clinic.core.engine import Sessions, make_engine
from clinic.core.errors import Conflict, Forbidden, Invalid, NotFound
from clinic.web import errors
from tests.conftest import SECRET
from tests.web.test_headers import check


def public(app, url, view) -> None:
    view.__dict__["_permission"] = "public"
    app.add_url_rule(url, url.strip("/"), view)


def test_a_failure_has_a_number_and_tells_nothing(config, sessions, caplog):
    app = create_app(config, sessions=sessions)

    def broken() -> str:
        try:
            return {"": ""}["Alice Example, born 1985"]
        except KeyError as error:
            raise ValueError("Alice Example takes warfarin\nforged line") from error

    public(app, "/broken", broken)
    with caplog.at_level(logging.DEBUG):
        response = app.test_client().get("/broken?q=Alice")

    text = response.get_data(as_text=True)
    assert response.status_code == 500
    for secret in ("Alice", "warfarin", "ValueError", "Traceback", "/work", ".py"):
        assert secret not in text
    line = next(record.getMessage() for record in caplog.records if record.name == "clinic")
    number = line.split()[0]
    assert number in text
    assert "ValueError<KeyError" in line
    assert "test_errors.py" in line
    for secret in ("Alice", "warfarin", "\n", "q="):
        assert secret not in line


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("There is no such %(what)s", what="thing"), 404),
        (Forbidden("Not you"), 403),
        (Conflict("Somebody was faster"), 409),
        (Invalid("That cannot be"), 422),
    ],
)
def test_a_refusal_is_said_in_its_words(config, sessions, error, status):
    app = create_app(config, sessions=sessions, testing=True)

    def refuse() -> str:
        raise error

    public(app, "/refuse", refuse)
    response = app.test_client().get("/refuse")

    assert response.status_code == status
    assert str(error) in response.get_data(as_text=True)
    check(response)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OperationalError("x", {}, sqlite3.OperationalError("database is locked")), 503),
        (OperationalError("x", {}, sqlite3.OperationalError("disk I/O error")), 503),
        (OperationalError("x", {}, sqlite3.OperationalError("database or disk is full")), 503),
        (
            OperationalError(
                "x", {}, sqlite3.OperationalError("attempt to write a readonly database")
            ),
            503,
        ),
        (OperationalError("x", {}, sqlite3.OperationalError("no such table: x")), 500),
        (IntegrityError("x", {"name": "Alice"}, sqlite3.IntegrityError("Alice is taken")), 500),
        (DataError("x", {}, sqlite3.DataError("Alice")), 500),
        (NoConnectionFree("pool"), 503),
    ],
)
def test_a_database_that_cannot_answer_is_no_fault_of_the_page(
    config, sessions, error, status, caplog
):
    app = create_app(config, sessions=sessions)

    def fail() -> str:
        raise error

    public(app, "/fail", fail)
    response = app.test_client().get("/fail")

    assert response.status_code == status
    assert response.headers.get("Retry-After") == ("5" if status == 503 else None)
    assert "Alice" not in response.get_data(as_text=True) + caplog.text
    check(response)


def test_postgres_that_went_away_is_unavailable():
    import psycopg

    for gone in (psycopg.OperationalError("server closed"), psycopg.errors.AdminShutdown("bye")):
        assert errors.is_unavailable(OperationalError("x", {}, gone))
    assert not errors.is_unavailable(IntegrityError("x", {}, psycopg.errors.UniqueViolation("x")))
    assert errors.is_unavailable(OperationalError("x", {}, psycopg.errors.LockNotAvailable("x")))


@pytest.fixture
def app_without_database(config, tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'gone' / 'clinic.sqlite3'}")
    return create_app(config, sessions=Sessions(engine, info={"audit_key": chain_key(SECRET)}))


def test_without_its_database_the_process_lives_and_says_so(app_without_database):
    client = app_without_database.test_client()
    client.set_cookie("sid", "x" * 43)

    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").status_code == 503
    for url in ("/", "/account", "/no-such-page"):
        response = client.get(url)
        assert response.status_code == 503, url
        assert "Nothing was saved" in response.text or "busy" in response.text
        check(response)


def test_a_page_that_needs_no_database_is_still_shown(app_without_database):
    response = app_without_database.test_client().get("/sign-in")

    assert response.status_code == 200
    check(response)


def test_it_recovers_by_itself(config, tmp_path):
    from clinic import models

    engine = make_engine(f"sqlite:///{tmp_path / 'gone' / 'clinic.sqlite3'}")
    app = create_app(config, sessions=Sessions(engine, info={"audit_key": chain_key(SECRET)}))
    client = app.test_client()
    assert client.get("/health/ready").status_code == 503

    (tmp_path / "gone").mkdir()
    models.metadata.create_all(engine)

    assert client.get("/health/ready").status_code == 200
    assert client.get("/sign-in").status_code == 200
    engine.dispose()


def test_a_session_that_cannot_be_touched_does_not_spoil_the_page(world, connection, clock):
    import datetime as dt

    from clinic.core.access import Role
    from tests.conftest import NOW

    visitor = world.as_role(Role.NURSE)
    visitor.token()
    clock(NOW + dt.timedelta(minutes=1))

    def refuse(_connection, _cursor, statement, *_rest):
        if statement.startswith("UPDATE cookie_session"):
            raise OperationalError("x", {}, sqlite3.OperationalError("database is locked"))

    sa.event.listen(connection, "before_cursor_execute", refuse)
    try:
        assert visitor.get("/account").status_code == 200
    finally:
        sa.event.remove(connection, "before_cursor_execute", refuse)


def test_a_sign_out_that_cannot_be_written_is_said(config, sessions, world, connection):
    from clinic.core.access import Role
    from tests.world import Visitor

    client = create_app(config, sessions=sessions).test_client()
    client.set_cookie("sid", world.as_role(Role.NURSE).client.get_cookie("sid").value)
    visitor = Visitor(client)
    visitor.token()

    def refuse(_connection, _cursor, statement, *_rest):
        if statement.startswith("DELETE FROM cookie_session"):
            raise OperationalError("x", {}, sqlite3.OperationalError("database is locked"))

    sa.event.listen(connection, "before_cursor_execute", refuse)
    try:
        response = visitor.post("/sign-out")
    finally:
        sa.event.remove(connection, "before_cursor_execute", refuse)

    assert response.status_code == 503
    check(response)
    assert visitor.get("/account").status_code == 200


def test_every_error_page_can_be_drawn(app):
    from clinic.web.errors import _page

    for status in (*errors._PAGES, 405, 410, 422, 431, 502):
        with app.test_request_context("/x"):
            app.preprocess_request()
            body, answered, _ = _page(status)
            assert answered == status
            assert "<h1>" in body
