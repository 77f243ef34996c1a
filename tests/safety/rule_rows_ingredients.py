"""Rows of the table of rules: ingredients, lots, and what an earlier treatment left behind."""

import datetime as dt
from dataclasses import replace

from clinic.catalog.values import ChosenLot, Unusable
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
    Change,
    N,
    Row,
    a_fact,
    a_plan,
    both,
    day,
    medicine,
    person,
    side_effect,
    with_fact,
    without,
)
from tests.safety.rule_rows_conditions import condition, noted, pressure

MAN = person(sex="male")


def of(*ingredients: str, modality: str = "mesotherapy") -> PlannedTreatment:
    return a_plan(modality, ingredients=frozenset(ingredients))


DUTASTERIDE, FINASTERIDE, MINOXIDIL = of("dutasteride"), of("finasteride"), of("minoxidil")
LIDOCAINE, PROCAINE, PANTHENOL = of("lidocaine"), of("procaine"), of("dexpanthenol")


def allergy(code: str, **changes: object) -> Change:
    return with_fact(a_fact("allergy", code, **changes))


def pregnancy(code: str, **changes: object) -> Change:
    return with_fact(a_fact("pregnancy", code, **changes))


def hcg(milli: int, days_old: int) -> Fact:
    return a_fact("lab", "pregnancy_test", value_milli=milli, unit="1", noted_on=day(days_old))


VIALS = {Unusable.UNSIGNED, Unusable.DISCARDED}
"""Of one opened vial, not of its lot: refused where the vial is chosen."""


def lot(unusable: Unusable | None = None, opened_on: dt.date | None = None) -> PlannedTreatment:
    chosen = ChosenLot(ingredient="biotin", unusable=unusable, opened_on=opened_on)
    return replace(of("biotin"), lots=(chosen,))


def memory_rows(rule: str, code: str, says: str, md: object = N, **plan: object) -> list[Row]:
    """What was left behind counts for both treatments until somebody sure enough denies it."""
    past = condition(code, noted_on=day(400), source=FactSource.STAFF)
    denial = a_fact("condition", code, state=ABSENT)
    return [
        Row(rule, f"{code}_nothing_known", with_fact(), ""),
        Row(rule, f"{code}_remembered", past, says, md, **plan),
        Row(rule, f"{code}_patient_cannot_deny_it", both(past, with_fact(
            denial._replace(source=FactSource.PATIENT))), says, md, **plan),
        Row(rule, f"{code}_physician_can", both(past, with_fact(denial)), "", **plan),
    ]  # fmt: skip


ROWS = [
    # allergies
    Row("allergy_citrate", "none", with_fact(), ""),
    Row("allergy_citrate", "citrate_before_anything_is_chosen", allergy("citrate"), BLOCK),
    Row("allergy_citrate", "latex", allergy("latex", source=FactSource.IMPORTED), BLOCK),
    Row("allergy_citrate", "item_that_is_not_used", allergy("citrate"), "",
        plan=of("lidocaine", modality="prp")),
    Row("allergy_citrate", "gloves_whatever_is_chosen", allergy("latex"), BLOCK,
        plan=of("lidocaine", modality="prp")),
    Row("allergy_citrate", "anaesthetic_that_is_used", allergy("amide_anaesthetic"), BLOCK,
        plan=of("lidocaine", modality="prp")),
    Row("allergy_citrate", "something_else", allergy("other_allergy"), ""),
    Row("allergy_citrate", "tested", both(allergy("citrate", noted_on=day(9)), allergy(
        "citrate", state=ABSENT)), ""),
    Row("allergy_citrate", "never_asked", without("review", "allergies"), ASK),
    Row("allergy_citrate", "not_certain", allergy("any_allergy", state=UNSURE), ASK),
    Row("allergy_citrate", "mesotherapy", allergy("citrate"), "", plan=MESO),
    Row("allergy_ingredient", "none", with_fact(), "", plan=MINOXIDIL),
    Row("allergy_ingredient", "matched", allergy("minoxidil_allergy"), BLOCK, plan=MINOXIDIL),
    Row("allergy_ingredient", "other_ingredient", allergy("biotin"), "", plan=MINOXIDIL),
    Row("allergy_ingredient", "preservative", allergy("paraben"), REVIEW, MD, plan=MINOXIDIL),
    Row("allergy_ingredient", "never_asked", without("review", "allergies"), ASK, plan=MINOXIDIL),
    Row("allergy_ingredient", "not_certain", allergy("any_allergy", state=UNSURE), ASK,
        plan=MINOXIDIL),
    Row("allergy_ingredient", "asked_before_the_plan", without("review", "allergies"), ASK,
        plan=MESO),
    Row("allergy_ingredient", "antiseptic_before_the_plan", allergy("chlorhexidine"), BLOCK,
        plan=MESO),
    Row("allergy_ingredient", "gloves_whatever_is_chosen", allergy("latex"), BLOCK,
        plan=MINOXIDIL),
    Row("allergy_ingredient", "prp", allergy("biotin"), ""),
    Row("procaine_ester", "allergic", allergy("ester_anaesthetic"), BLOCK, plan=PROCAINE),
    Row("procaine_ester", "enzyme", condition("pseudocholinesterase"), BLOCK, plan=PROCAINE),
    Row("procaine_ester", "amide", allergy("amide_anaesthetic"), "", plan=PROCAINE),
    Row("procaine_ester", "never_asked", without("review", "allergies"), ASK, plan=PROCAINE),
    Row("procaine_ester", "prp", allergy("ester_anaesthetic"), BLOCK,
        plan=of("procaine", modality="prp")),
    Row("lidocaine_amide", "allergic", allergy("amide_anaesthetic"), BLOCK, plan=LIDOCAINE),
    Row("lidocaine_amide", "ester", allergy("ester_anaesthetic"), "", plan=LIDOCAINE),
    Row("lidocaine_amide", "heart_block", condition("heart_block"), BLOCK, plan=LIDOCAINE),
    Row("lidocaine_amide", "heart_block_paced", with_fact(
        a_fact("condition", "heart_block"), a_fact("condition", "pacemaker")), "", plan=LIDOCAINE),
    Row("lidocaine_amide", "never_asked", without("review", "health"), ASK, plan=LIDOCAINE),
    Row("lidocaine_amide", "no_trouble_with_the_heart", both(without("review", "health"), condition(
        "heart_disease", state=ABSENT)), "", plan=LIDOCAINE),
    Row("lidocaine_amide", "prp", allergy("amide_anaesthetic"), BLOCK,
        plan=of("lidocaine", modality="prp")),
    # dutasteride and finasteride
    *(Row("preg_5ari", code, pregnancy(code), BLOCK, plan=DUTASTERIDE)
      for code in ("pregnant", "possibly_pregnant", "trying", "breastfeeding")),
    Row("preg_5ari", "test_positive", with_fact(hcg(1000, 0)), BLOCK, plan=FINASTERIDE),
    Row("preg_5ari", "none", with_fact(), "", plan=DUTASTERIDE),
    Row("preg_5ari", "other_ingredient", pregnancy("pregnant"), "", plan=MINOXIDIL),
    Row("preg_5ari", "never_asked", without("review", "pregnancy"), ASK, plan=DUTASTERIDE),
    Row("preg_5ari", "men_are_not_asked", both(MAN, without("review", "pregnancy")), "",
        plan=DUTASTERIDE),
    Row("cbp_5ari", "woman", with_fact(), BLOCK, plan=DUTASTERIDE),
    Row("cbp_5ari", "man", MAN, "", plan=DUTASTERIDE),
    Row("cbp_5ari", "menopause", condition("menopause"), "", plan=FINASTERIDE),
    Row("cbp_5ari", "covered", with_fact(a_fact("condition", "contraception"), hcg(0, 2)), REVIEW,
        MD, plan=DUTASTERIDE),
    Row("cbp_5ari", "test_too_old", with_fact(
        a_fact("condition", "contraception"), hcg(0, 3)), BLOCK, plan=DUTASTERIDE),
    Row("cbp_5ari", "test_alone", with_fact(hcg(0, 0)), BLOCK, plan=DUTASTERIDE),
    Row("cbp_5ari", "sex_not_recorded", person(sex=None), ASK, plan=DUTASTERIDE),
    Row("male_partner_5ari", "partner", both(MAN, pregnancy("partner_pregnant")), WARN,
        plan=DUTASTERIDE),
    Row("male_partner_5ari", "none", MAN, "", plan=DUTASTERIDE),
    Row("minor_5ari", "day_before_the_birthday", person(
        birth_date=dt.date(2008, 11, 23)), BLOCK, plan=DUTASTERIDE),
    Row("minor_5ari", "birthday", person(birth_date=dt.date(2008, 11, 22)), "", plan=DUTASTERIDE),
    Row("minor_5ari", "birth_date_missing", person(birth_date=None), ASK, plan=FINASTERIDE),
    Row("liver_5ari", "severe", condition("severe_liver_disease"), BLOCK, plan=DUTASTERIDE),
    Row("liver_5ari", "other", condition("liver_disease"), REVIEW, MD, plan=DUTASTERIDE),
    Row("liver_5ari", "finasteride", condition("liver_disease"), "", plan=FINASTERIDE),
    Row("liver_5ari", "letter", with_fact(
        a_fact("condition", "liver_disease"), noted("liver_letter", 180)), "", plan=DUTASTERIDE),
    Row("liver_5ari", "letter_too_old", with_fact(a_fact(
        "condition", "liver_disease"), noted("liver_letter", 181)), REVIEW, MD, plan=DUTASTERIDE),
    Row("liver_5ari", "never_asked", without("review", "health"), ASK, plan=DUTASTERIDE),
    Row("mood_5ari", "now", condition("depression"), REVIEW, MD, plan=DUTASTERIDE),
    Row("mood_5ari", "before", condition(
        "depression", ended_on=day(3000), noted_on=day(9)), REVIEW, MD, plan=FINASTERIDE),
    Row("mood_5ari", "never", with_fact(), "", plan=DUTASTERIDE),
    Row("mood_5ari", "never_asked", without("review", "health"), ASK, plan=DUTASTERIDE),
    Row("donor_5ari", "dutasteride", with_fact(), WARN, plan=DUTASTERIDE),
    Row("donor_5ari", "finasteride", with_fact(), WARN, plan=FINASTERIDE),
    Row("donor_5ari", "other", with_fact(), "", plan=MINOXIDIL),
    Row("psa_5ari", "forty_five", both(
        person(sex="male", birth_date=dt.date(1981, 11, 22)), condition("psa_planned")), WARN,
        plan=DUTASTERIDE),
    Row("psa_5ari", "day_before_forty_five", both(
        person(sex="male", birth_date=dt.date(1981, 11, 23)), condition("psa_planned")), "",
        plan=DUTASTERIDE),
    Row("psa_5ari", "no_test", person(sex="male", birth_date=dt.date(1960, 1, 1)), "",
        plan=DUTASTERIDE),
    # minoxidil, dexpanthenol, biotin
    *(Row("minoxidil_cardiac", code, condition(code), REVIEW, MD, plan=MINOXIDIL)
      for code in ("heart_disease", "heart_block", "low_blood_pressure")),
    *(Row("minoxidil_cardiac", code, with_fact(medicine(code)), REVIEW, MD, plan=MINOXIDIL)
      for code in ("antihypertensive", "minoxidil_oral")),
    Row("minoxidil_cardiac", "pressure_low", pressure(99, 30), REVIEW, MD, plan=MINOXIDIL),
    Row("minoxidil_cardiac", "pressure_at_the_limit", pressure(100), "", plan=MINOXIDIL),
    Row("minoxidil_cardiac", "note_and_pressure", both(with_fact(a_fact(
        "condition", "heart_disease"), noted("cardiology_note", 180)), pressure(100)), "",
        plan=MINOXIDIL),
    Row("minoxidil_cardiac", "note_too_old", both(with_fact(a_fact(
        "condition", "heart_disease"), noted("cardiology_note", 181)), pressure(100)), REVIEW, MD,
        plan=MINOXIDIL),
    Row("minoxidil_cardiac", "pressure_of_the_day_before", both(with_fact(a_fact(
        "condition", "heart_disease"), noted("cardiology_note", 1)), pressure(120, 1)), REVIEW, MD,
        plan=MINOXIDIL),
    Row("minoxidil_cardiac", "never_asked", without("review", "health"), ASK, plan=MINOXIDIL),
    Row("minoxidil_scalp", "sore", with_fact(a_fact("symptom", "scalp_sore")), DEFER,
        plan=MINOXIDIL),
    Row("minoxidil_scalp", "healed", condition("impetigo", ended_on=ON), "", plan=MINOXIDIL),
    Row("minoxidil_scalp", "never_asked", without("review", "scalp_now"), ASK, plan=MINOXIDIL),
    Row("dexpanthenol_haemophilia", "haemophilia", condition("haemophilia"), BLOCK,
        plan=PANTHENOL),
    Row("dexpanthenol_haemophilia", "ileus", condition("ileus"), BLOCK, plan=PANTHENOL),
    Row("dexpanthenol_haemophilia", "none", with_fact(), "", plan=PANTHENOL),
    Row("dexpanthenol_haemophilia", "never_asked", without("review", "bleeding"), ASK,
        plan=PANTHENOL),
    Row("dexpanthenol_haemophilia", "no_bleeding_disorder", both(without("review", "bleeding"),
        condition("bleeding_disorder", state=ABSENT)), "", plan=PANTHENOL),
    Row("biotin_labs", "test_planned", condition("blood_test_planned"), WARN, plan=of("biotin")),
    Row("biotin_labs", "test_over", condition("blood_test_planned", ended_on=day(1)), "",
        plan=of("biotin")),
    Row("biotin_labs", "no_test", with_fact(), "", plan=of("biotin")),
    # lots
    Row("two_anaesthetics", "one", with_fact(), "", plan=LIDOCAINE),
    Row("two_anaesthetics", "two", with_fact(), REVIEW, MD, plan=of("lidocaine", "procaine")),
    *(Row("product_unfit", reason.value, with_fact(), BLOCK, plan=lot(reason))
      for reason in Unusable if reason not in VIALS),
    Row("product_unfit", "fit", with_fact(), "", plan=lot()),
    Row("product_unfit", "open_on_its_last_day", with_fact(), "", plan=lot(opened_on=day(28))),
    Row("product_unfit", "open_a_day_too_long", with_fact(), BLOCK, plan=lot(opened_on=day(29))),
    # what an earlier treatment left behind
    *memory_rows("suspected_ntm", "mycobacterial_infection", BLOCK),
    *memory_rows("abscess_hx", "abscess_hx", REVIEW, MD, plan=MESO),
    Row("abscess_hx", "prp", condition("abscess_hx"), ""),
    *memory_rows("necrosis_zone", "necrosis_hx", BLOCK),
    Row("necrosis_zone", "other_zone", condition("necrosis_hx", zone=Zone.OCCIPITAL), ""),
    *memory_rows("nerve_zone", "nerve_zone", REVIEW, MD),
    Row("nerve_zone", "still_open", side_effect("nerve", 1, zone=Zone.VERTEX), REVIEW, MD),
    Row("nerve_zone", "open_in_another_zone", side_effect("nerve", 1, zone=Zone.OCCIPITAL), ""),
    *memory_rows("oedema_hx", "oedema_hx", WARN),
    *memory_rows("paradox_alopecia", "paradox_hx", BLOCK),
    Row("paradox_alopecia", "mesotherapy", condition("paradox_hx"), "", plan=MESO),
    *memory_rows("paradox_product", "paradox_product_hx", BLOCK, plan=MESO),
    Row("paradox_product", "prp", condition("paradox_product_hx"), ""),
    *memory_rows("systemic_drug", "effect_of_minoxidil", REVIEW, MD, plan=MINOXIDIL),
    Row("systemic_drug", "other_ingredient", condition("effect_of_minoxidil"), "",
        plan=DUTASTERIDE),
    Row("systemic_drug", "anaesthetic_of_prp", condition("effect_of_another"), REVIEW, MD,
        plan=of("lidocaine", modality="prp")),
    Row("shedding", "open", side_effect("shedding", 1), REVIEW, MD),
    Row("shedding", "closed", both(side_effect("shedding", 1, noted_on=day(9)), with_fact(a_fact(
        "side_effect", "shedding", state=ABSENT))), ""),
]  # fmt: skip
