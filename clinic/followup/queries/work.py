"""The work list: calls due, red flags without a report."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog import queries as catalog_queries
from clinic.catalog.models import Service
from clinic.core import clock
from clinic.core.db import UTCDateTime
from clinic.followup.models import Contact, SideEffect
from clinic.followup.rules import due as due_rules
from clinic.followup.values import CallResult
from clinic.patients.models import Patient
from clinic.patients.values import PatientStatus
from clinic.scheduling.models import Appointment
from clinic.treatments.models import TreatmentSession
from clinic.treatments.values import SessionState

_NO_FLAGS = "[]"
"""An empty list as the column keeps it, on both databases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTask:
    """One call to make, with whom and about what."""

    call: due_rules.DueCall
    patient_id: int
    patient_name: str
    file_number: str
    phone: str
    language: str
    service_name: str
    ended_at: dt.datetime
    is_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagHeard:
    """A red flag that was heard on a call and has no report yet."""

    session_id: int
    patient_id: int
    patient_name: str
    file_number: str
    phone: str
    red_flags: tuple[str, ...]
    at: dt.datetime


_CLOCK_CHANGE = dt.timedelta(hours=2)
_SINCE = sa.bindparam("since", type_=UTCDateTime())


# Made once a set of days: building it took longer than running it.
@lru_cache(maxsize=8)
def _unsettled(plans: tuple[tuple[int, tuple[int, ...]], ...]) -> sa.Select[*tuple[Any, ...]]:
    """Return the sessions that can have a call due, of services each with its days.

    Nothing can be due when somebody was reached on the newest day that has come: only work is read,
    not months. A day that begins within 26 hours counts as come; the rules decide to the day.
    """
    has_come = sa.case(
        *(
            (
                sa.and_(
                    TreatmentSession.service_id.in_([s for s, own in plans if own == days]),
                    TreatmentSession.ended_at < sa.bindparam(f"day_{day}", type_=UTCDateTime()),
                ),
                day,
            )
            for days in dict.fromkeys(own for _, own in plans)
            for day in reversed(days)
        ),
        else_=0,
    )
    is_settled = (
        sa.select(Contact.id)
        .where(
            Contact.session_id == TreatmentSession.id,
            Contact.at > _SINCE,  # No call is older than its session: spares all the years before.
            Contact.result == CallResult.REACHED,
            Contact.day >= has_come,
        )
        .exists()
    )
    return (
        sa.select(
            TreatmentSession.id,
            TreatmentSession.ended_at,
            TreatmentSession.service_id,
            Patient.id.label("patient_id"),
            Patient.given_name,
            Patient.family_name,
            Patient.file_number,
            Patient.phone,
            Patient.language,
            Service.name.label("service_name"),
            Service.follow_up_since,
        )
        .join(Appointment, Appointment.id == TreatmentSession.appointment_id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Service, Service.id == TreatmentSession.service_id)
        .where(
            TreatmentSession.location_id == sa.bindparam("location"),
            TreatmentSession.started_at > _SINCE,
            TreatmentSession.state == SessionState.SIGNED,
            Patient.status == PatientStatus.ACTIVE,
            has_come > 0,
            sa.not_(is_settled),
        )
    )


_FLAGS = (
    sa.select(
        Contact.session_id,
        Appointment.patient_id,
        Contact.red_flags,
        Contact.at,
        Patient.given_name,
        Patient.family_name,
        Patient.file_number,
        Patient.phone,
    )
    .join(TreatmentSession, TreatmentSession.id == Contact.session_id)
    .join(Appointment, Appointment.id == TreatmentSession.appointment_id)
    .join(Patient, Patient.id == Appointment.patient_id)
    .where(
        TreatmentSession.location_id == sa.bindparam("location"),
        Contact.at > _SINCE,
        sa.cast(Contact.red_flags, sa.String) != _NO_FLAGS,
        sa.not_(
            sa.select(SideEffect.id)
            .where(
                SideEffect.session_id == Contact.session_id, SideEffect.reported_at >= Contact.at
            )
            .exists()
        ),
    )
    .order_by(Contact.at)
)


def due(db: Session, *, location_id: int, zone: str) -> list[CallTask]:
    """Return the calls to make now, the latest due first in time; three statements."""
    now, today = clock.now(), clock.today(zone)
    days_of = {
        service_id: days for service_id, days in catalog_queries.follow_up_days(db).items() if days
    }
    all_days = {day for days in days_of.values() for day in days}
    if not all_days:
        return []
    since = now - dt.timedelta(days=max(all_days) + due_rules.GIVEN_UP_AFTER + 1)
    come = {f"day_{day}": now - dt.timedelta(days=day - 1) + _CLOCK_CHANGE for day in all_days}
    rows = db.execute(
        _unsettled(tuple(sorted(days_of.items()))),
        {"location": location_id, "since": since, **come},
    ).all()
    made = _made(db, [row.id for row in rows])
    tasks = [
        CallTask(
            call=call,
            patient_id=row.patient_id,
            patient_name=f"{row.given_name} {row.family_name}",
            file_number=row.file_number,
            phone=row.phone,
            language=row.language,
            service_name=row.service_name,
            ended_at=row.ended_at,
            is_late=call.is_late(today),
        )
        for row in rows
        if row.ended_at is not None
        and (
            call := due_rules.due(
                session_id=row.id,
                ended_at=row.ended_at,
                zone=zone,
                days=days_of[row.service_id],
                made=made.get(row.id, ()),
                today=today,
                since={
                    int(day): dt.date.fromisoformat(on) for day, on in row.follow_up_since.items()
                },
            )
        )
    ]
    return sorted(tasks, key=lambda task: (task.call.late_after, task.patient_name))


def _made(db: Session, session_ids: Sequence[int]) -> dict[int, list[due_rules.Made]]:
    found: dict[int, list[due_rules.Made]] = defaultdict(list)
    if not session_ids:
        return found
    rows = db.execute(
        sa.select(Contact.session_id, Contact.day, Contact.result, Contact.at).where(
            Contact.session_id.in_(session_ids)
        )
    )
    for row in rows:
        found[row.session_id].append(
            due_rules.Made(session_id=row.session_id, day=row.day, result=row.result, at=row.at)
        )
    return found


def flags_without_report(db: Session, *, location_id: int) -> list[FlagHeard]:
    """Return calls with red flags after which nobody reported a side effect; one statement."""
    since = clock.now() - dt.timedelta(days=due_rules.GIVEN_UP_AFTER)
    rows = db.execute(_FLAGS, {"location": location_id, "since": since})
    return [
        FlagHeard(
            session_id=row.session_id,
            patient_id=row.patient_id,
            patient_name=f"{row.given_name} {row.family_name}",
            file_number=row.file_number,
            phone=row.phone,
            red_flags=tuple(row.red_flags),
            at=row.at,
        )
        for row in rows
    ]
