"""Blocking time: the list, the form, and what a block hits."""

import datetime as dt
from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.catalog.values import ResourceKind
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import ClinicError, Conflict, Invalid
from clinic.core.text import N_
from clinic.scheduling import blocks, damage, held, timetables
from clinic.scheduling.block_forms import BlockForm, LiftForm
from clinic.scheduling.closing import BLOCK_NAMES, BlockKind
from clinic.scheduling.damage import InBlock
from clinic.scheduling.rules import slots
from clinic.scheduling.timetables import Timetable
from clinic.scheduling.views import moving
from clinic.web.access import actor, require
from clinic.web.database import read, transaction
from clinic.web.words import translate, words_of

bp = Blueprint("blocks", __name__, url_prefix="/blocks")
LAID = N_("Blocked. Nothing is booked there from now on.")
LIFTED = N_("The block was taken away. Its time is free again.")


@bp.get("")
@require(Permission.TIME_BLOCK)
def index() -> ResponseReturnValue:
    """List what is blocked, the next first."""
    return render_template(
        "blocks/index.html", blocks=blocks.coming(read(), actor()), block_names=BLOCK_NAMES
    )


@bp.get("/new")
@require(Permission.TIME_BLOCK)
def new() -> ResponseReturnValue:
    """Show the form, begun with what the address says."""
    form = BlockForm(resource_ids=request.args.getlist("resource_id"))
    form.starts_on.data = clock.today(actor().zone)
    for field, name in ((form.starts_on, "date"), (form.starts, "start"), (form.ends, "end")):
        try:
            field.data = field.parse(request.args[name]) if name in request.args else field.data
        except Invalid:
            continue
    if form.starts.data is not None and form.ends.data is None:
        form.ends.data = _an_hour_after(form.starts.data)
    table = _table()
    kinds = {str(r.id): r.kind for r in table.resources}
    of = kinds.get(next(iter(request.args.getlist("resource_id")), ""))
    form.kind.data = _usual(of, is_part=form.starts.data is not None).value
    return _form(form, table)


def _an_hour_after(start: dt.time) -> dt.time:
    minutes = min(start.hour * 60 + start.minute + 60, 24 * 60 - slots.GRID_MIN)
    return dt.time(minutes // 60, minutes % 60)


def _usual(of: ResourceKind | None, *, is_part: bool) -> BlockKind:
    """Return what a block of somebody or something most likely is."""
    if of is None or of.is_person:
        return BlockKind.MEETING if is_part else BlockKind.LEAVE
    return BlockKind.MAINTENANCE if of is ResourceKind.DEVICE else BlockKind.CLOSURE


def _table() -> Timetable:
    today = clock.today(actor().zone)
    return timetables.timetable(read(), actor().location_id, actor().zone, since=today)


def _form(form: BlockForm, table: Timetable | None = None) -> str:
    table = table or _table()
    form.offer([(r.id, r.name) for r in table.resources])
    return render_template("blocks/new.html", form=form)


@bp.post("")
@require(Permission.TIME_BLOCK)
def create() -> ResponseReturnValue:
    """Lay a block, and show what it hits."""
    form = BlockForm(request.form)
    if not form.validate():
        return _form(form), 422
    try:
        with transaction() as db:
            laid = blocks.lay(db, actor(), form.wish())
    except Invalid as bad:
        form.refuse_invalid(bad)
        return _form(form), 422
    except Conflict as taken:
        form.refuse("resource_ids", taken)
        return _form(form), 409
    flash(translate(LAID), "ok")
    return redirect(url_for("blocks.show", block_id=laid.id), 303)


@bp.get("/<id:block_id>")
@require(Permission.TIME_BLOCK)
def show(block_id: int) -> ResponseReturnValue:
    """Show a block with the visits that stand in it and where else they could be."""
    return _page(block_id)


def _page(
    block_id: int,
    *,
    chosen: Mapping[int, str] | None = None,
    why: Mapping[int, ClinicError] | None = None,
) -> str:
    block = blocks.card(read(), actor(), block_id)
    return render_template(
        "blocks/show.html",
        block=block,
        block_names=BLOCK_NAMES,
        offers=held.in_span(read(), actor(), [id_ for id_, _ in block.resources], block.span),
        **moving.shown(InBlock(block=block), "block", chosen=chosen, why=why, block=str(block.id)),
    )


@bp.post("/<id:block_id>/moves")
@require(Permission.APPOINTMENT_BOOK)
def move_all(block_id: int) -> ResponseReturnValue:
    """Move the visits of a block where the page says, all of them or none."""
    block = blocks.card(read(), actor(), block_id)
    cause, reason, sent = InBlock(block=block), BLOCK_NAMES[block.kind], moving.sent()
    try:
        with transaction() as db:
            count = damage.move_all(db, actor(), cause, sent.placed, reason=translate(reason))
    except Conflict as error:
        return _page(block_id, chosen=sent.chosen, why=moving.refused(error)), 409
    moving.said(count)
    return redirect(url_for("blocks.show", block_id=block_id), 303)


@bp.post("/<id:block_id>/removal")
@require(Permission.TIME_BLOCK)
def lift(block_id: int) -> ResponseReturnValue:
    """Take a block away."""
    form = LiftForm(request.form)
    if not form.validate():
        return _page(block_id), 422
    try:
        with transaction() as db:
            blocks.lift(db, actor(), block_id, form.version.data or 0)
    except Conflict as stale:
        flash(words_of(stale), "bad")
        return _page(block_id), 409
    flash(translate(LIFTED), "ok")
    return redirect(url_for("blocks.index"), 303)
