"""Which call falls due after a session, and when. Derived each time: nothing to forget."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from clinic.followup.values import CallResult

_SLACK = ((28, 7), (7, 2), (1, 1))
"""From which day on a call may be made how many days later: 24 to 48 hours, days 7 to 9, a week.

The first is of clinical.md 5, follow-up schedule; all are design defaults.
"""
GIVEN_UP_AFTER = 60
"""Days after its day that a call is history, not work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One call that was made for a session."""

    session_id: int
    day: int | None
    result: CallResult
    at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DueCall:
    """A call to make: from its first day; late after its last."""

    session_id: int
    day: int
    due_on: dt.date
    late_after: dt.date
    tries: int
    last_try: dt.datetime | None

    def is_late(self, today: dt.date) -> bool:
        """Tell whether its last day has passed."""
        return today > self.late_after


def last_day(day: int) -> int:
    """Return the last day on which the call of a day is in time."""
    return day + next(slack for least, slack in _SLACK if day >= least)


def due(
    *,
    session_id: int,
    ended_at: dt.datetime,
    zone: str,
    days: Sequence[int],
    made: Sequence[Made],
    today: dt.date,
    since: Mapping[int, dt.date] | None = None,
) -> DueCall | None:
    """Return the call of a session that is due today or late; None for none.

    A day that stands in `since` was added later: it asks for calls that fall due from then on. Of
    the service's `days` only the newest that has come: it asks all that those before it ask.
    One that was reached settles the earlier ones too: nobody is asked twice.
    """
    ended_on = ended_at.astimezone(ZoneInfo(zone)).date()
    age = (today - ended_on).days
    asked = since or {}
    day = max(
        (
            day
            for day in days
            if day <= age and (day not in asked or ended_on + dt.timedelta(days=day) >= asked[day])
        ),
        default=None,
    )
    if day is None or age > day + GIVEN_UP_AFTER:
        return None
    if any(
        call.result is CallResult.REACHED and call.day is not None and call.day >= day
        for call in made
    ):
        return None
    tries = [call for call in made if call.day == day]
    return DueCall(
        session_id=session_id,
        day=day,
        due_on=ended_on + dt.timedelta(days=day),
        late_after=ended_on + dt.timedelta(days=last_day(day)),
        tries=len(tries),
        last_try=max((call.at for call in tries), default=None),
    )
