"""The password given again: judged before any view, counted, audited, kept with the session.

Whoever sits down at a browser that somebody left signed in may look, but not release a finding,
let people in or change the clinic. A password of the last ten minutes is not asked for again.
"""

import math
from dataclasses import replace

from flask import Flask, Response, abort, g, render_template, request
from flask.typing import ResponseReturnValue

from clinic.accounts import cookies, passwords, queries, signing_in
from clinic.core import clock
from clinic.core.access import PASSWORD_FIELD, Actor, PasswordNeeded, Permission
from clinic.web import access, kept, password_again
from clinic.web.database import read, transaction
from clinic.web.words import translate


def init_app(app: Flask) -> None:
    """Judge a password that came with a form; call it after the form's token is checked."""

    @app.before_request
    def _confirm() -> ResponseReturnValue | None:
        who = access.current_actor()
        if who is None or request.endpoint is None or request.method in access.SAFE_METHODS:
            return None
        view = app.view_functions[request.endpoint]
        given = request.form.get(PASSWORD_FIELD, "")
        # Never from a timer: what a page sends by itself confirms nothing.
        is_somebodys = isinstance(access.permission_of(view), Permission)
        if given and is_somebodys and not access.is_confirmed() and not access.is_background():
            _take(who, given)
        if access.asks_before(view) and not access.is_confirmed():
            return _ask()
        return None

    @app.errorhandler(PasswordNeeded)
    def _needed(_error: PasswordNeeded) -> ResponseReturnValue:
        return _ask()  # a view whose form has no field for it: the act has not happened

    @app.after_request
    def _say_when(response: Response) -> Response:
        if response.status_code == 422 and (seconds := g.get("password_wait")):
            response.status_code = 429
            response.headers["Retry-After"] = str(seconds)
        return response


def _take(who: Actor, password: str) -> None:
    counted = signing_in.confirmation_counters(who.id)
    with transaction() as db:
        wait = signing_in.count_attempt(db, counted)
    if wait:
        g.password_wait = math.ceil(wait.total_seconds())
        minutes = math.ceil(wait.total_seconds() / 60)
        password_again.refuse(translate(signing_in.WAIT, minutes=minutes))
        return
    if not passwords.matches(password, queries.get(read(), who.id).password_hash):
        with transaction() as db:
            signing_in.refuse_confirmation(db, who)
        password_again.refuse(translate(signing_in.WRONG_PASSWORD))
        return

    with transaction() as db:
        token = cookies.renew(db)
        if token is None:
            abort(401)  # ended meanwhile: signed out everywhere, or deactivated
        signing_in.confirm(db, who, counted=counted)
    cookies.adopt(token)
    g.actor = replace(who, confirmed_at=clock.now())


def _ask() -> ResponseReturnValue:
    form = password_again.AskingForm(request.form)
    return render_template("errors/password.html", form=form, typed=kept.sent()), 422
