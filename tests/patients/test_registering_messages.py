"""What a patient agrees to be written to by, noted while they are registered."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.core.access import Role
from clinic.patients.models import ContactWish
from clinic.patients.values import Channel
from tests.patients.pages import FOUR, everybody, text

EMAIL = {"email": "anna@example.org"}


@pytest.mark.parametrize(
    ("sent", "channel"),
    [({"channel": "sms"}, Channel.SMS), ({"channel": "email", **EMAIL}, Channel.EMAIL)],
)
def test_an_agreement_is_noted_with_its_day_and_who(desk, world, db, sent, channel):
    answer = desk.post("/patients/new", {**FOUR, **sent, "agreed": "y"})

    assert answer.status_code == 303
    (patient,) = everybody(db)
    row = db.get(ContactWish, patient.id)
    assert (row.channel, row.agreed_on) == (channel, dt.date(2026, 11, 23))
    assert row.noted_by_id == world.accounts[Role.RECEPTIONIST].id


@pytest.mark.parametrize("sent", [{}, {"channel": "none"}, {"channel": "none", "agreed": "y"}])
def test_who_wants_none_was_not_asked_for_more(desk, db, sent):
    assert desk.post("/patients/new", {**FOUR, **sent}).status_code == 303
    assert db.scalars(sa.select(ContactWish)).all() == []


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"channel": "sms"}, "Tick that the patient has agreed"),
        ({"channel": "sms", "agreed": "y", "phone": ""}, "No phone number is on file"),
        ({"channel": "email", "agreed": "y"}, "No e-mail address is on file"),
        ({"channel": "pigeon", "agreed": "y"}, "Choose one of the list"),
    ],
)
def test_without_a_tick_or_an_address_it_is_said_at_its_field(desk, db, sent, words):
    answer = desk.post("/patients/new", {**FOUR, **sent})

    assert answer.status_code == 422
    assert words in text(answer)
    assert 'value="Müller"' in text(answer)
    assert everybody(db) == []
