"""The administrator keeps what visits can hold."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.catalog.values import ResourceKind
from clinic.core.access import Role
from clinic.scheduling.models import Resource

URL = "/clinic/resources"


@pytest.fixture
def admin(world):
    return world.as_role(Role.ADMINISTRATOR)


def names(db):
    return set(db.scalars(sa.select(Resource.name)))


def test_a_physician_gets_a_column_under_their_own_name(admin, world, db):
    physician = world.accounts[Role.PHYSICIAN]

    answer = admin.post(URL, {"kind": "practitioner", "account_id": str(physician.id), "name": ""})

    assert answer.status_code == 303
    row = db.scalar(sa.select(Resource).where(Resource.account_id == physician.id))
    assert (row.name, row.kind) == (physician.name, ResourceKind.PRACTITIONER)
    assert physician.name in admin.get(URL).get_data(as_text=True)


def test_a_device_is_a_centrifuge_that_prp_can_hold(admin, db):
    admin.post(URL, {"kind": "device", "account_id": "", "name": "Centrifuge 1"})

    row = db.scalar(sa.select(Resource).where(Resource.name == "Centrifuge 1"))
    assert row.device_type == "centrifuge"


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({"kind": "room", "name": ""}, id="no name"),
        pytest.param({"kind": "room", "name": "Room 1"}, id="taken"),
        pytest.param({"kind": "sofa", "name": "X"}, id="unknown kind"),
        pytest.param({"kind": "room", "name": "R\x00"}, id="NUL"),
        pytest.param({"kind": "room", "name": "R" * 121}, id="overlong"),
        pytest.param({"kind": "practitioner", "account_id": "999999"}, id="nobody's account"),
        pytest.param({}, id="nothing"),
    ],
)
def test_a_bad_form_is_refused_in_words_and_adds_nothing(admin, db, form):
    admin.post(URL, {"kind": "room", "name": "Room 1"})

    answer = admin.post(URL, form)

    assert answer.status_code == 422
    assert 'class="error"' in answer.get_data(as_text=True)
    assert names(db) == {"Room 1"}


def test_a_room_is_renamed_and_taken_out_of_use_but_not_from_an_old_page(admin, db):
    admin.post(URL, {"kind": "room", "name": "Room 1"})
    row = db.scalar(sa.select(Resource))
    page = f"{URL}/{row.id}"

    saved = admin.post(page, {"version": "1", "name": "Green room"})
    stale = admin.post(page, {"version": "1", "name": "Blue room", "is_active": "y"})

    assert (saved.status_code, stale.status_code) == (303, 409)
    assert "Blue room" in stale.get_data(as_text=True)
    db.refresh(row)
    assert (row.name, row.is_active) == ("Green room", False)


def test_a_centrifuge_says_its_rotor_and_when_its_service_is_due(admin, db):
    admin.post(URL, {"kind": "device", "name": "Centrifuge 1"})
    row = db.scalar(sa.select(Resource))
    page = f"{URL}/{row.id}"
    typed = {"version": "1", "name": "Centrifuge 1", "is_active": "y"}

    for wrong in ("39", "251", "8.5", "x"):
        answer = admin.post(page, typed | {"radius_mm": wrong})
        assert answer.status_code == 422
        assert f'value="{wrong}"' in answer.get_data(as_text=True)
    saved = admin.post(page, typed | {"radius_mm": "85", "service_due_on": "2027-03-01"})

    assert saved.status_code == 303
    db.refresh(row)
    assert (row.radius_mm, row.service_due_on) == (85, dt.date(2027, 3, 1))
    shown = admin.get(page).get_data(as_text=True)
    assert 'value="85"' in shown
    assert 'value="2027-03-01"' in shown
    action = AuditEvent.action == "resource.changed"
    assert db.scalar(sa.select(AuditEvent.detail).where(action)) == {
        "radius_mm": [None, 85],
        "service_due_on": [None, "2027-03-01"],
    }


def test_a_room_has_no_rotor(admin, db):
    admin.post(URL, {"kind": "room", "name": "Room 1"})
    row = db.scalar(sa.select(Resource))
    assert "Rotor" not in admin.get(f"{URL}/{row.id}").get_data(as_text=True)

    admin.post(f"{URL}/{row.id}", {"version": "1", "name": "Room 1", "radius_mm": "85"})
    db.refresh(row)
    assert row.radius_mm is None


def test_somebody_elses_room_is_not_found(admin):
    assert admin.get(f"{URL}/424242").status_code == 404


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.NURSE, Role.PHYSICIAN])
def test_others_may_not(world, role):
    assert world.as_role(role).get(URL).status_code == 403
