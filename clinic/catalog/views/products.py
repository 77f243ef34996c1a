"""Products and lots: the list, a new product, a new lot, stopping a lot."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.audit import looks
from clinic.catalog import queries, service
from clinic.catalog.forms import LotForm, ProductChangeForm, ProductForm, Stop, StopForm
from clinic.catalog.rules import stock as stock_rules
from clinic.catalog.values import (
    CLASS_NAMES,
    INGREDIENTS,
    LOT_STATE_NAMES,
    PRODUCT_KIND_NAMES,
    UNUSABLE_WORDS,
)
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import Invalid, StaleEdit
from clinic.core.text import N_
from clinic.web.access import actor, require
from clinic.web.database import end_read, read, transaction
from clinic.web.words import translate

bp = Blueprint("catalog", __name__)
WORDS = {
    "kinds": PRODUCT_KIND_NAMES,
    "states": LOT_STATE_NAMES,
    "unusable": UNUSABLE_WORDS,
    "ingredients": INGREDIENTS,
    "classes": CLASS_NAMES,
}


@bp.get("/products")
@require(Permission.PRODUCT_MANAGE)
def index() -> ResponseReturnValue:
    """Show all products with their lots."""
    who = actor()
    today = clock.today(who.zone)
    cards = queries.products(read(), on=today, location_id=who.location_id)
    lots = [lot for card in cards for lot in card.lots]
    looks.listed("product", (card.id for card in cards))
    return render_template(
        "catalog/index.html",
        cards=cards,
        low=[card for card in cards if card.is_low],
        soon=[lot for lot in lots if stock_rules.expires_soon(lot, today)],
        left_over=[lot for lot in lots if stock_rules.is_left_over(lot)],
        today=today,
        **WORDS,
    )


@bp.get("/products/new")
@require(Permission.PRODUCT_MANAGE)
def new() -> ResponseReturnValue:
    """Show the form of a new product."""
    return render_template("catalog/new.html", form=ProductForm())


@bp.post("/products/new")
@require(Permission.PRODUCT_MANAGE)
def create() -> ResponseReturnValue:
    """Add a product and go on to its first lot."""
    form = ProductForm(request.form)
    if form.validate():
        try:
            with transaction() as db:
                product = service.add_product(db, actor(), form.wish())
        except Invalid as refused:
            form.refuse_invalid(refused)
        else:
            flash(translate(N_("%(name)s was added. Now add its lot."), name=product.name), "ok")
            return redirect(url_for("catalog.new_lot", product_id=product.id), 303)
    return render_template("catalog/new.html", form=form), 422


@bp.get("/products/<id:product_id>")
@require(Permission.PRODUCT_MANAGE)
def edit(product_id: int) -> ResponseReturnValue:
    """Show a product to be changed."""
    looks.opened("product", product_id)
    return _edit_page(product_id, ProductChangeForm.of(queries.kept_product(read(), product_id)))


@bp.post("/products/<id:product_id>")
@require(Permission.PRODUCT_MANAGE)
def update(product_id: int) -> ResponseReturnValue:
    """Change a product or withdraw it."""
    kept = queries.kept_product(read(), product_id)
    form = ProductChangeForm(request.form)
    form.kind.data, form.kind.raw_data = kept.kind.value, [kept.kind.value]
    if not form.validate():
        return _edit_page(product_id, form), 422
    try:
        with transaction() as db:
            service.change_product(db, actor(), form.change(product_id))
    except Invalid as refused:
        form.refuse_invalid(refused)
        return _edit_page(product_id, form), 422
    except StaleEdit as stale:
        form.refuse("", stale)
        return _edit_page(product_id, form, is_stale=True), 409
    flash(translate(N_("The change was saved.")), "ok")
    return redirect(url_for("catalog.index"), 303)


@bp.get("/products/<id:product_id>/lots/new")
@require(Permission.PRODUCT_MANAGE)
def new_lot(product_id: int) -> ResponseReturnValue:
    """Show the form of a new lot."""
    return _lot_page(product_id, LotForm())


@bp.post("/products/<id:product_id>/lots/new")
@require(Permission.PRODUCT_MANAGE)
def create_lot(product_id: int) -> ResponseReturnValue:
    """Add a lot."""
    form = LotForm(request.form)
    if form.validate():
        try:
            with transaction() as db:
                service.add_lot(db, actor(), form.wish(product_id))
        except Invalid as refused:
            form.refuse_invalid(refused)
        else:
            flash(translate(N_("Lot %(lot)s was added."), lot=form.lot_no.text()), "ok")
            return redirect(url_for("catalog.index"), 303)
    return _lot_page(product_id, form), 422


def _edit_page(product_id: int, form: ProductChangeForm, *, is_stale: bool = False) -> str:
    """Show the form of a product; after a stale edit both texts, and saving again is meant."""
    end_read()
    kept = queries.kept_product(read(), product_id)
    changes: list[tuple[str, str, str]] = []
    if is_stale:
        form.version.renew(kept.version)
        before, typed = ProductChangeForm.of(kept).texts(), form.texts()
        changes = [
            (form[name].label.text, before[name], typed[name])
            for name in typed
            if before[name] != typed[name]
        ]
    return render_template(
        "catalog/edit.html",
        form=form,
        product=kept,
        changes=changes,
        **WORDS,
    )


def _lot_page(product_id: int, form: LotForm) -> str:
    name = queries.product(read(), product_id).name
    return render_template("catalog/new_lot.html", form=form, product_name=name)


@bp.get("/lots/<id:lot_id>/stop")
@require(Permission.PRODUCT_MANAGE)
def stopping(lot_id: int) -> ResponseReturnValue:
    """Ask how and why a lot is to be stopped."""
    return _stopping(lot_id, StopForm())


@bp.post("/lots/<id:lot_id>/stop")
@require(Permission.PRODUCT_MANAGE)
def stop(lot_id: int) -> ResponseReturnValue:
    """Put a lot into quarantine, or note its recall."""
    form = StopForm(request.form)
    if not form.validate():
        return _stopping(lot_id, form), 422
    act = service.recall if form.how.member() is Stop.RECALL else service.quarantine
    with transaction() as db:
        lot = act(db, actor(), lot_id, form.reason.text())
    flash(translate(N_("Lot %(lot)s cannot be used any more."), lot=lot.lot_no), "ok")
    return redirect(url_for("stock.show", lot_id=lot_id), 303)


def _stopping(lot_id: int, form: StopForm) -> str:
    lot = queries.lot(read(), lot_id)
    name = queries.product(read(), lot.product_id).name
    return render_template("catalog/stopping.html", form=form, lot_no=lot.lot_no, product_name=name)
