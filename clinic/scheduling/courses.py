"""Beginning, planning, stopping courses, and keeping what was said on the phone about them.

Everything that books or moves goes through the services of visits, in one transaction: all of a
plan happens, or nothing.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from itertools import pairwise

from sqlalchemy.orm import Session as Db

from clinic.audit import service as audit
from clinic.catalog import queries as catalog_queries
from clinic.catalog.models import Service
from clinic.catalog.values import CoursePattern, ResourceKind
from clinic.core import clock, standards
from clinic.core.access import Actor
from clinic.core.errors import ClinicError, Conflict, Invalid, StaleEdit
from clinic.core.text import N_
from clinic.patients import queries as patient_queries
from clinic.patients.values import PatientStatus
from clinic.safety import queries as safety_queries
from clinic.safety.values import Moment
from clinic.scheduling import checking, course_queries, guard, moving, queries, service
from clinic.scheduling.course_models import CourseCall
from clinic.scheduling.course_values import (
    CourseCallOutcome,
    CoursePage,
    LogCourseCall,
    Pick,
    PlanCourse,
    Session,
    StopCourse,
)
from clinic.scheduling.models import Course
from clinic.scheduling.rules import checks, planning
from clinic.scheduling.values import (
    BookAppointment,
    CancelAppointment,
    CancelReason,
    CourseStatus,
    MoveAppointment,
    Refused,
)

UNDER_WAY = N_("A course of this is under way already. Plan the rest of that one.")
OVER = N_("This course is over.")
NOT_STOPPED = N_("This course was not stopped.")
CHANGED = N_("A visit of this course has changed in the meantime. This is how it stands now.")
NOTHING = N_("There is nothing to book or to move.")
NOT_ASKED = N_("Say on which day to ask again.")
NOT_TODAY = N_("A day after today, please.")
ONE_SESSION = N_("A course has at least two sessions.")


class RowRefused(Conflict):
    """One session of a plan cannot be: nothing was booked or moved. `error` says why."""

    def __init__(self, number: int, error: ClinicError) -> None:
        super().__init__(error.message, **error.values)
        self.number, self.error = number, error


def plan(db: Db, actor: Actor, wish: PlanCourse) -> Course | dict[int, Refused]:
    """Begin a course or go on with one: book what is picked, move what has a visit.

    Without picks a course that begins is only begun. A check that refuses is kept and returned by
    session; then nothing is booked. Raises RowRefused with the session that cannot be, StaleEdit
    when a visit was changed meanwhile, Conflict for a course that is under way or over, Invalid.
    """
    patient = safety_queries.lock_patient(db, wish.patient_id)
    patient_queries.get(db, patient.id, location_id=actor.location_id)
    made = queries.by_form_key(db, _key(wish, wish.picks[0])) if wish.picks else None
    if made is not None and made.course_id is not None:
        return db.get_one(Course, made.course_id)
    if patient.status is not PatientStatus.ACTIVE:
        raise service.NotBookable(service.NOT_BOOKABLE[patient.status])
    course = course_queries.page(db, actor, wish.course_id) if wish.course_id else None
    if course is not None:
        _refuse_changed(course, wish)
        service_id, pattern = course.service_id, course.pattern
    else:
        assert wish.service_id is not None
        assert wish.pattern is not None
        service_id, pattern = wish.service_id, wish.pattern
        _refuse_second(db, patient.id, service_id, pattern)
    visits = {visit.number: visit for visit in course.coming} if course else {}
    picks = [pick for pick in wish.picks if not _is_at(visits.get(pick.number), pick)]
    if course is not None and not picks:
        raise Invalid(NOTHING)
    _refuse_close(course, wish.picks, pattern.least_days)

    refused = _refusals(
        db,
        actor,
        patient.id,
        catalog_queries.service(db, service_id),
        pattern,
        picks=picks,
        visits=visits,
    )
    if refused:
        return refused
    if course is not None:
        row = course_queries.get(db, actor, course.id)
    else:
        row = _begin(db, actor, patient.id, service_id, pattern)
    # All of the place at once, in the order of the ids: two plans that take the same people one
    # session after the other, in two orders, would wait for each other (seen at 16 desks).
    guard.lock_resources(db, actor.location_id, (), [(kind, "") for kind in ResourceKind])
    moved = [pick for pick in picks if pick.number in visits]
    for pick in _in_order(moved, visits):
        _or_refuse(pick, lambda p=pick: moving.move_among(db, actor, _move(p, visits[p.number])))  # type: ignore[misc]  # bound now
    booked = [pick for pick in picks if pick.number not in visits]
    for pick in booked:
        _or_refuse(
            pick,
            lambda p=pick: service.book(  # type: ignore[misc]  # bound now
                db, actor, _booking(patient.id, service_id, _key(wish, p), p)
            ),
        )
    if wish.was_called:
        _note(db, actor, row, CourseCallOutcome.BOOKED)
    audit.record(
        db,
        actor,
        "course.planned",
        "course",
        row.id,
        patient_id=patient.id,
        detail={"booked": len(booked), "moved": len(moved)},
    )
    return row


def stop(db: Db, actor: Actor, wish: StopCourse) -> Course:
    """Stop a course with its reason, and cancel its coming visits where that is wished.

    Raises NotFound, StaleEdit, Conflict when it is over.
    """
    course = course_queries.get(db, actor, wish.course_id)
    safety_queries.lock_patient(db, course.patient_id)
    page = course_queries.page(db, actor, course.id)
    if course.status is not CourseStatus.ACTIVE:
        raise Conflict(OVER)
    if course.version != wish.version or page.seen != wish.seen:
        raise StaleEdit(CHANGED)
    cancelled = page.coming if wish.cancels else []
    for visit in cancelled:
        service.cancel(
            db,
            actor,
            CancelAppointment(
                appointment_id=visit.id,
                version=visit.version,
                reason=CancelReason.PATIENT_ASKED,
                note=wish.reason,
            ),
        )
    course.status, course.stop_reason = CourseStatus.STOPPED, wish.reason
    _note(db, actor, course, CourseCallOutcome.STOPPED, note=wish.reason)
    audit.record(
        db,
        actor,
        "course.stopped",
        "course",
        course.id,
        patient_id=course.patient_id,
        detail={"reason": wish.reason, "cancelled": len(cancelled)},
    )
    return course


def resume(db: Db, actor: Actor, course_id: int, version: int) -> Course:
    """Take the stop of a course back; visits that were cancelled with it are booked anew.

    Raises NotFound, StaleEdit, Conflict when it was not stopped or another one is under way.
    """
    course = course_queries.get(db, actor, course_id)
    safety_queries.lock_patient(db, course.patient_id)
    if course.version != version:
        raise StaleEdit(CHANGED)
    if course.status is not CourseStatus.STOPPED:
        raise Conflict(NOT_STOPPED)
    if course_queries.under_way(db, course.patient_id, course.service_id) is not None:
        raise Conflict(UNDER_WAY)
    course.status, course.stop_reason = CourseStatus.ACTIVE, ""
    audit.record(db, actor, "course.resumed", "course", course.id, patient_id=course.patient_id)
    return course


def log_call(db: Db, actor: Actor, wish: LogCourseCall) -> Course:
    """Keep what came of a call about a course; raises NotFound, Conflict, Invalid."""
    course = course_queries.get(db, actor, wish.course_id)
    if course.status is not CourseStatus.ACTIVE:
        raise Conflict(OVER)
    later_on = wish.later_on if wish.outcome is CourseCallOutcome.LATER else None
    if wish.outcome is CourseCallOutcome.LATER:
        if later_on is None:
            raise Invalid(NOT_ASKED, field="later_on")
        if later_on <= clock.today(actor.zone):
            raise Invalid(NOT_TODAY, field="later_on")
    if wish.best_time is not None and wish.best_time != course.best_time:
        course.best_time = wish.best_time
    _note(db, actor, course, wish.outcome, later_on=later_on, note=wish.note)
    audit.record(
        db,
        actor,
        "course.called",
        "course",
        course.id,
        patient_id=course.patient_id,
        detail={"outcome": wish.outcome.value},
    )
    return course


# ---- what they share ----


def _note(
    db: Db,
    actor: Actor,
    course: Course,
    outcome: CourseCallOutcome,
    *,
    later_on: dt.date | None = None,
    note: str = "",
) -> None:
    db.add(
        CourseCall(
            course_id=course.id,
            actor_id=actor.id,
            actor_name=actor.name,
            outcome=outcome,
            later_on=later_on,
            note=note,
            at=clock.now(),
        )
    )


def _refuse_changed(course: CoursePage, wish: PlanCourse) -> None:
    if course.status is not CourseStatus.ACTIVE:
        raise Conflict(OVER)
    numbers = {pick.number for pick in wish.picks}
    if course.seen != wish.seen or not numbers <= set(course.open_numbers):
        raise StaleEdit(CHANGED)


def _refuse_second(db: Db, patient_id: int, service_id: int, pattern: CoursePattern) -> None:
    if pattern.total < 2:
        raise Invalid(ONE_SESSION, field="sessions_planned")
    if course_queries.under_way(db, patient_id, service_id) is not None:
        raise Conflict(UNDER_WAY)


def _refuse_close(course: CoursePage | None, picks: Sequence[Pick], least: int) -> None:
    """Refuse sessions that are nearer to each other than the least distance, or out of order."""
    held = {s.number: s.starts_local.date() for s in course.sessions} if course else {}
    held |= {pick.number: pick.starts_local.date() for pick in picks}
    mine = {pick.number for pick in picks}
    for one, other in pairwise(sorted(held)):
        if mine & {one, other} and (held[other] - held[one]).days < least:
            number = other if other in mine else one
            raise RowRefused(number, Invalid(planning.TOO_NEAR, least=least))


def _refusals(
    db: Db,
    actor: Actor,
    patient_id: int,
    what: Service,
    pattern: CoursePattern,
    *,
    picks: Sequence[Pick],
    visits: dict[int, Session],
) -> dict[int, Refused]:
    """Check every picked day before anything is booked; what refuses is kept and returned."""
    standards.rely(db)
    history = safety_queries.history_of(db, patient_id)
    version = queries.consent_versions(db)
    found = {}
    for pick in picks:
        on, row, reason = pick.starts_local.date(), None, ""
        released: frozenset[str] = frozenset()
        if pick.number in visits:
            row = queries.get(db, visits[pick.number].id)
            reason = row.recheck_reason
            screening, released = checking.check_to_move(db, actor, row, on)
        else:
            treatment = queries.plan_of(
                what.modality,
                history,
                consent_version=version(what.modality, what.id, on),
                interval_days=pattern.interval_days,
                ingredients=what.ingredients,
            )
            screening = checking.check_to_book(db, actor, history, treatment, on)
        way = checking.way_of(actor, screening, Moment.BOOKING, released)
        if not checks.may_book(way, reason):
            found[pick.number] = checking.refuse(
                db, actor, screening, way, patient_id=patient_id, visit=row
            )
    return found


def _begin(
    db: Db, actor: Actor, patient_id: int, service_id: int, pattern: CoursePattern
) -> Course:
    if not catalog_queries.service(db, service_id).is_active:
        raise Invalid(guard.NOT_OFFERED, field="service_id")
    row = Course(
        patient_id=patient_id,
        service_id=service_id,
        started_on=clock.today(actor.zone),
        **catalog_queries.columns_of(pattern),
    )
    db.add(row)
    db.flush()  # Its visits name it.
    audit.record(
        db,
        actor,
        "course.begun",
        "course",
        row.id,
        patient_id=patient_id,
        detail={"service": service_id, "sessions": pattern.total},
    )
    return row


def _in_order(picks: Sequence[Pick], visits: dict[int, Session]) -> list[Pick]:
    """Put moves into an order in which no visit comes upon another of its own course.

    Those that go to a later time from the last on, those that go to an earlier one from the first.
    """
    later = [p for p in picks if p.starts_local > visits[p.number].starts_local]
    earlier = [p for p in picks if p not in later]
    return sorted(later, key=lambda p: -p.number) + sorted(earlier, key=lambda p: p.number)


def _or_refuse(pick: Pick, act: Callable[[], object]) -> None:
    try:
        said = act()
    except (guard.SlotTaken, Invalid) as error:
        raise RowRefused(pick.number, error) from error
    # All days were checked above, under the same lock: a refusal now would be another's fact.
    assert not isinstance(said, Refused)


def _is_at(visit: Session | None, pick: Pick) -> bool:
    return visit is not None and (visit.starts_local, visit.practitioner_id) == (
        pick.starts_local,
        pick.practitioner_id,
    )


def _key(wish: PlanCourse, pick: Pick) -> str:
    return f"{wish.form_key[:36]}-{pick.number}"


def _booking(patient_id: int, service_id: int, key: str, pick: Pick) -> BookAppointment:
    return BookAppointment(
        patient_id=patient_id,
        service_id=service_id,
        starts_local=pick.starts_local,
        practitioner_id=pick.practitioner_id,
        room_id=pick.room_id,
        second_hour=pick.second_hour,
        form_key=key,
    )


def _move(pick: Pick, visit: Session) -> MoveAppointment:
    return MoveAppointment(
        appointment_id=visit.id,
        version=visit.version,
        starts_local=pick.starts_local,
        practitioner_id=pick.practitioner_id,
        room_id=pick.room_id,
        second_hour=pick.second_hour,
    )
