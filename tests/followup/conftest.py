"""A signed session to call about, and people who may."""

import datetime as dt
from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from clinic.catalog.values import ResourceKind
from clinic.core.access import Role
from clinic.patients.models import Patient
from clinic.safety.models import ScreeningRecord
from clinic.safety.values import Decision, Moment
from clinic.scheduling.values import AppointmentStatus
from clinic.treatments.models import TreatmentSession
from clinic.treatments.values import SessionState
from tests import factories
from tests.world import World

SignedSession = Callable[..., TreatmentSession]


@pytest.fixture
def alice(world: World, db: Session) -> Patient:
    return factories.a_patient(db, location=world.location, given_name="Alice")


@pytest.fixture
def a_signed_session(world: World, db: Session) -> SignedSession:
    """Make a PRP session that was signed so many days ago, at 10:00 in Berlin."""

    def make(patient: Patient, *, days_ago: int = 1) -> TreatmentSession:
        place = world.location
        physician = world.accounts[Role.PHYSICIAN]
        service = factories.a_service(db)
        local = dt.datetime(2026, 11, 23, 10) - dt.timedelta(days=days_ago)
        visit = factories.an_appointment(
            db,
            location=place,
            patient=patient,
            service=service,
            practitioner=factories.a_resource(db, location=place, kind=ResourceKind.PRACTITIONER),
            room=factories.a_resource(db, location=place, kind=ResourceKind.ROOM),
            starts_local=local,
            status=AppointmentStatus.DONE,
        )
        screening = ScreeningRecord(
            patient_id=patient.id,
            appointment_id=visit.id,
            actor_id=physician.id,
            on=local.date(),
            moment=Moment.START,
            decision=Decision.ALLOW,
            earliest_clear_on=None,
            bookable_from=None,
            may_show_clear_date=True,
            may_show_bookable_date=True,
            is_checked=True,
            findings=[],
            facts=[],
            facts_hash="0" * 32,
            plan={},
            at=visit.starts_at,
        )
        db.add(screening)
        db.flush()
        session = TreatmentSession(
            appointment_id=visit.id,
            patient_id=patient.id,
            location_id=place.id,
            service_id=service.id,
            performer_id=physician.id,
            screening_id=screening.id,
            state=SessionState.SIGNED,
            started_at=visit.starts_at,
            ended_at=visit.ends_at,
            map_version="1",
            signed_at=visit.ends_at,
            signed_by_id=physician.id,
            content_hash="0" * 64,
        )
        db.add(session)
        db.flush()
        return session

    return make
