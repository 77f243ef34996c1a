"""The few rows that every size of the benchmark's clinic stands on."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.accounts.models import Account
from clinic.accounts.values import AccountStatus
from clinic.catalog.models import Service, ServiceSegment
from clinic.catalog.values import Modality, ResourceKind
from clinic.consents.models import ConsentText
from clinic.consents.values import ConsentKind
from clinic.core.access import Role
from clinic.locations.models import Location, OpeningHours
from clinic.scheduling.models import Resource

ROLES = (Role.PHYSICIAN, Role.RECEPTIONIST, Role.NURSE, Role.ADMINISTRATOR)
"""Account 1 is the physician, 2 the receptionist, 3 the nurse, 4 the administrator."""


def make_staff(connection: sa.Connection, *, now: dt.datetime) -> None:
    """Make one place, four accounts, four physicians (1 to 4), a centrifuge, rooms (11 to 14)."""
    with Session(connection, join_transaction_mode="create_savepoint") as db:
        place = Location(name="Benchmark clinic", zone="Europe/Berlin", country="DE")
        place.opening_hours = [
            OpeningHours(weekday=day, opens=dt.time(8), closes=dt.time(18)) for day in range(7)
        ]
        db.add(place)
        db.flush()
        for role in ROLES:
            db.add(
                Account(
                    location_id=place.id,
                    login=role.value,
                    name=role.value.title(),
                    role=role,
                    status=AccountStatus.ACTIVE,
                    password_hash="!",
                    created_at=now,
                )
            )
        db.flush()
        kinds = [ResourceKind.PRACTITIONER] * 4 + [ResourceKind.DEVICE] * 6
        kinds += [ResourceKind.ROOM] * 4
        for n, kind in enumerate(kinds, 1):
            device = "centrifuge" if kind is ResourceKind.DEVICE else ""
            db.add(
                Resource(
                    location_id=place.id, kind=kind, name=f"{kind.value} {n}", device_type=device, sort=n
                )
            )
            db.flush()
        for code, modality, minutes in (
            ("control", Modality.MESOTHERAPY, 15),
            ("prp", Modality.PRP, 60),
        ):
            service = Service(code=code, name=code, modality=modality, duration_min=minutes)
            service.segments = [
                ServiceSegment(seq=1, kind=ResourceKind.ROOM, offset_min=0, length_min=minutes),
                ServiceSegment(seq=2, kind=ResourceKind.PRACTITIONER, offset_min=0, length_min=minutes),
            ]
            if modality is Modality.PRP:
                service.segments.append(
                    ServiceSegment(
                        seq=3,
                        kind=ResourceKind.DEVICE,
                        device_type="centrifuge",
                        offset_min=10,
                        length_min=15,
                    )
                )
            db.add(service)
            db.flush()
        for kind in (ConsentKind.PRP, ConsentKind.MESOTHERAPY):
            db.add(ConsentText(kind=kind, version_name="2026-1", in_force_from=dt.date(2020, 1, 1)))
        db.flush()
        db.commit()


