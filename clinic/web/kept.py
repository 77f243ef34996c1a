"""What somebody typed into a form that could not be taken is offered again, never lost.

A form arrives without a valid token when its page was open for too long, and without a session
when nobody did anything for a while. Only a form of our own pages is offered again, and only with
a press of a button: another site must not be able to have its own text sent.
"""

import json
from dataclasses import dataclass, replace

from flask import current_app, request, session
from itsdangerous import BadData, URLSafeSerializer
from werkzeug.exceptions import RequestEntityTooLarge

from clinic.web.access import is_from_here, is_local

MOST = 200_000
"""Characters that are carried along; more is left to the browser's own Back."""
_NEVER = ("csrf_token", "kept", "kept_for")


@dataclass(frozen=True, slots=True)
class Typed:
    """The fields of a form that was not taken, and where it was going."""

    action: str
    fields: tuple[tuple[str, str], ...]
    owner: str = ""
    """Signed id of the account that typed it; empty when that is not known."""

    def dumps(self) -> str:
        """Write it into one hidden field of the sign-in form."""
        return json.dumps([self.action, self.fields])


def typed() -> Typed | None:
    """Return what this request brought, without tokens and passwords; None when it is not ours."""
    if request.method != "POST" or not is_from_here():
        return None
    try:
        came = sent()
    except RequestEntityTooLarge:
        return None
    if not came.fields or sum(len(name) + len(value) for name, value in came.fields) > MOST:
        return None
    owner = getattr(session, "ended_account_id", None)
    return replace(came, owner=_seal().dumps(owner)) if owner else came


def sent() -> Typed:
    """Return what this request brought, without tokens and passwords; its token was good."""
    fields = tuple(
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in _NEVER and "password" not in name
    )
    return Typed(request.full_path.rstrip("?"), fields)


def loads(raw: str, *, owner: str, account_id: int) -> Typed | None:
    """Read what the sign-in form carried, when the one who signed in is the one who typed it."""
    try:
        if not raw or _seal().loads(owner) != account_id:
            return None
        action, fields = json.loads(raw)
        pairs = tuple((str(name), str(value)) for name, value in fields)
    except (BadData, ValueError, TypeError, RecursionError):
        return None
    return Typed(action, pairs) if is_local(str(action)) else None


def _seal() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="kept")
