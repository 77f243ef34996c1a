"""The pages that make visits: booking, and walking in. Same blueprint as the pages of a visit."""

import secrets
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.audit import looks
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import ClinicError, Invalid
from clinic.core.text import N_
from clinic.safety.rules.redaction import STATUS_NAMES as RECEPTION_NAMES
from clinic.scheduling import desk, service
from clinic.scheduling.forms import BookingForm, WalkInForm, WhoForm
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.rules.checks import LEVELS
from clinic.scheduling.values import Refused
from clinic.scheduling.views.visits import bp
from clinic.web.access import actor, require
from clinic.web.database import read, transaction
from clinic.web.words import translate

KEY_BYTES = 18
BOOKED = N_("The visit is booked.")
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
    for field, name in ((form.date, "date"), (form.start, "start")):
        try:
            field.data = field.parse(request.args.get(name, ""))
        except Invalid:
            field.data = None
    form.date.data = form.date.data or clock.today(actor().zone)
    return _booking_page(form)


def _booking_page(form: WhoForm, **panel: Any) -> str:
    db, is_walk_in = read(), isinstance(form, WalkInForm)
    offered = desk.choices(db, actor())
    desk.offer(form, offered)
    return render_template(
        "scheduling/walk_in.html" if is_walk_in else "scheduling/new.html",
        form=form,
        panel=desk.panel(db, actor(), form, offered, **panel),
        action=url_for("scheduling.admit" if is_walk_in else "scheduling.create"),
        swap="",
        is_walk_in=is_walk_in,
        view="practitioners",
        shown_on=form.date.data if isinstance(form, BookingForm) else None,
        clear_url=request.path if request.method == "GET" else url_for("scheduling.new"),
        register_next=_back_here(form),
        reception_names=RECEPTION_NAMES,
        reception_levels=LEVELS,
        now_local=desk.now_local(actor()),
    )


def _back_here(form: WhoForm) -> str:
    """Return where to go on once somebody is registered, with what was filled in so far."""
    given: dict[str, Any] = {
        "service_id": form.service_id.chosen(),
        "practitioner_id": form.practitioner_id.chosen(),
        "room_id": form.room_id.chosen(),
    }
    if isinstance(form, BookingForm) and (local := form.wished_local()):
        given |= {"date": local.date().isoformat(), "start": local.strftime("%H:%M")}
    endpoint = "scheduling.walk_in" if isinstance(form, WalkInForm) else "scheduling.new"
    return url_for(endpoint, **{name: value for name, value in given.items() if value})


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
        taken = error if isinstance(error, SlotTaken) else None
        return _booking_page(form, taken=taken), status
    if isinstance(made, Refused):
        return _booking_page(form, refused=made), 409
    flash(translate(BOOKED), "ok")
    return redirect(url_for("scheduling.show", appointment_id=made.id), 303)


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
        taken = error if isinstance(error, SlotTaken) else None
        return _booking_page(form, taken=taken), status
    if isinstance(made, Refused):
        return _booking_page(form, refused=made), 409
    flash(translate(BOOKED), "ok")
    return redirect(url_for("scheduling.show", appointment_id=made.id), 303)
