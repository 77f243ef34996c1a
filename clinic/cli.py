"""The commands of `flask --app wsgi ...`: setting up, looking after and showing a clinic."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast
from urllib.parse import urlsplit

import click
import sqlalchemy as sa
from flask import Flask, current_app, url_for
from flask.cli import ScriptInfo, with_appcontext
from werkzeug.sansio.utils import host_is_trusted

from clinic import serving, showing
from clinic.accounts import commands as account_commands
from clinic.accounts import service as accounts
from clinic.accounts.values import InviteAccount
from clinic.audit import queries as audit_queries
from clinic.audit import service as audit
from clinic.catalog import service as catalog
from clinic.consents import service as consents
from clinic.core import clock, migrate
from clinic.core.access import Role
from clinic.core.engine import Sessions
from clinic.core.errors import ClinicError, Invalid, NotFound
from clinic.interop import commands as interop_commands
from clinic.locations import queries as location_queries
from clinic.locations import service as locations
from clinic.locations.values import FoundLocation
from clinic.messages import commands as message_commands
from clinic.outcomes import commands as outcome_commands
from clinic.outcomes import files
from clinic.outcomes.files import Store
from clinic.patients import commands as patient_commands
from clinic.safety import commands as safety_commands
from clinic.scheduling import commands as scheduling_commands
from clinic.scheduling import explaining, keeping
from clinic.web.database import read, transaction
from config import Config

_EXTENSION = "clinic_config"
SET_UP = "flask --app wsgi set-up"
BEFORE_ITS_TABLES = frozenset({"db upgrade", "db status", "serve", "demo", "safety evaluate"})
"""Commands that make the database, look at it themselves or need none."""
BEFORE_ITS_CLINIC = frozenset({"set-up", "purge", "audit verify", "search rebuild"})
"""Commands that a database without a clinic is enough for."""


class NotReady(click.ClickException):
    """The database cannot be worked with yet; the message says in one line what to do."""

    exit_code = 2


def init_app(app: Flask, config: Config) -> None:
    """Give the application its commands."""
    app.extensions[_EXTENSION] = config
    # The check knows patients but no visits: what checks visits comes from the floor above.
    safety_commands.safety.add_command(scheduling_commands.recheck_visits)
    safety_commands.safety.add_command(explaining.explain)
    for command in (
        database,
        set_up,
        create_admin,
        audit_trail,
        safety_commands.safety,
        account_commands.purge,
        interop_commands.group,
        message_commands.group,
        outcome_commands.group,
        patient_commands.group,
        scheduling_commands.downtime_sheet,
        serve,
        demo,
    ):
        app.cli.add_command(command)
        _guard(command, command.name or "")


def _guard(command: click.Command, path: str) -> None:
    """Look at the database before a command asks or does anything, in all that are in a group."""
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            _guard(inner, f"{path} {name}")
        return
    if path in BEFORE_ITS_TABLES or any(isinstance(one, _Ready) for one in command.params):
        return
    command.params.append(_Ready(needs_clinic=path not in BEFORE_ITS_CLINIC))


class _Ready(click.Option):
    """No option, but what click calls before the prompts of a command and after --help."""

    def __init__(self, *, needs_clinic: bool) -> None:
        def look(ctx: click.Context, _param: click.Parameter, _value: object) -> None:
            if not ctx.resilient_parsing:
                with ctx.ensure_object(ScriptInfo).load_app().app_context():
                    _check_ready(needs_clinic=needs_clinic)

        super().__init__(
            ["--ready"],
            is_flag=True,
            hidden=True,
            is_eager=True,
            expose_value=False,
            callback=look,
        )


def _check_ready(*, needs_clinic: bool) -> None:
    sessions = cast("Sessions", current_app.extensions["sessions"])
    with sessions.read() as db:
        try:
            serving.check_database(db.get_bind())
        except serving.CannotServe as misfit:
            raise NotReady(str(misfit)) from None
        if needs_clinic:
            try:
                location_queries.first(db)
            except NotFound as missing:
                raise NotReady(f"{missing}. Run: {SET_UP}") from None


def _config() -> Config:
    return cast("Config", current_app.extensions[_EXTENSION])


def _store() -> Store:
    return files.store_of(current_app.extensions)


def _engine() -> sa.Engine:
    return cast("Sessions", current_app.extensions["sessions"]).engine


@contextmanager
def _in_words() -> Iterator[None]:
    """End with the words of a refusal, instead of a traceback."""
    try:
        yield
    except Invalid as bad:
        raise click.BadParameter(str(bad), param_hint=bad.field or None) from None
    except ClinicError as refused:
        raise click.ClickException(str(refused)) from None
    except serving.CannotServe as cannot:
        raise click.ClickException(str(cannot)) from None


@click.group("db", help="Keep the database in the shape that this version expects.")
def database() -> None:
    """Group the commands about the database."""


@database.command("upgrade", help="Make the tables, or bring them up to date after an update.")
@with_appcontext
def upgrade() -> None:
    """Run the missing revisions."""
    done = migrate.upgrade(_config().database_url)
    if done.backup:
        click.echo(f"What was there before is kept in {done.backup}")
    if done.before == done.after:
        click.echo(f"The database is up to date ({done.after}).")
    else:
        click.echo(f"The database went from {done.before or 'nothing'} to {done.after}.")


@database.command("status", help="Say whether the database fits this version.")
@with_appcontext
def status() -> None:
    """Print the standing; status 1 unless the database can be served."""
    with _in_words():
        serving.check(_engine())
    click.echo(f"The database is up to date ({migrate.head()}).")


@click.command("set-up", help="Begin a clinic: its name, time zone and country; usual services.")
@click.option("--name", prompt="Name of the clinic")
@click.option("--zone", prompt="Time zone, such as Europe/Berlin")
@click.option("--country", prompt="Country, two letters such as DE")
@with_appcontext
def set_up(name: str, zone: str, country: str) -> None:
    """Found the first place with the usual services and consent texts."""
    wish = FoundLocation(name=name.strip(), zone=zone.strip(), country=country.strip().upper())
    with _in_words(), transaction() as db:
        place = locations.found(db, wish)
        keeping.follow_holidays(db, place, since=clock.today(place.zone))
        catalog.install_defaults(db)
        consents.install_defaults(db)
    click.echo(
        f"{wish.name} is set up, with the usual services, hours and consent texts."
        " It is closed on the public holidays ahead."
    )
    click.echo("Next, somebody who lets the others in: flask --app wsgi create-admin")


@click.command("create-admin", help="Let an administrator in: with a password, or by a link.")
@click.option("--login", prompt=True)
@click.option("--name", prompt="Full name")
@click.option("--invite", is_flag=True, help="Print a link that is good once, within 24 hours.")
@click.option(
    "--address",
    help="Where the clinic's pages are, for the link; not needed with one host in CLINIC_HOSTS.",
)
@with_appcontext
def create_admin(login: str, name: str, invite: bool, address: str | None) -> None:
    """Make an account of the role administrator."""
    with _in_words():
        if invite:
            base = _address(address, _config())  # before anything is written
            with transaction() as db:
                wish = InviteAccount(login=login, name=name, role=Role.ADMINISTRATOR)
                _, token = accounts.invite(db, None, wish)
            click.echo(f"A link for {name}, good once, within 24 hours:")
            click.echo(_link(token, base))
        else:
            _with_password(login, name)
            click.echo(f"{name} can sign in as {login}, then invite people and lay out rooms.")


def _address(given: str | None, config: Config) -> str:
    """Return where the clinic's pages are: as given, else of the one host that is answered."""
    hosts = config.trusted_hosts
    if given:
        parts = urlsplit(given)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise click.BadParameter(
                f"{given!r} is no address such as https://clinic.example", param_hint="--address"
            )
        if hosts and not host_is_trusted(parts.netloc, hosts):
            raise click.BadParameter(
                f"{parts.hostname} is not among the hosts of CLINIC_HOSTS: {', '.join(hosts)}",
                param_hint="--address",
            )
        return given
    if not hosts or _is_this_machine(hosts):
        return f"http://{hosts[0] if hosts else serving.HOST}:{config.port}"
    if len(hosts) > 1 or hosts[0].startswith("."):
        raise click.UsageError(
            "Give --address, such as https://clinic.example: CLINIC_HOSTS names"
            f" {', '.join(hosts)}, and the link is for one of them."
        )
    return f"https://{hosts[0]}"


def _is_this_machine(hosts: tuple[str, ...]) -> bool:
    return len(hosts) == 1 and hosts[0] in {serving.HOST, "localhost"}


def _link(token: str, base: str) -> str:
    with current_app.test_request_context(base_url=base):
        return url_for("account.invitation", token=token, _external=True)


def _with_password(login: str, name: str) -> None:
    while True:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        try:
            with transaction() as db:
                accounts.create_administrator(db, login=login, name=name, password=password)
        except Invalid as bad:
            if bad.field != "password" or not sys.stdin.isatty():
                raise
            click.echo(f"{bad}.", err=True)
        else:
            return


@click.group("audit", help="Prove that nobody changed the audit trail.")
def audit_trail() -> None:
    """Group the commands about the audit trail."""


@audit_trail.command("verify", help="Walk the whole chain; status 1 when a row was changed.")
@with_appcontext
def verify() -> None:
    """Print how many rows stand, and the newest link to be noted elsewhere."""
    count, broken = audit.verify(read())
    if broken is not None:
        raise click.ClickException(
            f"The chain breaks at row {broken}: it or its neighbour was changed or removed."
        )
    newest = audit_queries.head(read()) or "-"
    click.echo(f"The chain of {count} rows is whole. Its newest link is {newest}")
    click.echo("Keep that line elsewhere: it shows whether rows were cut off at the end.")


@click.command("serve", help="Serve the clinic on this machine.")
@with_appcontext
def serve() -> None:
    """Check the database, then serve until told to stop."""
    with _in_words():
        showing.refuse_demo(_config())
        serving.check(_engine())
        server = serving.bind(_application(), _config())
    serving.run(server, _config(), ready=_say_ready)


@click.command("demo", help="Show the program with a clinic laid around today.")
@click.option("--fresh", is_flag=True, help="Throw the demo away and start over.")
@with_appcontext
def demo(fresh: bool) -> None:
    """Make the demo unless it is there, say who can sign in, and serve it."""
    with _in_words():
        server = serving.bind(_application(), _config())  # first: a taken port costs no data
        made = showing.prepare(_config(), _store(), fresh=fresh, say=click.echo)
        serving.check(_engine())
    click.echo("Sign in as one of these (all of them are in " + showing.ACCOUNTS + "):")
    for account in made:
        click.echo(f"  {account['role']:<14} {account['login']:<14} {account['password']}")
    serving.run(server, _config(), ready=_say_ready)


def _application() -> Flask:
    application: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # a proxy
    return application


def _say_ready(address: str) -> None:
    click.echo(f"Ready: {address}")
