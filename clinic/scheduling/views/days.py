"""Days on which the clinic is closed or open otherwise: its own, and public holidays."""

import datetime as dt
from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import Conflict, Invalid
from clinic.core.text import N_
from clinic.locations import queries as location_queries
from clinic.scheduling import keeping, outside
from clinic.scheduling.hours_forms import HolidaysForm, PlaceDaysForm
from clinic.web.access import actor, require
from clinic.web.database import read, transaction
from clinic.web.formats import fdate
from clinic.web.words import translate, words_of

bp = Blueprint("days", __name__, url_prefix="/clinic/days")
SAVED = N_("Saved. Visits that are booked stay where they are.")
NONE_CHOSEN = N_("Tick at least one day")


@bp.get("")
@require(Permission.CLINIC_MANAGE)
def index() -> ResponseReturnValue:
    """Show the coming days with other hours, and the public holidays nobody decided about."""
    return _page()


def _page(form: PlaceDaysForm | None = None, holidays: HolidaysForm | None = None) -> str:
    db, who = read(), actor()
    ahead = _ahead()
    booked = keeping.booked_on(db, who.location_id, ahead)
    if holidays is None:
        holidays = HolidaysForm(data={"days": [d.isoformat() for d in ahead if not booked[d]]})
    holidays.offer([(day, f"{fdate(day, 'yMMMEd')} · {name}") for day, name in ahead.items()])
    days = keeping.place_days(db, who.location_id, since=clock.today(who.zone))
    return render_template(
        "days/index.html",
        form=form or PlaceDaysForm(),
        holidays=holidays,
        booked=sorted(booked.items()),
        days=days,
        outside=outside.counted(db, who, [one.day for one in days]),
    )


def _ahead() -> Mapping[dt.date, str]:
    location = location_queries.get(read(), actor().location_id)
    return keeping.holidays_ahead(read(), location)


@bp.post("")
@require(Permission.CLINIC_MANAGE)
def create() -> ResponseReturnValue:
    """Keep other hours for some days."""
    form = PlaceDaysForm(request.form)
    if not form.validate():
        return _page(form), 422
    try:
        with transaction() as db:
            keeping.keep_place_days(db, actor(), form.wish())
    except Invalid as bad:
        form.refuse_invalid(bad)
        return _page(form), 422
    return _done()


@bp.post("/holidays")
@require(Permission.CLINIC_MANAGE)
def take_over() -> ResponseReturnValue:
    """Close the clinic on the public holidays that are ticked, or let it work on them."""
    form = HolidaysForm(request.form)
    form.offer(list(_ahead().items()))
    if not form.validate() or not form.chosen():
        form.days.errors = [translate(NONE_CHOSEN)]
        return _page(holidays=form), 422
    decide = keeping.work_on if "work" in request.form else keeping.take_over
    with transaction() as db:
        decide(db, actor(), form.chosen())
    return _done()


@bp.post("/<id:day_id>/opening")
@require(Permission.CLINIC_MANAGE)
def open_again(day_id: int) -> ResponseReturnValue:
    """Let the clinic work on a holiday at the hours of its weekday."""
    try:
        with transaction() as db:
            keeping.open_place_day(db, actor(), day_id)
    except Conflict as refused:
        flash(words_of(refused), "bad")
        return _page(), 409
    return _done()


@bp.post("/<id:day_id>/closing")
@require(Permission.CLINIC_MANAGE)
def close(day_id: int) -> ResponseReturnValue:
    """Close the clinic on a holiday it was to work on."""
    with transaction() as db:
        keeping.close_place_day(db, actor(), day_id)
    return _done()


@bp.post("/<id:day_id>/removal")
@require(Permission.CLINIC_MANAGE)
def drop(day_id: int) -> ResponseReturnValue:
    """Let a date be as its week is."""
    with transaction() as db:
        keeping.drop_place_day(db, actor(), day_id)
    return _done()


def _done() -> ResponseReturnValue:
    flash(translate(SAVED), "ok")
    return redirect(url_for("days.index"), 303)
