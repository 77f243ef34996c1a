"""Noting on the page of a visit where the patient is, what was heard, what is taken back."""

from typing import Any

from flask import flash, request
from flask.typing import ResponseReturnValue

from clinic.core.access import Permission
from clinic.core.errors import ClinicError, Invalid
from clinic.core.text import N_
from clinic.scheduling import late, moving, presence
from clinic.scheduling.step_forms import ConfirmForm, StepForm, StrikeForm
from clinic.scheduling.values import Refused
from clinic.scheduling.views.booking import bp
from clinic.scheduling.views.visits import REFUSED, done, odd, refused_step, visit_page
from clinic.web.access import actor, require
from clinic.web.database import transaction
from clinic.web.words import translate

__all__ = ["bp"]
NOTED = N_("Noted.")
STRUCK = N_("The visit is marked as entered in error. It counts nowhere any more.")
MOVED_BACK = N_("The visit stands where it stood.")
TIME_TAKEN_BACK = N_("The time was taken back.")


def _step(appointment_id: int, verb: Any, said: str = NOTED) -> ResponseReturnValue:
    form = StepForm(request.form)
    if not form.validate():
        return odd(appointment_id)
    try:
        with transaction() as db:
            verb(db, actor(), form.wish(appointment_id))
    except ClinicError as error:
        return refused_step(appointment_id, error)
    return done(appointment_id, said)


@bp.post("/appointments/<id:appointment_id>/ready")
@require(Permission.APPOINTMENT_CHECKIN)
def ready(appointment_id: int) -> ResponseReturnValue:
    """Note that everything before the treatment is done."""
    return _step(appointment_id, presence.ready)


@bp.post("/appointments/<id:appointment_id>/room")
@require(Permission.APPOINTMENT_CHECKIN)
def room(appointment_id: int) -> ResponseReturnValue:
    """Note that the patient was taken to the room."""
    return _step(appointment_id, presence.room)


@bp.post("/appointments/<id:appointment_id>/leaving")
@require(Permission.APPOINTMENT_CHECKIN)
def leave(appointment_id: int) -> ResponseReturnValue:
    """Note that the patient has left."""
    return _step(appointment_id, presence.leave)


@bp.post("/appointments/<id:appointment_id>/undo-time")
@require(Permission.APPOINTMENT_CHECKIN)
def take_time_back(appointment_id: int) -> ResponseReturnValue:
    """Take the time back that was noted last."""
    return _step(appointment_id, presence.take_back, TIME_TAKEN_BACK)


@bp.post("/appointments/<id:appointment_id>/undo-move")
@require(Permission.APPOINTMENT_BOOK)
def move_back(appointment_id: int) -> ResponseReturnValue:
    """Take a move back that was made minutes ago."""
    form = StepForm(request.form)
    if not form.validate():
        return odd(appointment_id)
    try:
        with transaction() as db:
            back = moving.move_back(db, actor(), form.wish(appointment_id))
    except ClinicError as error:
        return refused_step(appointment_id, error)
    if isinstance(back, Refused):
        flash(translate(REFUSED), "bad")
        return visit_page(appointment_id), 409
    return done(appointment_id, MOVED_BACK)


@bp.post("/appointments/<id:appointment_id>/confirmation")
@require(Permission.APPOINTMENT_CHECKIN)
def confirm(appointment_id: int) -> ResponseReturnValue:
    """Note what was heard about the coming; an empty answer takes it back."""
    form = ConfirmForm(request.form)
    if not form.validate():
        return odd(appointment_id)
    try:
        with transaction() as db:
            presence.confirm(db, actor(), form.wish(appointment_id))
    except ClinicError as error:
        return refused_step(appointment_id, error)
    return done(appointment_id, NOTED)


@bp.post("/appointments/<id:appointment_id>/error")
@require(Permission.APPOINTMENT_ENTER_PAST)
def strike(appointment_id: int) -> ResponseReturnValue:
    """Mark a visit as entered in error."""
    form = StrikeForm(request.form)
    if not form.validate():
        return visit_page(appointment_id, strike_form=form), 422
    try:
        with transaction() as db:
            late.strike(db, actor(), form.wish(appointment_id))
    except Invalid as error:
        form.refuse_invalid(error)
        return visit_page(appointment_id, strike_form=form), 422
    except ClinicError as error:
        return refused_step(appointment_id, error)
    return done(appointment_id, STRUCK)
