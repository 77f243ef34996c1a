"""The board: a day in columns, a week, a list, the day on paper; and booking beside it."""

import datetime as dt
import secrets
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import escape

from clinic.audit import looks
from clinic.audit import service as audit
from clinic.catalog.values import ResourceKind
from clinic.chart.queries import board as board_queries
from clinic.chart.rules.board import (
    CYCLED,
    HEARD_NAMES,
    LACK_NAMES,
    SAID,
    STAGE_NAMES,
    Day,
    View,
    first_of,
)
from clinic.chart.views.board_instead import Instead
from clinic.chart.views.board_news import news
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import ClinicError
from clinic.core.text import N_
from clinic.patients.values import LIKENESS_NAMES, PatientHit
from clinic.safety import editions
from clinic.safety.rules.redaction import STATUS_NAMES as RECEPTION_NAMES
from clinic.scheduling import desk, keeping
from clinic.scheduling.desk import Choices, Panel
from clinic.scheduling.forms import BookingForm
from clinic.scheduling.newcomers import Newcomer
from clinic.scheduling.rules.checks import LEVELS
from clinic.scheduling.values import STATUS_NAMES, AppointmentStatus, Refused, Span
from clinic.waiting.queries import shelf as shelf_queries
from clinic.web import discreet
from clinic.web.access import actor, is_background, polled, require
from clinic.web.database import read, transaction
from clinic.web.words import translate

bp = Blueprint("board", __name__)
KEY_BYTES = 18
PAPERS = "papers"
EARLIEST, LATEST = dt.date(2000, 1, 1), dt.date(2199, 12, 31)
NTH = N_("%(n)s of %(planned)s")
BOOSTER = N_("booster")
VIEW_NAMES = {
    View.PRACTITIONERS: N_("Practitioners"),
    View.ROOMS: N_("Rooms"),
    View.DEVICES: N_("Devices"),
    View.WEEK: N_("Week"),
    View.LIST: N_("List"),
}
_VIEWS = {view.value: view for view in View}
_OWN_KEYS = {View.WEEK: "w", View.LIST: "l"}
_COUNTED = (
    AppointmentStatus.BOOKED,
    AppointmentStatus.ARRIVED,
    AppointmentStatus.IN_TREATMENT,
    AppointmentStatus.DONE,
    AppointmentStatus.NO_SHOW,
    AppointmentStatus.CANCELLED,
)


# ---- what the address says ----


def _said(name: str) -> str:
    """Return what the address says of a name; empty for nothing.

    Werkzeug's own `get` raises and catches an exception for each name that is missing.
    """
    return request.args.to_dict().get(name, "")


def shown_on() -> dt.date:
    """Return the day of the address; today for none, and for what is no day."""
    try:
        on = dt.date.fromisoformat(_said("date"))
    except ValueError:
        return clock.today(actor().zone)
    return on if EARLIEST <= on <= LATEST else clock.today(actor().zone)


def shown_view() -> View:
    """Return the view of the address; people for none, and for what is no view."""
    return _VIEWS.get(_said("view"), View.PRACTITIONERS)


def _whose() -> int | None:
    raw = _said("practitioner_id")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else None


def wanted() -> frozenset[str]:
    """Return the pieces of the page that a script asks for; empty for the whole page."""
    return frozenset(request.headers.get("X-Fragment", "").split())


def is_by_papers() -> bool:
    """Tell whether a list begins with what is not ready."""
    return _said("order") == PAPERS


def here() -> dict[str, Any]:
    """Return what an address needs to show the same board again."""
    said: dict[str, Any] = {"date": shown_on().isoformat(), "view": shown_view().value}
    whose = _whose()
    said |= {"practitioner_id": whose} if whose else {}
    return said | ({"order": PAPERS} if is_by_papers() else {})


# ---- the page ----


@bp.get("/board")
@require(Permission.BOARD_VIEW)
@polled
def index() -> ResponseReturnValue:
    """Show a day; a page that asks by itself gets nothing when there is nothing new."""
    on = shown_on()
    since = _said("since")
    view = shown_view()
    if is_background() and since and since == _stamp(on, view):
        return "", 204
    form = fresh_form(on)
    patient_id = _said("patient_id")
    if patient_id.isascii() and patient_id.isdigit() and 0 < len(patient_id) < 10:
        form.patient_id.data = int(patient_id)
    return page(form, is_look=True)


def _stamp(on: dt.date, view: View) -> str:
    """Return what changes when the board, the shelf or what is held for offers does."""
    seen = board_queries.stamp(read(), actor(), on, view)
    return f"{seen}.{shelf_queries.stamp(read(), actor())}"


def fresh_form(on: dt.date) -> BookingForm:
    """Return an empty booking form for a day."""
    form = BookingForm(form_key=secrets.token_urlsafe(KEY_BYTES))
    form.date.data = max(on, clock.today(actor().zone))
    return form


def page(
    form: BookingForm,
    *,
    is_look: bool = False,
    hits: Sequence[PatientHit] = (),
    error: ClinicError | None = None,
    refused: Refused | None = None,
    newcomer: Newcomer | None = None,
    instead: Instead | None = None,
) -> str:
    """Draw the page, or the pieces of it that a script asks for."""
    on, view, pieces = shown_on(), shown_view(), wanted()
    db, who = read(), actor()
    only_board = pieces == {"#board"}
    offered = desk.choices(db, who, since=first_of(on, view))
    beside = shelf_queries.beside(db, who)
    day = _day(offered, on, view, beside.held)
    panel: Panel | None = None
    if not only_board:
        desk.offer(form, offered)
        panel = desk.panel(
            db, who, form, offered, hits=hits, error=error, refused=refused, since=on
        )
    holiday, is_unapproved = "", False
    if not pieces:
        is_unapproved = who.may(Permission.RULE_APPROVE) and not editions.in_force(db).edition
    if not pieces and view is not View.WEEK:
        holiday = keeping.undecided_holiday(db, who.location_id, on)
    said = news()
    if is_look:  # After all that is read: its own transaction ends the look that they share.
        looks.listed("board", day.visits, date=on.isoformat(), view=view.value)
    if only_board:
        template = "board/_only_board.html"
    else:
        template = "board/_pieces.html" if pieces else "board/index.html"
    return render_template(
        template,
        day=day,
        stamp=f"{day.stamp}.{beside.stamp}",
        parked=beside.parked,
        missed=day.missed,
        moved_from=day.moved_from,
        counted=[(status, day.counts[status]) for status in _COUNTED],
        **_words(day),
        form=form,
        panel=panel,
        view=view.value,
        shown_on=on,
        is_unapproved=is_unapproved,
        holiday=holiday,
        compact=True,
        is_walk_in=False,
        is_past=False,
        newcomer=newcomer,
        likeness_names=LIKENESS_NAMES,
        news=said,
        instead=instead,
        is_over=on < clock.today(who.zone),
        swap="#quick #board",
        reception_names=RECEPTION_NAMES,
        reception_levels=LEVELS,
        **_links(day, offered),
    )


def _day(offered: Choices, on: dt.date, view: View, held: Sequence[tuple[int, Span]]) -> Day:
    return board_queries.day(
        read(),
        actor(),
        offered.table,
        on,
        view,
        practitioner_id=_whose(),
        held=held,
        is_by_papers=is_by_papers(),
        hides_names=discreet.hides_names(),
    )


def _words(day: Day) -> dict[str, Any]:
    """Put into words, once, what stands on the cards again and again."""
    return {
        "status_names": {s.value: escape(translate(name)) for s, name in STATUS_NAMES.items()},
        "stage_names": {key: escape(translate(name)) for key, name in STAGE_NAMES.items()},
        "heard_names": {key: escape(translate(name)) for key, name in HEARD_NAMES.items()},
        "words": {word: escape(translate(word)) for word in SAID},
        "lack_names": LACK_NAMES,
        "numbers": {c: escape(_nth(*c)) for c in day.courses},
    }


def _links(day: Day, offered: Choices) -> dict[str, Any]:
    """Make each link once: a board has hundreds, and each look-up of a route costs."""
    on, view, same = day.on, day.view, here()
    step = board_queries.WEEK_DAYS if view is View.WEEK else 1
    whose = {key: same[key] for key in same if key != "date"}
    return {
        "same_url": url_for("board.index", **same, undo=_said("undo") or None),
        "previous_url": url_for("board.index", date=_day_of(on, -step), **whose),
        "next_url": url_for("board.index", date=_day_of(on, step), **whose),
        "today_url": url_for("board.index", **whose),
        "views": [
            {
                "name": translate(name),
                "url": url_for("board.index", date=on.isoformat(), view=other.value),
                "key": _key_of(other, view),
                "is_current": other is view,
            }
            for other, name in VIEW_NAMES.items()
        ],
        "people": [
            {
                "name": person.name,
                "url": url_for("board.index", **(same | {"practitioner_id": person.id})),
                "is_current": person.id == day.practitioner_id,
            }
            for person in offered.table.of_kind(ResourceKind.PRACTITIONER)
        ]
        if view is View.WEEK
        else [],
        "is_by_papers": is_by_papers(),
        "papers_url": url_for(
            "board.index",
            date=on.isoformat(),
            view=View.LIST.value,
            order=None if is_by_papers() else PAPERS,
        ),
        "paper_url": url_for("board.paper", date=on.isoformat(), view=view.value),
        "day_base": url_for("board.index", view=View.PRACTITIONERS.value),
        "visit_base": url_for("scheduling.show", appointment_id=1)[:-1],
        "new_base": url_for("scheduling.new"),
        "action": url_for("board.book", **same),
        "move_url": url_for("board.move", **same),
        "arrive_url": url_for("board.arrive", **same),
        "step_url": url_for("board.step", **same),
        "notice_url": url_for("board.withhold", **same),
        "shelf_urls": {
            verb: url_for(f"board.{verb}", **same) for verb in ("park", "take_off", "place")
        },
        "names_url": url_for("board.switch_names", **same),
        "clear_url": url_for("board.index", **same),
        "register_url": url_for("board.register", **same),
    }


def _key_of(other: View, view: View) -> str:
    """Return the key that leads to a view: one goes round the columns of a day."""
    if other in _OWN_KEYS:
        return "" if other is view else _OWN_KEYS[other]
    is_next = CYCLED[(CYCLED.index(view) + 1) % len(CYCLED)] if view in CYCLED else CYCLED[0]
    return "v" if other is is_next else ""


def _day_of(on: dt.date, days: int) -> str:
    return min(max(on + dt.timedelta(days=days), EARLIEST), LATEST).isoformat()


# ---- on paper, and on a screen that others can see ----


@bp.get("/board/paper")
@require(Permission.BOARD_VIEW)
def paper() -> ResponseReturnValue:
    """Show a day for printing: one sheet for each practitioner, room or device."""
    view = shown_view()
    view = view if view in CYCLED else View.PRACTITIONERS
    on = shown_on()
    held = shelf_queries.beside(read(), actor()).held
    day = _day(desk.choices(read(), actor(), since=on), on, view, held)
    looks.listed("day_sheet", day.visits, date=on.isoformat(), view=view.value)
    sheets = [
        {"view": other.value, "name": translate(VIEW_NAMES[other]), "is_current": other is view}
        for other in CYCLED
    ]
    return render_template(
        "board/paper.html",
        day=day,
        view=view.value,
        sheets=sheets,
        printed_at=clock.now(),
        back_url=url_for("board.index", date=on.isoformat(), view=view.value),
        **_words(day),
    )


@bp.post("/board/names")
@require(Permission.BOARD_VIEW)
def switch_names() -> ResponseReturnValue:
    """Show initials instead of names in this browser, or names again."""
    done = "shown" if discreet.hides_names() else "hidden"
    with transaction() as db:
        audit.record(db, actor(), f"names.{done}", "board")
    back = redirect(url_for("board.index", **here()), 303)
    return discreet.switch(make_response(back), request)


def _nth(number: int, planned: int) -> str:
    """Return which session of its course a visit is: the one after the last is the booster."""
    if number > planned:
        return translate(BOOSTER)
    return translate(NTH, n=number, planned=planned)
