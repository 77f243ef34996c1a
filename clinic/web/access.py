"""Deny by default: every view declares who may use it, or the application does not start."""

import re
from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Flask, abort, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from clinic.core import clock
from clinic.core.access import ASKS_PASSWORD, Actor, Permission

View = TypeVar("View", bound=Callable[..., Any])
_PUBLIC = "public"
_LOCAL = re.compile(r"/(?![/\\])[^\x00-\x20\x7f\\]*")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def require(permission: Permission) -> Callable[[View], View]:
    """Let only people whose role holds the permission use the view."""

    def declare(view: View) -> View:
        view.__dict__["_permission"] = permission
        return view

    return declare


def public(view: View) -> View:
    """Let everybody use the view, signed in or not."""
    view.__dict__["_permission"] = _PUBLIC
    return view


def asks_inside(view: View) -> View:
    """Let the view's own form ask for the password again, so that nothing typed is left behind.

    Its form is a `password_again.AskingForm`. Without this, a view whose permission asks for the
    password is not run until it was given on a page of its own.
    """
    view.__dict__["_asks_inside"] = True
    return view


def polled(view: View) -> View:
    """Let a page ask for the view again by itself without leaving a look each time."""
    view.__dict__["_polled"] = True
    return view


def is_poll() -> bool:
    """Tell whether a page asked by itself for a view that is made for it.

    Anybody can send the header: no other view may be looked at without a trace.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    return is_background() and bool(getattr(view, "_polled", False))


def asks_before(view: Callable[..., Any]) -> bool:
    """Tell whether the password must have been given before the view is run."""
    return permission_of(view) in ASKS_PASSWORD and not getattr(view, "_asks_inside", False)


def permission_of(view: Callable[..., Any]) -> Permission | str | None:
    """Return what a view declared: a permission, "public", or None when it declared nothing."""
    declared: Permission | str | None = getattr(view, "_permission", None)
    return declared


def actor() -> Actor:
    """Return who acts in this request; only for views that require a permission."""
    who = current_actor()
    assert who is not None, "a public view asked for the actor"
    return who


def current_actor() -> Actor | None:
    """Return who acts in this request, or None when nobody is signed in."""
    return cast("Actor | None", g.get("actor"))


def is_confirmed() -> bool:
    """Tell whether the actor of this request gave the password not too long ago."""
    who = current_actor()
    return who is not None and who.is_confirmed(clock.now())


def is_background() -> bool:
    """Tell whether the page asked by itself: judged by the idle limit, never prolonging it."""
    return request.headers.get("X-Background") == "1"


def asked_for() -> tuple[str, str, dict[str, Any]]:
    """Return what this request asked for: method, endpoint, and the ids in its address."""
    return request.method, request.endpoint or "", dict(request.view_args or {})


def is_local(target: str | None) -> bool:
    """Tell whether an address is a path on this site, however a browser may read it."""
    return target is not None and len(target) <= 2000 and bool(_LOCAL.fullmatch(target))


def is_from_here() -> bool:
    """Tell whether a form was sent from a page of our own, as far as the browser says so."""
    came_from = request.headers.get("Sec-Fetch-Site")
    if came_from is not None:
        return came_from == "same-origin"
    return request.headers.get("Origin") == request.host_url.rstrip("/")


def init_app(app: Flask, load_actor: Callable[[Any], Actor | None]) -> None:
    """Put the check before every view. `load_actor` makes an Actor of the cookie session."""

    @app.before_request
    def _authorise() -> ResponseReturnValue | None:
        g.actor = load_actor(session)
        if request.endpoint is None:
            return None  # 404 and 405 need no permission
        needed = permission_of(app.view_functions[request.endpoint])
        if needed == _PUBLIC:
            return None
        if g.actor is None:
            if request.method in SAFE_METHODS and not is_background():
                here = request.full_path.rstrip("?")
                return redirect(url_for("accounts.sign_in", next=here), 303)
            abort(401)
        if not isinstance(needed, Permission) or not g.actor.may(needed):
            abort(403)
        return None


def check_all_declared(app: Flask) -> None:
    """Stop the start when a view declares nothing, or a rule takes GET and POST in one function."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if permission_of(view) is None:
            raise RuntimeError(f"the view {rule.endpoint} declares no permission")
        methods = (rule.methods or set()) - {"OPTIONS", "HEAD"}
        if len(methods) > 1:
            raise RuntimeError(f"{rule.endpoint} answers {sorted(methods)}: one function a method")
