"""A wished wall time becomes an instant, or a refusal that says what to do."""

import datetime as dt

from clinic.core import walltime
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.core.walltime import Fold, Gap
from clinic.scheduling.rules.slots import GRID_MIN

EARLIEST = dt.timedelta(days=1)
"""Late entries: a visit can be booked this long after it took place."""
DAY_MIN = 24 * 60
LATEST = dt.timedelta(days=2 * 365 + 1)

OFF_GRID = N_("Visits begin on five minutes: 10:05 or 10:10, not 10:07")
TOO_EARLY = N_("This lies in the past. A late entry is possible for one day.")
NOT_OVER = N_("Only a visit that is over can be entered here. Book the others.")
TOO_LATE = N_("At most two years ahead, please")
OVER_MIDNIGHT = N_("A visit ends on the day it begins. The latest start is %(latest)s.")
NO_SUCH_TIME = N_(
    "On %(date)s the clocks go forward: %(time)s does not exist. The next time is %(next)s."
)
TWICE = N_("On %(date)s %(time)s comes twice, because the clocks go back. Choose which of the two.")


def is_of_our_time(local: dt.datetime) -> bool:
    """Tell whether days and hours can be counted from a wall time, at either end of the calendar.

    What a page sends is read before anybody asks whether it lies too far away.
    """
    return 1900 <= local.year < 2200


def instant_of(
    local: dt.datetime, zone: str, *, second_hour: bool | None, now: dt.datetime
) -> dt.datetime:
    """Return the instant of a promised wall time.

    Raises Invalid at the field it belongs to: a time off the grid, too far away, one that does
    not exist, or one that comes twice while nobody said which (`second_hour`).
    """
    instant = _instant(local, zone, second_hour=second_hour)
    if instant < now - EARLIEST:
        raise Invalid(TOO_EARLY, field="date")
    if instant > now + LATEST:
        raise Invalid(TOO_LATE, field="date")
    return instant


def took_place(
    local: dt.datetime, zone: str, minutes: int, *, second_hour: bool | None, now: dt.datetime
) -> dt.datetime:
    """Return the instant at which a visit of the past began; raises Invalid as `instant_of` does.

    One that is not over yet did not take place.
    """
    instant = _instant(local, zone, second_hour=second_hour)
    if instant + dt.timedelta(minutes=minutes) > now:
        raise Invalid(NOT_OVER, field="date")
    return instant


def _instant(local: dt.datetime, zone: str, *, second_hour: bool | None) -> dt.datetime:
    if local.minute % GRID_MIN or local.second or local.microsecond:
        raise Invalid(OFF_GRID, field="start")
    try:
        instant = walltime.to_utc(local, zone)
    except Gap as gap:
        raise _missing(local, zone, gap, field="start") from gap
    except Fold as fold:
        if second_hour is None:
            raise Invalid(
                TWICE,
                field="second_hour",
                date=local.date().isoformat(),
                time=local.strftime("%H:%M"),
            ) from fold
        instant = fold.second if second_hour else fold.first
    return instant


def refuse_missing(local: dt.datetime, zone: str, *, field: str) -> None:
    """Refuse a typed hour over which the clocks jump; raises Invalid.

    Midnight is not typed but meant by a whole day, and does not exist everywhere on every day.
    """
    try:
        walltime.to_utc(local, zone)
    except Gap as gap:
        if local.time() != dt.time():
            raise _missing(local, zone, gap, field=field) from gap
    except Fold:
        return


def _missing(local: dt.datetime, zone: str, gap: Gap, *, field: str) -> Invalid:
    return Invalid(
        NO_SUCH_TIME,
        field=field,
        date=local.date().isoformat(),
        time=local.strftime("%H:%M"),
        next=walltime.to_local(gap.after, zone).strftime("%H:%M"),
    )


def refuse_midnight(local: dt.datetime, minutes: int) -> None:
    """Refuse a visit that would go on after midnight; raises Invalid. Midnight itself is an end."""
    begun_min = local.hour * 60 + local.minute
    if begun_min + minutes > DAY_MIN:
        latest = local.replace(hour=0, minute=0) + dt.timedelta(minutes=DAY_MIN - minutes)
        raise Invalid(OVER_MIDNIGHT, field="start", latest=latest.strftime("%H:%M"))


def second_hour_of(instant: dt.datetime, zone: str) -> bool | None:
    """Return which of two same wall times an instant is; None when its wall time comes once."""
    try:
        walltime.to_utc(walltime.to_local(instant, zone), zone)
    except Fold as fold:
        return instant == fold.second
    return None


def begun(now: dt.datetime) -> dt.datetime:
    """Return the last point of the grid before an instant: when a walk-in begins."""
    return now.replace(second=0, microsecond=0) - dt.timedelta(minutes=now.minute % GRID_MIN)
