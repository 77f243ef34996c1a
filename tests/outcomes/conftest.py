"""A patient who can agree to photographs, and pictures to send."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from clinic.audit.models import AuditEvent
from clinic.consents import service as consents
from clinic.consents.models import Consent
from clinic.consents.values import ConsentKind, RecordConsent, Scope, WithdrawConsent
from clinic.core.access import Actor, Role
from clinic.core.zones import Zone
from clinic.outcomes import files, service
from clinic.outcomes.files import Size, Store
from clinic.outcomes.models import Photograph
from clinic.outcomes.values import (
    Conditions,
    Described,
    Hair,
    KeepPhotograph,
    Light,
    Parting,
    PhotographView,
)
from clinic.patients.models import Patient
from tests import factories
from tests.world import Visitor, World

TODAY = dt.date(2026, 11, 23)
SECRET = b"Xyzomab"
"""What must not come through with a picture."""
NOW_LOCAL = dt.datetime(2026, 11, 23, 10, 0)
ALL = frozenset({Scope.PHOTO_RECORD, Scope.PHOTO_TEACHING, Scope.PHOTO_PUBLICATION})
CONDITIONS = Conditions(
    hair=Hair.DRY, parting=Parting.CENTRE, light=Light.RING, distance_cm=40, is_fixed=True
)


def dots(width: int = 400, height: int = 300) -> Image.Image:
    """A picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", (width, height), "blue")
    image.paste("red", (0, 0, width // 2, height))
    return image


def as_file(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def rotated(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 0.0)  # where it was taken
    return exif


def opened(raw: bytes) -> Image.Image:
    image = Image.open(BytesIO(raw))
    image.load()
    return image


@dataclass
class Studio:
    """What a test takes photographs with."""

    world: World
    db: Session
    alice: Patient
    store: Store
    sent: int = 0
    made: list[str] = field(default_factory=list)

    def actor(self, role: Role = Role.NURSE) -> Actor:
        return self.world.actor(role)

    def agrees(self, *scopes: Scope) -> Consent:
        wish = RecordConsent(
            patient_id=self.alice.id,
            kind=ConsentKind.PHOTOGRAPHS,
            text_version="1.0",
            given_on=TODAY,
            language="en",
            signer="Alice Example",
            photos=frozenset(scopes or ALL),
        )
        return consents.record(self.db, self.actor(), wish)

    def withdraws(self, paper: Consent, *scopes: Scope) -> None:
        wish = WithdrawConsent(
            consent_id=paper.id,
            scopes=frozenset(scopes),
            withdrawn_on=TODAY,
            reason="Changed her mind",
        )
        consents.withdraw(self.db, self.actor(), wish)

    def described(self, **changes: Any) -> Described:
        return Described(
            **{
                "view": PhotographView.VERTEX,
                "zone": None,
                "taken_local": NOW_LOCAL,
                "conditions": CONDITIONS,
                "uses": frozenset(),
                **changes,
            }
        )

    def wish(self, **changes: Any) -> KeepPhotograph:
        described = changes.pop("described", None) or self.described(
            **{
                name: changes.pop(name)
                for name in ("view", "zone", "taken_local", "conditions", "uses")
                if name in changes
            }
        )
        full = as_file(dots())
        key = self.store.write({Size.SMALL: full, Size.FULL: full})
        self.made.append(key)
        return KeepPhotograph(
            **{
                "patient_id": self.alice.id,
                "appointment_id": None,
                "described": described,
                "storage_key": key,
                "sha256": "0" * 64,
                "width": 400,
                "height": 300,
                "size": 2 * len(full),
                **changes,
            }
        )

    def keeps(self, **changes: Any) -> Photograph:
        return service.keep(self.db, self.actor(), self.wish(**changes), most_bytes=10**9)

    def url(self, *parts: str) -> str:
        return "/".join((f"/patients/{self.alice.id}/photographs", *parts))

    def form(self, **changes: Any) -> dict[str, Any]:
        self.sent += 1
        return {
            "form_key": f"key-of-form-number-{self.sent:03}",
            "view": "vertex",
            "zone": "",
            "hair": "dry",
            "parting": "centre",
            "light": "ring",
            "distance_cm": "40",
            "taken_on": "2026-11-23",
            "taken_time": "09:55",
            **changes,
        }

    def sends(self, visitor: Visitor, *pictures: tuple[bytes, str], **changes: Any) -> TestResponse:
        """Send pictures, each with the name it comes under."""
        options = changes.pop("options", {})
        sent = [(BytesIO(raw), name) for raw, name in pictures]
        return visitor.post(
            self.url(),
            {**self.form(**changes), "pictures": sent},
            content_type="multipart/form-data",
            **options,
        )

    def on_disk(self) -> set[str]:
        """The keys of all pictures of which there is a file."""
        return set(self.store.keys(before=dt.datetime(2100, 1, 1, tzinfo=dt.UTC)))


@pytest.fixture
def studio(world: World, db: Session) -> Iterator[Studio]:
    consents.install_defaults(db)
    alice = factories.a_patient(db, location=world.location, family_name="Okoye")
    store = files.store_of(world.app.extensions)
    studio = Studio(world=world, db=db, alice=alice, store=store)
    for key in studio.on_disk():
        store.drop(key)  # The folder is shared by the tests of a run.
    yield studio
    for key in studio.on_disk():
        store.drop(key)


CLOSE = {"view": PhotographView.TRICHOSCOPY, "zone": Zone.VERTEX}


@pytest.fixture
def nurse(studio: Studio) -> Visitor:
    """A nurse, and a patient who agreed to the record and to teaching."""
    studio.agrees(Scope.PHOTO_RECORD, Scope.PHOTO_TEACHING)
    return studio.world.as_role(Role.NURSE)


def rows(studio: Studio) -> list[Photograph]:
    return list(studio.db.scalars(sa.select(Photograph).order_by(Photograph.id)))


def trail(studio: Studio, action: str) -> list[AuditEvent]:
    wanted = sa.select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id)
    return list(studio.db.scalars(wanted))
