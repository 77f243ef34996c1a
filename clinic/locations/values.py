"""A place of the clinic and its opening hours as values and commands."""

import datetime as dt
from dataclasses import dataclass

from clinic.core.text import N_

WEEKDAYS = (
    N_("Monday"),
    N_("Tuesday"),
    N_("Wednesday"),
    N_("Thursday"),
    N_("Friday"),
    N_("Saturday"),
    N_("Sunday"),
)

LATE_HOURS = 24
"""What a clinic starts with (design default): a day is enough to give the time to somebody else."""
WAIT_LIMIT_MIN = 15
"""What a clinic starts with (design default): from so many minutes on, the board warns."""
HOLD_MIN = 30
"""What a clinic starts with (design default): so long a time is held for who is offered it.

Long enough to call back, short enough to ask the next one the same morning.
"""


@dataclass(frozen=True, slots=True, order=True)
class OpenSpan:
    """One span in which the place is open on a weekday (0 is Monday); breaks are the gaps."""

    weekday: int
    opens: dt.time
    closes: dt.time


USUAL_HOURS = tuple(OpenSpan(day, dt.time(8), dt.time(18)) for day in range(5))
"""Monday to Friday, 8 to 18: what a clinic starts with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLocation:
    """Set up the clinic's first place."""

    name: str
    zone: str
    country: str
    subdivision: str = ""
    address: str = ""
    phone: str = ""
    emergency_phone: str = ""
    locale: str = "en"
    hours: tuple[OpenSpan, ...] = USUAL_HOURS


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLocation:
    """Change everything that the settings page shows."""

    location_id: int
    version: int
    name: str
    zone: str
    country: str
    subdivision: str
    address: str
    phone: str
    emergency_phone: str
    late_hours: int
    wait_limit_min: int
    hold_min: int
    hours: tuple[OpenSpan, ...]
