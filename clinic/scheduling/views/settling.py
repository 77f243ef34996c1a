"""The visits that cannot go ahead as they stand: with reasons, and for the desk without."""

from typing import TypeVar

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.audit import looks
from clinic.core import clock
from clinic.core.access import Permission
from clinic.safety import queries as safety_queries
from clinic.scheduling import settling
from clinic.scheduling.settling import Until, Whose
from clinic.web.access import actor, require
from clinic.web.database import read

bp = Blueprint("settling", __name__)
Choice = TypeVar("Choice", Whose, Until)


def _asked(name: str, default: Choice) -> Choice:
    """Return a choice of the address; the usual one for none, and for what is no choice."""
    raw = request.args.get(name, "")
    kind = type(default)
    return kind(raw) if raw in {choice.value for choice in kind} else default


@bp.get("/visits-to-settle")
@require(Permission.CHART_VIEW)
def index() -> ResponseReturnValue:
    """Show the coming visits that somebody has to settle, the riskiest first, with what changed."""
    whose, until = _asked("whose", Whose.ALL), _asked("until", Until.FORTNIGHT)
    page = settling.unsettled(read(), actor(), whose=whose, until=until)
    looks.listed("unsettled", (v.id for v in page.visits), whose=whose.value, until=until.value)
    return render_template(
        "settling/index.html",
        page=page,
        whose=whose,
        until=until,
        today_on=clock.today(actor().zone),
        code_name=safety_queries.codes().name,
        links={
            (w, u): url_for("settling.index", whose=w.value, until=u.value)
            for w in Whose
            for u in Until
        },
        Whose=Whose,
        Until=Until,
    )


@bp.get("/visits-to-call")
@require(Permission.APPOINTMENT_BOOK)
def calls() -> ResponseReturnValue:
    """Show the coming visits that the desk moves to a later day, with whom to call."""
    found = settling.to_call(read(), actor())
    looks.listed("to_call", (call.id for call in found))
    return render_template("settling/calls.html", calls=found)
