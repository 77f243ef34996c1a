"""How large zones are, mL on a square centimetre, and how each point was given."""

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from clinic.core.access import PasswordNeeded, Role
from clinic.core.errors import Invalid
from clinic.core.zones import Zone
from clinic.treatments import points, record
from clinic.treatments.delivery import Device, MeasureZones, Technique
from clinic.treatments.models import ZoneArea
from clinic.treatments.queries import areas as queries
from clinic.treatments.queries import sessions as session_queries
from clinic.treatments.service import areas as service
from tests import factories
from tests.conftest import NOW
from tests.treatments.conftest import TODAY, some_sites
from tests.treatments.pages import text


def note(chair, zone=Zone.VERTEX, mm2=4_000, *, is_clinics=False, on=TODAY) -> int:
    wish = MeasureZones(
        patient_id=None if is_clinics else chair.alice.id, measured_on=on, areas=((zone, mm2),)
    )
    noted = service.measure(chair.db, chair.actor(), wish)
    chair.db.flush()
    return noted


def known(chair, **changes):
    of = {"location_id": chair.world.location.id, "patient_id": chair.alice.id, **changes}
    return {zone: area.area_mm2 for zone, area in queries.areas(chair.db, **of).items()}


def test_a_patients_own_area_goes_before_the_clinics(chair):
    note(chair, mm2=5_000, is_clinics=True)
    note(chair, Zone.MIDSCALP, 3_000, is_clinics=True)
    note(chair, mm2=4_000)

    assert known(chair) == {Zone.VERTEX: 4_000, Zone.MIDSCALP: 3_000}
    assert known(chair, patient_id=None) == {Zone.VERTEX: 5_000, Zone.MIDSCALP: 3_000}


def test_the_newest_counts_and_the_same_again_is_not_noted(chair):
    assert note(chair, mm2=4_000, on=TODAY - dt.timedelta(days=30)) == 1
    assert note(chair, mm2=4_200) == 1
    assert note(chair, mm2=4_200) == 0

    assert known(chair) == {Zone.VERTEX: 4_200}


def test_a_record_keeps_the_area_that_was_known_when_it_was_signed(chair, world, clock):
    note(chair, mm2=4_000)
    session = chair.signed()
    clock(NOW + dt.timedelta(days=1))
    note(chair, mm2=8_000)

    page = text(world.as_role(Role.NURSE).get(f"/sessions/{session.id}"))
    assert "0.1 mL/cm²" in page
    assert "0.05 mL/cm²" not in page


def test_no_density_is_shown_where_no_area_is_known(chair, world):
    session = chair.begin()
    nurse = world.as_role(Role.NURSE)
    page = text(nurse.get(f"/sessions/{session.id}"))
    assert "data-cm2" not in page
    assert "no mL/cm² is shown" in page

    note(chair)
    page = text(nurse.get(f"/sessions/{session.id}"))
    assert page.count("data-cm2") == 1
    assert 'data-least="50" data-most="100"' in page


def test_what_was_measured_is_never_changed(chair, db):
    note(chair)

    for change in (sa.update(ZoneArea).values(area_mm2=100), sa.delete(ZoneArea)):
        with pytest.raises(DBAPIError), db.begin_nested():
            db.execute(change)


def test_the_clinics_table_asks_for_the_password(chair, db):
    actor = replace(chair.actor(), confirmed_at=None)
    wish = MeasureZones(patient_id=None, measured_on=TODAY, areas=((Zone.VERTEX, 4_000),))

    with pytest.raises(PasswordNeeded):
        service.measure(db, actor, wish)


def test_a_nurse_types_areas_with_comma_or_point(chair, world):
    nurse = world.as_role(Role.NURSE)
    url = f"/patients/{chair.alice.id}/zone-areas"
    data = {"measured_on": "2026-11-23", "vertex": "40,5", "midscalp": "30.25"}

    assert nurse.post(url, data).status_code == 303
    assert known(chair) == {Zone.VERTEX: 4_050, Zone.MIDSCALP: 3_025}
    assert 'value="40.5"' in text(nurse.get(url))
    for wrong in ({"vertex": "0.9"}, {"vertex": "601"}, {"measured_on": "2026-11-24"}):
        answer = nurse.post(url, {**data, **wrong})
        assert answer.status_code == 422
        assert "30.25" in text(answer)
    assert nurse.get("/zone-areas").status_code == 403


def test_a_physician_keeps_the_clinics_table_of_the_own_place(chair, world, db):
    physician = world.as_role(Role.PHYSICIAN)

    data = {"measured_on": "2026-11-23", "occipital": "55"}
    assert physician.post("/zone-areas", data).status_code == 303
    assert 'value="55"' in text(physician.get("/zone-areas"))
    assert known(chair) == {Zone.OCCIPITAL: 5_500}
    assert known(chair, location_id=factories.a_location(db).id) == {}


def test_technique_and_device_are_kept_with_each_point(chair, db):
    given = some_sites(20, technique=Technique.NAPPAGE, device=Device.GUN)
    plain = tuple(replace(site, seq=site.seq + 20) for site in some_sites(20))
    session = chair.signed(chair.whole(sites=(*given, *plain)))
    db.expire_all()

    stored = session_queries.get(db, session.id)
    assert record.content_of(stored).sites == (*given, *plain)
    assert record.is_intact(stored)
    assert points.loads(points.dumps(given)) == given


@pytest.mark.parametrize("wrong", ["stabbing", "", 1, None])
def test_an_unknown_technique_is_refused(wrong):
    sites = points.dumps(some_sites(1)).replace("}]", f',"technique":{_json(wrong)}}}]')
    with pytest.raises(Invalid):
        points.loads(sites)


def _json(value) -> str:
    return "null" if value is None else f'"{value}"' if isinstance(value, str) else str(value)
