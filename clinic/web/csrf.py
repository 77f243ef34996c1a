"""One anti-forgery token a cookie session, checked before any view; nothing is exempt."""

from flask import Flask, abort, request
from flask_wtf.csrf import CSRFProtect

from clinic.web.access import SAFE_METHODS


def init_app(app: Flask) -> None:
    """Guard every POST, PUT, PATCH and DELETE."""
    # The cookie session bounds the token: who writes for an hour must not lose the text.
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    app.config["WTF_CSRF_SSL_STRICT"] = False  # the token decides; Referer may be absent on a LAN

    @app.before_request
    def _refuse_foreign_pages() -> None:
        # Browsers say where a form was sent from. Another site on the same machine or domain is
        # no page of ours either; "none" is the person reloading what they sent before.
        came_from = request.headers.get("Sec-Fetch-Site", "same-origin")
        if request.method in SAFE_METHODS:
            return
        # A part of a multipart body may come without a name, which Flask-WTF does not expect.
        names: list[str | None] = list(request.form)
        if came_from not in {"same-origin", "none"} or None in names:
            abort(400)

    CSRFProtect(app)
