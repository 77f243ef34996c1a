"""The page of blood and PRP: what is typed is kept or said at its field; roles, stale pages."""

import datetime as dt
import re
from typing import Any

import pytest

from clinic.catalog.values import ResourceKind
from clinic.core.access import Role
from clinic.safety.values import FactKind
from clinic.treatments import record
from clinic.treatments.preparation_models import KitPreset
from clinic.treatments.preparation_values import (
    Anticoagulant,
    Brake,
    Kit,
    Layer,
    Method,
    Preparation,
)
from clinic.treatments.queries import sessions as queries
from tests import factories
from tests.counting import statements
from tests.treatments.pages import hidden, text


def typed(session, chair, **changes: Any) -> dict[str, Any]:
    """A whole preparation as its form sends it."""
    return {
        "version": str(chair.row(session).version),
        "blood": "30",
        "anticoagulant": "acd_a",
        "anticoagulant_volume": "3",
        "prp": "6",
        "activation": "none",
        "kit_1": str(chair.kit.id),
        **changes,
    }


def url(session) -> str:
    return f"/sessions/{session.id}/preparation"


def kept(chair, session) -> Preparation:
    chair.db.expire_all()
    return record.preparation_of(queries.get(chair.db, session.id))


def test_a_new_card_proposes_the_first_expiring_kit_and_the_known_platelets(chair, world):
    page = text(world.as_role(Role.NURSE).get(url(chair.begin())))

    assert re.search(rf'<option selected value="{chair.kit.id}"', page)
    assert 'value="250"' in page
    assert "not computed: volume of the PRP, platelets of the PRP missing" in page


@pytest.mark.parametrize("blood", ["30.5", "30,5", "٣٠٫٥"])
def test_a_nurse_saves_with_comma_or_point(chair, world, blood):
    session = chair.begin()

    saved = world.as_role(Role.NURSE).post(url(session), typed(session, chair, blood=blood))

    assert saved.status_code == 303
    assert kept(chair, session).blood_ul == 30_500
    page = text(world.as_role(Role.NURSE).get(f"/sessions/{session.id}"))
    assert "30.5" in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"blood": "3.999"}, "From 4 to 120 mL"),
        ({"blood": "30 mL"}, "Enter a number"),
        ({"prp": "0.499"}, "From 0.5 to 30 mL"),
        ({"prp": "30.0"}, "must be less than the 30 mL of blood"),
        ({"anticoagulant": "heparin"}, "Choose one of the list"),
        ({"kit_1": "999999"}, "Choose one of the list"),
        ({"rcf_1": "49"}, "A whole number from 50 to 3000"),
        ({"rcf_1": "400.5"}, "A whole number from 50 to 3000"),
        ({"minutes_1": "31"}, "A whole number from 1 to 30"),
        ({"rpm_1": "3000"}, "Revolutions say nothing without"),
        ({"rpm_1": "6001", "radius_1": "100"}, "A whole number from 300 to 6000"),
        ({"rpm_1": "6000", "radius_1": "250"}, "Spin 1: from 50 to 3000 g"),
        ({"radius_1": "39"}, "A whole number from 40 to 250"),
        ({"started_1": "25:00"}, "Enter a time"),
        ({"ended_1": "09:00"}, "ended without having begun"),
        ({"drawn_at": "10:59"}, "has not come yet"),
        ({"base_platelets": "4.9"}, "From 5 to 2000"),
        ({"prp_platelets": "5000.1"}, "From 50 to 5000"),
        ({"base_leukocytes": "501"}, "From 0 to 500"),
        ({"base_neutrophils": "501"}, "From 0 to 500"),
        ({"base_leukocytes": "6", "base_neutrophils": "6.001"}, "Neutrophils are leukocytes"),
        ({"base_haemoglobin": "140"}, "From 3 to 25 g/dL"),
        ({"temperature_1": "41"}, "A whole number from 0 to 40"),
        ({"brake_1": "hard"}, "Choose one of the list"),
        ({"base_on": "2026-11-24"}, "Not after 2026-11-23"),
        ({"prp_source": "x" * 81}, "At most 80"),
        ({"tubes": "13"}, "A whole number from 1 to 12"),
        ({"activator": "0.5"}, "Nothing was added to activate it"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_is_lost(chair, world, changes, words):
    session = chair.begin()
    data = typed(session, chair, base_source="Own counter") | changes

    answer = world.as_role(Role.NURSE).post(url(session), data)

    assert answer.status_code == 422
    assert words in text(answer)
    assert "Own counter" in text(answer) or "base_source" in changes
    assert kept(chair, session) == Preparation()


def test_buttons_stamp_what_was_done_just_now(chair, world):
    session = chair.begin()
    nurse = world.as_role(Role.NURSE)
    for does in ("drawn", "start-1", "stop-1", "obtained"):
        page = text(nurse.get(url(session)))
        assert f'value="{does}"' in page
        data = typed(session, chair, do=does, version=hidden(page, "version"))
        data |= dict(
            re.findall(r'name="((?:drawn_at|obtained_at|\w+ed_1))"[^>]*value="([^"]+)"', page)
        )
        assert nurse.post(url(session), data).status_code == 303

    found = kept(chair, session)
    assert found.drawn_at <= found.spins[0].started_at <= found.spins[0].ended_at
    assert found.spins[0].ended_at <= found.obtained_at
    assert chair.actor(Role.NURSE).name in text(nurse.get(url(session)))


def test_a_preset_fills_the_card_with_one_press(chair, world, db):
    preset = KitPreset(
        name="Two spins",
        product_id=chair.kit.product_id,
        method=Method.HAND,
        tubes=2,
        blood_ul=20_000,
        anticoagulant=Anticoagulant.ACD_A,
        anticoagulant_ul=2_000,
        layer=Layer.BUFFY_COAT,
        prp_ul=5_000,
        spins=[
            {"rcf_g": 100, "minutes": 10, "temperature_c": 20, "brake": "soft"},
            {"rcf_g": 400, "minutes": 10},
        ],
        source="PEREZ",
    )
    db.add(preset)
    db.flush()
    session = chair.begin()
    nurse = world.as_role(Role.NURSE)
    assert "Two spins" in text(nurse.get(url(session)))

    data = {"version": str(chair.row(session).version), "do": f"preset-{preset.id}"}
    assert nurse.post(url(session), data).status_code == 303

    found = kept(chair, session)
    assert found.preset_id == preset.id
    assert found.kits == (Kit(lot_id=chair.kit.id),)
    assert [(spin.rcf_g, spin.minutes) for spin in found.spins] == [(100, 10), (400, 10)]
    assert (found.spins[0].temperature_c, found.spins[0].brake) == (20, Brake.SOFT)
    assert (found.blood_ul, found.prp_ul) == (20_000, None), "what came of it is never filled in"
    page = text(nurse.get(url(session)))
    assert "PEREZ" in page
    assert "expected" in page


def test_a_stale_page_shows_both_texts_and_can_be_repeated(chair, world):
    session = chair.begin()
    data = typed(session, chair, blood="29")
    chair.prepare(session)
    nurse = world.as_role(Role.NURSE)

    answer = nurse.post(url(session), data)
    page = text(answer)
    assert answer.status_code == 409
    assert "Somebody else has changed blood and PRP" in page
    assert "<td>30</td>" in page
    assert "<ins>29</ins>" in page

    data |= {"version": hidden(page, "version"), "reason": "Nobody noted the draw"}
    assert nurse.post(url(session), data).status_code == 303
    assert kept(chair, session).blood_ul == 29_000


def test_a_signed_session_is_read_not_written(chair, world):
    session = chair.signed()
    nurse = world.as_role(Role.NURSE)

    assert nurse.get(url(session)).status_code == 303
    answer = nurse.post(url(session), typed(session, chair, blood="29"))
    assert answer.status_code == 409
    assert "This session is signed." in text(answer)
    page = text(nurse.get(f"/sessions/{session.id}"))
    for words in ("30", "ACD-A", "Concentration factor"):
        assert words in page


def test_what_was_counted_and_how_it_was_spun_is_read_in_the_signed_record(chair, world):
    session = chair.begin()
    machine = factories.a_resource(
        chair.db,
        location=world.location,
        kind=ResourceKind.DEVICE,
        radius_mm=85,
        service_due_on=dt.date(2027, 3, 1),
    )
    nurse = world.as_role(Role.NURSE)
    counts = {
        **{"base_platelets": "250", "base_leukocytes": "6", "base_neutrophils": "3.1"},
        **{"prp_platelets": "800", "prp_leukocytes": "9", "prp_neutrophils": "4.2"},
        **{"base_haemoglobin": "14,2", "base_kind": "measured", "prp_kind": "estimated"},
    }
    spun = {"rpm_1": "3000", "minutes_1": "10", "temperature_1": "21", "brake_1": "off"}
    data = typed(session, chair, centrifuge=str(machine.id), drawn_at="09:40", **counts, **spun)
    assert nurse.post(url(session), data).status_code == 303
    page = text(nurse.get(url(session)))
    assert "Its rotor: 85 mm" in page
    assert "from 3000 revolutions at 85 mm" in page
    nurse.post(
        url(session), data | {"version": hidden(page, "version"), "rpm_1": "", "rcf_1": "855"}
    )
    assert "set 3000 revolutions in this centrifuge" in text(nurse.get(url(session)))

    chair.read_tube(session)
    chair.sign(session, chair.whole(soft_limits_accepted=True))
    page = text(nurse.get(f"/sessions/{session.id}"))
    for words in ("Without a brake", "21", "14.2", "4.2", "P3-Aα", "Mar 1, 2027", "Estimated"):
        assert words in page, words


def test_a_haemoglobin_of_the_same_day_is_proposed_and_none_of_another(chair, world):
    session = chair.begin()
    nurse = world.as_role(Role.NURSE)
    chair.knows(
        FactKind.LAB,
        "haemoglobin",
        value_milli=13_700,
        unit="g/dL",
        noted_on=dt.date(2026, 11, 22),
    )
    assert "13.7" not in text(nurse.get(url(session)))
    chair.knows(FactKind.LAB, "haemoglobin", value_milli=13_700, unit="g/dL")
    assert 'value="13.7"' in text(nurse.get(url(session)))


def test_a_changed_time_asks_why_and_loses_nothing(chair, world):
    session = chair.begin()
    nurse = world.as_role(Role.NURSE)
    nurse.post(url(session), typed(session, chair, drawn_at="09:40"))
    page = text(nurse.get(url(session)))
    assert 'name="reason"' not in page
    seen = hidden(page, "version")
    data = typed(session, chair, drawn_at="09:45", blood="29", version=seen)

    asked = nurse.post(url(session), data)
    assert asked.status_code == 422
    assert "say why" in text(asked)
    assert 'value="09:45"' in text(asked)
    assert kept(chair, session).blood_ul == 30_000
    assert nurse.post(url(session), data | {"reason": "Misread"}).status_code == 303
    assert kept(chair, session).blood_ul == 29_000


def test_who_may_write_it(chair, world):
    session = chair.begin()
    for role in Role:
        may = role in {Role.NURSE, Role.PHYSICIAN}
        client = world.as_role(role)
        assert (client.get(url(session)).status_code == 200) is may, role
        assert (client.post(url(session)).status_code == 422) is may, role


def test_where_no_blood_is_drawn_there_is_no_card(chair, world, db):
    visit = chair.book(dt.datetime(2026, 11, 23, 15, 0), chair.mesotherapy)
    session = chair.begin(visit=visit)
    nurse = world.as_role(Role.NURSE)
    assert nurse.get(url(session)).status_code == 404
    assert nurse.post(url(session), {"version": "1"}).status_code == 404
    session.location_id = factories.a_location(db).id
    db.flush()
    assert nurse.get(url(session)).status_code == 404


def test_the_card_takes_few_statements(chair, world, connection):
    session = chair.prepared()
    chair.knows(FactKind.LAB, "platelets", value_milli=240_000, unit="10*9/L")
    nurse = world.as_role(Role.NURSE)
    nurse.get(url(session))

    with statements(connection) as seen:
        assert nurse.get(url(session)).status_code == 200
    assert len(seen) <= 30


def test_what_is_typed_and_not_kept_comes_back_and_goes_when_it_is_kept(chair, world):
    session = chair.begin()
    nurse = world.as_role(Role.NURSE)
    page = text(nurse.get(url(session)))
    own = {name: hidden(page, name) for name in ("draft_tab", "draft_account", "version")}
    data = {**typed(session, chair, blood="2o"), **own, "draft_seen": "0", "draft_seq": "1"}

    sent = nurse.post(f"/sessions/{session.id}/drafts/preparation", data)
    assert sent.status_code == 200
    chair.save(session, chair.whole())  # The map has a version of its own.
    again = nurse.post(
        f"/sessions/{session.id}/drafts/preparation", {**data, "draft_seq": "2", "prp": "5"}
    )
    assert again.status_code == 200
    back = text(nurse.get(url(session)))
    assert 'value="2o"' in back
    assert "not yet saved" in back

    fixed = {**typed(session, chair, blood="20"), **own, "draft_seen": "2"}
    assert nurse.post(url(session), fixed).status_code == 303
    assert 'value="2o"' not in text(nurse.get(url(session)))


def test_words_typed_on_an_older_card_are_laid_beside_what_was_kept(chair, world):
    session = chair.begin()
    nurse = world.as_role(Role.NURSE)
    page = text(nurse.get(url(session)))
    own = {name: hidden(page, name) for name in ("draft_tab", "draft_account", "version")}
    data = {**typed(session, chair, blood="29"), **own, "draft_seen": "0", "draft_seq": "1"}
    nurse.post(f"/sessions/{session.id}/drafts/preparation", data)
    chair.prepare(session)

    back = text(nurse.get(url(session)))
    assert "<ins>29</ins>" in back
    late = nurse.post(f"/sessions/{session.id}/drafts/preparation", {**data, "draft_seq": "2"})
    assert late.status_code == 409
