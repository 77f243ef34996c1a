"""From a refusal or a failure to a page with the right status and words that help."""

import logging
import traceback
import uuid

from flask import Flask, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from werkzeug.exceptions import HTTPException, MethodNotAllowed, SecurityError

from clinic.core.engine import constraint_of, is_retryable
from clinic.core.errors import ClinicError, Conflict, Elsewhere, Forbidden, Invalid, NotFound
from clinic.core.text import N_
from clinic.web import kept
from clinic.web.words import translate, words_of

log = logging.getLogger("clinic")
STATUS: dict[type[ClinicError], int] = {NotFound: 404, Forbidden: 403, Conflict: 409, Invalid: 422}
STALE_PAGE = N_(
    "The page you came from had been open for too long, or this browser keeps no cookies. "
    "Nothing was saved."
)
_PAGES = frozenset({400, 401, 403, 404, 409, 413, 429, 500, 503})
_NEAREST = {405: 404, 410: 404, 422: 400, 431: 413, 414: 413}
_STORAGE = ("disk", "readonly", "read-only", "full", "unable to open", "i/o error")


def status_of(error: ClinicError) -> int:
    """Return the HTTP status of a refusal."""
    return next(status for kind, status in STATUS.items() if isinstance(error, kind))


def _page(
    status: int, message: str = "", typed: kept.Typed | None = None
) -> tuple[str, int, dict[str, str]]:
    shown = status if status in _PAGES else _NEAREST.get(status, 400 if status < 500 else 500)
    body = render_template(
        f"errors/{shown}.html", message=message, request_id=request_id(), typed=typed
    )
    headers = {"Retry-After": "5"} if status in {429, 503} else {}
    return body, status, headers


def request_id() -> str:
    """Return this request's id, for the log, the audit trail and the error page."""
    if "request_id" not in g:
        g.request_id = str(uuid.uuid4())
    return str(g.request_id)


def is_unavailable(error: BaseException) -> bool:
    """Tell whether the database is busy, full, read-only or gone, so that trying again may help."""
    if isinstance(error, NoConnectionFree):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated or is_retryable(error):
        return True
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    # PostgreSQL's driver says "operational" of nothing else; SQLite also of a missing table.
    is_postgres = hasattr(error.orig, "sqlstate")
    return is_postgres or any(word in str(error.orig).lower() for word in _STORAGE)


def _answer_failure(error: BaseException) -> ResponseReturnValue:
    # Neither str(error) nor a traceback's last line goes into the log: they hold values of rows.
    chain: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(chain) < 5:
        chain.append(type(getattr(cause, "orig", None) or cause).__name__)
        cause = cause.__cause__
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = " ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in frames)
    log.error("%s %s %s at %s", request_id(), "<".join(chain), request.endpoint, places)
    if not is_unavailable(error):
        return _page(500)
    # A good token is good again: making one would need the session, which may be out of reach.
    return _page(503, typed=kept.typed() if g.get("csrf_valid") else None)


def init_app(app: Flask) -> None:
    """Register the handlers."""

    @app.errorhandler(ClinicError)
    def _refused(error: ClinicError) -> ResponseReturnValue:
        if isinstance(error, Elsewhere) and request.method == "GET" and request.endpoint:
            here = {**request.args.to_dict(), **(request.view_args or {})}
            if error.instead.keys() & here.keys():
                flash(words_of(error))
                return redirect(url_for(request.endpoint, **{**here, **error.instead}), 303)
        return _page(status_of(error), words_of(error))

    @app.errorhandler(CSRFError)
    def _stale_page(_error: CSRFError) -> ResponseReturnValue:
        return _page(400, translate(STALE_PAGE), kept.typed())

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> ResponseReturnValue:
        failure = getattr(error, "original_exception", None)
        if failure is not None:  # raised while the response was being finished
            return _answer_failure(failure)
        if error.code is None or error.code < 400:
            return error
        if isinstance(error, SecurityError):
            # No address can be built for a host that is not ours: neither links nor a page shell.
            return Response("This address is not known here.\n", 400, mimetype="text/plain")
        if error.code == 401:
            return _page(401, typed=kept.typed())
        page = _page(error.code)
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            page[2]["Allow"] = ", ".join(error.valid_methods)
        return page

    @app.errorhandler(IntegrityError)
    def _integrity(error: IntegrityError) -> ResponseReturnValue:
        name = constraint_of(error) or ""
        if name.startswith("uq_") or "." in name:
            return _page(409)  # two sent the same at the same moment: one of them is kept
        return _database(error)

    @app.errorhandler(SQLAlchemyError)
    def _database(error: SQLAlchemyError) -> ResponseReturnValue:
        if app.testing and not is_unavailable(error):
            raise error
        return _answer_failure(error)

    @app.errorhandler(Exception)
    def _failed(error: Exception) -> ResponseReturnValue:
        if app.testing:
            raise error
        return _answer_failure(error)
