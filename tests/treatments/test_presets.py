"""Presets of kits: kept by the administrator, with the password, and never what no kit can be."""

from typing import Any

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.treatments.preparation_models import KitPreset
from tests.treatments.pages import hidden, text

URL = "/clinic/kits"


def typed(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Two spins",
        "maker": "Anybody",
        "blood": "20",
        "anticoagulant": "acd_a",
        "anticoagulant_volume": "2",
        "prp": "5",
        "rcf_1": "100",
        "minutes_1": "10",
        "temperature_1": "20",
        "brake_1": "off",
        "rpm_2": "3000",
        "radius_2": "100",
        "minutes_2": "10",
        "source": "PEREZ",
        **changes,
    }


@pytest.fixture
def administrator(world):
    return world.as_role(Role.ADMINISTRATOR)


def test_a_preset_is_added_with_its_g_and_listed(chair, administrator, db):
    done = administrator.post(f"{URL}/new", typed(product=str(chair.kit.product_id)))

    assert done.status_code == 303
    (row,) = db.scalars(sa.select(KitPreset))
    assert row.spins == [
        {"rcf_g": 100, "minutes": 10, "temperature_c": 20, "brake": "off"},
        {"rcf_g": 1_006, "rpm": 3_000, "radius_mm": 100, "minutes": 10},
    ]
    assert (row.blood_ul, row.product_id, row.is_active) == (20_000, chair.kit.product_id, True)
    page = text(administrator.get(URL))
    for words in ("Two spins", "1006 g", "PEREZ"):
        assert words in page
    action = AuditEvent.action == "kit_preset.added"
    assert db.scalar(sa.select(AuditEvent.detail).where(action)) == {"name": "Two spins"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": " "}, "Please fill this in"),
        ({"blood": "3.9"}, "From 4 to 120 mL"),
        ({"prp": "20"}, "must be less than the 20 mL of blood"),
        ({"rpm_1": "3000"}, "Revolutions say nothing without"),
        ({"temperature_1": "41"}, "A whole number from 0 to 40"),
        ({"brake_1": "hard"}, "Choose one of the list"),
        ({"rcf_1": "49"}, "A whole number from 50 to 3000"),
        ({"product": "999999"}, "Choose one of the list"),
        ({"anticoagulant": "none"}, "No anticoagulant was chosen"),
    ],
)
def test_what_no_kit_can_be_is_said_at_its_field(chair, administrator, db, changes, words):
    answer = administrator.post(f"{URL}/new", typed(**changes))

    assert answer.status_code == 422
    assert words in text(answer)
    assert "Anybody" in text(answer)
    assert db.scalar(sa.select(sa.func.count()).select_from(KitPreset)) == 0


def test_a_name_is_given_once(chair, administrator):
    assert administrator.post(f"{URL}/new", typed()).status_code == 303
    again = administrator.post(f"{URL}/new", typed())

    assert again.status_code == 422
    assert "There is a preset of this name already" in text(again)


def test_a_preset_is_changed_put_out_of_use_and_never_overwritten_unseen(chair, administrator, db):
    administrator.post(f"{URL}/new", typed())
    (row,) = db.scalars(sa.select(KitPreset))
    url = f"{URL}/{row.id}"
    page = text(administrator.get(url))
    version = hidden(page, "version")
    assert '<option selected value="off">Without a brake' in page

    changed = administrator.post(url, typed(version=version, blood="30"))
    assert changed.status_code == 303
    db.expire_all()
    assert (row.blood_ul, row.is_active) == (30_000, False)
    stale = administrator.post(url, typed(version=version, blood="40"))
    assert stale.status_code == 409
    assert 'value="40"' in text(stale)
    assert "Out of use" in text(administrator.get(URL))
    assert administrator.get(f"{URL}/999999").status_code == 404
    assert administrator.post(f"{URL}/999999", typed(version="1")).status_code == 404


def test_only_the_administrator_keeps_presets(chair, world):
    for role in Role:
        client = world.as_role(role)
        may = role is Role.ADMINISTRATOR
        assert (client.get(URL).status_code == 200) is may, role
        assert (client.post(f"{URL}/new", typed(name=role.value)).status_code == 303) is may, role
