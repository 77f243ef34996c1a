"""The visits that stand outside the hours, and moving all of them."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.core.access import Permission
from clinic.core.errors import ClinicError, Conflict
from clinic.core.text import N_
from clinic.scheduling import damage, holdings
from clinic.scheduling.outside import Outside
from clinic.scheduling.views import moving
from clinic.web.access import actor, require
from clinic.web.database import read, transaction
from clinic.web.words import translate

bp = Blueprint("outside", __name__, url_prefix="/visits-outside-hours")
REASON = N_("Outside the hours")


@bp.get("")
@require(Permission.TIME_BLOCK)
def index() -> ResponseReturnValue:
    """Show the coming visits outside the hours: of the place, of one resource or of one day."""
    return _page(_asked())


def _asked() -> Outside:
    """Return what the address asks for; all of them for none, and for what is no day."""
    raw = request.args.get("resource_id", "")
    resource_id = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else None
    return Outside(actor=actor(), resource_id=resource_id, on=_day("date"), since=_day("since"))


def _day(name: str) -> dt.date | None:
    try:
        on = dt.date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return on if 2000 <= on.year <= 2198 else None


def _page(
    cause: Outside,
    *,
    chosen: Mapping[int, str] | None = None,
    why: Mapping[int, ClinicError] | None = None,
) -> str:
    resource = None
    if cause.resource_id is not None:
        resource = holdings.card(read(), actor(), cause.resource_id)
    return render_template(
        "outside/index.html",
        resource=resource,
        on=cause.on,
        asked=_said(cause),
        shown=cause.shown,
        later=_said(cause) | {"since": cause.shown[1].isoformat()}
        if cause.has_more(read())
        else None,
        **moving.shown(cause, "outside_hours", chosen=chosen, why=why, **_said(cause)),
    )


def _said(cause: Outside) -> dict[str, Any]:
    """Return what the address says, to say it again."""
    said: dict[str, Any] = (
        {} if cause.resource_id is None else {"resource_id": str(cause.resource_id)}
    )
    said |= {} if cause.on is None else {"date": cause.on.isoformat()}
    return said | ({} if cause.since is None else {"since": cause.since.isoformat()})


@bp.post("/moves")
@require(Permission.APPOINTMENT_BOOK)
def move_all() -> ResponseReturnValue:
    """Move the visits where the page says, all of them or none."""
    cause, sent = _asked(), moving.sent()
    try:
        with transaction() as db:
            count = damage.move_all(db, actor(), cause, sent.placed, reason=translate(REASON))
    except Conflict as error:
        return _page(cause, chosen=sent.chosen, why=moving.refused(error)), 409
    moving.said(count)
    return redirect(url_for("outside.index", **_said(cause)), 303)
