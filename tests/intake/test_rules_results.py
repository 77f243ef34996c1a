"""Reading results and stages: convert what is certain, refuse the absurd."""

import pytest

from clinic.core.errors import Invalid
from clinic.intake.rules.results import read_result
from clinic.intake.rules.stages import is_unusual
from clinic.intake.values import STAGES
from clinic.patients.values import Sex
from clinic.safety.catalogue_files import shipped_codes
from clinic.safety.rules.plausible import units_offered
from clinic.safety.values import FactKind

pytestmark = pytest.mark.once
CODES = shipped_codes()


@pytest.mark.parametrize(
    ("code", "raw", "unit", "milli"),
    [
        ("platelets", "98", "10*9/L", 98_000),
        ("platelets", "98000", "/uL", 98_000),
        ("platelets", "98", "G/L", 98_000),
        ("platelets", "98", "10*3/uL", 98_000),
        ("platelets", "98,5", "10*9/L", 98_500),
        ("platelets", "٩٨", "10*9/L", 98_000),
        ("haemoglobin", "95", "g/L", 9_500),
        ("haemoglobin", "9.5", "g/dL", 9_500),
        ("fibrinogen", "250", "mg/dL", 2_500),
        ("inr", "1.1", "{INR}", 1_100),
        ("hba1c", "8.5", "%", 8_500),
        ("hba1c", "69", "mmol/mol", 8_464),
        ("hba1c", "70", "mmol/mol", 8_556),
        ("weight", "72.5", "kg", 72_500),
    ],
)
def test_what_is_certain_is_converted(code, raw, unit, milli):
    assert read_result(CODES, code, raw, unit) == milli


@pytest.mark.parametrize(
    ("code", "raw", "unit", "words"),
    [
        ("platelets", "105", "/uL", "10⁵ /µL (= 100 ×10⁹/L)"),
        ("platelets", "105", "/uL", "105 ×10⁹/L"),
        ("platelets", "98000", "10*9/L", "98000 /µL"),
        ("haemoglobin", "95", "g/dL", "95 g/L"),
        ("hba1c", "69", "%", "69 mmol/mol"),
        ("hba1c", "7.1", "mmol/mol", "7.1 %"),
        ("haemoglobin", "9.5", "g/L", "9.5 g/dL"),
        ("platelets", "98,000", "/uL", "thousands separator: 98000"),
        ("platelets", "98.000", "/uL", "thousands separator: 98000"),
        ("platelets", "0", "10*9/L", "from 5 to 2000"),
        ("weight", "720", "kg", "from 30 to 300 kg"),
        ("inr", "110", "{INR}", "from 0.5 to 15"),
        ("platelets", "many", "10*9/L", "Enter a number"),
        ("platelets", "-5", "10*9/L", "Enter a number"),
        ("platelets", "1e5", "10*9/L", "Enter a number"),
        ("platelets", "", "10*9/L", "Enter a number"),
    ],
)
def test_the_absurd_is_refused_with_what_was_probably_meant(code, raw, unit, words):
    with pytest.raises(Invalid) as refused:
        read_result(CODES, code, raw, unit)

    assert refused.value.field == "value"
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("code", "unit"), [("platelets", "kg"), ("nonsense", "kg"), ("keloid", ""), ("", "")]
)
def test_a_unit_that_is_not_of_the_result_is_refused(code, unit):
    with pytest.raises(Invalid) as refused:
        read_result(CODES, code, "98", unit)

    assert refused.value.field == "test"


def test_each_unit_is_offered_once():
    assert units_offered(CODES, "inr") == ("{INR}",)
    for kind in (FactKind.LAB, FactKind.VITAL):
        for concept in CODES.of_kind(kind):
            offered = units_offered(CODES, concept.code)
            assert offered[0] == concept.unit
            assert len(set(offered)) == len(offered)


# ---- stages ----


def test_all_codes_of_the_scales_are_there():
    assert len([code for code in STAGES if code.startswith("norwood")]) == 12
    assert len([code for code in STAGES if code.startswith("ludwig")]) == 3
    assert len([code for code in STAGES if code.startswith("sinclair")]) == 5


@pytest.mark.parametrize(
    ("code", "sex", "unusual"),
    [
        ("norwood_iv", Sex.MALE, False),
        ("norwood_iv", Sex.FEMALE, True),
        ("ludwig_2", Sex.MALE, True),
        ("sinclair_3", Sex.FEMALE, False),
        ("ludwig_2", Sex.OTHER, False),
        ("ludwig_2", Sex.UNKNOWN, False),
    ],
)
def test_a_scale_of_the_other_sex_is_unusual(code, sex, unusual):
    assert is_unusual(code, sex) is unusual
