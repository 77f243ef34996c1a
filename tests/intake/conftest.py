"""A visit of somebody about whom nothing is known yet, and facts to add."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from clinic.catalog.values import Modality, ResourceKind
from clinic.consents import service as consent_service
from clinic.core.access import Role
from clinic.patients.models import Patient
from clinic.safety import service as safety_service
from clinic.safety.models import PatientFact
from clinic.safety.values import FactKind, FactSource, RecordFact
from clinic.scheduling import service as scheduling_service
from clinic.scheduling.models import Appointment
from tests import factories
from tests.world import World

TOMORROW = dt.date(2026, 11, 24)


@pytest.fixture
def patient(world: World, db: Session) -> Patient:
    """Alice, 41, female."""
    consent_service.install_defaults(db)
    return factories.a_patient(db, location=world.location, sex="female")


@pytest.fixture
def visit(world: World, db: Session, patient: Patient) -> Appointment:
    """A PRP tomorrow at 10, checked."""
    return a_visit(world, db, patient)


@pytest.fixture
def known(world: World, db: Session, patient: Patient) -> Callable[..., PatientFact]:
    """Record a fact about the patient: known(kind, code, ...); visits are checked again."""

    def record(kind: FactKind, code: str, **more: Any) -> PatientFact:
        fields = {"noted_on": dt.date(2026, 11, 20), "source": FactSource.STAFF, **more}
        row = safety_service.record_fact(
            db,
            world.actor(Role.NURSE),
            RecordFact(patient_id=patient.id, kind=kind, code=code, **fields),
        )
        scheduling_service.rescreen(db, world.actor(Role.NURSE), patient.id)
        return row

    return record


def a_visit(
    world: World,
    db: Session,
    patient: Patient,
    *,
    modality: Modality = Modality.PRP,
    starts_local: dt.datetime = dt.datetime(2026, 11, 24, 10, 0),
) -> Appointment:
    visit = factories.an_appointment(
        db,
        location=world.location,
        patient=patient,
        service=factories.a_service(db, modality=modality),
        practitioner=factories.a_resource(
            db, location=world.location, kind=ResourceKind.PRACTITIONER
        ),
        room=factories.a_resource(db, location=world.location, kind=ResourceKind.ROOM),
        starts_local=starts_local,
    )
    scheduling_service.rescreen(db, world.actor(Role.NURSE), patient.id)
    return visit
