"""The messages of a visit, and what its patient agreed to."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.audit import looks
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import Invalid, NotFound, StaleEdit
from clinic.core.text import N_
from clinic.messages import card as cards
from clinic.messages import queries, service
from clinic.messages.card import Card
from clinic.messages.forms import AnswerForm, ContactForm, WithholdForm
from clinic.messages.values import MessageKind
from clinic.patients import queries as patient_queries
from clinic.patients.values import Channel
from clinic.web.access import actor, require
from clinic.web.database import read, transaction
from clinic.web.words import translate, words_of

bp = Blueprint("messages", __name__)
SAVED = N_("Noted. What is queued follows by itself.")
AGAIN = N_("It is queued again.")
HELD = N_("It will not be sent.")
NOTED = N_("Noted.")
ODD = N_("This button was out of date. Look at the visit and press again.")


@bp.app_template_global()
def messages_of(appointment_id: int) -> Card | None:
    """Return what the card of a visit's messages shows, to whoever may see the visit."""
    who = actor()
    if not who.may(Permission.BOARD_VIEW):
        return None
    return cards.card(read(), who, appointment_id)


@bp.get("/patients/<id:patient_id>/messages")
@require(Permission.PATIENT_EDIT)
def contact(patient_id: int) -> ResponseReturnValue:
    """Show what a patient agreed to."""
    row = queries.wish_of(read(), patient_id)
    form = ContactForm(
        data={
            "version": row.version if row else 0,
            "channel": (row.channel if row else Channel.NONE).value,
            "agreed": bool(row and row.agreed_on),
        }
    )
    page = _contact_page(patient_id, form)
    looks.opened("patient", patient_id, patient_id=patient_id)
    return page


def _contact_page(patient_id: int, form: ContactForm) -> str:
    db, who = read(), actor()
    patient = patient_queries.get(db, patient_id, location_id=who.location_id)
    row = queries.wish_of(db, patient_id)
    return render_template(
        "messages/contact.html",
        form=form,
        bar=patient_queries.card(db, patient_id, today=clock.today(who.zone)),
        patient_id=patient_id,
        email=patient.email,
        language=patient.language,
        agreed_on=row.agreed_on if row else None,
    )


@bp.post("/patients/<id:patient_id>/messages")
@require(Permission.PATIENT_EDIT)
def note(patient_id: int) -> ResponseReturnValue:
    """Note what a patient agreed to."""
    form = ContactForm(request.form)
    patient_queries.get(read(), patient_id, location_id=actor().location_id)
    if not form.validate():
        return _contact_page(patient_id, form), 422
    try:
        with transaction() as db:
            service.set_contact(db, actor(), form.command(patient_id))
    except Invalid as bad:
        form.refuse_invalid(bad)
        return _contact_page(patient_id, form), 422
    except StaleEdit as stale:
        row = queries.wish_of(read(), patient_id)
        form.version.renew(row.version if row else 0)
        form.refuse("", stale)
        return _contact_page(patient_id, form), 409
    flash(translate(SAVED), "ok")
    return redirect(url_for("chart.patient", patient_id=patient_id), 303)


# ---- what a person decides of one message ----


@bp.post("/appointments/<id:appointment_id>/messages/withhold")
@require(Permission.APPOINTMENT_BOOK)
def withhold(appointment_id: int) -> ResponseReturnValue:
    """Say that a queued message shall not be sent."""
    form = WithholdForm(request.form)
    if not form.validate():
        flash(translate(ODD), "bad")
        return _to(appointment_id)
    kind: MessageKind = form.kind.member()
    return _decide(
        lambda db: service.withhold(db, actor(), appointment_id, kind), HELD, appointment_id
    )


@bp.post("/appointments/<id:appointment_id>/messages/<id:message_id>/again")
@require(Permission.APPOINTMENT_BOOK)
def send_again(appointment_id: int, message_id: int) -> ResponseReturnValue:
    """Queue a failed or uncertain message once more."""
    _belongs(appointment_id, message_id)
    return _decide(lambda db: service.send_again(db, actor(), message_id), AGAIN, appointment_id)


@bp.post("/appointments/<id:appointment_id>/messages/<id:message_id>/answer")
@require(Permission.APPOINTMENT_BOOK)
def note_answer(appointment_id: int, message_id: int) -> ResponseReturnValue:
    """Note that the patient answered."""
    _belongs(appointment_id, message_id)
    form = AnswerForm(request.form)
    if not form.validate():
        flash(translate(ODD), "bad")
        return _to(appointment_id)
    answer = form.answer.member()
    return _decide(
        lambda db: service.note_answer(db, actor(), message_id, answer), NOTED, appointment_id
    )


@bp.post("/appointments/<id:appointment_id>/messages/<id:message_id>/seen")
@require(Permission.APPOINTMENT_BOOK)
def note_seen(appointment_id: int, message_id: int) -> ResponseReturnValue:
    """Note that a message that did not leave is seen to."""
    _belongs(appointment_id, message_id)
    return _decide(lambda db: service.note_seen(db, actor(), message_id), NOTED, appointment_id)


def _belongs(appointment_id: int, message_id: int) -> None:
    row = queries.get_message(read(), message_id)
    if row is None or row.appointment_id != appointment_id:
        raise NotFound(service.NO_MESSAGE)


def _decide(act: Callable[[Any], object], said: str, appointment_id: int) -> ResponseReturnValue:
    try:
        with transaction() as db:
            act(db)
    except service.MovedOn as moved:
        flash(words_of(moved), "bad")
    else:
        flash(translate(said), "ok")
    return _to(appointment_id)


def _to(appointment_id: int) -> ResponseReturnValue:
    return redirect(url_for("scheduling.show", appointment_id=appointment_id) + "#messages", 303)
