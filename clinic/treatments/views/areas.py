"""The areas of zones: of a patient who was measured, and the clinic's own table."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.audit import looks
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.text import N_
from clinic.patients import queries as patient_queries
from clinic.safety import queries as safety_queries
from clinic.treatments.forms.areas import AreasForm
from clinic.treatments.queries import areas as queries
from clinic.treatments.service import areas as service
from clinic.web.access import actor, asks_inside, require
from clinic.web.database import read, transaction
from clinic.web.words import translate

bp = Blueprint("areas", __name__)
KEPT = N_("The areas are kept.")


@bp.get("/patients/<id:patient_id>/zone-areas")
@require(Permission.FACT_RECORD)
def edit(patient_id: int) -> ResponseReturnValue:
    """Show what was measured on a patient, and what the clinic's table says of the rest."""
    patient_queries.get(read(), patient_id, location_id=actor().location_id)
    looks.opened("zone_area", patient_id, patient_id=patient_id)
    return _page(_shown(patient_id), patient_id)


@bp.post("/patients/<id:patient_id>/zone-areas")
@require(Permission.FACT_RECORD)
def update(patient_id: int) -> ResponseReturnValue:
    """Note what was measured on a patient."""
    return _measure(patient_id)


@bp.get("/zone-areas")
@require(Permission.SESSION_SIGN)
def table() -> ResponseReturnValue:
    """Show the clinic's own table of areas."""
    return _page(_shown(None), None)


@bp.post("/zone-areas")
@require(Permission.SESSION_SIGN)
@asks_inside
def set_table() -> ResponseReturnValue:
    """Note the clinic's own areas."""
    return _measure(None)


def _measure(patient_id: int | None) -> ResponseReturnValue:
    form = AreasForm(request.form, is_patients=patient_id is not None)
    form.measured_on.latest = lambda: clock.today(actor().zone)
    form.process(request.form)
    if not form.validate():
        return _page(form, patient_id), 422
    with transaction() as db:
        service.measure(db, actor(), form.wish(patient_id))
    flash(translate(KEPT), "ok")
    where = "areas.table" if patient_id is None else "areas.edit"
    return redirect(url_for(where, patient_id=patient_id), 303)


def _shown(patient_id: int | None) -> AreasForm:
    known = queries.areas(read(), location_id=actor().location_id, patient_id=patient_id)
    own = {
        zone.value: area.area_mm2 * 10
        for zone, area in known.items()
        if area.is_patients == (patient_id is not None)
    }
    today = {"measured_on": clock.today(actor().zone)}
    return AreasForm(is_patients=patient_id is not None, data={**own, **today})


def _page(form: AreasForm, patient_id: int | None) -> str:
    who, db = actor(), read()
    on = clock.today(who.zone)
    return render_template(
        "areas/edit.html",
        form=form,
        patient_id=patient_id,
        known=queries.areas(db, location_id=who.location_id, patient_id=patient_id),
        bar=None if patient_id is None else safety_queries.bar(db, who, patient_id, on=on),
        may_set_table=who.may(Permission.SESSION_SIGN),
    )
