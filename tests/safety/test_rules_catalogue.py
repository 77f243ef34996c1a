"""The catalogue checks itself: every rule can be explained, and bad data is refused."""

import json
import re
from copy import deepcopy

import pytest

from clinic.catalog.values import INGREDIENTS
from clinic.core.access import Role
from clinic.safety.catalogue_files import shipped_catalogue, shipped_codes, shipped_rules
from clinic.safety.rules.catalogue import build_catalogue, build_rule, content_hash
from clinic.safety.rules.language import Rule
from clinic.safety.rules.reading import BadCatalogue
from clinic.safety.rules.redaction import NOT_CHECKED, QUESTIONS_MISSING
from clinic.safety.values import Confidence, Decision, FactKind, Releasable, RuleKind

pytestmark = pytest.mark.once
CATALOGUE = shipped_catalogue()
RULES = CATALOGUE.rules
DEMANDED = {
    "consent_missing", "scalp_inflammation", "local_infection", "bbv", "bleeding_disorder",
    "plt_critical", "plt_low", "plt_borderline", "anticoagulant", "inr_high",
    "antiplatelet_prescribed", "nsaid_recent", "aspirin_otc", "steroid_systemic", "fever_illness",
    "pregnant", "breastfeeding", "no_hair_zone", "interval_short", "meso_interval", "open_ae",
    "minor", "vasovagal_hx", "keloid", "sepsis", "haemodynamic", "plt_high", "plt_dysfunction",
    "haem_malignancy", "active_cancer", "bbv_unknown", "hb_low", "nsaid_soft", "supplements",
    "steroid_site", "immunosuppressed", "koebner", "scarring_alopecia", "norwood_vii",
    "diabetes_unc", "liver_disease", "smoking", "allergy_citrate", "sarcoidosis", "blood_donated",
    "hair_dye", "vaccine", "isotretinoin", "allergy_ingredient", "preg_5ari", "cbp_5ari",
    "male_partner_5ari", "minor_5ari", "liver_5ari", "mood_5ari", "donor_5ari", "psa_5ari",
    "preg_meso", "bf_meso", "minoxidil_cardiac", "minoxidil_scalp", "dexpanthenol_haemophilia",
    "procaine_ester", "lidocaine_amide", "two_anaesthetics", "biotin_labs", "product_unfit",
}  # fmt: skip
"""Every row of clinical.md section 1."""
ADVICE = re.compile(r"\b(stop|pause|skip|discontinue|leave off)\b", re.IGNORECASE)


def a_rule(**changes: object) -> dict[str, object]:
    shipped = {str(rule["code"]): rule for rule in shipped_rules()}
    return {**deepcopy(shipped["nsaid_recent"]), **changes}


def problems_of(**changes: object) -> tuple[str, ...]:
    with pytest.raises(BadCatalogue) as refused:
        build_rule(a_rule(**changes), CATALOGUE)
    return refused.value.problems


def test_every_row_of_the_clinical_reference_is_there() -> None:
    assert {rule.code for rule in RULES} >= DEMANDED


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_can_be_explained(rule: Rule) -> None:
    keys = {key for key, _ in CATALOGUE.sources}

    assert rule.name
    assert rule.clears
    assert rule.sources
    assert set(rule.sources) <= keys
    for case in rule.cases:
        assert case.physician
        assert case.reception
    if any(number.name == "window" for number in rule.numbers):
        assert rule.anchor
    assert rule.unknown is not Decision.ALLOW


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_number_that_no_source_says_is_called_a_design_default(rule: Rule) -> None:
    own = {"DD", "GK", "CLIN"}
    of_number = {number.confidence for number in rule.numbers}

    assert Confidence.DESIGN_DEFAULT not in of_number or "DD" in rule.sources
    if {rule.confidence, *of_number} & {Confidence.GUIDELINE, Confidence.LABEL, Confidence.PAPER}:
        assert set(rule.sources) - own


def test_weekly_sources_do_not_say_six_days() -> None:
    window = next(r for r in RULES if r.code == "meso_interval").numbers[0]

    assert (window.value, window.confidence) == ("6", Confidence.DESIGN_DEFAULT)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_asks_for_something_that_exists(rule: Rule) -> None:
    codes = {group.code for group in CATALOGUE.groups}
    codes |= {concept.code for concept in CATALOGUE.concepts} | {"consent"}

    assert set(rule.asks) <= codes
    # The rest reads the person, the plan, or something of the concepts that is on record.
    recorded = {concept.code for concept in CATALOGUE.concepts}
    fed_by_the_clinic = {"minor", "minor_5ari", "two_anaesthetics", "product_unfit", "donor_5ari"}
    names = set(re.findall(r"'([a-z_0-9]+)'", repr([case.when for case in rule.cases])))
    assert rule.asks or rule.code in fed_by_the_clinic or names & recorded


def test_every_ingredient_of_the_list_has_an_allergy_and_an_effect() -> None:
    codes = shipped_codes()

    for ingredient in INGREDIENTS:
        assert codes.of_ingredient(FactKind.ALLERGY, ingredient), ingredient
        assert codes.of_ingredient(FactKind.CONDITION, ingredient), ingredient
    named = {name for rule in RULES for name in rule.ingredients | rule.unlisted}
    assert named - set(INGREDIENTS) == {"chlorhexidine", "latex"}


def test_a_rule_with_a_number_of_this_product_says_so() -> None:
    unsaid = {
        rule.code
        for rule in RULES
        for number in rule.numbers
        if number.confidence is Confidence.DESIGN_DEFAULT
        # How long an open record is believed is housekeeping, not medicine.
        and number.name != "unconfirmed"
        and "DD" not in rule.sources
    }

    assert unsaid == set()


def test_every_question_group_settles_a_rule() -> None:
    assert {group.code for group in CATALOGUE.groups} <= {
        ask for rule in RULES for ask in rule.asks
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_absolute_rules_are_released_by_nobody(rule: Rule) -> None:
    if rule.kind is RuleKind.ABSOLUTE:
        for case in rule.cases:
            assert case.releasable is Releasable.NOBODY or case.decision is Decision.REVIEW


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_design_default_names_itself(rule: Rule) -> None:
    defaults = [n for n in rule.numbers if n.confidence is Confidence.DESIGN_DEFAULT]

    if rule.confidence is Confidence.DESIGN_DEFAULT:
        assert "DD" in rule.sources
    if rule.confidence is Confidence.GUIDELINE:
        assert set(rule.sources) & {"S3AC", "BSDS", "JPAC"}
    assert all(number.confidence is not Confidence.GUIDELINE for number in defaults)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_no_wording_tells_anybody_to_stop_a_medicine(rule: Rule) -> None:
    wordings = [rule.clears, rule.physician_unknown, *(c.reception for c in rule.cases)]
    wordings += [text for case in rule.cases for text in (case.physician, case.physician_open)]

    for wording in wordings:
        for advice in ADVICE.finditer(wording):
            assert wording[: advice.start()].endswith("not ")


def test_no_question_tells_anybody_to_stop_a_medicine() -> None:
    for question in CATALOGUE.questions:
        for advice in ADVICE.finditer(question.text):
            assert question.text[: advice.start()].endswith("not ")


def test_reception_reads_few_sentences_and_all_of_them_neutral() -> None:
    sentences = {case.reception for rule in RULES for case in rule.cases}

    assert sentences == {
        "The treatment is not possible on this date.",
        "A physician must look at this visit first.",
        "This treatment cannot be given. A consultation can be booked.",
    }
    assert all("%" not in text for text in (*sentences, QUESTIONS_MISSING, NOT_CHECKED))


def test_private_findings_never_show_their_date() -> None:
    shown = {rule.code for rule in RULES if rule.may_show_date}

    assert not shown & {
        *("pregnant", "preg_meso", "breastfeeding", "bf_meso", "bbv", "bbv_unknown"),
        *("active_cancer", "haem_malignancy", "immunosuppressed", "mood_5ari"),
        *("preg_5ari", "cbp_5ari", "male_partner_5ari"),
    }


def test_the_catalogue_survives_being_kept_as_json() -> None:
    kept = json.loads(json.dumps(shipped_rules()))

    rebuilt = [build_rule(data, CATALOGUE) for data in kept]

    assert sorted(rebuilt, key=lambda rule: rule.code) == list(RULES)


def test_the_hash_changes_with_the_content_and_not_with_the_order() -> None:
    data = a_rule()
    turned = dict(reversed(list(data.items())))
    numbers = {**data["numbers"], "window": {**data["numbers"]["window"], "value": 3}}

    assert content_hash(turned) == content_hash(data)
    assert content_hash({**data, "numbers": numbers}) != content_hash(data)


def test_a_clinic_may_own_the_window() -> None:
    data = a_rule()
    data["numbers"]["window"]["value"] = 5

    rule = build_rule({**data, "version": 2}, CATALOGUE)

    assert {number.name: number.value for number in rule.numbers}["window"] == "5"


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"code": "Not A Slug"}, ".code"),
        ({"version": 0}, ".version"),
        ({"version": "2"}, ".version"),
        ({"kind": "mild"}, ".kind"),
        ({"sources": []}, ".sources"),
        ({"sources": ["WHO"]}, "WHO is no source"),
        ({"applies_to": {}}, "at least one treatment"),
        ({"applies_to": {"consultation": "as_written"}}, ".consultation"),
        ({"cases": []}, ".cases"),
        ({"surprise": 1}, ".surprise"),
        ({"name": "  "}, ".name"),
        ({"physician_unknown": "100 % sure of %(fact)s"}, ".physician_unknown"),
        ({"unknown": "perhaps"}, ".unknown"),
        ({"may_show_date": "yes"}, ".may_show_date"),
    ],
)
def test_bad_rules_are_refused_with_the_place(changes, place) -> None:
    assert any(place in problem for problem in problems_of(**changes))


def test_bad_conditions_are_refused_with_the_place() -> None:
    def with_when(when: object) -> tuple[str, ...]:
        case = {**a_rule()["cases"][0], "when": when}
        return problems_of(cases=[case])

    assert any("no medication" in p for p in with_when({"medication": ["beer"]}))
    assert any("no question group" in p for p in with_when({"medication": ["nsaid"], "group": "x"}))
    assert any("no number" in p for p in with_when({"medication": ["nsaid"], "window": "@wide"}))
    assert any("no condition that is known" in p for p in with_when({"eval": "1"}))
    assert any("must be a table" in p for p in with_when([]))
    assert any("not known here" in p for p in with_when({"younger": 18, "older": 3}))
    test = {"lab": "pregnancy_test", "at_least": 1, "valid": 2}
    for code, words in (("hiv", "no pregnancy"), ("birth", "no concept")):
        assert any(words in p for p in with_when({**test, "until_end_of": [code]}))
    assert any("a window must be given" in p for p in with_when({"lab": "platelets", "below": 5}))


def test_every_problem_is_named_not_just_the_first() -> None:
    assert len(problems_of(kind="mild", sources=["WHO"], version=0)) >= 3


def test_bad_lists_are_refused() -> None:
    with pytest.raises(BadCatalogue) as refused:
        build_catalogue(
            rules=[],
            sources={},
            concepts={
                "condition": [
                    {"code": "a_thing", "name": "A", "is_a": "nothing"},
                    {"code": "a_thing", "name": "Again"},
                ],
                "lab": [{"code": "no_unit", "name": "X", "low": 1, "high": "many"}],
            },
            questions={"groups": [{"code": "g_one", "name": "G", "questions": []}]},
        )

    text = str(refused.value)
    assert "a_thing is there twice" in text
    assert "broader" in text
    assert "high: must be a number" in text
    assert "validity_days" in text


def test_roles_are_the_four_of_the_clinic() -> None:
    assert {role.value for role in Role} == {
        "receptionist",
        "nurse",
        "physician",
        "administrator",
    }
