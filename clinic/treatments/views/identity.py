"""Whose tube it is: its label, reading it at the chair, and the hard stop for another's."""

import segno
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from clinic.audit import looks
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import Conflict, Invalid
from clinic.core.text import N_
from clinic.safety import queries as safety_queries
from clinic.treatments.forms.identity import ClosingForm, TubeForm
from clinic.treatments.queries import identity as queries
from clinic.treatments.queries import preparation as preparation_queries
from clinic.treatments.queries import sessions as session_queries
from clinic.treatments.rules import tubes
from clinic.treatments.service import identity as service
from clinic.web.access import actor, require
from clinic.web.database import end_read, read, transaction
from clinic.web.words import translate

bp = Blueprint("identity", __name__)
MATCHED = N_("The tube is this patient’s.")
CLOSED = N_("The incident is closed. Read the right tube now.")


@bp.post("/sessions/<id:session_id>/label")
@require(Permission.SESSION_LOG)
def print_label(session_id: int) -> ResponseReturnValue:
    """Make the code of the tube, or count another printing, and show the labels."""
    with transaction() as db:
        service.print_label(db, actor(), session_id)
    return redirect(url_for("identity.label", session_id=session_id), 303)


@bp.get("/sessions/<id:session_id>/label")
@require(Permission.SESSION_LOG)
def label(session_id: int) -> ResponseReturnValue:
    """Show the labels of the tubes and the syringe, to be printed."""
    session = session_queries.get_here(read(), actor(), session_id)
    row = preparation_queries.row_of(session)
    if row.tube_code is None:
        return redirect(url_for("preparation.show", session_id=session_id), 303)
    looks.opened("prp_preparation", session_id, patient_id=session.patient_id)
    code = segno.make_qr(row.tube_code, error="m")
    drawn = code.svg_inline(omitsize=True, border=1, svgclass="qr", lineclass=None)
    return render_template(
        "identity/label.html",
        session=session,
        row=row,
        tubes=row.tubes or 1,
        bar=safety_queries.bar(read(), actor(), session.patient_id, on=clock.today(actor().zone)),
        code=tubes.shown(row.tube_code),
        picture=Markup(drawn),  # noqa: S704 - drawn by segno from eight plain signs
    )


@bp.get("/sessions/<id:session_id>/identity")
@require(Permission.SESSION_LOG)
def show(session_id: int) -> ResponseReturnValue:
    """Show what is asked aloud at the chair, and the field the tube is read into."""
    session = session_queries.get_here(read(), actor(), session_id)
    preparation_queries.row_of(session)
    looks.opened("prp_preparation", session_id, patient_id=session.patient_id)
    return _page(session_id, TubeForm())


@bp.post("/sessions/<id:session_id>/identity")
@require(Permission.SESSION_LOG)
def check(session_id: int) -> ResponseReturnValue:
    """Stamp that the tube is this patient's; another's is a hard stop, ticked or not."""
    form = TubeForm(request.form)
    form.validate()
    if form.code.errors:
        return _page(session_id, form), 422
    try:
        with transaction() as db:
            stopped = service.check(db, actor(), form.wish(session_id))
    except service.NotSaid:
        return _page(session_id, form), 422  # Each tick says it at its own place.
    except Invalid as none:
        stopped = none
    if isinstance(stopped, Invalid):
        form.refuse_invalid(stopped)
        return _page(session_id, form), 422
    if stopped is not None:
        return _page(session_id, form), 409
    flash(translate(MATCHED), "ok")
    return redirect(url_for("treatments.show", session_id=session_id), 303)


@bp.get("/incidents/<id:incident_id>")
@require(Permission.CHART_VIEW)
def incident(incident_id: int) -> ResponseReturnValue:
    """Show an incident, and what closes it."""
    queries.card(read(), actor(), incident_id)
    looks.opened("incident", incident_id)
    return _incident_page(incident_id, ClosingForm())


@bp.post("/incidents/<id:incident_id>/close")
@require(Permission.SESSION_SIGN)
def close(incident_id: int) -> ResponseReturnValue:
    """Say what was done about an incident."""
    queries.card(read(), actor(), incident_id)
    form = ClosingForm(request.form)
    if not form.validate():
        return _incident_page(incident_id, form), 422
    try:
        with transaction() as db:
            closed = service.close(db, actor(), form.wish(incident_id))
            session_id = closed.session_id
    except Conflict as meanwhile:
        form.refuse("", meanwhile)
        return _incident_page(incident_id, form), 409
    flash(translate(CLOSED), "ok")
    return redirect(url_for("identity.show", session_id=session_id), 303)


def _page(session_id: int, form: TubeForm) -> str:
    end_read()
    db, who = read(), actor()
    session = session_queries.get_here(db, who, session_id)
    incidents = queries.of_session(db, session_id)
    return render_template(
        "identity/show.html",
        form=form,
        session=session,
        row=preparation_queries.row_of(session),
        incidents=[one for one in incidents if one.closed_at is None],
        names=session_queries.names(db, preparation_queries.account_ids(session)),
        bar=safety_queries.bar(db, who, session.patient_id, on=clock.today(who.zone)),
        is_draft=session.signed_at is None,
    )


def _incident_page(incident_id: int, form: ClosingForm) -> str:
    end_read()
    card = queries.card(read(), actor(), incident_id)
    form.version.renew(card.version)
    return render_template(
        "identity/incident.html",
        form=form,
        card=card,
        may_close=actor().may(Permission.SESSION_SIGN) and card.closed_at is None,
    )
