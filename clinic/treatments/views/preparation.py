"""Blood and PRP: the card at the centrifuge, with a save of its own beside the map's."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.audit import looks
from clinic.core.access import Permission
from clinic.core.errors import StaleEdit
from clinic.core.text import N_
from clinic.treatments import pages_preparation as pages
from clinic.treatments.forms.drafts import PageForm
from clinic.treatments.forms.preparation import PreparationForm
from clinic.treatments.preparation_values import Act
from clinic.treatments.queries import preparation as queries
from clinic.treatments.queries import sessions as session_queries
from clinic.treatments.service import preparation as service
from clinic.treatments.service.sessions import AlreadySigned, ContentRefused
from clinic.treatments.values import SessionState
from clinic.web.access import actor, require
from clinic.web.database import end_read, read, transaction
from clinic.web.formats import sentence
from clinic.web.words import translate

bp = Blueprint("preparation", __name__)
SAVED = N_("Blood and PRP are saved.")
ACTS = {act.value: act for act in Act}


@bp.get("/sessions/<id:session_id>/preparation")
@require(Permission.SESSION_LOG)
def show(session_id: int) -> ResponseReturnValue:
    """Show the card of blood and PRP; a signed one is read in its session."""
    session = session_queries.get_here(read(), actor(), session_id)
    queries.row_of(session)
    if session.state is SessionState.SIGNED:
        return redirect(url_for("treatments.show", session_id=session_id), 303)
    looks.opened("prp_preparation", session_id, patient_id=session.patient_id)
    return _page(session_id)


@bp.post("/sessions/<id:session_id>/preparation")
@require(Permission.SESSION_LOG)
def save(session_id: int) -> ResponseReturnValue:
    """Keep the card; a button of it also fills in a preset, or stamps what was done just now."""
    offer = pages.Offer(read(), actor(), session_id)
    form = offer.form()
    form.process(request.form)
    does, _, number = request.form.get("do", "").partition("-")
    if does == "preset":
        chosen = next((p for p in offer.presets if str(p.id) == number), None)
        if chosen is not None:
            form.take(chosen, offer.kit_of(chosen))
    unread = offer.take_scan(form)
    is_good = form.validate()
    if unread is not None:
        form.refuse("scan", unread)
    if unread is not None or not is_good:
        return _page(session_id, form), 422
    act = ACTS.get(request.form.get("do", ""))
    page = PageForm(request.form).page()
    wish = form.wish(session_id, offer.content(form, actor().zone), act, page)
    try:
        with transaction() as db:
            service.save(db, actor(), wish)
    except ContentRefused as refused:
        for breach in refused.breaches:
            form.refuse(breach.field, sentence(breach.sentence))
        return _page(session_id, form), 422
    except (StaleEdit, AlreadySigned) as stale:
        form.refuse("", stale)
        return _page(session_id, form, is_stale=True), 409
    if not request.form.get("do"):
        flash(translate(SAVED), "ok")
    where = {"start": "spins", "stop": "spins", "obtained": "prp-card"}.get(does)
    return redirect(url_for("preparation.show", session_id=session_id, _anchor=where), 303)


def _page(session_id: int, form: PreparationForm | None = None, *, is_stale: bool = False) -> str:
    end_read()
    sender = PageForm(request.form).page() if form else None
    sent = pages.Sent(form=form, page=sender, is_stale=is_stale)
    return render_template("preparation/show.html", **pages.show(read(), actor(), session_id, sent))
