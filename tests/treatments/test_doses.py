"""Doses of anaesthetics and ingredients, exact at the limit."""

import datetime as dt
from dataclasses import replace
from fractions import Fraction

import pytest

from clinic.catalog.values import Modality, ProductKind
from clinic.core import units
from clinic.safety.values import Confidence
from clinic.treatments.rules import checks, dose, limits
from tests.treatments.cases import (
    ADULT,
    LIDOCAINE,
    PROCAINE,
    TODAY,
    WITH_ADRENALINE,
    a_case,
    codes,
)

pytestmark = pytest.mark.once


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


@pytest.mark.parametrize("kind", [ProductKind.DILUENT, ProductKind.DRUG])
@pytest.mark.parametrize("lot", [LIDOCAINE, PROCAINE])
def test_what_numbs_is_limited_whatever_it_was_put_on_the_list_for(lot, kind):
    lot = replace(lot, kind=kind)

    assert codes(checks.refused(with_lidocaine("30", lot=lot))) == {"anaesthetic"}
    assert codes(checks.refused(with_lidocaine("1", weight=None, lot=lot))) == {"weight_missing"}
    blank = replace(lot, strength_ug_per_ml=None, amount_ul=1_000)
    assert "strength_unknown" in codes(checks.refused(a_case(used=(blank,))))


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


# --------------------------------------------------------------------------- ingredients


@pytest.mark.parametrize("ingredient", list(limits.INGREDIENT_LIMITS))
def test_ingredients_have_a_usual_and_a_greatest_dose(ingredient):
    limit = limits.INGREDIENT_LIMITS[ingredient]

    def found(ug):
        # 1 mg/mL in two lots, so that they have to be summed
        lot = replace(
            LIDOCAINE, kind=ProductKind.DRUG, ingredient=ingredient, strength_ug_per_ml=1_000
        )
        used = (replace(lot, amount_ul=ug - 100), replace(lot, amount_ul=100))
        case = a_case(modality=Modality.MESOTHERAPY, used=used)
        return codes(checks.refused(case)), codes(checks.unusual(case))

    assert "dose" not in found(limit.hard_ug)[0]
    assert "dose" in found(limit.hard_ug + 1)[0]
    assert "dose_unusual" not in found(limit.soft_ug)[1]
    assert "dose_unusual" in found(limit.soft_ug + 1)[1]


def test_an_ingredient_with_a_limit_needs_a_strength_and_vitamins_do_not():
    drug = replace(LIDOCAINE, kind=ProductKind.DRUG, name="X", strength_ug_per_ml=None)
    lot = replace(drug, amount_ul=100)

    for ingredient, expected in (("dutasteride", {"strength_unknown"}), ("vitamins", set())):
        used = (replace(lot, ingredient=ingredient),)
        assert codes(checks.refused(a_case(modality=Modality.MESOTHERAPY, used=used))) == expected
