"""`flask --app wsgi purge`: deletes sessions and counters that nothing will ask for again."""

import click
from flask.cli import with_appcontext

from clinic.accounts import service
from clinic.web.database import transaction


@click.command("purge", help="Delete ended sessions and old counters of attempts. Run it daily.")
@with_appcontext
def purge() -> None:
    """Say how many rows went."""
    with transaction() as db:
        cookies, counters = service.purge(db)
    click.echo(f"Deleted {cookies} ended sessions and {counters} old counters.")
