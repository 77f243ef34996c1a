"""The signed cookie by which a browser shows who has signed in there before (AU-05).

Whoever holds it gets a counter of attempts of their own, nothing more: strangers who guess at a
physician's password cannot lock the physician out of the browser on the physician's desk.
"""

import secrets
from dataclasses import dataclass

from flask import Request, Response
from itsdangerous import BadData, URLSafeTimedSerializer

from clinic.accounts import rules as account_rules

LASTS_SECONDS = 90 * 24 * 3600
MOST = 12
"""Logins that one shared browser remembers; the oldest is forgotten."""


@dataclass(frozen=True, slots=True)
class Browser:
    """One browser: a random name, and digests of the logins that have signed in there."""

    name: str
    logins: tuple[str, ...] = ()

    def knows(self, login: str, secret: str) -> bool:
        """Tell whether this login has signed in here before."""
        return account_rules.login_digest(secret, login) in self.logins

    def having_met(self, login: str, secret: str) -> "Browser":
        """Return the browser after this login has signed in."""
        met = account_rules.login_digest(secret, login)
        others = tuple(known for known in self.logins if known != met)
        return Browser(self.name, (met, *others)[:MOST])


def _cookie_name(request: Request) -> str:
    return "__Host-known" if request.is_secure else "known"


def _serializer(secret: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt="known browser")


def of(request: Request, secret: str) -> Browser:
    """Return the browser of a request; a new one when the cookie is absent, old or forged."""
    raw = request.cookies.get(_cookie_name(request), "")
    try:
        name, *logins = _serializer(secret).loads(raw[:2000], max_age=LASTS_SECONDS)
        return Browser(str(name), tuple(map(str, logins)))
    except (BadData, TypeError, ValueError):
        return Browser(secrets.token_urlsafe(12))


def remember(browser: Browser, request: Request, response: Response, secret: str) -> None:
    """Send the cookie with the answer to a successful sign-in."""
    response.set_cookie(
        _cookie_name(request),
        str(_serializer(secret).dumps([browser.name, *browser.logins])),
        max_age=LASTS_SECONDS,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
    )
