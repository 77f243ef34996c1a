"""Wall time of a clinic and UTC, with the hour that does not exist and the one that comes twice.

Pure; measured against Berlin, Cairo, Lord Howe, New York and Apia.
"""

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

UTC = dt.UTC


class Gap(ValueError):
    """The wall time does not exist; `after` is the first instant after the jump, in UTC."""

    def __init__(self, local: dt.datetime, after: dt.datetime) -> None:
        super().__init__(f"{local} does not exist")
        self.after = after


class Fold(ValueError):
    """The wall time exists twice; `first` and `second` are the two instants, in UTC."""

    def __init__(self, local: dt.datetime, first: dt.datetime, second: dt.datetime) -> None:
        super().__init__(f"{local} exists twice")
        self.first, self.second = first, second


def to_utc(local: dt.datetime, zone: str) -> dt.datetime:
    """Return the instant of a naive wall time.

    Raises Gap when the clocks jump over it, Fold when it happens twice.
    """
    early, late = _both(local, zone)
    if early == late:
        return early
    if early.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local:
        raise Gap(local, _jump(early, late, zone))
    raise Fold(local, early, late)


def to_utc_forward(local: dt.datetime, zone: str) -> dt.datetime:
    """Return the instant of a wall time: the first after a gap, the first of a double."""
    try:
        return to_utc(local, zone)
    except Gap as gap:
        return gap.after
    except Fold as fold:
        return fold.first


def to_local(instant: dt.datetime, zone: str) -> dt.datetime:
    """Return the naive wall time of an instant."""
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@lru_cache(maxsize=1024)
def day_bounds(day: dt.date, zone: str) -> tuple[dt.datetime, dt.datetime]:
    """Return the half-open UTC span of a calendar day: 23, 24 or 25 hours, or none if skipped."""
    midnight = dt.time()
    return (
        to_utc_forward(dt.datetime.combine(day, midnight), zone),
        to_utc_forward(dt.datetime.combine(day + dt.timedelta(days=1), midnight), zone),
    )


def _both(local: dt.datetime, zone: str) -> tuple[dt.datetime, dt.datetime]:
    info = ZoneInfo(zone)
    one = local.replace(tzinfo=info, fold=0).astimezone(UTC)
    two = local.replace(tzinfo=info, fold=1).astimezone(UTC)
    return min(one, two), max(one, two)


def _jump(low: dt.datetime, high: dt.datetime, zone: str) -> dt.datetime:
    info = ZoneInfo(zone)
    before = low.astimezone(info).utcoffset()
    while high - low > dt.timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(info).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)
