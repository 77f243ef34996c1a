"""What becomes of each kind of line of Synthea: people and facts."""

import datetime as dt

import pytest

from clinic.core.zones import Zone
from clinic.interop.rules import synthea
from clinic.patients.values import Sex
from clinic.safety import queries as safety_queries
from clinic.safety.values import FactKind, FactSource, FactState
from tests.interop.conftest import ANNA, TODAY, a_plan, real_plan

pytestmark = pytest.mark.once


# ---- Synthea: people ----


def test_a_patient_is_read_with_name_dates_sex_and_address():
    (line,) = a_plan().patients

    assert line.source_id == "anna"
    wish = line.wish
    assert (wish.family_name, wish.given_name) == ("Müller7", "Anna88")
    assert (wish.birth_date, wish.sex) == (dt.date(1985, 4, 12), Sex.FEMALE)
    assert wish.address == "Hauptstr. 1, Berlin, 10115"
    assert wish.deceased_on is None
    assert wish.source_system == "synthea"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (",1985-04-12,,Anna,Müller,F,,,,", "Id is empty"),
        ("x,,,Anna,Müller,F,,,,", "BIRTHDATE is empty"),
        ("x,1985-02-30,,Anna,Müller,F,,,,", "BIRTHDATE is no date"),
        ("x,2027-01-01,,Anna,Müller,F,,,,", "BIRTHDATE lies in the future"),
        ("x,1985-04-12,1980-01-01,Anna,Müller,F,,,,", "DEATHDATE lies before BIRTHDATE"),
        ("x,1985-04-12,,Anna,,F,,,,", "LAST is empty"),
        (f"x,1985-04-12,,Anna,{'x' * 121},F,,,,", "LAST is longer than 120 characters"),
        ("x,1985-04-12,,Anna,Müller,Q,,,,", "GENDER must be"),
        (ANNA, "the same patient as in line 2"),
    ],
)
def test_a_patient_that_cannot_be_is_refused_by_line(line, words):
    plan = a_plan(patients=[ANNA, line])

    assert len(plan.patients) == 1
    (refused,) = plan.refused
    assert str(refused).startswith("patients.csv, line 3: ")
    assert words in str(refused)


# ---- Synthea: facts ----


def fact(file, line):
    (found,) = a_plan(**{file: [line]}).facts
    return found


def test_a_condition_that_a_rule_knows_has_its_code_and_kind():
    found = fact("conditions", "2020-01-02,2020-01-09,anna,e1,36971009,Sinusitis (disorder)")

    wish = found.wish
    assert found.is_known
    assert (wish.kind, wish.code, wish.label) == (
        FactKind.CONDITION,
        "acute_illness",
        "Sinusitis",
    )
    assert (wish.began_on, wish.ended_on, wish.noted_on) == (
        dt.date(2020, 1, 2),
        dt.date(2020, 1, 9),
        dt.date(2020, 1, 9),
    )
    assert (wish.state, wish.source) == (FactState.PRESENT, FactSource.IMPORTED)
    assert wish.source_key == "synthea:conditions:e1:36971009:2020-01-02"
    assert wish.zone is None or isinstance(wish.zone, Zone)


@pytest.mark.parametrize(
    ("line", "kind", "code"),
    [
        ("2020-01-02,,anna,e,72892002,Normal pregnancy", FactKind.PREGNANCY, "pregnant"),
        ("2020-01-02,,anna,e,386661006,Fever (finding)", FactKind.SYMPTOM, "fever"),
        ("2020-01-02,,anna,e,1,Housing unsatisfactory (finding)", FactKind.CONDITION, None),
        ("2020-01-02,,anna,e,1,Family history of haemophilia", FactKind.CONDITION, None),
    ],
)
def test_conditions_go_where_the_catalogue_says(line, kind, code):
    found = fact("conditions", line)

    assert found.wish.kind is kind
    assert found.is_known == (code is not None)
    assert found.wish.code == code or found.wish.code.startswith("other_")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("0.4 ML Enoxaparin sodium 100 MG/ML Prefilled Syringe", "anticoagulant"),
        ("Clopidogrel 75 MG Oral Tablet", "antiplatelet"),
        ("Aspirin 81 MG Oral Tablet", "antiplatelet"),
        ("Ibuprofen 400 MG Oral Tablet [Ibu]", "nsaid"),
        ("Hydrocortisone 10 MG/ML Topical Cream", "other_hydrocortisone_10_mg_ml_topical_cream"),
        ("Simvastatin 10 MG Oral Tablet", "other_simvastatin_10_mg_oral_tablet"),
    ],
)
def test_a_medicine_keeps_its_words_and_has_a_class_where_a_rule_looks_for_it(words, code):
    found = fact("medications", f"2020-01-02T03:00:00Z,,anna,e,1,{words}")

    assert (found.wish.kind, found.wish.code) == (FactKind.MEDICATION, code)
    assert found.wish.label == words


def test_a_medicine_open_for_years_has_no_end_and_was_last_stated_at_its_beginning():
    wish = fact("medications", "2015-01-02T03:00:00Z,,anna,e,1,Simvastatin 10 MG").wish

    assert wish.ended_on is None
    assert wish.began_on == wish.noted_on == dt.date(2015, 1, 2)


def test_an_end_that_was_planned_is_not_noted_in_the_future():
    wish = fact("medications", "2026-11-01,2027-03-01,anna,e,1,Warfarin 5 MG").wish

    assert wish.ended_on == dt.date(2027, 3, 1)
    assert wish.noted_on == TODAY


def test_an_allergy_tells_its_reactions():
    wish = fact(
        "allergies",
        "1999-12-29,,anna,e,111088007,Latex (substance),allergy,Anaphylaxis (disorder),SEVERE,"
        "Allergic angioedema (disorder),MODERATE",
    ).wish

    assert (wish.kind, wish.code) == (FactKind.ALLERGY, "latex")
    assert wish.label == "Latex: Anaphylaxis (severe), Allergic angioedema (moderate)"
    intolerance = fact("allergies", "1999-12-29,,anna,e,29046,Lisinopril,intolerance,,,,").wish
    assert intolerance.label == "Lisinopril (intolerance)"


def test_an_immunization_is_a_vaccine_on_its_day():
    wish = fact("immunizations", "2021-08-23T22:26:50Z,anna,e,140,Influenza  seasonal").wish

    day = dt.date(2021, 8, 24)
    assert (wish.kind, wish.code, wish.label) == (
        FactKind.MEDICATION,
        "vaccine",
        "Influenza seasonal",
    )
    assert (wish.began_on, wish.ended_on, wish.noted_on) == (day, day, day)


@pytest.mark.parametrize(
    ("line", "code", "milli", "unit"),
    [
        ("laboratory,777-3,Platelets,100.7,10*3/uL,numeric", "platelets", 100_700, "10*9/L"),
        ("laboratory,718-7,Hemoglobin,132,g/L,numeric", "haemoglobin", 13_200, "g/dL"),
        ("laboratory,6301-6,INR,2.9,{INR},numeric", "inr", 2_900, "{INR}"),
        ("vital-signs,8480-6,Systolic,141.0,mm[Hg],numeric", "systolic", 141_000, "mm[Hg]"),
    ],
)
def test_results_are_kept_in_the_canonical_unit(line, code, milli, unit):
    wish = fact("observations", f"2021-08-23T03:26:50Z,anna,e,{line}").wish

    assert (wish.code, wish.value_milli, wish.unit) == (code, milli, unit)
    assert wish.noted_on == dt.date(2021, 8, 23)
    value, written = line.split(",")[3:5]
    assert wish.as_reported == f"{value} {written}"


def test_results_that_no_rule_knows_are_kept_as_they_are():
    numeric = fact("observations", "2021-08-23,anna,e,laboratory,2-2,Ferritin,61.5,ng/mL,numeric")
    text = fact("observations", "2021-08-23,anna,e,survey,3-3,Tobacco use,Never smoker,,text")

    assert (numeric.wish.kind, numeric.wish.code) == (FactKind.LAB, "other_ferritin")
    assert (numeric.wish.value_milli, numeric.wish.unit) == (61_500, "ng/mL")
    assert (text.wish.value_milli, text.wish.unit) == (None, None)
    assert text.wish.label == "Tobacco use: Never smoker"
    assert not numeric.is_known


def test_the_weight_of_a_child_is_no_mistake_but_that_of_a_grown_up_is():
    child = "kid,2020-01-01,,Kim,Müller,F,,,,"
    weight = "2021-08-23,{},e,vital-signs,29463-7,Body Weight,9.6,kg,numeric"

    plan = a_plan(patients=[ANNA, child], observations=[weight.format("kid")])
    assert plan.facts[0].wish.value_milli == 9_600
    plan = a_plan(patients=[ANNA, child], observations=[weight.format("anna")])
    assert plan.facts == ()
    assert "cannot be a value of Weight" in str(plan.refused[0])


@pytest.mark.parametrize(
    ("file", "line", "words"),
    [
        ("conditions", "2020-01-02,,nobody,e,1,Fever", "its patient is not in patients.csv"),
        ("conditions", ",,anna,e,1,Fever", "START is empty"),
        ("conditions", "2020-01-02,,anna,e,1,", "DESCRIPTION is empty"),
        ("conditions", "2020-01-02,2019-01-01,anna,e,1,Fever", "STOP lies before START"),
        ("conditions", "1980-01-02,,anna,e,1,Fever", "before the patient's birth"),
        ("conditions", "2030-01-02,,anna,e,1,Fever", "START lies in the future"),
        ("medications", "x,,anna,e,1,Warfarin", "START is no date"),
        ("immunizations", "2030-01-02,anna,e,1,Td", "DATE lies in the future"),
        (
            "observations",
            "2021-08-23,anna,e,laboratory,777-3,Platelets,100,furlongs,numeric",
            "the unit “furlongs” is not known for Platelets",
        ),
        (
            "observations",
            "2021-08-23,anna,e,laboratory,777-3,Platelets,NaN,10*3/uL,numeric",
            "Platelets has no number in VALUE",
        ),
        (
            "observations",
            "2021-08-23,anna,e,laboratory,777-3,Platelets,99999,10*3/uL,numeric",
            "99999 10*3/uL cannot be a value of Platelets",
        ),
    ],
)
def test_a_fact_that_cannot_be_is_refused_by_line(file, line, words):
    plan = a_plan(**{file: [line]})

    assert plan.facts == ()
    (refused,) = plan.refused
    assert str(refused).startswith(f"{file}.csv, line 2: ")
    assert words in str(refused)


def test_facts_of_a_refused_patient_are_refused_too():
    plan = a_plan(
        patients=["x,,,Anna,Müller,F,,,,"], conditions=["2020-01-02,,x,e,386661006,Fever"]
    )

    assert [one.file for one in plan.refused] == ["patients.csv", "conditions.csv"]


def test_a_line_repeated_word_for_word_counts_once():
    line = "2020-01-02,,anna,e1,386661006,Fever (finding)"
    plan = a_plan(conditions=[line, line])

    assert (len(plan.facts), plan.repeated) == (1, 1)


def test_lines_with_one_name_and_different_contents_keep_apart():
    start = "2020-01-02,{},anna,e1,1,Warfarin 5 MG"
    plan = a_plan(medications=[start.format("2020-02-01"), start.format("2020-03-01")])

    keys = [one.wish.source_key for one in plan.facts]
    assert keys == ["synthea:medications:e1:1:2020-01-02", "synthea:medications:e1:1:2020-01-02#2"]


def test_files_that_are_not_there_are_named():
    assert "observations.csv" in a_plan().absent


def test_codes_made_of_words_fit_differ_and_are_never_the_catalogues():
    long = "60 ACTUAT Fluticasone propionate 0.25 MG/ACTUAT / salmeterol 0.05 MG/ACTUAT"
    codes = [
        synthea.own_code(words) for words in (long, long + " Inhaler", "Stroke", "", "Ω", "卒中")
    ]

    assert all(code.startswith("other_") and len(code) <= 60 for code in codes)
    assert codes[0] != codes[1]
    assert all(code not in safety_queries.codes() for code in codes)


def test_the_real_files_are_taken_to_the_last_line():
    plan = real_plan()

    assert plan.refused == ()
    assert plan.absent == ()
    assert len(plan.patients) == 59
    assert sum(1 for one in plan.patients if one.wish.deceased_on) == 9
    assert len(plan.facts) + plan.repeated == 1534 + 1772 + 25 + 891 + 2921
    keys = {(one.source_id, one.wish.source_key) for one in plan.facts}
    assert len(keys) == len(plan.facts)
    assert any(one.wish.family_name == "O'Keefe54" for one in plan.patients)
    assert any(one.wish.given_name == "María Luisa888" for one in plan.patients)
