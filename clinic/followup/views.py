"""The work list, the call after a session, and the side effect from report to closing."""

import datetime as dt
import secrets

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from clinic.audit import looks
from clinic.catalog import stock_queries
from clinic.catalog.after_values import LAST_DAY
from clinic.catalog.stock_values import Alerts
from clinic.core import clock
from clinic.core.access import Actor, Permission
from clinic.core.errors import Conflict, Invalid, StaleEdit
from clinic.followup import service
from clinic.followup.forms import (
    ActionsForm,
    CallForm,
    CloseForm,
    ReactionForm,
    ReviewForm,
    SideEffectForm,
)
from clinic.followup.models import SideEffect
from clinic.followup.queries import effects, work
from clinic.followup.rules import triage
from clinic.followup.rules.terms import AT_ONCE, RED_FLAGS, TERMS
from clinic.followup.values import (
    CALL_RESULT_NAMES,
    EXTRA,
    FIRST_DAY,
    LATE_FROM,
    ON_DAY,
    OUTCOME_NAMES,
    URGENCY_NAMES,
    CallResult,
    NoteActions,
    Outcome,
    ReactNow,
    Urgency,
)
from clinic.safety import queries as safety_queries
from clinic.web.access import actor, require
from clinic.web.database import read, transaction
from clinic.web.words import translate, words_of

bp = Blueprint("followup", __name__)


def call_name(day: int | None) -> str:
    """Return what the call of a day is called; None is an extra one."""
    if day is None:
        return translate(EXTRA)
    return translate(FIRST_DAY) if day == 1 else translate(ON_DAY, n=day)


NAMES = {
    "call_name": call_name,
    "result_names": CALL_RESULT_NAMES,
    "outcome_names": OUTCOME_NAMES,
    "urgency_names": URGENCY_NAMES,
    "terms": TERMS,
    "flag_names": RED_FLAGS,
    "first_words": triage.FIRST,
}


@bp.get("/follow-up")
@require(Permission.FOLLOWUP_CALL)
def index() -> ResponseReturnValue:
    """Show who must be called, seen or decided on, most urgent first."""
    who, db = actor(), read()
    calls = work.due(db, location_id=who.location_id, zone=who.zone)
    open_effects = effects.open_side_effects(db, location_id=who.location_id, zone=who.zone)
    flags = work.flags_without_report(db, location_id=who.location_id)
    shelf = _stock(db, who)
    looks.listed("follow_up", [c.patient_id for c in calls] + [e.patient_id for e in open_effects])
    return render_template(
        "followup/index.html",
        late=[c for c in calls if c.is_late],
        today_calls=[c for c in calls if not c.is_late],
        urgent=[e for e in open_effects if not e.is_reviewed and e.urgency is not Urgency.ROUTINE],
        others=[e for e in open_effects if e.is_reviewed or e.urgency is Urgency.ROUTINE],
        flags=flags,
        stock=shelf,
        today_on=clock.today(who.zone),
        **NAMES,
    )


def _stock(db: Session, who: Actor) -> Alerts:
    if not who.may(Permission.PRODUCT_MANAGE):
        return Alerts()
    return stock_queries.alerts(db, location_id=who.location_id, on=clock.today(who.zone))


def _day_of(raw: str | None) -> int | None:
    """Return which call it is; anything but a day of a year is an extra one."""
    day = int(raw) if raw and raw.isascii() and raw.isdigit() and len(raw) < 4 else 0
    return day if 1 <= day <= LAST_DAY else None


def _call_page(form: CallForm, session_id: int, day: int | None) -> str:
    who, db = actor(), read()
    card = effects.session_card(db, session_id, actor=who)
    return render_template(
        "followup/call.html",
        form=form,
        day=day,
        asks_late=day is not None and day >= LATE_FROM,
        card=card,
        bar=safety_queries.bar(db, who, card.patient_id, on=clock.today(who.zone)),
        before=effects.contacts(db, session_id=session_id),
        **NAMES,
    )


@bp.get("/sessions/<id:session_id>/calls/new")
@require(Permission.FOLLOWUP_CALL)
def call(session_id: int) -> ResponseReturnValue:
    """Show the form of one call, with the number to dial and the script to ask by."""
    card = effects.session_card(read(), session_id, actor=actor())
    looks.opened("treatment_session", session_id, patient_id=card.patient_id)
    form = CallForm(
        data={"form_key": secrets.token_urlsafe(18), "result": CallResult.REACHED.value}
    )
    return _call_page(form, session_id, _day_of(request.args.get("day")))


@bp.post("/sessions/<id:session_id>/calls/new")
@require(Permission.FOLLOWUP_CALL)
def log(session_id: int) -> ResponseReturnValue:
    """Keep a call; a red flag goes on to the report, everything else back to the list."""
    form = CallForm(request.form)
    day = _day_of(request.args.get("day"))
    if not form.validate():
        return _call_page(form, session_id, day), 422
    wish = form.wish(session_id, day)
    with transaction() as db:
        service.log_call(db, actor(), wish)
    if wish.red_flags:
        flash(_("The call is kept. Report now what was heard: a physician must see it today."))
        return redirect(
            url_for("followup.report", session_id=session_id, red_flags=list(wish.red_flags)), 303
        )
    flash(_("The call is kept."))
    return redirect(url_for("followup.index"), 303)


def _report_page(form: SideEffectForm, session_id: int) -> str:
    who, db = actor(), read()
    card = effects.session_card(db, session_id, actor=who)
    return render_template(
        "followup/report.html",
        form=form,
        card=card,
        bar=safety_queries.bar(db, who, card.patient_id, on=clock.today(who.zone)),
        **NAMES,
    )


@bp.get("/sessions/<id:session_id>/side-effects/new")
@require(Permission.FOLLOWUP_CALL)
def report(session_id: int) -> ResponseReturnValue:
    """Show the report of a side effect; the grades follow the kind chosen."""
    card = effects.session_card(read(), session_id, actor=actor())
    looks.opened("treatment_session", session_id, patient_id=card.patient_id)
    form = SideEffectForm(
        data={
            "form_key": request.args.get("form_key") or secrets.token_urlsafe(18),
            "kind": request.args.get("kind", ""),
            "grade": request.args.get("grade", ""),
            "zone": request.args.get("zone", ""),
            "onset_on": _iso(request.args.get("onset_on")) or clock.today(actor().zone),
            "red_flags": [f for f in request.args.getlist("red_flags") if f in RED_FLAGS],
            "description": "",
        }
    )
    form.offer_grades()
    return _report_page(form, session_id)


def _iso(raw: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(raw or "")
    except ValueError:
        return None


@bp.post("/sessions/<id:session_id>/side-effects/new")
@require(Permission.FOLLOWUP_CALL)
def record(session_id: int) -> ResponseReturnValue:
    """Keep a side effect and show at once what to do now."""
    form = SideEffectForm(request.form)
    form.offer_grades()
    if not form.validate():
        return _report_page(form, session_id), 422
    try:
        with transaction() as db:
            effect_id = service.report(db, actor(), form.wish(session_id))
    except Invalid as bad:
        form.refuse_invalid(bad)
        return _report_page(form, session_id), 422
    return redirect(url_for("followup.show", side_effect_id=effect_id), 303)


def _show_page(
    side_effect_id: int,
    *,
    review: ReviewForm | None,
    close: CloseForm | None,
    refusal: Conflict | None = None,
) -> str:
    who, db = actor(), read()
    effect = effects.get(db, side_effect_id)
    card = effects.begun_card(db, effect.session_id, actor=who)
    today = clock.today(who.zone)
    shown = next(
        e for e in effects.of_patient(db, effect.patient_id, today=today) if e.id == effect.id
    )
    review = review or _review_form(effect)
    review.offer_grades(effect.kind)
    return render_template(
        "followup/show.html",
        effect=effect,
        shown=shown,
        refusal=words_of(refusal) if refusal is not None else "",
        card=card,
        review=review,
        close=close or CloseForm(data={"version": effect.version, "resolved_on": today}),
        may_close=who.may(Permission.SIDE_EFFECT_CLOSE),
        bar=safety_queries.bar(db, who, effect.patient_id, on=today),
        contacts=effects.contacts(db, session_id=effect.session_id),
        **NAMES,
    )


def _review_form(effect: SideEffect) -> ReviewForm:
    return ReviewForm(
        data={
            "seen_version": effect.version,
            "grade": str(effect.grade),
            "standing": (
                effect.outcome if effect.outcome is not Outcome.OPEN else Outcome.RESOLVING
            ).value,
            "assessment": effect.review_note,
        }
    )


@bp.get("/side-effects/<id:side_effect_id>")
@require(Permission.CHART_VIEW)
def show(side_effect_id: int) -> ResponseReturnValue:
    """Show a side effect: first what to do now, then the physician's decision."""
    effect = effects.get(read(), side_effect_id)
    looks.opened("side_effect", side_effect_id, patient_id=effect.patient_id)
    return _show_page(side_effect_id, review=None, close=None)


@bp.post("/side-effects/<id:side_effect_id>/review")
@require(Permission.SIDE_EFFECT_CLOSE)
def review(side_effect_id: int) -> ResponseReturnValue:
    """Keep that a physician looked."""
    form = ReviewForm(request.form)
    form.offer_grades(effects.get(read(), side_effect_id).kind)
    if not form.validate():
        return _show_page(side_effect_id, review=form, close=None), 422
    try:
        with transaction() as db:
            service.review(db, actor(), form.wish(side_effect_id))
    except Invalid as bad:
        form.refuse_invalid(bad)
        return _show_page(side_effect_id, review=form, close=None), 422
    except (StaleEdit, Conflict) as stale:
        return _show_page(side_effect_id, review=form, close=None, refusal=stale), 409
    flash(_("Your assessment is kept."))
    return redirect(url_for("followup.show", side_effect_id=side_effect_id), 303)


@bp.post("/side-effects/<id:side_effect_id>/close")
@require(Permission.SIDE_EFFECT_CLOSE)
def close(side_effect_id: int) -> ResponseReturnValue:
    """Close a side effect; the next booking is checked without it."""
    form = CloseForm(request.form)
    if not form.validate():
        return _show_page(side_effect_id, review=None, close=form), 422
    try:
        with transaction() as db:
            service.close(db, actor(), form.wish(side_effect_id))
    except Invalid as bad:
        form.refuse_invalid(bad)
        return _show_page(side_effect_id, review=None, close=form), 422
    except (StaleEdit, Conflict) as stale:
        return _show_page(side_effect_id, review=None, close=form, refusal=stale), 409
    flash(_("Closed. Coming visits have been checked again."))
    return redirect(url_for("followup.show", side_effect_id=side_effect_id), 303)


@bp.get("/sessions/<id:session_id>/reaction")
@require(Permission.FOLLOWUP_CALL)
def reaction(session_id: int) -> ResponseReturnValue:
    """Show the reactions that begin at once, each as one big button."""
    card = effects.begun_card(read(), session_id, actor=actor())
    looks.opened("treatment_session", session_id, patient_id=card.patient_id)
    return _new_page(session_id, ReactionForm(data={"form_key": secrets.token_urlsafe(18)}))


@bp.post("/sessions/<id:session_id>/reaction")
@require(Permission.FOLLOWUP_CALL)
def react(session_id: int) -> ResponseReturnValue:
    """Stamp a reaction, now."""
    form = ReactionForm(request.form)
    if not form.validate():
        return _new_page(session_id, form), 422
    wish = ReactNow(session_id=session_id, kind=form.kind.member(), form_key=form.form_key.data)
    with transaction() as db:
        effect_id = service.react(db, actor(), wish)
    return redirect(url_for("followup.actions", side_effect_id=effect_id), 303)


@bp.get("/side-effects/<id:side_effect_id>/actions")
@require(Permission.FOLLOWUP_CALL)
def actions(side_effect_id: int) -> ResponseReturnValue:
    """Show what to do first, and ask what was done."""
    effect = effects.get(read(), side_effect_id)
    looks.opened("side_effect", side_effect_id, patient_id=effect.patient_id)
    return _actions_page(side_effect_id, ActionsForm())


@bp.post("/side-effects/<id:side_effect_id>/actions")
@require(Permission.FOLLOWUP_CALL)
def note_actions(side_effect_id: int) -> ResponseReturnValue:
    """Keep what was done, and go back to the session: on, or to breaking it off."""
    form = ActionsForm(request.form)
    if not form.validate():
        return _actions_page(side_effect_id, form), 422
    text = form.text(clock.now(), actor().name)
    with transaction() as db:
        effect = service.note_actions(
            db, actor(), NoteActions(side_effect_id=side_effect_id, text=text)
        )
        session_id = effect.session_id
    session = url_for("treatments.show", session_id=session_id)
    breaks_off = request.form.get("then") == "break_off"
    return redirect(f"{session}?break_off=1#end-card" if breaks_off else session, 303)


def _new_page(session_id: int, form: ReactionForm) -> str:
    card = effects.begun_card(read(), session_id, actor=actor())
    return render_template(
        "followup/reaction.html", form=form, card=card, bar=_bar(card.patient_id), kinds=AT_ONCE,
        terms=TERMS,
    )  # fmt: skip


def _actions_page(side_effect_id: int, form: ActionsForm) -> str:
    effect = effects.get(read(), side_effect_id)
    card = effects.begun_card(read(), effect.session_id, actor=actor())
    today = clock.today(actor().zone)
    shown = next(
        e for e in effects.of_patient(read(), effect.patient_id, today=today) if e.id == effect.id
    )
    return render_template(
        "followup/actions.html",
        form=form,
        effect=effect,
        shown=shown,
        card=card,
        bar=_bar(card.patient_id),
        term=TERMS[effect.kind],
        first_words=triage.FIRST,
    )


def _bar(patient_id: int) -> object:
    return safety_queries.bar(read(), actor(), patient_id, on=clock.today(actor().zone))
