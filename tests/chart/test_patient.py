"""The patient page: whole for clinicians, without anything clinical for the desk."""

import datetime as dt

import pytest

from clinic.core.access import Role
from clinic.patients.values import PatientStatus
from clinic.safety.values import FactKind
from clinic.scheduling import service as scheduling
from tests import factories
from tests.counting import statements
from tests.scheduling.conftest import TOMORROW_10

CLINICAL = ("Apixaban", "anticoagulant", "Blood thinner", "blood thinner", "Medical facts")


@pytest.fixture
def alice(desk):
    """Booked for a PRP tomorrow, on a blood thinner."""
    desk.settle()
    desk.book(service_id=desk.prp.id)
    desk.knows(FactKind.MEDICATION, "anticoagulant", label="Apixaban 5 mg")
    scheduling.rescreen(desk.db, desk.actor(Role.PHYSICIAN), desk.alice.id)
    return desk.alice.id


def page_of(world, role, patient_id):
    return world.as_role(role).get(f"/patients/{patient_id}").get_data(as_text=True)


def test_the_physician_reads_what_stands_in_the_way_with_its_source(world, alice):
    page = page_of(world, Role.PHYSICIAN, alice)

    assert "Apixaban 5 mg" in page
    assert "Decide" in page
    assert "PALA" in page or "Palamaras" in page


def test_the_desk_reads_one_word_and_nothing_clinical(world, alice):
    page = page_of(world, Role.RECEPTIONIST, alice)

    assert "Physician must review" in page
    assert not [word for word in CLINICAL if word in page]


def test_the_page_of_somebody_new_says_that_nothing_happened(world, db):
    patient = factories.a_patient(db, location=world.location)

    assert "Nothing has happened yet" in page_of(world, Role.NURSE, patient.id)


def test_somebody_who_died_cannot_be_booked_from_the_page(world, db):
    patient = factories.a_patient(db, location=world.location, status=PatientStatus.DECEASED)

    assert "/appointments/new" not in page_of(world, Role.RECEPTIONIST, patient.id)


def test_a_patient_of_another_clinic_is_not_found(world, db):
    elsewhere = factories.a_location(db, name="Elsewhere")
    patient = factories.a_patient(db, location=elsewhere)

    for role in (Role.RECEPTIONIST, Role.PHYSICIAN):
        assert world.as_role(role).get(f"/patients/{patient.id}").status_code == 404


def test_administrators_have_no_way_in(world, alice):
    assert world.as_role(Role.ADMINISTRATOR).get(f"/patients/{alice}").status_code == 403


def test_the_page_costs_the_same_however_long_the_history(world, connection, desk, alice):
    physician = world.as_role(Role.PHYSICIAN)
    url = f"/patients/{alice}"
    physician.get(url)
    with statements(connection) as short:
        physician.get(url)
    desk.open_day_and_night()
    for days in range(1, 11):
        desk.book(starts_local=TOMORROW_10 + dt.timedelta(days=days))
    with statements(connection) as long:
        physician.get(url)

    assert len(long) == len(short)
    assert len(long) <= 32
