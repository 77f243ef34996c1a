"""Stock: receiving, and the page of a lot with what came, what went and what is open."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from clinic.audit import looks
from clinic.catalog import queries, service, stock, stock_queries
from clinic.catalog.models import StockMovement
from clinic.catalog.rules import stock as stock_rules
from clinic.catalog.stock_forms import (
    CountForm,
    OnceForm,
    ReceiptForm,
    TransferForm,
    WasteForm,
    WhyForm,
)
from clinic.catalog.stock_values import MOVEMENT_NAMES
from clinic.catalog.values import CLASS_NAMES, PRODUCT_KIND_NAMES, UNUSABLE_WORDS
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import Conflict, Invalid
from clinic.core.text import N_
from clinic.locations import queries as location_queries
from clinic.web.access import actor, require
from clinic.web.database import end_read, read, transaction
from clinic.web.words import translate

bp = Blueprint("stock", __name__)
RECEIVED = N_("The delivery is in stock.")
WASTED = N_("It is out of stock.")
COUNTED = N_("The count is kept.")
MOVED = N_("It is moved.")
TAKEN_BACK = N_("It is taken back.")
BACK_IN_USE = N_("Lot %(lot)s may be used again.")
DISCARDED = N_("The vial is not offered any more.")


@bp.get("/products/receive")
@require(Permission.PRODUCT_MANAGE)
def new() -> ResponseReturnValue:
    """Show the form of a delivery."""
    form = _receipt(ReceiptForm())
    form.product.data = request.args.get("product", "")
    return render_template("stock/new.html", form=form)


@bp.post("/products/receive")
@require(Permission.PRODUCT_MANAGE)
def receive() -> ResponseReturnValue:
    """Put a delivery into stock; after a scan alone the form comes back filled in."""
    form = _receipt(ReceiptForm())
    form.read(request.form, queries.kept_products(read()), today=clock.today(actor().zone))
    is_scan = bool(request.form.get("scan", "").strip()) and form.misread is None
    if is_scan and not request.form.get("amount", "").strip():
        return render_template("stock/new.html", form=form, is_filled=True)
    if form.validate():
        try:
            with transaction() as db:
                made = stock.receive(db, actor(), form.wish())
        except Invalid as refused:
            form.refuse_invalid(refused)
        except Conflict as refused:
            form.refuse("", refused)
        else:
            return _done(made, RECEIVED)
    return render_template("stock/new.html", form=form), 422


@bp.get("/lots/<id:lot_id>")
@require(Permission.PRODUCT_MANAGE)
def show(lot_id: int) -> ResponseReturnValue:
    """Show a lot: what is left, what came and went, which vials are open."""
    looks.opened("lot", lot_id)
    return _page(lot_id)


@bp.post("/lots/<id:lot_id>/waste")
@require(Permission.PRODUCT_MANAGE)
def waste(lot_id: int) -> ResponseReturnValue:
    """Take out of stock what was thrown away."""
    form = WasteForm(request.form, prefix="waste-")
    return _act(
        lot_id, "waste", form, lambda db: stock.waste(db, actor(), form.wish(lot_id)), WASTED
    )


@bp.post("/lots/<id:lot_id>/count")
@require(Permission.PRODUCT_MANAGE)
def count(lot_id: int) -> ResponseReturnValue:
    """Keep how much there is."""
    form = CountForm(request.form, prefix="count-")
    return _act(
        lot_id, "count", form, lambda db: stock.count(db, actor(), form.wish(lot_id)), COUNTED
    )


@bp.post("/lots/<id:lot_id>/transfer")
@require(Permission.PRODUCT_MANAGE)
def transfer(lot_id: int) -> ResponseReturnValue:
    """Send some of a lot to another place."""
    form = _transfer(TransferForm(prefix="transfer-"))
    form.process(request.form)
    return _act(
        lot_id, "transfer", form, lambda db: stock.move(db, actor(), form.wish(lot_id)), MOVED
    )


@bp.get("/stock-movements/<id:movement_id>/reversal")
@require(Permission.PRODUCT_MANAGE)
def correct(movement_id: int) -> ResponseReturnValue:
    """Ask why a delivery is taken back that was received a while ago."""
    return _correcting(movement_id, WhyForm())


@bp.post("/stock-movements/<id:movement_id>/reversal")
@require(Permission.PRODUCT_MANAGE)
def take_back(movement_id: int) -> ResponseReturnValue:
    """Undo a movement by one the other way; after a while it asks for the reason."""
    form = WhyForm(request.form)
    if not form.validate() and request.form.get("reason", "").strip():
        return _correcting(movement_id, form), 422
    try:  # The service knows whether a reason is asked for.
        with transaction() as db:
            made = stock.take_back(db, actor(), movement_id, form.reason.text())
    except Invalid as refused:
        return _correcting(movement_id, form, refused), 422
    flash(translate(TAKEN_BACK), "ok")
    return redirect(url_for("stock.show", lot_id=made.lot_id), 303)


@bp.post("/vials/<id:vial_id>/discard")
@require(Permission.PRODUCT_MANAGE)
def discard(vial_id: int) -> ResponseReturnValue:
    """Note that an opened vial is empty or was thrown away."""
    with transaction() as db:
        vial = stock.discard(db, actor(), vial_id)
    flash(translate(DISCARDED), "ok")
    return redirect(url_for("stock.show", lot_id=vial.lot_id), 303)


@bp.post("/lots/<id:lot_id>/release")
@require(Permission.LOT_RELEASE)
def release(lot_id: int) -> ResponseReturnValue:
    """Put a lot back into use after quarantine."""
    form = WhyForm(request.form, prefix="release-")
    if not form.validate():
        return _page(lot_id, release=form), 422
    with transaction() as db:
        lot = service.release(db, actor(), lot_id, form.reason.text())
    flash(translate(BACK_IN_USE, lot=lot.lot_no), "ok")
    return redirect(url_for("stock.show", lot_id=lot_id), 303)


def _correcting(movement_id: int, form: WhyForm, refused: Invalid | None = None) -> str:
    end_read()
    db, who = read(), actor()
    movement = stock_queries.line(db, movement_id, who.location_id, now=clock.now())
    today, place = clock.today(who.zone), who.location_id
    lot = queries.lots_of(db, [movement.lot_id], on=today, location_id=place)[movement.lot_id]
    if refused is not None:
        form.reason.errors = []
        form.refuse_invalid(refused)
    return render_template(
        "stock/correct.html",
        form=form,
        movement=movement,
        lot=lot,
        product=queries.kept_product(db, lot.product_id),
        movement_names=MOVEMENT_NAMES,
    )


def _act(
    lot_id: int,
    name: str,
    form: OnceForm,
    act: Callable[[Session], StockMovement],
    words: str,
) -> ResponseReturnValue:
    """Run a movement of a lot, or show its page with what stands against it."""
    if not form.validate():
        return _page(lot_id, **{name: form}), 422
    try:
        with transaction() as db:
            made = act(db)
    except Invalid as refused:
        form.refuse_invalid(refused)
        return _page(lot_id, **{name: form}), 422
    except Conflict as refused:
        form.refuse("", refused)
        return _page(lot_id, **{name: form}), 409
    return _done(made, words)


def _done(made: StockMovement, words: str) -> ResponseReturnValue:
    flash(translate(words), "ok")
    return redirect(url_for("stock.show", lot_id=made.lot_id, done=made.id), 303)


def _receipt(form: ReceiptForm) -> ReceiptForm:
    form.product.offer(
        ((one.id, one.name) for one in queries.kept_products(read()) if one.is_active),
        blank=translate(N_("Choose")),
    )
    return form


def _transfer(form: TransferForm) -> TransferForm:
    here = actor().location_id
    form.to.offer(
        (place.id, place.name) for place in location_queries.places(read()) if place.id != here
    )
    return form


def _page(lot_id: int, **sent: OnceForm | WhyForm) -> str:
    end_read()
    db, who, now = read(), actor(), clock.now()
    row = queries.lot(db, lot_id)
    on = clock.today(who.zone)
    lot = queries.lots_of(db, [lot_id], on=on, location_id=who.location_id)[lot_id]
    transfer = _transfer(TransferForm(prefix="transfer-"))
    done = request.args.get("done", "")
    return render_template(
        "stock/show.html",
        lot=lot,
        product=queries.kept_product(db, row.product_id),
        movements=stock_queries.movements(db, lot_id, who.location_id, now=now),
        vials=[
            stock_rules.vial(
                lot,
                vial.id,
                vial.opened_at,
                lot.open_hours,
                at=now,
                is_of_another=False,
                is_gone=False,
            )
            for vial in stock_queries.vials(db, who.location_id, lot_id=lot_id)
            if lot.open_hours is not None
        ],
        done=int(done) if done.isdecimal() and len(done) < 11 else None,
        movement_names=MOVEMENT_NAMES,
        kinds=PRODUCT_KIND_NAMES,
        classes=CLASS_NAMES,
        unusable=UNUSABLE_WORDS,
        has_other_places=bool(transfer.to.choices),
        forms={
            "waste": WasteForm(prefix="waste-"),
            "count": CountForm(prefix="count-"),
            "transfer": transfer,
            "release": WhyForm(prefix="release-"),
            **sent,
        },
    )
