"""Which lot may be used, and which first."""

import datetime as dt
from dataclasses import dataclass, replace

import pytest

from clinic.catalog.rules import lots, offers
from clinic.catalog.values import (
    CoursePattern,
    LotChoice,
    LotState,
    ProductKind,
    RegulatoryClass,
    ResourceKind,
    Unusable,
)

pytestmark = pytest.mark.once
TODAY = dt.date(2026, 11, 23)


@dataclass(frozen=True)
class Lot:
    expires_on: dt.date = TODAY
    state: LotState = LotState.OK


@dataclass(frozen=True)
class Product:
    kind: ProductKind = ProductKind.DRUG
    is_injectable: bool = True
    is_active: bool = True
    regulatory_class: RegulatoryClass = RegulatoryClass.UNSTATED


DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("lot", "product", "reason"),
    [
        pytest.param(Lot(TODAY + DAY), Product(), None, id="expires tomorrow"),
        pytest.param(Lot(TODAY), Product(), None, id="expires today"),
        pytest.param(Lot(TODAY - DAY), Product(), Unusable.EXPIRED, id="expired yesterday"),
        pytest.param(
            Lot(state=LotState.QUARANTINE), Product(), Unusable.QUARANTINED, id="quarantine"
        ),
        pytest.param(Lot(state=LotState.RECALLED), Product(), Unusable.RECALLED, id="recalled"),
        pytest.param(
            Lot(TODAY - DAY, LotState.RECALLED), Product(), Unusable.RECALLED, id="recalled, old"
        ),
        pytest.param(Lot(), Product(ProductKind.COSMETIC), Unusable.COSMETIC, id="cosmetic"),
        pytest.param(
            Lot(), Product(is_injectable=False), Unusable.NOT_INJECTABLE, id="not for injection"
        ),
        pytest.param(
            Lot(), Product(ProductKind.KIT, is_injectable=False), None, id="a kit is not injected"
        ),
        pytest.param(
            Lot(),
            Product(regulatory_class=RegulatoryClass.COSMETIC),
            Unusable.COSMETIC,
            id="a cosmetic by its class",
        ),
        pytest.param(Lot(), Product(is_active=False), Unusable.WITHDRAWN, id="no longer used"),
    ],
)
def test_a_lot_is_usable_or_says_why_not(lot, product, reason):
    assert lots.usable(lot, product, TODAY) is reason


@pytest.mark.parametrize(("level", "reason"), [(None, None), (0, Unusable.EMPTY), (1, None)])
def test_a_lot_is_empty_when_it_was_counted_and_nothing_is_left(level, reason):
    assert lots.usable(Lot(), Product(), TODAY, level) is reason


CHOICE = LotChoice(
    id=1,
    product_id=1,
    product_name="Kit",
    kind=ProductKind.KIT,
    ingredient="",
    strength_ug_per_ml=None,
    has_adrenaline=False,
    lot_no="A",
    expires_on=TODAY,
    state=LotState.OK,
    state_reason="",
    version=1,
    unusable=None,
)


def test_the_first_expiring_usable_lot_comes_first():
    late = replace(CHOICE, id=2, expires_on=TODAY + 60 * DAY)
    soon = replace(CHOICE, id=3, expires_on=TODAY + 5 * DAY)
    sooner_but_held = replace(CHOICE, id=4, expires_on=TODAY + DAY, unusable=Unusable.QUARANTINED)

    assert lots.first_expiring([late, sooner_but_held, soon]) is soon
    assert lots.in_order_of_use([late, sooner_but_held, soon]) == [soon, late, sooner_but_held]
    assert lots.first_expiring([sooner_but_held]) is None


def test_of_two_lots_with_one_date_the_older_entry_is_used_first():
    twin = replace(CHOICE, id=9)

    assert lots.first_expiring([twin, CHOICE]) is CHOICE


def test_the_offers_of_a_new_clinic_fit_into_their_own_length():
    for offer in offers.DEFAULT_OFFERS:
        for part in offer.segments:
            assert part.offset_min + part.length_min <= offer.duration_min
            assert part.offset_min % 5 == part.length_min % 5 == 0
            assert (part.device_type != "") == (part.kind is ResourceKind.DEVICE)


def test_prp_is_drawn_spun_injected_and_rested():
    prp = next(offer for offer in offers.DEFAULT_OFFERS if offer.code == "prp")

    assert [(p.kind.value, p.offset_min, p.offset_min + p.length_min) for p in prp.segments] == [
        ("room", 0, 65),
        ("nurse", 0, 10),
        ("device", 10, 30),
        ("practitioner", 30, 55),
    ]
    assert prp.course == CoursePattern(
        sessions=3, interval_days=28, tolerance_days=7, least_days=14, booster_days=182
    )
    assert offers.shipped_with("prp", prp.course) == "YEP, AGG, LEG"


def test_a_course_that_the_clinic_has_changed_is_no_default_any_more():
    prp = next(offer for offer in offers.DEFAULT_OFFERS if offer.code == "prp")

    assert offers.shipped_with("prp", replace(prp.course, sessions=4)) == ""
    assert offers.shipped_with("own", prp.course) == ""
