"""When sign-in is slowed down, and who may change whom."""

import datetime as dt

from clinic.core.access import Role

WINDOW = dt.timedelta(minutes=15)
PER_LOGIN = 5
PER_ADDRESS = 100
LONGEST = dt.timedelta(hours=1)
INVITATION = dt.timedelta(hours=24)
CONFIRM_AGAIN = dt.timedelta(minutes=10)
"""After this long an act that matters asks for the password again (SE-08)."""


def wait_after(count: int, limit: int) -> dt.timedelta:
    """Return for how long attempt number `count` is refused: zero up to the limit, then doubling.

    Source: security.md AU-05 (5 for a login, 100 for an address, in 15 minutes), a design default.
    """
    if count <= limit:
        return dt.timedelta()
    doubled: int = 1 << min(count - limit - 1, 4)
    return min(WINDOW * doubled, LONGEST)


def may_change_role(*, actor_id: int, account_id: int) -> bool:
    """Nobody changes their own role (AC-10)."""
    return actor_id != account_id


def is_last_administrator(*, role: Role, active_administrators: int) -> bool:
    """Tell whether taking this account's role or access away would leave nobody in charge."""
    return role is Role.ADMINISTRATOR and active_administrators <= 1
