"""Taking a move back: the visit goes to where it was, with whom and in which room."""

from sqlalchemy.orm import Session

from clinic.core.access import Actor
from clinic.core.text import N_
from clinic.scheduling import queries, service, steps
from clinic.scheduling import visit as visits
from clinic.scheduling.models import Appointment
from clinic.scheduling.values import MoveAppointment, Refused, StepVisit, VisitAction

TOO_LATE = N_("This can no longer be taken back. Move the visit instead.")


def move_back(db: Session, actor: Actor, wish: StepVisit) -> Appointment | Refused:
    """Move a visit back to where this person has moved it from, minutes ago.

    Raises what a move raises, and MovedOn when its last step was no such move.
    """
    visit = steps.take(db, actor, VisitAction.MOVE, wish.appointment_id, wish.version)
    undo = visits.undo_of(db, actor, visit, queries.events(db, visit.id))
    if undo is None or undo.place is None:
        raise steps.MovedOn(TOO_LATE)
    back = MoveAppointment(
        appointment_id=visit.id,
        version=wish.version,
        starts_local=undo.place.starts_local,
        practitioner_id=undo.practitioner_id or visit.practitioner_id,
        room_id=undo.room_id or visit.room_id,
    )
    return service.move(db, actor, back)
