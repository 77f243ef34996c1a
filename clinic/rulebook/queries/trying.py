"""Reading the visits of one part of a trial, and trying the proposed rules on them."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog.models import Service
from clinic.catalog.values import Modality
from clinic.core.access import Actor
from clinic.core.walltime import to_utc_forward
from clinic.patients.models import Patient
from clinic.patients.values import full_name
from clinic.rulebook.rules import trial as rules
from clinic.rulebook.rules.trial import Trial
from clinic.rulebook.values import Part, PartResult, Progress, Turn, TurnedVisit
from clinic.safety import editions, gathering
from clinic.safety import queries as safety_queries
from clinic.safety.models import Release
from clinic.safety.rules import versions
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling import recheck
from clinic.scheduling.models import Appointment, Course
from clinic.scheduling.rules import promise
from clinic.scheduling.values import AppointmentStatus

SHOWN = 200
"""Visits that one part lists; all are counted."""
_TO_COME = (AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED)
_TOOK_PLACE = (*_TO_COME, AppointmentStatus.IN_TREATMENT, AppointmentStatus.DONE)
_AHEAD = promise.LATEST.days
_MIDNIGHT = dt.time()


class _Visit(NamedTuple):
    id: int
    patient_id: int
    starts_local: dt.datetime
    service_id: int
    modality: Modality
    interval_days: int | None
    ingredients: Sequence[str]


class _Turned(NamedTuple):
    visit: _Visit
    turn: Turn


def proposed(db: Session) -> Trial:
    """Return the rules in force beside those of every change together; five statements.

    Raises BadCatalogue when this release cannot read one that awaits approval.
    """
    together, _ = versions.chosen(editions.proposals(db), None)
    return rules.trial_of(editions.in_force(db).rules, editions.rules_of(together))


def tried(db: Session, actor: Actor, trial: Trial, part: Part) -> PartResult:
    """Try rules on the visits of one part at the actor's place.

    Past visits are judged by what was recorded by their day. Two statements, three more for each
    thousand visits, and at most two at the end; who is no clinician gets numbers only, and no
    name is read. 5,000 visits take about a second where one rule differs, three where all do.
    """
    visits = _visits(db, actor, part)
    found = list(_turned(db, trial, visits, is_past=part.until is not None))
    released = frozenset[int]()
    if part.until is None:
        released = _released(db, trial, visits, since=_midnight(part.first, actor))
    shown = found[:SHOWN] if actor.is_clinical else []
    names = _names(db, {each.visit.patient_id for each in shown})
    return PartResult(
        key=part.key,
        looked_at=len(visits),
        shifts=rules.shifts(each.turn for each in found),
        visits=tuple(
            TurnedVisit(
                id=visit.id,
                patient_id=visit.patient_id,
                patient=names[visit.patient_id],
                starts_local=visit.starts_local,
                turn=turn,
                loses_release=visit.id in released,
            )
            for visit, turn in shown
        ),
        more=len(found) - len(shown) if actor.is_clinical else 0,
        releases=len(released),
    )


def to_recheck(db: Session) -> list[int]:
    """Return the ids of all coming visits of all places, lowest first; one statement."""
    return sorted(recheck.coming(db, days=_AHEAD))


def progress(db: Session, after: int) -> Progress:
    """Return how many of the coming visits have no higher id than this; one statement."""
    ids = to_recheck(db)
    return Progress(all=len(ids), done=sum(id_ <= after for id_ in ids), after=after)


def _visits(db: Session, actor: Actor, part: Part) -> list[_Visit]:
    is_past = part.until is not None
    wanted = (
        sa.select(
            Appointment.id,
            Appointment.patient_id,
            Appointment.starts_local,
            Appointment.service_id,
            Service.modality,
            Course.interval_days,
            Service.ingredients,
        )
        .join(Service, Service.id == Appointment.service_id)
        .outerjoin(Course, Course.id == Appointment.course_id)
        .where(
            Appointment.location_id == actor.location_id,
            Appointment.starts_at >= _midnight(part.first, actor),
            Appointment.status.in_(_TOOK_PLACE if is_past else _TO_COME),
            Service.modality != Modality.CONSULTATION,
        )
        .order_by(Appointment.starts_at, Appointment.id)
    )
    if part.until is not None:
        wanted = wanted.where(Appointment.starts_at < _midnight(part.until, actor))
    return [_Visit(*row) for row in db.execute(wanted)]


def _midnight(day: dt.date, actor: Actor) -> dt.datetime:
    return to_utc_forward(dt.datetime.combine(day, _MIDNIGHT), actor.zone)


def _turned(
    db: Session, trial: Trial, visits: Sequence[_Visit], *, is_past: bool
) -> Iterator[_Turned]:
    version_of = scheduling_queries.consent_versions(db)
    for start in range(0, len(visits), gathering.CHUNK):
        some = visits[start : start + gathering.CHUNK]
        histories = safety_queries.histories(db, {visit.patient_id for visit in some})
        for visit in some:
            on = visit.starts_local.date()
            history = histories[visit.patient_id]
            if is_past:
                history = rules.as_of(history, on)
            plan = scheduling_queries.plan_of(
                visit.modality,
                history,
                consent_version=version_of(visit.modality, visit.service_id, on),
                interval_days=visit.interval_days,
                ingredients=visit.ingredients,
            )
            turn = rules.turn(trial, history, plan, on)
            if turn is not None:
                yield _Turned(visit, turn)


def _released(
    db: Session, trial: Trial, visits: Sequence[_Visit], *, since: dt.datetime
) -> frozenset[int]:
    """Return the visits with a release of a rule that differs; one statement."""
    codes = {rule.code for rule in trial.before}
    if not codes or not visits:
        return frozenset()
    ids = {visit.id for visit in visits}
    rows = db.scalars(
        sa.select(Release.appointment_id)
        .join(Appointment, Appointment.id == Release.appointment_id)
        .where(
            Release.rule_code.in_(codes),
            Appointment.starts_at >= since,
        )
    )
    return frozenset(ids.intersection(rows))


def _names(db: Session, ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    rows = db.execute(
        sa.select(Patient.id, Patient.given_name, Patient.family_name).where(Patient.id.in_(ids))
    )
    return {row.id: full_name(row.given_name, row.family_name) for row in rows}
