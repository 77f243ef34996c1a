"""How large a clinic the benchmark seeds, and when it takes place."""

import datetime as dt
from dataclasses import dataclass

TODAY = dt.date(2027, 3, 3)
"""The benchmark's own day, a Wednesday: the same rows and the same work list in every run."""
NOW = dt.datetime(2027, 3, 3, 9, 0, tzinfo=dt.UTC)
"""10:00 in Berlin."""
ZONE = "Europe/Berlin"
SECRET = "this clinic is invented for measuring only, nobody signs in"
PHYSICIANS = 4
PER_DAY = 40
"""Visits of one physician a day: 15 minutes each, from 08:00 to 18:00."""
DAYS_AHEAD = 14
"""Days after today that are full."""
DAYS_FREE = 28
"""Days after those that nothing is booked on; what is measured books later ones."""
SITES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Rows of the main tables; everything else follows from them."""

    name: str
    patients: int
    appointments: int
    sessions: int
    batch: int
    """Visits that are checked at one go."""


SIZES = {
    size.name: size
    for size in (
        Size(name="small", patients=2_000, appointments=10_000, sessions=3_000, batch=1_000),
        Size(name="medium", patients=10_000, appointments=100_000, sessions=30_000, batch=2_000),
        Size(name="large", patients=100_000, appointments=1_000_000, sessions=300_000, batch=5_000),
    )
}
