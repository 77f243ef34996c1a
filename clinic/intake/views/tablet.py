"""The clinic's tablet in a patient's hands: a code, a name, the questions, thank you.

Whoever holds it is nobody who signs in. While its screen is open, every other page of the clinic
sends this browser back here.
"""

import datetime as dt
import math
from contextlib import suppress
from typing import cast

from flask import (
    Blueprint,
    abort,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import refresh

from clinic.accounts import browsers, cookies, signing_in
from clinic.accounts import rules as account_rules
from clinic.accounts.browsers import Browser
from clinic.accounts.signing_in import WAIT, Counter
from clinic.core import clock
from clinic.core.errors import Invalid
from clinic.intake import queries, service
from clinic.intake.forms.questions import questions_form
from clinic.intake.forms.tablet import CodeForm, TabletForm
from clinic.intake.service import SENT, SentAlready
from clinic.intake.views import cookie
from clinic.safety import queries as safety_queries
from clinic.scheduling import handed, handovers
from clinic.scheduling.handed import Screen
from clinic.scheduling.handed_values import HandoverState
from clinic.scheduling.handovers import HandoverOver, Request
from clinic.scheduling.rules import handovers as handover_rules
from clinic.web.access import current_actor, public
from clinic.web.database import read, transaction
from clinic.web.errors import request_id
from clinic.web.words import translate

bp = Blueprint("tablet", __name__, url_prefix="/tablet")
GONE = 410
CLEAR = '"cache", "storage"'
TABLET = "the clinic's tablet"
"""Stands among the logins that a browser remembers; no login has spaces."""
ENDINGS = {"idle": "left alone", "nothing": "nothing to ask"}
"""What the trail says of an end, by the page's own word for it."""
_FREE = ("assets.", "health.")
_AT_THE_DESK = frozenset({"tablet.index", "tablet.open_screen"})
"""Read by who types the code, in the language of this browser and not of the patient before."""


@bp.context_processor
def _limits() -> dict[str, object]:
    screen = _screen()
    return {
        "idle_seconds": int(handover_rules.IDLE_ON_SCREEN.total_seconds()),
        "soon_seconds": int(handover_rules.ENDS_SOON.total_seconds()),
        "left_seconds": _seconds_to(screen.ends_at) if screen else 0,
    }


def _seconds_to(at: dt.datetime) -> int:
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
            _speak(screen.locale)
        if request.method == "GET" and _is_long_ago(screen):
            with suppress(HandoverOver), transaction() as db:
                handovers.touch(db, screen)
    return None


def _is_long_ago(screen: Screen) -> bool:
    if screen.state is not HandoverState.OPEN or screen.seen_at is None:
        return False
    return clock.now() - screen.seen_at > cookies.TOUCH_EVERY


def _speak(locale: str) -> None:
    g.spoken = locale
    g.pop("language", None)
    refresh()


def _screen() -> Screen | None:
    return cast("Screen | None", g.get("screen"))


def _request() -> Request:
    return Request(address=cookies.address(), request_id=request_id())


def _screen_in_hand() -> Screen:
    """Return the open screen; who has none is sent to the code, or told how it ended."""
    screen = _screen()
    if screen is None:
        abort(redirect(url_for("tablet.index"), 303))
    if screen.state is HandoverState.ANSWERED:
        raise SentAlready(SENT)
    if screen.state is not HandoverState.OPEN:
        raise HandoverOver
    return screen


def _screen_of_patient() -> Screen:
    """Return the open screen once the name is confirmed."""
    screen = _screen_in_hand()
    if not screen.is_confirmed:
        abort(redirect(url_for("tablet.who"), 303))
    return screen


@bp.errorhandler(HandoverOver)
def _over(_error: HandoverOver) -> ResponseReturnValue:
    return render_template("tablet/_over.html"), GONE


@bp.errorhandler(SentAlready)
def _sent(_error: SentAlready) -> ResponseReturnValue:
    return render_template("tablet/done.html", is_again=True), 409


# ---- the code ----


@bp.get("")
@public
def index() -> ResponseReturnValue:
    """Ask for the code, or go on with the screen that is open."""
    screen = _screen()
    if screen is not None and screen.state is HandoverState.OPEN:
        return redirect(url_for("tablet.who"), 303)
    return _code_page(CodeForm())


def _code_page(form: CodeForm) -> str:
    return render_template("tablet/index.html", form=form)


@bp.post("")
@public
def open_screen() -> ResponseReturnValue:
    """Open the screen with a code; whoever is signed in in this browser no longer is."""
    form = CodeForm(request.form)
    if not form.validate():
        return _code_page(form), 422
    browser = browsers.of(request, _secret())
    counted = [_counter(browser)]
    with transaction() as db:
        wait = signing_in.count_attempt(db, counted)
    if wait:
        seconds = math.ceil(wait.total_seconds())
        form.refuse("", translate(WAIT, minutes=math.ceil(seconds / 60)))
        return _code_page(form), 429, {"Retry-After": str(seconds)}
    who, before = current_actor(), _screen()
    try:
        with transaction() as db:
            token = handovers.open_screen(db, form.plain(), secret=_secret(), request=_request())
            if before is not None:
                handovers.end(db, before, _request(), why="another code")
            signing_in.forget(db, counted)
            if who is not None:
                signing_in.out(db, who)
    except Invalid as dead:
        with transaction() as db:
            handovers.refuse_code(db, _request())
        form.refuse_invalid(dead)
        return _code_page(form), 422
    response = make_response(redirect(url_for("tablet.who"), 303))
    if who is not None:
        cookies.current(session).rotate(None)
        response.headers["Clear-Site-Data"] = CLEAR
    cookie.put(request, response, token)
    browsers.remember(browser.having_met(TABLET, _secret()), request, response, _secret())
    return response


def _secret() -> str:
    return str(current_app.secret_key)


def _counter(browser: Browser) -> Counter:
    """Return where an attempt counts: strangers at our address do not close our tablets."""
    if browser.logins:
        key = account_rules.login_digest(_secret(), TABLET, browser=browser.name)
        return Counter(f"tablet:known:{key}", handover_rules.PER_BROWSER)
    group = account_rules.address_group(cookies.address())
    return Counter(f"tablet:addr:{group}", handover_rules.PER_ADDRESS)


# ---- the name ----


@bp.get("/name")
@public
def who() -> ResponseReturnValue:
    """Ask whether the tablet is in the right hands."""
    screen = _screen_in_hand()
    if screen.is_confirmed:
        return redirect(url_for("tablet.questions"), 303)
    return render_template("tablet/who.html", screen=screen)


@bp.post("/name")
@public
def confirm() -> ResponseReturnValue:
    """Go on to the questions."""
    screen = _screen_in_hand()
    with transaction() as db:
        handovers.confirm_name(db, screen, _request())
    return redirect(url_for("tablet.questions"), 303)


@bp.post("/end")
@public
def end() -> ResponseReturnValue:
    """End the screen: not this person, or nobody there any more."""
    screen = _screen_in_hand()
    why = ENDINGS.get(request.form.get("why", ""), "not this person")
    with transaction() as db:
        handovers.end(db, screen, _request(), why=why)
    return redirect(url_for("tablet.done"), 303)


# ---- the questions ----


def _questions_page(screen: Screen, page: queries.TabletPage, form: TabletForm) -> str:
    return render_template("tablet/questions.html", screen=screen, page=page, form=form)


def _form(page: queries.TabletPage, formdata: object = None) -> TabletForm:
    made = questions_form(
        [one.card for one in page.cards],
        safety_queries.codes(),
        today=page.today,
        formdata=formdata,
        kind=TabletForm,
    )
    return cast("TabletForm", made)


@bp.get("/questions")
@public
def questions() -> ResponseReturnValue:
    """Show the questions, nothing ticked."""
    screen = _screen_of_patient()
    page = queries.tablet_page(read(), screen)
    return _questions_page(screen, page, _form(page))


@bp.post("/questions")
@public
def send() -> ResponseReturnValue:
    """Record the answers and end the screen; the second of two says that it was sent."""
    screen = _screen_of_patient()
    page = queries.tablet_page(read(), screen)
    form = _form(page, request.form)
    if not form.validate():
        return _questions_page(screen, page, form), 422
    try:
        with transaction() as db:
            service.answer_on_tablet(db, screen, form.replies(), _request())
    except Invalid as bad:
        form.refuse_invalid(bad)
        return _questions_page(screen, page, form), 422
    response = make_response(redirect(url_for("tablet.done"), 303))
    response.headers["Clear-Site-Data"] = CLEAR
    return response


@bp.post("/language")
@public
def speak() -> ResponseReturnValue:
    """Change the language; what was answered so far comes along."""
    screen = _screen_in_hand()
    locale = request.form.get("language", "")
    if locale not in current_app.config["LANGUAGES"]:
        locale = screen.locale
    with transaction() as db:
        handovers.speak(db, screen, locale)
    if not screen.is_confirmed:
        return redirect(url_for("tablet.who"), 303)
    _speak(locale)
    page = queries.tablet_page(read(), screen)
    return _questions_page(screen, page, _form(page, request.form))


@bp.post("/touch")
@public
def touch() -> ResponseReturnValue:
    """Note that somebody is there; the page says so when it is touched."""
    screen = _screen_in_hand()
    with transaction() as db:
        handovers.touch(db, screen)
    return "", 204


@bp.post("/longer")
@public
def go_on() -> ResponseReturnValue:
    """Give more time before the screen ends; say for how many seconds."""
    screen = _screen_in_hand()
    with transaction() as db:
        until = handovers.go_on(db, screen)
    return {"seconds": _seconds_to(until)}


@bp.get("/done")
@public
def done() -> ResponseReturnValue:
    """Say thank you, or that the screen is over."""
    screen = _screen()
    if screen is not None and screen.state is HandoverState.ANSWERED:
        return render_template("tablet/done.html", is_again=False)
    _screen_in_hand()
    return redirect(url_for("tablet.questions"), 303)
