"""Moving a visit: alone, as one of several, and back to where it was.

Like every use case about a visit it holds the patient's record first, the resources after it.
"""

import datetime as dt
from collections.abc import Collection

from sqlalchemy.orm import Session

from clinic.catalog import queries as catalog_queries
from clinic.core import clock, standards
from clinic.core.access import Actor, Permission
from clinic.core.text import N_
from clinic.safety.values import Moment
from clinic.scheduling import checking, distances, guard, queries, recheck, steps
from clinic.scheduling import visit as visits
from clinic.scheduling.models import Appointment
from clinic.scheduling.rules import checks, promise
from clinic.scheduling.values import MoveAppointment, Refused, Span, StepVisit, VisitAction

TOO_LATE = N_("This can no longer be taken back. Move the visit instead.")


def move(db: Session, actor: Actor, wish: MoveAppointment) -> Appointment | Refused:
    """Move a booked visit to another time or other resources, checked for the new day.

    A session that goes to another day keeps the least distance of its course; below it only with
    a reason, from whoever may overbook. Raises MovedOn, Invalid, SlotTaken as booking does,
    TooNear, Forbidden.
    """
    steps.refuse_overbooking(actor, wish.overbook_reason or wish.near_reason)
    visit = steps.take(db, actor, VisitAction.MOVE, wish.appointment_id, wish.version)
    on = wish.starts_local.date()
    is_near = False
    if on != visit.starts_local.date():
        near = distances.too_near(db, [(visit, on)])
        is_near = visit.id in near
        if is_near and not wish.near_reason:
            raise near[visit.id]
    return _place(db, actor, visit, wish, near_reason=wish.near_reason if is_near else "")


def move_among(db: Session, actor: Actor, wish: MoveAppointment) -> Appointment | Refused:
    """Move one of several visits as `move` does, but for the distances: who moves all asks them."""
    visit = steps.take(db, actor, VisitAction.MOVE, wish.appointment_id, wish.version)
    return _place(db, actor, visit, wish)


def move_back(db: Session, actor: Actor, wish: StepVisit) -> Appointment | Refused:
    """Move a visit back to where this person has moved it from, minutes ago.

    With whom and where it was; of nurses and devices those it had, where they are still free.
    Beside what is booked only where it was so, for whoever may overbook, and beside nothing that
    came since: its reason was not given for that. Nearer to another session only where it was so.
    Raises what a move raises, and MovedOn when its last step was no such move.
    """
    visit = steps.take(db, actor, VisitAction.MOVE, wish.appointment_id, wish.version)
    events = queries.events(db, visit.id)
    undo = visits.undo_of(db, actor, visit, events)
    if undo is None or undo.place is None:
        raise steps.MovedOn(TOO_LATE)
    left = events[0].before
    near = distances.too_near(db, [(visit, undo.place.starts_local.date())])
    if near and not left.get("was_near"):
        raise near[visit.id]
    reason = undo.overbook_reason if actor.may(Permission.APPOINTMENT_OVERBOOK) else ""
    back = MoveAppointment(
        appointment_id=visit.id,
        version=wish.version,
        starts_local=undo.place.starts_local,
        practitioner_id=undo.practitioner_id or visit.practitioner_id,
        room_id=undo.room_id or visit.room_id,
        second_hour=undo.second_hour,
        recheck_reason=left.get("recheck_reason", ""),
        overbook_reason=reason,
    )
    moved = _place(db, actor, visit, back, usual=undo.held)
    if not isinstance(moved, Refused) and visit.overbook_reason:
        came_since = set(guard.lying_with(db, visit)).difference(left.get("against", ()))
        if came_since:
            raise guard.SlotTaken
    return moved


def _place(
    db: Session,
    actor: Actor,
    visit: Appointment,
    wish: MoveAppointment,
    *,
    near_reason: str = "",
    usual: Collection[int] = (),
) -> Appointment | Refused:
    starts_at = promise.instant_of(
        wish.starts_local, actor.zone, second_hour=wish.second_hour, now=clock.now()
    )
    service = catalog_queries.service(db, visit.service_id)
    promise.refuse_midnight(wish.starts_local, service.duration_min)
    ends_at = starts_at + dt.timedelta(minutes=service.duration_min)
    standards.rely(db)
    screening, released = checking.check_to_move(db, actor, visit, wish.starts_local.date())
    way = checking.way_of(actor, screening, Moment.BOOKING, released)
    reason = wish.recheck_reason or visit.recheck_reason
    if not checks.may_book(way, reason):
        said = checking.refuse(db, actor, screening, way, patient_id=visit.patient_id, visit=visit)
        # Lists and paper read a visit's newest check: that must be one for its own day.
        recheck.again(db, actor, recheck.of_ids(db, [visit.id]))
        return said
    held = guard.held_of(db, visit)
    hold = guard.find_free(
        db,
        actor,
        catalog_queries.parts_of(service),
        Span(start=starts_at, end=ends_at),
        patient_id=visit.patient_id,
        practitioner_id=wish.practitioner_id,
        room_id=wish.room_id,
        visit=visit,
        usual=usual or held,
        overbook_reason=wish.overbook_reason,
        held_slot_id=wish.held_slot_id,
    )

    names = queries.names_of(db, {visit.practitioner_id, visit.room_id}) | hold.names
    before = steps.place(visit, names)
    left = steps.left_behind(
        visit,
        held,
        against=guard.lying_with(db, visit) if visit.overbook_reason else (),
        was_near=bool(distances.too_near(db, [(visit, visit.starts_local.date())])),
    )
    if visit.starts_local != wish.starts_local:
        visit.moved += 1
    visit.starts_at, visit.ends_at = starts_at, ends_at
    visit.starts_local, visit.zone = wish.starts_local, actor.zone
    visit.practitioner_id, visit.room_id = wish.practitioner_id, hold.room_id
    visit.recheck_reason = reason if way.must_recheck else ""
    visit.overbook_reason = wish.overbook_reason if hold.is_overbooked else None
    guard.occupy(db, visit, hold)
    checking.keep(db, actor, visit, screening, Moment.BOOKING, released=released)
    after = steps.place(visit, names)
    fields = sorted(k for k in after if after[k] != before[k])
    over = steps.overbooked(hold.names, hold.against)
    why = " · ".join(filter(None, (visit.overbook_reason, near_reason, wish.reason)))[:300]
    now = after | over | hold.beside(wish.practitioner_id)
    steps.note(db, actor, visit, VisitAction.MOVE, before=before | left, after=now, reason=why)
    beside = {"overbook_reason": visit.overbook_reason} if over else {}
    near = {"near_reason": near_reason} if near_reason else {}
    steps.leave_trace(db, actor, visit, "moved", fields=fields, **beside, **near)
    return visit
