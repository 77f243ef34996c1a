"""The house stands: tables on both engines, guards in the database, a page for nobody."""

import datetime as dt

import pytest
from sqlalchemy.exc import DBAPIError

from clinic.audit import service as audit
from clinic.audit.models import AuditEvent
from clinic.catalog.values import ResourceKind
from clinic.core.access import Role
from clinic.core.engine import constraint_of
from clinic.scheduling.models import PATIENT_GUARD, RESOURCE_GUARD
from tests import factories


def test_the_start_page_sends_a_stranger_to_sign_in(world):
    page = world.stranger().get("/sign-in")

    assert page.status_code == 200
    assert "csrf_token" in page.get_data(as_text=True)


def test_the_database_refuses_to_hold_a_room_twice(world, db):
    room = factories.a_resource(db, location=world.location, kind=ResourceKind.ROOM)
    device = factories.a_resource(db, location=world.location, kind=ResourceKind.DEVICE)
    service = factories.a_service(db)

    def book(patient, hour):
        factories.an_appointment(
            db,
            location=world.location,
            patient=patient,
            service=service,
            practitioner=factories.a_resource(
                db, location=world.location, kind=ResourceKind.PRACTITIONER
            ),
            room=room,
            device=device,
            starts_local=dt.datetime(2026, 11, 24, hour),
        )

    alice = factories.a_patient(db, location=world.location)
    book(alice, 10)
    book(factories.a_patient(db, location=world.location), 11)

    with pytest.raises(DBAPIError) as refused, db.begin_nested():
        book(factories.a_patient(db, location=world.location), 10)
    assert constraint_of(refused.value) == RESOURCE_GUARD
    with pytest.raises(DBAPIError) as refused, db.begin_nested():
        book(alice, 10)
    assert constraint_of(refused.value) in {PATIENT_GUARD, RESOURCE_GUARD}


def test_the_audit_trail_refuses_changes_and_verifies(world, db):
    audit.record(db, world.actor(Role.NURSE), "test.done", "test", 1)
    audit.record(db, None, "test.done", "test", 2)

    assert audit.verify(db) == (2, None)
    row = db.query(AuditEvent).first()
    with pytest.raises(DBAPIError), db.begin_nested():
        row.action = "test.forged"
        db.flush()
