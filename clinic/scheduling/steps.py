"""Taking a visit one step further: is it where it should be, what changed, who did it."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.catalog import queries as catalog_queries
from clinic.core import clock
from clinic.core.access import Actor, Permission
from clinic.core.errors import Conflict, Forbidden, NotFound, StaleEdit
from clinic.core.text import N_
from clinic.scheduling import queries
from clinic.scheduling.models import Appointment, AppointmentEvent
from clinic.scheduling.rules import states
from clinic.scheduling.values import Standing, VisitAction

CHANGED = N_("Somebody else has changed this visit in the meantime. Look at it again.")
NOT_ALLOWED = N_("You may not do this.")
_DONE: dict[VisitAction, str] = {
    VisitAction.ARRIVE: "arrived",
    VisitAction.UNDO_ARRIVE: "arrival_undone",
    VisitAction.NO_SHOW: "no_show",
    VisitAction.CANCEL: "cancelled",
    VisitAction.REOPEN: "reopened",
    VisitAction.START: "started",
    VisitAction.FINISH: "finished",
    VisitAction.ABORT: "aborted",
    VisitAction.READY: "ready",
    VisitAction.ROOM: "roomed",
    VisitAction.LEAVE: "left",
    VisitAction.TAKE_BACK: "time_taken_back",
    VisitAction.CONFIRM: "confirmation_noted",
    VisitAction.ENTER_IN_ERROR: "entered_in_error",
}


class MovedOn(StaleEdit):
    """The visit is not where it was when the page was made."""


class NotNow(Conflict):
    """The visit is where it was, but the step has its time, and that is not now."""


def take(
    db: Session, actor: Actor, action: VisitAction, appointment_id: int, version: int | None = None
) -> Appointment:
    """Hold a visit for a step that it may take now; raises NotFound, Forbidden, MovedOn, NotNow."""
    visit = queries.lock_visit(db, appointment_id)
    if visit.location_id != actor.location_id:
        raise NotFound(queries.NO_VISIT)
    line = states.STEPS[action]
    if not actor.may(line.permission):
        raise Forbidden(NOT_ALLOWED)
    if visit.status not in line.sources:
        raise MovedOn(states.MOVED_ON[visit.status])
    if version is not None and visit.version != version:
        raise MovedOn(CHANGED)
    standing = Standing(
        status=visit.status,
        starts_at=visit.starts_at,
        day=visit.starts_local.date(),
        is_treatment=_is_treatment(db, visit) if action is VisitAction.ENTER_IN_ERROR else False,
        ended_at=queries.ended_at(db, visit.id) if action is VisitAction.REOPEN else None,
        noted=noted(visit),
    )
    objection = states.objection(action, standing, now=clock.now(), today=clock.today(actor.zone))
    if objection:
        raise NotNow(objection)
    return visit


def refuse_overbooking(actor: Actor, reason: str) -> None:
    """Refuse a reason to go over what is booked or planned from whoever may not; Forbidden."""
    if reason and not actor.may(Permission.APPOINTMENT_OVERBOOK):
        raise Forbidden(NOT_ALLOWED)


def _is_treatment(db: Session, visit: Appointment) -> bool:
    return catalog_queries.service(db, visit.service_id).modality.is_treatment


def noted(visit: Appointment) -> frozenset[VisitAction]:
    """Return which of its times a visit has."""
    times = {
        VisitAction.READY: visit.ready_at,
        VisitAction.ROOM: visit.roomed_at,
        VisitAction.START: visit.started_at,
        VisitAction.LEAVE: visit.left_at,
    }
    return frozenset(action for action, at in times.items() if at is not None)


def step(
    db: Session,
    actor: Actor,
    visit: Appointment,
    action: VisitAction,
    *,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> Appointment:
    """Put a visit into the status that a step leads to, with its event and its audit line."""
    before = {"status": visit.status.value}
    visit.status = states.STEPS[action].target or visit.status
    said = {"status": visit.status.value, **(after or {})}
    note(db, actor, visit, action, before=before, after=said, reason=reason)
    leave_trace(db, actor, visit, _DONE[action])
    return visit


def note(
    db: Session,
    actor: Actor,
    visit: Appointment,
    action: VisitAction,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any],
    reason: str = "",
) -> None:
    """Add a line to the visit's history."""
    db.add(
        AppointmentEvent(
            appointment_id=visit.id,
            actor_id=actor.id,
            actor_name=actor.name,
            action=action,
            before=before or {},
            after=after,
            reason=reason,
            at=clock.now(),
        )
    )


def place(visit: Appointment, names: dict[int, str]) -> dict[str, Any]:
    """Return when and where a visit takes place, as its history keeps it."""
    return {
        "starts_local": visit.starts_local.isoformat(timespec="minutes"),
        "practitioner": names.get(visit.practitioner_id, ""),
        "room": names.get(visit.room_id, ""),
    }


def left_behind(
    visit: Appointment, held: Sequence[int], *, against: Sequence[str], was_near: bool
) -> dict[str, Any]:
    """Return what a move gives up beside its place, so that it can be taken back whole.

    `against` is what lay in the same time of the same people and rooms, where it was overbooked.
    """
    said = {
        "overbook_reason": visit.overbook_reason,
        "against": list(against),
        "recheck_reason": visit.recheck_reason,
        "was_near": was_near,
    }
    left = {"starts_at": visit.starts_at.isoformat(), "held": list(held)}
    return left | {name: value for name, value in said.items() if value}


def overbooked(names: dict[int, str], against: Collection[int]) -> dict[str, Any]:
    """Return what was held though taken or closed, as the history keeps it; empty for nothing."""
    return {"overbooked": [names[id_] for id_ in sorted(against)]} if against else {}


def leave_trace(db: Session, actor: Actor, visit: Appointment, done: str, **detail: Any) -> None:
    """Record the act in the audit trail."""
    audit.record(
        db,
        actor,
        f"appointment.{done}",
        "appointment",
        visit.id,
        patient_id=visit.patient_id,
        detail=detail,
    )
