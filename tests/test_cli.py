"""The commands as an operator types them."""

from dataclasses import replace
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from flask import Flask

from clinic.accounts import passwords
from clinic.accounts.models import Account
from clinic.accounts.values import AccountStatus
from clinic.app import create_app
from clinic.audit.models import AuditEvent
from clinic.catalog.models import Service
from clinic.cli import BEFORE_ITS_CLINIC, BEFORE_ITS_TABLES
from clinic.consents.models import ConsentText
from clinic.core import migrate
from clinic.core.access import Role
from clinic.core.engine import Sessions
from clinic.locations.models import Location, OpeningDay
from config import Config
from tests.conftest import SECRET

PASSWORD = "seven lanterns in a boat"
FOUND = ["set-up", "--name", "Hair & Now", "--zone", "Europe/Berlin", "--country", "de"]
ADMIN = ["create-admin", "--login", "Anna", "--name", "Anna Berg"]


@pytest.fixture
def run(app: Flask):
    """Run a command line; `typed` is what is typed at its prompts."""
    runner = app.test_cli_runner()

    def command(*words: str, typed: str = ""):
        return runner.invoke(args=list(words), input=typed)

    return command


@pytest.fixture
def own(tmp_path: Path):
    """An application on an empty database file of its own."""
    config = Config(
        data_dir=tmp_path, database_url=f"sqlite:///{tmp_path / 'c.sqlite3'}", secret_key=SECRET
    )
    app = create_app(config, testing=True)
    yield app.test_cli_runner()
    app.extensions["sessions"].engine.dispose()


def test_setting_up_founds_a_clinic_that_can_work(run, db):
    done = run(*FOUND)

    assert done.exit_code == 0, done.output
    assert "create-admin" in done.output
    location = db.scalars(sa.select(Location)).one()
    assert (location.name, location.zone, location.country) == ("Hair & Now", "Europe/Berlin", "DE")
    assert len(db.scalars(sa.select(Service)).all()) >= 3
    assert db.scalars(sa.select(ConsentText)).all()
    names = set(db.scalars(sa.select(OpeningDay.name)))
    assert "New Year's Day" in names, "it is closed on the public holidays from the first day on"


@pytest.mark.parametrize(
    ("option", "value"), [("--zone", "Berlin"), ("--zone", "Europe/Nowhere"), ("--country", "XX")]
)
def test_what_cannot_be_is_named_and_nothing_is_made(run, db, option, value):
    words = list(FOUND)
    words[words.index(option) + 1] = value

    done = run(*words)

    assert done.exit_code == 2
    assert option.removeprefix("--") in done.output
    assert db.scalars(sa.select(Location)).all() == []


def test_a_clinic_is_set_up_once(run, db):
    run(*FOUND)

    done = run(*FOUND)

    assert done.exit_code == 1
    assert "set up already" in done.output
    assert len(db.scalars(sa.select(Location)).all()) == 1


def test_before_the_set_up_nobody_is_let_in(run):
    done = run(*ADMIN, typed=f"{PASSWORD}\n{PASSWORD}\n")

    assert done.exit_code == 2
    assert "set-up" in done.output
    assert "Password" not in done.output


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the words of every command of the clinic's own."""
    found = []
    for name, inner in group.commands.items():
        if isinstance(inner, click.Group):
            found += leaves(inner, (*path, name))
        elif path or name not in {"run", "shell", "routes"}:
            found.append((*path, name))
    return found


def test_every_command_says_in_one_line_that_the_tables_are_missing(own, tmp_path):
    words = leaves(own.app.cli)
    assert ("safety", "explain") in words
    assert {" ".join(one) for one in words} > BEFORE_ITS_TABLES

    for one in words:
        if " ".join(one) in BEFORE_ITS_TABLES:
            continue
        done = own.invoke(args=one)
        assert done.exit_code == 2, one
        assert done.output.splitlines() == [
            f"Error: The database at sqlite:///{tmp_path}/c.sqlite3 has no tables yet."
            " Run: flask --app wsgi db upgrade"
        ], one
    assert not (tmp_path / "c.sqlite3").exists()


def test_every_command_says_in_one_line_that_the_tables_are_old(own, tmp_path):
    scripts = ScriptDirectory(str(migrate.SCRIPTS))
    first = scripts.get_base()
    command.upgrade(migrate.settings(f"sqlite:///{tmp_path / 'c.sqlite3'}"), first)

    for one in leaves(own.app.cli):
        if " ".join(one) not in BEFORE_ITS_TABLES:
            done = own.invoke(args=one)
            assert done.exit_code == 2, one
            assert len(done.output.splitlines()) == 1, one
            assert "is older than the program. Run: flask --app wsgi db upgrade" in done.output, one


def test_every_command_that_needs_a_clinic_says_how_to_set_it_up(run):
    needy = {"create-admin", "import synthea", "import patients", "safety explain"}
    needy |= {"downtime-sheet"}

    for words in needy:
        done = run(*words.split())
        assert done.exit_code == 2, words
        assert done.output.splitlines() == [
            "Error: The clinic has not been set up yet. Run: flask --app wsgi set-up"
        ], words
    for words in BEFORE_ITS_CLINIC - {"set-up"}:
        assert run(*words.split()).exit_code == 0, words


def test_help_is_given_before_there_is_a_database(own):
    done = own.invoke(args=["create-admin", "--help"])

    assert done.exit_code == 0
    assert "--invite" in done.output
    assert "--ready" not in done.output


def test_an_administrator_with_a_password_can_sign_in(run, db):
    run(*FOUND)

    done = run(*ADMIN, typed=f"{PASSWORD}\n{PASSWORD}\n")

    assert done.exit_code == 0, done.output
    assert PASSWORD not in done.output
    account = db.scalars(sa.select(Account)).one()
    assert (account.login, account.role) == ("anna", Role.ADMINISTRATOR)
    assert account.status is AccountStatus.ACTIVE
    assert passwords.matches(PASSWORD, account.password_hash)


@pytest.mark.parametrize("password", ["too short", "passwordpassword", "anna anna anna berg"])
def test_a_weak_password_is_refused_with_the_reason(run, db, password):
    run(*FOUND)

    done = run(*ADMIN, typed=f"{password}\n{password}\n")

    assert done.exit_code == 2
    assert "password" in done.output.splitlines()[-1]
    assert db.scalars(sa.select(Account)).all() == []


def test_an_administrator_can_be_let_in_by_a_link_that_works_once(run, db, app):
    run(*FOUND)

    done = run(*ADMIN, "--invite", "--address", "https://clinic.example")

    assert done.exit_code == 0, done.output
    link = done.output.splitlines()[-1]
    assert link.startswith("https://clinic.example/invitations/")
    assert app.test_client().get(link.removeprefix("https://clinic.example")).status_code == 200
    account = db.scalars(sa.select(Account)).one()
    assert account.status is AccountStatus.INVITED
    assert account.password_hash is None


@pytest.fixture
def answering(config: Config, sessions: Sessions):
    """Run a command line of a clinic that answers to these hosts only."""

    def run(hosts: tuple[str, ...], *words: str):
        app = create_app(replace(config, trusted_hosts=hosts), sessions=sessions, testing=True)
        return app.test_cli_runner().invoke(args=list(words))

    return run


@pytest.mark.parametrize(
    ("hosts", "given", "base"),
    [
        (("clinic.example",), (), "https://clinic.example/"),
        (("localhost",), (), "http://localhost:8000/"),
        ((), (), "http://127.0.0.1:8000/"),
        (("a.example", "b.example"), ("--address", "https://b.example"), "https://b.example/"),
        ((".example",), ("--address", "https://b.example:8443"), "https://b.example:8443/"),
    ],
)
def test_a_link_leads_to_a_host_that_is_answered(run, answering, hosts, given, base):
    run(*FOUND)

    done = answering(hosts, *ADMIN, "--invite", *given)

    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1].startswith(f"{base}invitations/")


@pytest.mark.parametrize(
    ("hosts", "given"),
    [
        (("a.example", "b.example"), ()),
        ((".example",), ()),
        (("a.example",), ("--address", "https://b.example")),
        ((), ("--address", "clinic.example")),
    ],
)
def test_a_link_that_would_lead_nowhere_is_refused_before_there_is_an_account(
    run, answering, db, hosts, given
):
    run(*FOUND)

    done = answering(hosts, *ADMIN, "--invite", *given)

    assert done.exit_code == 2
    assert "--address" in done.output.splitlines()[-1]
    assert db.scalars(sa.select(Account)).all() == []


def test_a_login_is_given_once(run, db):
    run(*FOUND)
    run(*ADMIN, "--invite")

    done = run(*ADMIN, "--invite")

    assert done.exit_code == 2
    assert "login" in done.output
    assert len(db.scalars(sa.select(Account)).all()) == 1


def test_verifying_the_audit_trail_says_that_it_is_whole(run, db):
    run(*FOUND)
    run(*ADMIN, "--invite")
    newest = db.scalars(sa.select(AuditEvent).order_by(AuditEvent.id.desc())).first()

    done = run("audit", "verify")

    assert done.exit_code == 0, done.output
    assert newest.hash in done.output


def test_verifying_the_audit_trail_finds_a_forged_row(run, db, connection):
    run(*FOUND)
    run(*ADMIN, "--invite")
    forged = db.scalars(sa.select(AuditEvent.id)).first()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("DROP TRIGGER trg_audit_event_no_update")
    else:
        connection.exec_driver_sql("ALTER TABLE audit_event DISABLE TRIGGER ALL")
    connection.exec_driver_sql("UPDATE audit_event SET action = 'x.forged'")

    done = run("audit", "verify")

    assert done.exit_code == 1
    assert f"row {forged}" in done.output


def test_the_database_is_made_by_one_command_and_stays_when_it_runs_again(own):
    before = own.invoke(args=["db", "status"])
    assert before.exit_code == 1
    assert "db upgrade" in before.output

    assert migrate.head() in own.invoke(args=["db", "upgrade"]).output
    assert "up to date" in own.invoke(args=["db", "upgrade"]).output
    assert own.invoke(args=["db", "status"]).exit_code == 0


def test_nothing_is_served_on_a_database_that_does_not_fit(own):
    done = own.invoke(args=["serve"])

    assert done.exit_code == 1
    assert "db upgrade" in done.output
    assert "Ready" not in done.output
