"""How large a form may be: 1 MiB, unless its view takes files and its address came from our page.

The server keeps a whole body before the application sees who sends it. So the address of a form
with files carries a seal that only a page behind the sign-in gives out; without it, nobody's large
body is read at all. The seal names who opened the page: it is good for nobody else.
"""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import parse_qs

from flask import Flask, current_app, request, url_for
from itsdangerous import BadData, URLSafeTimedSerializer

from clinic.web.links import with_values

LARGEST_FORM = 1024 * 1024
SEAL = "files"
"""The name under which an address carries its seal."""
LASTS_S = 24 * 60 * 60
"""No session lasts longer than a day: whoever is still signed in has a seal that is still good."""
View = TypeVar("View", bound=Callable[..., Any])


def takes_files(most_bytes: int) -> Callable[[View], View]:
    """Let a view take a form of so many bytes."""

    def declare(view: View) -> View:
        view.__dict__["_most_bytes"] = most_bytes
        return view

    return declare


def address(endpoint: str, account_id: int, **values: Any) -> str:
    """Return the address of a view that takes files, with the seal that lets large bodies in.

    `account_id` is whose page carries it.
    """
    path = url_for(endpoint, **values)
    return with_values(
        path, **{SEAL: _sealer(str(current_app.secret_key)).dumps([path, account_id])}
    )


def is_sealed(secret: str, path: str, query: str) -> bool:
    """Tell whether an address is one that `address` made within a day, for this very path."""
    sealed = _sealed(secret, query)
    return sealed is not None and sealed[0] == path


def is_anothers(account_id: int) -> bool:
    """Tell whether the address of this request was given to somebody else."""
    sealed = _sealed(str(current_app.secret_key), request.query_string.decode("ascii", "replace"))
    return sealed is not None and sealed[1] != account_id


def _sealed(secret: str, query: str) -> tuple[str, int] | None:
    """Return (path, account) of a seal that is still good."""
    (seal, *more) = parse_qs(query).get(SEAL, [""])
    try:
        path, account_id = _sealer(secret).loads(seal, max_age=LASTS_S)
    except (BadData, TypeError, ValueError):  # Also one of before it named an account.
        return None
    return None if more else (str(path), int(account_id))


def _sealer(secret: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt="address of a form with files")


def init_app(app: Flask) -> None:
    """Set the limit before anything reads the form; files beyond half a megabyte go to the disk."""
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_FORM

    @app.before_request
    def _limit() -> None:
        view = app.view_functions.get(request.endpoint or "")
        most = getattr(view, "_most_bytes", None)
        if most is not None:
            request.max_content_length = most
