"""The pages of one visit: how it stands, its steps, moving it."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from clinic.audit import looks
from clinic.consents.values import CONSENT_NAMES
from clinic.core.access import Permission
from clinic.core.errors import ClinicError, Invalid
from clinic.core.text import N_
from clinic.safety import explaining
from clinic.safety.rules.redaction import STATUS_NAMES as RECEPTION_NAMES
from clinic.scheduling import (
    alternatives,
    course_next,
    course_queries,
    desk,
    handovers,
    moving,
    service,
    visit,
)
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling.forms import CancelForm, MoveForm
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.rules.checks import LEVELS
from clinic.scheduling.step_forms import (
    ArriveForm,
    HandOverForm,
    NoShowForm,
    StartForm,
    StepForm,
    StrikeForm,
)
from clinic.scheduling.values import (
    ACTION_NAMES,
    CONFIRMATION_NAMES,
    STATUS_NAMES,
    AppointmentStatus,
    Confirmation,
    Refused,
    VisitAction,
)
from clinic.web.access import actor, require
from clinic.web.database import read, transaction
from clinic.web.errors import status_of
from clinic.web.links import own_path, with_values
from clinic.web.words import translate, words_of

bp = Blueprint("scheduling", __name__)
ARRIVED = N_("%(who)s is here.")
MOVED = N_("The visit was moved.")
CANCELLED = N_("The visit was cancelled. Its time is free again.")
TAKEN_BACK = N_("Taken back: the visit is booked again.")
NO_SHOW = N_("Noted that nobody came. The time is free again.")
STARTED = N_("The visit has begun.")
FINISHED = N_("The visit is done.")
TAKEN_FROM_PATIENT = N_("The tablet shows nothing of this patient any more.")
ODD = N_("This button was out of date. Look at the visit and press again.")
BY_SESSION = N_("A treatment is begun and finished by its session.")
HEARD_ICONS = {
    Confirmation.CONFIRMED: "check",
    Confirmation.ASKED: "message-square",
    Confirmation.NOT_REACHED: "phone-missed",
    Confirmation.OTHER_TIME: "calendar-clock",
}
REFUSED = N_("The check refuses this. It says why below.")


@bp.get("/appointments/<id:appointment_id>")
@require(Permission.BOARD_VIEW)
def show(appointment_id: int) -> ResponseReturnValue:
    """Show a visit: what, when, where, how it stands, what may be done, what happened."""
    return visit_page(appointment_id, is_look=True)


def visit_page(
    appointment_id: int,
    *,
    is_look: bool = False,
    arrive_form: ArriveForm | None = None,
    cancel_form: CancelForm | None = None,
    strike_form: StrikeForm | None = None,
) -> str:
    """Return the page of a visit as it stands, with what was typed into its forms."""
    page = visit.page(read(), actor(), appointment_id)
    if is_look:
        looks.opened("appointment", appointment_id, patient_id=page.visit.patient_id)
    version = page.visit.version
    for form in (arrive_form, cancel_form, strike_form):
        if form is not None:
            form.version.renew(version)  # The page shows the present state: who presses means it.
    course = course_queries.page(read(), actor(), page.course_id) if page.course_id else None
    return render_template(
        "scheduling/show.html",
        page=page,
        course=course,
        next_session=course_next.session(read(), actor(), course)
        if course is not None
        and page.visit.status is AppointmentStatus.DONE
        and actor().may(Permission.APPOINTMENT_BOOK)
        else None,
        bar=page.bar,
        why=explaining.why(read(), page.visit.patient_id) if page.checked else None,
        arrive_form=arrive_form or ArriveForm(version=version),
        cancel_form=cancel_form or CancelForm(version=version),
        strike_form=strike_form or StrikeForm(version=version),
        is_cancelling=cancel_form is not None,
        is_striking=strike_form is not None,
        actions=VisitAction,
        action_names=ACTION_NAMES,
        status_names=STATUS_NAMES,
        confirmation_names=CONFIRMATION_NAMES,
        heard_icons=HEARD_ICONS,
        reception_names=RECEPTION_NAMES,
        reception_levels=LEVELS,
        consent_names=CONSENT_NAMES,
        has_page=lambda endpoint: endpoint in current_app.view_functions,
    )


def done(appointment_id: int, said: str) -> ResponseReturnValue:
    """Go back to the visit and say what was done."""
    flash(translate(said), "ok")
    return _to(appointment_id)


def _to(appointment_id: int) -> ResponseReturnValue:
    """Lead to the visit; its head has the focus then, and the next Tab is at what may be done."""
    return redirect(url_for("scheduling.show", appointment_id=appointment_id, _anchor="visit"), 303)


def refused_step(
    appointment_id: int,
    error: ClinicError,
    *,
    arrive_form: ArriveForm | None = None,
    cancel_form: CancelForm | None = None,
) -> ResponseReturnValue:
    """Show the visit as it stands now, with the refusal above it."""
    if status_of(error) in {403, 404}:
        raise error
    flash(words_of(error), "bad")
    page = visit_page(appointment_id, arrive_form=arrive_form, cancel_form=cancel_form)
    return page, status_of(error)


def odd(appointment_id: int) -> ResponseReturnValue:
    """Answer a button whose hidden fields are not ours."""
    flash(translate(ODD), "bad")
    return visit_page(appointment_id), 422


def _by_session(appointment_id: int) -> ResponseReturnValue:
    flash(translate(BY_SESSION), "bad")
    return visit_page(appointment_id), 409


def _steps(
    appointment_id: int, verb: Any, said: str, form_class: type[StepForm | NoShowForm] = StepForm
) -> ResponseReturnValue:
    """Take one plain step."""
    form = form_class(request.form)
    if not form.validate():
        return odd(appointment_id)
    try:
        with transaction() as db:
            verb(db, actor(), form.wish(appointment_id))
    except ClinicError as error:
        return refused_step(appointment_id, error)
    return done(appointment_id, said)


@bp.post("/appointments/<id:appointment_id>/arrival")
@require(Permission.APPOINTMENT_CHECKIN)
def arrive(appointment_id: int) -> ResponseReturnValue:
    """Note that the patient is here; the check is made again."""
    form = ArriveForm(request.form)
    if not form.validate():
        return visit_page(appointment_id, arrive_form=form), 422
    try:
        with transaction() as db:
            came = service.arrive(db, actor(), form.wish(appointment_id))
    except Invalid as error:
        form.refuse_invalid(error)
        return visit_page(appointment_id, arrive_form=form), 422
    except ClinicError as error:
        return refused_step(appointment_id, error, arrive_form=form)
    if isinstance(came, Refused):
        flash(translate(REFUSED), "bad")
        return visit_page(appointment_id, arrive_form=form), 409
    name = scheduling_queries.patient_name(read(), appointment_id)
    flash(translate(ARRIVED, who=name), "ok")
    return _to(appointment_id)


@bp.post("/appointments/<id:appointment_id>/undo-arrival")
@require(Permission.APPOINTMENT_CHECKIN)
def undo_arrive(appointment_id: int) -> ResponseReturnValue:
    """Take an arrival back."""
    return _steps(appointment_id, service.undo_arrive, TAKEN_BACK)


@bp.post("/appointments/<id:appointment_id>/handover")
@require(Permission.APPOINTMENT_CHECKIN)
def hand_over(appointment_id: int) -> ResponseReturnValue:
    """Make a code for the tablet and show it, once: for the questions, or a text to be signed."""
    form = HandOverForm(request.form)
    if not form.validate():
        flash(translate(ODD), "warn")
        return visit_page(appointment_id), 422
    try:
        with transaction() as db:
            made, code = handovers.hand_over(
                db,
                actor(),
                appointment_id,
                secret=str(current_app.secret_key),
                text_id=form.text_id.data,
            )
    except ClinicError as error:
        return refused_step(appointment_id, error)
    shown = visit.page(read(), actor(), appointment_id)
    page = render_template(
        "scheduling/_handover.html",
        page=shown,
        bar=shown.bar,
        code=code,
        good_until=made.expires_at,
        to_sign=made.text_id is not None,
        address=url_for("tablet.index", _external=True),
    )
    return page, 201


@bp.post("/appointments/<id:appointment_id>/handover/end")
@require(Permission.APPOINTMENT_CHECKIN)
def take_back(appointment_id: int) -> ResponseReturnValue:
    """End what is open on the tablet for a visit."""
    with transaction() as db:
        handovers.take_back(db, actor(), appointment_id)
    return done(appointment_id, TAKEN_FROM_PATIENT)


@bp.post("/appointments/<id:appointment_id>/no-show")
@require(Permission.APPOINTMENT_CHECKIN)
def no_show(appointment_id: int) -> ResponseReturnValue:
    """Note that nobody came."""
    return _steps(appointment_id, service.no_show, NO_SHOW, NoShowForm)


@bp.post("/appointments/<id:appointment_id>/reopening")
@require(Permission.APPOINTMENT_BOOK)
def reopen(appointment_id: int) -> ResponseReturnValue:
    """Take a cancellation or a no-show back."""
    return _steps(appointment_id, service.reopen, TAKEN_BACK)


@bp.post("/appointments/<id:appointment_id>/cancellation")
@require(Permission.APPOINTMENT_BOOK)
def cancel(appointment_id: int) -> ResponseReturnValue:
    """Cancel a visit with its reason."""
    form = CancelForm(request.form)
    if not form.validate():
        return visit_page(appointment_id, cancel_form=form), 422
    try:
        with transaction() as db:
            service.cancel(db, actor(), form.wish(appointment_id))
    except ClinicError as error:
        return refused_step(appointment_id, error, cancel_form=form)
    return done(appointment_id, CANCELLED)


@bp.post("/appointments/<id:appointment_id>/start")
@require(Permission.SESSION_LOG)
def begin(appointment_id: int) -> ResponseReturnValue:
    """Begin a consultation; a treatment is begun by its session."""
    form = StartForm(request.form)
    if not form.validate():
        return odd(appointment_id)
    if visit.page(read(), actor(), appointment_id).modality.is_treatment:
        return _by_session(appointment_id)
    try:
        with transaction() as db:
            begun = service.start(db, actor(), form.wish(appointment_id))
    except ClinicError as error:
        return refused_step(appointment_id, error)
    if isinstance(begun, Refused):
        flash(translate(REFUSED), "bad")
        return visit_page(appointment_id), 409
    return done(appointment_id, STARTED)


@bp.post("/appointments/<id:appointment_id>/finish")
@require(Permission.SESSION_LOG)
def finish(appointment_id: int) -> ResponseReturnValue:
    """Finish a consultation; a treatment is finished by its session."""
    if visit.page(read(), actor(), appointment_id).modality.is_treatment:
        return _by_session(appointment_id)
    return _steps(
        appointment_id,
        lambda db, who, wish: service.finish(db, who, wish.appointment_id),
        FINISHED,
    )


# ---- moving ----


@bp.get("/appointments/<id:appointment_id>/edit")
@require(Permission.APPOINTMENT_BOOK)
def edit(appointment_id: int) -> ResponseReturnValue:
    """Show the form that moves a visit; of one that must wait, with the first day it may be."""
    page = visit.page(read(), actor(), appointment_id)
    looks.opened("appointment", appointment_id, patient_id=page.visit.patient_id)
    row = page.visit
    form = MoveForm(
        version=row.version,
        date=page.rebook_from or row.starts_local.date(),
        start=row.starts_local.time(),
        practitioner_id=row.practitioner_id,
        room_id=row.room_id,
    )
    desk.fill(form, request.args.get("fill", ""))
    return _move_page(appointment_id, form)


def _move_page(
    appointment_id: int,
    form: MoveForm,
    *,
    error: ClinicError | None = None,
    refused: Refused | None = None,
) -> str:
    db = read()
    page = visit.page(db, actor(), appointment_id)
    offered = desk.choices(db, actor())
    desk.offer(form, offered)
    return render_template(
        "scheduling/edit.html",
        form=form,
        page=page,
        bar=page.bar,
        actions=VisitAction,
        shown_on=form.date.data,
        next_url=own_path(request.args.get("next")),
        reception_names=RECEPTION_NAMES,
        **alternatives.around_move(
            db,
            actor(),
            form,
            offered,
            appointment_id,
            error=error,
            refused=refused,
            later=page.rebook_from,
        ),
    )


@bp.post("/appointments/<id:appointment_id>/move")
@require(Permission.APPOINTMENT_BOOK)
def move(appointment_id: int) -> ResponseReturnValue:
    """Move a visit, or show why not and what is free instead."""
    if "fill" in request.form:
        form = MoveForm(request.form)
        desk.fill(form, request.form["fill"])
        return _move_page(appointment_id, form)
    sent: Mapping[str, str] | None = request.form
    if "take" in request.form:  # An offered time, to be had at once; checked as any other.
        sent = desk.taken_offer(request.form.to_dict())
    return odd(appointment_id) if sent is None else _move(appointment_id, sent)


def _move(appointment_id: int, sent: Mapping[str, str]) -> ResponseReturnValue:
    form = MoveForm(MultiDict(sent))
    if not form.validate():
        return _move_page(appointment_id, form), 422
    try:
        with transaction() as db:
            moved = moving.move(db, actor(), form.wish(appointment_id))
    except (Invalid, SlotTaken) as error:
        status = desk.say_no(form, error)
        return _move_page(appointment_id, form, error=error), status
    except ClinicError as error:
        if status_of(error) in {403, 404}:
            raise
        # What was typed stays beside how the visit stands now: who saves again means it.
        form.version.renew(visit.page(read(), actor(), appointment_id).visit.version)
        form.refuse("", error)
        return _move_page(appointment_id, form), status_of(error)
    if isinstance(moved, Refused):
        return _move_page(appointment_id, form, refused=moved), 409
    if next_url := own_path(request.args.get("next")):  # The list offers to take it back.
        return redirect(with_values(next_url, undo=appointment_id), 303)
    return done(appointment_id, MOVED)
