"""`flask --app wsgi messages send`: what is due leaves, once or again and again."""

import time

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from sqlalchemy.exc import DBAPIError

from clinic.core.engine import is_retryable
from clinic.messages import queries, sending, ways
from clinic.messages.sending import Tally
from clinic.web.database import look, transaction
from config import BadSetting

group = AppGroup("messages", help="Confirmations and reminders to patients.")
BUSY = "The database is busy. What is due stays due: run this again."


@group.command("send", help="Send what is due. Run it every few minutes by cron, or with --every.")
@click.option(
    "--every",
    type=click.IntRange(10, 3600),
    help="Keep running, and look again after so many seconds.",
)
@with_appcontext
def send(every: int | None) -> None:
    """Send what is due; twice, or on two machines at once, does no harm."""
    while True:
        try:
            _say(_send())
        except BadSetting as bad:
            raise click.ClickException(str(bad)) from None
        except DBAPIError as error:
            if not is_retryable(error):
                raise
            if every is None:
                raise click.ClickException(BUSY) from None
            click.echo(BUSY)
        if every is None:
            return
        time.sleep(every)


def _send() -> Tally:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # a proxy
    with transaction() as db:
        broken = sending.settle_broken(db)
    total = Tally(uncertain=broken)
    with look() as db:
        places = [(place, queries.settings(db, place.id)) for place in queries.places(db)]
    for place, row in places:
        assert row is not None
        found = sending.run(
            look, transaction, place, ways.open_ways(app, row), ways.catalogues_of(app)
        )
        total.sent += found.sent
        total.failed += found.failed
        total.later += found.later
        total.uncertain += found.uncertain
    return total


def _say(tally: Tally) -> None:
    click.echo(
        f"Sent {tally.sent}, failed {tally.failed}, to be tried again {tally.later},"
        f" not certain {tally.uncertain}."
    )
