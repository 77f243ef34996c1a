"""Somebody about whom everything is known and nothing stands against a PRP, in the database."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from clinic.catalog.values import Modality
from clinic.consents import service as consent_service
from clinic.consents.values import ConsentKind, RecordConsent
from clinic.core.access import Role
from clinic.core.zones import Zone
from clinic.patients.models import Patient
from clinic.safety import queries, service
from clinic.safety.models import PatientFact
from clinic.safety.values import FactKind, FactSource, PlannedTreatment, RecordFact
from tests import factories
from tests.world import World

TODAY = dt.date(2026, 11, 23)
TOMORROW = dt.date(2026, 11, 24)
PRP = PlannedTreatment(modality=Modality.PRP, zones=frozenset({Zone.VERTEX}), consent_version="1.0")


def a_fact(patient: Patient, kind: FactKind, code: str, **more: Any) -> RecordFact:
    fields = {"noted_on": TODAY, "source": FactSource.PHYSICIAN, **more}
    return RecordFact(patient_id=patient.id, kind=kind, code=code, **fields)


@pytest.fixture
def patient(world: World, db: Session) -> Patient:
    """Alice, 41: every question answered today, platelets 250, hair on the vertex, consent."""
    consent_service.install_defaults(db)
    return a_clear_patient(world, db)


def a_clear_patient(world: World, db: Session) -> Patient:
    patient = factories.a_patient(db, location=world.location, sex="female")
    actor = world.actor(Role.PHYSICIAN)
    reviews = [a_fact(patient, FactKind.REVIEW, group.code) for group in queries.rules().groups]
    platelets = a_fact(patient, FactKind.LAB, "platelets", value_milli=250_000, unit="10*9/L")
    hair = a_fact(patient, FactKind.HAIR, "hair", zone=Zone.VERTEX)
    service.record_facts(db, actor, [*reviews, platelets, hair])
    consent_service.record(
        db,
        actor,
        RecordConsent(
            patient_id=patient.id,
            kind=ConsentKind.PRP,
            text_version="1.0",
            given_on=TODAY,
            language="en",
            signer="Alice Example",
        ),
    )
    return patient


@pytest.fixture
def known(world: World, db: Session, patient: Patient) -> Callable[..., PatientFact]:
    """Record a fact about the patient: known(kind, code, ...)."""

    def record(kind: FactKind, code: str, **more: Any) -> PatientFact:
        return service.record_fact(
            db, world.actor(Role.PHYSICIAN), a_fact(patient, kind, code, **more)
        )

    return record
