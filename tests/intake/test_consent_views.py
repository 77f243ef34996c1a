"""Consent papers: recorded by the desk, withdrawn, shown without a clinical word."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from clinic.consents import queries
from clinic.consents.models import Consent
from clinic.consents.values import ConsentKind, Scope
from clinic.core.access import Role
from clinic.patients import queries as patient_queries
from clinic.safety.values import FactKind
from tests import factories

BY_HER = {"by_whom": "patient", "language": "en"}
TODAY, YESTERDAY, TOMORROW = "2026-11-23", "2026-11-22", "2026-11-24"


def text(response):
    return response.get_data(as_text=True)


def consents_url(patient):
    return f"/patients/{patient.id}/consents"


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.NURSE, Role.PHYSICIAN])
def test_the_desk_records_a_paper(world, db, patient, role):
    visitor = world.as_role(role)

    answer = visitor.post(consents_url(patient), {"text": "prp 1.0", "given_on": TODAY, **BY_HER})

    assert answer.status_code == 303
    page = text(visitor.get(consents_url(patient)))
    assert "PRP treatment" in page
    assert world.accounts[role].name in page


def test_a_double_click_makes_one_paper(world, db, patient):
    desk = world.as_role(Role.RECEPTIONIST)
    page = text(desk.get(consents_url(patient)))
    key = re.search(r'name="form_key"[^>]*value="([^"]+)"', page)[1]
    form = {"text": "prp 1.0", "given_on": TODAY, **BY_HER, "form_key": key}

    desk.post(consents_url(patient), form)
    desk.post(consents_url(patient), form)

    assert db.scalar(sa.select(sa.func.count()).select_from(Consent)) == 1


def test_the_form_of_one_patient_records_nothing_for_another(world, db, patient):
    other = factories.a_patient(db, location=world.location)
    desk = world.as_role(Role.RECEPTIONIST)
    form = {"text": "prp 1.0", "given_on": TODAY, **BY_HER, "form_key": "k" * 20}
    desk.post(consents_url(patient), form)

    answer = desk.post(consents_url(other), form)

    assert answer.status_code == 409
    assert db.scalars(sa.select(Consent.patient_id)).all() == [patient.id]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "Please fill this in"),
        ({"text": "prp 9.9", "given_on": TODAY, **BY_HER}, "Choose one of the list"),
        ({"text": "surgery", "given_on": TODAY, **BY_HER}, "Choose one of the list"),
        ({"text": "prp 1.0", "given_on": TOMORROW, **BY_HER}, "still to come"),
        ({"text": "prp 1.0", "given_on": "2019-01-01", **BY_HER}, "only been in force since"),
        ({"text": "prp 1.0", "given_on": "1970-01-01", **BY_HER}, "born"),
        ({"text": "prp 1.0", "given_on": "x"}, "Enter a date"),
    ],
)
def test_a_bad_paper_is_refused_at_its_field(world, db, patient, form, words):
    answer = world.as_role(Role.RECEPTIONIST).post(consents_url(patient), form)

    assert answer.status_code == 422
    assert words in text(answer)
    assert db.scalar(sa.select(sa.func.count()).select_from(Consent)) == 0


@pytest.fixture
def paper(world, db, patient):
    world.as_role(Role.RECEPTIONIST).post(
        consents_url(patient), {"text": "prp 1.0", "given_on": YESTERDAY, **BY_HER}
    )
    return db.scalars(sa.select(Consent)).one()


def withdrawal(paper, **fields):
    common = {"withdrawn_on": TODAY, "reason": "changed her mind", **fields}
    return {f"withdraw-{paper.id}-{key}": value for key, value in common.items()}


def test_a_withdrawal_stops_the_visit(world, db, patient, visit, paper):
    desk = world.as_role(Role.RECEPTIONIST)

    answer = desk.post(f"{consents_url(patient)}/{paper.id}/withdrawal", withdrawal(paper))

    assert answer.status_code == 303
    assert "Withdrawn on" in text(desk.get(consents_url(patient)))
    db.refresh(visit)
    assert visit.decision.value == "block"


def test_a_withdrawal_is_a_finding_whichever_of_two_papers_it_names(
    world, db, patient, visit, paper
):
    desk = world.as_role(Role.RECEPTIONIST)
    desk.post(consents_url(patient), {"text": "prp 1.0", "given_on": TODAY, **BY_HER})

    desk.post(f"{consents_url(patient)}/{paper.id}/withdrawal", withdrawal(paper))

    db.refresh(visit)
    assert visit.decision.value == "block"
    assert text(desk.get(consents_url(patient))).count("Withdrawn on") == 2


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"reason": ""}, "Please fill this in"),
        ({"withdrawn_on": ""}, "Please fill this in"),
        ({"withdrawn_on": "2026-11-21"}, "It was only given on"),
        ({"withdrawn_on": TOMORROW}, "still to come"),
        ({"reason": "x" * 201}, "At most 200"),
    ],
)
def test_a_bad_withdrawal_is_refused_at_its_field(world, db, patient, paper, fields, words):
    answer = world.as_role(Role.RECEPTIONIST).post(
        f"{consents_url(patient)}/{paper.id}/withdrawal", withdrawal(paper, **fields)
    )

    assert answer.status_code == 422
    assert words in text(answer)


def test_withdrawing_twice_says_so(world, patient, paper):
    desk = world.as_role(Role.RECEPTIONIST)
    url = f"{consents_url(patient)}/{paper.id}/withdrawal"
    desk.post(url, withdrawal(paper))

    assert desk.post(url, withdrawal(paper)).status_code == 409


def test_the_paper_of_somebody_else_is_not_found(world, db, patient, paper):
    other = factories.a_patient(db, location=world.location)
    url = f"{consents_url(other)}/{paper.id}/withdrawal"

    for form in (withdrawal(paper), {}):
        assert world.as_role(Role.NURSE).post(url, form).status_code == 404


def test_scopes_of_photographs_are_withdrawn_one_by_one(world, db, patient, visit):
    desk = world.as_role(Role.RECEPTIONIST)
    photos = ["photo_record", "photo_publication"]
    desk.post(
        consents_url(patient), {"text": "prp 1.0", "given_on": TODAY, **BY_HER, "photos": photos}
    )
    paper = db.scalars(sa.select(Consent)).one()
    url = f"{consents_url(patient)}/{paper.id}/withdrawal"

    nothing = desk.post(url, withdrawal(paper))
    assert nothing.status_code == 422
    assert "Tick what is withdrawn" in text(nothing)

    answer = desk.post(url, withdrawal(paper, scopes=["photo_publication"]))
    assert answer.status_code == 303
    assert queries.photo_scopes(db, patient_queries.records(patient.id)) == {Scope.PHOTO_RECORD}
    db.refresh(visit)
    assert visit.decision.value != "block"


CLINICAL_WORDS = [
    "Enoxaparin",
    "anticoagulant",
    "blood thinner",
    "Hepatitis",
    "platelet",
    "98 ×",
    "Norwood",
    "nsaid",
    "finding",
]


def test_a_receptionist_reads_no_clinical_word(world, db, patient, visit, known):
    known(FactKind.MEDICATION, "anticoagulant", label="Enoxaparin 40 mg")
    known(FactKind.CONDITION, "hepatitis_c", label="Hepatitis C")
    known(FactKind.LAB, "platelets", value_milli=98_000, unit="10*9/L")
    known(FactKind.STAGE, "norwood_iv", label="Norwood-Hamilton IV")

    page = text(world.as_role(Role.RECEPTIONIST).get(consents_url(patient)))

    assert "Physician must review" in page
    for word in CLINICAL_WORDS:
        assert word.casefold() not in page.casefold(), word


# ---- who signed a paper, and in which language ----


def test_a_paper_keeps_who_signed_it_and_in_which_language(world, db, patient):
    desk = world.as_role(Role.RECEPTIONIST)
    form = {"text": "prp 1.0", "given_on": TODAY, "by_whom": "other", "language": "ar"}
    signed = {"signer": "Rosa Example", "guardian": "mother", "interpreter": "Sami Nasser"}

    desk.post(consents_url(patient), form | signed)

    kept = db.scalars(sa.select(Consent)).one()
    assert (kept.language, kept.signer, kept.guardian, kept.interpreter) == (
        *("ar", "Rosa Example"),
        *("mother", "Sami Nasser"),
    )
    page = text(desk.get(consents_url(patient)))
    assert "Rosa Example" in page
    assert "(<bdi>mother</bdi>)" in page


def test_the_patient_who_signed_is_written_by_name(world, db, patient):
    form = {"text": "prp 1.0", "given_on": TODAY, **BY_HER}
    world.as_role(Role.NURSE).post(consents_url(patient), form)

    kept = db.scalars(sa.select(Consent)).one()
    assert (kept.signer, kept.guardian) == (f"Alice {patient.family_name}", "")


def test_the_longest_name_finds_room_on_a_paper(world, db, patient):
    """Given and family name may be 120 letters each, a signer as many alone."""
    patient.given_name, patient.family_name = "A" * 120, "E" * 120
    db.flush()
    form = {"text": "prp 1.0", "given_on": TODAY, **BY_HER}

    assert world.as_role(Role.NURSE).post(consents_url(patient), form).status_code == 303

    kept = db.scalars(sa.select(Consent)).one()
    assert kept.signer == "A" * 120


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"language": "en"}, "Please fill this in"),
        ({"by_whom": "patient"}, "Please fill this in"),
        ({"by_whom": "patient", "language": "xx"}, "Choose one of the list"),
        ({"by_whom": "other", "language": "en", "signer": "Rosa"}, "Please fill this in"),
        ({"by_whom": "other", "language": "en", "guardian": "mother"}, "Please fill this in"),
        ({**BY_HER, "signer": "Rosa"}, "Somebody else is named below"),
    ],
)
def test_a_paper_that_does_not_say_who_signed_is_refused(world, db, patient, form, words):
    form = {"text": "prp 1.0", "given_on": TODAY} | form

    answer = world.as_role(Role.RECEPTIONIST).post(consents_url(patient), form)

    assert answer.status_code == 422
    assert words in text(answer)
    assert db.scalar(sa.select(sa.func.count()).select_from(Consent)) == 0


def test_a_minor_does_not_sign_a_paper_alone(world, db, patient):
    patient.birth_date = dt.date(2010, 1, 1)
    db.flush()
    form = {"text": "prp 1.0", "given_on": TODAY, **BY_HER}

    answer = world.as_role(Role.RECEPTIONIST).post(consents_url(patient), form)

    assert answer.status_code == 422
    assert "not of age" in text(answer)


def test_a_paper_in_a_language_that_its_text_lacks_is_refused(world, db, patient):
    row = queries.draft_of(db, ConsentKind.PRP)
    row.words = {"en": row.words["en"]}
    row.in_force_from = dt.date(2026, 11, 23)
    db.flush()
    form = {"text": "prp 2.0", "given_on": TODAY, "by_whom": "patient", "language": "de"}

    answer = world.as_role(Role.RECEPTIONIST).post(consents_url(patient), form)

    assert answer.status_code == 422
    assert "not written in this language" in text(answer)
