"""The limits of a session: N-1, N, N+1 of each; what is missing; the text that is signed."""

import datetime as dt
from dataclasses import fields, replace

import pytest

from clinic.catalog.values import Modality, ProductKind
from clinic.core.zones import Zone
from clinic.safety.values import Confidence
from clinic.treatments.rules import checks, limits, signing, volumes
from clinic.treatments.values import Content
from tests.treatments.cases import (
    A_SITE,
    FULL,
    LIDOCAINE,
    TODAY,
    a_case,
    codes,
    forty,
)

pytestmark = pytest.mark.once


# ------------------------------------------------------------------- numbers, one by one


@pytest.mark.parametrize(
    ("field", "limit"),
    [
        ("pain", limits.PAIN),
        ("spacing_um", limits.SPACING),
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
        ("pain", limits.PAIN),
        ("spacing_um", limits.SPACING),
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


@pytest.mark.parametrize(
    ("born", "is_unusual"),
    [
        (TODAY.replace(year=TODAY.year - 18) + dt.timedelta(days=1), True),
        (TODAY.replace(year=TODAY.year - 18), False),
        (TODAY.replace(year=TODAY.year - 81) + dt.timedelta(days=1), False),
        (TODAY.replace(year=TODAY.year - 81), True),
        (None, False),
    ],
)
def test_an_age_is_usual_from_18_to_80(born, is_unusual):
    case = replace(a_case(), birth_date=born)

    assert ("age_unusual" in codes(checks.unusual(case))) is is_unusual


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


def test_no_more_is_injected_than_was_obtained():
    site = replace(A_SITE, points=50, volume_ul=4_000)

    assert checks.refused(a_case(prepared_ul=4_000, sites=(site,))) == ()
    refused = checks.refused(a_case(prepared_ul=3_999, sites=(site,)))
    assert codes(refused) == {"more_than_there_was"}


def test_no_more_is_injected_than_was_drawn_up_of_a_mix():
    site = replace(A_SITE, points=20, volume_ul=2_000)
    vitamins = replace(LIDOCAINE, kind=ProductKind.DRUG, ingredient="vitamins", amount_ul=1_500)
    water = replace(LIDOCAINE, kind=ProductKind.DILUENT, ingredient="", amount_ul=500)

    def of(*used):
        return codes(
            checks.refused(a_case(modality=Modality.MESOTHERAPY, used=used, sites=(site,)))
        )

    assert of(vitamins, water) == set()
    assert of(vitamins, replace(water, amount_ul=499)) == {"more_than_there_was"}
    assert of(vitamins, replace(water, amount_ul=None)) == set()


@pytest.mark.parametrize(
    ("prepared_ul", "drawn_up_ul", "is_unusual"),
    [
        (5_000, None, False),
        (5_001, None, True),
        (None, None, False),
        (None, 5_000, False),
        (None, 5_001, True),
    ],
)
def test_more_than_a_fifth_left_is_unusual(prepared_ul, drawn_up_ul, is_unusual):
    modality = Modality.MESOTHERAPY if drawn_up_ul else Modality.PRP
    vitamins = replace(LIDOCAINE, kind=ProductKind.DRUG, ingredient="", amount_ul=drawn_up_ul)
    block = replace(LIDOCAINE, amount_ul=5_000)
    case = a_case(modality=modality, used=(vitamins, block), prepared_ul=prepared_ul, **FULL)

    assert ("less_than_there_was" in codes(volumes.unusual(case))) is is_unusual
    assert codes(volumes.unusual(replace(case, content=Content()))) == set()


@pytest.mark.parametrize(
    ("age", "is_possible"), [(11, False), (12, True), (100, True), (101, False)]
)
def test_whom_a_session_can_be_for(age, is_possible):
    assert checks.is_age_possible(dt.date(2026 - age, 11, 23), TODAY) is is_possible
    assert checks.is_age_possible(None, TODAY)


# ------------------------------------------------------------------------------- missing


def test_a_whole_prp_session_lacks_nothing():
    case = a_case(**FULL)

    assert checks.refused(case) == checks.missing(case) == checks.unusual(case) == ()
    assert volumes.count(FULL["sites"]) == 40
    assert volumes.total_ul(FULL["sites"]) == 4_000


def test_a_session_needs_points_and_a_mesotherapy_its_ingredient():
    assert [b.field for b in checks.missing(a_case())] == ["points"]
    meso = a_case(modality=Modality.MESOTHERAPY, sites=forty())
    assert [b.field for b in checks.missing(meso)] == ["lot_1"]
    drug = replace(LIDOCAINE, kind=ProductKind.DRUG)
    meso = a_case(modality=Modality.MESOTHERAPY, used=(drug,), sites=forty())
    assert [b.field for b in checks.missing(meso)] == ["amount_1"]


# ------------------------------------------------------------------------------ the data


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


# ------------------------------------------------------------------------------- signing


def test_the_canonical_text_does_not_depend_on_order_or_zone():
    berlin = dt.timezone(dt.timedelta(hours=1))
    at = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
    one = signing.canonical(1, {"a": 1, "at": at}, {"sites": [{"zone": Zone.VERTEX}]})
    two = signing.canonical(
        1, {"at": at.astimezone(berlin), "a": 1}, {"sites": [{"zone": "vertex"}]}
    )

    assert one == two
    assert signing.content_hash(one) == signing.content_hash(two)
    assert len(signing.content_hash(one)) == 64
    assert "2026-11-23T09:00:00.000000+00:00" in one


def test_any_change_gives_another_hash():
    texts = {
        signing.canonical(number, {"note": note}, {"lots": lots, "sites": sites})
        for number in (1, 2)
        for note in ("", "a", None)
        for lots in ([], [{"lot_id": 1}], [{"lot_id": 2}])
        for sites in ([], [{"seq": 1}], [{"seq": 1}, {"seq": 2}])
    }

    assert len({signing.content_hash(text) for text in texts}) == len(texts) == 54
