"""Presets of kits and tubes: what one press fills into the card of blood and PRP."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.audit import looks
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import Invalid, StaleEdit
from clinic.core.text import N_
from clinic.treatments.forms.presets import PresetChangeForm, PresetForm
from clinic.treatments.queries import preparation as queries
from clinic.treatments.service import presets as service
from clinic.treatments.service.sessions import ContentRefused
from clinic.web.access import actor, asks_inside, require
from clinic.web.database import end_read, read, transaction
from clinic.web.formats import sentence
from clinic.web.words import translate

bp = Blueprint("presets", __name__, url_prefix="/clinic/kits")
ADDED = N_("The preset can be chosen from now on.")
SAVED = N_("The change was saved. What was filled in before stays as it is.")


@bp.get("")
@require(Permission.CLINIC_MANAGE)
def index() -> ResponseReturnValue:
    """List the presets."""
    cards = queries.presets(read())
    looks.listed("kit_preset", (card.id for card in cards))
    return render_template(
        "presets/index.html",
        cards=cards,
        udis={kit.id: kit.gtins[0] for kit in queries.kits(read()) if kit.gtins},
    )


@bp.get("/new")
@require(Permission.CLINIC_MANAGE)
def new() -> ResponseReturnValue:
    """Show the form of a new preset."""
    form = PresetForm()
    _offer(form)
    return _new_page(form)


@bp.post("/new")
@require(Permission.CLINIC_MANAGE)
@asks_inside
def create() -> ResponseReturnValue:
    """Put one more on the list."""
    form = PresetForm()
    _offer(form)
    form.process(request.form)
    if not form.validate():
        return _new_page(form), 422
    try:
        with transaction() as db:
            service.add(db, actor(), form.preset())
    except Invalid as bad:
        _refuse(form, bad)
        return _new_page(form), 422
    flash(translate(ADDED), "ok")
    return redirect(url_for("presets.index"), 303)


@bp.get("/<id:preset_id>")
@require(Permission.CLINIC_MANAGE)
def edit(preset_id: int) -> ResponseReturnValue:
    """Show one, to be changed."""
    card = queries.preset_here(read(), preset_id)
    form = PresetChangeForm()
    _offer(form)
    form.fill(card)
    looks.opened("kit_preset", preset_id)
    return _edit_page(form, preset_id)


@bp.post("/<id:preset_id>")
@require(Permission.CLINIC_MANAGE)
@asks_inside
def update(preset_id: int) -> ResponseReturnValue:
    """Change it or put it out of use; who was slower keeps what was typed."""
    form = PresetChangeForm()
    _offer(form)
    form.process(request.form)
    queries.preset_here(read(), preset_id)
    if not form.validate():
        return _edit_page(form, preset_id), 422
    try:
        with transaction() as db:
            service.change(db, actor(), form.change(preset_id))
    except Invalid as bad:
        _refuse(form, bad)
        return _edit_page(form, preset_id), 422
    except StaleEdit as stale:
        form.version.renew(queries.preset_here(read(), preset_id).version)
        form.refuse("", stale)
        return _edit_page(form, preset_id), 409
    flash(translate(SAVED), "ok")
    return redirect(url_for("presets.index"), 303)


def _offer(form: PresetForm) -> None:
    form.offer_products(queries.kits(read()), today=clock.today(actor().zone))


def _refuse(form: PresetForm, bad: Invalid) -> None:
    if isinstance(bad, ContentRefused):
        for breach in bad.breaches:
            form.refuse(breach.field, sentence(breach.sentence))
    else:
        form.refuse_invalid(bad)


def _new_page(form: PresetForm) -> str:
    return render_template("presets/new.html", form=form)


def _edit_page(form: PresetChangeForm, preset_id: int) -> str:
    end_read()
    return render_template(
        "presets/edit.html", form=form, card=queries.preset_here(read(), preset_id)
    )
