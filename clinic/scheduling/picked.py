"""Whoever was chosen on a booking form: who it is, what comes next, what the check will say."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.core import clock
from clinic.core.access import Actor
from clinic.patients.models import Patient
from clinic.patients.values import full_name
from clinic.safety import queries as safety_queries
from clinic.safety.rules.passage import passage
from clinic.safety.values import Decision, Moment, Outcome, ReceptionStatus
from clinic.scheduling import checking, missed, queries
from clinic.scheduling.course_values import CourseCard
from clinic.scheduling.models import Appointment
from clinic.scheduling.queries import Offered
from clinic.scheduling.rules import checks
from clinic.scheduling.values import AppointmentStatus, Missed


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """Who is going to be booked: enough to be sure of the person, and what comes next."""

    id: int
    name: str
    born: dt.date | None
    file_number: str
    course: CourseCard | None
    course_service: str
    last_visit_on: dt.date | None
    missed: Missed
    """What they did not come to, or cancelled late, within a year."""
    decision: Decision | None = None
    """Of the wished service on the wished day; for clinicians only."""
    status: ReceptionStatus | None = None
    """The one word of it that everybody may see."""
    offers_from: dt.date | None = None
    """First day on which the wished service can be booked, where that is later and may be told."""
    is_stopped: bool = False
    """Whether the wished service would be refused on the wished day."""


def card(
    db: Session,
    actor: Actor,
    patient: Patient,
    *,
    course: CourseCard | None,
    course_service: str,
    service: Offered | None,
    on: dt.date,
) -> Picked:
    """Return who is going to be booked, with what the check says of a service on a day."""
    return Picked(
        id=patient.id,
        name=full_name(patient.given_name, patient.family_name),
        born=patient.birth_date,
        file_number=patient.file_number,
        course=course,
        course_service=course_service,
        last_visit_on=_last_visit(db, patient.id),
        missed=missed.of_patient(db, actor, patient.id),
        **_foresee(db, actor, service, course, patient_id=patient.id, on=on),
    )


def _foresee(
    db: Session,
    actor: Actor,
    service: Offered | None,
    course: CourseCard | None,
    *,
    patient_id: int,
    on: dt.date,
) -> dict[str, Any]:
    """Check the wish before it is sent, in what this person may see of it; keeps nothing."""
    if service is None or not service.modality.is_treatment:
        return {}
    history = safety_queries.history_of(db, patient_id)
    interval = course.interval_days if course and course.service_id == service.id else None
    plan = queries.plan_of(
        service.modality,
        history,
        consent_version=queries.consent_versions(db)(service.modality, service.id, on),
        interval_days=interval,
        ingredients=service.ingredients,
    )
    screening = checking.check_to_book(db, actor, history, plan, on)
    known = checks.remembered(screening, ())
    way = passage(screening, Moment.BOOKING, actor.role, today=clock.today(actor.zone))
    return {
        "decision": known.decision if actor.is_clinical else None,
        "status": checks.reception_status(known.decision),
        "offers_from": way.offers_from,
        "is_stopped": way.outcome is Outcome.REFUSED,
    }


def _last_visit(db: Session, patient_id: int) -> dt.date | None:
    found = db.scalar(
        sa.select(sa.func.max(Appointment.starts_local)).where(
            Appointment.patient_id == patient_id,
            Appointment.status == AppointmentStatus.DONE,
        )
    )
    return found.date() if found else None
