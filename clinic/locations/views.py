"""The clinic's settings: name, address, phones, time zone, country, opening hours."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from clinic.audit import looks
from clinic.core.access import Permission
from clinic.core.errors import Invalid, StaleEdit
from clinic.core.text import N_
from clinic.locations import holidays, queries, service
from clinic.locations import rules as location_rules
from clinic.locations.forms import LocationForm
from clinic.locations.models import Location
from clinic.web.access import actor, asks_inside, require
from clinic.web.database import read, transaction
from clinic.web.words import translate

bp = Blueprint("locations", __name__)
ELSEWHERE = N_("The public holidays are others now: decide about them, and remove those of before.")


@bp.get("/clinic")
@require(Permission.CLINIC_MANAGE)
def edit() -> ResponseReturnValue:
    """Show the settings."""
    location = queries.with_hours(read(), actor().location_id)
    looks.opened("location", location.id)
    return _page(LocationForm(data=_present(location)), location)


@bp.post("/clinic")
@require(Permission.CLINIC_MANAGE)
@asks_inside
def update() -> ResponseReturnValue:
    """Save the settings."""
    form = LocationForm(request.form)
    location = queries.with_hours(read(), actor().location_id)
    _offer(form, location)
    if not form.validate():
        return _page(form, location), 422
    wish = form.command(location.id)
    is_elsewhere = (wish.country, wish.subdivision) != (location.country, location.subdivision)
    try:
        with transaction() as db:
            service.change(db, actor(), wish)
    except Invalid as refused:
        form.refuse_invalid(refused)
        return _page(form, location), 422
    except StaleEdit as stale:
        now = queries.with_hours(read(), actor().location_id)
        form.version.renew(now.version)
        form.refuse("", stale)
        return _page(form, now, stale=_both(form, now)), 409
    flash(translate(N_("The clinic's settings were saved.")), "ok")
    if is_elsewhere:
        flash(translate(ELSEWHERE), "warn")
        return redirect(url_for("days.index"), 303)
    return redirect(url_for("locations.edit"), 303)


def _page(
    form: LocationForm, location: Location, stale: list[tuple[str, str, str]] | None = None
) -> str:
    _offer(form, location)
    return render_template("locations/edit.html", form=form, stale=stale or [])


def _present(location: Location) -> dict[str, Any]:
    spans = queries.spans(location)
    fields = ("version", *service.FIELDS)
    hours = {f"hours_{day}": location_rules.text_of(spans, day) for day in range(7)}
    return {name: getattr(location, name) for name in fields} | hours


def _offer(form: LocationForm, location: Location) -> None:
    """Fill the lists; the parts of a country are those of the one that is chosen."""
    names = get_locale().territories
    known = holidays.countries()
    country = str(form.country.data or "")
    form.country.offer(
        sorted(((code, names.get(code, code)) for code in known), key=lambda pair: pair[1])
    )
    form.zone.offer((zone, zone.replace("_", " ")) for zone in location_rules.zones())
    parts = known.get(country) or known.get(location.country, ())
    form.subdivision.offer(
        ((part, part) for part in parts), blank=translate(N_("The whole country"))
    )


def _both(form: LocationForm, now: Location) -> list[tuple[str, str, str]]:
    """Return label, saved text and typed text of every field, for a stale page."""
    saved = {name: "" if value is None else str(value) for name, value in _present(now).items()}
    rows = []
    for field in form:
        if field.name in saved and field is not form.version:
            typed = "" if field.data is None else str(field.data)
            rows.append((field.label.text, saved[field.name], typed))
    return rows
