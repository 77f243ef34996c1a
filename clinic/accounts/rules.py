"""When guessing is slowed down, when a session is over, and who may change whom."""

import datetime as dt
import hashlib
import hmac
import ipaddress
import re

from clinic.accounts.values import Attempts
from clinic.core.errors import Invalid
from clinic.core.text import N_

WINDOW = dt.timedelta(minutes=15)
PER_LOGIN = 5
PER_ADDRESS = 100
LONGEST = dt.timedelta(hours=1)
INVITATION = dt.timedelta(hours=24)
ANONYMOUS = dt.timedelta(days=7)
"""How long the cookie of nobody lasts: a sign-in page may stay open over a holiday."""
KEPT_AFTER_END = dt.timedelta(hours=24)
"""How long an ended session's row is kept, so that its owner finds what was typed (SE-05)."""
_CLOCK_SLIP = dt.timedelta(minutes=2)
_LOGIN = re.compile(r"[\w.@+-]{2,60}")


def lock(count: int, limit: int) -> dt.timedelta:
    """Return for how long nothing is judged after attempt number `count`.

    Zero below the limit, then 15 minutes, doubling to an hour.
    Source: security.md AU-05, a design default.
    """
    if count < limit:
        return dt.timedelta()
    doublings: int = min(count - limit, 4)
    return min(WINDOW * (1 << doublings), LONGEST)


def after_attempt(
    before: Attempts | None, *, now: dt.datetime, limit: int
) -> tuple[Attempts, dt.timedelta]:
    """Count one attempt; return the counter as it is then, and how long this attempt must wait.

    A wait of zero means that the attempt may be judged. Attempts that must wait change nothing,
    so that knocking on a locked door does not keep it locked. When a lock has passed, one attempt
    is judged, and the next lock is longer, until the counter is left alone for an hour.
    """
    if before is not None:
        # A clock that was set back must not lock anybody out for longer than a lock lasts.
        ends = min(before.resets_at, now + LONGEST)
        is_locked = before.count >= limit
        if now < ends and is_locked:
            return Attempts(count=before.count, resets_at=ends), ends - now
        if now < ends + (LONGEST if is_locked else dt.timedelta()):
            count = before.count + 1
            locked = lock(count, limit)
            return Attempts(count=count, resets_at=now + locked if locked else ends), dt.timedelta()
    return Attempts(count=1, resets_at=now + WINDOW), dt.timedelta()


def is_over(
    *,
    created_at: dt.datetime,
    seen_at: dt.datetime,
    now: dt.datetime,
    idle: dt.timedelta,
    absolute: dt.timedelta,
) -> bool:
    """Tell whether a session has ended: too long idle, too old, or the clock went back (TI-02)."""
    return now - seen_at > idle or now - created_at > absolute or now < created_at - _CLOCK_SLIP


def token_hash(token: str) -> str:
    """Return what is kept of a random token: its SHA-256."""
    return hashlib.sha256(token.encode()).hexdigest()


def login_digest(secret: str, login: str, *, browser: str = "") -> str:
    """Return what a counter's key keeps of a login (and of one browser): it tells nobody which."""
    text = f"{browser}\n{login.casefold()}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()[:40]


def address_group(address: str) -> str:
    """Return what counts as one address: for IPv6 the /64, which one machine has for itself."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    if known.ipv4_mapped:
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((int(known), 64), strict=False))


def login_of(raw: str) -> str:
    """Return the login as it is kept, case-folded; raises Invalid when it cannot be one."""
    login = raw.casefold()
    if not _LOGIN.fullmatch(login):
        raise Invalid(
            N_("2 to 60 letters and digits without blanks; . _ - + @ may be among them"),
            field="login",
        )
    return login


def may_change_role(*, actor_id: int | None, account_id: int) -> bool:
    """Nobody changes their own role or takes away their own access (AC-10)."""
    return actor_id != account_id


def is_last_administrator(*, account_id: int, administrators: list[int]) -> bool:
    """Tell whether taking this account's role or access away would leave nobody in charge.

    `administrators` are the ids of all active ones.
    """
    return administrators == [account_id]
