"""Handing over the tablet: its code, how long it is good for, and how a handover stands."""

import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence

from clinic.scheduling.handed_values import HandoverState

ALPHABET = "ACEFHJKMNPRTVWXY34679"
"""Without what looks alike: 0 O D Q, 1 I L, 2 Z, 5 S, 8 B, 6 G, U V."""
LENGTH = 8
"""Letters and digits of a code: 35 bits, which the counter of attempts makes enough."""
CODE_LASTS = dt.timedelta(minutes=10)
IDLE = dt.timedelta(minutes=10)
"""Without a touch for so long the screen is over; a script ends it sooner."""
IDLE_ON_SCREEN = dt.timedelta(minutes=5)
SCREEN_LASTS = dt.timedelta(minutes=30)
"""How long an open screen is good for; who is still answering is told in time and goes on."""
LONGEST = dt.timedelta(hours=2)
"""No screen outlives it, however often somebody goes on."""
ENDS_SOON = dt.timedelta(minutes=5)
PER_ADDRESS = 500
"""Codes that an address may try in a quarter of an hour: a clinic may have one address for all.

Fewer would let a stranger there close a tablet that was never used; with five codes waiting, so
many tries find one of them once in fifteen million quarters of an hour.
"""
PER_BROWSER = 20
"""The same for a browser in which a screen was opened or somebody has signed in before."""
_LEFT_OUT = re.compile(r"[\s\-–.]+")


def new_code(choose: Callable[[Sequence[str]], str]) -> str:
    """Return a code, each sign of it chosen by `choose`."""
    return "".join(choose(ALPHABET) for _ in range(LENGTH))


def code_of(raw: str) -> str | None:
    """Return a code as it is kept, however it was typed; None when it cannot be one."""
    code = _LEFT_OUT.sub("", raw).upper()
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else None


def code_digest(secret: str, code: str) -> str:
    """Return what is kept of a code: keyed, since a short code could be found by trying all."""
    return hmac.new(secret.encode(), b"tablet\n" + code.encode(), hashlib.sha256).hexdigest()


def state(
    *,
    expires_at: dt.datetime,
    opened_at: dt.datetime | None,
    seen_at: dt.datetime | None,
    ended_at: dt.datetime | None,
    answered_at: dt.datetime | None,
    now: dt.datetime,
) -> HandoverState:
    """Tell how a handover stands at an instant."""
    if answered_at is not None:
        return HandoverState.ANSWERED
    if ended_at is not None:
        return HandoverState.OVER
    if now >= expires_at:
        return HandoverState.OVER
    if opened_at is None:
        return HandoverState.WAITING
    is_idle = seen_at is not None and now - seen_at > IDLE
    return HandoverState.OVER if is_idle else HandoverState.OPEN


def longer(opened_at: dt.datetime, now: dt.datetime) -> dt.datetime:
    """Return until when a screen is good whose patient wants to go on."""
    return min(now + SCREEN_LASTS, opened_at + LONGEST)
