"""Nobody reads or writes at the clinic next door."""

import pytest

from clinic.core.access import Role
from tests import factories
from tests.world import World


@pytest.fixture
def next_door(app, db):
    """Another clinic with people of its own."""
    return World(app, db)


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.NURSE, Role.PHYSICIAN])
@pytest.mark.parametrize(
    "path", ["/patients/{}/facts", "/patients/{}/consents", "/patients/{}", "/patients/{}/edit"]
)
def test_a_patient_of_another_clinic_is_not_found(world, db, next_door, role, path):
    patient = factories.a_patient(db, location=world.location)

    answer = next_door.as_role(role).get(path.format(patient.id))

    assert answer.status_code in {403, 404}
    assert patient.family_name not in answer.get_data(as_text=True)


def test_a_paper_of_another_clinics_patient_is_not_recorded(world, db, next_door):
    patient = factories.a_patient(db, location=world.location)

    answer = next_door.as_role(Role.RECEPTIONIST).post(
        f"/patients/{patient.id}/consents", {"text": "prp:1.0", "given_on": "2026-11-23"}
    )

    assert answer.status_code == 404


def test_people_of_another_clinic_are_nobody_here(world, next_door):
    admin = next_door.as_role(Role.ADMINISTRATOR)
    nurse = world.accounts[Role.NURSE]

    assert nurse.name not in admin.get("/people").get_data(as_text=True)
    assert admin.get(f"/people/{nurse.id}").status_code == 404
