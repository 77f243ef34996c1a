"""One's own account: preferences, password, open sessions, and the way in by a one-time link."""

import math

from flask import (
    Blueprint,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue

from clinic.accounts import cookies, passwords, queries, service, signing_in
from clinic.accounts.forms import ChangePasswordForm, NewPasswordForm
from clinic.accounts.values import AcceptInvitation
from clinic.core.access import ROLE_NAMES, Permission
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.web.access import actor, public, require
from clinic.web.database import read, transaction
from clinic.web.errors import request_id
from clinic.web.words import translate

bp = Blueprint("account", __name__)


@bp.get("/account")
@require(Permission.SIGNED_IN)
def show() -> ResponseReturnValue:
    """Show one's own account: preferences, password, open sessions."""
    return _own_page(ChangePasswordForm())


@bp.post("/account")
@require(Permission.SIGNED_IN)
def change_password() -> ResponseReturnValue:
    """Change one's own password; every other session of the account ends."""
    form = ChangePasswordForm(request.form)
    if not form.validate():
        return _own_page(form), 422

    counted = signing_in.confirmation_counters(actor().id)
    with transaction() as db:
        wait = signing_in.count_attempt(db, counted)
    if wait:
        seconds = wait.total_seconds()
        form.refuse("current", translate(signing_in.WAIT, minutes=math.ceil(seconds / 60)))
        return _own_page(form), 429, {"Retry-After": str(math.ceil(seconds))}
    account = queries.get(read(), actor().id)
    if not passwords.matches(form.current.data or "", account.password_hash):
        with transaction() as db:
            signing_in.refuse_confirmation(db, actor())
        form.refuse("current", signing_in.WRONG_PASSWORD)
        return _own_page(form), 422
    try:
        new_hash = service.hash_new_password(read(), account, form.password.data or "")
    except Invalid as weak:
        form.refuse_invalid(weak)
        return _own_page(form), 422

    with transaction() as db:
        signing_in.forget(db, counted)
        service.change_password(db, actor(), new_hash)
    cookies.current(session).rotate(actor().id)
    flash(translate(N_("Your password was changed. Other browsers have been signed out.")), "ok")
    return redirect(url_for("account.show"), 303)


@bp.post("/account/sessions/end")
@require(Permission.SIGNED_IN)
def end_others() -> ResponseReturnValue:
    """End one's own sessions in all other browsers."""
    with transaction() as db:
        service.end_sessions(db, actor(), actor().id, but=cookies.mine())
    flash(translate(N_("You are signed in nowhere else now.")), "ok")
    return redirect(url_for("account.show"), 303)


@bp.get("/invitations/<string:token>")
@public
def invitation(token: str) -> ResponseReturnValue:
    """Show who is invited, and the form of the first password; looking does not use the link."""
    account = service.by_link(read(), token)
    return render_template(
        "account/invitation.html", form=NewPasswordForm(), account=queries.card_of(account)
    )


@bp.post("/invitations/<string:token>")
@public
def accept(token: str) -> ResponseReturnValue:
    """Take the password; the link is dead from here on."""
    form = NewPasswordForm(request.form)
    account = service.by_link(read(), token)
    page = "account/invitation.html"
    if not form.validate():
        return render_template(page, form=form, account=queries.card_of(account)), 422
    try:
        new_hash = service.hash_new_password(read(), account, form.password.data or "")
    except Invalid as weak:
        form.refuse_invalid(weak)
        return render_template(page, form=form, account=queries.card_of(account)), 422
    with transaction() as db:
        service.accept(
            db,
            AcceptInvitation(token=token, password_hash=new_hash),
            address=cookies.address(),
            request_id=request_id(),
        )
    cookies.current(session).rotate(None)
    flash(translate(N_("Your password is set. Sign in with it now.")), "ok")
    return redirect(url_for("accounts.sign_in"), 303)


def _own_page(form: ChangePasswordForm) -> str:
    account = queries.get(read(), actor().id)
    open_now = queries.open_sessions(
        read(), account.id, seen_since=cookies.idle_since(), mine=cookies.mine()
    )
    return render_template(
        "account/show.html",
        form=form,
        account=queries.card_of(account),
        sessions=open_now,
        role=translate(ROLE_NAMES[account.role]),
    )
