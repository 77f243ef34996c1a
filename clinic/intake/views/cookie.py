"""The tablet's own cookie: a random value whose hash is in the handover's row, and nothing else."""

from flask import Request, Response

from clinic.accounts.rules import token_hash
from clinic.scheduling.rules.handovers import LONGEST


def name(request: Request) -> str:
    """Return the cookie's name: `__Host-` where https makes that possible."""
    return "__Host-tablet" if request.is_secure else "tablet"


def hash_of(request: Request) -> str | None:
    """Return the hash of this browser's cookie; None when it has none."""
    token = request.cookies.get(name(request), "")
    return token_hash(token) if 40 <= len(token) <= 64 else None


def put(request: Request, response: Response, token: str) -> None:
    """Give the browser the screen; the cookie goes by itself when the screen is over at last."""
    response.set_cookie(
        name(request),
        token,
        max_age=int(LONGEST.total_seconds()),
        path="/",
        httponly=True,
        samesite="Strict",
        secure=request.is_secure,
    )
