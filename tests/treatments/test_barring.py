"""What the check says of single ingredients, as the session meets it: refused, doubted, noted."""

import pytest

from clinic.catalog.values import ChosenLot, ProductKind, Unusable
from clinic.safety.catalogue_files import shipped_catalogue
from clinic.safety.rules.screening import screen
from clinic.treatments.rules import barring
from clinic.treatments.values import UsedLot
from tests.safety.rule_cases import ON, a_clear_history, a_fact, a_plan, both, person, with_fact

pytestmark = pytest.mark.once


def a_lot(ingredient: str, name: str = "") -> UsedLot:
    return UsedLot(
        kind=ProductKind.DRUG,
        name=name or ingredient.title(),
        ingredient=ingredient,
        strength_ug_per_ml=1000,
        has_adrenaline=False,
        amount_ul=1000,
    )


def said(change, *lots, unusable=None):
    """The codes of what is refused and of what needs a tick, for a mesotherapy with these lots."""
    chosen = tuple(
        ChosenLot(ingredient=lot.ingredient or lot.name, unusable=unusable) for lot in lots
    )
    plan = a_plan(
        "mesotherapy", ingredients=frozenset(lot.ingredient for lot in chosen), lots=chosen
    )
    findings = screen(change(a_clear_history()), plan, ON, shipped_catalogue().rules).findings
    found = barring.bars(findings)
    return (
        [(b.code, str(b.message) % dict(b.values)) for b in barring.refused(found, (), lots)],
        [(b.code, str(b.message) % dict(b.values)) for b in barring.unusual(found, (), lots)],
    )


def test_what_only_has_to_be_told_needs_a_tick_and_refuses_nothing():
    refused, unusual = said(person(sex="male"), a_lot("dutasteride"))

    assert refused == []
    assert unusual == [
        (
            "lot_noted",
            "Dutasteride: bear in mind: No blood donation after dutasteride or finasteride",
        )
    ]


def test_an_allergy_refuses_its_ingredient_and_no_other():
    allergic = both(person(sex="male"), with_fact(a_fact("allergy", "biotin")))

    refused, unusual = said(allergic, a_lot("biotin"), a_lot("dexpanthenol"))

    assert [code for code, _ in refused] == ["lot_barred"]
    assert "Biotin" in refused[0][1]
    assert unusual == []


def test_an_allergy_to_a_preservative_doubts_every_product_also_one_without_ingredient():
    allergic = with_fact(a_fact("allergy", "paraben"))

    refused, unusual = said(allergic, a_lot("biotin"), a_lot("", "Cocktail 12"))

    assert refused == []
    assert [code for code, _ in unusual] == ["lot_doubtful", "lot_doubtful"]


def test_a_lot_that_is_unfit_is_refused_by_the_check_as_well():
    refused, _ = said(with_fact(), a_lot("biotin"), unusable=Unusable.EXPIRED)

    assert [code for code, _ in refused] == ["lot_barred"]
