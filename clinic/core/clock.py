"""The only reader of the system clock, and the way between the clinic's wall time and UTC."""

import datetime as dt
from zoneinfo import ZoneInfo

UTC = dt.UTC


def now() -> dt.datetime:
    """Return this instant, aware, in UTC."""
    return dt.datetime.now(UTC)


def today(zone: str) -> dt.date:
    """Return today's date on the clinic's calendar."""
    return now().astimezone(ZoneInfo(zone)).date()


def zone_of(zone: str) -> ZoneInfo:
    """Return the time zone of an IANA name."""
    return ZoneInfo(zone)
