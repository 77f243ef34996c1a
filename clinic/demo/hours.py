"""When the demo's people work, and when they do not: a break, a leave, the public holidays."""

import datetime as dt
from dataclasses import replace

from sqlalchemy.orm import Session

from clinic.core import clock
from clinic.demo.staff import Staff
from clinic.locations import queries as location_queries
from clinic.locations.values import OpenSpan
from clinic.scheduling import blocks, keeping
from clinic.scheduling.closing import BlockKind, KeepWeek, LayBlock

SHIFTS = ((dt.time(8), dt.time(11, 50)), (dt.time(12, 10), dt.time(18)))
LEAVE_IN, LEAVE_DAYS = 9, 4
HOLIDAYS_IN = dt.timedelta(days=14)
"""The board of the days that are tried out stays full, whatever day the demo is laid on."""


def keep(db: Session, people: Staff, *, today: dt.date) -> None:
    """Give one physician a break, another a leave, and close on the holidays that lie ahead."""
    administrator = replace(people.administrator, confirmed_at=clock.now())
    haddad, rossi = people.practitioners[1:]
    week = tuple(OpenSpan(day, opens, closes) for day in range(7) for opens, closes in SHIFTS)
    keeping.keep_week(
        db,
        administrator,
        KeepWeek(resource_id=rossi.id, version=rossi.version, hours=week),
    )
    begins = dt.datetime.combine(today + dt.timedelta(days=LEAVE_IN), dt.time())
    blocks.lay(
        db,
        administrator,
        LayBlock(
            kind=BlockKind.LEAVE,
            resource_ids=(haddad.id,),
            starts_local=begins,
            ends_local=begins + dt.timedelta(days=LEAVE_DAYS),
            note="A course in Lyon",
        ),
    )
    location = location_queries.get(db, administrator.location_id)
    keeping.follow_holidays(db, location, since=today + HOLIDAYS_IN)
