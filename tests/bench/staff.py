"""The few rows that every size of the benchmark's clinic stands on."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.accounts.models import Account
from clinic.accounts.values import AccountStatus
from clinic.catalog.models import Product, ProductLot, Service, ServiceSegment
from clinic.catalog.rules.offers import DEFAULT_OFFERS
from clinic.catalog.values import Modality, ProductKind, ResourceKind
from clinic.consents import service as consent_service
from clinic.core.access import Role
from clinic.locations.models import Location, OpeningHours
from clinic.scheduling.models import Resource
from tests import factories
from tests.bench.sizes import NOW, PHYSICIANS, ZONE

ROLES = (Role.PHYSICIAN, Role.RECEPTIONIST, Role.NURSE, Role.ADMINISTRATOR)
"""Account 1 is the physician, 2 the receptionist, 3 the nurse, 4 the administrator."""
PRP = 1
INJECTIONS, CHECK_UP = len(DEFAULT_OFFERS) + 1, len(DEFAULT_OFFERS) + 2
"""Services of 15 minutes, so that forty fit into a day."""
FIRST_PHYSICIAN, FIRST_ROOM, FIRST_DEVICE, FIRST_NURSE = 1, 5, 9, 13
DEVICES, NURSES = 4, 4
LOT = 1


def make_staff(connection: sa.Connection) -> None:
    """Make one place, an account a role, physicians, rooms, centrifuges, services and a lot."""
    with Session(connection, join_transaction_mode="create_savepoint") as db:
        place = Location(
            name="Benchmark clinic", phone="+493012345600", zone=ZONE, country="DE",
            emergency_phone="+493012345699",
        )  # fmt: skip
        place.opening_hours = [
            OpeningHours(weekday=day, opens=dt.time(8), closes=dt.time(18)) for day in range(7)
        ]
        db.add(place)
        db.flush()
        for role in ROLES:
            account = Account(
                location_id=place.id,
                login=role.value,
                name=role.value.title(),
                role=role,
                status=AccountStatus.ACTIVE,
                password_hash="!",
                created_at=NOW,
            )
            db.add(account)
            db.flush()
        _resources(db, place.id)
        _services(db)
        consent_service.install_defaults(db)
        factories.an_approved_catalogue(db, physician_id=1, at=NOW)
        product = Product(
            code="biotin", name="Biotin 5 mg/mL", kind=ProductKind.DRUG, ingredient="biotin",
            strength_ug_per_ml=5_000,
        )  # fmt: skip
        db.add(product)
        db.flush()
        db.add(ProductLot(product_id=product.id, lot_no="B-1", expires_on=dt.date(2029, 12, 31)))
        db.commit()


def _resources(db: Session, location_id: int) -> None:
    kinds = (
        [ResourceKind.PRACTITIONER] * PHYSICIANS
        + [ResourceKind.ROOM] * PHYSICIANS
        + [ResourceKind.DEVICE] * DEVICES
        + [ResourceKind.NURSE] * NURSES
    )
    for number, kind in enumerate(kinds, 1):
        db.add(
            Resource(
                location_id=location_id,
                account_id=1 if number == 1 else None,
                kind=kind,
                name=f"{kind.value.title()} {number}",
                device_type="centrifuge" if kind is ResourceKind.DEVICE else "",
                sort=number,
            )
        )
        db.flush()


def _services(db: Session) -> None:
    for offer in DEFAULT_OFFERS:
        parts = [(part.kind, part.device_type, part.offset_min, part.length_min)
                 for part in offer.segments]  # fmt: skip
        _service(db, offer.code, offer.name, offer.modality, offer.duration_min, parts)
    both = [(ResourceKind.ROOM, "", 0, 15), (ResourceKind.PRACTITIONER, "", 0, 15)]
    _service(db, "short", "Short mesotherapy", Modality.MESOTHERAPY, 15, both)
    _service(db, "check", "Check-up", Modality.CONSULTATION, 15, both)


def _service(
    db: Session,
    code: str,
    name: str,
    modality: Modality,
    minutes: int,
    parts: list[tuple[ResourceKind, str, int, int]],
) -> None:
    row = Service(code=code, name=name, modality=modality, duration_min=minutes)
    row.segments = [
        ServiceSegment(seq=seq, kind=kind, device_type=device, offset_min=offset, length_min=length)
        for seq, (kind, device, offset, length) in enumerate(parts, 1)
    ]
    db.add(row)
    db.flush()
