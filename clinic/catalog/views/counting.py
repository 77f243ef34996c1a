"""Counting a whole shelf: what there should be, what was found, and one press that keeps it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext

from clinic.audit import looks
from clinic.catalog import queries, stock
from clinic.catalog.counting_forms import MOVED, ShelfForm, shelf_form
from clinic.catalog.rules import stock as stock_rules
from clinic.catalog.values import UNUSABLE_WORDS, LotChoice
from clinic.core import clock
from clinic.core.access import Permission
from clinic.web.access import actor, require
from clinic.web.database import end_read, read, transaction

bp = Blueprint("counting", __name__)


@bp.get("/products/count")
@require(Permission.PRODUCT_MANAGE)
def index() -> ResponseReturnValue:
    """Show what should stand on the shelf, to be counted on the screen or on paper."""
    lots = _shelf()
    looks.listed("product", (lot.product_id for lot in lots))
    return _page(lots, shelf_form(lots))


@bp.post("/products/count")
@require(Permission.PRODUCT_MANAGE)
def compare() -> ResponseReturnValue:
    """Show what differs; once that was seen, keep the count."""
    lots = _shelf()
    form = shelf_form(lots, request.form)
    if not form.validate():
        return _page(lots, form), 422
    does = request.form.get("do")
    if does == "back":
        return _page(lots, form)
    if does != "keep":
        lines = form.wish().lots
        moved = stock_rules.moved(lines, {lot.id: lot.level_milli for lot in lots})
        if moved:
            return _again(form, stock.ShelfMoved(moved))
        return render_template(
            "counting/index.html", form=form, lines=stock_rules.compared(lines, lots)
        )
    try:
        with transaction() as db:
            off = stock.count_shelf(db, actor(), form.wish())
    except stock.ShelfMoved as refused:
        return _again(form, refused)
    flash(
        ngettext(
            "The count is kept: %(num)d lot differed.",
            "The count is kept: %(num)d lots differed.",
            off,
        ),
        "ok",
    )
    return redirect(url_for("catalog.index"), 303)


def _again(form: ShelfForm, refused: stock.ShelfMoved) -> ResponseReturnValue:
    """Show what there is by now, with what was typed; the lots that moved are marked."""
    end_read()
    lots = _shelf()
    for lot_id in refused.lot_ids:
        form.refuse(f"counted_{lot_id}", MOVED)
    form.refuse("", refused)
    form.renew({lot.id: lot.level_milli for lot in lots})
    return _page(lots, form), 409


def _shelf() -> list[LotChoice]:
    """Return the lots of the place to be counted, by product and date."""
    who = actor()
    lots = queries.lots(read(), on=clock.today(who.zone), location_id=who.location_id)
    shelf = filter(stock_rules.is_on_shelf, lots)
    return sorted(shelf, key=lambda lot: (lot.product_name, lot.expires_on, lot.id))


def _page(lots: list[LotChoice], form: ShelfForm) -> str:
    return render_template(
        "counting/index.html",
        form=form,
        lots=lots,
        unusable=UNUSABLE_WORDS,
        today=clock.today(actor().zone),
    )
