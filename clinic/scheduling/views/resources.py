"""Practitioners, rooms and devices: the columns of the board, kept by the administrator."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from clinic.catalog.values import KIND_NAMES, ResourceKind
from clinic.core.access import Permission
from clinic.core.errors import Invalid, StaleEdit
from clinic.scheduling import holdings
from clinic.scheduling.resource_forms import ResourceChangeForm, ResourceForm
from clinic.web.access import actor, asks_inside, require
from clinic.web.database import read, transaction

bp = Blueprint("resources", __name__, url_prefix="/clinic/resources")


def _list_page(form: ResourceForm) -> str:
    db, who = read(), actor()
    form.account_id.offer(holdings.people(db, who.location_id), blank=_("Nobody who signs in"))
    return render_template(
        "resources/index.html",
        form=form,
        rows=holdings.everything(db, who.location_id),
        kind_names=KIND_NAMES,
        kinds=list(ResourceKind),
    )


@bp.get("")
@require(Permission.CLINIC_MANAGE)
def index() -> ResponseReturnValue:
    """List what visits can hold, with the form for one more."""
    return _list_page(ResourceForm(data={"kind": ResourceKind.PRACTITIONER.value}))


@bp.post("")
@require(Permission.CLINIC_MANAGE)
@asks_inside
def create() -> ResponseReturnValue:
    """Put one more on the list."""
    form = ResourceForm(request.form)
    form.account_id.offer(holdings.people(read(), actor().location_id), blank="")
    if not form.validate():
        return _list_page(form), 422
    try:
        with transaction() as db:
            holdings.add(db, actor(), form.wish())
    except Invalid as bad:
        form.refuse_invalid(bad)
        return _list_page(form), 422
    flash(_("It can be booked from now on."), "ok")
    return redirect(url_for("resources.index"), 303)


def _edit_page(form: ResourceChangeForm, resource_id: int) -> str:
    return render_template(
        "resources/edit.html",
        form=form,
        row=holdings.card(read(), actor(), resource_id),
        kind_names=KIND_NAMES,
    )


@bp.get("/<id:resource_id>")
@require(Permission.CLINIC_MANAGE)
def edit(resource_id: int) -> ResponseReturnValue:
    """Show one with its name."""
    row = holdings.card(read(), actor(), resource_id)
    return _edit_page(ResourceChangeForm(obj=row), resource_id)


@bp.post("/<id:resource_id>")
@require(Permission.CLINIC_MANAGE)
@asks_inside
def update(resource_id: int) -> ResponseReturnValue:
    """Change it or take it out of use."""
    form = ResourceChangeForm(request.form)
    if not form.validate():
        return _edit_page(form, resource_id), 422
    try:
        with transaction() as db:
            holdings.change(db, actor(), form.wish(resource_id))
    except Invalid as bad:
        form.refuse_invalid(bad)
        return _edit_page(form, resource_id), 422
    except StaleEdit as stale:
        form.refuse("", stale)
        return _edit_page(form, resource_id), 409
    flash(_("The change was saved."), "ok")
    return redirect(url_for("resources.index"), 303)
