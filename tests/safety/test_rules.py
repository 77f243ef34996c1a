"""Every rule of the catalogue at every edge: a row each, named by the rule."""

import datetime as dt

import pytest

from clinic.core.zones import Zone
from clinic.safety.catalogue_files import shipped_catalogue, shipped_rules
from clinic.safety.rules.catalogue import build_rule
from clinic.safety.rules.language import Rule
from clinic.safety.rules.screening import screen
from clinic.safety.values import Decision, FactSource, FactState, Truth
from tests.safety import (
    rule_rows_conditions,
    rule_rows_ingredients,
    rule_rows_medicines,
    rule_rows_person,
)
from tests.safety.rule_cases import (
    ASK,
    ON,
    TESTED,
    WARN,
    Row,
    a_clear_history,
    a_fact,
    a_plan,
    bald,
    both,
    day,
    instead,
    medicine,
    of_rule,
    platelets,
    screened,
    session,
    with_fact,
    without,
)

RULES = shipped_catalogue().rules
ROWS = [
    *rule_rows_medicines.ROWS,
    *rule_rows_person.ROWS,
    *rule_rows_conditions.ROWS,
    *rule_rows_ingredients.ROWS,
]


UNCHANGED = {
    "consent_missing", "sepsis", "haemodynamic", "plt_critical", "plt_dysfunction",
    "bleeding_disorder", "haem_malignancy", "active_cancer", "local_infection",
    "scalp_inflammation", "fever_illness", "anticoagulant", "inr_high", "antiplatelet_prescribed",
    "immunosuppressed", "minor", "keloid", "koebner", "scarring_alopecia", "no_hair_zone",
    "norwood_vii", "diabetes_unc", "liver_disease", "sarcoidosis", "vasovagal_hx", "open_ae",
    "hair_dye", "vaccine", "isotretinoin",
}  # fmt: skip
WEAKER = {
    "plt_low", "nsaid_recent", "aspirin_otc", "supplements", "steroid_systemic", "steroid_site",
    "bbv",
}  # fmt: skip
REPLACED = {"pregnant", "breastfeeding", "allergy_citrate", "interval_short"}
UNUSED = {
    "hb_low", "plt_borderline", "plt_high", "bbv_unknown", "nsaid_soft", "smoking",
    "blood_donated",
}  # fmt: skip
BEYOND = {
    "lidocaine_amide", "procaine_ester", "two_anaesthetics", "product_unfit",
    "medicine_unconfirmed", "suspected_ntm", "necrosis_zone", "nerve_zone", "oedema_hx",
    "paradox_alopecia", "shedding", "systemic_drug",
}  # fmt: skip
"""Of PRP, and no row of 1A: what the label of an anaesthetic or an earlier treatment asks for."""


@pytest.mark.once
@pytest.mark.parametrize("row", ROWS, ids=[f"{row.rule}-{row.words}" for row in ROWS])
def test_a_rule_says_what_the_table_says(row: Row) -> None:
    screening = screened(row.change, plan=row.plan)

    findings = of_rule(screening, row.rule)
    strongest = findings[0] if findings else None

    assert (strongest.decision if strongest else "") == row.says
    if strongest is not None:
        assert strongest.releasable is row.releasable
        assert strongest.clears_on == row.clears_on
        assert (strongest.truth is Truth.UNKNOWN) == (row.says == ASK)
        for message in (strongest.message, *strongest.arithmetic):
            assert "%(" not in str(message)
        if strongest.truth is Truth.UNKNOWN:
            assert strongest.missing


@pytest.mark.once
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_has_a_row_where_it_speaks_and_one_where_it_is_silent(rule: Rule) -> None:
    rows = [row for row in ROWS if row.rule == rule.code]
    says = {row.says for row in rows}
    # A medicine that nobody confirmed is only ever asked about; a policy is off as it ships.
    said_never = {WARN} if rule.code in {"medicine_unconfirmed", "bbv_unknown"} else set()

    assert "" in says
    assert {case.decision.value for case in rule.cases} - says == said_never
    if rule.unknown is not None:
        assert ASK in says


@pytest.mark.once
def test_every_rule_that_is_weaker_for_mesotherapy_has_a_row_for_it() -> None:
    weaker = {
        rule.code for rule in RULES for applies in rule.applies_to if applies.weaker is not None
    }

    warned = {row.rule for row in ROWS if row.plan is not None and row.says == WARN}

    assert weaker <= warned
    assert weaker == WEAKER


@pytest.mark.once
def test_mesotherapy_carries_over_exactly_what_the_clinic_lists() -> None:
    """clinical.md 1B; rules that are no row of 1A are left out."""
    carried = {rule.code: {a.modality.value: a.weaker for a in rule.applies_to} for rule in RULES}

    for code in UNCHANGED:
        assert carried[code] == {"prp": None, "mesotherapy": None}, code
    for code in WEAKER:
        assert carried[code] == {"prp": None, "mesotherapy": Decision.WARN}, code
    for code in REPLACED | UNUSED:
        assert carried[code] == {"prp": None}, code
    rows = UNCHANGED | WEAKER | REPLACED | UNUSED
    assert len(rows) == 47
    assert {code for code, by in carried.items() if "prp" in by} - rows == BEYOND


@pytest.mark.once
def test_a_policy_that_is_turned_on_asks_for_tests_that_are_not_older_than_it_says() -> None:
    data = next(dict(rule) for rule in shipped_rules() if rule["code"] == "bbv_unknown")
    numbers = data["numbers"]
    assert isinstance(numbers, dict)
    data["numbers"] = {**numbers, "policy": {**numbers["policy"], "value": 1}}
    rule = build_rule(data, shipped_catalogue())

    def decision(days_old: int | None) -> Decision:
        tests = () if days_old is None else [
            a_fact("lab", code, value_milli=0, unit="1", noted_on=day(days_old))
            for code in ("hbsag", "anti_hcv", "hiv_test")
        ]  # fmt: skip
        return screen(with_fact(*tests)(a_clear_history()), a_plan(), ON, [rule]).decision

    assert decision(None) is Decision.WARN
    assert decision(180) is Decision.ALLOW
    assert decision(181) is Decision.WARN


@pytest.mark.once
def test_an_allergy_bars_the_item_and_leaves_the_treatment() -> None:
    screening = screened(with_fact(a_fact("allergy", "citrate"), a_fact("allergy", "latex")))

    assert screening.decision is Decision.WARN
    assert screening.blocked_ingredients == {"citrate", "latex"}


@pytest.mark.once
def test_an_allergy_that_was_never_asked_about_is_asked_once() -> None:
    screening = screened(without("review", "allergies"))
    chosen = screened(
        without("review", "allergies"),
        plan=a_plan("mesotherapy", ingredients=frozenset({"biotin"})),
    )

    assert len(of_rule(screening, "allergy_citrate")) == 1
    assert len(of_rule(chosen, "allergy_ingredient")) == 1


@pytest.mark.once
def test_an_allergy_to_gloves_leaves_mesotherapy_and_repeats_no_preservative() -> None:
    plan = a_plan("mesotherapy", ingredients=frozenset({"biotin"}))
    facts = with_fact(a_fact("allergy", "latex"), a_fact("allergy", "paraben"))

    screening = screened(facts, plan=plan)

    assert screening.decision is Decision.REVIEW
    assert [(f.case, f.ingredient) for f in of_rule(screening, "allergy_ingredient")] == [
        ("allergic", "latex"),
        ("preservative", "biotin"),
    ]


@pytest.mark.once
@pytest.mark.parametrize("modality", ["prp", "mesotherapy"])
def test_the_clear_history_is_clear(modality: str) -> None:
    screening = screened(plan=a_plan(modality))

    assert screening.findings == ()
    assert screening.decision is Decision.ALLOW
    assert screening.earliest_clear_on == ON


@pytest.mark.once
def test_a_consultation_is_screened_by_nothing() -> None:
    screening = screened(
        with_fact(a_fact("condition", "haemophilia")),
        plan=a_plan("consultation", zones=frozenset()),
    )

    assert screening.decision is Decision.ALLOW
    assert screening.findings == ()
    assert screening.is_checked


@pytest.mark.once
def test_warfarin_sends_a_prp_booking_to_review_and_asks_for_the_inr() -> None:
    screening = screened(with_fact(medicine("warfarin", "Warfarin 5 mg")))

    said = {finding.rule_code: finding for finding in screening.findings}

    assert screening.decision is Decision.REVIEW
    assert [missing.code for missing in said["inr_high"].missing] == ["inr"]
    assert "Warfarin 5 mg" in str(said["anticoagulant"].message)
    assert "Do not stop it" in str(said["anticoagulant"].message)


@pytest.mark.once
def test_an_open_imported_enoxaparin_is_reviewed_and_asked_about() -> None:
    enoxaparin = a_fact(
        "medication", "anticoagulant", label="Enoxaparin sodium 100 MG/ML",
        began_on=day(3000), noted_on=day(3000), source=FactSource.IMPORTED,
    )  # fmt: skip

    screening = screened(
        both(without("review", "blood_thinners"), without("review", "medicines"),
             with_fact(enoxaparin))
    )  # fmt: skip

    review, asks = of_rule(screening, "anticoagulant"), of_rule(screening, "medicine_unconfirmed")
    assert [finding.decision for finding in review] == [Decision.REVIEW]
    assert "Still so? Enoxaparin" in str(review[0].missing[0].message)
    assert asks[0].never_refuses


@pytest.mark.once
def test_a_tendency_to_bleed_is_reviewed_while_the_tests_are_asked_for() -> None:
    screening = screened(with_fact(a_fact("condition", "bleeding_tendency", began_on=day(3))))

    review, ask = of_rule(screening, "bleeding_disorder")

    assert review.decision is Decision.REVIEW
    assert ask.decision is Decision.ASK
    assert not ask.never_refuses
    assert [missing.code for missing in ask.missing] == ["inr", "aptt", "fibrinogen"]


@pytest.mark.once
def test_a_blood_count_from_before_the_bruise_is_asked_for_again() -> None:
    screening = screened(
        both(
            instead(platelets(250, 10)),
            with_fact(a_fact("condition", "bleeding_tendency", began_on=day(3)), *TESTED),
        )
    )

    ask = of_rule(screening, "bleeding_disorder")[1]

    assert [missing.code for missing in ask.missing] == ["platelets"]


@pytest.mark.once
def test_the_arithmetic_names_dose_day_elapsed_window_and_clear_date() -> None:
    screening = screened(with_fact(medicine("nsaid", "Ibuprofen 400 mg", ended_on=day(1))))

    finding = of_rule(screening, "nsaid_recent")[0]

    assert str(finding.message) == (
        "Ibuprofen 400 mg, last dose on 2026-11-21. Days before the visit: 1;"
        " the rule asks for 2. Clear on 2026-11-23."
    )
    assert finding.clears_on == dt.date(2026, 11, 23)
    assert screening.bookable_from == dt.date(2026, 11, 23)
    assert screening.earliest_clear_on == dt.date(2026, 11, 28)  # the cautious week


@pytest.mark.once
def test_a_bald_zone_bars_that_zone_alone() -> None:
    plan = a_plan(zones=frozenset({Zone.VERTEX, Zone.MIDSCALP}))
    hair = a_fact("hair", "hair", zone=Zone.MIDSCALP)

    screening = screened(both(bald(day(4000)), with_fact(hair)), plan=plan)

    assert screening.decision is Decision.WARN
    assert screening.blocked_zones == {Zone.VERTEX}


@pytest.mark.once
def test_when_every_planned_zone_is_bald_the_visit_stops() -> None:
    screening = screened(bald(day(4000)))

    assert screening.decision is Decision.BLOCK
    assert screening.earliest_clear_on is None


@pytest.mark.once
def test_bald_zones_are_shown_while_no_zone_is_planned() -> None:
    screening = screened(bald(day(4000)), plan=a_plan(zones=frozenset()))

    assert screening.decision is Decision.WARN
    assert screening.blocked_zones == {Zone.VERTEX}


@pytest.mark.once
def test_the_latest_of_several_ends_is_the_clear_date() -> None:
    screening = screened(
        both(
            session("prp", 10),
            with_fact(
                medicine("nsaid", ended_on=day(1)), medicine("steroid_systemic", ended_on=day(1))
            ),
        )
    )

    assert screening.decision is Decision.DEFER
    assert screening.bookable_from == day(-13)
    assert screening.earliest_clear_on == day(-18)


@pytest.mark.once
def test_evidence_that_goes_out_of_date_is_no_clear_date() -> None:
    screening = screened(
        both(instead(platelets(30)), with_fact(medicine("steroid_systemic", ended_on=day(1))))
    )

    assert screening.decision is Decision.BLOCK
    assert screening.earliest_clear_on is None
    assert screening.bookable_from is None


@pytest.mark.once
def test_without_rules_nothing_is_clear() -> None:
    assert not screen(a_clear_history(), a_plan(), ON, ()).is_checked


@pytest.mark.once
def test_what_was_found_over_says_who_found_it_and_from_when_the_days_count() -> None:
    found = of_rule(
        screened(
            with_fact(
                a_fact("condition", "sepsis", noted_on=day(60)),
                a_fact("condition", "sepsis", state=FactState.ABSENT, noted_on=day(3)),
            )
        ),
        "sepsis",
    )[0]

    assert [str(each) for each in found.arithmetic] == [
        "Sepsis: last on 2026-11-19. Days before the visit: 3; the rule asks for 30."
        " Clear on 2026-12-19.",
        "Sepsis: over by 2026-11-19, as recorded on 2026-11-19.",
    ]
    assert [fact.state for fact in found.used] == [FactState.PRESENT, FactState.ABSENT]
