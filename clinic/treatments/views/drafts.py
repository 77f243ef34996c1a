"""What a page sends by itself while somebody types, and throwing that away."""

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.core.access import Permission
from clinic.core.errors import ClinicError, NotFound, StaleEdit
from clinic.core.text import N_
from clinic.treatments import typing
from clinic.treatments.forms.drafts import PageForm
from clinic.treatments.queries import drafts as queries
from clinic.treatments.queries import sessions as session_queries
from clinic.treatments.service import drafts as service
from clinic.treatments.service import time_out
from clinic.treatments.values import TIME_OUT_NAMES, DraftStep, TimeOut
from clinic.web.access import actor, require
from clinic.web.database import end_read, read, transaction
from clinic.web.errors import status_of
from clinic.web.words import translate, words_of

bp = Blueprint("drafts", __name__)
ANOTHER = N_("%(name)s is signed in in this browser now. Nothing more is saved on this page.")
UNREADABLE = N_("This page cannot be kept while you type. Save the draft.")
DISCARDED = N_("What was typed and not kept is discarded.")
NO_FORM = N_("A session has no such form")


@bp.post("/sessions/<id:session_id>/drafts/<string:step>")
@require(Permission.SESSION_LOG)
def keep(session_id: int, step: str) -> ResponseReturnValue:
    """Keep what is typed, or only say whether this page still may."""
    form = PageForm(request.form)
    if not form.validate() or not form.page().tab:
        return _no("unreadable", translate(UNREADABLE)), 422
    if form.account_id != actor().id:
        return _no("person", translate(ANOTHER, name=actor().name)), 409
    wish = form.wish(session_id, _known(step), request.form.items(multi=True))
    try:
        with transaction() as db:
            if form.only_checks:
                service.check(db, actor(), wish)
                return "", 204
            return jsonify(seq=service.keep(db, actor(), wish), at=typing.now())
    except ClinicError as refused:
        return _refusal(refused)


@bp.post("/sessions/<id:session_id>/drafts/<string:step>/discard")
@require(Permission.SESSION_LOG)
def discard(session_id: int, step: str) -> ResponseReturnValue:
    """Throw away what is typed and not kept."""
    page = PageForm(request.form).page()
    with transaction() as db:
        service.discard(db, actor(), session_id, _known(step), page)
    flash(translate(DISCARDED), "ok")
    of_blood = step == DraftStep.PREPARATION.value
    where = "preparation.show" if of_blood else "treatments.show"
    return redirect(url_for(where, session_id=session_id), 303)


@bp.post("/sessions/<id:session_id>/time-out")
@require(Permission.SESSION_LOG)
def say(session_id: int) -> ResponseReturnValue:
    """Stamp a line of the time-out, or take it back; a script gets the card alone."""
    line, is_back = request.form.get("say", ""), False
    if not line:
        line, is_back = request.form.get("take_back", ""), True
    if line in {known.value for known in TimeOut}:
        act = time_out.take_back if is_back else time_out.say
        with transaction() as db:
            act(db, actor(), session_id, TimeOut(line))
    if request.headers.get("X-Fragment") != "#time-out":
        return redirect(url_for("treatments.show", session_id=session_id, _anchor="time-out"), 303)
    end_read()
    return render_template(
        "treatments/_time_out.html",
        session=session_queries.get_here(read(), actor(), session_id),
        time_out=queries.time_out(read(), session_id),
        time_out_names=TIME_OUT_NAMES,
    )


def _known(step: str) -> DraftStep:
    # The mixture is typed into the session's own form: words kept beside it would block signing.
    if step not in {DraftStep.SESSION.value, DraftStep.PREPARATION.value}:
        raise NotFound(NO_FORM)
    return DraftStep(step)


def _refusal(refused: ClinicError) -> ResponseReturnValue:
    """Return why nothing more is kept on this page, for the script that sent it."""
    if isinstance(refused, service.TypedElsewhere):
        said = f"{words_of(refused)} {typing.when(refused.held.saved_at)}"
        return _no("elsewhere", said, is_new=refused.is_new), 409
    why = "kept" if isinstance(refused, StaleEdit) else "refused"
    return _no(why, words_of(refused)), status_of(refused)


def _no(why: str, said: str, *, is_new: bool = False) -> Response:
    return jsonify(why=why, said=said, is_new=is_new)
