"""Minimal valid records: keyword-only, flushed, returned. Alice, Bob and Carol have fixed roles."""

import datetime as dt
import itertools
import uuid
from typing import Any

from sqlalchemy.orm import Session

from clinic.accounts.models import Account
from clinic.accounts.values import AccountStatus
from clinic.catalog.models import Product, ProductLot, Service, ServiceSegment
from clinic.catalog.values import Modality, ProductKind, ResourceKind
from clinic.core import clock, walltime
from clinic.core.access import Role
from clinic.locations.models import Location, OpeningHours
from clinic.outcomes.models import Photograph
from clinic.outcomes.values import Hair, Light, Parting, PhotographView
from clinic.patients.models import Patient
from clinic.safety import editions
from clinic.safety.catalogue_files import shipped_rules
from clinic.safety.models import RuleCatalogue, RuleVersion
from clinic.safety.rules import versions
from clinic.scheduling.models import Appointment, Occupancy, Resource

_AS_RELEASED = [versions.released(content) for content in shipped_rules()]
RELEASED = versions.edition(_AS_RELEASED)
"""Edition of the rules as released."""
_numbers = itertools.count(1)
NO_PASSWORD = "!"
"""A stored hash that no password fits."""


def a_location(db: Session, **changes: Any) -> Location:
    fields = {
        "name": f"Hair clinic {next(_numbers)}",
        "zone": "Europe/Berlin",
        "country": "DE",
        "phone": "+49301234567",
        "emergency_phone": "+493012345699",
        **changes,
    }
    location = Location(**fields)
    location.opening_hours = [
        OpeningHours(weekday=day, opens=dt.time(8), closes=dt.time(18)) for day in range(6)
    ]
    db.add(location)
    db.flush()
    return location


def an_account(db: Session, *, location: Location, role: Role, **changes: Any) -> Account:
    n = next(_numbers)
    fields = {
        "location_id": location.id,
        "login": f"{role.value}{n}",
        "name": f"{role.value.title()} {n}",
        "role": role,
        "status": AccountStatus.ACTIVE,
        "password_hash": NO_PASSWORD,
        "created_at": clock.now(),
        **changes,
    }
    account = Account(**fields)
    db.add(account)
    db.flush()
    return account


def an_approved_catalogue(db: Session, *, physician_id: int, at: dt.datetime) -> None:
    """The rules as released, put in force by this physician unless somebody did before.

    Past the audit trail: what a test does is its first line.
    """
    if editions.newest(db) is not None:
        return
    rows = [
        RuleVersion(
            author_id=None,
            code=rule.code,
            version=rule.version,
            is_on=True,
            content=dict(rule.content),
            content_hash=rule.content_hash,
            release_hash=rule.release_hash,
            at=at,
        )
        for rule in _AS_RELEASED
    ]
    db.add_all(rows)
    db.flush()  # The approval names their ids.
    ids = [row.id for row in rows]
    db.add(
        RuleCatalogue(number=1, approved_by_id=physician_id, rule_ids=ids, edition=RELEASED, at=at)
    )
    db.flush()  # What is checked next is checked with it.
    editions.note_edition(db, RELEASED)


def a_patient(db: Session, *, location: Location, **changes: Any) -> Patient:
    n = next(_numbers)
    fields = {
        "location_id": location.id,
        "public_id": str(uuid.uuid4()),
        "file_number": f"T-{n:05d}",
        "family_name": f"Example{n}",
        "given_name": "Alice",
        "birth_date": dt.date(1985, 4, 12),
        "phone": f"+4930900{n:05d}",
        "created_at": clock.now(),
        **changes,
    }
    patient = Patient(**fields)
    db.add(patient)
    db.flush()
    return patient


_SEGMENTS = {
    Modality.PRP: [
        (ResourceKind.ROOM, "", 0, 60),
        (ResourceKind.DEVICE, "centrifuge", 10, 15),
        (ResourceKind.PRACTITIONER, "", 25, 30),
    ],
    Modality.MESOTHERAPY: [(ResourceKind.ROOM, "", 0, 30), (ResourceKind.PRACTITIONER, "", 5, 20)],
    Modality.CONSULTATION: [(ResourceKind.ROOM, "", 0, 30), (ResourceKind.PRACTITIONER, "", 0, 30)],
}


def a_service(db: Session, *, modality: Modality = Modality.PRP, **changes: Any) -> Service:
    n = next(_numbers)
    parts = _SEGMENTS[modality]
    fields = {
        "code": f"{modality.value}-{n}",
        "name": modality.value.title(),
        "modality": modality,
        "duration_min": max(offset + length for _, _, offset, length in parts),
        **changes,
    }
    service = Service(**fields)
    service.segments = [
        ServiceSegment(seq=i, kind=kind, device_type=device, offset_min=offset, length_min=length)
        for i, (kind, device, offset, length) in enumerate(parts, 1)
    ]
    db.add(service)
    db.flush()
    return service


def a_resource(db: Session, *, location: Location, kind: ResourceKind, **changes: Any) -> Resource:
    n = next(_numbers)
    fields = {
        "location_id": location.id,
        "kind": kind,
        "name": f"{kind.value} {n}",
        "device_type": "centrifuge" if kind is ResourceKind.DEVICE else "",
        **changes,
    }
    resource = Resource(**fields)
    db.add(resource)
    db.flush()
    return resource


def an_appointment(
    db: Session,
    *,
    location: Location,
    patient: Patient,
    service: Service,
    practitioner: Resource,
    room: Resource,
    device: Resource | None = None,
    starts_local: dt.datetime = dt.datetime(2026, 11, 24, 10, 0),
    **changes: Any,
) -> Appointment:
    """A booked visit that holds its resources for their segments."""
    starts_at = walltime.to_utc(starts_local, location.zone)
    held = {
        ResourceKind.PRACTITIONER: practitioner,
        ResourceKind.ROOM: room,
        ResourceKind.DEVICE: device,
    }
    fields = {
        "location_id": location.id,
        "patient_id": patient.id,
        "service_id": service.id,
        "practitioner_id": practitioner.id,
        "room_id": room.id,
        "starts_at": starts_at,
        "ends_at": starts_at + dt.timedelta(minutes=service.duration_min),
        "starts_local": starts_local,
        "zone": location.zone,
        "created_at": clock.now(),
        **changes,
    }
    appointment = Appointment(**fields)
    appointment.occupancies = [
        Occupancy(
            resource_id=resource.id,
            seq=segment.seq,
            starts_at=starts_at + dt.timedelta(minutes=segment.offset_min),
            ends_at=starts_at + dt.timedelta(minutes=segment.offset_min + segment.length_min),
            is_active=appointment.occupies,
        )
        for segment in service.segments
        if (resource := held.get(segment.kind)) is not None
    ]
    db.add(appointment)
    db.flush()
    return appointment


def a_lot(db: Session, *, name: str, kind: ProductKind, **changes: Any) -> ProductLot:
    """A lot of a new product, good for another year."""
    product = Product(code=f"product-{next(_numbers)}", name=name, kind=kind)
    db.add(product)
    db.flush()
    fields = {
        "product_id": product.id,
        "lot_no": f"L-{next(_numbers)}",
        "expires_on": clock.now().date() + dt.timedelta(days=365),
        **changes,
    }
    lot = ProductLot(**fields)
    db.add(lot)
    db.flush()
    return lot


def a_photograph(db: Session, *, patient: Patient, taken_by: Account, **changes: Any) -> Photograph:
    """A photograph without its files."""
    n = next(_numbers)
    fields = {
        "public_id": f"p{n:021}",
        "patient_id": patient.id,
        "appointment_id": None,
        "taken_by_id": taken_by.id,
        "view": PhotographView.VERTEX,
        "zone": None,
        "taken_at": clock.now(),
        "kept_at": clock.now(),
        "hair": Hair.DRY,
        "parting": Parting.NONE,
        "light": Light.RING,
        "distance_cm": 40,
        "magnification": None,
        "has_product": False,
        "is_fixed": False,
        "for_teaching": False,
        "for_publication": False,
        "storage_key": f"{n:032x}",
        "sha256": "0" * 64,
        "width": 400,
        "height": 300,
        "size": 1,
        **changes,
    }
    photograph = Photograph(**fields)
    db.add(photograph)
    db.flush()
    return photograph
