"""What is done from the board: booking, moving, arriving, each plain step, each confirmation."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from clinic.audit import looks
from clinic.chart.rules.board import View
from clinic.chart.views.board import bp, fresh_form, here, page, shown_on, shown_view, wanted
from clinic.chart.views.board_instead import instead
from clinic.core.access import Permission
from clinic.core.errors import ClinicError, Conflict, NotFound
from clinic.core.text import N_
from clinic.messages import service as messages_service
from clinic.messages.forms import WithholdForm
from clinic.patients import service as patients
from clinic.patients.views import surroundings
from clinic.safety.rules.redaction import STATUS_NAMES as RECEPTION_NAMES
from clinic.scheduling import desk, moving, newcomers, presence
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling import service as scheduling_service
from clinic.scheduling import visit as visits
from clinic.scheduling.forms import BookingForm
from clinic.scheduling.models import Appointment
from clinic.scheduling.newcomers import Newcomer
from clinic.scheduling.step_forms import BoardArriveForm, IdForm, PlacedForm, TakenForm
from clinic.scheduling.values import (
    Confirmation,
    ConfirmVisit,
    MoveAppointment,
    Refused,
    StartVisit,
    StepVisit,
)
from clinic.scheduling.views.moving import why_not
from clinic.waiting import shelf
from clinic.web.access import actor, require
from clinic.web.database import read, transaction
from clinic.web.discreet import named
from clinic.web.errors import status_of
from clinic.web.formats import fdate, ftime
from clinic.web.words import translate

__all__ = ["bp"]
BOOKED = N_("Booked: %(who)s, %(day)s at %(time)s")
ODD = N_("The board was out of date. Try again.")
HELD = N_("The patient is not told.")
REFUSED = N_("The check refuses this: %(why)s")
_ACT = re.compile(r"([a-z_]{1,16}) ([1-9]\d{0,8}) ([1-9]\d{0,8})", re.ASCII)


def back() -> ResponseReturnValue:
    """Return to the board that the address names."""
    return redirect(url_for("board.index", **here()), 303)


def left(appointment_id: int, *, to: dt.date | None = None) -> ResponseReturnValue:
    """Return to the board and say what a visit has left: a script shows its own bar with Undo.

    Not of one that went to a day that is not shown: then there is no card to take it back by.
    """
    is_shown = to is None or (to == shown_on() and shown_view() is not View.WEEK)
    said = {"moved" if wanted() and is_shown else "undo": appointment_id}
    return redirect(url_for("board.index", **(here() | said)), 303)


@bp.post("/board/bookings")
@require(Permission.APPOINTMENT_BOOK)
def book() -> ResponseReturnValue:
    """Book from the panel beside the board; its other buttons fill the form in."""
    form = BookingForm(request.form)
    if desk.pressed(request.form):
        hits = desk.answer(read(), actor(), form, desk.pressed(request.form))
        if hits:
            looks.listed("patient", (hit.id for hit in hits))
        return page(form, hits=hits)
    if not form.validate():
        return page(form), 422
    try:
        with transaction() as db:
            made = scheduling_service.book(db, actor(), form.wish())
    except ClinicError as error:
        status = desk.say_no(form, error)
        return page(form, error=error), status
    if isinstance(made, Refused):
        return page(form, refused=made), 409
    flash(_said(made.id, made.starts_local), "ok")
    return back()


def _said(appointment_id: int, starts_local: dt.datetime) -> str:
    return translate(
        BOOKED,
        who=named(scheduling_queries.patient_name(read(), appointment_id)),
        day=fdate(starts_local.date()),
        time=ftime(starts_local),
    )


@bp.post("/board/newcomers")
@require(Permission.PATIENT_EDIT)
def register() -> ResponseReturnValue:
    """Register somebody in the panel beside the board, and go on with them."""
    form = BookingForm(request.form)
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
        return page(form)
    if newcomer.alike:
        looks.listed("patient", (hit.id for hit in newcomer.alike))
    return page(form, newcomer=newcomer), newcomer.status


# ---- moving and arriving ----


@bp.post("/board/moves")
@require(Permission.APPOINTMENT_BOOK)
def move() -> ResponseReturnValue:
    """Move a card to another time or column; the board comes back as it then stands."""
    return moved_by(moving.move)


def moved_by(
    verb: Callable[[Any, Any, MoveAppointment], Appointment | Refused],
) -> ResponseReturnValue:
    """Move a visit where it was dropped, or to a free time that was offered and pressed.

    Refused: say why, and what is free instead.
    """
    wish = _offer_taken() if "take" in request.form else _dropped()
    if wish is None:
        return refused(translate(ODD), 422)
    try:
        with transaction() as db:
            moved = verb(db, actor(), wish)
    except ClinicError as error:
        return _not_moved(wish, error)
    if isinstance(moved, Refused):
        return _not_moved(wish, moved)
    return left(moved.id, to=moved.starts_local.date() if "take" in request.form else None)


def _not_moved(wish: MoveAppointment, said_no: ClinicError | Refused) -> ResponseReturnValue:
    """Say why a visit was not moved, beside the times that can be had with one press."""
    if isinstance(said_no, Refused):
        said, status = why(said_no), 409
    else:
        said, status = words(said_no), status_of(said_no)
    not_moved = instead(wish, said_no, said, on=shown_on(), same=here())
    if not_moved is None:
        return refused(said, status)
    return page(fresh_form(shown_on()), instead=not_moved), status


@bp.post("/board/notices")
@require(Permission.APPOINTMENT_BOOK)
def withhold() -> ResponseReturnValue:
    """Say that the patient shall not be told of a move; the answer to the one question."""
    visit, kind = IdForm(request.form), WithholdForm(request.form)
    if not (visit.validate() and kind.validate()):
        return refused(translate(ODD), 422)
    try:
        with transaction() as db:
            messages_service.withhold(
                db, actor(), visit.appointment_id.data or 0, kind.kind.member()
            )
    except ClinicError as error:
        return refused(words(error), status_of(error))
    flash(translate(HELD), "ok")
    return back()


def _offer_taken() -> MoveAppointment | None:
    form, taken = TakenForm(request.form), desk.offered_time(request.form["take"])
    if taken is None or not form.validate():
        return None
    visit = scheduling_queries.get(read(), form.appointment_id.data or 0)
    return MoveAppointment(
        appointment_id=visit.id,
        version=form.version.data or 0,
        starts_local=taken.starts_local,
        practitioner_id=taken.practitioner_id or visit.practitioner_id,
        room_id=taken.room_id,
        second_hour=taken.second_hour,
    )


def _dropped() -> MoveAppointment | None:
    """Make the command of a dropped card: the lane is a person or a room, the rest stays.

    Among people the room is not said: the visit keeps its own where that is free. Among devices
    only the time changes, and what was dropped is the device's part.
    """
    form = PlacedForm(request.form)
    if not form.validate() or (local := form.starts_local()) is None:
        return None
    visit = scheduling_queries.get(read(), form.appointment_id.data or 0)
    lane, view = form.resource_id.data or 0, shown_view()
    if view is View.DEVICES:
        local -= visits.device_offset(read(), visit.id)
    is_people = view in {View.PRACTITIONERS, View.WEEK, View.LIST}
    return MoveAppointment(
        appointment_id=visit.id,
        version=form.version.data or 0,
        starts_local=local,
        practitioner_id=lane if is_people else visit.practitioner_id,
        room_id=lane if view is View.ROOMS else None,
    )


@bp.post("/board/arrivals")
@require(Permission.APPOINTMENT_CHECKIN)
def arrive() -> ResponseReturnValue:
    """Note an arrival on the board, both identifiers said."""
    form = BoardArriveForm(request.form)
    if not form.validate():
        return refused(translate(ODD), 422)
    try:
        with transaction() as db:
            came = scheduling_service.arrive(db, actor(), form.wish(form.appointment_id.data or 0))
    except ClinicError as error:
        return refused(words(error), status_of(error))
    if isinstance(came, Refused):
        return refused(why(came), 409)
    return back()


# ---- plain steps, and what was heard ----


def _begin(db: Any, who: Any, wish: StepVisit) -> object:
    """Begin a consultation, with the check as it stands: nothing is given in it."""
    seen = visits.page(db, who, wish.appointment_id).seen_facts_hash
    start = StartVisit(
        appointment_id=wish.appointment_id, version=wish.version, seen_facts_hash=seen
    )
    return scheduling_service.start(db, who, start)


def _heard(answer: Confirmation | None) -> Callable[[Any, Any, StepVisit], object]:
    def note(db: Any, who: Any, wish: StepVisit) -> object:
        return presence.confirm(
            db,
            who,
            ConfirmVisit(appointment_id=wish.appointment_id, version=wish.version, answer=answer),
        )

    return note


_VERBS: dict[str, Callable[[Any, Any, StepVisit], object]] = {
    "ready": presence.ready,
    "room": presence.room,
    "leave": presence.leave,
    "take_back": presence.take_back,
    "undo_arrive": scheduling_service.undo_arrive,
    "no_show": scheduling_service.no_show,
    "reopen": scheduling_service.reopen,
    "unmove": moving.move_back,
    "unplace": shelf.unplace,
    "start": _begin,
    "finish": lambda db, who, wish: scheduling_service.finish(db, who, wish.appointment_id),
    "unheard": _heard(None),
    **{answer.value: _heard(answer) for answer in Confirmation},
}
_BY_SESSION = frozenset({"start", "finish"})
_LEAVES = frozenset({"no_show"})
"""What lets a time go that others may want."""


@bp.post("/board/steps")
@require(Permission.APPOINTMENT_CHECKIN)
def step() -> ResponseReturnValue:
    """Take a visit one plain step: one field says which, of what visit, seen at what version."""
    found = _ACT.fullmatch(request.form.get("act", ""))
    if found is None or found[1] not in _VERBS:
        return refused(translate(ODD), 422)
    verb, wish = found[1], StepVisit(appointment_id=int(found[2]), version=int(found[3]))
    if verb in _BY_SESSION and _is_treatment(wish.appointment_id):
        to = url_for("treatments.prepare", appointment_id=wish.appointment_id)
        return redirect(to, 303)
    try:
        with transaction() as db:
            said = _VERBS[verb](db, actor(), wish)
    except ClinicError as error:
        return refused(words(error), status_of(error))
    if isinstance(said, Refused):
        return refused(why(said), 409)
    return left(wish.appointment_id) if verb in _LEAVES else back()


def _is_treatment(appointment_id: int) -> bool:
    """Tell whether a visit is begun and finished by its session."""
    return visits.page(read(), actor(), appointment_id).modality.is_treatment


# ---- what they share ----


def words(error: ClinicError) -> str:
    """Return the words of a refusal; raises what no look at the board can mend."""
    if status_of(error) == 403 or isinstance(error, NotFound):
        raise error
    return why_not(error)


def why(said_no: Refused) -> str:
    """Return in one line why the check refuses, in what this person may see of it."""
    refusal = desk.refusal_of(actor(), said_no)
    if refusal.reception is not None:
        said = [translate(sentence) for sentence in refusal.reception.sentences]
        return " ".join(said) or translate(RECEPTION_NAMES[refusal.reception.status])
    return translate(REFUSED, why=", ".join(translate(f.name) for f in refusal.findings))


def refused(said: str, status: int) -> ResponseReturnValue:
    """Show the board as it stands now, with a refusal above it."""
    flash(said, "bad")
    return page(fresh_form(shown_on())), status
