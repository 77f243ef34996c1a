"""The screen behind the tablet's cookie: whose it is, that it is open, what it may show.

Its pages are those of the questions (`tablet`) and of a consent (`signing`). While a screen is
open, every other page of the clinic sends its browser back here.
"""

import datetime as dt
from contextlib import suppress
from typing import cast

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import refresh

from clinic.accounts import cookies
from clinic.core import clock
from clinic.intake.service import SENT, SentAlready
from clinic.intake.views import cookie
from clinic.scheduling import handed, handovers
from clinic.scheduling.handed import Screen
from clinic.scheduling.handed_values import HandoverState
from clinic.scheduling.handovers import HandoverOver, Request
from clinic.scheduling.rules import handovers as handover_rules
from clinic.web.database import read, transaction
from clinic.web.errors import request_id

bp = Blueprint("tablet", __name__, url_prefix="/tablet")
GONE = 410
CLEAR = '"cache", "storage"'
_FREE = ("assets.", "health.")
_AT_THE_DESK = frozenset({"tablet.index", "tablet.open_screen"})
"""Read by who types the code, in the language of this browser and not of the patient before."""


@bp.context_processor
def _limits() -> dict[str, object]:
    screen = current()
    return {
        "idle_seconds": int(handover_rules.IDLE_ON_SCREEN.total_seconds()),
        "soon_seconds": int(handover_rules.ENDS_SOON.total_seconds()),
        "left_seconds": seconds_to(screen.ends_at) if screen else 0,
    }


def seconds_to(at: dt.datetime) -> int:
    """Return how many seconds there are until an instant."""
    return int((at - clock.now()).total_seconds())


@bp.before_app_request
def _meet() -> ResponseReturnValue | None:
    """Look up whose screen this browser shows, and keep it on the tablet's pages."""
    kept = cookie.hash_of(request)
    if kept is None or (request.endpoint or "").startswith(_FREE):
        return None
    screen = handed.screen(read(), kept)
    if request.blueprint != bp.name:
        if screen is not None and screen.state is HandoverState.OPEN and request.endpoint:
            return redirect(url_for("tablet.index"), 303)
        return None
    if screen is not None:
        g.screen = screen
        if request.endpoint not in _AT_THE_DESK:
            speak_in(screen.locale)
        if request.method == "GET" and _is_long_ago(screen):
            with suppress(HandoverOver), transaction() as db:
                handovers.touch(db, screen)
    return None


def _is_long_ago(screen: Screen) -> bool:
    if screen.state is not HandoverState.OPEN or screen.seen_at is None:
        return False
    return clock.now() - screen.seen_at > cookies.TOUCH_EVERY


def speak_in(locale: str) -> None:
    """Speak this language for the rest of the request."""
    g.spoken = locale
    g.pop("language", None)
    refresh()


def current() -> Screen | None:
    """Return the screen of this browser, over or not."""
    return cast("Screen | None", g.get("screen"))


def asked_from() -> Request:
    """Return from where this request comes."""
    return Request(address=cookies.address(), request_id=request_id())


def in_hand() -> Screen:
    """Return the open screen; who has none is sent to the code, or told how it ended."""
    screen = current()
    if screen is None:
        abort(redirect(url_for("tablet.index"), 303))
    if screen.state is HandoverState.ANSWERED:
        raise SentAlready(SENT)
    if screen.state is not HandoverState.OPEN:
        raise HandoverOver
    return screen


def of_patient() -> Screen:
    """Return the open screen once the name is confirmed."""
    screen = in_hand()
    if not screen.is_confirmed:
        abort(redirect(url_for("tablet.who"), 303))
    return screen


@bp.errorhandler(HandoverOver)
def _over(_error: HandoverOver) -> ResponseReturnValue:
    return render_template("tablet/_over.html"), GONE


@bp.errorhandler(SentAlready)
def _sent(_error: SentAlready) -> ResponseReturnValue:
    return render_template("tablet/done.html", is_again=True, screen=current()), 409


def home_of(screen: Screen) -> str:
    """Return the endpoint of what a screen was handed over for."""
    return "tablet.questions" if screen.text_id is None else "tablet.consent"
