"""Sessions: the brief before, the draft with its map, the signed record, what is added to it."""

from collections.abc import Callable, Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from clinic.audit import looks
from clinic.core.access import Permission
from clinic.core.errors import Invalid, StaleEdit
from clinic.core.text import N_
from clinic.scheduling.values import Refused
from clinic.treatments import pages
from clinic.treatments.forms.beginning import LaterForm, StartForm
from clinic.treatments.forms.drafts import PageForm
from clinic.treatments.forms.session import (
    WHY,
    AddendumForm,
    SessionForm,
    SignatureForm,
)
from clinic.treatments.queries import identity as identity_queries
from clinic.treatments.queries import sessions as queries
from clinic.treatments.service import drafts, later
from clinic.treatments.service import sessions as service
from clinic.treatments.values import Breach, Page
from clinic.web.access import actor, asks_inside, require
from clinic.web.database import end_read, read, transaction
from clinic.web.formats import sentence
from clinic.web.paging import page_of_request
from clinic.web.words import translate

bp = Blueprint("treatments", __name__)
SAVED = N_("The draft is saved.")
DONE = N_("The session is signed. The visit is done.")
ENDED = N_("The session is broken off. What was given is kept.")
ADDED = N_("The addendum is kept.")


@bp.get("/sessions")
@require(Permission.CHART_VIEW)
def index() -> ResponseReturnValue:
    """Show what is not signed yet, one's own first, then what was done lately."""
    who, db, page = actor(), read(), page_of_request()
    drafts = queries.unsigned(db, location_id=who.location_id, account_id=who.id)
    recent = queries.recent(
        db, location_id=who.location_id, offset=page.offset, limit=page.size + 1
    )
    incidents = identity_queries.open_incidents(db, who.location_id)
    looks.listed("treatment_session", (card.id for card in (*drafts, *recent)))
    return render_template(
        "treatments/index.html",
        drafts=drafts,
        incidents=incidents,
        recent=recent[: page.size],
        more=len(recent) > page.size,
        page=page,
    )


@bp.get("/appointments/<id:appointment_id>/session")
@require(Permission.SESSION_LOG)
def prepare(appointment_id: int) -> ResponseReturnValue:
    """Show what is known before the treatment, and the button that begins it."""
    visit = queries.visit_here(read(), actor(), appointment_id)
    begun = queries.of_appointment(read(), appointment_id)
    if begun is not None:
        return redirect(url_for("treatments.show", session_id=begun.id), 303)
    looks.opened("appointment", appointment_id, patient_id=visit.patient_id)
    return _prepare_page(appointment_id, StartForm())


@bp.post("/appointments/<id:appointment_id>/session")
@require(Permission.SESSION_LOG)
def begin(appointment_id: int) -> ResponseReturnValue:
    """Begin the session, unless the check of this moment refuses it."""
    form = StartForm(request.form)
    if not form.validate():
        return _prepare_page(appointment_id, form), 422
    try:
        with transaction() as db:
            begun = service.begin(db, actor(), form.wish(appointment_id))
    except Invalid as missing:
        form.refuse_invalid(missing)
        return _prepare_page(appointment_id, form), 422
    except StaleEdit as stale:
        form.refuse("", stale)
        return _prepare_page(appointment_id, form), 409
    if isinstance(begun, Refused):
        return _prepare_page(appointment_id, form), 409
    return redirect(url_for("treatments.show", session_id=begun.id), 303)


@bp.post("/appointments/<id:appointment_id>/session/later")
@require(Permission.SESSION_SIGN)
def write_later(appointment_id: int) -> ResponseReturnValue:
    """Open the record of a visit that is over."""
    form = LaterForm(request.form)
    if not form.validate():
        return _prepare_page(appointment_id, StartForm(), form), 422
    try:
        with transaction() as db:
            begun = later.write_later(db, actor(), form.wish(appointment_id))
    except Invalid as missing:
        form.refuse_invalid(missing)
        return _prepare_page(appointment_id, StartForm(), form), 422
    except StaleEdit as stale:
        form.refuse("", stale)
        return _prepare_page(appointment_id, StartForm(), form), 409
    return redirect(url_for("treatments.show", session_id=begun.id), 303)


@bp.get("/sessions/<id:session_id>")
@require(Permission.CHART_VIEW)
def show(session_id: int) -> ResponseReturnValue:
    """Show a draft to be written, or a signed session to be read."""
    session = queries.get_here(read(), actor(), session_id)
    looks.opened("treatment_session", session_id, patient_id=session.patient_id)
    return _page(session_id)


@bp.post("/sessions/<id:session_id>")
@require(Permission.SESSION_LOG)
def save(session_id: int) -> ResponseReturnValue:
    """Keep the draft; two of its buttons add a row of points or take one away."""
    form = _fitted(SessionForm(), session_id)
    does, _, number = request.form.get("do", "draft").partition("-")
    is_good = form.validate()
    if does == "add":
        is_good = form.add_points() and is_good
    elif does == "remove":
        form.remove_point(number)
    if not is_good:
        return _page(session_id, form), 422
    answer = _keep(
        form, session_id, lambda db: service.save(db, actor(), form.draft(session_id, _sent_by()))
    )
    if answer is not None:
        return answer
    if does == "draft":
        flash(translate(SAVED), "ok")
    where = None if does == "draft" else "points-card"
    return redirect(url_for("treatments.show", session_id=session_id, _anchor=where), 303)


@bp.post("/sessions/<id:session_id>/signature")
@require(Permission.SESSION_SIGN)
@asks_inside
def sign(session_id: int) -> ResponseReturnValue:
    """Keep what is written and lock it."""
    form = _fitted(SignatureForm(), session_id)
    if not form.validate():
        return _page(session_id, form), 422
    answer = _keep(
        form,
        session_id,
        lambda db: service.sign(db, actor(), form.signature(session_id, _sent_by())),
    )
    if answer is not None:
        return answer
    flash(translate(DONE), "ok")
    return redirect(url_for("treatments.show", session_id=session_id), 303)


@bp.post("/sessions/<id:session_id>/abort")
@require(Permission.SESSION_SIGN)
@asks_inside
def abort(session_id: int) -> ResponseReturnValue:
    """Keep what was given so far and why it ended, and lock it."""
    form = _fitted(SignatureForm(), session_id)
    is_good = form.validate()
    if not form.reason.text():
        form.refuse("reason", WHY)
        is_good = False
    if not is_good:
        return _page(session_id, form), 422
    answer = _keep(
        form,
        session_id,
        lambda db: service.abort(db, actor(), form.abortion(session_id, _sent_by())),
    )
    if answer is not None:
        return answer
    flash(translate(ENDED), "ok")
    return redirect(url_for("treatments.show", session_id=session_id), 303)


@bp.post("/sessions/<id:session_id>/addenda")
@require(Permission.SESSION_SIGN)
@asks_inside
def add(session_id: int) -> ResponseReturnValue:
    """Add words to a signed session."""
    queries.get_here(read(), actor(), session_id)
    form = AddendumForm(request.form)
    if not form.validate():
        return _page(session_id, addendum=form), 422
    with transaction() as db:
        service.add(db, actor(), form.wish(session_id))
    flash(translate(ADDED), "ok")
    return redirect(url_for("treatments.show", session_id=session_id, _anchor="addenda"), 303)


# ---- what they share ----


def _sent_by() -> Page:
    """Return the page that sent this form."""
    return PageForm(request.form).page()


def _fitted(form: SessionForm, session_id: int) -> SessionForm:
    """Return a form as it was sent, fitted to the session; 404 for an unknown one."""
    pages.fit(read(), actor(), form, session_id)
    form.process(request.form)  # After fitting: the limits of the session decide what can be read.
    return form


def _keep(
    form: SessionForm, session_id: int, act: Callable[[Session], object]
) -> ResponseReturnValue | None:
    """Run a use case; None when it was done, else the page with what stands against it."""
    try:
        with transaction() as db:
            act(db)
    except service.ContentRefused as refused:
        for breach in refused.breaches:
            form.refuse(breach.field, sentence(breach.sentence))
        page = _page(session_id, form, unusual=refused.unusual, outside=refused.outside)
        return page, 422
    except (drafts.TypedElsewhere, drafts.PreparationMoved) as unseen:
        form.refuse("", unseen)
        return _page(session_id, form), 409
    except (StaleEdit, service.AlreadySigned) as stale:
        form.refuse("", stale)
        return _page(session_id, form, is_stale=True), 409
    return None


def _prepare_page(appointment_id: int, form: StartForm, later: LaterForm | None = None) -> str:
    end_read()  # What was just refused is not in what was read before.
    page = pages.before(read(), actor(), appointment_id, form, later or LaterForm())
    return render_template("treatments/prepare.html", **page)


def _page(
    session_id: int,
    form: SessionForm | None = None,
    *,
    addendum: AddendumForm | None = None,
    is_stale: bool = False,
    unusual: Sequence[Breach] | None = None,
    outside: Sequence[Breach] = (),
) -> str:
    """Return the page of a session: a draft with its form, a signed one as it is read."""
    end_read()
    page = pages.of_session(
        read(),
        actor(),
        session_id,
        pages.Sent(
            form=form,
            addendum=addendum,
            is_stale=is_stale,
            unusual=unusual,
            outside=outside,
            page=_sent_by() if form else None,
        ),
    )
    return render_template("treatments/show.html", **page)
