"""Response headers on everything, errors and static files included."""

from flask import Flask, Response, request

CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "manifest-src 'self'",
        "object-src 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types fragment",
    )
)
_ALWAYS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

WITH_CAMERA = {
    # A picture is seen before it is sent: until then its only address is one of the page's own.
    "Content-Security-Policy": CSP.replace("img-src 'self'", "img-src 'self' blob:"),
    "Permissions-Policy": _ALWAYS["Permissions-Policy"].replace("camera=()", "camera=(self)"),
}
"""What the page that takes pictures has instead; no other page needs either."""


def init_app(app: Flask) -> None:
    """Set the headers on every response."""

    @app.after_request
    def _headers(response: Response) -> Response:
        for name, value in _ALWAYS.items():
            response.headers.setdefault(name, value)
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
        response.headers.setdefault("Cache-Control", "no-store")
        return response
