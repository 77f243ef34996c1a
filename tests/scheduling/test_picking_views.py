"""Finding the patient inside the booking form."""

import datetime as dt
import re

import pytest

from clinic.patients import service as patient_service
from clinic.patients.values import RegisterPatient
from tests.scheduling.pages import book, text_of


@pytest.fixture
def karim(desk):
    return patient_service.register(
        desk.db,
        desk.actor(),
        RegisterPatient(
            family_name="Nasser",
            given_name="Karim",
            birth_date=dt.date(1990, 1, 2),
            phone="+493012345678",
        ),
    )


@pytest.fixture
def karima(desk):
    return patient_service.register(
        desk.db,
        desk.actor(),
        RegisterPatient(
            family_name="Nasserdin", given_name="Karima", birth_date=None, phone="+493012345679"
        ),
    )


def search(world, desk, **changes):
    wish = {"patient_id": "", "search": "1", "q": "nasser", "start": "11:00", **changes}
    return text_of(book(world, desk, **wish))


def picked(shown):
    found = re.search(r'name="patient_id"[^>]*value="(\d*)"', shown)
    return found[1] if found else ""


def test_one_hit_is_chosen_at_once_and_the_rest_of_the_form_stays(world, desk, karim):
    shown = search(world, desk)
    assert picked(shown) == str(karim.id)
    assert "Karim Nasser" in shown
    assert 'value="11:00"' in shown


def test_several_hits_are_buttons_and_enter_takes_the_first(world, desk, karim, karima):
    shown = search(world, desk)
    assert picked(shown) == ""
    assert shown.count('name="pick"') == 2
    assert picked(search(world, desk, asked="nasser")) == str(karim.id)
    assert picked(search(world, desk, pick=str(karima.id))) == str(karima.id)


def test_nobody_found_offers_to_register(world, desk):
    shown = search(world, desk, q="zzzzz")
    assert "Nobody found" in shown
    assert 'name="register" value="open"' in shown


def test_a_chosen_patient_can_be_let_go(world, desk):
    assert picked(text_of(book(world, desk, drop="1"))) == ""


@pytest.mark.parametrize("pick", ["0", "x", "999999999", "1 OR 1=1", "9" * 30])
def test_a_forged_choice_is_nobody(world, desk, pick):
    assert picked(text_of(book(world, desk, pick=pick))) == ""
