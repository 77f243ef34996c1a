"""A mixture that is being chosen: what the rules say about it, before anything is saved."""

from dataclasses import replace

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from clinic.catalog.values import CLASS_NAMES
from clinic.core.access import Permission
from clinic.treatments import judging, mixture, pages, record
from clinic.treatments.forms.session import SessionForm
from clinic.treatments.queries import sessions as queries
from clinic.web.access import actor, require
from clinic.web.database import read
from clinic.web.formats import sentence

bp = Blueprint("mixing", __name__)


@bp.post("/sessions/<id:session_id>/mix")
@require(Permission.SESSION_LOG)
def look(session_id: int) -> ResponseReturnValue:
    """Show what the chosen lots come to and what stands against them; nothing is kept."""
    db, who = read(), actor()
    session = queries.get_here(db, who, session_id)
    form = SessionForm()
    pages.fit(db, who, form, session_id)
    form.process(request.form)
    content = replace(
        record.content_of(session),
        lots=form.lot_amounts(),
        mixed_at=form.instant(form.mixed.data),
        weight_g=form.weight.data,
        weight_on=form.weight_on.data,
        sites=form.points.sites(),
    )
    judged = judging.judge(db, who, session, content)
    refused = mixture.about(judged.refused)
    said = {breach.field for breach in refused}  # What is too much needs not be called unusual.
    return render_template(
        "mixing/_look.html",
        mix=mixture.of(judged),
        classes=CLASS_NAMES,
        refused=[sentence(one.sentence) for one in refused],
        heeded=[
            *(
                sentence(one.sentence)
                for one in mixture.about(judged.unusual)
                if one.field not in said
            ),
            *(
                sentence(one.sentence)
                for one in mixture.opened_elsewhere(form.lots, content.lots, who.zone)
            ),
        ],
    )
