"""Rows of the table of rules: illness, pregnancy, hair, intervals, person."""

import datetime as dt

from clinic.core.zones import Zone
from clinic.safety.values import Fact, FactSource, PlannedTreatment
from tests.safety.rule_cases import (
    ABSENT,
    ASK,
    BLOCK,
    DEFER,
    MD,
    MESO,
    ON,
    REVIEW,
    UNSURE,
    WARN,
    N,
    Row,
    a_fact,
    a_plan,
    bald,
    both,
    day,
    instead,
    person,
    session,
    side_effect,
    temperature,
    with_fact,
    without,
    yes_no_rows,
)


def tested_positive_rows(rule: str, plan: PlannedTreatment | None) -> list[Row]:
    """What ends a positive test: a negative one, or the recorded end of the pregnancy."""

    def tested(days: int, milli: int = 1000) -> Fact:
        taken = day(days)
        return a_fact("lab", "pregnancy_test", value_milli=milli, unit="1", noted_on=taken,
                      recorded_on=taken)  # fmt: skip

    def ended(days: int, **changes: object) -> Fact:
        return a_fact("pregnancy", "pregnant", **{"ended_on": day(days), **changes})

    patient = {"source": FactSource.PATIENT}
    none = a_fact("pregnancy", "pregnant", state=ABSENT)
    return [
        Row(rule, "positive_stays", with_fact(tested(200)), DEFER, plan=plan),
        Row(rule, "positive_then_negative", with_fact(tested(200), tested(9, 0)), "", plan=plan),
        Row(rule, "positive_then_ended", with_fact(tested(200), ended(9)), "", plan=plan),
        Row(rule, "ended_on_the_day_of_the_test", with_fact(tested(9), ended(9)), "", plan=plan),
        Row(rule, "ended_before_the_test", with_fact(tested(8), ended(9)), DEFER, plan=plan),
        Row(rule, "end_is_a_plan", with_fact(
            tested(200), ended(0, recorded_on=day(3), noted_on=day(3))), DEFER, plan=plan),
        Row(rule, "end_said_by_the_patient", with_fact(tested(200), ended(9, **patient)), DEFER,
            plan=plan),
        Row(rule, "a_no_does_not_unsay_it", with_fact(tested(200), none), DEFER, plan=plan),
    ]  # fmt: skip


ROWS = [
    # illness
    Row("fever_illness", "still_ill", with_fact(a_fact("symptom", "illness")), REVIEW, MD),
    Row("fever_illness", "last_symptom_today", with_fact(
        a_fact("symptom", "illness", ended_on=ON)), REVIEW, MD, day(-14)),
    Row("fever_illness", "thirteen_days", with_fact(
        a_fact("symptom", "fever", ended_on=day(13))), REVIEW, MD, day(-1)),
    Row("fever_illness", "fourteen_days", with_fact(
        a_fact("condition", "acute_illness", ended_on=day(14))), ""),
    Row("fever_illness", "fifteen_days", with_fact(
        a_fact("condition", "acute_illness", ended_on=day(15))), ""),
    Row("fever_illness", "never_asked", without("review", "illness_now"), ASK),
    Row("fever_illness", "not_certain", with_fact(a_fact("symptom", "illness", state=UNSURE)), ASK),
    Row("fever_illness", "not_confirmed_for_a_month", both(without("review", "illness_now"),
        with_fact(
        a_fact("condition", "acute_illness", noted_on=day(31)))), ASK),
    Row("fever_illness", "fever_measured_that_day", with_fact(temperature(380)), DEFER, MD,
        day(-1)),
    Row("fever_illness", "no_fever_measured", with_fact(temperature(379)), ""),
    Row("fever_illness", "fever_measured_the_day_before", with_fact(temperature(380, 1)), REVIEW,
        MD,
        day(-13)),
    Row("fever_illness", "fever_measured_two_weeks_ago", with_fact(temperature(380, 14)), ""),
    Row("fever_illness", "mesotherapy", with_fact(temperature(390)), DEFER, MD, day(-1), MESO),
    # pregnancy
    *yes_no_rows("pregnant", "pregnancy", "pregnant", "pregnancy", DEFER, N),
    Row("pregnant", "possible", with_fact(a_fact("pregnancy", "possibly_pregnant")), DEFER),
    Row("pregnant", "possible_tested_negative", with_fact(
        a_fact("pregnancy", "possibly_pregnant"),
        a_fact("lab", "pregnancy_test", value_milli=0, unit="1", noted_on=day(2))), ""),
    Row("pregnant", "test_too_old", with_fact(
        a_fact("pregnancy", "possibly_pregnant"),
        a_fact("lab", "pregnancy_test", value_milli=0, unit="1", noted_on=day(3))), DEFER),
    Row("pregnant", "test_positive", with_fact(
        a_fact("lab", "pregnancy_test", value_milli=1000, unit="1")), DEFER),
    *(row for rule, plan in (("pregnant", None), ("preg_meso", MESO))
      for row in tested_positive_rows(rule, plan)),
    Row("pregnant", "men_are_not_asked", both(person(sex="male"), without("review", "pregnancy")),
        ""),
    Row("pregnant", "on_record_counts_for_everybody", both(person(sex="male"), with_fact(
        a_fact("pregnancy", "pregnant"))), DEFER),
    Row("pregnant", "asked_when_sex_is_not_recorded", both(
        person(sex="unknown"), without("review", "pregnancy")), ASK),
    Row("pregnant", "not_asked_after_menopause", both(
        without("review", "pregnancy"), with_fact(a_fact("condition", "menopause"))), ""),
    Row("pregnant", "longer_than_a_pregnancy", both(without("review", "pregnancy"), with_fact(
        a_fact("pregnancy", "pregnant", noted_on=day(301)))), ASK),
    Row("pregnant", "answer_valid_on_its_last_day", instead(
        a_fact("review", "pregnancy", noted_on=day(14))), ""),
    Row("pregnant", "answer_a_day_too_old", instead(
        a_fact("review", "pregnancy", noted_on=day(15))), ASK),
    Row("preg_meso", "present", with_fact(a_fact("pregnancy", "pregnant")), DEFER, plan=MESO),
    Row("preg_meso", "never_asked", without("review", "pregnancy"), ASK, plan=MESO),
    Row("preg_meso", "absent", with_fact(), "", plan=MESO),
    *yes_no_rows("breastfeeding", "pregnancy", "breastfeeding", "pregnancy", REVIEW, MD),
    Row("bf_meso", "present", with_fact(a_fact("pregnancy", "breastfeeding")), REVIEW, MD,
        plan=MESO),
    Row("bf_meso", "never_asked", without("review", "pregnancy"), ASK, plan=MESO),
    Row("bf_meso", "absent", with_fact(), "", plan=MESO),
    # hair
    Row("no_hair_zone", "hair_there", with_fact(), ""),
    Row("no_hair_zone", "month_before_sixty", bald(dt.date(2021, 11, 23)), REVIEW, MD),
    Row("no_hair_zone", "sixty_months", bald(dt.date(2021, 11, 22)), BLOCK),
    Row("no_hair_zone", "more_than_sixty_months", bald(dt.date(2021, 11, 21)), BLOCK),
    Row("no_hair_zone", "other_zone", with_fact(a_fact(
        "hair", "hair", zone=Zone.OCCIPITAL, state=ABSENT, began_on=day(4000))), ""),
    Row("no_hair_zone", "never_looked", both(without("hair"), without("review", "hair")), ASK),
    Row("no_hair_zone", "bald_somewhere", both(without("hair"), with_fact(
        a_fact("symptom", "bald_area"))), ASK),
    Row("no_hair_zone", "trichoscopy_finds_hair", both(bald(day(4000)), with_fact(
        a_fact("hair", "hair", zone=Zone.VERTEX, id=9))), ""),
    Row("no_hair_zone", "look_too_old", both(without("review", "hair"), instead(a_fact(
        "hair", "hair", zone=Zone.VERTEX, noted_on=day(366)))), ASK),
    Row("no_hair_zone", "mesotherapy", bald(day(4000)), BLOCK, plan=MESO),
    # intervals
    Row("interval_short", "thirteen_days", session("prp", 13), DEFER, MD, day(-1)),
    Row("interval_short", "fourteen_days", session("prp", 14), WARN, MD, day(-14)),
    Row("interval_short", "twenty_seven_days", session("prp", 27), WARN, MD, day(-1)),
    Row("interval_short", "twenty_eight_days", session("prp", 28), ""),
    Row("interval_short", "twenty_nine_days", session("prp", 29), ""),
    Row("interval_short", "other_treatment", session("mesotherapy", 1), ""),
    Row("interval_short", "mesotherapy", session("prp", 1), "", plan=MESO),
    Row("meso_interval", "five_days", session("mesotherapy", 5), DEFER, MD, day(-1), MESO),
    Row("meso_interval", "six_days", session("mesotherapy", 6), "", plan=MESO),
    Row("meso_interval", "seven_days", session("mesotherapy", 7), "", plan=MESO),
    Row("meso_interval", "shorter_than_planned", session("mesotherapy", 6), WARN, MD, day(-1),
        a_plan("mesotherapy", interval_days=7)),
    Row("meso_interval", "as_planned", session("mesotherapy", 7), "",
        plan=a_plan("mesotherapy", interval_days=7)),
    # after a session
    Row("open_ae", "grade_two_open", side_effect("bruising", 2), DEFER),
    Row("open_ae", "not_graded_counts", side_effect("reported_problem", None), DEFER),
    Row("open_ae", "grade_two_closed", side_effect("bruising", 2, ended_on=ON), ""),
    Row("open_ae", "grade_one_open", side_effect("bruising", 1), WARN, MD),
    Row("open_ae", "red_flag_of_any_grade", side_effect("infection", 1), DEFER),
    Row("open_ae", "never_asked_after_a_session", both(session("prp", 40),
        without("review", "last_session")), ASK),
    Row("open_ae", "not_asked_before_the_first_session", without("review", "last_session"), ""),
    Row("open_ae", "mesotherapy", side_effect("nerve", 3), DEFER, plan=MESO),
    # person
    Row("minor", "day_before_the_birthday", person(birth_date=dt.date(2008, 11, 23)), REVIEW, MD),
    Row("minor", "birthday", person(birth_date=dt.date(2008, 11, 22)), ""),
    Row("minor", "day_after_the_birthday", person(birth_date=dt.date(2008, 11, 21)), ""),
    Row("minor", "birth_date_missing", person(birth_date=None), ASK),
    Row("minor", "mesotherapy", person(birth_date=dt.date(2010, 1, 1)), REVIEW, MD, plan=MESO),
    *yes_no_rows("vasovagal_hx", "condition", "vasovagal_hx", "scars_and_fainting", WARN, N),
    *yes_no_rows("keloid", "condition", "keloid", "scars_and_fainting", REVIEW, MD),
]  # fmt: skip
