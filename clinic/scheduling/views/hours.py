"""When somebody works: the week, single days, and what keeps them from being booked."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.catalog.values import KIND_NAMES
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import Invalid, StaleEdit
from clinic.core.text import N_
from clinic.locations import queries as location_queries
from clinic.locations import rules as location_rules
from clinic.locations.values import WEEKDAYS
from clinic.scheduling import blocks, holdings, keeping, outside
from clinic.scheduling.closing import BLOCK_NAMES
from clinic.scheduling.hours_forms import OwnDayForm, OwnWeekForm
from clinic.web.access import actor, asks_inside, require
from clinic.web.database import read, transaction
from clinic.web.words import translate

bp = Blueprint("hours", __name__)
SAVED = N_("The hours were saved. Visits that are booked stay where they are.")
DAY_SAVED = N_("The day was saved. Visits that are booked stay where they are.")
DROPPED = N_("The day is as the week again.")


@bp.get("/clinic/resources/<id:resource_id>/hours")
@require(Permission.CLINIC_MANAGE)
def edit(resource_id: int) -> ResponseReturnValue:
    """Show the hours of somebody or something."""
    return _page(resource_id)


def _page(
    resource_id: int, form: OwnWeekForm | None = None, day_form: OwnDayForm | None = None
) -> str:
    db, who = read(), actor()
    row = holdings.card(db, who, resource_id)
    today = clock.today(who.zone)
    if form is None:
        spans = keeping.week_of(db, resource_id)
        hours = {f"hours_{day}": location_rules.text_of(spans, day) for day in range(7)}
        form = OwnWeekForm(data={"version": row.version, **hours})
    return render_template(
        "hours/edit.html",
        form=form,
        day_form=day_form or OwnDayForm(),
        row=row,
        place=_place(),
        days=keeping.own_days(db, resource_id, since=today),
        blocks=blocks.coming(db, who, resource_id=resource_id),
        outside=outside.of_resource(db, who, resource_id),
        kind_names=KIND_NAMES,
        block_names=BLOCK_NAMES,
    )


def _place() -> list[str]:
    """Return the clinic's own hours of each weekday, as people write them."""
    spans = location_queries.spans(location_queries.with_hours(read(), actor().location_id))
    return [location_rules.text_of(spans, day) for day in range(7)]


@bp.post("/clinic/resources/<id:resource_id>/hours")
@require(Permission.CLINIC_MANAGE)
@asks_inside
def update(resource_id: int) -> ResponseReturnValue:
    """Save the week."""
    form = OwnWeekForm(request.form)
    if not form.validate():
        return _page(resource_id, form), 422
    try:
        with transaction() as db:
            keeping.keep_week(db, actor(), form.wish(resource_id))
    except Invalid as bad:
        form.refuse_invalid(bad)
        return _page(resource_id, form), 422
    except StaleEdit as stale:
        form.version.renew(holdings.card(read(), actor(), resource_id).version)
        form.refuse("", stale)
        return _page(resource_id, form), 409
    return _done(resource_id, SAVED)


@bp.post("/clinic/resources/<id:resource_id>/days")
@require(Permission.CLINIC_MANAGE)
def add_day(resource_id: int) -> ResponseReturnValue:
    """Keep other hours for one date."""
    form = OwnDayForm(request.form)
    if not form.validate():
        return _page(resource_id, day_form=form), 422
    try:
        with transaction() as db:
            keeping.keep_own_day(db, actor(), form.wish(resource_id))
    except Invalid as bad:
        form.refuse_invalid(bad)
        return _page(resource_id, day_form=form), 422
    return _done(resource_id, DAY_SAVED)


@bp.post("/clinic/resources/<id:resource_id>/days/<id:day_id>/removal")
@require(Permission.CLINIC_MANAGE)
def drop_day(resource_id: int, day_id: int) -> ResponseReturnValue:
    """Let a date be as its week is."""
    with transaction() as db:
        keeping.drop_own_day(db, actor(), resource_id, day_id)
    return _done(resource_id, DROPPED)


def _done(resource_id: int, said: str) -> ResponseReturnValue:
    flash(translate(said), "ok")
    return redirect(url_for("hours.edit", resource_id=resource_id), 303)


@bp.get("/account/hours")
@require(Permission.BOARD_VIEW)
def show() -> ResponseReturnValue:
    """Show whoever is signed in when they work, as the clinic keeps it."""
    db, who = read(), actor()
    own = keeping.own_resource(db, who)
    spans = keeping.week_of(db, own.id) if own else ()
    return render_template(
        "hours/show.html",
        is_kept=own is not None,
        weekdays=WEEKDAYS,
        has_own=bool(spans),
        week=[location_rules.text_of(spans, day) for day in range(7)] if spans else _place(),
        days=keeping.own_days(db, own.id, since=clock.today(who.zone)) if own else (),
        place_days=keeping.place_days(db, who.location_id, since=clock.today(who.zone)),
        blocks=blocks.coming(db, who, resource_id=own.id) if own else (),
        block_names=BLOCK_NAMES,
    )
