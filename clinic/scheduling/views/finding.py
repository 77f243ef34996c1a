"""The page of the next opening: a question, ten answers, each one press from a booking."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from clinic.audit import looks
from clinic.catalog.values import ResourceKind
from clinic.core.access import Permission
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.scheduling import desk, finding
from clinic.scheduling.finding_forms import FindForm
from clinic.web.access import actor, require
from clinic.web.database import read
from clinic.web.words import translate

bp = Blueprint("openings", __name__)
ANYONE = N_("Anyone")


@bp.get("/openings")
@require(Permission.APPOINTMENT_BOOK)
def index() -> ResponseReturnValue:
    """Show the first ten openings of what the address asks for; the form before it does."""
    db, who = read(), actor()
    form = FindForm(request.args)
    offered = desk.choices(db, who)
    form.service_id.offer(
        [(s.id, desk.label_of(s)) for s in offered.services], blank=translate(N_("Choose"))
    )
    people = offered.table.of_kind(ResourceKind.PRACTITIONER)
    form.practitioner_id.offer([(r.id, r.name) for r in people], blank=translate(ANYONE))
    status, found = 200, None
    is_good = form.validate() or not form.is_sent
    if not form.is_sent:
        for field in form:
            field.errors = []
    if is_good:
        finding.prepared(db, who, form)
        try:
            found = finding.found(db, who, form, offered)
        except Invalid as bad:
            form.refuse_invalid(bad)
    if form.first_error:
        status = 422
    if found is not None and found.picked is not None:
        looks.opened("patient", found.picked.id, patient_id=found.picked.id)
    return render_template("openings/index.html", form=form, found=found), status
