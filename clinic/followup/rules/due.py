"""Which calls fall due after a session, and when. Derived each time: nothing to forget."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from clinic.followup.values import CallKind, CallResult

WINDOWS: dict[CallKind, tuple[int, int]] = {CallKind.DAY_1: (1, 2), CallKind.DAY_7: (7, 9)}
"""First and last day after the session (clinical.md 5 follow-up schedule, a design default)."""
GIVEN_UP_AFTER = 60
"""Days after which a call is history, not work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One call that was made for a session."""

    session_id: int
    kind: CallKind
    result: CallResult
    at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DueCall:
    """A call to make: from its first day; late after its last."""

    session_id: int
    kind: CallKind
    due_on: dt.date
    late_after: dt.date
    tries: int
    last_try: dt.datetime | None

    def is_late(self, today: dt.date) -> bool:
        """Tell whether its last day has passed."""
        return today > self.late_after


def due(
    *, session_id: int, signed_at: dt.datetime, zone: str, made: Sequence[Made], today: dt.date
) -> Iterable[DueCall]:
    """Yield the calls of one session that are due today or late; a reached call settles its kind.

    A later kind that was reached settles the earlier ones: nobody is asked twice.
    """
    day = signed_at.astimezone(ZoneInfo(zone)).date()
    reached = {call.kind for call in made if call.result is CallResult.REACHED}
    if CallKind.DAY_7 in reached:
        return
    for kind, (first, last) in WINDOWS.items():
        due_on = day + dt.timedelta(days=first)
        if kind in reached or due_on > today or (today - day).days > GIVEN_UP_AFTER:
            continue
        if kind is CallKind.DAY_1 and day + dt.timedelta(days=WINDOWS[CallKind.DAY_7][0]) <= today:
            continue  # the day-7 call asks it all
        tries = [call for call in made if call.kind is kind]
        yield DueCall(
            session_id=session_id,
            kind=kind,
            due_on=due_on,
            late_after=day + dt.timedelta(days=last),
            tries=len(tries),
            last_try=max((call.at for call in tries), default=None),
        )
