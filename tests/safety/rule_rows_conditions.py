"""Rows of the table of rules: illnesses, results, and what was done or taken lately."""

from dataclasses import replace

from clinic.core.zones import Zone
from clinic.safety.values import Fact, FactSource
from tests.safety.rule_cases import (
    ABSENT,
    ASK,
    BLOCK,
    MD,
    MESO,
    OLD,
    ON,
    REVIEW,
    UNSURE,
    WARN,
    Change,
    N,
    Row,
    a_fact,
    a_plan,
    both,
    day,
    instead,
    medicine,
    medicine_rows,
    over_rows,
    platelets,
    with_fact,
    without,
    yes_no_rows,
)

LETTER = FactSource.LETTER
BOTH_ZONES = a_plan(zones=frozenset({Zone.VERTEX, Zone.MIDSCALP}))


def result(code: str, milli: int, unit: str, days_old: int = 0) -> Change:
    kind = "vital" if unit == "mm[Hg]" else "lab"
    taken = day(days_old)
    return with_fact(
        a_fact(kind, code, value_milli=milli, unit=unit, noted_on=taken, recorded_on=taken)
    )


def pressure(systolic: int, days_old: int = 0, code: str = "systolic") -> Change:
    return result(code, systolic * 1000, "mm[Hg]", days_old)


def noted(code: str, days_old: int) -> Fact:
    """A letter or note that clears."""
    return a_fact("condition", code, noted_on=day(days_old), source=LETTER)


def condition(code: str, **changes: object) -> Change:
    return with_fact(a_fact("condition", code, **changes))


def window_rows(
    rule: str, kind: str, code: str, window: int, says: str, md: object = N
) -> list[Row]:
    """The day itself, the day before the window ends, its end, the day after, and no date."""

    def ended(days: int) -> Change:
        return with_fact(a_fact(kind, code, ended_on=day(days), noted_on=day(days)))

    return [
        Row(rule, f"{code}_same_day", ended(0), says, md, day(-window)),
        Row(rule, f"{code}_day_before", ended(window - 1), says, md, day(-1)),
        Row(rule, f"{code}_window_ends", ended(window), ""),
        Row(rule, f"{code}_day_after", ended(window + 1), ""),
        Row(rule, f"{code}_no_date", with_fact(a_fact(kind, code)), says, md),
    ]


def asked_rows(rule: str, kind: str, code: str, group: str, plan: object = None) -> list[Row]:
    return [
        Row(rule, f"{code}_never_asked", without("review", group), ASK, plan=plan),
        Row(rule, f"{code}_not_certain", with_fact(a_fact(kind, code, state=UNSURE)), ASK,
            plan=plan),
    ]  # fmt: skip


def result_rows(rule: str, condition_code: str, low: Change, old: Change) -> list[Row]:
    """A result is asked for where something on record asks for it, and nowhere else."""
    return [
        Row(rule, "no_result_no_reason", with_fact(), ""),
        Row(rule, "asked_with_the_condition", condition(condition_code), ASK),
        Row(rule, "abnormal_out_of_date", old, ASK),
        Row(rule, "abnormal_counts_for_everybody", low, REVIEW, MD),
    ]


def hb(milli: int, days_old: int = 0) -> Change:
    return result("haemoglobin", milli, "g/dL", days_old)


def hba1c(milli: int, days_old: int = 0) -> Change:
    return result("hba1c", milli, "%", days_old)


SALT = a_fact("vital", "salt_score", value_milli=95_000, unit="%")
ROWS = [
    # blood
    *window_rows("sepsis", "condition", "sepsis", 30, BLOCK),
    *asked_rows("sepsis", "condition", "sepsis", "illness_now"),
    Row("sepsis", "mesotherapy", condition("sepsis"), BLOCK, plan=MESO),
    *over_rows("sepsis", "sepsis", 30, BLOCK),
    Row("haemodynamic", "never_measured", with_fact(), ""),
    Row("haemodynamic", "low", pressure(89), BLOCK),
    Row("haemodynamic", "at_the_low_limit", pressure(90), ""),
    Row("haemodynamic", "below_the_high_limit", pressure(179), ""),
    Row("haemodynamic", "high", pressure(180), BLOCK),
    Row("haemodynamic", "diastolic_below", pressure(109, 0, "diastolic"), ""),
    Row("haemodynamic", "diastolic_high", pressure(110, 0, "diastolic"), BLOCK),
    Row("haemodynamic", "high_the_day_before", pressure(200, 1), ASK),
    Row("haemodynamic", "high_long_ago", pressure(200, 300), ASK),
    Row("haemodynamic", "normal_since", both(pressure(200, 1), pressure(120)), ""),
    Row("haemodynamic", "collapse", with_fact(a_fact("symptom", "collapse")), BLOCK),
    Row("haemodynamic", "mesotherapy", pressure(80), BLOCK, plan=MESO),
    Row("plt_high", "at_the_limit", instead(platelets(450)), ""),
    Row("plt_high", "above", instead(platelets(451)), REVIEW, MD),
    Row("plt_high", "above_on_its_last_day", instead(platelets(451, 90)), REVIEW, MD),
    Row("plt_high", "the_other_rules_ask", instead(platelets(451, 91)), ""),
    Row("plt_high", "explained", both(instead(platelets(600)), with_fact(
        noted("haematology_note", 90))), ""),
    Row("plt_high", "explained_too_long_ago", both(instead(platelets(600)), with_fact(
        noted("haematology_note", 91))), REVIEW, MD),
    Row("plt_high", "mesotherapy", instead(platelets(600)), "", plan=MESO),
    *yes_no_rows("plt_dysfunction", "condition", "platelet_dysfunction", "bleeding", BLOCK, N),
    Row("plt_dysfunction", "mesotherapy", condition("platelet_dysfunction"), BLOCK, plan=MESO),
    Row("plt_dysfunction", "letter_removes_it", both(
        condition("platelet_dysfunction", noted_on=day(9)),
        condition("platelet_dysfunction", state=ABSENT, source=LETTER)), ""),
    Row("hb_low", "at_the_limit", hb(10_000), ""),
    Row("hb_low", "below", hb(9_999), REVIEW, MD),
    Row("hb_low", "at_eight", hb(8_000), REVIEW, MD),
    Row("hb_low", "below_eight", hb(7_999), BLOCK),
    Row("hb_low", "valid_on_its_last_day", hb(9_000, 90), REVIEW, MD),
    *result_rows("hb_low", "anaemia", hb(9_000), hb(9_000, 91)),
    Row("hb_low", "normal_out_of_date", hb(14_000, 400), ""),
    Row("hb_low", "mesotherapy", hb(7_000), "", plan=MESO),
    Row("bbv", "positive_test", result("hbsag", 1000, "1", 900), REVIEW, MD),
    Row("bbv", "negative_test", result("anti_hcv", 0, "1"), ""),
    Row("bbv_unknown", "off_as_it_ships", with_fact(), ""),
    # cancer
    Row("haem_malignancy", "active", condition("haem_malignancy"), BLOCK),
    Row("haem_malignancy", "treated_to_the_day", condition(
        "haem_malignancy", ended_on=ON), REVIEW, MD, day(-180)),
    Row("haem_malignancy", "day_before", condition(
        "haem_malignancy", ended_on=day(179)), REVIEW, MD, day(-1)),
    Row("haem_malignancy", "window_ends", condition("haem_malignancy", ended_on=day(180)), ""),
    Row("haem_malignancy", "day_after", condition("haem_malignancy", ended_on=day(181)), ""),
    *asked_rows("haem_malignancy", "condition", "haem_malignancy", "health"),
    Row("haem_malignancy", "mesotherapy", condition("haem_malignancy"), BLOCK, plan=MESO),
    *window_rows("active_cancer", "condition", "cancer", 180, REVIEW, MD),
    *window_rows("active_cancer", "medication", "chemotherapy", 180, REVIEW, MD),
    *window_rows("active_cancer", "condition", "scalp_cancer", 180, BLOCK),
    *asked_rows("active_cancer", "condition", "cancer", "health"),
    Row("active_cancer", "no_to_this_one_question", both(without("review", "health"), with_fact(
        *(a_fact(kind, code, state=ABSENT) for kind, code in (
            ("condition", "cancer"), ("medication", "chemotherapy"))))), ""),
    Row("active_cancer", "letter_on_its_last_day", with_fact(
        a_fact("condition", "cancer"), noted("oncologist_letter", 180)), ""),
    Row("active_cancer", "letter_a_day_too_old", with_fact(
        a_fact("condition", "cancer"), noted("oncologist_letter", 181)), REVIEW, MD),
    Row("active_cancer", "no_letter_for_the_scalp", with_fact(
        a_fact("condition", "scalp_cancer"), noted("oncologist_letter", 1)), BLOCK),
    Row("active_cancer", "mesotherapy", condition("cancer"), REVIEW, MD, plan=MESO),
    # illnesses
    *yes_no_rows("immunosuppressed", "condition", "immunosuppressed", "health", REVIEW, MD),
    *yes_no_rows("immunosuppressed", "condition", "autoimmune_uncontrolled", "health", REVIEW, MD),
    Row("immunosuppressed", "medicine", with_fact(medicine("immunosuppressant")), REVIEW, MD),
    Row("immunosuppressed", "medicine_not_confirmed_for_years", both(
        without("review", "blood_thinners"), with_fact(medicine("immunosuppressant", **OLD))),
        REVIEW, MD),
    Row("immunosuppressed", "autoimmune_under_control", condition("autoimmune"), ""),
    Row("immunosuppressed", "letter", with_fact(
        a_fact("condition", "immunosuppressed"), noted("immunology_letter", 180)), ""),
    Row("immunosuppressed", "letter_too_old", with_fact(
        a_fact("condition", "immunosuppressed"), noted("immunology_letter", 181)), REVIEW, MD),
    Row("immunosuppressed", "mesotherapy", condition("immunosuppressed"), REVIEW, MD, plan=MESO),
    Row("diabetes_unc", "at_the_limit", hba1c(8_500), ""),
    Row("diabetes_unc", "above", hba1c(8_501), REVIEW, MD),
    Row("diabetes_unc", "above_on_its_last_day", hba1c(9_000, 90), REVIEW, MD),
    Row("diabetes_unc", "controlled", both(condition("diabetes"), hba1c(7_000, 90)), ""),
    Row("diabetes_unc", "controlled_too_long_ago", both(condition("diabetes"), hba1c(7_000, 91)),
        ASK),
    *result_rows("diabetes_unc", "diabetes", hba1c(9_000), hba1c(9_000, 91)),
    Row("diabetes_unc", "never_asked", without("review", "health"), ASK),
    Row("diabetes_unc", "mesotherapy", hba1c(9_000), REVIEW, MD, plan=MESO),
    *yes_no_rows("liver_disease", "condition", "liver_disease", "health", "", N)[1:],
    Row("liver_disease", "not_tested", condition("liver_disease"), REVIEW, MD),
    Row("liver_disease", "tested", both(condition("liver_disease"), instead(
        platelets(200, 90)), result("inr", 1100, "{INR}", 90)), ""),
    Row("liver_disease", "tested_a_day_too_early", both(condition("liver_disease"), instead(
        platelets(200, 91)), result("inr", 1100, "{INR}", 90)), REVIEW, MD),
    Row("liver_disease", "mesotherapy", condition("severe_liver_disease"), REVIEW, MD, plan=MESO),
    *yes_no_rows("sarcoidosis", "condition", "sarcoidosis", "health", REVIEW, MD),
    Row("sarcoidosis", "granuloma_after_treatment", condition("granuloma_hx"), REVIEW, MD),
    Row("sarcoidosis", "mesotherapy", condition("sarcoidosis"), REVIEW, MD, plan=MESO),
    *yes_no_rows("smoking", "condition", "smoking", "health", WARN, N),
    Row("smoking", "mesotherapy", condition("smoking"), "", plan=MESO),
    # scalp
    *yes_no_rows("koebner", "condition", "psoriasis", "scars_and_fainting", REVIEW, MD),
    *yes_no_rows("koebner", "condition", "lichen_planopilaris", "scars_and_fainting", REVIEW, MD),
    Row("koebner", "other_zone", condition("vitiligo", zone=Zone.OCCIPITAL), ""),
    Row("koebner", "same_zone", condition("vitiligo", zone=Zone.VERTEX), REVIEW, MD),
    Row("koebner", "mesotherapy", condition("psoriasis"), REVIEW, MD, plan=MESO),
    *yes_no_rows("scarring_alopecia", "condition", "scarring_alopecia", "scars_and_fainting",
        REVIEW, MD),
    Row("scarring_alopecia", "other_zone", condition(
        "scarring_alopecia", zone=Zone.OCCIPITAL), ""),
    Row("scarring_alopecia", "mesotherapy", condition("lichen_planopilaris"), REVIEW, MD,
        plan=MESO),
    Row("norwood_vii", "no_stage", with_fact(), ""),
    Row("norwood_vii", "stage_five", with_fact(a_fact("stage", "norwood_va")), ""),
    Row("norwood_vii", "stage_six", with_fact(a_fact("stage", "norwood_vi")), REVIEW, MD),
    Row("norwood_vii", "newest_stage_counts", with_fact(
        a_fact("stage", "norwood_vii", noted_on=day(9)), a_fact("stage", "norwood_iv")), ""),
    Row("norwood_vii", "totalis", condition("alopecia_totalis"), REVIEW, MD),
    Row("norwood_vii", "salt", with_fact(SALT), REVIEW, MD),
    Row("norwood_vii", "salt_below", with_fact(
        a_fact("vital", "salt_score", value_milli=94_999, unit="%")), ""),
    Row("norwood_vii", "mesotherapy", with_fact(a_fact("stage", "norwood_vii")), REVIEW, MD,
        plan=MESO),
    # lately
    *(replace(row, change=both(row.change, instead(platelets(250, 60))))
      for row in (*window_rows("blood_donated", "symptom", "platelets_donated", 7, WARN),
                  *window_rows("blood_donated", "symptom", "blood_donated", 28, WARN),
                  *asked_rows("blood_donated", "symptom", "blood_donated", "illness_now"))),
    Row("blood_donated", "counted_since", with_fact(
        a_fact("symptom", "blood_donated", ended_on=day(3))), ""),
    Row("blood_donated", "mesotherapy", with_fact(
        a_fact("symptom", "blood_donated")), "", plan=MESO),
    *window_rows("hair_dye", "symptom", "hair_dye", 3, WARN),
    *asked_rows("hair_dye", "symptom", "hair_dye", "scalp_now"),
    Row("hair_dye", "mesotherapy", with_fact(a_fact("symptom", "hair_dye")), WARN, plan=MESO),
    *window_rows("vaccine", "medication", "vaccine", 7, WARN),
    *asked_rows("vaccine", "medication", "vaccine", "illness_now"),
    Row("vaccine", "mesotherapy", with_fact(a_fact("medication", "vaccine")), WARN, plan=MESO),
    # medicines
    Row("nsaid_soft", "the_firm_rule_speaks", with_fact(medicine("nsaid", ended_on=day(1))), ""),
    Row("nsaid_soft", "firm_window_ends", with_fact(
        medicine("nsaid", ended_on=day(2))), WARN, N, day(-5)),
    Row("nsaid_soft", "day_before", with_fact(
        medicine("nsaid", ended_on=day(6))), WARN, N, day(-1)),
    Row("nsaid_soft", "window_ends", with_fact(medicine("nsaid", ended_on=day(7))), ""),
    Row("nsaid_soft", "day_after", with_fact(medicine("nsaid", ended_on=day(8))), ""),
    Row("nsaid_soft", "the_firm_rule_asks", without("review", "painkillers"), ""),
    Row("nsaid_soft", "mesotherapy", with_fact(
        medicine("nsaid", ended_on=day(3))), "", plan=MESO),
    *medicine_rows("supplements", "supplement", "painkillers", 7, WARN, says=WARN, md=N),
    *medicine_rows("steroid_site", "steroid_local", "steroids", 30, WARN),
    Row("steroid_site", "other_zone", with_fact(
        medicine("steroid_local", zone=Zone.OCCIPITAL)), ""),
    *yes_no_rows("isotretinoin", "medication", "isotretinoin", "blood_thinners", WARN, N),
    Row("isotretinoin", "mesotherapy", with_fact(medicine("isotretinoin")), WARN, plan=MESO),
]  # fmt: skip
