"""Offering a time to those who wait, and what they say; same blueprint as the waiting list."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from clinic.core.access import Actor, Permission
from clinic.core.errors import ClinicError
from clinic.core.text import N_
from clinic.scheduling import guard
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.values import Refused
from clinic.waiting import offering
from clinic.waiting.forms import FreedForm, OfferForm
from clinic.waiting.queries import entries
from clinic.waiting.views.waiting_list import ODD, bp, fitting_page, list_page
from clinic.web.access import actor, require
from clinic.web.database import read, transaction
from clinic.web.errors import status_of
from clinic.web.words import translate, words_of

__all__ = ["bp"]
OFFERED = N_("Offered to %(who)s. The time is held until the offer runs out.")
BOOKED = N_("%(who)s said yes: the visit is booked.")
DECLINED = N_("%(who)s said no. The time can be offered to the next one.")
WITHDRAWN = N_("The offer was taken back.")
TOLD = N_("Noted.")
NOT_ALLOWED_THEN = N_("The check does not let %(who)s come on this day any more.")


@bp.post("/waiting-list/<id:entry_id>/offers")
@require(Permission.APPOINTMENT_BOOK)
def offer(entry_id: int) -> ResponseReturnValue:
    """Hold a time and note that somebody was told of it."""
    form = OfferForm(request.form)
    card = entries.card(read(), actor(), entry_id)
    if not form.validate():
        flash(translate(ODD), "bad")
        return _fitting(), 422
    try:
        with transaction() as db:
            made = offering.offer(db, actor(), form.wish(entry_id))
    except ClinicError as error:
        if status_of(error) in {403, 404}:
            raise
        _say(error)
        return _fitting(), status_of(error)
    if isinstance(made, Refused):
        flash(translate(NOT_ALLOWED_THEN, who=card.name), "bad")
        return _fitting(), 409
    flash(translate(OFFERED, who=card.name), "ok")
    return redirect(_back(), 303)


def _fitting() -> Any:
    page = fitting_page(FreedForm(request.args))
    return page[0] if isinstance(page, tuple) else page


def _back() -> str:
    """Return the page of the free time that the address names, else the list."""
    asked = {name: request.args[name] for name in FreedForm.NAMES if name in request.args}
    if not asked:
        return url_for("waiting.index")
    return url_for("waiting.who_fits") + "?" + urlencode(asked)


def _say(error: ClinicError) -> None:
    """Say a refusal; of a time that is taken, everything that is in the way."""
    clashes = error.clashes if isinstance(error, SlotTaken) else ()
    for clash in clashes:
        message, values = guard.words_of(clash)
        flash(translate(message, **values), "bad")
    if not clashes:
        flash(words_of(error), "bad")


def _refused(error: ClinicError) -> ResponseReturnValue:
    """Show the list as it stands now, with the refusal above it."""
    if status_of(error) in {403, 404}:
        raise error
    _say(error)
    return list_page(), status_of(error)


def _answered(
    offer_id: int, act: Callable[[Session, Actor, int], Any], said: str
) -> ResponseReturnValue:
    card = _card(offer_id)
    try:
        with transaction() as db:
            act(db, actor(), offer_id)
    except ClinicError as error:
        return _refused(error)
    flash(translate(said, who=card.name if card else ""), "ok")
    return redirect(_back(), 303)


def _card(offer_id: int) -> entries.OfferCard | None:
    return next((card for card in entries.offered(read(), actor()) if card.id == offer_id), None)


@bp.post("/offers/<id:offer_id>/acceptance")
@require(Permission.APPOINTMENT_BOOK)
def accept(offer_id: int) -> ResponseReturnValue:
    """Book what was offered: somebody said yes."""
    card = _card(offer_id)
    try:
        with transaction() as db:
            booked = offering.accept(db, actor(), offer_id)
    except ClinicError as error:
        return _refused(error)
    who = card.name if card else ""
    if isinstance(booked, Refused):
        flash(translate(NOT_ALLOWED_THEN, who=who), "bad")
        return list_page(), 409
    flash(translate(BOOKED, who=who), "ok")
    return redirect(url_for("scheduling.show", appointment_id=booked.id), 303)


@bp.post("/offers/<id:offer_id>/refusal")
@require(Permission.APPOINTMENT_BOOK)
def decline(offer_id: int) -> ResponseReturnValue:
    """Note a no."""
    return _answered(offer_id, offering.decline, DECLINED)


@bp.post("/offers/<id:offer_id>/withdrawal")
@require(Permission.APPOINTMENT_BOOK)
def withdraw(offer_id: int) -> ResponseReturnValue:
    """Take an offer back."""
    return _answered(offer_id, offering.withdraw, WITHDRAWN)


@bp.post("/offers/<id:offer_id>/told")
@require(Permission.APPOINTMENT_BOOK)
def tell(offer_id: int) -> ResponseReturnValue:
    """Note that somebody who was too late was told so."""
    return _answered(offer_id, offering.told, TOLD)
