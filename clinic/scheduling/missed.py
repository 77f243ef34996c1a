"""Visits that did not take place: how many a patient missed, or cancelled late, of late."""

import datetime as dt
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from clinic.core import clock
from clinic.core.access import Actor
from clinic.locations.models import Location
from clinic.scheduling.models import Appointment
from clinic.scheduling.values import AppointmentStatus, CancelReason, Missed

COUNTED_FOR = dt.timedelta(days=365)
"""What was missed longer ago is forgotten (design default)."""


NOTHING = Missed()


def _is_late(visit: type[Appointment]) -> sa.ColumnElement[bool]:
    return (
        (visit.status == AppointmentStatus.CANCELLED)
        # Who is ill is to stay away, and what the clinic does is not the patient's.
        & (visit.cancel_reason == CancelReason.PATIENT_ASKED)
        & (visit.cancel_notice_min < Location.late_hours * 60)
    )


def columns() -> tuple[sa.Label[int], sa.Label[int]]:
    """Return columns for a statement that reads visits and their place: `no_shows`, `late`.

    They count what the patient of each visit missed; the statement takes `bounds` as well.
    """
    other = aliased(Appointment)
    of_same_patient = (
        sa.select(sa.func.count())
        .where(
            other.patient_id == Appointment.patient_id,
            other.location_id == Appointment.location_id,
            other.starts_at > sa.bindparam("missed_since", type_=Appointment.starts_at.type),
        )
        .correlate(Appointment, Location)
    )
    return (
        of_same_patient.where(other.status == AppointmentStatus.NO_SHOW)
        .scalar_subquery()
        .label("no_shows"),
        of_same_patient.where(_is_late(other)).scalar_subquery().label("late"),
    )


def bounds() -> dict[str, object]:
    """Return what a statement with `columns` has to be given."""
    return {"missed_since": clock.now() - COUNTED_FOR}


def of_patients(db: Session, actor: Actor, patient_ids: Collection[int]) -> dict[int, Missed]:
    """Return {patient: what they missed} of those who missed something; one statement."""
    rows = db.execute(
        sa.select(
            Appointment.patient_id,
            sa.func.count(sa.case((Appointment.status == AppointmentStatus.NO_SHOW, 1))),
            sa.func.count(sa.case((_is_late(Appointment), 1))),
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
