"""The pages of patients: for each role, with good input and with bad, sent once and twice."""

import datetime as dt
from urllib.parse import unquote

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.patients.models import Patient
from clinic.patients.values import PatientStatus, Sex
from tests import factories
from tests.patients.conftest import statements

DESK = [Role.RECEPTIONIST, Role.NURSE, Role.PHYSICIAN]
FOUR = {
    "family_name": "Müller",
    "given_name": "Anna",
    "birth_date": "1985-04-12",
    "phone": "0151 12345678",
}
KEY = "abcdefghijklmnopqrstuvwx"


@pytest.fixture
def desk(world):
    return world.as_role(Role.RECEPTIONIST)


def text(page):
    return page.get_data(as_text=True)


def everybody(db):
    return db.scalars(sa.select(Patient).order_by(Patient.id)).all()


def lines(db, action):
    return db.scalars(sa.select(AuditEvent).where(AuditEvent.action == action)).all()


@pytest.mark.parametrize("role", DESK, ids=lambda role: role.value)
def test_everybody_at_the_desk_and_in_the_rooms_finds_and_registers(world, register, role):
    patient = register("Aust", "Karl")
    visitor = world.as_role(role)

    assert "Karl Aust" in text(visitor.get("/patients?q=aust"))
    assert visitor.get("/patients/new").status_code == 200
    assert visitor.get(f"/patients/{patient.id}/edit").status_code == 200
    assert visitor.post("/patients/new", FOUR).status_code == 303


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_administrator_sees_no_patient(world, register, method):
    patient = register("Aust", "Karl")
    visitor = world.as_role(Role.ADMINISTRATOR)

    for url in ("/patients/new", f"/patients/{patient.id}/edit"):
        assert getattr(visitor, method)(url).status_code == 403
    assert visitor.get("/patients?q=aust").status_code == 403


def test_a_stranger_is_sent_to_sign_in(world, register):
    patient = register("Aust", "Karl")
    visitor = world.stranger()

    for url in ("/patients?q=aust", "/patients/new", f"/patients/{patient.id}/edit"):
        page = visitor.get(url)
        assert page.status_code == 303
        assert "/sign-in" in page.headers["Location"]
    assert visitor.post("/patients/new", FOUR).status_code == 401


def test_the_page_of_an_empty_clinic_says_what_to_do_first(desk):
    assert "No patients yet" in text(desk.get("/patients"))


def test_nothing_typed_shows_nobody(desk, register):
    register("Aust", "Karl")

    page = text(desk.get("/patients"))
    assert "Karl Aust" not in page
    assert "Find a patient" in page


def test_a_hit_shows_who_it_is_and_nothing_of_the_note(desk, register):
    patient = register("Aust", "Karl", phone="+4915112345678", note="owes us a call")

    page = text(desk.get("/patients?q=aust"))
    for words in ("Karl Aust", "Apr 12, 1985", "… 5678", patient.file_number):
        assert words in page
    assert "2345678" not in page
    assert "owes us" not in page


def test_nobody_found_offers_to_register_with_what_was_typed(desk, register):
    register("Aust", "Karl")

    page = text(desk.get("/patients?q=Anna+Meier"))
    assert "Nobody found" in page
    form = text(desk.get("/patients/new?q=Anna+Meier"))
    assert 'value="Meier"' in form
    assert 'value="Anna"' in form
    assert 'value="0151 2345678"' in text(desk.get("/patients/new?q=0151+2345678"))


def test_more_hits_than_fit_say_so(desk, register):
    for n in range(21):
        register("Aust", f"Karl{n}")

    page = desk.get("/patients?q=aust")
    assert text(page).count('scope="row"') == 20
    assert "There are more" in text(page)
    assert unquote(page.headers["X-Announce"]) == "More than 20 patients found"


def test_the_fragment_is_the_list_alone(desk, register):
    register("Aust", "Karl")

    page = desk.get("/patients?q=aust", headers={"X-Fragment": "#hits"})
    assert "Karl Aust" in text(page)
    assert "<html" not in text(page)
    assert text(page).count('id="hits"') == 1
    assert page.headers["X-Announce"] == "One%20patient%20found"


def test_a_search_leaves_one_line_without_what_was_typed(desk, register, db):
    register("Aust", "Karl")

    desk.get("/patients?q=aust")
    desk.get("/patients")

    (line,) = lines(db, "patient.listed")
    assert line.detail["count"] == 1
    assert "aust" not in str(line.detail)


@pytest.mark.parametrize(
    "typed",
    ["%00", "%", "_", "'", '"><script>', "%ED%A0%80", "a" * 5000, "%F0%9F%99%82", "9" * 500, "\\"],
)
def test_an_odd_search_is_answered_in_peace(desk, register, typed):
    register("Aust", "Karl")

    page = desk.get("/patients", query_string=f"q={typed}")
    assert page.status_code == 200
    assert "Karl Aust" not in text(page)
    assert "<script>" not in text(page)


def test_a_search_page_costs_few_statements(desk, register, connection):
    for n in range(20):
        register("Aust", f"Karl{n}")
    desk.get("/patients?q=aust")

    with statements(connection) as one:
        desk.get("/patients?q=karl3")
    with statements(connection) as twenty:
        desk.get("/patients?q=aust")
    assert len(twenty) <= 12
    assert len(one) <= len(twenty) + 2


def test_patients_of_another_place_are_not_there(desk, world, db, register):
    register("Aust", "Karl")
    elsewhere = factories.a_patient(db, location=factories.a_location(db), family_name="Aust")

    assert "Alice Aust" not in text(desk.get("/patients?q=aust"))
    assert desk.get(f"/patients/{elsewhere.id}/edit").status_code == 404
    assert desk.post(f"/patients/{elsewhere.id}/edit", FOUR).status_code == 404


# ---- choosing somebody for a booking ----


BOOKING = "/appointments/new?date=2026-11-24&start=10:00"


def test_choosing_leads_back_to_the_booking_with_the_patient(desk, register):
    patient = register("Aust", "Karl")

    page = text(desk.get("/patients", query_string={"q": "aust", "pick": 1, "next": BOOKING}))
    back = f"/appointments/new?date=2026-11-24&amp;start=10%3A00&amp;patient_id={patient.id}"
    assert f'href="{back}"' in page
    assert 'name="next"' in page


def test_who_cannot_be_booked_cannot_be_chosen(desk, register, db):
    kept = register("Aust", "Berta")
    dead = register("Aust", "Karl", deceased_on=dt.date(2020, 1, 1))
    merged, erased = register("Aust", "Bertha"), register("Aust", "Egon")
    merged.status, merged.merged_into_id = PatientStatus.MERGED, kept.id
    erased.status = PatientStatus.ERASED
    db.flush()

    page = text(desk.get("/patients", query_string={"q": "aust", "pick": 1, "next": BOOKING}))

    assert f"patient_id={kept.id}" in page
    for other in (dead, merged, erased):
        assert f"patient_id={other.id}" not in page
    for word in ("Deceased", "Merged", "Erased", "cannot be booked"):
        assert word in page
    assert kept.file_number in page


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: x=1",
        "//[",
        "http://[",
        "/" + "a" * 3000,
        "",
    ],
)
def test_only_own_pages_are_gone_on_to(desk, db, register, target):
    register("Aust", "Karl")

    page = desk.get("/patients", query_string={"q": "aust", "pick": 1, "next": target})
    assert page.status_code == 200
    for dangerous in ('="https:', '="//', '="/\\', '="javascript:', '="http:'):
        assert dangerous not in text(page)
    sent = desk.post("/patients/new", FOUR, query_string={"next": target})
    assert sent.status_code == 303
    assert sent.headers["Location"] == f"/patients/{everybody(db)[-1].id}"


def test_registering_from_a_booking_goes_back_to_it(desk, db):
    page = desk.post("/patients/new", FOUR, query_string={"next": BOOKING + "&patient_id=1"})

    assert page.status_code == 303
    (patient,) = everybody(db)
    assert page.headers["Location"] == (
        f"/appointments/new?date=2026-11-24&start=10%3A00&patient_id={patient.id}"
    )


# ---- registering ----


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


BAD = [
    ("family_name", "", "Please fill this in"),
    ("family_name", "   ", "Please fill this in"),
    ("family_name", "x" * 121, "At most 120 characters"),
    ("family_name", "A\x00B", "cannot be stored"),
    ("family_name", "A\u202eB", "cannot be stored"),
    ("given_name", "x" * 121, "At most 120 characters"),
    ("birth_date", "31.02.1985", "no such day"),
    ("birth_date", "1899-12-31", "Not before 1900-01-01"),
    ("birth_date", "2026-11-24", "Not after 2026-11-23"),
    ("birth_date", "0000-00-00", "no such day"),
    ("birth_date", "99999-01-01", "Enter a date"),
    ("birth_date", "yesterday", "Enter a date"),
    ("birth_date", "\x00", "cannot be stored"),
    ("phone", "1", "phone number"),
    ("phone", "hello", "no phone number"),
    ("phone", "+999 1234567", "phone number"),
    ("phone", "0151 12345678901234567890", "phone number"),
    ("phone", "0151\x00", "cannot be stored"),
    ("email", "nobody", "no e-mail address"),
    ("email", "a@" + "b" * 300 + ".de", "no e-mail address"),
    ("address", "x" * 301, "At most 300 characters"),
    ("note", "x" * 401, "At most 400 characters"),
    ("sex", "robot", "Choose one of the list"),
    ("language", "klingon", "Choose one of the list"),
]


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


# ---- changing ----


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
