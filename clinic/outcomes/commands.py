"""`flask --app wsgi photographs sweep`: files and rows are brought together again."""

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from clinic.audit import service as audit
from clinic.core import clock
from clinic.outcomes import files, sweeping
from clinic.web.database import look, transaction

group = AppGroup("photographs", help="Look after the files of photographs.")


@group.command("sweep", help="Remove files that no photograph needs. Run it every night.")
@with_appcontext
def sweep() -> None:
    """Say what went, and end with status 1 when a photograph has lost its file."""
    found = sweeping.sweep(look, files.store_of(current_app.extensions), now=clock.now())
    gone = {"orphans": found.orphans, "over": found.over, "drafts": found.drafts}
    with transaction() as db:
        audit.record(
            db,
            None,
            "photographs.swept",
            "photographs",
            detail={**gone, "missing": len(found.missing)},
            name="command line",
        )
    click.echo(
        f"Removed {found.orphans} pictures without a photograph, {found.over} of removed"
        f" photographs and {found.drafts} half-written files."
    )
    if found.missing:
        raise click.ClickException(
            f"{len(found.missing)} photographs have lost their files."
            f" Restore these from a backup: {', '.join(found.missing)}"
        )
