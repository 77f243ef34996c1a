"""Days on which the clinic is closed or open otherwise: its own, and public holidays."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.scheduling import keeping
from clinic.scheduling.hours_forms import HolidaysForm, PlaceDaysForm
from clinic.web.access import actor, require
from clinic.web.database import read, transaction
from clinic.web.formats import fdate
from clinic.web.words import translate

bp = Blueprint("days", __name__, url_prefix="/clinic/days")
SAVED = N_("Saved. Visits that are booked stay where they are.")
NONE_CHOSEN = N_("Tick the days on which the clinic is closed")


@bp.get("")
@require(Permission.CLINIC_MANAGE)
def index() -> ResponseReturnValue:
    """Show the coming days with other hours, and the public holidays nobody decided about."""
    return _page()


def _page(form: PlaceDaysForm | None = None, holidays: HolidaysForm | None = None) -> str:
    db, who = read(), actor()
    open_ones = list(keeping.holidays_ahead(db, who).items())
    if holidays is None:
        holidays = HolidaysForm(data={"days": [day.isoformat() for day, _ in open_ones]})
    holidays.offer([(day, f"{fdate(day, 'yMMMEd')} · {name}") for day, name in open_ones])
    return render_template(
        "days/index.html",
        form=form or PlaceDaysForm(),
        holidays=holidays,
        days=keeping.place_days(db, who.location_id, since=clock.today(who.zone)),
    )


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
    """Close the clinic on the public holidays that are ticked."""
    form = HolidaysForm(request.form)
    form.offer([(day, name) for day, name in keeping.holidays_ahead(read(), actor()).items()])
    if not form.validate() or not form.chosen():
        form.days.errors = [translate(NONE_CHOSEN)]
        return _page(holidays=form), 422
    with transaction() as db:
        keeping.take_over(db, actor(), form.chosen())
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
