"""The protocol of a service: what one tap gives each zone, kept by the administrator."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.audit import looks
from clinic.catalog import queries as catalog_queries
from clinic.core.access import Permission
from clinic.core.errors import NotFound, StaleEdit
from clinic.core.text import N_
from clinic.treatments.forms.protocol import HEADS, ProtocolForm, shown
from clinic.treatments.queries import protocol as queries
from clinic.treatments.service import protocol as service
from clinic.web.access import actor, asks_inside, require
from clinic.web.database import end_read, read, transaction
from clinic.web.words import translate

bp = Blueprint("protocol", __name__, url_prefix="/clinic/services")
KEPT = N_("The protocol is kept. It holds for every session that is not signed yet.")
SHIPPED = N_("The service has the shipped doses again.")


@bp.get("/<id:service_id>/protocol")
@require(Permission.CLINIC_MANAGE)
def edit(service_id: int) -> ResponseReturnValue:
    """Show what each zone is given."""
    row = catalog_queries.service(read(), service_id)
    if not row.modality.is_treatment:
        raise NotFound(service.NOTHING_INJECTED)
    looks.opened("service", service_id)
    found = queries.of_service(read(), service_id, row.modality)
    form = ProtocolForm(data=shown(found, row.version))
    form.fit(row.modality)
    return _page(form, service_id)


@bp.post("/<id:service_id>/protocol")
@require(Permission.CLINIC_MANAGE)
@asks_inside
def update(service_id: int) -> ResponseReturnValue:
    """Keep the clinic's own; every row emptied, the service has what is shipped again."""
    row = catalog_queries.service(read(), service_id)
    if not row.modality.is_treatment:
        raise NotFound(service.NOTHING_INJECTED)
    form = ProtocolForm()
    form.fit(row.modality)
    form.process(request.form)  # After fitting: the limits decide what can be read.
    if not form.validate():
        return _page(form, service_id), 422
    wish = form.wish(service_id)
    try:
        with transaction() as db:
            service.keep(db, actor(), wish)
    except StaleEdit as stale:
        end_read()
        form.version.renew(catalog_queries.service(read(), service_id).version)
        form.refuse("", stale)
        return _page(form, service_id), 409
    flash(translate(KEPT if wish.doses else SHIPPED), "ok")
    return redirect(url_for("services.edit", service_id=service_id), 303)


def _page(form: ProtocolForm, service_id: int) -> str:
    row = catalog_queries.service(read(), service_id)
    return render_template(
        "protocol/edit.html",
        form=form,
        service_id=row.id,
        service=row.name,
        heads=HEADS,
        protocol=queries.of_service(read(), service_id, row.modality),
    )
