"""Commands about visits: tomorrow on paper, and the nightly check of what is booked."""

import datetime as dt
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import click
import sqlalchemy as sa
from flask.cli import with_appcontext
from sqlalchemy.exc import DBAPIError

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.engine import is_retryable
from clinic.locations.models import Location
from clinic.scheduling import keeping, recheck, sheet
from clinic.web.database import look, read, transaction

Done = TypeVar("Done")
ROLES = {role.value: role for role in (Role.RECEPTIONIST, Role.PHYSICIAN)}
TRIES, PAUSE_S = 5, 1.0
"""How often a unit is tried while the database is busy, and how long is waited between."""
BUSY = "The database is busy. What was checked is kept; run this again for the rest."


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


@click.command(
    "recheck",
    help="Check the visits of the coming days again, and close on the public holidays ahead."
    " Run it every night.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 800),
    default=recheck.DAYS,
    show_default=True,
    help="How far ahead.",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@with_appcontext
def recheck_visits(days: int, *, as_json: bool) -> None:
    """Check every open visit again, write what has changed, and say what has become worse.

    Twice, or on two machines at once, does no harm: what one has written the other finds done.
    """
    ids = recheck.coming(read(), days=days)
    with click.progressbar(length=len(ids), label="Checking", file=sys.stderr) as shown:
        found = recheck.run(look, _write, ids, done=shown.update)
    closed = _tried(_follow_holidays)
    with transaction() as db:
        audit.record(
            db,
            None,
            "recheck.ran",
            "appointment",
            detail={"days": days, **found.counts, "holidays": closed},
            name="command line",
        )
    if as_json:
        click.echo(
            json.dumps({"days": days, **found.counts, "worse_ids": found.worse, "holidays": closed})
        )
    else:
        click.echo(
            f"Checked {found.checked} visits of the next {days} days:"
            f" {found.changed} changed, {len(found.worse)} of them became worse."
        )
        if closed:
            click.echo(f"Closed on {closed} more public holidays.")
        if found.worse:
            click.echo(f"Became worse: visits {', '.join(map(str, found.worse))}.")


def _write(ids: Sequence[int]) -> list[recheck.Decided]:
    """Write what has changed of these visits."""

    def once() -> list[recheck.Decided]:
        with transaction() as db:
            return recheck.recheck(db, None, ids)

    return _tried(once)


def _follow_holidays() -> int:
    with transaction() as db:
        return sum(
            keeping.follow_holidays(db, place, since=clock.today(place.zone))
            for place in db.scalars(sa.select(Location).order_by(Location.id)).all()
        )


def _tried(act: Callable[[], Done]) -> Done:
    """Do something once the database lets it; somebody who holds it now is waited for."""
    for _ in range(TRIES - 1):
        try:
            return act()
        except DBAPIError as error:
            if not is_retryable(error):
                raise
            time.sleep(PAUSE_S)
    try:
        return act()
    except DBAPIError as error:
        if is_retryable(error):
            raise click.ClickException(BUSY) from None
        raise
