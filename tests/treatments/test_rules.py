"""The limits of a session: N-1, N, N+1 of each, and doses exact at the limit."""

import datetime as dt
from dataclasses import fields, replace
from fractions import Fraction

import pytest

from clinic.catalog.values import Modality, ProductKind
from clinic.core import units
from clinic.core.zones import Zone
from clinic.safety.values import Confidence
from clinic.treatments.rules import checks, dose, limits, signing, volumes
from clinic.treatments.values import (
    Anticoagulant,
    Case,
    Content,
    LotAmount,
    Site,
    UsedLot,
)

pytestmark = pytest.mark.once
TODAY = dt.date(2026, 11, 23)
ADULT = dt.date(1985, 4, 12)
A_SITE = Site(seq=1, zone=Zone.VERTEX, volume_ul=100, depth_um=3000, needle_gauge=30)
KIT = UsedLot(
    kind=ProductKind.KIT,
    name="Kit",
    ingredient="",
    strength_ug_per_ml=None,
    has_adrenaline=False,
    amount_ul=None,
)
LIDOCAINE = UsedLot(
    kind=ProductKind.ANAESTHETIC,
    name="Lidocaine 2 %",
    ingredient="lidocaine",
    strength_ug_per_ml=20_000,
    has_adrenaline=False,
    amount_ul=None,
)
WITH_ADRENALINE = replace(LIDOCAINE, name="Lidocaine 2 % + A", has_adrenaline=True)
PROCAINE = replace(LIDOCAINE, name="Procaine 1 %", ingredient="procaine", strength_ug_per_ml=10_000)


def a_case(*, modality=Modality.PRP, used=(), birth_date=ADULT, **content) -> Case:
    lots = tuple(LotAmount(lot_id=n, amount_ul=lot.amount_ul) for n, lot in enumerate(used, 1))
    return Case(
        modality=modality,
        on=TODAY,
        birth_date=birth_date,
        content=Content(lots=lots, **content),
        used=tuple(used),
    )


def forty(**changes) -> tuple[Site, ...]:
    return tuple(replace(A_SITE, seq=n, **changes) for n in range(1, 41))


def codes(breaches) -> set[str]:
    return {breach.code for breach in breaches}


FULL = {
    "blood_ul": 30_000,
    "anticoagulant": Anticoagulant.ACD_A,
    "anticoagulant_ul": 3_000,
    "prp_ul": 6_000,
    "sites": forty(),
}


# ------------------------------------------------------------------- numbers, one by one


@pytest.mark.parametrize(
    ("field", "limit"),
    [
        ("blood_ul", limits.BLOOD),
        ("anticoagulant_ul", limits.ANTICOAGULANT),
        ("prp_ul", limits.PRP),
        ("pain", limits.PAIN),
        ("weight_g", limits.WEIGHT),
    ],
    ids=lambda value: getattr(value, "code", value),
)
def test_a_number_is_refused_one_beyond_its_hard_limit(field, limit):
    for value in (limit.hard.least, limit.hard.most):
        assert limit.code not in codes(checks.refused(a_case(**{field: value})))
    for value in (limit.hard.least - 1, limit.hard.most + 1):
        assert limit.code in codes(checks.refused(a_case(**{field: value})))


@pytest.mark.parametrize(
    ("field", "limit"),
    [
        ("blood_ul", limits.BLOOD),
        ("prp_ul", limits.PRP),
        ("pain", limits.PAIN),
        ("weight_g", limits.WEIGHT),
    ],
    ids=lambda value: getattr(value, "code", value),
)
def test_a_number_is_unusual_one_beyond_its_soft_limit(field, limit):
    code = f"{limit.code}_unusual"
    for value in (limit.soft.least, limit.soft.most):
        assert code not in codes(checks.unusual(a_case(**{field: value})))
    for value in (limit.soft.least - 1, limit.soft.most + 1):
        assert code in codes(checks.unusual(a_case(**{field: value})))


SITE_LIMITS = [
    pytest.param(
        modality, field, getattr(limits.INJECTION[modality], name), 1, id=f"{modality} {name}"
    )
    for modality in (Modality.PRP, Modality.MESOTHERAPY)
    for field, name in (("volume_ul", "each"), ("depth_um", "depth"))
] + [
    pytest.param(Modality.PRP, "needle_gauge", limits.GAUGE, 1, id="gauge"),
    pytest.param(Modality.PRP, "needle_um", limits.NEEDLE, 1, id="needle"),
    pytest.param(Modality.PRP, "volume_ul", limits.INJECTION[Modality.PRP].each, 7, id="of seven"),
]


@pytest.mark.parametrize(("modality", "field", "limit", "points"), SITE_LIMITS)
def test_a_point_is_refused_one_beyond_its_hard_limit(modality, field, limit, points):
    def found(value):
        site = replace(A_SITE, points=points, volume_ul=100 * points)
        case = a_case(modality=modality, sites=(replace(site, **{field: value}),))
        return codes(checks.refused(case)), codes(checks.unusual(case))

    for value in (limit.hard.least * points, limit.hard.most * points):
        assert limit.code not in found(value)[0]
    for value in (limit.hard.least * points - 1, limit.hard.most * points + 1):
        assert limit.code in found(value)[0]
    for value in (limit.soft.least * points, limit.soft.most * points):
        assert f"{limit.code}_unusual" not in found(value)[1]
    for value in (limit.soft.least * points - 1, limit.soft.most * points + 1):
        assert f"{limit.code}_unusual" in found(value)[1]


@pytest.mark.parametrize(
    ("modality", "least", "most"),
    [(Modality.PRP, 200, 20_000), (Modality.MESOTHERAPY, 100, 15_000)],
    ids=str,
)
def test_the_total_has_a_least_when_signed_and_a_most_at_once(modality, least, most):
    def of(total):
        return a_case(modality=modality, sites=(replace(A_SITE, points=60, volume_ul=total),))

    assert "total" not in codes(checks.missing(of(least)))
    assert "total" in codes(checks.missing(of(least - 1)))
    assert "total" not in codes(checks.refused(of(most)))
    assert "total" in codes(checks.refused(of(most + 1)))


def test_four_hundred_points_are_the_most():
    four_hundred = tuple(replace(A_SITE, seq=n, volume_ul=20) for n in range(1, 401))

    assert checks.refused(a_case(sites=four_hundred)) == ()
    more = (*four_hundred, replace(A_SITE, seq=401))
    assert "points" in codes(checks.refused(a_case(sites=more)))


@pytest.mark.parametrize(("points", "is_odd"), [(19, True), (20, False), (150, False), (151, True)])
def test_how_many_points_a_prp_session_usually_has(points, is_odd):
    case = a_case(sites=(replace(A_SITE, points=points, volume_ul=20 * points),))

    assert ("points_unusual" in codes(checks.unusual(case))) is is_odd


@pytest.mark.parametrize(
    ("percent_ul", "is_odd"), [(2_099, True), (2_100, False), (4_500, False), (4_501, True)]
)
def test_the_share_of_anticoagulant_is_compared_exactly(percent_ul, is_odd):
    case = a_case(blood_ul=30_000, anticoagulant_ul=percent_ul)

    assert ("anticoagulant_percent_unusual" in codes(checks.unusual(case))) is is_odd


def test_less_prp_than_blood():
    assert "prp_from_blood" in codes(checks.refused(a_case(blood_ul=8_000, prp_ul=8_000)))
    assert "prp_from_blood" not in codes(checks.refused(a_case(blood_ul=8_000, prp_ul=7_999)))
    assert "prp_from_blood" not in codes(checks.refused(a_case(prp_ul=7_999)))


def test_no_more_is_injected_than_was_obtained():
    site = replace(A_SITE, points=50, volume_ul=4_000)

    assert checks.refused(a_case(prp_ul=4_000, sites=(site,))) == ()
    assert codes(checks.refused(a_case(prp_ul=3_999, sites=(site,)))) == {"more_than_there_was"}


def test_no_more_is_injected_than_was_drawn_up_of_a_mix():
    site = replace(A_SITE, points=20, volume_ul=2_000)
    vitamins = replace(KIT, kind=ProductKind.DRUG, ingredient="vitamins", amount_ul=1_500)
    water = replace(KIT, kind=ProductKind.DILUENT, amount_ul=500)

    def of(*used):
        return codes(
            checks.refused(a_case(modality=Modality.MESOTHERAPY, used=used, sites=(site,)))
        )

    assert of(vitamins, water) == set()
    assert of(vitamins, replace(water, amount_ul=499)) == {"more_than_there_was"}
    assert of(vitamins, replace(water, amount_ul=None)) == set()


def test_an_anticoagulant_volume_needs_an_anticoagulant():
    case = a_case(anticoagulant=Anticoagulant.NONE, anticoagulant_ul=1)

    assert codes(checks.refused(case)) == {"anticoagulant_none"}


def test_edta_is_unusual():
    assert "edta_unusual" in codes(checks.unusual(a_case(anticoagulant=Anticoagulant.EDTA)))


@pytest.mark.parametrize(
    ("age", "is_possible"), [(11, False), (12, True), (100, True), (101, False)]
)
def test_whom_a_session_can_be_for(age, is_possible):
    assert checks.is_age_possible(dt.date(2026 - age, 11, 23), TODAY) is is_possible
    assert checks.is_age_possible(None, TODAY)


# -------------------------------------------------------------------- local anaesthetics


def with_lidocaine(amount: str, *, weight="52", on=TODAY, lot=LIDOCAINE, birth_date=ADULT):
    return a_case(
        used=(replace(lot, amount_ul=units.thousandths(amount)),),
        weight_g=None if weight is None else units.thousandths(weight),
        weight_on=on,
        birth_date=birth_date,
    )


@pytest.mark.parametrize(
    ("lot", "weight", "amount", "is_refused"),
    [
        # 4.5 mg/kg x 52 kg = 234 mg; 2 % is 20 mg/mL
        pytest.param(LIDOCAINE, "52", "11.7", False, id="52 kg at the limit"),
        pytest.param(LIDOCAINE, "52", "11,7", False, id="52 kg at the limit, comma"),
        pytest.param(LIDOCAINE, "52", "11.701", True, id="52 kg, a microlitre more"),
        pytest.param(LIDOCAINE, "52", "11,71", True, id="52 kg, 11.71 with a comma"),
        pytest.param(LIDOCAINE, "51.999", "11.7", True, id="a gram less"),
        pytest.param(LIDOCAINE, "52.5", "11.812", False, id="52.5 kg, rounded down"),
        pytest.param(LIDOCAINE, "52.5", "11.813", True, id="52.5 kg, rounded up"),
        # the cap of 300 mg is reached at 66.667 kg
        pytest.param(LIDOCAINE, "66.666", "15", True, id="a gram below the cap's weight"),
        pytest.param(LIDOCAINE, "66.667", "15", False, id="at the cap's weight"),
        pytest.param(LIDOCAINE, "120", "15", False, id="heavy: the cap"),
        pytest.param(LIDOCAINE, "120", "15.001", True, id="heavy: above the cap"),
        # 7 mg/kg with adrenaline, at most 500 mg
        pytest.param(WITH_ADRENALINE, "52", "18.2", False, id="adrenaline at the limit"),
        pytest.param(WITH_ADRENALINE, "52", "18.201", True, id="adrenaline, more"),
        pytest.param(WITH_ADRENALINE, "120", "25", False, id="adrenaline at the cap"),
        pytest.param(WITH_ADRENALINE, "120", "25.001", True, id="adrenaline above the cap"),
        # procaine 200 mg in head and neck, whatever the weight
        pytest.param(PROCAINE, "40", "20", False, id="procaine at the limit"),
        pytest.param(PROCAINE, "140", "20.001", True, id="procaine, more"),
    ],
)
def test_local_anaesthetics_are_exact_at_the_limit(lot, weight, amount, is_refused):
    found = codes(checks.refused(with_lidocaine(amount, weight=weight, lot=lot)))

    assert found == ({"anaesthetic"} if is_refused else set())


def test_the_refusal_says_how_much_would_be_allowed():
    (breach,) = checks.refused(with_lidocaine("11.71"))

    values = dict(breach.values)
    assert breach.field == "amount_1"
    assert (values["dose"], values["most"], values["ml"]) == ("234.2", "234", "11.7")
    assert (breach.source, breach.status) == ("LIDO", Confidence.LABEL)
    assert dose.most_ul(LIDOCAINE, 52_000) == 11_700


def test_without_a_weight_no_anaesthetic_can_be_kept():
    (breach,) = checks.refused(with_lidocaine("1", weight=None))

    assert (breach.code, breach.field) == ("weight_missing", "weight")


@pytest.mark.parametrize(
    ("birth_date", "most"),
    [
        pytest.param(ADULT, 180, id="adult"),
        pytest.param(dt.date(2008, 11, 23), 180, id="eighteen today"),
        pytest.param(dt.date(2008, 11, 24), 30, id="eighteen tomorrow"),
        pytest.param(None, 30, id="no birth date"),
    ],
)
def test_a_weight_may_be_so_old_and_no_older(birth_date, most):
    def found(days):
        on = TODAY - dt.timedelta(days=days)
        return codes(checks.refused(with_lidocaine("1", on=on, birth_date=birth_date)))

    assert found(most - 1) == found(most) == set()
    assert found(most + 1) == {"weight_too_old"}


def test_a_weight_of_tomorrow_or_of_no_day_is_asked_again():
    for on in (None, TODAY + dt.timedelta(days=1)):
        assert codes(checks.refused(with_lidocaine("1", on=on))) == {"weight_on_missing"}


def two(plain_ul, other_ul, other=PROCAINE):
    return a_case(
        used=(replace(LIDOCAINE, amount_ul=plain_ul), replace(other, amount_ul=other_ul)),
        weight_g=52_000,
        weight_on=TODAY,
    )


def test_several_anaesthetics_are_summed_as_fractions():
    # half of 234 mg and half of 200 mg
    assert checks.refused(two(5_850, 10_000)) == ()
    assert codes(checks.refused(two(5_851, 10_000))) == {"anaesthetics_together"}
    assert codes(checks.refused(two(5_850, 10_001))) == {"anaesthetics_together"}
    # thirds do not lose anything either: 3.9 mL of 11.7, 12.134 of 18.2 is a little more than 2/3
    assert Fraction(3_900, 11_700) + Fraction(12_133, 18_200) <= 1
    assert checks.refused(two(3_900, 12_133, WITH_ADRENALINE)) == ()
    assert codes(checks.refused(two(3_900, 12_134, WITH_ADRENALINE))) == {"anaesthetics_together"}


def test_two_anaesthetics_need_a_tick():
    assert "two_anaesthetics" in codes(checks.unusual(two(1_000, 1_000)))
    assert "two_anaesthetics" not in codes(checks.unusual(two(1_000, 1_000, LIDOCAINE)))
    assert "two_anaesthetics" not in codes(checks.unusual(two(1_000, None)))


def test_an_anaesthetic_without_a_known_limit_needs_a_tick():
    lot = replace(LIDOCAINE, ingredient="", amount_ul=100)
    case = a_case(used=(lot,), weight_g=52_000, weight_on=TODAY)

    assert checks.refused(case) == ()
    assert codes(checks.unusual(case)) == {"anaesthetic_unknown"}
    assert dose.most_ul(lot, 52_000) is None


def test_an_anaesthetic_without_a_strength_is_refused():
    lot = replace(LIDOCAINE, strength_ug_per_ml=None, amount_ul=100)
    case = a_case(used=(lot,), weight_g=52_000, weight_on=TODAY)

    assert codes(checks.refused(case)) == {"strength_unknown"}


@pytest.mark.parametrize(
    ("lot", "usual_ul"), [(LIDOCAINE, 7_800), (WITH_ADRENALINE, 13_000), (PROCAINE, 10_000)]
)
def test_the_usual_dose_is_exact_too(lot, usual_ul):
    def found(amount):
        used = (replace(lot, amount_ul=amount),)
        return codes(checks.unusual(a_case(used=used, weight_g=52_000, weight_on=TODAY)))

    assert "anaesthetic_unusual" not in found(usual_ul)
    assert "anaesthetic_unusual" in found(usual_ul + 1)


# ---------------------------------------------------------------------------- ingredients


@pytest.mark.parametrize("ingredient", list(limits.INGREDIENT_LIMITS))
def test_ingredients_have_a_usual_and_a_greatest_dose(ingredient):
    limit = limits.INGREDIENT_LIMITS[ingredient]

    def found(ug):
        # 1 mg/mL in two lots, so that they have to be summed
        lot = replace(KIT, kind=ProductKind.DRUG, ingredient=ingredient, strength_ug_per_ml=1_000)
        used = (replace(lot, amount_ul=ug - 100), replace(lot, amount_ul=100))
        case = a_case(modality=Modality.MESOTHERAPY, used=used)
        return codes(checks.refused(case)), codes(checks.unusual(case))

    assert "dose" not in found(limit.hard_ug)[0]
    assert "dose" in found(limit.hard_ug + 1)[0]
    assert "dose_unusual" not in found(limit.soft_ug)[1]
    assert "dose_unusual" in found(limit.soft_ug + 1)[1]


def test_an_ingredient_with_a_limit_needs_a_strength_and_vitamins_do_not():
    lot = replace(KIT, kind=ProductKind.DRUG, name="X", amount_ul=100)

    for ingredient, expected in (("dutasteride", {"strength_unknown"}), ("vitamins", set())):
        used = (replace(lot, ingredient=ingredient),)
        assert codes(checks.refused(a_case(modality=Modality.MESOTHERAPY, used=used))) == expected


# -------------------------------------------------------------------------------- missing


def test_a_whole_prp_session_lacks_nothing():
    case = a_case(used=(KIT,), **FULL)

    assert checks.refused(case) == checks.missing(case) == checks.unusual(case) == ()
    assert volumes.count(FULL["sites"]) == 40
    assert volumes.total_ul(FULL["sites"]) == 4_000


@pytest.mark.parametrize(
    ("left_out", "field"),
    [
        ("blood_ul", "blood"),
        ("anticoagulant", "anticoagulant"),
        ("anticoagulant_ul", "anticoagulant_volume"),
        ("prp_ul", "prp"),
        ("sites", "points"),
    ],
)
def test_what_a_prp_session_needs(left_out, field):
    case = a_case(used=(KIT,), **{k: v for k, v in FULL.items() if k != left_out})

    assert [breach.field for breach in checks.missing(case)] == [field]


def test_a_prp_session_needs_its_kit_and_a_mesotherapy_its_ingredient():
    assert [b.field for b in checks.missing(a_case(**FULL))] == ["lot_1"]
    meso = a_case(modality=Modality.MESOTHERAPY, used=(KIT,), sites=forty())
    assert [b.field for b in checks.missing(meso)] == ["lot_1"]
    drug = replace(KIT, kind=ProductKind.DRUG)
    meso = a_case(modality=Modality.MESOTHERAPY, used=(drug,), sites=forty())
    assert [b.field for b in checks.missing(meso)] == ["amount_1"]


def test_without_anticoagulant_no_volume_is_needed():
    full = {k: v for k, v in FULL.items() if k != "anticoagulant_ul"}
    case = a_case(used=(KIT,), **{**full, "anticoagulant": Anticoagulant.NONE})

    assert checks.missing(case) == ()


# ------------------------------------------------------------------------------- the data


def test_every_number_says_where_it_comes_from():
    bounds = [
        bound
        for limit in vars(limits).values()
        if isinstance(limit, limits.Limit)
        for bound in (limit.hard, limit.soft)
        if bound
    ]
    for injection in limits.INJECTION.values():
        for part in fields(injection):
            limit = getattr(injection, part.name)
            bounds += [limit.hard, limit.soft]
    for bound in bounds:
        assert bound.source
        assert bound.least <= bound.most
        if bound.source == "DD":
            assert bound.status is Confidence.DESIGN_DEFAULT
    for limit in limits.INGREDIENT_LIMITS.values():
        assert limit.soft_source
        assert limit.hard_source
        assert limit.soft_ug < limit.hard_ug


def test_soft_limits_lie_within_the_hard_ones():
    for limit in vars(limits).values():
        if isinstance(limit, limits.Limit) and limit.soft:
            assert limit.hard.least <= limit.soft.least
            assert limit.soft.most <= limit.hard.most


def test_many_points_are_not_all_named():
    case = a_case(sites=forty(volume_ul=501))

    breach = next(b for b in checks.refused(case) if b.code == "each")
    assert dict(breach.values)["points"] == "1, 2, 3, 4, 5, 6, … (+34)"


# -------------------------------------------------------------------------------- signing


def test_the_canonical_text_does_not_depend_on_order_or_zone():
    berlin = dt.timezone(dt.timedelta(hours=1))
    at = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
    one = signing.canonical({"a": 1, "at": at}, [], [{"zone": Zone.VERTEX}])
    two = signing.canonical({"at": at.astimezone(berlin), "a": 1}, [], [{"zone": "vertex"}])

    assert one == two
    assert signing.content_hash(one) == signing.content_hash(two)
    assert len(signing.content_hash(one)) == 64
    assert "2026-11-23T09:00:00.000000+00:00" in one


def test_any_change_gives_another_hash():
    texts = {
        signing.canonical({"note": note}, lots, sites)
        for note in ("", "a", None)
        for lots in ([], [{"lot_id": 1}], [{"lot_id": 2}])
        for sites in ([], [{"seq": 1}], [{"seq": 1}, {"seq": 2}])
    }

    assert len({signing.content_hash(text) for text in texts}) == len(texts) == 27
