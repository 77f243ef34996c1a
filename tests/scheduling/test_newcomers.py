"""Registering somebody without leaving the booking: on its page, walking in, beside the board."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.patients import service as patient_service
from clinic.patients.models import Patient
from tests.counting import statements

PLACES = [
    "/appointments/newcomers",
    "/appointments/newcomers?page=scheduling.walk_in",
    "/appointments/newcomers?page=scheduling.past",
    "/board/newcomers?date=2026-11-24&view=practitioners",
]
NEW = {
    "new-family_name": "Sahar",
    "new-given_name": "Mona",
    "new-birth_date": "1990-05-01",
    "new-phone": "0151 99887766",
    "new-language": "ar",
    "new-form_key": "k" * 24,
    "register": "save",
}


@pytest.fixture
def reception(world):
    return world.as_role(Role.RECEPTIONIST)


def text(page):
    return page.get_data(as_text=True)


def filled(desk, **changes):
    """A booking that is half filled in."""
    return {
        "q": "Mona Sahar",
        "service_id": desk.consultation.id,
        "date": "2026-11-24",
        "start": "10:00",
        "practitioner_id": desk.physician.id,
        "note": "Keep me",
        "form_key": "b" * 24,
        **changes,
    }


def newest(db):
    return db.scalars(sa.select(Patient).order_by(Patient.id.desc())).first()


@pytest.mark.parametrize("place", PLACES)
def test_the_fields_open_with_what_was_searched_for(desk, reception, place):
    page = text(reception.post(place, filled(desk, register="open")))

    for words in ('name="new-family_name"', 'value="Sahar"', 'value="Mona"', 'value="Keep me"'):
        assert words in page
    assert page.count('name="new-') == 6
    first = re.search(r'<button type="submit"[^>]*>', page.split('id="booking"')[1])
    assert first is not None
    assert 'value="save"' in first.group()


@pytest.mark.parametrize("place", PLACES)
def test_four_fields_register_and_the_booking_goes_on(desk, reception, db, place):
    page = text(reception.post(place, filled(desk, **NEW)))

    made = newest(db)
    assert (made.family_name, made.phone, made.language) == ("Sahar", "+4915199887766", "ar")
    assert made.birth_date == dt.date(1990, 5, 1)
    assert f'name="patient_id" type="hidden" value="{made.id}"' in page
    assert 'value="Keep me"' in page
    assert 'name="new-' not in page
    again = text(reception.post(place, filled(desk, **NEW)))
    assert newest(db).id == made.id
    assert f'value="{made.id}"' in again


def test_who_was_registered_is_booked_with_the_same_form(desk, reception, db):
    reception.post(PLACES[0], filled(desk, **NEW))
    answer = reception.post("/appointments", filled(desk, patient_id=newest(db).id))

    assert answer.status_code == 303


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("family_name", " ", "Please fill this in"),
        ("birth_date", "1990-02-31", "no such day"),
        ("birth_date", "2027-01-01", "Not after"),
        ("phone", "hello", "no phone number"),
        ("language", "klingon", "Choose one of the list"),
    ],
)
def test_bad_input_is_said_at_its_field_and_nothing_is_lost(
    desk, reception, db, place, field, value, words
):
    before = newest(db).id
    answer = reception.post(place, filled(desk, **{**NEW, f"new-{field}": value}))

    page = text(answer)
    assert answer.status_code == 422
    assert words in page
    assert 'value="Mona"' in page
    assert 'value="Keep me"' in page
    assert newest(db).id == before


@pytest.mark.parametrize("place", PLACES)
def test_somebody_alike_is_offered_while_it_is_typed_and_when_it_is_sent(
    desk, reception, db, place
):
    desk.alice.phone = "+4915199887766"
    patient_service.write_keys(db, [desk.alice.id])
    before = newest(db).id
    for pressed, status in (("look", 200), ("save", 409)):
        answer = reception.post(place, filled(desk, **{**NEW, "register": pressed}))
        page = text(answer)
        assert answer.status_code == status
        for words in ("Same phone number", f'name="pick" value="{desk.alice.id}"', "Use this one"):
            assert words in page
        assert newest(db).id == before

    seen = {**NEW, "seen": str(desk.alice.id)}
    assert reception.post(place, filled(desk, **seen)).status_code == 200
    assert newest(db).id > before
    listed = db.scalars(sa.select(AuditEvent).where(AuditEvent.action == "patient.listed")).all()
    assert len(listed) >= 2


@pytest.mark.parametrize("pressed", ["look", "save", "open", "", "x"])
def test_odd_input_is_no_failure(desk, reception, pressed):
    odd = dict.fromkeys(NEW, "\x00") | {"register": pressed, "seen": "x" * 5000}
    for place in PLACES:
        assert reception.post(place, odd).status_code in {200, 422}


def test_looking_while_it_is_typed_adds_one_statement(desk, reception, connection):
    def cost(register):
        with statements(connection) as seen:
            reception.post(PLACES[0], filled(desk, **{**NEW, "register": register}))
        return len(seen)

    cost("open")
    assert cost("look") <= cost("open") + 1
