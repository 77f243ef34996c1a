"""The day board: one column a person or a room, and booking beside it."""

import datetime as dt
import secrets
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import escape

from clinic.audit import looks
from clinic.chart.queries import board as board_queries
from clinic.chart.rules.board import SAID, View
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import ClinicError, NotFound
from clinic.core.text import N_
from clinic.patients.values import PatientHit
from clinic.safety import editions
from clinic.safety.rules.redaction import STATUS_NAMES as RECEPTION_NAMES
from clinic.scheduling import desk
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling import service as scheduling_service
from clinic.scheduling.desk import Panel
from clinic.scheduling.forms import BoardArriveForm, BookingForm, PlacedForm
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.rules.checks import LEVELS
from clinic.scheduling.values import STATUS_NAMES, AppointmentStatus, MoveAppointment, Refused
from clinic.web.access import actor, is_background, require
from clinic.web.database import read, transaction
from clinic.web.errors import status_of
from clinic.web.formats import fdate, ftime
from clinic.web.words import translate, words_of

bp = Blueprint("board", __name__)
KEY_BYTES = 18
EARLIEST, LATEST = dt.date(2000, 1, 1), dt.date(2199, 12, 31)
BOOKED = N_("Booked: %(who)s, %(day)s at %(time)s")
NTH = N_("%(n)s of %(planned)s")
ODD = N_("The board was out of date. Try again.")
REFUSED = N_("The check refuses this: %(why)s")
_COUNTED = (
    AppointmentStatus.BOOKED,
    AppointmentStatus.ARRIVED,
    AppointmentStatus.IN_TREATMENT,
    AppointmentStatus.DONE,
    AppointmentStatus.NO_SHOW,
    AppointmentStatus.CANCELLED,
)


def _on() -> dt.date:
    """Return the day of the address; today for none, and for what is no day."""
    try:
        on = dt.date.fromisoformat(request.args.get("date", ""))
    except ValueError:
        return clock.today(actor().zone)
    return on if EARLIEST <= on <= LATEST else clock.today(actor().zone)


def _view() -> View:
    raw = request.args.get("view", "")
    return View(raw) if raw in {view.value for view in View} else View.PRACTITIONERS


def _wanted() -> frozenset[str]:
    """Return the pieces of the page that a script asks for; empty for the whole page."""
    return frozenset(request.headers.get("X-Fragment", "").split())


@bp.get("/board")
@require(Permission.BOARD_VIEW)
def index() -> ResponseReturnValue:
    """Show a day; a page that asks by itself gets nothing when there is nothing new."""
    on = _on()
    since = request.args.get("since")
    if is_background() and since and since == board_queries.stamp(read(), actor(), on):
        return "", 204
    form = _fresh_form(on)
    patient_id = request.args.get("patient_id", "")
    if patient_id.isascii() and patient_id.isdigit() and 0 < len(patient_id) < 10:
        form.patient_id.data = int(patient_id)
    return _page(form, is_look=True)


def _fresh_form(on: dt.date) -> BookingForm:
    form = BookingForm(form_key=secrets.token_urlsafe(KEY_BYTES))
    form.date.data = max(on, clock.today(actor().zone))
    return form


def _page(
    form: BookingForm,
    *,
    is_look: bool = False,
    hits: Sequence[PatientHit] = (),
    taken: SlotTaken | None = None,
    refused: Refused | None = None,
) -> str:
    """Draw the page, or the pieces of it that a script asks for."""
    on, view, wanted = _on(), _view(), _wanted()
    db, who = read(), actor()
    only_board = wanted == {"#board"}
    offered = desk.choices(db, who, since=on)
    day = board_queries.day(db, who, offered.table, on, view)
    panel: Panel | None = None
    if not only_board:
        desk.offer(form, offered)
        panel = desk.panel(
            db, who, form, offered, hits=hits, taken=taken, refused=refused, since=on
        )
    if is_look:
        looks.listed("board", day.visits, date=on.isoformat(), view=view.value)
    if only_board:
        template = "board/_only_board.html"
    else:
        template = "board/_pieces.html" if wanted else "board/index.html"
    return render_template(
        template,
        day=day,
        counted=[(status, day.counts[status]) for status in _COUNTED],
        status_names={s.value: escape(translate(name)) for s, name in STATUS_NAMES.items()},
        words={word: escape(translate(word)) for word in SAID},
        numbers={c: escape(translate(NTH, n=c[0], planned=c[1])) for c in day.courses},
        form=form,
        panel=panel,
        view=view.value,
        shown_on=on,
        is_unapproved=not wanted
        and who.may(Permission.RULE_APPROVE)
        and not editions.in_force(db).edition,
        compact=True,
        is_walk_in=False,
        swap="#quick #board",
        reception_names=RECEPTION_NAMES,
        reception_levels=LEVELS,
        **_links(on, view, form),
    )


def _links(on: dt.date, view: View, form: BookingForm) -> dict[str, Any]:
    """Make each link once: a board has hundreds, and each look-up of a route costs."""
    here: dict[str, Any] = {"date": on.isoformat(), "view": view.value}
    local = form.wished_local()
    seen: dict[str, Any] = {}
    if local is not None:
        seen = {"date": local.date().isoformat(), "start": local.strftime("%H:%M")}
    return {
        "here": url_for("board.index", **here),
        "previous_url": url_for("board.index", date=_day(on, -1), view=view.value),
        "next_url": url_for("board.index", date=_day(on, 1), view=view.value),
        "today_url": url_for("board.index", view=view.value),
        "views": {
            other.value: url_for("board.index", date=on.isoformat(), view=other.value)
            for other in View
        },
        "visit_base": url_for("scheduling.show", appointment_id=1)[:-1],
        "new_base": url_for("scheduling.new", date=on.isoformat()),
        "action": url_for("board.book", **here),
        "move_url": url_for("board.move", **here),
        "arrive_url": url_for("board.arrive", **here),
        "clear_url": url_for("board.index", **here),
        "register_next": url_for(
            "scheduling.new",
            practitioner_id=form.practitioner_id.chosen(),
            room_id=form.room_id.chosen(),
            service_id=form.service_id.chosen(),
            **seen,
        ),
    }


def _day(on: dt.date, days: int) -> str:
    moved = on + dt.timedelta(days=days)
    return min(max(moved, EARLIEST), LATEST).isoformat()


def _back() -> ResponseReturnValue:
    return redirect(url_for("board.index", date=_on().isoformat(), view=_view().value), 303)


@bp.post("/board/bookings")
@require(Permission.APPOINTMENT_BOOK)
def book() -> ResponseReturnValue:
    """Book from the panel beside the board; its other buttons fill the form in."""
    form = BookingForm(request.form)
    if desk.pressed(request.form):
        hits = desk.answer(read(), actor(), form, desk.pressed(request.form))
        if hits:
            looks.listed("patient", (hit.id for hit in hits))
        return _page(form, hits=hits)
    if not form.validate():
        return _page(form), 422
    try:
        with transaction() as db:
            made = scheduling_service.book(db, actor(), form.wish())
    except ClinicError as error:
        status = desk.say_no(form, error)
        return _page(form, taken=error if isinstance(error, SlotTaken) else None), status
    if isinstance(made, Refused):
        return _page(form, refused=made), 409
    flash(_said(made.id, made.starts_local), "ok")
    return _back()


def _said(appointment_id: int, starts_local: dt.datetime) -> str:
    return translate(
        BOOKED,
        who=scheduling_queries.patient_name(read(), appointment_id),
        day=fdate(starts_local.date()),
        time=ftime(starts_local),
    )


@bp.post("/board/moves")
@require(Permission.APPOINTMENT_BOOK)
def move() -> ResponseReturnValue:
    """Move a card to another time or column; the board comes back as it then stands."""
    form = PlacedForm(request.form)
    if not form.validate() or (local := form.starts_local()) is None:
        return _refused(translate(ODD), 422)
    wish = _move_of(form, local)
    try:
        with transaction() as db:
            moved = scheduling_service.move(db, actor(), wish)
    except ClinicError as error:
        return _refused(_words(error), status_of(error))
    if isinstance(moved, Refused):
        return _refused(_why(moved), 409)
    return _back()


def _move_of(form: PlacedForm, local: dt.datetime) -> MoveAppointment:
    """Make the command of a dropped card: the lane is a person or a room, the rest stays.

    Among people the room is not said: the visit keeps its own where that is free.
    """
    visit = scheduling_queries.get(read(), form.appointment_id.data or 0)
    lane = form.resource_id.data or 0
    is_people = _view() is View.PRACTITIONERS
    return MoveAppointment(
        appointment_id=visit.id,
        version=form.version.data or 0,
        starts_local=local,
        practitioner_id=lane if is_people else visit.practitioner_id,
        room_id=None if is_people else lane,
    )


@bp.post("/board/arrivals")
@require(Permission.APPOINTMENT_CHECKIN)
def arrive() -> ResponseReturnValue:
    """Note an arrival on the board, both identifiers said."""
    form = BoardArriveForm(request.form)
    if not form.validate():
        return _refused(translate(ODD), 422)
    try:
        with transaction() as db:
            came = scheduling_service.arrive(db, actor(), form.wish(form.appointment_id.data or 0))
    except ClinicError as error:
        return _refused(_words(error), status_of(error))
    if isinstance(came, Refused):
        return _refused(_why(came), 409)
    return _back()


def _words(error: ClinicError) -> str:
    if status_of(error) == 403 or isinstance(error, NotFound):
        raise error
    return words_of(error)


def _why(refused: Refused) -> str:
    """Return in one line why the check refuses, in what this person may see of it."""
    refusal = desk.refusal_of(actor(), refused)
    if refusal.reception is not None:
        said = [translate(sentence) for sentence in refusal.reception.sentences]
        return " ".join(said) or translate(RECEPTION_NAMES[refusal.reception.status])
    return translate(REFUSED, why=", ".join(translate(f.name) for f in refusal.findings))


def _refused(said: str, status: int) -> ResponseReturnValue:
    flash(said, "bad")
    return _page(_fresh_form(_on())), status
