"""`search rebuild` on the command line."""

import click
from flask.cli import AppGroup

from clinic.patients import service
from clinic.web.database import transaction

group = AppGroup("search", help="Keep patients findable.")


@group.command("rebuild")
def rebuild() -> None:
    """Make the search keys of all patients anew, after an update that folds names differently."""
    with transaction() as db:
        count = service.rebuild_search(db, None)
    click.echo(f"The search keys of {count} patients are new.")
