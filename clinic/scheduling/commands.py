"""`downtime-sheet` on the command line: tomorrow on paper, before the machine is down."""

import datetime as dt

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Role
from clinic.locations.models import Location
from clinic.scheduling import sheet
from clinic.web.database import read, transaction

ROLES = {role.value: role for role in (Role.RECEPTIONIST, Role.PHYSICIAN)}


@click.command("downtime-sheet")
@click.option("--date", "on", type=click.DateTime(["%Y-%m-%d"]), help="Another day than tomorrow.")
@click.option(
    "--role",
    type=click.Choice(sorted(ROLES)),
    default=Role.RECEPTIONIST.value,
    show_default=True,
    help="Whose words the holds are in.",
)
@with_appcontext
def downtime_sheet(on: dt.datetime | None, role: str) -> None:
    """Print the visits of tomorrow with phones and holds, for the paper folder."""
    for_role, printed, count = ROLES[role], clock.now(), 0
    db = read()
    for location in db.scalars(sa.select(Location).order_by(Location.id)).all():
        day = on.date() if on else clock.today(location.zone) + dt.timedelta(days=1)
        found = sheet.lines(db, location, day, for_role)
        count += len(found)
        click.echo(sheet.written(location, day, for_role, found, printed))
    with transaction() as writing:
        audit.record(
            writing,
            None,
            "downtime_sheet.printed",
            "appointment",
            detail={"role": role, "count": count},
            name="command line",
        )
