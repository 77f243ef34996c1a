"""The questions before a visit, as a nurse or a physician asks them."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from clinic.core.access import Role
from clinic.safety import queries as safety_queries
from clinic.safety.models import PatientFact
from clinic.safety.values import FactKind, FactSource
from tests.intake.conftest import a_visit

BLEEDING = {"q_bleeding_diagnosis": "no", "q_bleeding_easily": "no"}


def text(response):
    return response.get_data(as_text=True)


def questions_url(visit):
    return f"/appointments/{visit.id}/questions"


def facts_of(db, patient):
    wanted = sa.select(PatientFact).where(PatientFact.patient_id == patient.id)
    return list(db.scalars(wanted.order_by(PatientFact.id)))


def unknown_of(db, visit):
    record = safety_queries.latest_screening(db, visit.id)
    return {f["rule_code"] for f in record.findings if f["truth"] == "unknown"}


# ---- questions ----


def test_the_form_asks_what_is_not_known(world, visit):
    page = text(world.as_role(Role.NURSE).get(questions_url(visit)))

    assert "Are you pregnant?" in page
    assert "Do not stop it. Tell us the name." in page
    assert "Not asked yet" in page
    assert "Record the paper" in page
    assert "Enter the result" in page


@pytest.mark.parametrize(
    ("role", "source"), [(Role.NURSE, FactSource.STAFF), (Role.PHYSICIAN, FactSource.PHYSICIAN)]
)
def test_a_no_settles_its_group(world, db, patient, visit, role, source):
    assert "bleeding_disorder" in unknown_of(db, visit)

    answer = world.as_role(role).post(questions_url(visit), BLEEDING)

    assert answer.status_code == 303
    assert "bleeding_disorder" not in unknown_of(db, visit)
    assert {row.source for row in facts_of(db, patient)} == {source}


def test_a_yes_records_the_name_and_the_last_day(world, db, patient, visit):
    world.as_role(Role.NURSE).post(
        questions_url(visit),
        {
            "q_painkiller": "yes",
            "name_painkiller": "Ibuprofen 400 mg",
            "day_painkiller": "2026-11-23",
            "q_own_aspirin": "no",
        },
    )

    row = next(row for row in facts_of(db, patient) if row.label)
    assert (row.code, row.label, row.ended_on) == (
        "nsaid",
        "Ibuprofen 400 mg",
        dt.date(2026, 11, 23),
    )
    db.refresh(visit)
    assert visit.decision.value == "defer"


def test_dont_know_stays_a_question(world, db, visit):
    world.as_role(Role.NURSE).post(
        questions_url(visit), {"q_bleeding_diagnosis": "unsure", "q_bleeding_easily": "no"}
    )

    assert "bleeding_disorder" in unknown_of(db, visit)


def test_groups_left_alone_record_nothing(world, db, patient, visit):
    world.as_role(Role.NURSE).post(questions_url(visit), BLEEDING)

    assert {row.code for row in facts_of(db, patient)} == {
        "bleeding",
        "bleeding_disorder",
        "platelet_dysfunction",
        "bleeding_tendency",
    }


def test_no_change_renews_a_group_in_one_tap(world, db, patient, known):
    known(FactKind.REVIEW, "blood_thinners", noted_on=dt.date(2026, 9, 3))
    visit = a_visit(world, db, patient)
    nurse = world.as_role(Role.NURSE)
    assert "No change since Sep 3" in text(nurse.get(questions_url(visit)))

    answer = nurse.post(questions_url(visit), {"same_blood_thinners": "y"})

    assert answer.status_code == 303
    newest = facts_of(db, patient)[-1]
    assert (newest.kind, newest.code) == (FactKind.REVIEW, "blood_thinners")
    assert newest.noted_on == dt.date(2026, 11, 23)
    assert newest.recorded_by_id == world.accounts[Role.NURSE].id


def test_what_still_counts_comes_filled_in_and_is_not_written_again(world, db, patient, visit):
    nurse = world.as_role(Role.NURSE)
    nurse.post(questions_url(visit), BLEEDING)
    before = len(facts_of(db, patient))

    page = text(nurse.get(questions_url(visit)))
    again = nurse.post(questions_url(visit), BLEEDING)

    assert re.search(r'name="q_bleeding_diagnosis"[^>]*value="no"[^>]*checked', page) or re.search(
        r'checked[^>]*name="q_bleeding_diagnosis"[^>]*value="no"', page
    )
    assert again.status_code == 422
    assert "Nothing is answered yet" in text(again)
    assert len(facts_of(db, patient)) == before


def test_a_medicine_open_for_long_asks_still_taken(world, db, patient, visit, known):
    row = known(
        FactKind.MEDICATION,
        "anticoagulant",
        label="Enoxaparin 40 mg",
        began_on=dt.date(2024, 3, 3),
        noted_on=dt.date(2024, 3, 3),
        source=FactSource.IMPORTED,
    )
    nurse = world.as_role(Role.NURSE)
    page = text(nurse.get(questions_url(visit)))
    assert "On record: since Mar 3, 2024, Imported" in page

    answer = nurse.post(
        questions_url(visit), {f"open_{row.id}": "ended", f"end_{row.id}": "2024-06-01"}
    )

    assert answer.status_code == 303
    facts = text(nurse.get(f"/patients/{patient.id}/facts"))
    assert "Last dose on Jun 1, 2024" in facts


def test_a_double_click_answers_once(world, db, patient, visit):
    nurse = world.as_role(Role.NURSE)
    page = text(nurse.get(questions_url(visit)))
    key = re.search(r'name="form_key"[^>]*value="([^"]+)"', page)[1]
    form = {**BLEEDING, "form_key": key}

    nurse.post(questions_url(visit), form)
    count = len(facts_of(db, patient))
    nurse.post(questions_url(visit), form)

    assert len(facts_of(db, patient)) == count


BAD = {
    "nothing": ({}, "Nothing is answered yet"),
    "unknown reply": ({"q_fainted": "maybe", "same_scars_and_fainting": "y"}, "Choose one of"),
    "name without reply": ({"name_painkiller": "Ibuprofen"}, "Yes, No or Don’t know?"),
    "day without reply": ({"day_own_aspirin": "2026-11-20"}, "Yes, No or Don’t know?"),
    "day to come": (
        {"q_own_aspirin": "yes", "day_own_aspirin": "2026-11-24"},
        "still to come",
    ),
    "absurd day": ({"q_own_aspirin": "yes", "day_own_aspirin": "0099-01-01"}, "Not before"),
    "no day": ({"q_own_aspirin": "yes", "day_own_aspirin": "yesterday"}, "Enter a date"),
    "overlong name": ({"q_painkiller": "yes", "name_painkiller": "x" * 201}, "At most 200"),
    "NUL": ({"q_painkiller": "yes", "name_painkiller": "a\0b"}, "cannot be stored"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_answer_says_so_and_keeps_the_others(world, db, patient, visit, name):
    form, words = BAD[name]

    answer = world.as_role(Role.NURSE).post(questions_url(visit), {**form, "q_thick_scars": ""})

    assert answer.status_code == 422
    assert words in text(answer).replace("&#39;", "’").replace("'", "’")
    assert facts_of(db, patient) == []
    for value in form.values():
        if "\0" not in value and len(value) > 6:
            assert value in text(answer)


def test_no_change_and_answers_contradict(world, db, patient, visit, known):
    known(FactKind.REVIEW, "bleeding", noted_on=dt.date(2025, 1, 3))

    answer = world.as_role(Role.NURSE).post(
        questions_url(visit), {"same_bleeding": "y", "q_bleeding_easily": "yes"}
    )

    assert answer.status_code == 422
    assert "not both" in text(answer)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"open": "ended"}, "Please fill this in"),
        ({"open": "ended", "end": "2026-11-24"}, "still to come"),
        ({"open": "ended", "end": "2020-01-01"}, "before the beginning"),
        ({"open": "still", "end": "2026-11-20"}, "leave this day empty"),
        ({"end": "2026-11-20"}, "leave this day empty"),
        ({"open": "perhaps"}, "Choose one of the list"),
    ],
)
def test_a_bad_end_of_a_record_is_refused(world, db, patient, visit, known, fields, words):
    row = known(FactKind.MEDICATION, "nsaid", label="Naproxen", began_on=dt.date(2026, 1, 1))

    answer = world.as_role(Role.NURSE).post(
        questions_url(visit), {f"{name}_{row.id}": value for name, value in fields.items()}
    )

    assert answer.status_code == 422
    assert words in text(answer)
    assert len(facts_of(db, patient)) == 1


def test_a_nurse_is_told_why_a_physicians_record_stays(world, db, patient, visit, known):
    row = known(FactKind.MEDICATION, "nsaid", label="Naproxen", source=FactSource.PHYSICIAN)

    answer = world.as_role(Role.NURSE).post(
        questions_url(visit), {f"open_{row.id}": "ended", f"end_{row.id}": "2026-11-22"}
    )

    assert answer.status_code == 422
    assert "only a physician can end it" in text(answer)


def test_a_consultation_asks_nothing(world, db, patient):
    from clinic.catalog.values import Modality

    visit = a_visit(world, db, patient, modality=Modality.CONSULTATION)

    assert "Nothing to ask" in text(world.as_role(Role.NURSE).get(questions_url(visit)))
