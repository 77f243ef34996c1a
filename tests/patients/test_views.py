"""The pages that find a patient: for each role, and with odd input."""

import datetime as dt
from urllib.parse import unquote

import pytest

from clinic.core.access import Role
from clinic.patients.values import PatientStatus
from tests import factories
from tests.patients.conftest import statements
from tests.patients.pages import BOOKING, FOUR, everybody, lines, text

DESK = [Role.RECEPTIONIST, Role.NURSE, Role.PHYSICIAN]


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
    for word in ("Deceased", "Erased", "cannot be booked"):
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
