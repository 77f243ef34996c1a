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

# Made once: putting this together for each search took longer than asking it.
_following = aliased(Appointment)
_IS_NEXT = Appointment.id == (
    sa.select(_following.id)
    .where(
        _following.patient_id == Patient.id,
        _following.starts_at
        > sa.bindparam(
            "coming_since",
            callable_=lambda: clock.now() - promise.EARLIEST,
            type_=Appointment.starts_at.type,
        ),
        _following.status.in_((AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED)),
    )
    .order_by(_following.starts_at)
    .limit(1)
    .correlate(Patient)
    .scalar_subquery()
)
_SAID = (
    Appointment.starts_at.label("next_at"),
    Appointment.decision.in_((Decision.REVIEW, Decision.DEFER, Decision.BLOCK)).label("is_held"),
)


def with_next_visit(hits: sa.Select[*tuple[Any, ...]]) -> sa.Select[*tuple[Any, ...]]:
    """Let a search of patients say when each comes next, and whether something stands in the way.

    One look at the index of a patient's visits for each hit, in the same statement.
    """
    return hits.outerjoin(Appointment, _IS_NEXT).add_columns(*_SAID)
