"""Reading courses: one of them with its sessions, those of a patient, who is to be called."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session as Db

from clinic.catalog import queries as catalog_queries
from clinic.catalog.models import Service
from clinic.catalog.values import CoursePattern
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import NotFound
from clinic.core.text import N_
from clinic.patients.models import Patient
from clinic.patients.values import PatientStatus, full_name
from clinic.scheduling.course_models import CourseCall
from clinic.scheduling.course_values import Call, CourseCallOutcome, CoursePage, Session
from clinic.scheduling.models import Appointment, Course, Resource
from clinic.scheduling.rules import planning
from clinic.scheduling.values import AppointmentStatus, CourseStatus

NO_COURSE = N_("There is no such course")
AHEAD_DAYS = 14
"""Days before its due day from which a course is on the list (design default)."""
_STILL_MOVES = AppointmentStatus.BOOKED


def get(db: Db, actor: Actor, course_id: int) -> Course:
    """Return a course of a patient of this place; raises NotFound. One statement."""
    found = db.scalar(
        sa.select(Course)
        .join(Patient, Patient.id == Course.patient_id)
        .where(Course.id == course_id, Patient.location_id == actor.location_id)
    )
    if found is None:
        raise NotFound(NO_COURSE)
    return found


def under_way(db: Db, patient_id: int, service_id: int) -> int | None:
    """Return the id of a patient's course of a service that is not over; None without one."""
    found = sa.select(Course.id).where(
        Course.patient_id == patient_id,
        Course.service_id == service_id,
        Course.status == CourseStatus.ACTIVE,
    )
    return db.scalar(found.order_by(Course.id).limit(1))


def page(db: Db, actor: Actor, course_id: int) -> CoursePage:
    """Return a course as its page shows it; raises NotFound. Four statements."""
    course = get(db, actor, course_id)
    pattern = catalog_queries.pattern_of(course)
    held = sessions(db, course_id)
    return CoursePage(
        id=course.id,
        version=course.version,
        patient_id=course.patient_id,
        service_id=course.service_id,
        service=db.get_one(Service, course.service_id).name,
        status=course.status,
        pattern=pattern,
        started_on=course.started_on,
        stop_reason=course.stop_reason,
        best_time=course.best_time,
        sessions=held,
        calls=_calls(db, course_id),
        due_on=_due_on(course, pattern, held),
    )


def sessions(db: Db, course_id: int) -> list[Session]:
    """Return the sessions that hold their time or held it to the end, by number; one statement."""
    now = clock.now()
    rows = db.execute(
        sa.select(
            Appointment.id,
            Appointment.version,
            Appointment.course_number.label("number"),
            Appointment.status,
            Appointment.starts_local,
            Appointment.starts_at,
            Appointment.practitioner_id,
            Appointment.room_id,
            Resource.name.label("practitioner"),
        )
        .join(Resource, Resource.id == Appointment.practitioner_id)
        .where(Appointment.course_id == course_id, Appointment.occupies)
        .order_by(Appointment.course_number, Appointment.id)
    )
    return [
        Session(
            id=row.id,
            version=row.version,
            number=row.number,
            status=row.status,
            starts_local=row.starts_local,
            practitioner_id=row.practitioner_id,
            practitioner=row.practitioner,
            room_id=row.room_id,
            is_fixed=row.status is not _STILL_MOVES or row.starts_at <= now,
        )
        for row in rows
    ]


def _due_on(course: Course, pattern: CoursePattern, held: Sequence[Session]) -> dt.date | None:
    number = planning.next_number(
        {s.number: s.status is AppointmentStatus.DONE for s in held}, pattern.total
    )
    if course.status is not CourseStatus.ACTIVE or number is None:
        return None
    before = [s.starts_local.date() for s in held if s.number < number]
    return due_on(pattern, number, max(before, default=None), course.started_on)


def due_on(
    pattern: CoursePattern, number: int, last: dt.date | None, started_on: dt.date
) -> dt.date:
    """Return the ideal day of a session; of the first one, the day on which the course began."""
    if last is None:
        return started_on
    return last + dt.timedelta(days=planning.windows(pattern, [number])[0].ideal)


def _calls(db: Db, course_id: int) -> list[Call]:
    rows = db.scalars(
        sa.select(CourseCall)
        .where(CourseCall.course_id == course_id)
        .order_by(CourseCall.id.desc())
    )
    return [_call(row) for row in rows]


def _call(row: CourseCall) -> Call:
    return Call(
        at=row.at,
        who=row.actor_name,
        outcome=row.outcome,
        later_on=row.later_on,
        note=row.note,
    )


# ---- who is to be called ----


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A course under way without a coming visit, and what was said about it last."""

    id: int
    patient_id: int
    name: str
    born: dt.date | None
    file_number: str
    phone: str
    service: str
    number: int
    planned: int
    last_on: dt.date | None
    due_on: dt.date
    is_lapsed: bool
    """Whether the days planned for the session are over."""
    best_time: str
    last_call: Call | None
    tries: int
    """Calls without an answer since the last one that had one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueList:
    """Whom to call today, the longest due first, and how many wait for a later day."""

    due: Sequence[Due]
    waiting: int
    """Courses that are due later, or whose patients want to be asked later."""

    @property
    def lapsed(self) -> int:
        """Return how many are over their days."""
        return sum(one.is_lapsed for one in self.due)


_COMING = (
    AppointmentStatus.BOOKED,
    AppointmentStatus.ARRIVED,
    AppointmentStatus.IN_TREATMENT,
)
_DONE = sa.func.max(
    sa.case((Appointment.status == AppointmentStatus.DONE, Appointment.course_number), else_=0)
)
_WITHOUT_VISIT = (
    sa.select(
        Course.id,
        Course.patient_id,
        Course.started_on,
        Course.best_time,
        Course.sessions_planned,
        Course.interval_days,
        Course.tolerance_days,
        Course.least_days,
        Course.booster_days,
        Patient.given_name,
        Patient.family_name,
        Patient.birth_date,
        Patient.file_number,
        Patient.phone,
        Service.name.label("service"),
        _DONE.label("done"),
        sa.func.max(Appointment.starts_local).label("last"),
    )
    .join(Patient, Patient.id == Course.patient_id)
    .join(Service, Service.id == Course.service_id)
    .outerjoin(Appointment, (Appointment.course_id == Course.id) & Appointment.occupies)
    .where(
        Course.status == CourseStatus.ACTIVE,
        Patient.location_id == sa.bindparam("location"),
        Patient.status == PatientStatus.ACTIVE,
    )
    .group_by(Course.id, Patient.id, Service.id)
    .having(sa.func.sum(sa.case((Appointment.status.in_(_COMING), 1), else_=0)) == 0)
)


def due(db: Db, actor: Actor) -> DueList:
    """Return the courses under way without a coming visit; two statements."""
    today = clock.today(actor.zone)
    rows = db.execute(_WITHOUT_VISIT, {"location": actor.location_id}).all()
    calls = _calls_of(db, [row.id for row in rows])
    found, waiting = [], 0
    for row in rows:
        pattern = CoursePattern(
            sessions=row.sessions_planned,
            interval_days=row.interval_days,
            tolerance_days=row.tolerance_days,
            least_days=row.least_days,
            booster_days=row.booster_days,
        )
        number = (row.done or 0) + 1
        if number > pattern.total:
            continue
        last = row.last.date() if row.last else None
        on = due_on(pattern, number, last, row.started_on)
        said = calls.get(row.id, [])
        later = said[0].later_on if said else None
        if on > today + dt.timedelta(days=AHEAD_DAYS) or (later is not None and later > today):
            waiting += 1
            continue
        found.append(
            Due(
                id=row.id,
                patient_id=row.patient_id,
                name=full_name(row.given_name, row.family_name),
                born=row.birth_date,
                file_number=row.file_number,
                phone=row.phone,
                service=row.service,
                number=number,
                planned=pattern.sessions,
                last_on=last,
                due_on=on,
                is_lapsed=today > on + dt.timedelta(days=pattern.tolerance_days),
                best_time=row.best_time,
                last_call=said[0] if said else None,
                tries=_tries(said),
            )
        )
    return DueList(due=sorted(found, key=lambda one: (one.due_on, one.id)), waiting=waiting)


def _calls_of(db: Db, course_ids: Sequence[int]) -> dict[int, list[Call]]:
    """Return {course: its calls}, the newest first."""
    found: dict[int, list[Call]] = {}
    rows = db.scalars(
        sa.select(CourseCall)
        .where(CourseCall.course_id.in_(course_ids))
        .order_by(CourseCall.id.desc())
    )
    for row in rows:
        found.setdefault(row.course_id, []).append(_call(row))
    return found


def _tries(said: Sequence[Call]) -> int:
    """Count the calls without an answer since the last one that had one."""
    tries = 0
    for call in said:
        if call.outcome is not CourseCallOutcome.NO_ANSWER:
            break
        tries += 1
    return tries
