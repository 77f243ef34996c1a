"""Photographs described anew, removed, put back, given out."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from clinic.audit import looks
from clinic.core import walltime
from clinic.core.access import Permission
from clinic.core.errors import Conflict, Invalid, StaleEdit
from clinic.outcomes import queries, rules, service
from clinic.outcomes.files import Size
from clinic.outcomes.forms import ChangeForm, CopyForm, RemoveForm
from clinic.outcomes.views.seeing import bp, page_of
from clinic.outcomes.views.shared import answer, fresh, shared
from clinic.web.access import actor, require
from clinic.web.database import read, transaction


@bp.get("/patients/<id:patient_id>/photographs/<string:key>/edit")
@require(Permission.PHOTOGRAPH_TAKE)
def edit(patient_id: int, key: str) -> ResponseReturnValue:
    """Show what is said of a picture, to be said anew."""
    row = queries.to_show(read(), actor(), patient_id, key)
    shot = queries.shot(read(), actor(), patient_id, key)
    form = ChangeForm(data={"version": row.version})
    form.show(shot, walltime.to_local(shot.taken_at, actor().zone))
    return _edit_page(patient_id, key, form)


@bp.post("/patients/<id:patient_id>/photographs/<string:key>/edit")
@require(Permission.PHOTOGRAPH_TAKE)
def update(patient_id: int, key: str) -> ResponseReturnValue:
    """Keep another description."""
    queries.to_show(read(), actor(), patient_id, key)
    form = ChangeForm(request.form)
    if not form.validate():
        return _edit_page(patient_id, key, form), 422
    try:
        with transaction() as db:
            service.change(db, actor(), form.wish(patient_id, key))
    except Invalid as bad:
        form.refuse_invalid(bad)
        return _edit_page(patient_id, key, form), 422
    except StaleEdit as stale:
        form.refuse("", stale)
        form.version.renew(queries.shot(fresh(), actor(), patient_id, key).version)
        return _edit_page(patient_id, key, form), 409
    except Conflict as refused:
        form.refuse("", refused)
        return _edit_page(patient_id, key, form), 409
    flash(_("The photograph is described anew."), "ok")
    return redirect(url_for("photographs.show", patient_id=patient_id, key=key), 303)


def _edit_page(patient_id: int, key: str, form: ChangeForm) -> str:
    shot = queries.shot(fresh(), actor(), patient_id, key)
    looks.opened("photograph", shot.id, patient_id=patient_id)
    return render_template(
        "photographs/edit.html",
        **shared(patient_id),
        shot=shot,
        agreed=queries.agreed(read(), patient_id),
        form=form,
    )


@bp.post("/patients/<id:patient_id>/photographs/<string:key>/removal")
@require(Permission.PHOTOGRAPH_REMOVE)
def remove(patient_id: int, key: str) -> ResponseReturnValue:
    """Take a picture out of the record."""
    queries.get_here(read(), actor(), patient_id, key)
    form = RemoveForm(request.form)
    if not form.validate():
        return page_of(patient_id, key, form), 422
    with transaction() as db:
        service.remove(db, actor(), form.wish(patient_id, key))
    flash(
        _(
            "The photograph is removed. It can be taken back for %(days)s days.",
            days=rules.GRACE.days,
        ),
        "ok",
    )
    return redirect(url_for("photographs.show", patient_id=patient_id, key=key), 303)


@bp.post("/patients/<id:patient_id>/photographs/<string:key>/restoration")
@require(Permission.PHOTOGRAPH_REMOVE)
def restore(patient_id: int, key: str) -> ResponseReturnValue:
    """Take a removal back."""
    with transaction() as db:
        service.restore(db, actor(), patient_id, key)
    flash(_("The photograph is back in the record."), "ok")
    return redirect(url_for("photographs.show", patient_id=patient_id, key=key), 303)


@bp.post("/patients/<id:patient_id>/photographs/<string:key>/copies")
@require(Permission.PHOTOGRAPH_EXPORT)
def give_out(patient_id: int, key: str) -> ResponseReturnValue:
    """Answer with a copy as a file, once it is noted what it is for."""
    form = CopyForm(request.form)
    if not form.validate():
        raise Invalid(str(form.first_error))
    with transaction() as db:
        row = service.give_out(db, actor(), patient_id, key, form.use.member())
    return answer(row, Size.FULL, as_file=True)
