"""The page that registers a patient: with good input and with bad, sent once and twice."""

import datetime as dt

import pytest

from clinic.core.access import Role
from clinic.patients.values import PatientStatus, Sex
from tests.patients.pages import BAD, BOOKING, FOUR, KEY, everybody, lines, text


def test_four_fields_register_a_patient(desk, world, db):
    page = desk.post("/patients/new", {**FOUR, "form_key": KEY})

    (patient,) = everybody(db)
    assert page.headers["Location"] == f"/patients/{patient.id}"
    assert patient.phone == "+4915112345678"
    assert patient.birth_date == dt.date(1985, 4, 12)
    assert patient.location_id == world.location.id
    assert patient.language == world.location.locale
    (line,) = lines(db, "patient.registered")
    assert line.actor_id == world.accounts[Role.RECEPTIONIST].id


def test_what_nobody_chose_is_shown_and_kept_as_not_recorded(desk, db):
    page = text(desk.get("/patients/new"))
    assert '<option selected value="unknown">' in page
    assert '<option selected value="en">' in page

    desk.post("/patients/new", FOUR)
    (patient,) = everybody(db)
    assert patient.sex is Sex.UNKNOWN
    assert '<option selected value="unknown">' in text(desk.get(f"/patients/{patient.id}/edit"))


def test_a_phone_is_read_for_the_country_of_the_clinic(desk, world, db):
    world.location.country = "FR"
    db.flush()

    desk.post("/patients/new", {**FOUR, "phone": "06 12 34 56 78"})
    (patient,) = everybody(db)
    assert patient.phone == "+33612345678"


@pytest.mark.parametrize(
    ("family_name", "given_name"),
    [
        ("O'Brien", "Sinéad"),
        ("Núñez", "Ñ"),
        ("Đặng", "李"),
        ("محمد", "عبد الرحمن"),
        ("Madonna", ""),
    ],
)
def test_names_are_kept_as_people_are_called(desk, db, family_name, given_name):
    sent = {**FOUR, "family_name": f"  {family_name} ", "given_name": given_name}

    assert desk.post("/patients/new", sent).status_code == 303
    (patient,) = everybody(db)
    assert (patient.family_name, patient.given_name) == (family_name, given_name)


def test_a_name_is_shown_as_text_never_as_markup(desk, db):
    sent = {**FOUR, "family_name": "<script>alert(1)</script>", "note": "<b>{{7*7}}</b>"}
    desk.post("/patients/new", sent)
    (patient,) = everybody(db)

    for url in (f"/patients/{patient.id}/edit", "/patients?q=script"):
        page = text(desk.get(url))
        assert "<script>alert" not in page
        assert "<b>{{" not in page
        assert "&lt;script&gt;" in page


def test_a_double_click_makes_one_patient(desk, db):
    one = desk.post("/patients/new", {**FOUR, "form_key": KEY})
    two = desk.post("/patients/new", {**FOUR, "form_key": KEY})

    assert one.status_code == two.status_code == 303
    assert one.headers["Location"] == two.headers["Location"]
    assert len(everybody(db)) == 1


def test_the_form_carries_a_new_key_each_time(desk):
    pages = [text(desk.get("/patients/new")) for _ in range(2)]

    assert all('name="form_key"' in page for page in pages)
    assert pages[0] != pages[1]


def test_a_form_sent_again_with_somebody_else_says_so_and_then_registers(desk, db):
    desk.post("/patients/new", {**FOUR, "form_key": KEY})
    other = {**FOUR, "given_name": "Berta", "birth_date": "1990-01-01", "phone": ""}

    page = desk.post("/patients/new", {**other, "form_key": KEY})
    assert page.status_code == 409
    assert everybody(db)[0].file_number in text(page)
    assert 'value="Berta"' in text(page)
    assert KEY not in text(page)
    assert len(everybody(db)) == 1


def test_somebody_alike_is_offered_before_anybody_is_made_twice(desk, register, db):
    mine = register("Mueller", "Anna")
    phone = register("Aust", "Karl", phone="+4915112345678", birth_date=dt.date(1950, 1, 1))

    page = desk.post("/patients/new", {**FOUR, "form_key": KEY}, query_string={"next": BOOKING})
    assert page.status_code == 409
    body = text(page)
    assert "Is it one of these people?" in body
    assert "Same birth date, similar name" in body
    assert "Same phone number" in body
    for patient in (mine, phone):
        assert f"patient_id={patient.id}" in body
    assert 'value="Müller"' in body
    assert 'value="0151 12345678"' in body
    assert f'value="{KEY}"' in body
    assert len(everybody(db)) == 2
    assert lines(db, "patient.listed")[-1].detail["count"] == 2

    seen = {"seen": f"{phone.id},{mine.id}", "form_key": KEY}
    assert desk.post("/patients/new", {**FOUR, **seen}).status_code == 303
    assert desk.post("/patients/new", {**FOUR, **seen}).status_code == 303
    assert len(everybody(db)) == 3


def test_somebody_alike_who_was_not_shown_is_offered_too(desk, register, db):
    one = register("Mueller", "Anna")
    two = register("Müller", "Ana")

    page = desk.post("/patients/new", {**FOUR, "seen": str(one.id)})
    assert page.status_code == 409
    assert two.file_number in text(page)


@pytest.mark.parametrize(
    ("field", "value", "words"), BAD, ids=[f"{name}-{value[:12]!r}" for name, value, _ in BAD]
)
def test_a_bad_value_is_said_at_its_field_and_nothing_typed_is_lost(desk, db, field, value, words):
    sent = {**FOUR, "address": "Hauptstraße 1", field: value}

    page = desk.post("/patients/new", sent)
    assert page.status_code == 422
    body = text(page)
    assert words in body
    assert f'id="{field}-err"' in body
    for name, typed in sent.items():
        if name != field:
            assert f'value="{typed}"' in body
    assert everybody(db) == []


def test_missing_and_doubled_fields_are_no_failure(desk, db):
    assert desk.post("/patients/new", {}).status_code == 422
    doubled = {**FOUR, "phone": ["0151 12345678", "x"], "family_name": ["Aust", "Meier"]}
    assert desk.post("/patients/new", doubled).status_code == 303
    junk = {**FOUR, "phone": "", "seen": "x" * 5000, "form_key": "<bad>", "birth_date": ""}
    assert desk.post("/patients/new", junk).status_code == 303


def test_fields_that_the_form_does_not_have_change_nothing(desk, db):
    more = {"id": "7", "file_number": "1", "status": "erased", "location_id": "99", "version": "9"}
    desk.post("/patients/new", {**FOUR, **more})

    (patient,) = everybody(db)
    assert patient.file_number != "1"
    assert patient.status is PatientStatus.ACTIVE
    assert patient.version == 1
