"""How old something is when it is injected: every minute that has begun counts."""

import datetime as dt

_MINUTE = dt.timedelta(minutes=1)


def minutes_begun(begin: dt.datetime, end: dt.datetime) -> int:
    """Return the minutes between two instants, a begun one as a whole: of 240:01 these are 241."""
    return -((begin - end) // _MINUTE)
