"""The shelf: visits parked while a new time is looked for; the old time stays held until then.

One shelf a place, not one a person: what is parked is owed to a patient who waits for a call, and
somebody else may finish it. Who parked it stands beside.
"""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import NotFound
from clinic.scheduling import moving, steps
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling.models import Appointment
from clinic.scheduling.values import MoveAppointment, Refused, StepVisit, VisitAction
from clinic.waiting.models import ShelfItem


def park(db: Session, actor: Actor, appointment_id: int, version: int) -> ShelfItem:
    """Put a visit that could be moved now on the shelf; nothing of the visit changes.

    What is parked already stays. Raises NotFound, Forbidden, MovedOn.
    """
    visit = steps.take(db, actor, VisitAction.MOVE, appointment_id, version)
    item = db.get(ShelfItem, visit.id)
    if item is not None and item.starts_at == visit.starts_at:
        return item
    if item is None:
        item = ShelfItem(
            appointment_id=visit.id,
            starts_at=visit.starts_at,
            parked_at=clock.now(),
            parked_by_id=actor.id,
        )
        db.add(item)
    item.starts_at, item.parked_at, item.parked_by_id = visit.starts_at, clock.now(), actor.id
    _trace(db, actor, visit, "parked")
    return item


def take_off(db: Session, actor: Actor, appointment_id: int) -> None:
    """Take a visit off the shelf, wherever it stands now; twice does no harm. Raises NotFound."""
    visit = scheduling_queries.lock_visit(db, appointment_id)
    if visit.location_id != actor.location_id:
        raise NotFound(scheduling_queries.NO_VISIT)
    if _drop(db, visit.id):
        _trace(db, actor, visit, "taken_off")


def place(db: Session, actor: Actor, wish: MoveAppointment) -> Appointment | Refused:
    """Move a parked visit to its new time and take it off the shelf; until then nothing is let go.

    Raises what a move raises: MovedOn when somebody else was faster, SlotTaken, Invalid.
    """
    moved = moving.move(db, actor, wish)
    if not isinstance(moved, Refused):
        _drop(db, moved.id)
    return moved


def unplace(db: Session, actor: Actor, wish: StepVisit) -> Appointment | Refused:
    """Take a placing back: the visit stands where it stood, and lies on the shelf again.

    Raises what moving it back raises.
    """
    moved = moving.move_back(db, actor, wish)
    if not isinstance(moved, Refused):
        db.flush()  # The version that is parked is the one after the move.
        park(db, actor, moved.id, moved.version)
    return moved


def _drop(db: Session, appointment_id: int) -> bool:
    gone = db.scalar(
        sa.delete(ShelfItem)
        .where(ShelfItem.appointment_id == appointment_id)
        .returning(ShelfItem.appointment_id)
    )
    return gone is not None


def _trace(db: Session, actor: Actor, visit: Appointment, done: str) -> None:
    audit.record(db, actor, f"shelf.{done}", "appointment", visit.id, patient_id=visit.patient_id)
