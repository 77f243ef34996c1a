"""Liveness and readiness, for whoever keeps the server running."""

import sqlalchemy as sa
from flask import Blueprint
from flask.typing import ResponseReturnValue

from clinic.web.access import public
from clinic.web.database import read

bp = Blueprint("health", __name__, url_prefix="/health")


@bp.get("/live")
@public
def live() -> ResponseReturnValue:
    """Answer that the process runs."""
    return {"status": "ok"}


@bp.get("/ready")
@public
def ready() -> ResponseReturnValue:
    """Answer that the database answers; 503 otherwise (by the error page)."""
    read().execute(sa.select(1))
    return {"status": "ok"}
