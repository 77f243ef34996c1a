"""What counts say about a PRP: each class at its edges, and never from blanks."""

from dataclasses import replace
from fractions import Fraction

import pytest

from clinic.treatments.delivery import Guidance
from clinic.treatments.preparation_values import (
    Activation,
    CountKind,
    Method,
    Preparation,
    Richness,
    Spin,
)
from clinic.treatments.rules import yields

pytestmark = pytest.mark.once
BILLION = 10**9
WHOLE = Preparation(
    blood_ul=20_000,
    prp_ul=5_000,
    activation=Activation.NONE,
    method=Method.HAND,
    guidance=Guidance.NONE,
    leukocytes=Richness.RICH,
    erythrocytes=Richness.POOR,
    spins=(Spin(rcf_g=400, minutes=10),),
    base_platelets_e6l=250_000,
    base_leukocytes_e6l=6_000,
    base_kind=CountKind.MEASURED,
    prp_platelets_e6l=800_000,
    prp_leukocytes_e6l=9_000,
    prp_erythrocytes_e9l=20,
    prp_kind=CountKind.MEASURED,
)


def texts(prepared: Preparation) -> dict[str, str]:
    return {one.code: one.text for one in yields.of(prepared)}


def test_a_whole_preparation_says_it_all():
    assert texts(WHOLE) == {
        "fold": "3.2 ×",
        "dose": "4.00",
        "recovery": "80 %",
        "purity": "97 %",
        "depa": "BBA −",  # 800 of 829 cells in a thousand are platelets
        "paw": "P3-A",
        "marspill": "M-H A− RBC-P S1 PL<4 IG− LC-R LA−",
    }
    assert not any(one.is_estimated or one.missing for one in yields.of(WHOLE))


@pytest.mark.parametrize(
    ("platelets", "letter"),
    [
        (5 * BILLION + 1, "A"),
        (5 * BILLION, "B"),
        (3 * BILLION, "B"),
        (3 * BILLION - 1, "C"),
        (1 * BILLION, "C"),
        (1 * BILLION - 1, "D"),
        (0, "D"),
    ],
)
def test_the_letter_of_a_dose(platelets, letter):
    assert yields.dose_letter(platelets) == letter


@pytest.mark.parametrize(
    ("permille", "letter"),
    [(901, "A"), (900, "B"), (700, "B"), (699, "C"), (300, "C"), (299, "D"), (0, "D")],
)
def test_the_letter_of_a_share(permille, letter):
    assert yields.share_letter(Fraction(permille, 1000)) == letter


@pytest.mark.parametrize(
    ("prp", "base", "found"),
    [
        (250_000, 250_000, "P1"),
        (250_001, 250_000, "P2"),
        (750_000, 250_000, "P2"),
        (750_001, 250_000, "P3"),
        (1_250_000, 250_000, "P3"),
        (1_250_001, 250_000, "P4"),
        (900_000, 900_000, "P1"),
    ],
)
def test_the_class_of_platelets(prp, base, found):
    assert yields.paw_platelets(prp, base) == found


@pytest.mark.parametrize(
    ("times", "found"),
    [
        (Fraction(3_999, 1_000), "<4"),
        (Fraction(4), "4–6"),
        (Fraction(5_999, 1_000), "4–6"),
        (Fraction(6), "6–8"),
        (Fraction(8), "8–10"),
        (Fraction(10), "8–10"),
        (Fraction(10_001, 1_000), ">10"),
    ],
)
def test_the_class_of_a_factor(times, found):
    assert yields.fold_class(times) == found


@pytest.mark.parametrize(
    ("activation", "depa", "paw", "marspill"),
    [
        (Activation.NONE, "−", "P3-A", ("A−", "LA−")),
        (Activation.CACL2, "+", "P3-x-A", ("A+", "LA−")),
        (Activation.LIGHT, "+", "P3-x-A", ("A−", "LA+")),
    ],
)
def test_how_activation_is_written(activation, depa, paw, marspill):
    found = texts(replace(WHOLE, activation=activation))

    assert found["depa"].endswith(depa)
    assert found["paw"] == paw
    assert all(sign in found["marspill"].split() for sign in marspill)


@pytest.mark.parametrize(("white", "letter"), [(6_000, "B"), (6_001, "A")])
def test_leukocytes_at_the_level_of_the_blood_are_below(white, letter):
    assert texts(replace(WHOLE, prp_leukocytes_e6l=white))["paw"] == f"P3-{letter}"


@pytest.mark.parametrize(
    ("base", "prp", "sign"),
    [(3_000, 3_001, "α"), (3_000, 3_000, "β"), (None, 3_000, ""), (3_000, None, ""), (0, 0, "β")],
)
def test_neutrophils_are_a_letter_of_paw_where_both_were_counted(base, prp, sign):
    found = replace(WHOLE, base_neutrophils_e6l=base, prp_neutrophils_e6l=prp)

    assert texts(found)["paw"] == f"P3-A{sign}"


def test_what_was_counted_is_listed_and_nothing_else():
    found = yields.counted(replace(WHOLE, base_haemoglobin_mgdl=14_200))

    assert found == [
        ("Platelets", "×10⁹/L", 250_000, 800_000),
        ("Leukocytes", "×10⁹/L", 6_000, 9_000),
        ("Red cells", "×10¹²/L", None, 20),
        ("Haemoglobin", "g/dL", 14_200, None),
    ]
    assert yields.counted(Preparation()) == []


def test_an_empty_preparation_computes_nothing():
    for one in yields.of(Preparation()):
        assert one.text == ""
        assert one.missing


@pytest.mark.parametrize(
    ("blank", "gone"),
    [
        ("prp_platelets_e6l", {"fold", "dose", "recovery", "purity", "depa", "paw", "marspill"}),
        ("base_platelets_e6l", {"fold", "recovery", "depa", "paw", "marspill"}),
        ("prp_ul", {"dose", "recovery", "depa"}),
        ("blood_ul", {"recovery", "depa"}),
        ("prp_leukocytes_e6l", {"purity", "depa", "paw"}),
        ("base_leukocytes_e6l", {"paw"}),
        ("prp_erythrocytes_e9l", {"purity", "depa"}),
        ("activation", {"depa", "paw", "marspill"}),
        ("method", {"marspill"}),
        ("guidance", {"marspill"}),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_guessed(blank, gone):
    found = yields.of(replace(WHOLE, **{blank: None}))

    assert {one.code for one in found if not one.text} == gone
    assert {one.code for one in found if one.missing} == gone


@pytest.mark.parametrize(
    ("whose", "estimated"),
    [
        ("prp_kind", {"fold", "dose", "recovery", "purity", "depa", "paw", "marspill"}),
        ("base_kind", {"fold", "recovery", "depa", "paw", "marspill"}),
    ],
)
@pytest.mark.parametrize("kind", [CountKind.ESTIMATED, None])
def test_an_estimate_is_called_one(whose, estimated, kind):
    found = yields.of(replace(WHOLE, **{whose: kind}))

    assert {one.code for one in found if one.is_estimated} == estimated


def test_each_result_has_a_source():
    for one in yields.of(WHOLE):
        assert one.source
        assert one.how
