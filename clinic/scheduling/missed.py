"""Visits that did not take place: how many a patient missed, or cancelled late, of late."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.core import clock
from clinic.core.access import Actor
from clinic.locations.models import Location
from clinic.scheduling.models import Appointment
from clinic.scheduling.values import AppointmentStatus, CancelReason

COUNTED_FOR = dt.timedelta(days=365)
"""What was missed longer ago is forgotten (design default)."""
_LATE = (
    (Appointment.status == AppointmentStatus.CANCELLED)
    # Who is ill is to stay away, and what the clinic does is not the patient's.
    & (Appointment.cancel_reason == CancelReason.PATIENT_ASKED)
    & (Appointment.cancel_notice_min < Location.late_hours * 60)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """How often somebody did not come, and how often they cancelled late, within a year."""

    no_shows: int = 0
    late: int = 0

    def __bool__(self) -> bool:
        return bool(self.no_shows or self.late)


NOTHING = Missed()


def of_patients(db: Session, actor: Actor, patient_ids: Collection[int]) -> dict[int, Missed]:
    """Return {patient: what they missed} of those who missed something; one statement."""
    rows = db.execute(
        sa.select(
            Appointment.patient_id,
            sa.func.count(sa.case((Appointment.status == AppointmentStatus.NO_SHOW, 1))),
            sa.func.count(sa.case((_LATE, 1))),
        )
        .join(Location, Location.id == Appointment.location_id)
        .where(
            Appointment.patient_id.in_(patient_ids),
            Appointment.location_id == actor.location_id,
            Appointment.starts_at > clock.now() - COUNTED_FOR,
            Appointment.status.in_([AppointmentStatus.NO_SHOW, AppointmentStatus.CANCELLED]),
        )
        .group_by(Appointment.patient_id)
    )
    found = {row[0]: Missed(no_shows=row[1], late=row[2]) for row in rows}
    return {patient_id: missed for patient_id, missed in found.items() if missed}


def of_patient(db: Session, actor: Actor, patient_id: int) -> Missed:
    """Return what one patient missed; one statement."""
    return of_patients(db, actor, [patient_id]).get(patient_id, NOTHING)
