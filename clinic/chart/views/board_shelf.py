"""The shelf beside the board: parking a visit, placing it at a free time, taking it off again."""

from flask import flash, request
from flask.typing import ResponseReturnValue

from clinic.chart.views.board import bp
from clinic.chart.views.board_acts import back, moved_by, refused, words
from clinic.core.access import Permission
from clinic.core.errors import ClinicError
from clinic.core.text import N_
from clinic.scheduling import queries as scheduling_queries
from clinic.waiting import shelf
from clinic.waiting.forms import ParkForm
from clinic.web.access import actor, require
from clinic.web.database import read, transaction
from clinic.web.discreet import named
from clinic.web.errors import status_of
from clinic.web.words import translate

__all__ = ["bp"]
ODD = N_("The board was out of date. Try again.")
PARKED = N_("%(who)s is on the shelf. The old time stays held until a new one is taken.")
TAKEN_OFF = N_("%(who)s is off the shelf. The visit stays as it is.")


@bp.post("/board/shelf")
@require(Permission.APPOINTMENT_BOOK)
def park() -> ResponseReturnValue:
    """Park a visit while a new time is looked for."""
    form = ParkForm(request.form)
    if not form.validate():
        return refused(translate(ODD), 422)
    visit_id, version = form.appointment_id.data or 0, form.version.data or 0
    try:
        with transaction() as db:
            shelf.park(db, actor(), visit_id, version)
    except ClinicError as error:
        return refused(words(error), status_of(error))
    flash(translate(PARKED, who=_who(visit_id)), "ok")
    return back()


@bp.post("/board/shelf/removals")
@require(Permission.APPOINTMENT_BOOK)
def take_off() -> ResponseReturnValue:
    """Take a visit off the shelf, wherever it stands now."""
    form = ParkForm(request.form)
    if not form.validate():
        return refused(translate(ODD), 422)
    visit_id = form.appointment_id.data or 0
    try:
        with transaction() as db:
            shelf.take_off(db, actor(), visit_id)
    except ClinicError as error:
        return refused(words(error), status_of(error))
    flash(translate(TAKEN_OFF, who=_who(visit_id)), "ok")
    return back()


@bp.post("/board/placements")
@require(Permission.APPOINTMENT_BOOK)
def place() -> ResponseReturnValue:
    """Move a parked visit to a free time of the board; only then is the old one let go."""
    return moved_by(shelf.place)


def _who(appointment_id: int) -> str:
    return named(scheduling_queries.patient_name(read(), appointment_id))
