"""From a refusal or a failure to a page with the right status and words that help."""

import logging
import uuid

from flask import Flask, g, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException

from clinic.core.engine import is_retryable
from clinic.core.errors import ClinicError, Conflict, Forbidden, Invalid, NotFound
from clinic.web.words import words_of

log = logging.getLogger("clinic")
STATUS: dict[type[ClinicError], int] = {NotFound: 404, Forbidden: 403, Conflict: 409, Invalid: 422}
_PAGES = frozenset({400, 401, 403, 404, 409, 413, 429, 500, 503})
_NEAREST = {405: 404, 410: 404}


def status_of(error: ClinicError) -> int:
    """Return the HTTP status of a refusal."""
    return next(status for kind, status in STATUS.items() if isinstance(error, kind))


def _page(status: int, message: str = "") -> ResponseReturnValue:
    shown = status if status in _PAGES else _NEAREST.get(status, 400 if status < 500 else 500)
    body = render_template(f"errors/{shown}.html", message=message, request_id=request_id())
    headers = {"Retry-After": "5"} if status in {429, 503} else {}
    return body, status, headers


def request_id() -> str:
    """Return this request's id, for the log, the audit trail and the error page."""
    if "request_id" not in g:
        g.request_id = str(uuid.uuid4())
    return str(g.request_id)


def init_app(app: Flask) -> None:
    """Register the handlers."""

    @app.errorhandler(ClinicError)
    def _refused(error: ClinicError) -> ResponseReturnValue:
        return _page(status_of(error), words_of(error))

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> ResponseReturnValue:
        if error.code is None or error.code < 400:
            return error
        return _page(error.code)

    @app.errorhandler(DBAPIError)
    def _database(error: DBAPIError) -> ResponseReturnValue:
        # str(error) holds values of the row: only its class goes into the log.
        log.error("%s %s %s", request_id(), type(error.orig).__name__, request.endpoint)
        gone = error.connection_invalidated or is_retryable(error)
        disk = any(word in str(error.orig) for word in ("disk", "readonly", "read-only", "full"))
        return _page(503 if gone or disk else 500)

    @app.errorhandler(Exception)
    def _failed(error: Exception) -> ResponseReturnValue:
        log.error("%s %s %s", request_id(), type(error).__name__, request.endpoint, exc_info=error)
        if app.testing:
            raise error
        return _page(500)
