"""The demo clinic itself: place, people, rooms, centrifuge, services, products and lots."""

import datetime as dt
import secrets
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from clinic.accounts import service as accounts
from clinic.accounts.models import Account
from clinic.accounts.values import CreateAccount
from clinic.catalog import queries as catalog_queries
from clinic.catalog import service as catalog
from clinic.catalog.models import ProductLot, Service
from clinic.catalog.values import Modality, ResourceKind
from clinic.consents import queries as consent_queries
from clinic.consents import service as consents
from clinic.consents import writing
from clinic.consents.values import ConsentKind, PutInForce
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.demo import shelf
from clinic.locations.models import Location, OpeningHours
from clinic.safety import approving, editions
from clinic.safety.rules.versions import ApproveRules, DraftRule
from clinic.scheduling.models import Resource

PEOPLE = (
    ("physician", "Dr Lena Weber", Role.PHYSICIAN),
    ("physician2", "Dr Omar Haddad", Role.PHYSICIAN),
    ("physician3", "Dr Sofia Rossi", Role.PHYSICIAN),
    ("nurse", "Jonas Brandt", Role.NURSE),
    ("receptionist", "Mia Berger", Role.RECEPTIONIST),
    ("administrator", "Alex Winter", Role.ADMINISTRATOR),
)

NURSES = ("Jonas Brandt", "Elif Kaya")
"""Who draws the blood. Jonas signs in, but needs no column of the board for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """Who and what the demo works with."""

    location: Location
    physicians: tuple[Actor, ...]
    nurse: Actor
    receptionist: Actor
    administrator: Actor
    practitioners: tuple[Resource, ...]
    rooms: tuple[Resource, ...]
    services: dict[Modality, Service]
    lots: dict[str, ProductLot]
    accounts: tuple[dict[str, str], ...]
    """Role, login and password of one account a role, to be printed."""


def make(db: Session, *, today: dt.date) -> Staff:
    """Make the clinic; every password is random and known to nobody else."""
    location = Location(
        name="Anagen Demo Clinic",
        address="Musterstraße 1, 10115 Berlin",
        phone="+493055501000",
        emergency_phone="+493055501999",
        zone="Europe/Berlin",
        country="DE",
        subdivision="BE",
    )
    # Open every day, so that the board is full whatever weekday it is tried on.
    location.opening_hours = [
        OpeningHours(weekday=day, opens=opens, closes=closes)
        for day in range(7)
        for opens, closes in ((dt.time(8), dt.time(18)),)
    ]
    db.add(location)
    db.flush()  # Everything else names the place.
    catalog.install_defaults(db)
    consents.install_defaults(db)
    rows, printed = _accounts(db, location)
    actors = {login: _actor(row, location) for login, row in rows.items()}
    nurse = actors["nurse"]
    approving.approve(
        db,
        replace(actors["physician"], confirmed_at=clock.now()),
        ApproveRules(codes=None, seen=editions.next_edition(db)),
    )
    for draft in [consent_queries.draft_of(db, kind) for kind in ConsentKind]:
        assert draft is not None, "a new clinic has them"
        wish = PutInForce(
            text_id=draft.id, version=draft.version, in_force_from=clock.today(location.zone)
        )
        writing.put_in_force(db, replace(actors["physician"], confirmed_at=clock.now()), wish)
    lots = shelf.fill(db, nurse, today)
    shelf.keep_presets(
        db, replace(actors["administrator"], confirmed_at=clock.now()), lots["kit"].product_id
    )
    return Staff(
        location=location,
        physicians=tuple(actors[login] for login in ("physician", "physician2", "physician3")),
        nurse=nurse,
        receptionist=actors["receptionist"],
        administrator=actors["administrator"],
        practitioners=tuple(
            _resource(
                db,
                location,
                ResourceKind.PRACTITIONER,
                rows[login].name,
                n,
                account_id=rows[login].id,
            )
            for n, login in enumerate(("physician", "physician2", "physician3"), 1)
        ),
        rooms=tuple(
            _resource(db, location, ResourceKind.ROOM, f"Room {n}", 10 + n) for n in (1, 2, 3)
        ),
        services=_services(db, location),
        lots=lots,
        accounts=tuple(printed),
    )


def draft_rule(db: Session, administrator: Actor) -> None:
    """Leave one change of a rule to be tried out and approved."""
    proposed = editions.proposal(db, "interval_short").then
    assert proposed is not None
    approving.draft(
        db,
        administrator,
        DraftRule(
            code="interval_short",
            numbers={"usual": "30"},
            decisions={},
            is_on=True,
            reason="Patients ask for a little more time between two sessions.",
            seen=proposed.mark,
        ),
    )


def _accounts(db: Session, location: Location) -> tuple[dict[str, Account], list[dict[str, str]]]:
    rows, printed = {}, []
    for login, name, role in PEOPLE:
        password = secrets.token_urlsafe(15)
        rows[login] = accounts.create_account(
            db,
            CreateAccount(
                location_id=location.id, login=login, name=name, role=role, password=password
            ),
        )
        if login[-1].isalpha():  # one of each role; the other physicians are only there to work
            printed.append({"role": role.value, "login": login, "password": password})
    return rows, printed


def _actor(row: Account, location: Location) -> Actor:
    return Actor(
        id=row.id,
        name=row.name,
        role=row.role,
        location_id=location.id,
        zone=location.zone,
        address="127.0.0.1",
        request_id="demo",
    )


def _resource(
    db: Session,
    location: Location,
    kind: ResourceKind,
    name: str,
    sort: int,
    *,
    account_id: int | None = None,
) -> Resource:
    row = Resource(
        location_id=location.id,
        kind=kind,
        name=name,
        sort=sort,
        account_id=account_id,
        device_type="centrifuge" if kind is ResourceKind.DEVICE else "",
    )
    db.add(row)
    db.flush()  # Bookings name it.
    return row


def _services(db: Session, location: Location) -> dict[Modality, Service]:
    for n, name in enumerate(NURSES, 4):
        _resource(db, location, ResourceKind.NURSE, name, n)
    _resource(db, location, ResourceKind.DEVICE, "Centrifuge", 20)
    found: dict[Modality, Service] = {}
    for service in catalog_queries.services(db):
        found.setdefault(service.modality, service)
    found[Modality.MESOTHERAPY].ingredients = ["dexpanthenol", "lidocaine", "vitamins"]
    return found
