"""A tick under unusual values stands for just these values: any other one is asked about anew."""

import datetime as dt
from dataclasses import replace

import pytest

from clinic.catalog.values import Modality
from clinic.core.access import Role
from clinic.core.zones import Zone
from clinic.treatments import points
from clinic.treatments.delivery import Anaesthesia
from clinic.treatments.preparation_values import Preparation, Spin
from clinic.treatments.rules import checks, delivering, outside, preparing, protocol
from tests.treatments.cases import A_SITE, LIDOCAINE, PROCAINE, TODAY, a_case, codes, forty
from tests.treatments.conftest import some_sites
from tests.treatments.pages import hidden, text, written

MESO = Modality.MESOTHERAPY
TICK = 'name="soft_limits_accepted"'


def sites(count: int, **changes):
    return tuple(replace(A_SITE, seq=n, **changes) for n in range(1, count + 1))


def of_case(**fields):
    return checks.unusual(a_case(**fields))


def of_blood(**fields):
    return preparing.unusual(Preparation(**fields), on=TODAY)


def numbed(lot, amount_ul: int, **fields):
    return {
        "used": (replace(lot, amount_ul=amount_ul),),
        "weight_g": 52_000,
        "weight_on": TODAY,
        **fields,
    }


CASES = {
    "points_unusual": [{"sites": sites(n)} for n in (19, 5, 151)],
    "total_unusual": [
        {"modality": MESO, "sites": sites(20, volume_ul=ul)} for ul in (305, 350, 400, 20)
    ],
    "each_unusual": [{"sites": forty(volume_ul=ul)} for ul in (210, 201, 400, 15)],
    "depth_unusual": [{"sites": forty(depth_um=um)} for um in (6_500, 6_100, 8_000, 900)],
    "gauge_unusual": [{"sites": forty(needle_gauge=gauge)} for gauge in (26, 25, 34)],
    "needle_unusual": [{"sites": forty(needle_um=um)} for um in (14_000, 13_500, 20_000, 3_000)],
    "pain_unusual": [{"pain": pain} for pain in (8, 7, 10)],
    "weight_unusual": [{"weight_g": g} for g in (39_000, 39_500, 35_000, 190_000)],
    "less_than_there_was": [{"prepared_ul": 6_000, "sites": sites(n)} for n in (40, 30, 45)],
    "anaesthetic_unusual": [numbed(LIDOCAINE, ul) for ul in (8_000, 7_900, 9_000)]
    + [numbed(LIDOCAINE, 8_000, weight_g=52_100), numbed(PROCAINE, 11_000)],
    "anaesthetic_unknown": [
        numbed(replace(LIDOCAINE, ingredient="articaine"), ul) for ul in (1_000, 500, 9_000)
    ],
}
BLOOD = {
    "blood_unusual": [{"blood_ul": ul} for ul in (65_000, 61_000, 90_000, 7_000)],
    "prp_unusual": [{"prp_ul": ul} for ul in (11_000, 10_500, 20_000, 1_500)],
    "haemoglobin_unusual": [{"base_haemoglobin_mgdl": n} for n in (11_000, 11_500, 9_000, 18_000)],
    "base_platelets_unusual": [{"base_platelets_e6l": n} for n in (900_000, 800_000, 60_000)],
    "prp_platelets_unusual": [{"prp_platelets_e6l": n} for n in (2_100_000, 2_050_000, 300_000)],
    "anticoagulant_percent_unusual": [
        {"blood_ul": 20_000, "anticoagulant_ul": ul} for ul in (3_100, 3_050, 5_000, 1_000)
    ],
    "rcf_unusual": [{"spins": (Spin(rcf_g=g),)} for g in (2_100, 2_050, 2_900, 60)],
    "minutes_unusual": [{"spins": (Spin(minutes=n),)} for n in (25, 22, 30, 2)],
}
ALL = [(code, of_case, rows) for code, rows in CASES.items()]
ALL += [(code, of_blood, rows) for code, rows in BLOOD.items()]


@pytest.mark.parametrize(("code", "judge", "rows"), ALL, ids=[code for code, *_ in ALL])
def test_a_tick_covers_neither_a_worse_value_nor_a_better_one(code, judge, rows):
    found = [tuple(b for b in judge(**row) if b.code == code) for row in rows]

    assert all(found), "each of them is unusual"
    for n, accepted in enumerate(found):
        mark = outside.seen(accepted)
        assert [outside.is_seen(other, mark) for other in found] == [
            m == n for m in range(len(found))
        ]


@pytest.mark.parametrize(("code", "judge", "rows"), ALL, ids=[code for code, *_ in ALL])
def test_each_other_value_is_another_sentence(code, judge, rows):
    said = {
        tuple(
            b.message % {name: str(value) for name, value in b.values}
            for b in judge(**row)
            if b.code == code
        )
        for row in rows
    }
    assert len(said) == len(rows)


def test_one_more_point_of_the_same_depth_is_asked_about():
    few = of_case(sites=(*forty(), replace(A_SITE, seq=41, depth_um=7_000)))
    more = of_case(
        sites=(*forty(), *(replace(A_SITE, seq=n, depth_um=7_000) for n in range(41, 60)))
    )
    most = of_case(
        sites=(*forty(), *(replace(A_SITE, seq=n, depth_um=7_000) for n in range(41, 61)))
    )
    assert codes(few) == codes(more) == codes(most) == {"depth_unusual"}
    assert not outside.is_seen(more, outside.seen(few))
    assert not outside.is_seen(most, outside.seen(more))


def test_a_tick_for_one_drug_without_a_lot_does_not_cover_another():
    cream, block = (
        tuple(delivering.unusual(a_case(anaesthesia=(one,))))
        for one in [one for one in Anaesthesia if one.is_drug][:2]
    )
    assert cream
    assert not outside.is_seen(block, outside.seen(cream))


def test_a_density_is_ticked_for_what_it_is():
    areas = {Zone.VERTEX: 2_000}
    shipped = protocol.Protocol(doses={}, is_shipped=True, source="")
    marks = {
        outside.seen(protocol.unusual(a_case(sites=sites(n)), shipped, areas)) for n in (30, 31, 40)
    }
    assert len(marks) == 3


@pytest.mark.parametrize(("minutes", "is_same"), [(74, True), (75, False), (239, False)])
def test_minutes_run_on_for_a_quarter_while_the_page_is_read(minutes, is_same):
    drawn = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
    first, later = (
        preparing.slow_injection(drawn, drawn + dt.timedelta(minutes=n)) for n in (61, minutes)
    )
    assert first is not None
    assert later is not None
    assert outside.is_seen([later], outside.seen([first])) is is_same


# ------------------------------------------------------------------------------------ the record


def is_ticked(page: str) -> bool:
    tick = next(line for line in page.split("<input") if TICK in line)
    return "checked" in tick.split(">")[0]


@pytest.mark.parametrize("count", [4, 12])
def test_a_kept_tick_does_not_stand_for_what_was_changed_and_kept_after_it(chair, world, count):
    session = chair.save(
        chair.prepared(), chair.whole(sites=some_sites(10), soft_limits_accepted=True)
    )
    nurse, url = world.as_role(Role.NURSE), f"/sessions/{session.id}"
    page = text(nurse.get(url))
    assert is_ticked(page)
    assert "10 points; a session usually has 20 to 150" in page

    shown = hidden(page, "unusual_seen")
    changed = written(
        session,
        points=points.dumps(some_sites(count)),
        soft_limits_accepted="y",
        unusual_seen=shown,
    )
    assert nurse.post(url, changed).status_code == 303

    page = text(nurse.get(url))
    assert f"{count} points; a session usually has 20 to 150" in page
    assert not is_ticked(page)
    assert hidden(page, "unusual_seen") != shown


def test_a_tick_kept_under_the_same_values_stays(chair, world):
    session = chair.save(
        chair.prepared(), chair.whole(sites=some_sites(10), soft_limits_accepted=True)
    )
    nurse, url = world.as_role(Role.NURSE), f"/sessions/{session.id}"
    same = {"points": points.dumps(some_sites(10)), "soft_limits_accepted": "y", "note": "Calm"}
    seen = hidden(text(nurse.get(url)), "unusual_seen")

    assert nurse.post(url, written(session, **same, unusual_seen=seen)).status_code == 303
    assert is_ticked(text(nurse.get(url)))


def test_the_signed_record_says_which_values_were_accepted(chair, world):
    session = chair.sign(
        chair.prepared(), chair.whole(sites=some_sites(10), soft_limits_accepted=True)
    )
    page = text(world.as_role(Role.NURSE).get(f"/sessions/{session.id}"))
    assert "10 points; a session usually has 20 to 150" in page
    assert "checked and accepted" in page


@pytest.mark.parametrize(("weight", "stays"), [("70", True), ("71", False)])
def test_a_tick_comes_back_with_typed_words_only_over_what_was_not_touched(
    chair, world, weight, stays
):
    content = chair.whole(
        sites=some_sites(10), soft_limits_accepted=True, weight_g=70_000, weight_on=TODAY
    )
    session = chair.save(chair.prepared(), content)
    nurse, url = world.as_role(Role.NURSE), f"/sessions/{session.id}"
    page = text(nurse.get(url))
    typed = written(
        session,
        points=points.dumps(some_sites(10)),
        weight=weight,
        weight_on=TODAY.isoformat(),
        note="Half a word",
        soft_limits_accepted="y",
        unusual_seen=hidden(page, "unusual_seen"),
        draft_tab="a" * 24,
        draft_seq="1",
        draft_seen="0",
        draft_account=str(chair.actor(Role.NURSE).id),
    )
    assert nurse.post(f"{url}/drafts/session", typed).status_code == 200

    page = text(nurse.get(url))
    assert "Half a word" in page
    assert is_ticked(page) is stays
