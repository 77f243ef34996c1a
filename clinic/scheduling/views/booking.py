"""The pages that make visits: booking, and walking in. Same blueprint as the pages of a visit."""

import secrets
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.audit import looks
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import ClinicError, Conflict, Invalid
from clinic.core.text import N_
from clinic.patients import service as patients
from clinic.patients.values import LIKENESS_NAMES
from clinic.patients.views import surroundings
from clinic.safety.rules.redaction import STATUS_NAMES as RECEPTION_NAMES
from clinic.scheduling import desk, late, newcomers, service
from clinic.scheduling.forms import BookingForm, PastForm, TimedForm, WalkInForm, WhoForm
from clinic.scheduling.newcomers import Newcomer
from clinic.scheduling.rules.checks import LEVELS
from clinic.scheduling.values import Refused
from clinic.scheduling.views.visits import bp
from clinic.web.access import actor, require
from clinic.web.database import read, transaction
from clinic.web.words import translate

KEY_BYTES = 18
BOOKED = N_("The visit is booked.")
ADMITTED = N_("The patient is here: the visit begins now, and is noted as arrived.")
ENTERED = N_("The visit was entered. Below stands what the check says of its day.")
_NEW = ("scheduling/new.html", "scheduling.new", "scheduling.create")
_PAGES: dict[type[WhoForm], tuple[str, str, str]] = {
    WalkInForm: ("scheduling/walk_in.html", "scheduling.walk_in", "scheduling.admit"),
    PastForm: ("scheduling/past.html", "scheduling.past", "scheduling.enter_past"),
}
"""Template, page and target of a form; of all others those of a booking."""
__all__ = ["bp"]


def _asked(name: str) -> str | None:
    raw = request.args.get(name, "")
    return raw if raw.isascii() and raw.isdigit() and 0 < len(raw) < 10 and int(raw) else None


@bp.get("/appointments/new")
@require(Permission.APPOINTMENT_BOOK)
def new() -> ResponseReturnValue:
    """Show the booking form, begun with what the address says."""
    patient_id = _asked("patient_id")
    form = BookingForm(
        patient_id=int(patient_id) if patient_id else None,
        service_id=_asked("service_id"),
        practitioner_id=_asked("practitioner_id"),
        room_id=_asked("room_id"),
        form_key=secrets.token_urlsafe(KEY_BYTES),
    )
    _begin_with(form)
    form.date.data = form.date.data or clock.today(actor().zone)
    return _booking_page(form)


def _begin_with(form: TimedForm) -> None:
    """Take day and time from the address, as far as they can be read."""
    for field, name in ((form.date, "date"), (form.start, "start")):
        try:
            field.data = field.parse(request.args.get(name, ""))
        except Invalid:
            field.data = None
    desk.fill(form, request.args.get("fill", ""))


def _booking_page(form: WhoForm, *, newcomer: Newcomer | None = None, **panel: Any) -> str:
    db, is_walk_in, is_past = read(), isinstance(form, WalkInForm), isinstance(form, PastForm)
    template, page, target = _PAGES.get(type(form), _NEW)
    offered = desk.choices(db, actor())
    desk.offer(form, offered)
    return render_template(
        template,
        form=form,
        panel=desk.panel(db, actor(), form, offered, **panel),
        action=url_for(target),
        swap="",
        is_walk_in=is_walk_in,
        is_past=is_past,
        view="practitioners",
        shown_on=form.date.data if isinstance(form, TimedForm) else None,
        clear_url=url_for(page),
        newcomer=newcomer,
        likeness_names=LIKENESS_NAMES,
        register_url=url_for("scheduling.register", page=page),
        reception_names=RECEPTION_NAMES,
        reception_levels=LEVELS,
        now_local=desk.now_local(actor()),
    )


def _worked_out(form: WhoForm) -> str:
    """Answer a button that fills the form in."""
    hits = desk.answer(read(), actor(), form, desk.pressed(request.form))
    if hits:
        looks.listed("patient", (hit.id for hit in hits))
    return _booking_page(form, hits=hits)


@bp.post("/appointments")
@require(Permission.APPOINTMENT_BOOK)
def create() -> ResponseReturnValue:
    """Book, or show why not and what is free instead; the form's other buttons fill it in."""
    form = BookingForm(request.form)
    if desk.pressed(request.form):
        return _worked_out(form)
    if not form.validate():
        return _booking_page(form), 422
    try:
        with transaction() as db:
            made = service.book(db, actor(), form.wish())
    except ClinicError as error:
        status = desk.say_no(form, error)
        return _booking_page(form, error=error), status
    if isinstance(made, Refused):
        return _booking_page(form, refused=made), 409
    flash(translate(BOOKED), "ok")
    return redirect(url_for("scheduling.show", appointment_id=made.id), 303)


@bp.post("/appointments/newcomers")
@require(Permission.PATIENT_EDIT)
def register() -> ResponseReturnValue:
    """Register somebody within the booking, and go on with them; nothing filled in is lost."""
    asked = request.args.get("page")
    kind = next((kind for kind, place in _PAGES.items() if place[1] == asked), BookingForm)
    form = kind(request.form)
    newcomer: Newcomer | None = newcomers.asked(
        read(), actor(), request.form, form.q.text(), surroundings()
    )
    if newcomer is not None and newcomer.is_ready:
        try:
            with transaction() as db:
                made = patients.register(db, actor(), newcomer.wish()).id
        except Conflict as refused:
            newcomer = newcomer.refused(refused)
        else:
            desk.choose(form, made)
            newcomer = None
    if newcomer is None:
        return _booking_page(form)
    if newcomer.alike:
        looks.listed("patient", (hit.id for hit in newcomer.alike))
    return _booking_page(form, newcomer=newcomer), newcomer.status


@bp.get("/appointments/walk-in")
@require(Permission.APPOINTMENT_BOOK)
def walk_in() -> ResponseReturnValue:
    """Show the form for somebody who is here without a booking."""
    patient_id = _asked("patient_id")
    form = WalkInForm(
        patient_id=int(patient_id) if patient_id else None,
        service_id=_asked("service_id"),
        practitioner_id=_asked("practitioner_id"),
        form_key=secrets.token_urlsafe(KEY_BYTES),
    )
    return _booking_page(form)


@bp.post("/appointments/walk-in")
@require(Permission.APPOINTMENT_BOOK)
def admit() -> ResponseReturnValue:
    """Book a visit that begins now, as arrived."""
    form = WalkInForm(request.form)
    if desk.pressed(request.form):
        return _worked_out(form)
    if not form.validate():
        return _booking_page(form), 422
    try:
        with transaction() as db:
            wish = form.wish(now_local=desk.now_local(actor()))
            made = service.book(db, actor(), wish)
    except ClinicError as error:
        status = desk.say_no(form, error)
        return _booking_page(form, error=error), status
    if isinstance(made, Refused):
        return _booking_page(form, refused=made), 409
    flash(translate(ADMITTED), "ok")
    return redirect(url_for("scheduling.show", appointment_id=made.id), 303)


@bp.get("/appointments/past")
@require(Permission.APPOINTMENT_ENTER_PAST)
def past() -> ResponseReturnValue:
    """Show the form for a visit that took place and was never booked."""
    patient_id = _asked("patient_id")
    form = PastForm(
        patient_id=int(patient_id) if patient_id else None,
        service_id=_asked("service_id"),
        practitioner_id=_asked("practitioner_id"),
        room_id=_asked("room_id"),
        form_key=secrets.token_urlsafe(KEY_BYTES),
    )
    _begin_with(form)
    return _booking_page(form)


@bp.post("/appointments/past")
@require(Permission.APPOINTMENT_ENTER_PAST)
def enter_past() -> ResponseReturnValue:
    """Enter a visit that took place, with the check of its day."""
    form = PastForm(request.form)
    if desk.pressed(request.form):
        return _worked_out(form)
    if not form.validate():
        return _booking_page(form), 422
    try:
        with transaction() as db:
            made = late.enter(db, actor(), form.wish())
    except ClinicError as error:
        status = desk.say_no(form, error)
        return _booking_page(form), status
    flash(translate(ENTERED), "ok")
    return redirect(url_for("scheduling.show", appointment_id=made.id), 303)
