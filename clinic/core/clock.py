"""The only reader of the system clock, and the way between the clinic's wall time and UTC."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from zoneinfo import ZoneInfo

UTC = dt.UTC
_pretended: ContextVar[dt.datetime | None] = ContextVar("pretended", default=None)


def now() -> dt.datetime:
    """Return this instant, aware, in UTC."""
    return _pretended.get() or dt.datetime.now(UTC)


@contextmanager
def pretend(instant: dt.datetime) -> Iterator[None]:
    """Let the block happen at another instant: how the demo clinic gets its past."""
    token = _pretended.set(instant)
    try:
        yield
    finally:
        _pretended.reset(token)


def today(zone: str) -> dt.date:
    """Return today's date on the clinic's calendar."""
    return now().astimezone(ZoneInfo(zone)).date()


def zone_of(zone: str) -> ZoneInfo:
    """Return the time zone of an IANA name."""
    return ZoneInfo(zone)
