"""Rows of the table of rules: consent, scalp, blood, medicines."""

from clinic.safety.values import FactSource
from tests.safety.rule_cases import (
    ABSENT,
    ASK,
    BLOCK,
    DEFER,
    MD,
    MESO,
    OLD,
    ON,
    REVIEW,
    TESTED,
    WARN,
    Change,
    N,
    Row,
    a_fact,
    both,
    consent,
    day,
    inr,
    instead,
    medicine,
    medicine_rows,
    over_rows,
    platelets,
    with_fact,
    without,
    yes_no_rows,
)


def denied_rows(rule: str, code: str) -> list[Row]:
    """Whose No ends what is on record: of the clinic, and no less sure than who wrote it."""

    def denied(of: FactSource, by: FactSource) -> Change:
        return with_fact(
            medicine(code, noted_on=day(9), source=of), medicine(code, state=ABSENT, source=by)
        )

    patient, imported, staff = FactSource.PATIENT, FactSource.IMPORTED, FactSource.STAFF
    physician, letter = FactSource.PHYSICIAN, FactSource.LETTER
    said = [(patient, patient), (imported, patient), (staff, imported), (physician, staff)]
    ends = [(patient, staff), (imported, staff), (physician, letter)]
    return [
        *(Row(rule, f"of_{of}_not_ended_by_{by}", denied(of, by), REVIEW, MD) for of, by in said),
        *(Row(rule, f"of_{of}_ended_by_{by}", denied(of, by), "") for of, by in ends),
    ]


ROWS = [
    # consent
    Row("consent_missing", "signed_today", consent(), ""),
    Row("consent_missing", "valid_on_its_last_day", consent(noted_on=day(365)), ""),
    Row("consent_missing", "a_day_too_old", consent(noted_on=day(366)), ASK),
    Row("consent_missing", "other_text", consent(label="2024-2"), ASK),
    Row("consent_missing", "other_treatment_only", without("consent", "prp"), ASK),
    Row("consent_missing", "withdrawn", consent(noted_on=day(9), ended_on=day(1)), BLOCK),
    Row("consent_missing", "withdrawn_from_tomorrow", consent(ended_on=day(-1)), ""),
    Row("consent_missing", "signed_again_after_withdrawal", both(
        consent(noted_on=day(9), ended_on=day(5)),
        with_fact(a_fact("consent", "prp", label="2026-1", noted_on=day(2)))), ""),
    Row("consent_missing", "older_paper_does_not_survive_a_withdrawal", both(
        consent(noted_on=day(9), ended_on=day(5)),
        with_fact(a_fact("consent", "prp", label="2026-1", noted_on=day(40)))), BLOCK),
    Row("consent_missing", "refused", consent(state=ABSENT), BLOCK),
    Row("consent_missing", "mesotherapy", without("consent"), ASK, plan=MESO),
    # scalp
    *yes_no_rows("scalp_inflammation", "condition", "scalp_inflammation_severe", "scalp_now",
        DEFER, N),
    *yes_no_rows("scalp_inflammation", "condition", "scalp_inflammation_mild", "scalp_now", DEFER,
        MD),
    *yes_no_rows("scalp_inflammation", "symptom", "scalp_sore", "scalp_now", DEFER, MD),
    Row("scalp_inflammation", "patient_cannot_deny_what_a_physician_saw", with_fact(
        a_fact("condition", "scalp_inflammation_severe", noted_on=day(3)),
        a_fact("condition", "scalp_inflammation_severe", state=ABSENT, source=FactSource.PATIENT)),
        DEFER, N),
    Row("scalp_inflammation", "physician_found_it_gone", with_fact(
        a_fact("condition", "scalp_inflammation_severe", noted_on=day(3)),
        a_fact("condition", "scalp_inflammation_severe", state=ABSENT)), ""),
    Row("scalp_inflammation", "mesotherapy", with_fact(a_fact("symptom", "scalp_sore")), DEFER, MD,
        plan=MESO),
    Row("local_infection", "not_healed", with_fact(a_fact("condition", "impetigo")), DEFER),
    Row("local_infection", "signs_said_by_the_patient", with_fact(
        a_fact("symptom", "scalp_infection_signs")), DEFER),
    Row("local_infection", "healed_today", with_fact(
        a_fact("condition", "tinea_capitis", ended_on=ON)), DEFER, N, day(-7)),
    Row("local_infection", "healed_six_days_ago", with_fact(
        a_fact("condition", "local_infection", ended_on=day(6))), DEFER, N, day(-1)),
    Row("local_infection", "healed_seven_days_ago", with_fact(
        a_fact("condition", "local_infection", ended_on=day(7))), ""),
    Row("local_infection", "healed_eight_days_ago", with_fact(
        a_fact("condition", "local_infection", ended_on=day(8))), ""),
    *over_rows("local_infection", "local_infection", 7, DEFER),
    Row("local_infection", "never_asked", without("review", "scalp_now"), ASK),
    Row("local_infection", "mesotherapy", with_fact(a_fact("condition", "cellulitis")), DEFER,
        plan=MESO),
    # blood
    *yes_no_rows("bbv", "condition", "hepatitis_c", "blood_infection", REVIEW, MD),
    Row("bbv", "hiv", with_fact(a_fact("condition", "hiv", source=FactSource.IMPORTED)), REVIEW,
        MD),
    Row("bbv", "mesotherapy", with_fact(a_fact("condition", "hiv")), WARN, MD, plan=MESO),
    *yes_no_rows("bleeding_disorder", "condition", "bleeding_disorder", "bleeding", BLOCK, N),
    Row("bleeding_disorder", "haemophilia", with_fact(a_fact("condition", "haemophilia")), BLOCK),
    Row("bleeding_disorder", "physician_alone_cannot_remove_it", with_fact(
        a_fact("condition", "haemophilia", noted_on=day(9)),
        a_fact("condition", "haemophilia", state=ABSENT)), BLOCK),
    Row("bleeding_disorder", "letter_removes_it", with_fact(
        a_fact("condition", "haemophilia", noted_on=day(9)),
        a_fact("condition", "haemophilia", state=ABSENT, source=FactSource.LETTER)), ""),
    Row("bleeding_disorder", "tendency_tested", with_fact(
        a_fact("condition", "bleeding_tendency"), *TESTED), REVIEW, MD),
    Row("bleeding_disorder", "mesotherapy", with_fact(a_fact("condition", "von_willebrand")), BLOCK,
        plan=MESO),
    # platelets
    Row("plt_critical", "below", instead(platelets(49)), BLOCK),
    Row("plt_critical", "at_the_limit", instead(platelets(50)), ""),
    Row("plt_critical", "above", instead(platelets(51)), ""),
    Row("plt_critical", "never_counted", without("lab", "platelets"), ASK),
    Row("plt_critical", "count_valid_on_its_last_day", instead(platelets(49, 90)), BLOCK),
    Row("plt_critical", "count_a_day_too_old", instead(platelets(49, 91)), ASK),
    Row("plt_critical", "newest_counts_not_the_best", instead(platelets(300, 3), platelets(40, 2)),
        BLOCK),
    Row("plt_critical", "newest_counts_not_the_worst", instead(platelets(40, 3), platelets(300, 2)),
        ""),
    Row("plt_critical", "other_unit_is_no_result", instead(a_fact(
        "lab", "platelets", value_milli=105_000, unit="/uL")), ASK),
    Row("plt_critical", "mesotherapy", instead(platelets(49)), BLOCK, plan=MESO),
    Row("plt_low", "critical_is_the_other_rule", instead(platelets(49)), ""),
    Row("plt_low", "from_fifty", instead(platelets(50)), REVIEW, MD),
    Row("plt_low", "below", instead(platelets(99)), REVIEW, MD),
    Row("plt_low", "at_the_limit", instead(platelets(100)), ""),
    Row("plt_low", "above", instead(platelets(101)), ""),
    Row("plt_low", "abnormal_valid_on_its_last_day", instead(platelets(99, 30)), REVIEW, MD),
    Row("plt_low", "abnormal_a_day_too_old", instead(platelets(99, 31)), ASK),
    Row("plt_low", "normal_valid_on_its_last_day", instead(platelets(150, 90)), ""),
    Row("plt_low", "normal_a_day_too_old", instead(platelets(150, 91)), ASK),
    Row("plt_low", "never_counted", without("lab", "platelets"), ASK),
    Row("plt_low", "mesotherapy", instead(platelets(99)), WARN, MD, plan=MESO),
    Row("plt_borderline", "low_is_the_other_rule", instead(platelets(99)), ""),
    Row("plt_borderline", "from_hundred", instead(platelets(100)), WARN, MD),
    Row("plt_borderline", "below", instead(platelets(149, 90)), WARN, MD),
    Row("plt_borderline", "at_the_limit", instead(platelets(150)), ""),
    Row("plt_borderline", "the_other_rule_asks", without("lab", "platelets"), ""),
    Row("plt_borderline", "mesotherapy", instead(platelets(120)), "", plan=MESO),
    # medicines
    *yes_no_rows("anticoagulant", "medication", "anticoagulant", "blood_thinners", REVIEW, MD),
    Row("anticoagulant", "warfarin", with_fact(medicine("warfarin")), REVIEW, MD),
    Row("anticoagulant", "last_dose_yesterday", with_fact(
        medicine("anticoagulant", ended_on=day(1))), ""),
    Row("anticoagulant", "not_confirmed_for_years_counts", both(without("review", "blood_thinners"),
        with_fact(medicine("anticoagulant", "Enoxaparin", **OLD))), REVIEW, MD),
    *denied_rows("anticoagulant", "warfarin"),
    Row("anticoagulant", "mesotherapy", with_fact(medicine("anticoagulant")), REVIEW, MD,
        plan=MESO),
    Row("inr_high", "at_the_limit", with_fact(inr(35)), ""),
    Row("inr_high", "above", with_fact(inr(36)), BLOCK),
    Row("inr_high", "above_on_its_last_day", with_fact(inr(36, 3)), BLOCK),
    Row("inr_high", "needed_on_warfarin", with_fact(medicine("warfarin")), ASK),
    Row("inr_high", "valid_on_its_last_day", with_fact(medicine("warfarin"), inr(20, 3)), ""),
    Row("inr_high", "a_day_too_old", with_fact(medicine("warfarin"), inr(20, 4)), ASK),
    Row("inr_high", "not_needed_without_warfarin", with_fact(medicine("anticoagulant")), ""),
    Row("inr_high", "blood_thinners_never_asked", without("review", "blood_thinners"), ASK),
    Row("inr_high", "mesotherapy", with_fact(inr(36)), BLOCK, plan=MESO),
    *yes_no_rows("antiplatelet_prescribed", "medication", "antiplatelet", "blood_thinners", REVIEW,
        MD),
    Row("antiplatelet_prescribed", "not_confirmed_for_years_counts", both(
        without("review", "blood_thinners"), with_fact(medicine("antiplatelet", **OLD))), REVIEW,
        MD),
    *denied_rows("antiplatelet_prescribed", "antiplatelet"),
    Row("antiplatelet_prescribed", "mesotherapy", with_fact(medicine("antiplatelet")), REVIEW, MD,
        plan=MESO),
    *medicine_rows("nsaid_recent", "nsaid", "painkillers", 2, WARN),
    *medicine_rows("aspirin_otc", "aspirin_otc", "painkillers", 7, WARN),
    *medicine_rows("steroid_systemic", "steroid_systemic", "steroids", 14, WARN),
    Row("medicine_unconfirmed", "confirmed", with_fact(medicine("other_medicine", **OLD)), ""),
    Row("medicine_unconfirmed", "a_year", both(without("review", "medicines"), with_fact(
        medicine("other_medicine", noted_on=day(365), recorded_on=day(365)))), ""),
    Row("medicine_unconfirmed", "a_year_and_a_day", both(without("review", "medicines"), with_fact(
        medicine("other_medicine", noted_on=day(366), recorded_on=day(366)))), ASK),
    Row("medicine_unconfirmed", "imported_today_begun_long_ago", both(without("review",
        "medicines"),
        with_fact(medicine("antihypertensive", began_on=day(800), recorded_on=ON) )), ""),
    Row("medicine_unconfirmed", "import_confirms_nothing", both(without("review", "medicines"),
        with_fact(a_fact("medication", "other_medicine", began_on=day(800),
                         source=FactSource.IMPORTED))), ASK),
    Row("medicine_unconfirmed", "own_group_confirms", both(without("review", "medicines"),
        with_fact(medicine("anticoagulant", **OLD))), ""),
    Row("medicine_unconfirmed", "ended", both(without("review", "medicines"), with_fact(
        medicine("other_medicine", **{**OLD, "ended_on": day(700)}))), ""),
]  # fmt: skip
