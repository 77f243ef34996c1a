"""The settings page: what it shows, saves, refuses and keeps of what was typed."""

import re
from html import unescape

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.locations import queries
from tests.counting import statements


def text(response) -> str:
    return response.get_data(as_text=True)


@pytest.fixture
def admin(world):
    return world.as_role(Role.ADMINISTRATOR)


def form(world, **changes) -> dict[str, str]:
    location = world.location
    fields = {
        "version": location.version,
        "name": location.name,
        "address": "Parkstraße 1\n10115 Berlin",
        "phone": "030 1234567",
        "emergency_phone": "0171 1234567",
        "late_hours": "24",
        "wait_limit_min": "20",
        "hold_min": "45",
        "zone": "Europe/Berlin",
        "country": "DE",
        "subdivision": "BE",
        **{f"hours_{day}": "8-12, 13-18" for day in range(5)},
        "hours_5": "",
        "hours_6": "",
    }
    return {name: str(value) for name, value in {**fields, **changes}.items()}


def test_the_page_shows_what_is_kept(admin, world):
    page = text(admin.get("/clinic"))

    assert world.location.name in page
    assert 'value="+49 30 1234567"' in page
    assert 'href="/visits-outside-hours"' in page, "changed hours may leave visits outside"
    assert '<option selected value="Europe/Berlin">' in page
    assert '<option selected value="DE">Germany' in page
    assert page.count('value="08:00–18:00"') == 6


def test_everything_is_saved(admin, world, db):
    answer = admin.post("/clinic", form(world, name="Nordklinik"))

    assert (answer.status_code, answer.location) == (303, "/clinic/days")
    db.expire_all()
    location = queries.with_hours(db, world.location.id)
    assert location.name == "Nordklinik"
    assert location.address == "Parkstraße 1\n10115 Berlin"
    assert (location.phone, location.emergency_phone) == ("+49301234567", "+491711234567")
    assert location.hold_min == 45
    assert len(location.opening_hours) == 10
    assert "settings were saved" in text(admin.get("/clinic"))


def test_phones_are_read_for_the_country_in_the_same_form(admin, world, db):
    change = {"country": "EG", "zone": "Africa/Cairo", "subdivision": ""}
    admin.post("/clinic", form(world, phone="02 27350000", emergency_phone="", **change))

    db.refresh(world.location)
    assert world.location.phone == "+20227350000"


@pytest.mark.parametrize(
    ("field", "raw", "says"),
    [
        ("name", "", "Please fill this in"),
        ("name", " \t ", "Please fill this in"),
        ("name", "x" * 121, "At most 120"),
        ("name", "a\0b", "cannot be stored"),
        ("address", "x" * 301, "At most 300"),
        ("phone", "call me", "no phone number"),
        ("emergency_phone", "030 12345678901234", "too long"),
        ("zone", "Europe/Atlantis", "Choose one of the list"),
        ("zone", "", "Please fill this in"),
        ("country", "XX", "Choose one of the list"),
        ("country", "", "Please fill this in"),
        ("subdivision", "CA", "Choose one of the list"),
        ("hours_0", "8 to 18", "Enter hours such as"),
        ("hours_3", "18-8", "close later"),
        ("hours_6", "8-12,11-13", "overlap"),
        ("hours_1", "8:01-9", "five minutes"),
        ("hours_2", "x" * 200, "Enter hours such as"),
        ("hold_min", "4", "5"),
        ("hold_min", "241", "240"),
        ("hold_min", "", "Please fill this in"),
        ("version", "", "Please fill this in"),
        ("version", "x", "Choose one of the list"),
    ],
)
def test_bad_input_is_said_at_its_field_and_nothing_typed_is_lost(
    admin, world, db, field, raw, says
):
    typed = {"name": "Typed Name"} if field != "name" else {"address": "Typed Address"}

    answer = admin.post("/clinic", form(world, **{**typed, field: raw}))

    assert answer.status_code == 422
    assert says in unescape(text(answer))
    assert next(iter(typed.values())) in text(answer)
    db.refresh(world.location)
    assert world.location.name != "Typed Name"


def test_who_saves_second_sees_both_texts_and_can_save_again(admin, world, db):
    old = form(world, name="Second", hours_0="9-10")
    admin.post("/clinic", form(world, name="First"))

    answer = admin.post("/clinic", old)

    assert answer.status_code == 409
    page = text(answer)
    assert "First" in page
    assert "<ins>Second</ins>" in page
    assert "<ins>9-10</ins>" in page
    assert "08:00–12:00, 13:00–18:00" in page
    version = re.search(r'name="version" type="hidden" value="(\d+)"', page)[1]
    assert admin.post("/clinic", {**old, "version": version}).status_code == 303
    db.refresh(world.location)
    assert world.location.name == "Second"


def test_a_form_reaches_no_other_field(admin, world, db):
    admin.post("/clinic", form(world, id="99", location_id="99", locale="de"))

    db.refresh(world.location)
    assert world.location.locale == "en"


def test_a_missing_field_is_an_error_and_not_a_crash(admin):
    assert admin.post("/clinic", {}).status_code == 422


def test_looking_leaves_one_row_and_saving_another(admin, world, db):
    admin.get("/clinic")
    admin.post("/clinic", form(world, name="Nordklinik"))

    actions = db.scalars(sa.select(AuditEvent.action).where(AuditEvent.entity == "location"))
    assert list(actions) == ["location.opened", "location.changed"]


def test_text_comes_back_as_text(admin, world, db):
    admin.post("/clinic", form(world, name="<script>x</script>", address="</textarea><b>"))

    page = text(admin.get("/clinic"))

    assert "<script>x" not in page
    assert "</textarea><b>" not in page


def test_the_page_asks_few_questions(admin, connection):
    admin.get("/clinic")

    with statements(connection) as seen:
        admin.get("/clinic")

    assert len(seen) <= 6


def test_another_part_of_the_country_leads_to_its_public_holidays(admin, world, db):
    answer = admin.post("/clinic", form(world, subdivision="BY"))
    assert (answer.status_code, answer.location) == (303, "/clinic/days")
    assert "The public holidays are others now" in text(admin.get(answer.location))
    db.refresh(world.location)
    again = admin.post("/clinic", form(world, subdivision="BY", name="Nordklinik"))
    assert (again.status_code, again.location) == (303, "/clinic")
