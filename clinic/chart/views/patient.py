"""The patient page: who, what stands in the way, what happened, what is next."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from clinic.audit import looks
from clinic.catalog import queries as catalog_queries
from clinic.catalog.models import Service
from clinic.catalog.values import Modality
from clinic.chart.queries import patient as chart_queries
from clinic.chart.queries.patient import CourseLine, VisitLine
from clinic.core import clock
from clinic.core.access import Actor, Permission
from clinic.followup.queries import effects as followup_queries
from clinic.followup.rules.terms import TERMS
from clinic.followup.values import OUTCOME_NAMES
from clinic.outcomes import queries as outcome_queries
from clinic.patients import queries as patients_queries
from clinic.patients.models import Patient
from clinic.patients.values import PatientStatus
from clinic.safety import explaining
from clinic.safety import queries as safety_queries
from clinic.safety.models import Release
from clinic.safety.rules.redaction import STATUS_NAMES as RECEPTION_NAMES
from clinic.safety.rules.redaction import for_reception
from clinic.safety.values import History, ReceptionScreening, Screening
from clinic.scheduling import missed
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling.values import STATUS_NAMES
from clinic.web.access import actor, require
from clinic.web.database import read

bp = Blueprint("chart", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How to reach somebody; what the desk may see."""

    phone: str
    email: str
    address: str
    language: str
    note: str
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The check of the next visit, or of a visit today when none is booked."""

    on: dt.date
    visit_id: int | None
    service_name: str
    releases: dict[str, tuple[Release, str]]
    """Fingerprint to release and the name of the physician."""
    screening: Screening


@bp.get("/patients/<id:patient_id>")
@require(Permission.PATIENT_VIEW)
def patient(patient_id: int) -> ResponseReturnValue:
    """Show the page; clinical content is gathered for clinical roles only."""
    who, db = actor(), read()
    row = patients_queries.get(db, patient_id, location_id=who.location_id)
    looks.opened("patient", patient_id, patient_id=patient_id)
    db = read()
    today = clock.today(who.zone)
    visits = chart_queries.visits(db, patient_id)
    coming = chart_queries.next_visit(visits, now=clock.now())
    course = chart_queries.course(db, patient_id, zone=clock.zone_of(who.zone))
    history = safety_queries.history_of(db, patient_id)
    is_active = row.status is PatientStatus.ACTIVE
    checked = _check(db, history, coming, course, today) if is_active else None
    shared = {
        "bar": safety_queries.bar(db, who, patient_id, on=today, history=history),
        "patient_id": patient_id,
        "contact": _contact(row),
        "coming": coming,
        "course": course,
        "missed": missed.of_patient(db, who, patient_id),
        "status_names": STATUS_NAMES,
        "reception_names": RECEPTION_NAMES,
        "today_on": today,
    }
    if not who.is_clinical:
        return render_template(
            "chart/patient.html",
            **shared,
            redacted=_redacted(checked),
            visits=visits,
            is_clinical=False,
        )
    return render_template(
        "chart/patient.html",
        **shared,
        **_clinical(db, who, patient_id, visits, today),
        checked=checked,
        is_clinical=True,
    )


def _clinical(
    db: Session, who: Actor, patient_id: int, visits: Sequence[VisitLine], today: dt.date
) -> dict[str, object]:
    effects = followup_queries.of_patient(db, patient_id, today=today)
    return {
        "moments": chart_queries.timeline(
            visits,
            chart_queries.sessions(db, patient_id),
            effects,
            outcome_queries.days(db, who, patient_id),
        ),
        "open_effects": [effect for effect in effects if not effect.is_closed],
        "terms": TERMS,
        "outcome_names": OUTCOME_NAMES,
        "may_release": who.may(Permission.RELEASE),
        "why": explaining.why(db, patient_id),
    }


def _contact(row: Patient) -> Contact:
    return Contact(
        phone=row.phone,
        email=row.email,
        address=row.address,
        language=row.language,
        note=row.note,
        is_active=row.status is PatientStatus.ACTIVE,
    )


def _check(
    db: Session,
    history: History,
    coming: VisitLine | None,
    course: CourseLine | None,
    today: dt.date,
) -> Checked | None:
    """Check the next visit against what is known now, or a visit today; keeps nothing."""
    if coming is not None:
        appointment = scheduling_queries.get(db, coming.id)
        plan = scheduling_queries.plan_for(db, appointment, history)
        on = max(appointment.starts_local.date(), today)
        return Checked(
            on=on,
            visit_id=coming.id,
            service_name=coming.service_name,
            releases={
                row.fingerprint: (row, name) for row, name in safety_queries.releases(db, coming.id)
            },
            screening=safety_queries.check(db, history, plan, on),
        )
    service = _usual(db, course)
    if service is None:
        return None
    plan = scheduling_queries.plan_for(db, service, history, on=today)
    return Checked(
        on=today,
        visit_id=None,
        service_name=service.name,
        releases={},
        screening=safety_queries.check(db, history, plan, today),
    )


def _usual(db: Session, course: CourseLine | None) -> Service | None:
    """Return the service to check for: the course's, else the clinic's first PRP."""
    services = [s for s in catalog_queries.services(db) if s.modality.is_treatment]
    if course is not None:
        services.sort(key=lambda s: s.id != course.service_id)
    else:
        services.sort(key=lambda s: s.modality is not Modality.PRP)
    return services[0] if services else None


def _redacted(checked: Checked | None) -> ReceptionScreening | None:
    if checked is None or checked.visit_id is None:
        return None
    return for_reception(checked.screening, tuple(checked.releases))
