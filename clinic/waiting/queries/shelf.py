"""What lies on the shelf of a place and what became of it, and what is held there for offers."""

import datetime as dt
import hashlib
from collections.abc import Collection, Sequence
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
from clinic.scheduling.models import Appointment, AppointmentEvent, Occupancy, Resource
from clinic.scheduling.values import AppointmentStatus, Span, VisitAction
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What the board shows beside its visits."""

    parked: Sequence[Parked]
    """In the order of parking."""
    held: Sequence[tuple[int, Span]]
    """(resource, when) of what is held for offers, on any day."""
    stamp: str
    """Changes when any of it does."""


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
_LIES = (
    # A shelf is short. Without this line SQLite reads every visit of the place to find it.
    Appointment.id.in_(sa.select(ShelfItem.appointment_id)),
    Appointment.location_id == sa.bindparam("location"),
    ShelfItem.starts_at > sa.bindparam("since", type_=ShelfItem.starts_at.type),
    # Whoever parked it and then moved it on another page knows: it is off the shelf.
    sa.or_(ShelfItem.starts_at == Appointment.starts_at, ~_MOVED_BY_THEMSELVES),
)
_IS_HELD = (
    HeldSlot.location_id == sa.bindparam("location"),
    HeldSlot.ended_at.is_(None),
    HeldSlot.expires_at > sa.bindparam("now", type_=HeldSlot.expires_at.type),
    # So the index passes over all that was ever held.
    HeldSlot.starts_at > sa.bindparam("since", type_=HeldSlot.starts_at.type),
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
    .where(*_LIES)
    .order_by(ShelfItem.parked_at, ShelfItem.appointment_id)
)
_HELD = (
    sa.select(HeldSlot.id, Occupancy.resource_id, Occupancy.starts_at, Occupancy.ends_at)
    .join(Occupancy, Occupancy.held_slot_id == HeldSlot.id)
    .where(*_IS_HELD)
    .order_by(Occupancy.starts_at)
)
_STAMP = sa.union_all(
    sa.select(sa.literal("s").label("kind"), Appointment.id, Appointment.version.label("of"))
    .join(ShelfItem, ShelfItem.appointment_id == Appointment.id)
    .where(*_LIES),
    sa.select(sa.literal("h").label("kind"), HeldSlot.id, sa.literal(0).label("of")).where(
        *_IS_HELD
    ),
)


def beside(db: Session, actor: Actor) -> Beside:
    """Return the shelf of a place and what is held there for offers; two statements."""
    bounds = _bounds(actor)
    rows = db.execute(_SHELF, bounds).all()
    held = db.execute(_HELD, bounds).all()
    return Beside(
        parked=[
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
        ],
        held=[(row.resource_id, Span(start=row.starts_at, end=row.ends_at)) for row in held],
        stamp=_digest(
            {("s", row.id, row.version) for row in rows} | {("h", row.id, 0) for row in held}
        ),
    )


def stamp(db: Session, actor: Actor) -> str:
    """Return what changes when the shelf or what is held for offers does; one statement."""
    return _digest({(row[0], row[1], row[2]) for row in db.execute(_STAMP, _bounds(actor))})


def _bounds(actor: Actor) -> dict[str, object]:
    now = clock.now()
    return {"location": actor.location_id, "now": now, "since": now - KEPT_FOR}


def _digest(lines: Collection[tuple[str, int, int]]) -> str:
    said = ";".join(f"{kind}{id_},{of}" for kind, id_, of in sorted(lines))
    return hashlib.blake2b(said.encode(), digest_size=4).hexdigest() if said else ""
