"""What the past got wrong: a visit that was never booked, and one that never should have been."""

import datetime as dt

from sqlalchemy.orm import Session

from clinic.catalog import queries as catalog_queries
from clinic.core import clock, walltime
from clinic.core.access import Actor, Permission
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.text import N_
from clinic.patients import queries as patient_queries
from clinic.patients.values import PatientStatus
from clinic.safety import queries as safety_queries
from clinic.safety.models import ScreeningRecord
from clinic.safety.values import Moment, Outcome
from clinic.scheduling import checking, guard, queries, steps
from clinic.scheduling.models import Appointment
from clinic.scheduling.rules import checks, promise
from clinic.scheduling.rules.checks import REASON_LENGTH
from clinic.scheduling.rules.states import MOVED_ON
from clinic.scheduling.values import (
    AppointmentStatus,
    BookAppointment,
    Span,
    StepVisit,
    VisitAction,
)

NO_RECORD = N_("Nothing can be entered for this record: it was merged or erased.")
SAY_WHY = N_("Write why it is entered only now.")
SAY_WHY_NOT = N_("Write in at least 10 characters why it should never have been entered.")
IN_A_COURSE = N_("It is a session of a course that was done: it stays on record.")
SEEN = N_("Tick that you have seen what the check of that day finds.")
_ENDED = frozenset({PatientStatus.MERGED, PatientStatus.ERASED})


def enter(db: Session, actor: Actor, wish: BookAppointment) -> Appointment:
    """Enter a visit of the past with the check of its day, which refuses nothing any more.

    It is done and holds its time, beside what is booked where that is taken. Raises Forbidden,
    NotFound, Invalid for a visit that is not over or without a reason, SlotTaken when the patient
    was elsewhere, Conflict for a record that is not in use.
    """
    if not actor.may(Permission.APPOINTMENT_ENTER_PAST):
        raise Forbidden(steps.NOT_ALLOWED)
    if len(wish.late_reason.strip()) < REASON_LENGTH:
        raise Invalid(SAY_WHY, field="late_reason")
    patient = safety_queries.lock_patient(db, wish.patient_id)
    made = queries.by_form_key(db, wish.form_key) if wish.form_key else None
    if made is not None:
        return made
    patient_queries.get(db, patient.id, location_id=actor.location_id)
    if patient.status in _ENDED:
        raise Conflict(NO_RECORD)
    service = catalog_queries.service(db, wish.service_id)
    length = dt.timedelta(minutes=service.duration_min)
    promise.refuse_midnight(wish.starts_local, service.duration_min)
    starts_at = promise.took_place(
        wish.starts_local,
        actor.zone,
        service.duration_min,
        second_hour=wish.second_hour,
        now=clock.now(),
    )
    on = walltime.to_local(starts_at, actor.zone).date()
    history = safety_queries.history_of(db, patient.id)
    screening = safety_queries.check(db, history, queries.plan_for(db, service, history, on=on), on)
    hold = guard.find_free(
        db,
        actor,
        catalog_queries.parts_of(service),
        Span(start=starts_at, end=starts_at + length),
        patient_id=patient.id,
        practitioner_id=wish.practitioner_id,
        room_id=wish.room_id,
        overbook_reason=wish.late_reason,
    )
    known = checks.remembered(screening, ())
    visit = Appointment(
        location_id=actor.location_id,
        patient_id=patient.id,
        service_id=service.id,
        practitioner_id=wish.practitioner_id,
        room_id=hold.room_id,
        starts_at=starts_at,
        ends_at=starts_at + length,
        starts_local=wish.starts_local,
        zone=actor.zone,
        status=AppointmentStatus.DONE,
        note=wish.note,
        late_reason=wish.late_reason,
        decision=known.decision,
        clear_on=known.clear_on,
        form_key=wish.form_key,
        created_at=clock.now(),
        created_by_id=actor.id,
    )
    guard.occupy_new(db, visit, hold)
    checking.keep(db, actor, visit, screening, Moment.BOOKING)
    after = steps.place(visit, hold.names) | {"status": visit.status.value}
    over = steps.overbooked(hold.names, hold.against)
    steps.note(
        db,
        actor,
        visit,
        VisitAction.BOOK,
        after=after | over | hold.beside(wish.practitioner_id),
        reason=visit.late_reason or "",
    )
    steps.leave_trace(db, actor, visit, "entered_late", late_reason=wish.late_reason)
    return visit


def check_again(
    db: Session,
    actor: Actor,
    visit: Appointment,
    version: int,
    *,
    treated: tuple[dt.datetime, dt.datetime],
    is_seen: bool,
) -> ScreeningRecord:
    """Check a visit that is done, as of its day, with what is known now; keep it for its record.

    From then on it is a visit in which somebody was treated: it cannot be struck any more. Raises
    MovedOn for one that is not done or has changed, Invalid when something was found that nobody
    ticked as seen.
    """
    if visit.status is not AppointmentStatus.DONE or visit.version != version:
        raise steps.MovedOn(MOVED_ON[visit.status])
    screening, released = checking.check(db, visit, visit.starts_local.date())
    way = checking.way_of(actor, screening, Moment.START, released)
    if way.outcome is not Outcome.GO and not is_seen:
        raise Invalid(SEEN, field="acknowledged")
    visit.started_at, visit.ended_at = treated
    return checking.keep(db, actor, visit, screening, Moment.START, released=released)


def strike(db: Session, actor: Actor, wish: StepVisit) -> Appointment:
    """Mark a visit that is over as entered in error: kept with its history, counted nowhere.

    Raises NotFound, Forbidden, MovedOn for one that is still to come (it can be cancelled), NotNow
    for a treatment that was begun or a session of a course, Invalid without a reason.
    """
    if len(wish.reason.strip()) < REASON_LENGTH:
        raise Invalid(SAY_WHY_NOT, field="reason")
    visit = steps.take(db, actor, VisitAction.ENTER_IN_ERROR, wish.appointment_id, wish.version)
    if visit.course_id is not None and visit.status is AppointmentStatus.DONE:
        raise steps.NotNow(IN_A_COURSE)
    guard.let_go(db, visit)
    return steps.step(db, actor, visit, VisitAction.ENTER_IN_ERROR, reason=wish.reason)
