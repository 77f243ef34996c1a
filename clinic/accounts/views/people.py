"""Signing in and out, and the people of the clinic."""

import math

from flask import (
    Blueprint,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue

from clinic.accounts import browsers, cookies, queries, service, signing_in
from clinic.accounts.forms import (
    AccountForm,
    InviteForm,
    SignInForm,
)
from clinic.accounts.models import Account
from clinic.accounts.values import STATUS_NAMES, AccountStatus, Theme
from clinic.audit import looks
from clinic.core import clock
from clinic.core.access import ROLE_NAMES, Permission
from clinic.core.errors import Conflict, Forbidden, Invalid, StaleEdit
from clinic.core.text import N_
from clinic.web import kept
from clinic.web.access import actor, asks_inside, current_actor, is_local, public, require
from clinic.web.database import read, transaction
from clinic.web.errors import request_id
from clinic.web.words import translate, words_of

bp = Blueprint("accounts", __name__)
WRONG = N_("Login and password do not fit together. Check both and try again.")


def safe_next(target: str | None) -> str:
    """Return an address on this site to go on to; anything else becomes the start page."""
    return request.script_root + (target if target and is_local(target) else "/")


def _secret() -> str:
    return str(current_app.config["SECRET_KEY"])


@bp.get("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    """Show the sign-in page, or go on for who is signed in already."""
    if current_actor() is not None:
        return redirect(safe_next(request.args.get("next")), 303)
    has_ended = cookies.current(session).has_ended
    return render_template("accounts/sign_in.html", form=SignInForm(), has_ended=has_ended)


@bp.post("/sign-in")
@public
def open_session() -> ResponseReturnValue:
    """Check login and password; the same answer for every kind of no."""
    form = SignInForm(request.form)
    if not form.validate():
        return render_template("accounts/sign_in.html", form=form), 422

    login, password = form.login.text(), form.password.data or ""
    browser = browsers.of(request, _secret())
    counted = signing_in.counters(
        login,
        address=cookies.address(),
        secret=_secret(),
        browser=browser.name,
        is_known=browser.knows(login, _secret()),
    )
    with transaction() as db:
        wait = signing_in.count_attempt(db, counted)
    if wait:
        seconds = wait.total_seconds()
        form.refuse("", translate(signing_in.WAIT, minutes=math.ceil(seconds / 60)))
        page = render_template("accounts/sign_in.html", form=form)
        return page, 429, {"Retry-After": str(math.ceil(seconds))}

    account = signing_in.judge(read(), login=login, password=password)
    if account is None:
        with transaction() as db:
            signing_in.refuse(
                db, counted=counted, address=cookies.address(), request_id=request_id()
            )
        form.refuse("", WRONG)
        return render_template("accounts/sign_in.html", form=form), 422
    new_hash = signing_in.rehashed(account, password)
    who = service.actor_of(account, address=cookies.address(), request_id=request_id())
    with transaction() as db:
        signing_in.accept(db, who, counted=counted, new_hash=new_hash)

    cookies.current(session).rotate(who.id)
    typed = kept.loads(form.kept.data or "", owner=form.kept_for.data or "", account_id=who.id)
    response = make_response(
        redirect(safe_next(request.args.get("next")), 303)
        if typed is None
        else render_template("accounts/_resume.html", typed=typed)
    )
    browsers.remember(browser.having_met(login, _secret()), request, response, _secret())
    return response


@bp.post("/sign-out")
@require(Permission.SIGNED_IN)
def sign_out() -> ResponseReturnValue:
    """End the cookie session at the server."""
    with transaction() as db:
        signing_in.out(db, actor())
    own = cookies.current(session)
    account = own.account
    own.rotate(None)
    if account is not None:
        own["lang"], own["theme"] = account.locale, account.theme.value
    response = redirect(url_for("accounts.sign_in"), 303)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@bp.post("/preferences")
@public
def prefer() -> ResponseReturnValue:
    """Keep language, colours and shortcuts; unknown values change nothing.

    Who is not signed in keeps language and colours for this browser's session.
    """
    theme, lang = request.form.get("theme", ""), request.form.get("lang", "")
    theme = theme if theme in {known.value for known in Theme} else ""
    lang = lang if lang in current_app.config["LANGUAGES"] else ""
    who = current_actor()
    if who is None:
        session.update({k: v for k, v in (("theme", theme), ("lang", lang)) if v})
    else:
        keys = {"on": True, "off": False}.get(request.form.get("single_keys", ""))
        with transaction() as db:
            service.prefer(
                db,
                who,
                theme=Theme(theme) if theme else None,
                locale=lang or None,
                single_keys=keys,
            )
    return redirect(safe_next(request.form.get("next")), 303)


@bp.get("/people")
@require(Permission.ACCOUNT_MANAGE)
def index() -> ResponseReturnValue:
    """List everybody who has or had access."""
    people = queries.everybody(read(), location_id=actor().location_id)
    looks.listed("account", (person.id for person in people))
    return render_template(
        "accounts/index.html",
        people=people,
        roles=ROLE_NAMES,
        statuses=STATUS_NAMES,
        now=clock.now(),
    )


@bp.get("/people/new")
@require(Permission.ACCOUNT_MANAGE)
def new() -> ResponseReturnValue:
    """Show the form of an invitation."""
    return render_template("accounts/new.html", form=InviteForm())


@bp.post("/people/new")
@require(Permission.ACCOUNT_MANAGE)
@asks_inside
def create() -> ResponseReturnValue:
    """Invite somebody and show the one-time link, once."""
    form = InviteForm(request.form)
    if not form.validate():
        return render_template("accounts/new.html", form=form), 422
    try:
        with transaction() as db:
            account, token = service.invite(db, actor(), form.command())
    except Invalid as refused:
        form.refuse_invalid(refused)
        return render_template("accounts/new.html", form=form), 422
    return _link_page(account.id, token), 201


@bp.get("/people/<id:account_id>")
@require(Permission.ACCOUNT_MANAGE)
def edit(account_id: int) -> ResponseReturnValue:
    """Show one person: name, role, access, open sessions."""
    looks.opened("account", queries.get(read(), account_id, location_id=actor().location_id).id)
    return _edit_page(account_id)


@bp.post("/people/<id:account_id>")
@require(Permission.ACCOUNT_MANAGE)
@asks_inside
def update(account_id: int) -> ResponseReturnValue:
    """Change somebody's name or role."""
    form = AccountForm(request.form)
    if not form.validate():
        return _edit_page(account_id, form), 422
    try:
        with transaction() as db:
            account = service.change(db, actor(), form.command(account_id))
    except Invalid as refused:
        form.refuse_invalid(refused)
        return _edit_page(account_id, form), 422
    except StaleEdit as stale:
        form.version.renew(queries.get(read(), account_id, location_id=actor().location_id).version)
        form.refuse("", stale)
        return _edit_page(account_id, form, is_stale=True), 409
    except (Conflict, Forbidden) as refused:
        form.refuse("role", refused)
        return _edit_page(account_id, form), 409 if isinstance(refused, Conflict) else 403
    flash(translate(N_("%(name)s was saved."), name=account.name), "ok")
    return redirect(url_for("accounts.index"), 303)


@bp.post("/people/<id:account_id>/link")
@require(Permission.ACCOUNT_MANAGE)
def renew_link(account_id: int) -> ResponseReturnValue:
    """Make a new one-time link for an invitation or a forgotten password, and show it once."""
    try:
        with transaction() as db:
            _, token = service.renew_link(db, actor(), account_id)
    except Conflict as refused:
        return _refused(account_id, refused)
    return _link_page(account_id, token), 201


@bp.post("/people/<id:account_id>/deactivate")
@require(Permission.ACCOUNT_MANAGE)
def deactivate(account_id: int) -> ResponseReturnValue:
    """Take somebody's access away, at once."""
    try:
        with transaction() as db:
            account = service.deactivate(db, actor(), account_id)
    except (Conflict, Forbidden) as refused:
        return _refused(account_id, refused)
    flash(translate(N_("%(name)s has no access any more."), name=account.name), "ok")
    return redirect(url_for("accounts.index"), 303)


@bp.post("/people/<id:account_id>/reactivate")
@require(Permission.ACCOUNT_MANAGE)
def reactivate(account_id: int) -> ResponseReturnValue:
    """Let somebody in again."""
    with transaction() as db:
        account = service.reactivate(db, actor(), account_id)
    flash(translate(N_("%(name)s has access again."), name=account.name), "ok")
    return redirect(url_for("accounts.edit", account_id=account_id), 303)


@bp.post("/people/<id:account_id>/sessions/end")
@require(Permission.ACCOUNT_MANAGE)
def end_sessions(account_id: int) -> ResponseReturnValue:
    """Sign somebody out everywhere; oneself everywhere else."""
    with transaction() as db:
        mine = cookies.mine() if account_id == actor().id else None
        service.end_sessions(db, actor(), account_id, but=mine)
    flash(translate(N_("All open sessions of this person have ended.")), "ok")
    return redirect(url_for("accounts.edit", account_id=account_id), 303)


def _edit_page(
    account_id: int, form: AccountForm | None = None, *, is_stale: bool = False, link: str = ""
) -> str:
    account = queries.get(read(), account_id, location_id=actor().location_id)
    if form is None:
        form = AccountForm(
            data={"version": account.version, "name": account.name, "role": account.role.value}
        )
    rows = []
    if is_stale:
        role = form.role.member()
        rows = [
            (form.name.label.text, account.name, form.name.text()),
            (
                form.role.label.text,
                translate(ROLE_NAMES[account.role]),
                translate(ROLE_NAMES[role]) if role else "",
            ),
        ]
    return render_template(
        "accounts/edit.html",
        form=form,
        account=queries.card_of(account),
        is_self=account.id == actor().id,
        status=translate(STATUS_NAMES[account.status]),
        statuses=AccountStatus,
        sessions=queries.open_sessions(read(), account_id, seen_since=cookies.idle_since()),
        stale=rows,
        link=link,
    )


def _link_page(account_id: int, token: str) -> str:
    link = url_for("account.invitation", token=token, _external=True)
    return _edit_page(account_id, link=link)


def _refused(account_id: int, refused: Conflict | Forbidden) -> ResponseReturnValue:
    account: Account = queries.get(read(), account_id, location_id=actor().location_id)
    form = AccountForm(
        data={"version": account.version, "name": account.name, "role": account.role.value}
    )
    form.form_errors.append(words_of(refused))
    return _edit_page(account_id, form), 409 if isinstance(refused, Conflict) else 403
