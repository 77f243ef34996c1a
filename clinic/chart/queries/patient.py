"""What the patient page shows: visits, course, sessions, side effects, pictures, in one order."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog.models import Service
from clinic.catalog.values import Modality
from clinic.core.zones import Zone
from clinic.followup.queries.effects import EffectCard
from clinic.outcomes.values import PhotographDay
from clinic.scheduling.models import Appointment, Course, Resource
from clinic.scheduling.values import AppointmentStatus, CourseStatus
from clinic.treatments.models import InjectionSite, TreatmentSession
from clinic.treatments.values import SessionState

SHOWN = 60
"""Newest visits on the page; older ones are history that nobody reads at the desk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitLine:
    """One visit without anything clinical."""

    id: int
    starts_at: dt.datetime
    service_name: str
    modality: Modality
    practitioner: str
    status: AppointmentStatus
    course_number: int | None
    session_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseLine:
    """How far a course has come, and when its next session is due."""

    id: int
    service_id: int
    service_name: str
    planned: int
    """Without the booster."""
    has_booster: bool
    done: int
    next_due_on: dt.date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLine:
    """What one session gave, in a line."""

    id: int
    started_at: dt.datetime
    service_name: str
    state: SessionState
    is_aborted: bool
    volume_ul: int
    points: int
    zones: tuple[Zone, ...]
    pain: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One entry of the timeline: exactly one of its parts is filled."""

    at: dt.datetime
    visit: VisitLine | None = None
    session: SessionLine | None = None
    effect: EffectCard | None = None
    photographs: PhotographDay | None = None


def visits(db: Session, patient_id: int) -> list[VisitLine]:
    """Return the newest visits, newest first; one statement."""
    rows = db.execute(
        sa.select(
            Appointment.id,
            Appointment.starts_at,
            Appointment.status,
            Appointment.course_number,
            Service.name.label("service_name"),
            Service.modality,
            Resource.name.label("practitioner"),
            TreatmentSession.id.label("session_id"),
        )
        .join(Service, Service.id == Appointment.service_id)
        .join(Resource, Resource.id == Appointment.practitioner_id)
        .outerjoin(TreatmentSession, TreatmentSession.appointment_id == Appointment.id)
        .where(Appointment.patient_id == patient_id)
        .order_by(Appointment.starts_at.desc())
        .limit(SHOWN)
    )
    return [VisitLine(**row._asdict()) for row in rows]


def next_visit(lines: Sequence[VisitLine], *, now: dt.datetime) -> VisitLine | None:
    """Return the visit that is going on or comes next."""
    waiting = {
        AppointmentStatus.BOOKED,
        AppointmentStatus.ARRIVED,
        AppointmentStatus.IN_TREATMENT,
    }
    coming = [
        line
        for line in lines
        if line.status in waiting and line.starts_at > now - dt.timedelta(hours=12)
    ]
    return min(coming, key=lambda line: line.starts_at, default=None)


def course(db: Session, patient_id: int, *, zone: dt.tzinfo) -> CourseLine | None:
    """Return the newest course that is under way; one statement."""
    of_course = (
        sa.select(TreatmentSession.started_at)
        .join(Appointment, Appointment.id == TreatmentSession.appointment_id)
        .where(Appointment.course_id == Course.id, TreatmentSession.state == SessionState.SIGNED)
        .correlate(Course)
    )
    done = of_course.with_only_columns(sa.func.count()).scalar_subquery()
    last = of_course.with_only_columns(sa.func.max(TreatmentSession.started_at)).scalar_subquery()
    row = db.execute(
        sa.select(
            Course.id,
            Course.service_id,
            Course.sessions_planned,
            Course.interval_days,
            Course.booster_days,
            Service.name,
            done.label("done"),
            last.label("last"),
        )
        .join(Service, Service.id == Course.service_id)
        .where(Course.patient_id == patient_id, Course.status == CourseStatus.ACTIVE)
        .order_by(Course.started_on.desc(), Course.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    last_on = row.last.astimezone(zone).date() if row.last is not None else None
    total = row.sessions_planned + (row.booster_days is not None)
    days = row.interval_days if row.done < row.sessions_planned else row.booster_days
    due_on = last_on + dt.timedelta(days=days) if last_on and row.done < total else None
    return CourseLine(
        id=row.id,
        service_id=row.service_id,
        service_name=row.name,
        planned=row.sessions_planned,
        has_booster=row.booster_days is not None,
        done=row.done,
        next_due_on=due_on,
    )


def sessions(db: Session, patient_id: int) -> list[SessionLine]:
    """Return the newest sessions with their totals, newest first; two statements."""
    rows = db.execute(
        sa.select(
            TreatmentSession.id,
            TreatmentSession.started_at,
            TreatmentSession.state,
            TreatmentSession.is_aborted,
            TreatmentSession.pain,
            Service.name.label("service_name"),
        )
        .join(Service, Service.id == TreatmentSession.service_id)
        .join(Appointment, Appointment.id == TreatmentSession.appointment_id)
        .where(Appointment.patient_id == patient_id)
        .order_by(TreatmentSession.started_at.desc())
        .limit(SHOWN)
    ).all()
    given = _given(db, [row.id for row in rows])
    empty: list[tuple[Zone, int, int]] = []
    return [
        SessionLine(
            **row._asdict(),
            volume_ul=sum(volume for _, volume, _ in given.get(row.id, empty)),
            points=sum(points for _, _, points in given.get(row.id, empty)),
            zones=tuple(zone for zone, _, _ in given.get(row.id, empty)),
        )
        for row in rows
    ]


def _given(db: Session, session_ids: Sequence[int]) -> dict[int, list[tuple[Zone, int, int]]]:
    if not session_ids:
        return {}
    rows = db.execute(
        sa.select(
            InjectionSite.session_id,
            InjectionSite.zone,
            sa.func.sum(InjectionSite.volume_ul).label("volume"),
            sa.func.sum(InjectionSite.points).label("points"),
        )
        .where(InjectionSite.session_id.in_(session_ids))
        .group_by(InjectionSite.session_id, InjectionSite.zone)
        .order_by(sa.func.min(InjectionSite.seq))
    )
    found: dict[int, list[tuple[Zone, int, int]]] = {}
    for row in rows:
        found.setdefault(row.session_id, []).append((row.zone, int(row.volume), int(row.points)))
    return found


def timeline(
    lines: Iterable[VisitLine],
    given: Iterable[SessionLine],
    effects: Iterable[EffectCard],
    days: Iterable[PhotographDay],
) -> list[Moment]:
    """Put everything that happened into one order, newest first.

    A visit that has a session is told by its session.
    """
    moments = [Moment(at=line.starts_at, visit=line) for line in lines if line.session_id is None]
    moments += [Moment(at=line.started_at, session=line) for line in given]
    moments += [Moment(at=card.reported_at, effect=card) for card in effects]
    moments += [Moment(at=day.at, photographs=day) for day in days]
    return sorted(moments, key=lambda moment: moment.at, reverse=True)
