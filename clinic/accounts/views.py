"""Signing in and out, own preferences."""

from urllib.parse import urlsplit

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from clinic.accounts import rules as account_rules
from clinic.accounts import service
from clinic.accounts.forms import SignInForm
from clinic.accounts.values import Theme
from clinic.core.access import Permission
from clinic.core.text import N_
from clinic.web.access import actor, current_actor, public, require
from clinic.web.database import read, transaction
from clinic.web.errors import request_id

bp = Blueprint("accounts", __name__)
WRONG = N_("Login and password do not fit together. Check both and try again.")
WAIT = N_("Too many attempts. Please wait a while, then try again.")


def safe_next(target: str | None) -> str:
    """Return a path on this site to go on to; anything else becomes the start page."""
    parts = urlsplit(target or "")
    good = parts.path.startswith("/") and not parts.path.startswith(("//", "/\\"))
    if not good or parts.scheme or parts.netloc or "\\" in (target or ""):
        return "/"
    return target or "/"


@bp.get("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    """Show the sign-in page, or go on for who is signed in already."""
    if current_actor() is not None:
        return redirect(safe_next(request.args.get("next")), 303)
    return render_template("accounts/sign_in.html", form=SignInForm())


@bp.post("/sign-in")
@public
def open_session() -> ResponseReturnValue:
    """Check login and password; the same answer for every kind of no."""
    form = SignInForm(request.form)
    if not form.validate():
        return render_template("accounts/sign_in.html", form=form), 422
    login = form.login.text()
    key = service.login_key(login, current_app.config["SECRET_KEY"])
    address = (request.remote_addr or "")[:45]
    with transaction() as db:
        wait = max(
            service.count_attempt(db, key=key, limit=account_rules.PER_LOGIN),
            service.count_attempt(db, key=f"login:addr:{address}", limit=account_rules.PER_ADDRESS),
        )
    if wait:
        form.refuse("password", WAIT)
        return render_template("accounts/sign_in.html", form=form), 429
    account = service.judge_sign_in(read(), login=login, password=form.password.data or "")
    with transaction() as db:
        if account is None:
            service.note_refused(db, login_digest=key, address=address, request_id=request_id())
        else:
            service.note_sign_in(
                db, account_id=account.id, key=key, address=address, request_id=request_id()
            )
    if account is None:
        form.refuse("password", WRONG)
        return render_template("accounts/sign_in.html", form=form), 422
    session.rotate(account.id)  # type: ignore[attr-defined]  # our own session class
    return redirect(safe_next(request.args.get("next")), 303)


@bp.post("/sign-out")
@require(Permission.SIGNED_IN)
def sign_out() -> ResponseReturnValue:
    """End the cookie session at the server."""
    with transaction() as db:
        service.sign_out(db, actor())
    session.rotate(None)  # type: ignore[attr-defined]  # our own session class
    response = redirect(url_for("accounts.sign_in"), 303)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@bp.post("/preferences")
@require(Permission.SIGNED_IN)
def prefer() -> ResponseReturnValue:
    """Keep language, colours and shortcuts; unknown values change nothing."""
    theme = request.form.get("theme", "")
    lang = request.form.get("lang", "")
    keys = request.form.get("single_keys", "")
    with transaction() as db:
        service.prefer(
            db,
            actor(),
            theme=Theme(theme) if theme in {t.value for t in Theme} else None,
            locale=lang if lang in current_app.config["LANGUAGES"] else None,
            single_keys={"on": True, "off": False}.get(keys),
        )
    return redirect(safe_next(request.form.get("next")), 303)
