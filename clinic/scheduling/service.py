"""Booking visits and taking them from step to step, each with its check, its event, its audit line.

Every use case holds the patient's record first and the resources after it, in the order of their
ids: no two of them can wait for each other.
"""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from clinic.catalog import queries as catalog_queries
from clinic.catalog.models import Service
from clinic.core import clock, standards, walltime
from clinic.core.access import Actor, Permission
from clinic.core.errors import Conflict, Invalid
from clinic.core.text import N_
from clinic.patients import queries as patient_queries
from clinic.patients.values import PatientStatus
from clinic.safety import queries as safety_queries
from clinic.safety.models import ScreeningRecord
from clinic.safety.values import Moment, Outcome, Passage, Screening
from clinic.scheduling import checking, course_ends, distances, guard, queries, recheck, steps
from clinic.scheduling.models import Appointment
from clinic.scheduling.rules import checks, promise
from clinic.scheduling.values import (
    AppointmentOrigin,
    AppointmentStatus,
    ArriveVisit,
    BookAppointment,
    CancelAppointment,
    CancelReason,
    Refused,
    Span,
    StartVisit,
    StepVisit,
    VisitAction,
)

NOT_BOOKABLE: dict[PatientStatus, str] = {
    PatientStatus.DECEASED: N_("This patient has died. Nothing can be booked."),
    PatientStatus.MERGED: N_("This record was merged into another one. Book for that one."),
    PatientStatus.ARCHIVED: N_("This record is archived. Put it back into use before you book."),
    PatientStatus.ERASED: N_("This record was erased. Nothing can be booked."),
}
BOTH_SPOKEN = N_("Ask for full name and date of birth, and tick both when they match.")
CHANGED_SINCE = N_("The facts have changed since you opened this page. Look at them again.")
ACKNOWLEDGE = N_("Tick that you have seen what is to be heeded.")


class NotBookable(Conflict):
    """The patient's record is not in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A visit whose treatment has begun, and the check made at that moment."""

    appointment: Appointment
    record: ScreeningRecord
    screening: Screening
    passage: Passage


# ---- booking ----


def book(db: Session, actor: Actor, wish: BookAppointment) -> Appointment | Refused:
    """Book a visit, or return the check that refuses it, kept.

    A walk-in is made as arrived. Raises NotFound for an unknown patient or service, Invalid for a
    time or resource that cannot be, SlotTaken for one that is not free, Conflict for a record
    that is not in use. A session keeps the least distance of its course: below it TooNear, or
    with a reason, from whoever may overbook.
    """
    steps.refuse_overbooking(actor, wish.overbook_reason or wish.near_reason)
    patient = safety_queries.lock_patient(db, wish.patient_id)
    made = queries.by_form_key(db, wish.form_key) if wish.form_key else None
    if made is not None:
        return made
    patient_queries.get(db, patient.id, location_id=actor.location_id)  # held already: its place
    if patient.id != wish.patient_id:
        raise NotBookable(NOT_BOOKABLE[PatientStatus.MERGED])
    if patient.status is not PatientStatus.ACTIVE:
        raise NotBookable(NOT_BOOKABLE[patient.status])
    service = _offered(db, wish.service_id)
    starts_at, is_walk_in = _begin(actor, wish)
    if not is_walk_in:
        promise.refuse_midnight(wish.starts_local, service.duration_min)
    starts_local = walltime.to_local(starts_at, actor.zone)
    on = starts_local.date()
    standards.rely(db)
    course = queries.open_course(db, patient.id, service.id)
    history = safety_queries.history_of(db, patient.id)
    plan = queries.plan_for(
        db,
        service,
        history,
        on=on,
        interval_days=course.interval_days if course else None,
    )
    screening = checking.check_to_book(db, actor, history, plan, on)
    way = checking.way_of(actor, screening, Moment.BOOKING)
    is_releasing = (
        bool(wish.release_reason) and actor.may(Permission.RELEASE) and checks.can_release_all(way)
    )
    if not checks.may_book(way, wish.recheck_reason) and not is_releasing:
        return checking.refuse(db, actor, screening, way, patient_id=patient.id)
    near_reason = ""
    if course is not None:
        try:
            distances.refuse_near(db, course, on)
        except distances.TooNear:
            if not wish.near_reason:
                raise
            near_reason = wish.near_reason
    hold = guard.find_free(
        db,
        actor,
        catalog_queries.parts_of(service),
        _span(starts_at, service),
        patient_id=patient.id,
        practitioner_id=wish.practitioner_id,
        room_id=wish.room_id,
        overbook_reason=wish.overbook_reason,
        held_slot_id=wish.held_slot_id,
    )

    known = checks.remembered(screening, ())
    appointment = Appointment(
        location_id=actor.location_id,
        patient_id=patient.id,
        service_id=service.id,
        course_id=course.id if course else None,
        course_number=course.next_number if course else None,
        practitioner_id=wish.practitioner_id,
        room_id=hold.room_id,
        starts_at=starts_at,
        ends_at=starts_at + dt.timedelta(minutes=service.duration_min),
        starts_local=starts_local,
        zone=actor.zone,
        status=AppointmentStatus.ARRIVED if is_walk_in else AppointmentStatus.BOOKED,
        origin=wish.origin,
        note=wish.note,
        recheck_reason=wish.recheck_reason if way.must_recheck else "",
        overbook_reason=wish.overbook_reason if hold.is_overbooked else None,
        decision=known.decision,
        clear_on=known.clear_on,
        arrived_at=clock.now() if is_walk_in else None,
        form_key=wish.form_key,
        created_at=clock.now(),
        created_by_id=actor.id,
    )
    guard.occupy_new(db, appointment, hold)
    checking.keep(db, actor, appointment, screening, Moment.BOOKING)
    if is_releasing:
        checking.release_all(
            db,
            actor,
            appointment,
            screening,
            findings=way.in_the_way,
            reason=wish.release_reason,
        )
    after = steps.place(appointment, hold.names) | {"status": appointment.status.value}
    over = steps.overbooked(hold.names, hold.against)
    steps.note(
        db,
        actor,
        appointment,
        VisitAction.BOOK,
        after=after | over | hold.beside(wish.practitioner_id),
        reason=" · ".join(filter(None, (appointment.overbook_reason, near_reason)))[:300],
    )
    beside = {"overbook_reason": appointment.overbook_reason} if over else {}
    near = {"near_reason": near_reason} if near_reason else {}
    steps.leave_trace(db, actor, appointment, "booked", origin=wish.origin.value, **beside, **near)
    return appointment


# ---- steps ----


def arrive(db: Session, actor: Actor, wish: ArriveVisit) -> Appointment | Refused:
    """Note that the patient is here, also late after a no-show; the check is made again.

    Raises MovedOn, Invalid unless both identifiers were spoken, SlotTaken when a no-show's time
    was given away meanwhile.
    """
    _refuse_silent(wish.name_spoken, wish.birth_date_spoken)
    visit = steps.take(db, actor, VisitAction.ARRIVE, wish.appointment_id, wish.version)
    screening, released = checking.check(db, visit, clock.today(actor.zone))
    way = checking.way_of(actor, screening, Moment.CHECK_IN, released)
    if way.outcome is Outcome.REFUSED:
        checking.remember_quietly(db, visit, screening, released)
        return checking.refuse(db, actor, screening, way, patient_id=visit.patient_id, visit=visit)

    if visit.status is AppointmentStatus.NO_SHOW:
        _hold_again(db, actor, visit)
    visit.arrived_at = clock.now()
    checking.keep(db, actor, visit, screening, Moment.CHECK_IN, released=released)
    return steps.step(
        db, actor, visit, VisitAction.ARRIVE, after={"spoken": ["name", "birth_date"]}
    )


def undo_arrive(db: Session, actor: Actor, wish: StepVisit) -> Appointment:
    """Take an arrival back; raises MovedOn."""
    visit = steps.take(db, actor, VisitAction.UNDO_ARRIVE, wish.appointment_id, wish.version)
    visit.arrived_at = visit.ready_at = visit.roomed_at = None
    return steps.step(db, actor, visit, VisitAction.UNDO_ARRIVE, reason=wish.reason)


def cancel(db: Session, actor: Actor, wish: CancelAppointment) -> Appointment:
    """Cancel a visit with its reason and free its time; raises MovedOn."""
    visit = steps.take(db, actor, VisitAction.CANCEL, wish.appointment_id, wish.version)
    visit.cancel_reason, visit.cancel_note = wish.reason, wish.note
    visit.cancel_notice_min = (visit.starts_at - clock.now()) // dt.timedelta(minutes=1)
    guard.let_go(db, visit)
    after = {"cancel_reason": wish.reason.value}
    return steps.step(db, actor, visit, VisitAction.CANCEL, after=after, reason=wish.note)


def no_show(db: Session, actor: Actor, wish: StepVisit) -> Appointment:
    """Note that nobody came, from 15 minutes after the start on, and free the time."""
    visit = steps.take(db, actor, VisitAction.NO_SHOW, wish.appointment_id, wish.version)
    guard.let_go(db, visit)
    return steps.step(db, actor, visit, VisitAction.NO_SHOW, reason=wish.reason)


def reopen(db: Session, actor: Actor, wish: StepVisit) -> Appointment:
    """Take a cancellation or a no-show back within ten minutes.

    Raises MovedOn when it is too late, SlotTaken when the time was given away.
    """
    visit = steps.take(db, actor, VisitAction.REOPEN, wish.appointment_id, wish.version)
    standards.rely(db)
    _hold_again(db, actor, visit)
    visit.cancel_reason, visit.cancel_note = None, ""
    visit.arrived_at = visit.ready_at = visit.roomed_at = None
    visit.cancel_notice_min = None
    steps.step(db, actor, visit, VisitAction.REOPEN, reason=wish.reason)
    rescreen(db, actor, visit.patient_id)  # facts of the meantime were not asked of this visit
    return visit


def start(db: Session, actor: Actor, wish: StartVisit) -> Started | Refused:
    """Begin a treatment, if nothing stands against it today.

    Raises MovedOn, also when a fact has changed since the page was seen, and Invalid when what
    is to be heeded was not ticked.
    """
    visit = steps.take(db, actor, VisitAction.START, wish.appointment_id, wish.version)
    screening, released = checking.check(db, visit, clock.today(actor.zone))
    way = checking.way_of(actor, screening, Moment.START, released)
    if way.outcome is Outcome.REFUSED:
        checking.remember_quietly(db, visit, screening, released)
        return checking.refuse(db, actor, screening, way, patient_id=visit.patient_id, visit=visit)
    if wish.seen_facts_hash != screening.facts_hash:
        raise steps.MovedOn(CHANGED_SINCE)
    if way.outcome is Outcome.ACKNOWLEDGE and not wish.acknowledged:
        raise Invalid(ACKNOWLEDGE, field="acknowledged")

    visit.started_at = clock.now()
    record = checking.keep(db, actor, visit, screening, Moment.START, released=released)
    after = {"acknowledged": len(way.to_acknowledge)}
    steps.step(db, actor, visit, VisitAction.START, after=after)
    return Started(appointment=visit, record=record, screening=screening, passage=way)


def finish(db: Session, actor: Actor, appointment_id: int) -> Appointment:
    """Note that the treatment of a visit is over."""
    visit = steps.take(db, actor, VisitAction.FINISH, appointment_id)
    visit.ended_at = clock.now()
    steps.step(db, actor, visit, VisitAction.FINISH)
    course_ends.complete(db, visit)
    return visit


def abort(db: Session, actor: Actor, appointment_id: int, reason: str) -> Appointment:
    """Break a treatment off; what was given stays in its session."""
    visit = steps.take(db, actor, VisitAction.ABORT, appointment_id)
    visit.ended_at = clock.now()
    visit.cancel_reason = CancelReason.SAFETY
    guard.let_go(db, visit)
    return steps.step(db, actor, visit, VisitAction.ABORT, reason=reason[:300])


def rescreen(db: Session, actor: Actor | None, patient_id: int) -> None:
    """Check the patient's open visits again, because a fact or a release has changed.

    Writers of facts call it in their own transaction. A check that says what the last one said
    is not kept again. Seven or eight reading statements, however many visits.
    """
    recheck.again(db, actor, recheck.of_patient(db, patient_id))


# ---- what they share ----


def _offered(db: Session, service_id: int) -> Service:
    service = catalog_queries.service(db, service_id)
    if not service.is_active:
        raise Invalid(guard.NOT_OFFERED, field="service_id")
    return service


def _begin(actor: Actor, wish: BookAppointment) -> tuple[dt.datetime, bool]:
    now = clock.now()
    if wish.origin is AppointmentOrigin.WALK_IN:
        _refuse_silent(wish.name_spoken, wish.birth_date_spoken)
        return promise.begun(now), True
    instant = promise.instant_of(
        wish.starts_local, actor.zone, second_hour=wish.second_hour, now=now
    )
    return instant, False


def _span(starts_at: dt.datetime, service: Service) -> Span:
    return Span(start=starts_at, end=starts_at + dt.timedelta(minutes=service.duration_min))


def _refuse_silent(name_spoken: bool, birth_date_spoken: bool) -> None:
    if not (name_spoken and birth_date_spoken):
        field = "birth_date_spoken" if name_spoken else "name_spoken"
        raise Invalid(BOTH_SPOKEN, field=field)


def _hold_again(db: Session, actor: Actor, visit: Appointment) -> None:
    """Hold the time of a visit that had let it go, if it is still free.

    What was overbooked may be held beside again, and the service is taken as it is now.
    """
    service = catalog_queries.service(db, visit.service_id)
    visit.ends_at = visit.starts_at + dt.timedelta(minutes=service.duration_min)
    hold = guard.find_free(
        db,
        actor,
        catalog_queries.parts_of(service),
        _span(visit.starts_at, service),
        patient_id=visit.patient_id,
        practitioner_id=visit.practitioner_id,
        room_id=visit.room_id,
        visit=visit,
        usual=guard.held_of(db, visit),
        overbook_reason=visit.overbook_reason or "",
    )
    visit.occupies = True
    visit.overbook_reason = visit.overbook_reason if hold.is_overbooked else None
    guard.occupy(db, visit, hold)
