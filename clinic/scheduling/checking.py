"""Checks of visits: made for a day, kept as they were, remembered on the visit."""

import datetime as dt
from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.catalog.models import Service
from clinic.catalog.values import Modality
from clinic.core import clock
from clinic.core.access import Actor
from clinic.safety import queries as safety_queries
from clinic.safety import service as safety_service
from clinic.safety.models import ScreeningRecord
from clinic.safety.rules.passage import passage
from clinic.safety.values import (
    Finding,
    History,
    Moment,
    Passage,
    PlannedTreatment,
    ReleaseFinding,
    Screening,
)
from clinic.scheduling import queries, recheck
from clinic.scheduling.models import Appointment
from clinic.scheduling.rules import checks
from clinic.scheduling.values import Refused


def check(db: Session, visit: Appointment, on: dt.date) -> tuple[Screening, frozenset[str]]:
    """Check a visit for a day; return what was found and what a physician has released of it."""
    history = safety_queries.history_of(db, visit.patient_id)
    plan = queries.plan_for(db, visit, history, on=on)
    released = safety_queries.fingerprints_released(db, visit.id)
    return safety_queries.check(db, history, plan, on), released


def check_to_book(
    db: Session, actor: Actor, history: History, plan: PlannedTreatment, on: dt.date
) -> Screening:
    """Check a plan for a day, as whoever books may know of it.

    While something stops the treatment until a day that the desk must not learn, every day is
    answered like today: who tries one date after the other finds no end.
    """
    if not actor.is_clinical:
        today = clock.today(actor.zone)
        if safety_queries.hides_its_end(db, history, plan, today):
            return safety_queries.check(db, history, plan, today)
    return safety_queries.check(db, history, plan, on)


def check_to_move(
    db: Session, actor: Actor, visit: Appointment, on: dt.date
) -> tuple[Screening, frozenset[str]]:
    """Check a visit for another day as `check_to_book`; on its own day it may always be moved."""
    if on == visit.starts_local.date():
        return check(db, visit, on)
    history = safety_queries.history_of(db, visit.patient_id)
    plan = queries.plan_for(db, visit, history, on=on)
    released = safety_queries.fingerprints_released(db, visit.id)
    return check_to_book(db, actor, history, plan, on), released


def way_of(
    actor: Actor, screening: Screening, moment: Moment, released: Collection[str] = ()
) -> Passage:
    """Return what the check means for this person at this moment."""
    return passage(screening, moment, actor.role, released, today=clock.today(actor.zone))


def keep(
    db: Session,
    actor: Actor,
    visit: Appointment,
    screening: Screening,
    moment: Moment,
    *,
    released: Collection[str] = (),
) -> ScreeningRecord:
    """Keep a check of a visit and remember on the visit what it says."""
    known = checks.remembered(screening, released)
    visit.decision, visit.is_released = known.decision, known.is_released
    visit.clear_on = known.clear_on
    return safety_service.keep(
        db,
        actor,
        screening,
        patient_id=visit.patient_id,
        moment=moment,
        appointment_id=visit.id,
    )


def remember_quietly(
    db: Session, visit: Appointment, screening: Screening, released: Collection[str]
) -> None:
    """Remember what a check says without raising the visit's version.

    A new fact is no change of the visit: who has its page open may still move it.
    """
    known = checks.remembered(screening, released)
    if known != checks.Remembered(
        decision=visit.decision, is_released=visit.is_released, clear_on=visit.clear_on
    ):
        recheck.remember(db, {visit.id: known})


def refuse(
    db: Session,
    actor: Actor,
    screening: Screening,
    way: Passage,
    *,
    patient_id: int,
    visit: Appointment | None = None,
) -> Refused:
    """Keep a check that refuses, with its audit line, and return it to be committed."""
    record = safety_service.keep(
        db,
        actor,
        screening,
        patient_id=patient_id,
        moment=way.moment,
        appointment_id=visit.id if visit else None,
    )
    audit.record(
        db,
        actor,
        "appointment.refused",
        "appointment",
        visit.id if visit else "",
        patient_id=patient_id,
        detail={"screening": record.id, "moment": way.moment.value},
    )
    return Refused(screening=screening, passage=way)


def release_all(
    db: Session,
    actor: Actor,
    visit: Appointment,
    screening: Screening,
    *,
    findings: Sequence[Finding],
    reason: str,
) -> None:
    """Release, for a visit just made, everything that would have refused it."""
    for finding in findings:
        safety_service.release(
            db,
            actor,
            ReleaseFinding(appointment_id=visit.id, fingerprint=finding.fingerprint, reason=reason),
        )
    known = checks.remembered(screening, {f.fingerprint for f in findings})
    visit.decision, visit.is_released = known.decision, known.is_released


def asked_for(
    db: Session, modality: Modality, *, service_id: int | None, since: dt.date
) -> Sequence[int]:
    """Return the open visits from a day on that a consent text is for: of a service, or all."""
    wanted = (
        sa.select(Appointment.id)
        .join(Service, Service.id == Appointment.service_id)
        .where(
            Appointment.status.in_(recheck.OPEN),
            Appointment.starts_local >= dt.datetime.combine(since, dt.time()),
            Service.modality == modality,
        )
    )
    if service_id is not None:
        wanted = wanted.where(Appointment.service_id == service_id)
    return db.scalars(wanted.order_by(Appointment.starts_local, Appointment.id)).all()
