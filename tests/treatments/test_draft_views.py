"""The page of a draft: what is written, what is refused, and that nothing typed is lost."""

import datetime as dt
import json
import re
from dataclasses import replace
from typing import Any

import pytest

from clinic.core.access import Role
from clinic.core.zones import Zone
from clinic.safety.values import FactKind, FactSource, FactState
from clinic.treatments import points, record
from clinic.treatments.queries import sessions as queries
from clinic.treatments.rules import scalp
from clinic.treatments.values import Content
from tests.treatments.conftest import some_sites
from tests.treatments.pages import hidden, text, written


def test_a_new_draft_proposes_the_known_weight(chair, world, db):
    chair.knows(FactKind.VITAL, "weight", value_milli=61_500, unit="kg")
    session = chair.begin()

    page = text(world.as_role(Role.NURSE).get(f"/sessions/{session.id}"))

    assert 'value="61.5"' in page
    assert page.count('role="button"') == sum(len(one.shapes) for one in scalp.drawings())


def test_an_unusable_lot_is_shown_with_its_reason_and_cannot_be_chosen(chair, world):
    chair.lidocaine.expires_on = dt.date(2026, 11, 1)
    session = chair.begin()
    nurse = world.as_role(Role.NURSE)

    page = text(nurse.get(f"/sessions/{session.id}"))
    assert re.search(
        r"<option disabled[^>]*>✕ Lidocaine 2 % · \u2066A-2\u2069 · .2026-11-01. · expired",
        page,
    )
    answer = nurse.post(f"/sessions/{session.id}", written(session, lot_1=str(chair.lidocaine.id)))
    assert answer.status_code == 422
    assert "Lot A-2 must not be used: expired" in text(answer)


@pytest.mark.parametrize(("weight", "each"), [("61.5", "0.1"), ("61,5", "0,1"), ("٦١٫٥", "0.1")])
def test_a_nurse_saves_a_draft_with_comma_or_point(chair, world, db, weight, each):
    session = chair.begin()
    nurse = world.as_role(Role.NURSE)

    saved = nurse.post(
        f"/sessions/{session.id}",
        written(session, weight=weight, weight_on="2026-11-23", each=each),
    )

    assert saved.status_code == 303
    db.expire_all()
    stored = queries.get(db, session.id)
    assert stored.weight_g == 61_500
    assert len(stored.sites) == 40
    page = text(nurse.get(saved.location))
    assert "Draft saved" in page
    assert "4.00" in page


def test_without_a_script_points_are_added_and_removed_by_the_table(chair, world, db):
    session = chair.begin()
    nurse = world.as_role(Role.NURSE)
    url = f"/sessions/{session.id}"
    empty = {"points": ""}

    added = nurse.post(
        url,
        written(session, **empty, do="add", add_zone="vertex", add_count="10"),
    )
    assert added.status_code == 303
    db.expire_all()
    (site,) = record.content_of(queries.get(db, session.id)).sites
    assert (site.zone, site.points, site.volume_ul, site.place) == (Zone.VERTEX, 10, 1_000, None)

    page = text(nurse.get(url))
    assert 'value="remove-1"' in page
    again = written(session, points=hidden(page, "points"), version=hidden(page, "version"))
    assert nurse.post(url, {**again, "do": "remove-1"}).status_code == 303
    db.expire_all()
    assert queries.get(db, session.id).sites == []


def test_adding_points_without_a_zone_says_so_and_keeps_what_was_typed(chair, world):
    session = chair.begin()

    answer = world.as_role(Role.NURSE).post(
        f"/sessions/{session.id}", written(session, do="add", note="Left first")
    )

    assert answer.status_code == 422
    assert "Choose the zone" in text(answer)
    assert "Left first" in text(answer)
    assert points.loads(hidden(text(answer), "points")) == some_sites()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"weight": "61 kg"}, "Enter a number"),
        ({"weight": "1.000,5"}, "Enter a number"),
        ({"pain": "11"}, "A whole number from 0 to 10"),
        ({"pain": "2.5"}, "A whole number from 0 to 10"),
        ({"spacing": "2.999"}, "From 3 to 30 mm"),
        ({"spacing": "30,001"}, "From 3 to 30 mm"),
        ({"weight": "29.999"}, "From 30 to 300 kg"),
        ({"weight_on": "2026-11-24"}, "Not after 2026-11-23"),
        ({"weight_on": "1066-01-01"}, "Not before"),
        ({"note": "a\0b"}, "cannot be stored"),
        ({"note": "x" * 4001}, "At most 4000"),
        ({"lot_1": "999999"}, "Choose one of the list"),
        ({"amount_3": "1"}, "Choose the lot that this amount belongs to"),
        ({"each": "0.501"}, "From 0.01 to 0.5 mL"),
        ({"depth": "13.1"}, "From 0.5 to 13 mm"),
        ({"needle": "1.9"}, "From 2 to 40 mm"),
        ({"gauge": "24"}, "Choose one of the list"),
    ],
    ids=lambda value: next(iter(value.items())).__str__()[:30] if isinstance(value, dict) else "",
)
def test_bad_input_is_refused_at_its_field_and_nothing_is_lost(chair, world, changes, words):
    session = chair.begin()

    answer = world.as_role(Role.NURSE).post(
        f"/sessions/{session.id}", written(session, **{"note": "Keep me", **changes})
    )

    page = text(answer)
    assert answer.status_code == 422
    assert words in page
    if "note" not in changes:
        assert "Keep me" in page
    assert points.loads(hidden(page, "points")) == some_sites()


A_POINT = {"n": 1, "zone": "vertex", "ul": 100, "um": 3000, "gauge": 30}


def one(**changes: Any) -> str:
    return json.dumps([{**A_POINT, **changes}])


BAD_POINTS = [
    "no json",
    "{",
    "[" * 100_000,
    '{"n": 1}',
    "[1]",
    "[null]",
    "[{}]",
    one(n=0),
    one(n=True),
    one(n="1.5"),
    one(n=40_000),
    one(zone="elbow"),
    one(zone=["vertex"]),
    one(zone=None),
    one(ul=100.5),
    one(ul=-100),
    one(ul=float("nan")),
    one(ul=1).replace("1}", "1e400}").replace('"ul": 1,', '"ul": 1e400,'),
    one(ul="1" * 5000),
    one(view="top"),
    one(view="top", x=9999, y=1),
    one(view="under", x=1, y=1),
    one(points=0),
    one(points=401),
    json.dumps([A_POINT, A_POINT]),
    json.dumps([{**A_POINT, "n": n} for n in range(1, 402)]),
    "1" + "0" * 5000,
]


@pytest.mark.parametrize("raw", BAD_POINTS, ids=range(len(BAD_POINTS)))
def test_points_that_cannot_be_read_are_refused_never_a_crash(chair, world, db, raw):
    session = chair.begin()

    answer = world.as_role(Role.NURSE).post(f"/sessions/{session.id}", written(session, points=raw))

    assert answer.status_code == 422
    assert "could not be read" in text(answer)
    assert queries.get(db, session.id).saved_at is None


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"x": 200, "y": 64}, "Point 1 does not lie in its zone: Vertex"),
        ({"ul": 501}, "Point 1: 0.501 mL each; from 0.01 to 0.5 mL"),
        ({"um": 13_000, "gauge": 24}, "Point 1: a needle of 25 to 34 G"),
        ({"nl": 1_999}, "Point 1: a needle of 2 to 40 mm"),
    ],
)
def test_a_point_outside_of_its_limits_is_named(chair, world, row, words):
    session = chair.begin()
    point = {"n": 1, "zone": "vertex", "view": "top", "x": 200, "y": 290, "ul": 100, "um": 3000}
    raw = json.dumps([{**point, "gauge": 30, "nl": 4000, **row}])

    answer = world.as_role(Role.NURSE).post(f"/sessions/{session.id}", written(session, points=raw))

    assert answer.status_code == 422
    assert words in text(answer)


def test_a_barred_zone_is_drawn_shut_and_refused_with_the_reason(chair, world):
    chair.knows(
        FactKind.HAIR,
        "hair",
        state=FactState.ABSENT,
        zone=Zone.VERTEX,
        began_on=dt.date(2020, 1, 1),
        source=FactSource.PHYSICIAN,
    )
    session = chair.begin()
    nurse = world.as_role(Role.NURSE)

    page = text(nurse.get(f"/sessions/{session.id}"))
    assert re.search(r'class="zone  shut" data-zone="vertex"[^>]*aria-disabled="true"', page)
    assert "Vertex must not be treated:" in page

    answer = nurse.post(f"/sessions/{session.id}", written(session))
    assert answer.status_code == 422
    assert text(answer).count("Vertex must not be treated:") >= 2


def test_an_anaesthetic_is_refused_one_microlitre_above_its_limit(chair, world):
    session = chair.begin()
    nurse = world.as_role(Role.NURSE)
    dosed = {"lot_2": str(chair.lidocaine.id), "weight": "52", "weight_on": "2026-11-20"}

    over = nurse.post(f"/sessions/{session.id}", written(session, **dosed, amount_2="11,701"))
    assert over.status_code == 422
    assert "234.02 mg is too much for 52 kg: at most 234 mg (11.7 mL)" in text(over)

    assert (
        nurse.post(
            f"/sessions/{session.id}", written(session, **dosed, amount_2="11.7")
        ).status_code
        == 303
    )
    assert "at most \u206611.7\u2069 mL" in text(nurse.get(f"/sessions/{session.id}"))


def test_a_stale_save_shows_both_texts_and_can_be_repeated(chair, world, db):
    session = chair.begin()
    seen = session.version
    chair.save(session, Content(note="Hers", pain=2))
    nurse = world.as_role(Role.NURSE)

    answer = nurse.post(f"/sessions/{session.id}", written(session, version=str(seen), note="Mine"))
    page = text(answer)
    assert answer.status_code == 409
    for words in ("Hers", "Mine", "VX: 40"):
        assert words in page

    again = nurse.post(
        f"/sessions/{session.id}",
        written(session, version=hidden(page, "version"), note="Mine"),
    )
    assert again.status_code == 303
    db.expire_all()
    assert queries.get(db, session.id).note == "Mine"


def test_the_same_save_sent_twice_is_no_conflict(chair, world):
    session = chair.begin()
    nurse = world.as_role(Role.NURSE)
    data = written(session)

    assert nurse.post(f"/sessions/{session.id}", data).status_code == 303
    assert nurse.post(f"/sessions/{session.id}", data).status_code == 303


def test_after_the_last_number_no_point_is_added(chair, world):
    session = chair.begin()
    last = some_sites(1)[0]
    data = written(session, do="add", add_zone="vertex", add_count="2")
    data["points"] = points.dumps([replace(last, seq=points.LAST_NUMBER)])

    answer = world.as_role(Role.NURSE).post(f"/sessions/{session.id}", data)

    assert answer.status_code == 422
    assert "Reload the page and set them again" in text(answer)


def test_a_point_that_no_record_can_hold_is_refused_when_a_session_is_broken_off(chair, world):
    """0.299 mm: the database takes from 0.3 mm, whatever is ticked."""
    session = chair.prepared()
    data = written(session, reason="Faint", outside_given="y", outside_reason="Slipped")
    data["points"] = points.dumps(some_sites(2, depth_um=299))
    physician = world.as_role(Role.PHYSICIAN)

    asked = physician.post(f"/sessions/{session.id}/abort", data)
    data["outside_seen"] = hidden(text(asked), "outside_seen")

    assert physician.post(f"/sessions/{session.id}/abort", data).status_code == 422
