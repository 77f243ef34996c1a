"""Hiding names on a desk that others can see: remembered by the browser, whoever signs in."""

from typing import Any

from flask import Flask, Request, Response, request

COOKIE = "names"
HIDDEN = "initials"
LASTS_SECONDS = 400 * 24 * 60 * 60
"""As long as browsers keep a cookie."""


def hides_names() -> bool:
    """Tell whether this browser shows initials instead of names."""
    return COOKIE in request.cookies and request.cookies[COOKIE] == HIDDEN


def named(name: str) -> str:
    """Return a name as this browser shows it: whole, or its initials."""
    return " ".join(f"{part[:1]}." for part in name.split()) if hides_names() else name


def switch(response: Response, sent: Request) -> Response:
    """Let the browser hide names from now on, or show them again."""
    options: dict[str, Any] = {
        "path": "/",
        "httponly": True,
        "samesite": "Lax",
        "secure": sent.is_secure,
    }
    if hides_names():
        response.delete_cookie(COOKIE, **options)
    else:
        response.set_cookie(COOKIE, HIDDEN, max_age=LASTS_SECONDS, **options)
    return response


def init_app(app: Flask) -> None:
    """Let every page write names as its browser shows them."""
    app.jinja_env.filters["named"] = named
    app.jinja_env.globals["hides_names"] = hides_names
