"""Calendar feeds: their secret addresses, and the calendars behind them."""

import hashlib

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.catalog.values import KIND_NAMES, ResourceKind
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.text import N_
from clinic.messages import calendars, queries, service
from clinic.scheduling import holdings
from clinic.web.access import actor, public, require
from clinic.web.database import read, transaction
from clinic.web.words import translate

bp = Blueprint("feeds", __name__)
ENDED = N_("The address shows nothing any more.")


@bp.get("/clinic/feeds")
@require(Permission.CLINIC_MANAGE)
def index() -> ResponseReturnValue:
    """List whose calendar has an address."""
    return _page()


def _page(shown: dict[str, str] | None = None) -> str:
    db, who = read(), actor()
    rows = [
        row
        for row in holdings.everything(db, who.location_id)
        if row.kind is not ResourceKind.DEVICE and row.is_active
    ]
    feeds = queries.open_feeds(db, [row.id for row in rows])
    return render_template(
        "feeds/index.html",
        rows=rows,
        made={resource_id: feed.made_at for resource_id, feed in feeds.items()},
        kind_names=KIND_NAMES,
        shown=shown,
    )


@bp.post("/clinic/feeds/<id:resource_id>")
@require(Permission.CLINIC_MANAGE)
def make(resource_id: int) -> ResponseReturnValue:
    """Make an address, shown this once; an older one ends."""
    with transaction() as db:
        secret = service.open_feed(db, actor(), resource_id)
    name = holdings.card(read(), actor(), resource_id).name
    address = url_for("feeds.calendar", secret=secret, _external=True)
    return _page({"name": name, "address": address}), 201


@bp.post("/clinic/feeds/<id:resource_id>/revocation")
@require(Permission.CLINIC_MANAGE)
def revoke(resource_id: int) -> ResponseReturnValue:
    """End an address."""
    with transaction() as db:
        service.revoke_feed(db, actor(), resource_id)
    flash(translate(ENDED), "ok")
    return redirect(url_for("feeds.index"), 303)


@bp.get("/feeds/<string:secret>.ics")
@public
def calendar(secret: str) -> ResponseReturnValue:
    """Answer a calendar program with service, room and link of each visit, and nothing else."""
    resource = queries.feed_of(read(), service.feed_hash(secret))
    if resource is None:
        abort(404)
    body = calendars.feed(
        read(),
        resource,
        clock.now(),
        lambda appointment_id: url_for(
            "scheduling.show", appointment_id=appointment_id, _external=True
        ),
    )
    response = Response(body, mimetype="text/calendar")
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    return response.make_conditional(request)
