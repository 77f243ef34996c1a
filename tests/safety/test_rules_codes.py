"""What others write becomes our own codes, and results our own units."""

from decimal import Decimal

import pytest

from clinic.safety.catalogue_files import shipped_catalogue, shipped_codes
from clinic.safety.values import FactKind

pytestmark = pytest.mark.once
CODES = shipped_codes()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0.4 ML Enoxaparin sodium 100 MG/ML Prefilled Syringe", "anticoagulant"),
        ("Heparin sodium 5000 UNT/ML", "anticoagulant"),
        ("Warfarin Sodium 5 MG Oral Tablet", "warfarin"),
        ("Marcumar 3 mg", "warfarin"),
        ("Apixaban 5 MG [Eliquis]", "anticoagulant"),
        ("XARELTO 20 mg", "anticoagulant"),
        ("Clopidogrel 75 MG Oral Tablet", "antiplatelet"),
        ("Aspirin 81 MG Oral Tablet", "antiplatelet"),
        ("ASS 100", "antiplatelet"),
        ("Aspirin", "antiplatelet"),
        ("Aspirin 325 MG", "antiplatelet"),
        ("Aspirin 500 mg", "aspirin_otc"),
        ("Ibuprofen 400 MG Oral Tablet [Ibu]", "nsaid"),
        ("Naproxen sodium 220 MG Oral Tablet", "nsaid"),
        ("Diclofenac 1 % Topical Gel", None),
        ("predniSONE 5 MG Oral Tablet", "steroid_systemic"),
        ("Hydrocortisone 20 MG Oral Tablet", "steroid_systemic"),
        ("Hydrocortisone 10 MG/ML Topical Cream", None),
        ("60 ACTUAT Fluticasone propionate 0.25 MG/ACTUAT Dry Powder Inhaler", None),
        ("Prednisolone 10 MG/ML Ophthalmic Suspension", None),
        ("Triamcinolone 0.055 MG/ACTUAT Nasal Spray", None),
        ("Acetaminophen 325 MG / HYDROcodone Bitartrate 7.5 MG Oral Tablet", None),
        ("1 ML Vasopressin (USP) 20 UNT/ML Injection", None),
        ("Baricitinib 4 MG Oral Tablet", "immunosuppressant"),
        ("Litfulo 50 mg", "immunosuppressant"),
        ("Tacrolimus 1 MG/ML Topical Ointment", None),
        ("Telmisartan 80 MG Oral Tablet", "antihypertensive"),
        ("Vitamin B 12 5 MG/ML Injectable Solution", None),
        ("", None),
    ],
)
def test_medicines_are_classified_by_name_strength_and_form(text, code) -> None:
    assert CODES.classify_medicine(text) == code


@pytest.mark.parametrize(
    ("text", "code", "kind"),
    [
        ("Normal pregnancy", "pregnant", FactKind.PREGNANCY),
        ("Tubal pregnancy", None, None),
        ("Hemophilia A (disorder)", "haemophilia", FactKind.CONDITION),
        ("Von Willebrand disease", "von_willebrand", FactKind.CONDITION),
        ("Family history of hemophilia", None, None),
        ("Human immunodeficiency virus infection", "hiv", FactKind.CONDITION),
        ("Bilateral hearing aids", None, None),
        ("Chronic hepatitis C", "hepatitis_c", FactKind.CONDITION),
        ("Hepatitis B vaccination done", None, None),
        ("Viral sinusitis (disorder)", "acute_illness", FactKind.CONDITION),
        ("Chronic sinusitis (disorder)", None, None),
        ("Sepsis caused by virus (disorder)", "sepsis", FactKind.CONDITION),
        ("Fever (finding)", "fever", FactKind.SYMPTOM),
        ("Prediabetes", None, None),
        ("Hodgkin's disease (disorder)", "haem_malignancy", FactKind.CONDITION),
        ("Polycythemia vera", "haem_malignancy", FactKind.CONDITION),
        ("Essential thrombocythaemia", "haem_malignancy", FactKind.CONDITION),
        ("Postmenopausal state", "menopause", FactKind.CONDITION),
        ("Peri-menopausal bleeding", None, None),
        ("Pre-menopausal state", None, None),
        ("Cervical cancer screening", None, None),
        ("No history of cancer", None, None),
        ("Full-time employment (finding)", None, None),
    ],
)
def test_conditions_are_classified_and_say_their_kind(text, code, kind) -> None:
    found = CODES.classify_condition("", text)

    assert found == code
    if found is not None:
        concept = CODES.concept(found)
        assert concept is not None
        assert concept.kind is kind


def test_allergies_are_classified_by_code_or_word() -> None:
    assert CODES.classify_allergy("111088007", "Latex (substance)") == "latex"
    assert CODES.classify_allergy("", "Lidocaine") == "amide_anaesthetic"
    assert CODES.classify_allergy("84489001", "Mold (organism)") is None


@pytest.mark.parametrize(
    ("loinc", "code"),
    [
        ("777-3", "platelets"),
        ("718-7", "haemoglobin"),
        ("6301-6", "inr"),
        ("8310-5", "temperature"),
        ("29463-7", "weight"),
        ("111088007", None),
        ("no-such", None),
    ],
)
def test_results_are_known_by_loinc(loinc, code) -> None:
    assert CODES.lab_for(loinc) == code


@pytest.mark.parametrize(
    ("value", "unit"),
    [("98", "10*9/L"), ("98", "10*3/uL"), ("98", "G/L"), ("98000", "/uL"), ("98000", "/µL")],
)
def test_the_unit_of_a_count_does_not_matter(value, unit) -> None:
    assert CODES.to_canonical("platelets", Decimal(value), unit) == 98_000


def test_units_that_are_not_certain_are_refused() -> None:
    assert CODES.to_canonical("platelets", Decimal(98), "mg/dL") is None
    assert CODES.to_canonical("beer", Decimal(1), "L") is None
    assert CODES.to_canonical("platelets", Decimal("NaN"), "G/L") is None
    assert CODES.to_canonical("haemoglobin", Decimal(141), "g/L") == 14_100


def test_what_cannot_be_true_is_not_plausible() -> None:
    lost_superscript = CODES.to_canonical("platelets", Decimal(105), "/uL")

    assert lost_superscript is not None
    assert not CODES.is_plausible("platelets", lost_superscript)
    assert CODES.is_plausible("platelets", 5_000)
    assert not CODES.is_plausible("platelets", 2_000_001)
    assert not CODES.is_plausible("keloid", 1)


def test_codes_are_named_and_listed_by_kind() -> None:
    assert CODES.name("nsaid") == "Painkiller (NSAID)"
    assert CODES.name("beer") == "beer"
    assert "warfarin" in CODES
    assert {c.code for c in CODES.of_kind(FactKind.PREGNANCY)} == {
        "pregnant",
        "possibly_pregnant",
        "trying",
        "breastfeeding",
        "partner_pregnant",
    }
    assert CODES.units_of("haemoglobin") == ("g/dL", "g/L")


def test_every_result_has_a_unit_and_a_range() -> None:
    for concept in shipped_catalogue().concepts:
        if concept.kind in {FactKind.LAB, FactKind.VITAL}:
            assert concept.unit
            assert len(concept.unit) <= 20
            assert Decimal(concept.low) < Decimal(concept.high)
