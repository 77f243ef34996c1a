"""Blood and PRP by their rules: N-1, N, N+1 of each limit, the order of steps, what is missing."""

import datetime as dt
from dataclasses import replace

import pytest

from clinic.treatments.preparation_values import (
    Activation,
    Anticoagulant,
    CountKind,
    Kit,
    Preparation,
    Spin,
)
from clinic.treatments.rules import limits, preparing, spinning
from clinic.treatments.rules import preparation_limits as here
from tests.treatments.cases import codes

pytestmark = pytest.mark.once
NOW = dt.datetime(2026, 11, 23, 10, 0, tzinfo=dt.UTC)
FULL = Preparation(
    blood_ul=30_000,
    drawn_at=NOW,
    anticoagulant=Anticoagulant.ACD_A,
    anticoagulant_ul=3_000,
    prp_ul=6_000,
    activation=Activation.NONE,
    kits=(Kit(lot_id=1),),
)


def minutes(n: int) -> dt.datetime:
    """An instant so many minutes before now."""
    return NOW - dt.timedelta(minutes=n)


def refused(**changes) -> set[str]:
    return codes(preparing.refused(Preparation(**changes), now=NOW))


def unusual(**changes) -> set[str]:
    return codes(preparing.unusual(Preparation(**changes), on=NOW.date()))


# ------------------------------------------------------------------- numbers, one by one


def of_a_spin(name):
    return lambda value: {"spins": (Spin(**{name: value}),)}


def plain(name):
    return lambda value: {name: value}


LIMITED = [
    (plain("blood_ul"), limits.BLOOD),
    (plain("anticoagulant_ul"), limits.ANTICOAGULANT),
    (plain("prp_ul"), limits.PRP),
    (plain("base_platelets_e6l"), here.BASE_PLATELETS),
    (plain("prp_platelets_e6l"), here.PRP_PLATELETS),
    (plain("base_haemoglobin_mgdl"), here.HAEMOGLOBIN),
    (of_a_spin("rcf_g"), here.RCF),
    (of_a_spin("minutes"), here.MINUTES),
]


@pytest.mark.parametrize(("made", "limit"), LIMITED, ids=lambda value: getattr(value, "code", ""))
def test_a_number_is_refused_one_beyond_its_hard_limit(made, limit):
    for value in (limit.hard.least, limit.hard.most):
        assert limit.code not in refused(**made(value))
    for value in (limit.hard.least - 1, limit.hard.most + 1):
        assert limit.code in refused(**made(value))


@pytest.mark.parametrize(
    ("made", "limit"),
    [(made, limit) for made, limit in LIMITED if limit.soft],
    ids=lambda value: getattr(value, "code", ""),
)
def test_a_number_is_unusual_one_beyond_its_soft_limit(made, limit):
    code = f"{limit.code}_unusual"

    for value in (limit.soft.least, limit.soft.most):
        assert code not in unusual(**made(value))
    for value in (limit.soft.least - 1, limit.soft.most + 1):
        assert code in unusual(**made(value))


@pytest.mark.parametrize(
    ("added_ul", "is_odd"), [(2_099, True), (2_100, False), (4_500, False), (4_501, True)]
)
def test_the_share_of_anticoagulant_is_compared_exactly(added_ul, is_odd):
    found = unusual(blood_ul=30_000, anticoagulant_ul=added_ul)

    assert ("anticoagulant_percent_unusual" in found) is is_odd


def test_there_is_less_prp_than_blood():
    assert "prp_from_blood" in refused(blood_ul=8_000, prp_ul=8_000)
    assert "prp_from_blood" not in refused(blood_ul=8_000, prp_ul=7_999)
    assert "prp_from_blood" not in refused(prp_ul=7_999)


def test_a_volume_needs_what_it_is_of():
    none = Anticoagulant.NONE
    assert refused(anticoagulant=none, anticoagulant_ul=1) == {"anticoagulant_none"}
    assert refused(activation=Activation.LIGHT, activator_ul=100) == {"activator_none"}
    assert refused(activation=Activation.CACL2, activator_ul=100) == set()


def test_edta_is_unusual():
    assert "edta_unusual" in unusual(anticoagulant=Anticoagulant.EDTA)


@pytest.mark.parametrize(
    ("prp", "code"),
    [(74_999, "fold"), (75_000, ""), (3_750_000, ""), (3_750_001, "fold")],
)
def test_a_factor_that_cannot_be_is_refused(prp, code):
    found = refused(base_platelets_e6l=250_000, prp_platelets_e6l=prp)

    assert found == ({code} if code else set())


def test_a_dose_that_cannot_be_is_refused():
    assert refused(prp_ul=30_000, prp_platelets_e6l=1_000_000) == set()
    assert refused(prp_ul=30_000, prp_platelets_e6l=1_000_001) == {"dose"}


# ----------------------------------------------------------------------------- the rotor


@pytest.mark.parametrize(
    ("rpm", "radius_mm", "g"),
    [(3_000, 100, 1_006), (1_500, 100, 252), (2_500, 80, 559), (6_000, 250, 10_062), (300, 40, 4)],
)
def test_revolutions_become_g(rpm, radius_mm, g):
    assert spinning.rcf_g(rpm, radius_mm) == g


@pytest.mark.parametrize(("g", "radius_mm", "rpm"), [(1_006, 100, 3_000), (400, 85, 2_052)])
def test_g_become_revolutions(g, radius_mm, rpm):
    assert spinning.rpm(g, radius_mm) == rpm
    assert spinning.rcf_g(rpm, radius_mm) == g


def test_the_radius_of_the_centrifuge_holds_and_that_of_a_preset_stands_in_for_it():
    content = Preparation(spins=(Spin(rpm=3_000, radius_mm=100), Spin(rcf_g=400, radius_mm=100)))

    first, second = spinning.with_rcf(content, 85).spins
    assert (first.radius_mm, first.rcf_g) == (85, 855)
    assert second == content.spins[1], "g that were typed are g in any rotor"
    assert spinning.with_rcf(content).spins[0].rcf_g == 1_006
    alone = Preparation(spins=(Spin(rpm=3_000),))
    assert spinning.with_rcf(alone).spins[0].rcf_g is None
    assert spinning.with_rcf(alone, 85).spins[0].rcf_g == 855


def test_a_centrifuge_whose_service_was_due_is_unusual_from_the_day_after():
    assert unusual(centrifuge_due_on=NOW.date()) == set()
    assert unusual(centrifuge_due_on=NOW.date() - dt.timedelta(days=1)) == {"centrifuge_overdue"}


def test_neutrophils_are_never_more_than_leukocytes():
    for whose in ("base", "prp"):
        white, neutrophils = f"{whose}_leukocytes_e6l", f"{whose}_neutrophils_e6l"
        assert refused(**{white: 6_000, neutrophils: 6_000}) == set()
        assert refused(**{white: 6_000, neutrophils: 6_001}) == {"neutrophils"}
        assert refused(**{neutrophils: 6_001}) == set(), "nothing is said of what nobody counted"


def test_revolutions_need_a_radius():
    assert refused(spins=(Spin(rpm=3_000),)) == {"rpm_without_radius"}
    assert refused(spins=(Spin(rpm=3_000, radius_mm=100),)) == set()


def test_the_first_spin_is_written_first():
    assert refused(spins=(Spin(), Spin(minutes=5))) == {"first_spin_empty"}


# ---------------------------------------------------------------------------------- times


def test_the_steps_follow_each_other():
    spun = Spin(started_at=minutes(30), ended_at=minutes(20))
    right = {"drawn_at": minutes(35), "spins": (spun,), "obtained_at": minutes(15)}

    assert refused(**right) == set()
    for wrong in (
        {"drawn_at": minutes(29)},
        {"obtained_at": minutes(21)},
        {"spins": (replace(spun, ended_at=minutes(31)),)},
        {"spins": (spun, Spin(started_at=minutes(21)))},
    ):
        assert refused(**right | wrong) == {"out_of_order"}, wrong


def test_nothing_has_been_done_that_is_yet_to_come():
    assert refused(drawn_at=NOW + dt.timedelta(seconds=60)) == set()
    assert refused(drawn_at=NOW + dt.timedelta(seconds=61)) == {"in_the_future"}


def test_what_ended_has_begun():
    assert refused(spins=(Spin(ended_at=minutes(1)),)) == {"not_started"}


def test_a_spin_stopped_early_is_unusual():
    def of(spun_for):
        spin = Spin(minutes=10, started_at=minutes(30), ended_at=minutes(30 - spun_for))
        return "spin_short" in unusual(spins=(spin,))

    assert of(8)
    assert not of(9)


@pytest.mark.parametrize(
    ("passed", "late", "slow"),
    [(60, False, False), (61, False, True), (240, False, True), (241, True, True)],
)
def test_how_long_after_the_draw_is_injected(passed, late, slow):
    assert bool(preparing.to_injection(minutes(passed), NOW)) is late
    assert bool(preparing.slow_injection(minutes(passed), NOW)) is slow


@pytest.mark.parametrize("most", [60, 240])
def test_one_second_more_is_too_much(most):
    drawn = minutes(most)
    later = NOW + dt.timedelta(seconds=1)
    found = preparing.slow_injection if most == 60 else preparing.to_injection

    assert found(drawn, NOW) is None
    said = found(drawn, later)
    assert dict(said.values)["value"] == str(most + 1)


def test_without_a_draw_no_minutes_are_counted():
    assert preparing.to_injection(None, NOW) is None
    assert preparing.slow_injection(None, NOW) is None


@pytest.mark.parametrize(
    ("around", "at", "found"),
    [
        ("2026-11-23T09:00", "09:55", "2026-11-23T08:55"),
        ("2026-11-23T23:30", "23:50", "2026-11-23T22:50"),  # after midnight in Berlin
        ("2026-11-23T22:30", "00:10", "2026-11-23T23:10"),
        ("2026-10-25T00:20", "02:30", "2026-10-25T00:30"),  # the hour that comes twice
        ("2026-10-25T01:20", "02:30", "2026-10-25T01:30"),
        ("2026-03-29T00:50", "02:30", "2026-03-29T01:00"),  # the hour that does not exist
    ],
)
def test_a_wall_time_is_the_nearest_one(around, at, found):
    instant = dt.datetime.fromisoformat(around).replace(tzinfo=dt.UTC)

    nearest = preparing.nearest(dt.time.fromisoformat(at), instant, "Europe/Berlin")

    assert nearest == dt.datetime.fromisoformat(found).replace(tzinfo=dt.UTC)


# -------------------------------------------------------------------------------- missing


def missing(**changes) -> list[str]:
    return [breach.field for breach in preparing.missing(replace(FULL, **changes))]


def test_a_whole_preparation_lacks_nothing():
    assert preparing.missing(FULL) == preparing.unusual(FULL, on=NOW.date()) == ()
    assert preparing.refused(FULL, now=NOW) == ()


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"kits": ()}, ["kit_1"]),
        ({"blood_ul": None}, ["blood"]),
        ({"drawn_at": None}, ["drawn_at"]),
        ({"anticoagulant": None}, ["anticoagulant"]),
        ({"anticoagulant_ul": None}, ["anticoagulant_volume"]),
        ({"anticoagulant": Anticoagulant.NONE, "anticoagulant_ul": None}, []),
        ({"prp_ul": None}, ["prp"]),
        ({"activation": None}, ["activation"]),
        ({"activation": Activation.CACL2}, ["activator_lot", "activator"]),
        ({"activation": Activation.CA_GLUCONATE, "activator_ul": 9}, ["activator_lot"]),
        ({"activation": Activation.THROMBIN}, []),  # the patient's own has no lot
        ({"base_platelets_e6l": 250_000}, ["base_kind"]),
        ({"prp_erythrocytes_e9l": 0}, ["prp_kind"]),
        ({"prp_erythrocytes_e9l": 0, "prp_kind": CountKind.ESTIMATED}, []),
        ({"spins": (Spin(started_at=NOW),)}, ["ended_1"]),
    ],
)
def test_what_a_signature_needs(changes, fields):
    assert missing(**changes) == fields


def test_every_number_says_where_it_comes_from():
    found = [value for value in vars(here).values() if isinstance(value, limits.Limit)]
    bounds = [bound for limit in found for bound in (limit.hard, limit.soft) if bound]
    bounds += [value for value in vars(here).values() if isinstance(value, limits.Bound)]

    assert len(bounds) > 15
    for bound in bounds:
        assert bound.source
        assert bound.least <= bound.most
