"""The clinic's tablet in a patient's hands: a code, a name, the questions, thank you.

Whoever holds it is nobody who signs in.
"""

import math
from typing import cast

from flask import current_app, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from clinic.accounts import browsers, cookies, signing_in
from clinic.accounts import rules as account_rules
from clinic.accounts.browsers import Browser
from clinic.accounts.signing_in import WAIT, Counter
from clinic.core.errors import Invalid
from clinic.intake import queries, service
from clinic.intake.forms.questions import questions_form
from clinic.intake.forms.tablet import CodeForm, TabletForm
from clinic.intake.views import cookie, signing
from clinic.intake.views.screen import (
    CLEAR,
    asked_from,
    bp,
    current,
    home_of,
    in_hand,
    of_patient,
    seconds_to,
    speak_in,
)
from clinic.safety import queries as safety_queries
from clinic.scheduling import handovers
from clinic.scheduling.handed import Screen
from clinic.scheduling.handed_values import HandoverState
from clinic.scheduling.rules import handovers as handover_rules
from clinic.web.access import current_actor, public
from clinic.web.database import read, transaction
from clinic.web.words import translate

__all__ = ["bp"]
TABLET = "the clinic's tablet"
"""Stands among the logins that a browser remembers; no login has spaces."""
ENDINGS = {"idle": "left alone", "nothing": "nothing to ask"}
"""What the trail says of an end, by the page's own word for it."""


# ---- the code ----


@bp.get("")
@public
def index() -> ResponseReturnValue:
    """Ask for the code, or go on with the screen that is open."""
    screen = current()
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
    who, before = current_actor(), current()
    try:
        with transaction() as db:
            token = handovers.open_screen(db, form.plain(), secret=_secret(), request=asked_from())
            if before is not None:
                handovers.end(db, before, asked_from(), why="another code")
            signing_in.forget(db, counted)
            if who is not None:
                signing_in.out(db, who)
    except Invalid as dead:
        with transaction() as db:
            handovers.refuse_code(db, asked_from())
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
    screen = in_hand()
    if screen.is_confirmed:
        return redirect(url_for(home_of(screen)), 303)
    return render_template("tablet/who.html", screen=screen)


@bp.post("/name")
@public
def confirm() -> ResponseReturnValue:
    """Go on to the questions."""
    screen = in_hand()
    with transaction() as db:
        handovers.confirm_name(db, screen, asked_from())
    return redirect(url_for(home_of(screen)), 303)


@bp.post("/end")
@public
def end() -> ResponseReturnValue:
    """End the screen: not this person, or nobody there any more."""
    screen = in_hand()
    why = ENDINGS.get(request.form.get("why", ""), "not this person")
    with transaction() as db:
        handovers.end(db, screen, asked_from(), why=why)
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
    screen = of_patient()
    if screen.text_id is not None:
        return redirect(url_for(home_of(screen)), 303)
    page = queries.tablet_page(read(), screen)
    return _questions_page(screen, page, _form(page))


@bp.post("/questions")
@public
def send() -> ResponseReturnValue:
    """Record the answers and end the screen; the second of two says that it was sent."""
    screen = of_patient()
    if screen.text_id is not None:
        return redirect(url_for(home_of(screen)), 303)
    page = queries.tablet_page(read(), screen)
    form = _form(page, request.form)
    if not form.validate():
        return _questions_page(screen, page, form), 422
    try:
        with transaction() as db:
            service.answer_on_tablet(db, screen, form.replies(), asked_from())
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
    screen = in_hand()
    locale = request.form.get("language", "")
    if locale not in current_app.config["LANGUAGES"]:
        locale = screen.locale
    with transaction() as db:
        handovers.speak(db, screen, locale)
    if not screen.is_confirmed:
        return redirect(url_for("tablet.who"), 303)
    speak_in(locale)
    if screen.text_id is not None:
        return signing.again(screen, locale)
    page = queries.tablet_page(read(), screen)
    return _questions_page(screen, page, _form(page, request.form))


@bp.post("/touch")
@public
def touch() -> ResponseReturnValue:
    """Note that somebody is there; the page says so when it is touched."""
    screen = in_hand()
    with transaction() as db:
        handovers.touch(db, screen)
    return "", 204


@bp.post("/longer")
@public
def go_on() -> ResponseReturnValue:
    """Give more time before the screen ends; say for how many seconds."""
    screen = in_hand()
    with transaction() as db:
        until = handovers.go_on(db, screen)
    return {"seconds": seconds_to(until)}


@bp.get("/done")
@public
def done() -> ResponseReturnValue:
    """Say thank you, or that the screen is over."""
    screen = current()
    if screen is not None and screen.state is HandoverState.ANSWERED:
        return render_template("tablet/done.html", is_again=False, screen=screen)
    return redirect(url_for(home_of(in_hand())), 303)
