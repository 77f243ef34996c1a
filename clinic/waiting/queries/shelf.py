"""What lies on the shelf of a place, and what has become of it meanwhile."""

import datetime as dt
import hashlib
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.accounts.models import Account
from clinic.catalog.models import Service
from clinic.core import clock
from clinic.core.access import Actor
from clinic.patients.models import Patient
from clinic.patients.values import full_name
from clinic.scheduling.held import HeldSlot
from clinic.scheduling.models import Appointment, AppointmentEvent, Resource
from clinic.scheduling.values import AppointmentStatus, VisitAction
from clinic.waiting.models import ShelfItem

KEPT_FOR = dt.timedelta(days=1)
"""What was to take place longer ago lies there no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """One visit on the shelf, as the desk may see it."""

    id: int
    version: int
    name: str
    service: str
    minutes: int
    starts_local: dt.datetime
    practitioner: str
    status: AppointmentStatus
    is_moved: bool
    """Whether somebody has moved it meanwhile."""
    by: str

    @property
    def can_be_placed(self) -> bool:
        """Tell whether it still stands where it stood when it was parked."""
        return self.status is AppointmentStatus.BOOKED and not self.is_moved


_MOVED_BY_THEMSELVES = (
    sa.select(AppointmentEvent.id)
    .where(
        AppointmentEvent.appointment_id == ShelfItem.appointment_id,
        AppointmentEvent.action == VisitAction.MOVE,
        AppointmentEvent.actor_id == ShelfItem.parked_by_id,
        AppointmentEvent.at >= ShelfItem.parked_at,
    )
    .exists()
)
_SHELF = (
    sa.select(
        Appointment.id,
        Appointment.version,
        Appointment.status,
        Appointment.starts_at,
        Appointment.ends_at,
        Appointment.starts_local,
        ShelfItem.starts_at.label("parked_from"),
        Patient.given_name,
        Patient.family_name,
        Service.name.label("service"),
        Resource.name.label("practitioner"),
        Account.name.label("by"),
    )
    .join(Appointment, Appointment.id == ShelfItem.appointment_id)
    .join(Patient, Patient.id == Appointment.patient_id)
    .join(Service, Service.id == Appointment.service_id)
    .join(Resource, Resource.id == Appointment.practitioner_id)
    .join(Account, Account.id == ShelfItem.parked_by_id)
    # Whoever parked it and then moved it on another page knows: it is off the shelf.
    .where(sa.or_(ShelfItem.starts_at == Appointment.starts_at, ~_MOVED_BY_THEMSELVES))
    .order_by(ShelfItem.parked_at, ShelfItem.appointment_id)
)


def on_shelf(db: Session, actor: Actor) -> list[Parked]:
    """Return what lies on the shelf of a place, in the order of parking; one statement."""
    rows = db.execute(
        _SHELF.where(
            Appointment.location_id == actor.location_id,
            ShelfItem.starts_at > clock.now() - KEPT_FOR,
        )
    )
    return [
        Parked(
            id=row.id,
            version=row.version,
            name=full_name(row.given_name, row.family_name),
            service=row.service,
            minutes=(row.ends_at - row.starts_at) // dt.timedelta(minutes=1),
            starts_local=row.starts_local,
            practitioner=row.practitioner,
            status=row.status,
            is_moved=row.starts_at != row.parked_from,
            by=row.by,
        )
        for row in rows
    ]


def stamp(db: Session, actor: Actor) -> str:
    """Return what changes when the shelf or what is held for offers does; one statement."""
    parked = sa.select(
        sa.literal("s").label("kind"), Appointment.id.label("id"), Appointment.version.label("of")
    ).join(ShelfItem, ShelfItem.appointment_id == Appointment.id)
    held = sa.select(
        sa.literal("h").label("kind"), HeldSlot.id.label("id"), sa.literal(0).label("of")
    ).where(HeldSlot.ended_at.is_(None), HeldSlot.expires_at > clock.now())
    rows = db.execute(
        sa.union_all(
            parked.where(Appointment.location_id == actor.location_id),
            held.where(HeldSlot.location_id == actor.location_id),
        ).order_by("kind", "id")
    )
    said = ";".join(f"{row.kind}{row.id},{row.of}" for row in rows)
    return hashlib.blake2b(said.encode(), digest_size=4).hexdigest() if said else ""
