"""Why a visit was flagged: one check as it was kept."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from clinic.accounts import queries as account_queries
from clinic.audit import looks
from clinic.catalog.values import MODALITY_NAMES
from clinic.core import clock
from clinic.core.access import Permission
from clinic.safety import explaining, queries
from clinic.safety.rules.names import (
    ITEM_NAMES,
    MOMENT_NAMES,
)
from clinic.web.access import actor, require
from clinic.web.database import read
from clinic.web.words import translate

bp = Blueprint("safety", __name__)


@bp.app_template_filter()
def ingredient_name(ingredient: str) -> str:
    """Return what a finding of one ingredient is about, in the language of the request."""
    return translate(ITEM_NAMES.get(ingredient, ingredient))


@bp.get("/screenings/<id:screening_id>")
@require(Permission.CHART_VIEW)
def show(screening_id: int) -> ResponseReturnValue:
    """Show one check as it was kept: findings, facts, arithmetic, rules, sources, releases."""
    who = actor()
    patient_id = queries.screening(read(), screening_id).patient_id
    looks.opened("screening", screening_id, patient_id=patient_id)
    db = read()
    record = queries.screening(db, screening_id)
    given = queries.releases(db, record.appointment_id) if record.appointment_id else ()
    makers = account_queries.names(db, [record.actor_id])
    return render_template(
        "safety/show.html",
        record=record,
        screening=queries.screening_of(record),
        bar=queries.bar(db, who, record.patient_id, on=clock.today(who.zone)),
        made_by=makers.get(record.actor_id or 0, ""),
        releases={row.fingerprint: (row, name) for row, name in given},
        modality_names=MODALITY_NAMES,
        moment_names=MOMENT_NAMES,
        why=explaining.why(db, record.patient_id),
    )
