"""A desk to book at: one physician, two rooms, one centrifuge, three services, one patient."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog.models import Service
from clinic.catalog.values import Modality, ResourceKind
from clinic.consents.models import Consent, ConsentText
from clinic.consents.values import ConsentKind
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.zones import Zone
from clinic.locations.models import OpeningHours
from clinic.patients.models import Patient
from clinic.safety import queries as safety_queries
from clinic.safety import service as safety_service
from clinic.safety.values import FactKind, FactSource, FactState, RecordFact
from clinic.scheduling import queries, service
from clinic.scheduling.models import Appointment, Occupancy, Resource
from clinic.scheduling.values import (
    ArriveVisit,
    BookAppointment,
    CancelAppointment,
    CancelReason,
    Refused,
)
from tests import factories
from tests.world import World

TOMORROW_10 = dt.datetime(2026, 11, 24, 10, 0)


@dataclass
class Desk:
    """What a test books with; every wish is for tomorrow at ten unless it says otherwise."""

    world: World
    db: Session
    physician: Resource
    room: Resource
    room_2: Resource
    centrifuge: Resource
    prp: Service
    mesotherapy: Service
    consultation: Service
    alice: Patient
    extra: dict[str, Any] = field(default_factory=dict)

    def actor(self, role: Role = Role.RECEPTIONIST) -> Actor:
        return self.world.actor(role)

    def wish(self, **changes: Any) -> BookAppointment:
        fields = {
            "patient_id": self.alice.id,
            "service_id": self.consultation.id,
            "starts_local": TOMORROW_10,
            "practitioner_id": self.physician.id,
            "room_id": self.room.id,
            **changes,
        }
        return BookAppointment(**fields)

    def book(self, role: Role = Role.RECEPTIONIST, **changes: Any) -> Appointment:
        made = service.book(self.db, self.actor(role), self.wish(**changes))
        assert isinstance(made, Appointment), made
        return made

    def refused(self, role: Role = Role.RECEPTIONIST, **changes: Any) -> Refused:
        said = service.book(self.db, self.actor(role), self.wish(**changes))
        assert isinstance(said, Refused), said
        return said

    def cancel(self, visit: Appointment) -> Appointment:
        wish = CancelAppointment(
            appointment_id=visit.id, version=visit.version, reason=CancelReason.PATIENT_ASKED
        )
        return service.cancel(self.db, self.actor(), wish)

    def arrive(self, visit: Appointment, role: Role = Role.RECEPTIONIST) -> Appointment:
        came = service.arrive(
            self.db,
            self.actor(role),
            ArriveVisit(
                appointment_id=visit.id,
                version=visit.version,
                name_spoken=True,
                birth_date_spoken=True,
            ),
        )
        assert isinstance(came, Appointment), came
        return came

    def open_day_and_night(self) -> None:
        """Let the place be open at every hour of the week but the last five minutes of a day."""
        hours = self.world.location.opening_hours
        hours.clear()
        self.db.flush()
        whole = [(day, dt.time(0), dt.time(23, 55)) for day in range(7)]
        hours.extend(OpeningHours(weekday=d, opens=a, closes=b) for d, a, b in whole)
        self.db.flush()

    def bob(self, **changes: Any) -> Patient:
        fields = {"given_name": "Bob", **changes}
        return factories.a_patient(self.db, location=self.world.location, **fields)

    def knows(self, kind: FactKind, code: str, *, patient: Patient | None = None, **changes: Any):
        """Record a fact about a patient, Alice unless somebody else is meant."""
        fields = {
            "patient_id": (patient or self.alice).id,
            "kind": kind,
            "code": code,
            "state": FactState.PRESENT,
            "noted_on": dt.date(2026, 11, 20),
            **changes,
        }
        return safety_service.record_fact(self.db, self.actor(Role.NURSE), RecordFact(**fields))

    def took_ibuprofen(self) -> None:
        """Alice took one yesterday: PRP is deferred until the 25th, and a physician may release."""
        yesterday = dt.date(2026, 11, 23)
        self.knows(
            FactKind.MEDICATION,
            "nsaid",
            label="Ibuprofen 400 mg",
            ended_on=yesterday,
            noted_on=yesterday,
        )

    def settle(self, *, on: dt.date = dt.date(2026, 11, 24)) -> None:
        """Let everything be asked, tested and signed that a treatment of Alice needs on a day."""
        groups = [group.code for group in safety_queries.rules().groups]
        for group in groups:
            self.knows(FactKind.REVIEW, group, noted_on=on)
        self.knows(FactKind.LAB, "platelets", noted_on=on, value_milli=250_000, unit="10*9/L")
        self.knows(
            FactKind.HAIR, "hair", noted_on=on, zone=Zone.VERTEX, source=FactSource.PHYSICIAN
        )
        text = ConsentText(
            kind=ConsentKind.PRP, version_name="2026-1", in_force_from=dt.date(2026, 1, 1)
        )
        self.db.add(text)
        self.db.flush()
        self.db.add(
            Consent(
                patient_id=self.alice.id,
                text_id=text.id,
                taken_by_id=self.world.accounts[Role.NURSE].id,
                kind=ConsentKind.PRP,
                given_on=dt.date(2026, 11, 20),
                recorded_at=clock.now(),
            )
        )
        self.db.flush()

    def held(self, visit: Appointment) -> list[Occupancy]:
        return list(
            self.db.scalars(
                sa.select(Occupancy)
                .where(Occupancy.appointment_id == visit.id)
                .order_by(Occupancy.seq)
            )
        )

    def history(self, visit: Appointment) -> list[str]:
        return [e.action.value for e in reversed(queries.events(self.db, visit.id))]


@pytest.fixture
def statements(connection: sa.Connection) -> Iterator[list[str]]:
    """What is sent to the database from here on, without savepoints of the tests' own."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK TO")):
            seen.append(" ".join(statement.split()))

    sa.event.listen(connection, "before_cursor_execute", note)
    yield seen
    sa.event.remove(connection, "before_cursor_execute", note)


def without_audit(statements: list[str]) -> list[str]:
    """The statements of a request but for its cookie session and its audit line."""
    own = ("audit_event", "pg_advisory", "cookie_session")
    return [s for s in statements if not any(word in s for word in own)]


@pytest.fixture
def desk(world: World, db: Session) -> Desk:
    return a_desk(world, db)


def a_desk(world: World, db: Session) -> Desk:
    def resource(kind: ResourceKind, name: str) -> Resource:
        return factories.a_resource(db, location=world.location, kind=kind, name=name)

    return Desk(
        world=world,
        db=db,
        physician=resource(ResourceKind.PRACTITIONER, "Dr Weber"),
        room=resource(ResourceKind.ROOM, "Room 1"),
        room_2=resource(ResourceKind.ROOM, "Room 2"),
        centrifuge=resource(ResourceKind.DEVICE, "Centrifuge"),
        prp=factories.a_service(db, modality=Modality.PRP, name="PRP"),
        mesotherapy=factories.a_service(db, modality=Modality.MESOTHERAPY, name="Mesotherapy"),
        consultation=factories.a_service(db, modality=Modality.CONSULTATION, name="Consultation"),
        alice=factories.a_patient(
            db, location=world.location, given_name="Leyla", family_name="Demir"
        ),
    )
