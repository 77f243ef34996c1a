"""Noting where a patient is during a visit, and what was heard about the coming to one."""

from sqlalchemy.orm import Session

from clinic.core import clock
from clinic.core.access import Actor
from clinic.scheduling import steps
from clinic.scheduling.models import Appointment
from clinic.scheduling.rules import states
from clinic.scheduling.values import Confirmation, ConfirmVisit, StepVisit, VisitAction

_TIMES = {
    VisitAction.LEAVE: "left_at",
    VisitAction.ROOM: "roomed_at",
    VisitAction.READY: "ready_at",
}
"""The column of each, the last of them first."""


def ready(db: Session, actor: Actor, wish: StepVisit) -> Appointment:
    """Note that papers and questions are done; raises MovedOn, NotNow when it is noted already."""
    return _note(db, actor, VisitAction.READY, wish)


def room(db: Session, actor: Actor, wish: StepVisit) -> Appointment:
    """Note that the patient was taken to the room: the waiting ends; raises as `ready` does."""
    return _note(db, actor, VisitAction.ROOM, wish)


def leave(db: Session, actor: Actor, wish: StepVisit) -> Appointment:
    """Note that the patient has left after the visit; raises as `ready` does."""
    return _note(db, actor, VisitAction.LEAVE, wish)


def _note(db: Session, actor: Actor, action: VisitAction, wish: StepVisit) -> Appointment:
    visit = steps.take(db, actor, action, wish.appointment_id, wish.version)
    setattr(visit, _TIMES[action], clock.now())
    return steps.step(db, actor, visit, action)


def take_back(db: Session, actor: Actor, wish: StepVisit) -> Appointment:
    """Take the time back that was noted last; raises MovedOn, NotNow when none is."""
    visit = steps.take(db, actor, VisitAction.TAKE_BACK, wish.appointment_id, wish.version)
    noted = steps.noted(visit) & states.taken_back(visit.status)
    last = next(action for action in _TIMES if action in noted)
    setattr(visit, _TIMES[last], None)
    return steps.step(db, actor, visit, VisitAction.TAKE_BACK, after={"taken_back": last.value})


def confirm(db: Session, actor: Actor, wish: ConfirmVisit) -> Appointment:
    """Note what was heard about the coming to a visit, as it stands now; raises MovedOn.

    It is said of the present start: when the visit moves it says nothing any more, and when it
    is moved back, it does again.
    """
    visit = steps.take(db, actor, VisitAction.CONFIRM, wish.appointment_id, wish.version)
    visit.confirmation = wish.answer
    visit.confirmation_for = visit.starts_at if wish.answer else None
    said = wish.answer.value if wish.answer else None
    return steps.step(db, actor, visit, VisitAction.CONFIRM, after={"confirmation": said})


def confirmation_of(visit: Appointment) -> Confirmation | None:
    """Return what was heard about a visit as it stands; None also for words of another start."""
    return visit.confirmation if visit.confirmation_for == visit.starts_at else None
