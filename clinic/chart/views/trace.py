"""The trace of a lot: who was treated with it, as a page and as a file."""

import csv
import io

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from clinic.audit import looks
from clinic.audit import service as audit
from clinic.catalog import queries as catalog_queries
from clinic.chart.queries import trace as queries
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.text import N_
from clinic.core.units import show_thousandths
from clinic.core.zones import ZONE_NAMES
from clinic.followup.rules.terms import TERMS
from clinic.followup.values import OUTCOME_NAMES
from clinic.treatments.values import SessionState
from clinic.web.access import actor, require
from clinic.web.database import read, transaction
from clinic.web.paging import page_of_request
from clinic.web.words import translate

bp = Blueprint("trace", __name__)
COLUMNS = (
    N_("Lot"),
    N_("Session on"),
    N_("Service"),
    N_("By"),
    N_("State"),
    N_("File number"),
    N_("Patient"),
    N_("Born"),
    N_("Phone"),
    N_("E-mail"),
    N_("Amount used, mL"),
    N_("Zones"),
    N_("Side effects"),
)
HELD = N_("Held while it is looked into who was treated with it")


@bp.get("/lots/<id:lot_id>/trace")
@require(Permission.CHART_VIEW)
def show(lot_id: int) -> ResponseReturnValue:
    """Show the sessions in which a lot was used, with their patients and side effects."""
    db, who, page = read(), actor(), page_of_request()
    row = catalog_queries.lot(db, lot_id)
    found = queries.trace(db, who, lot_id, offset=page.offset, limit=page.size + 1)
    elsewhere = queries.elsewhere(db, who, lot_id)
    on = clock.today(who.zone)
    lot = catalog_queries.lots_of(db, [row.id], on=on, location_id=who.location_id)[row.id]
    looks.listed("trace", (one.session_id for one in found), lot=lot_id)
    return render_template(
        "trace/show.html",
        lot=lot,
        found=found[: page.size],
        more=len(found) > page.size,
        page=page,
        elsewhere=elsewhere,
        held=HELD,
        terms=TERMS,
        outcome_names=OUTCOME_NAMES,
        signed=SessionState.SIGNED,
    )


@bp.get("/lots/<id:lot_id>/trace.csv")
@require(Permission.TRACE_EXPORT)
def export(lot_id: int) -> ResponseReturnValue:
    """Give the whole trace as a file; that it was taken out stands in the audit trail."""
    who = actor()
    lot = catalog_queries.lot(read(), lot_id)
    found = queries.trace(read(), who, lot_id)
    with transaction() as db:
        audit.record(db, who, "trace.exported", "trace", lot.id, detail={"rows": len(found)})
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([translate(column) for column in COLUMNS])
    writer.writerows([safe(cell) for cell in _cells(lot.lot_no, one)] for one in found)
    # The mark lets a spreadsheet read Arabic and umlauts as what they are.
    return Response(
        "\ufeff" + file.getvalue(),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="lot-{lot.id}.csv"'},
    )


def safe(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _cells(lot_no: str, one: queries.Traced) -> list[str]:
    is_signed = one.state is SessionState.SIGNED
    return [
        lot_no,
        one.on.isoformat(),
        one.service,
        one.performer,
        translate(
            N_("signed, given outside of the limits")
            if one.is_outside
            else N_("signed")
            if is_signed
            else N_("not signed")
        ),
        one.file_number,
        one.patient,
        one.birth_date.isoformat() if one.birth_date else "",
        one.phone,
        one.email,
        "" if one.amount_ul is None else show_thousandths(one.amount_ul),
        ", ".join(translate(ZONE_NAMES[zone]) for zone in one.zones),
        "; ".join(f"{translate(TERMS[effect.kind].name)} {effect.grade}" for effect in one.effects),
    ]
