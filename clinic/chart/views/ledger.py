"""The ledger of rules: how often each fired, was released, and what happened afterwards."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from clinic.chart.queries import ledger as queries
from clinic.chart.rules import ledger as rules
from clinic.core.access import Permission
from clinic.web.access import actor, require
from clinic.web.database import read

bp = Blueprint("ledger", __name__)


@bp.get("/safety/ledger")
@require(Permission.RULE_VIEW)
def index() -> ResponseReturnValue:
    """Show each rule's last twelve months: in numbers, to clinicians with the reasons too."""
    return render_template(
        "ledger/index.html",
        ledger=queries.ledger(read(), actor()),
        often=rules.FIRES_OFTEN,
        percent=rules.RELEASED_PERCENT,
    )
