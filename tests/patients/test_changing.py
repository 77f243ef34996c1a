"""The page that changes a patient's data: stale, bad and meant."""

import pytest

from clinic.patients.values import PatientStatus
from tests.patients.pages import BAD, FOUR, lines, text


def test_a_change_is_saved_and_leads_back(desk, register, db):
    patient = register("Aust", "Karl")
    sent = {
        **FOUR,
        "version": patient.version,
        "sex": "male",
        "language": "tr",
        "note": "rings twice",
    }

    page = desk.post(f"/patients/{patient.id}/edit", sent)
    assert page.status_code == 303
    assert page.headers["Location"] == f"/patients/{patient.id}"
    db.refresh(patient)
    assert (patient.family_name, patient.language, patient.note) == ("Müller", "tr", "rings twice")
    assert patient.version == 2


def test_opening_the_form_leaves_one_line_and_shows_what_is_there(desk, register, db):
    patient = register("Aust", "Karl", phone="+4915112345678", note="rings twice")

    page = text(desk.get(f"/patients/{patient.id}/edit"))
    for words in ('value="Aust"', "+49 1511 2345678", "rings twice", 'value="1985-04-12"'):
        assert words in page
    assert len(lines(db, "patient.opened")) == 1


def test_a_stale_change_shows_both_texts_and_can_be_meant(desk, register, db):
    patient = register("Aust", "Karl")
    url = f"/patients/{patient.id}/edit"
    desk.post(url, {**FOUR, "version": 1, "note": "theirs"})

    page = desk.post(url, {**FOUR, "version": 1, "given_name": "Berta", "note": "mine"})
    assert page.status_code == 409
    body = text(page)
    for words in ("theirs", "mine", "Anna", "Berta", "On file now", "Your text"):
        assert words in body
    db.refresh(patient)
    assert patient.note == "theirs"
    assert 'name="version"' in body
    assert 'value="2"' in body

    again = desk.post(url, {**FOUR, "version": 2, "given_name": "Berta", "note": "mine"})
    assert again.status_code == 303
    db.refresh(patient)
    assert (patient.given_name, patient.note) == ("Berta", "mine")


@pytest.mark.parametrize(
    ("field", "value", "words"), BAD, ids=[f"{name}-{value[:12]!r}" for name, value, _ in BAD]
)
def test_a_bad_change_is_said_at_its_field(desk, register, db, field, value, words):
    patient = register("Aust", "Karl")

    page = desk.post(
        f"/patients/{patient.id}/edit", {**FOUR, "version": patient.version, field: value}
    )
    assert page.status_code == 422
    assert words in text(page)
    db.refresh(patient)
    assert patient.family_name == "Aust"


@pytest.mark.parametrize("version", ["", "0", "-1", "x", "99999999999999", "\x00"])
def test_a_version_that_is_none_is_refused(desk, register, db, version):
    patient = register("Aust", "Karl")

    page = desk.post(f"/patients/{patient.id}/edit", {**FOUR, "version": version})
    assert page.status_code == 422
    db.refresh(patient)
    assert patient.family_name == "Aust"


@pytest.mark.parametrize("patient_id", ["0", "2147483647", "99999999999999999999", "x", "-1"])
def test_an_unknown_patient_is_not_found(desk, patient_id):
    assert desk.get(f"/patients/{patient_id}/edit").status_code == 404
    assert desk.post(f"/patients/{patient_id}/edit", FOUR).status_code in {404, 405}


def test_a_record_that_is_not_in_use_cannot_be_changed(desk, register, db):
    patient = register("Aust", "Karl")
    patient.status = PatientStatus.ERASED
    db.flush()
    url = f"/patients/{patient.id}/edit"

    page = text(desk.get(url))
    assert "not in use any more" in page
    assert 'name="family_name"' not in page
    assert desk.post(url, {**FOUR, "version": patient.version}).status_code == 409
