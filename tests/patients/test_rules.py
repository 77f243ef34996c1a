"""Ages, file numbers, keys, who is alike, and which hit comes first."""

import datetime as dt

import pytest

from clinic.core import folding
from clinic.patients import rules as patient_rules
from clinic.patients.values import Likeness, PatientHit, PatientStatus, SearchKind, Sex

TODAY = dt.date(2026, 11, 23)

pytestmark = pytest.mark.once


def a_hit(family_name, given_name="Alice", **changes):
    fields = {
        "id": 1,
        "family_name": family_name,
        "given_name": given_name,
        "born": dt.date(1985, 4, 12),
        "sex": Sex.FEMALE,
        "phone": "+4915112345678",
        "file_number": "10019",
        "status": PatientStatus.ACTIVE,
        **changes,
    }
    return PatientHit(**fields)


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (dt.date(1985, 11, 24), dt.date(2026, 11, 23), 40),
        (dt.date(1985, 11, 23), dt.date(2026, 11, 23), 41),
        (dt.date(2000, 2, 29), dt.date(2018, 2, 28), 17),
        (dt.date(2000, 2, 29), dt.date(2018, 3, 1), 18),
        (dt.date(2026, 11, 23), dt.date(2026, 11, 23), 0),
        (None, dt.date(2026, 11, 23), None),
    ],
)
def test_age_is_the_completed_years_on_the_day(born, day, age):
    assert patient_rules.age_on(born, day) == age


def test_file_numbers_are_short_all_different_and_have_no_leading_zero():
    numbers = [patient_rules.file_number_of(n) for n in range(1, 3001)]

    assert len(set(numbers)) == 3000
    assert all(len(number) == 5 and number[0] != "0" for number in numbers)


def test_one_wrong_digit_or_a_swap_never_gives_a_file_number():
    for n in range(1, 400):
        number = patient_rules.file_number_of(n)
        assert patient_rules.is_own_file_number(number)
        for i, digit in enumerate(number):
            for other in set("0123456789") - {digit}:
                assert not patient_rules.is_own_file_number(number[:i] + other + number[i + 1 :])
        for i in range(len(number) - 1):
            swapped = number[:i] + number[i + 1] + number[i] + number[i + 2 :]
            assert swapped == number or not patient_rules.is_own_file_number(swapped)


@pytest.mark.parametrize("text", ["", "1", "H-1", "٣", "10"])
def test_what_the_system_never_gives_is_no_file_number_of_ours(text):
    assert not patient_rules.is_own_file_number(text)


def test_the_keys_of_a_patient_hold_name_phone_backwards_and_file_number():
    found = patient_rules.search_keys(
        family_name="Müller", given_name="Anna", phone="+4915112345678", file_number="H-20418"
    )

    assert (SearchKind.NAME, "muller") in found.keys
    assert (SearchKind.SKELETON, "mlr") in found.keys
    assert (SearchKind.DELETES, "mller") in found.keys
    assert (SearchKind.PHONE, "8765432115194") in found.keys
    assert {(SearchKind.FILE, "h20418"), (SearchKind.FILE, "20418")} <= found.keys
    assert found.text == " anna muller | an mlr "


def test_a_patient_without_phone_and_number_has_only_keys_of_the_name():
    found = patient_rules.search_keys(family_name="Li", given_name="", phone="", file_number="")

    assert {kind for kind, _ in found.keys} == {SearchKind.NAME}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Müller", "Anna"), ("Mueller", "Ana")),
        (("Müller", "Anna"), ("Anna", "Müller")),
        (("Müller", "Anna"), ("Miller", "Anna")),
        (("Müller-Meier", "Anna"), ("Müller", "Anna")),
        (("von Bülow", "Karl"), ("Bülow", "Karl Otto")),
        (("محمد", "علي"), ("Mohammed", "Ali")),
        (("O'Brien", "Sean"), ("OBrien", "Sean")),
        (("Madonna", ""), ("Madonna", "")),
    ],
)
def test_names_that_may_be_one_persons_are_alike(one, other):
    assert patient_rules.are_alike(one, other)
    assert patient_rules.are_alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Müller", "Anna"), ("Müller", "Bernd")),
        (("Müller", "Anna"), ("Schmidt", "Anna")),
        (("Al-Sayed", "Omar"), ("Al-Haddad", "Omar")),
        (("!", "?"), ("Müller", "Anna")),
    ],
)
def test_names_of_different_people_are_not_alike(one, other):
    assert not patient_rules.are_alike(one, other)


def test_a_hit_says_what_makes_it_like_the_person_described():
    hit = a_hit("Müller", "Anna")
    described = {
        "family_name": "Mueller",
        "given_name": "Anna",
        "birth_date": hit.born,
        "phone": hit.phone,
    }

    both = patient_rules.with_likeness(hit, **described).likeness
    phone = patient_rules.with_likeness(hit, **{**described, "birth_date": None}).likeness
    nothing = patient_rules.with_likeness(hit, **{**described, "family_name": "X", "phone": ""})

    assert both == (Likeness.PHONE, Likeness.BIRTH_DATE_AND_NAME)
    assert phone == (Likeness.PHONE,)
    assert nothing.likeness == ()


def ranked(typed, *hits):
    terms = folding.parse(typed, today=TODAY)
    return [hit.family_name for _, hit in patient_rules.rank(hits, terms)]


def test_exact_words_come_before_beginnings_sounds_and_mistakes():
    hits = [
        a_hit(name, "", id=n) for n, name in enumerate(["Maxier", "Meier", "Maierhofer", "Maier"])
    ]

    assert ranked("Maier", *hits) == ["Maier", "Maierhofer", "Meier", "Maxier"]


def test_among_equals_those_who_can_be_booked_come_first():
    dead = a_hit("Aust", status=PatientStatus.DECEASED)
    living = a_hit("Aust", "Zoe", id=2)

    terms = folding.parse("aust", today=TODAY)
    assert [hit for _, hit in patient_rules.rank([dead, living], terms)] == [living, dead]


@pytest.mark.parametrize(
    ("typed", "guess"),
    [
        ("Anna Meier", ("Meier", "Anna", None, "")),
        ("Meier, Anna", ("Meier", "Anna", None, "")),
        ("Anna Maria Meier", ("Meier", "Anna Maria", None, "")),
        ("Madonna", ("Madonna", "", None, "")),
        ("0151 2345678", ("", "", None, "0151 2345678")),
        ("25.4.1985", ("", "", dt.date(1985, 4, 25), "")),
        ("12.4.1985", ("", "", None, "")),
        ("4567", ("", "", None, "")),
        ("", ("", "", None, "")),
    ],
)
def test_a_search_without_a_hit_begins_a_registration(typed, guess):
    found = patient_rules.guess_of(typed, today=TODAY)

    assert (found.family_name, found.given_name, found.birth_date, found.phone) == guess
