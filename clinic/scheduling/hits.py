"""What a search of patients says of visits: when each comes next, and whether it is on hold."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from clinic.core import clock
from clinic.patients.models import Patient
from clinic.safety.values import Decision
from clinic.scheduling.models import Appointment
from clinic.scheduling.rules import promise
from clinic.scheduling.values import AppointmentStatus


def with_next_visit(hits: sa.Select[*tuple[Any, ...]]) -> sa.Select[*tuple[Any, ...]]:
    """Let a search of patients say when each comes next, and whether something stands in the way.

    One look at the index of a patient's visits for each hit, in the same statement.
    """
    following = aliased(Appointment)
    first = (
        sa.select(following.id)
        .where(
            following.patient_id == Patient.id,
            following.starts_at > clock.now() - promise.EARLIEST,
            following.status.in_((AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED)),
        )
        .order_by(following.starts_at)
        .limit(1)
        .correlate(Patient)
        .scalar_subquery()
    )
    is_held = Appointment.decision.in_((Decision.REVIEW, Decision.DEFER, Decision.BLOCK))
    return hits.outerjoin(Appointment, Appointment.id == first).add_columns(
        Appointment.starts_at.label("next_at"), is_held.label("is_held")
    )
