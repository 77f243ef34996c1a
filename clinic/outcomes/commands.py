"""`flask --app wsgi photographs sweep`: files and rows are brought together again."""

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from clinic.audit import service as audit
from clinic.core import clock
from clinic.outcomes import files, rules, sweeping
from clinic.web.database import look, transaction

group = AppGroup("photographs", help="Look after the files of photographs.")


@group.command("sweep", help="Remove files that no photograph needs. Run it every night.")
@click.option(
    "--most",
    type=click.IntRange(min=0),
    default=rules.MANY_ORPHANS,
    show_default=True,
    help="Refuse to remove more pictures than this that have no photograph.",
)
@with_appcontext
def sweep(most: int) -> None:
    """Say what went, and end with status 1 when a photograph has lost its file."""
    store = files.store_of(current_app.extensions)
    try:
        found = sweeping.sweep(look, store, now=clock.now(), most=most)
    except sweeping.TooMany as many:
        raise click.ClickException(
            f"{many.count} pictures have no photograph. Nothing was removed: is this database an"
            f" older one? If it is the right one, run this again with --most {many.count}."
        ) from None
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
