"""The work list: calls due, red flags without a report."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog.models import Service
from clinic.core import clock
from clinic.core.db import UTCDateTime
from clinic.followup.models import Contact, SideEffect
from clinic.followup.rules import due as due_rules
from clinic.followup.values import CallKind, CallResult
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
    signed_at: dt.datetime
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


_SINCE = sa.bindparam("since", type_=UTCDateTime())
# Nothing can be due when somebody was reached on day 7, or on day 1 while the second call is still
# days away: only work is read, not two months. The rules decide about the rest, to the day.
_IS_SETTLED = (
    sa.select(Contact.id)
    .where(
        Contact.session_id == TreatmentSession.id,
        Contact.at > _SINCE,  # No call is older than its session: spares all the years before.
        Contact.result == CallResult.REACHED,
        sa.or_(
            Contact.kind == CallKind.DAY_7,
            sa.and_(
                Contact.kind == CallKind.DAY_1,
                TreatmentSession.signed_at > sa.bindparam("first_days", type_=UTCDateTime()),
            ),
        ),
    )
    .exists()
)
# Made once: building them took longer than running them.
_UNSETTLED_SESSIONS = (
    sa.select(
        TreatmentSession.id,
        TreatmentSession.signed_at,
        Patient.id.label("patient_id"),
        Patient.given_name,
        Patient.family_name,
        Patient.file_number,
        Patient.phone,
        Patient.language,
        Service.name.label("service_name"),
    )
    .join(Appointment, Appointment.id == TreatmentSession.appointment_id)
    .join(Patient, Patient.id == Appointment.patient_id)
    .join(Service, Service.id == TreatmentSession.service_id)
    .where(
        TreatmentSession.location_id == sa.bindparam("location"),
        TreatmentSession.started_at > _SINCE,
        TreatmentSession.state == SessionState.SIGNED,
        Patient.status == PatientStatus.ACTIVE,
        sa.not_(_IS_SETTLED),
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
    """Return the calls to make now, the latest due first in time; two statements."""
    now = clock.now()
    today = clock.today(zone)
    rows = db.execute(
        _UNSETTLED_SESSIONS,
        {
            "location": location_id,
            "since": now - dt.timedelta(days=due_rules.GIVEN_UP_AFTER + 1),
            "first_days": now - dt.timedelta(days=due_rules.WINDOWS[CallKind.DAY_7][0] - 1),
        },
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
            signed_at=row.signed_at,
            is_late=call.is_late(today),
        )
        for row in rows
        if row.signed_at is not None
        for call in due_rules.due(
            session_id=row.id,
            signed_at=row.signed_at,
            zone=zone,
            made=made.get(row.id, ()),
            today=today,
        )
    ]
    return sorted(tasks, key=lambda task: (task.call.late_after, task.patient_name))


def _made(db: Session, session_ids: Sequence[int]) -> dict[int, list[due_rules.Made]]:
    found: dict[int, list[due_rules.Made]] = defaultdict(list)
    if not session_ids:
        return found
    rows = db.execute(
        sa.select(Contact.session_id, Contact.kind, Contact.result, Contact.at).where(
            Contact.session_id.in_(session_ids)
        )
    )
    for row in rows:
        found[row.session_id].append(
            due_rules.Made(session_id=row.session_id, kind=row.kind, result=row.result, at=row.at)
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
