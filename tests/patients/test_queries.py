"""Finding people by whatever is known of them, in few statements."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.core.access import Role
from clinic.core.errors import NotFound
from clinic.patients import finding, queries, service
from clinic.patients.models import Patient
from clinic.patients.values import PatientStatus
from tests import factories
from tests.patients.conftest import statements


@pytest.fixture
def people(register):
    """Some who are hard to tell apart, and some who are hard to spell."""
    return {
        name: register(name, given, **more)
        for name, given, more in [
            ("Müller", "Anna", {"phone": "+4915112345678"}),
            ("Mueller", "Bernd", {"birth_date": dt.date(1990, 12, 4)}),
            ("O'Brien", "Sinéad", {"phone": "+35315554321"}),
            ("محمد", "علي", {}),
            ("Núñez", "Íñigo", {}),
            ("李", "小龙", {}),
            ("von der Heide", "Karl-Otto", {}),
            ("Vela532", "Jorge Luis88", {}),
            ("El-Sayed", "Abdulrahman", {}),
        ]
    }


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("müller", {"Müller", "Mueller"}),
        ("MUELLER", {"Müller", "Mueller"}),
        ("muller anna", {"Müller"}),
        ("ann mül", {"Müller"}),
        ("anna, müller", {"Müller"}),
        ("miller anna", {"Müller"}),
        ("mullre anna", {"Müller"}),
        ("obrien", {"O'Brien"}),
        ("O’Brien sinead", {"O'Brien"}),
        ("o brien", {"O'Brien"}),
        ("mohammed ali", {"محمد"}),
        ("محمد", {"محمد"}),
        ("muhamad", {"محمد"}),
        ("nunez inigo", {"Núñez"}),
        ("ñuñ", {"Núñez"}),
        ("李", {"李"}),
        ("李小龙", {"李"}),
        ("xiaolong", {"李"}),
        ("heide karl", {"von der Heide"}),
        ("von der heide", {"von der Heide"}),
        ("jorge vela532", {"Vela532"}),
        ("luis88", {"Vela532"}),
        ("abdul rahman", {"El-Sayed"}),
        ("عبد الرحمن", {"El-Sayed"}),
        ("elsayed", {"El-Sayed"}),
        ("345678", {"Müller"}),
        ("5678", {"Müller"}),
        ("0151 12345678", {"Müller"}),
        ("+49 151 1234 5678", {"Müller"}),
        ("4321 brien", {"O'Brien"}),
        ("4.12.1990", {"Mueller"}),
        ("1990-12-04", {"Mueller"}),
        ("12/4/1990", {"Mueller"}),
        ("04121990", {"Mueller"}),
        ("mueller 1990", {"Mueller"}),
        ("bernd 4 dec 1990", {"Mueller"}),
        ("anna 1990", set()),
        ("zzz", set()),
        ("%", set()),
        ("_____", set()),
        ("' OR 1=1 --", set()),
    ],
)
def test_people_are_found_by_what_is_typed(people, db, typed, names):
    assert {hit.family_name for hit in finding.search(db, typed)} == names


def test_a_file_number_finds_exactly_one(people, db):
    for patient in people.values():
        assert [hit.id for hit in finding.search(db, patient.file_number)] == [patient.id]


def test_a_search_takes_at_most_three_statements(people, connection, db):
    for typed in ("müller anna", "mullre anan", "5678", "qqqq wwww", "محمد 1985", "Li"):
        with statements(connection) as seen:
            finding.search(db, typed)
        assert 1 <= len(seen) <= 3, typed


@pytest.mark.parametrize("typed", ["12.4.1985 müller anna", "5678", "4.12.1990"])
def test_a_good_hit_by_number_or_date_takes_one_statement(people, connection, db, typed):
    with statements(connection) as seen:
        assert len(finding.search(db, typed)) == 1
    assert len(seen) == 1


def test_many_good_hits_take_one_statement(register, connection, db):
    for n in range(5):
        register("Aust", f"Karl{n}")

    with statements(connection) as seen:
        assert len(finding.search(db, "aust")) == 5
    assert len(seen) == 1


def test_one_exact_hit_does_not_hide_another_spelling(register, db):
    one, other = register("Haddad", "Omar"), register("حداد", "عمر")

    assert [hit.id for hit in finding.search(db, "Omar Haddad")] == [one.id, other.id]


def test_nothing_typed_asks_nothing(people, connection, db):
    with statements(connection) as seen:
        assert finding.search(db, "  ") == []
    assert seen == []


def test_the_dead_are_found_and_said_to_be_and_of_two_records_one_is(register, db):
    dead = register("Aust", "Karl", deceased_on=dt.date(2020, 1, 1))
    kept = register("Aust", "Berta")
    merged = register("Aust", "Bertha")
    merged.status, merged.merged_into_id = PatientStatus.MERGED, kept.id
    db.flush()

    hits = {hit.id: hit for hit in finding.search(db, "aust")}

    assert hits[dead.id].status is PatientStatus.DECEASED
    assert merged.id not in hits
    assert [alias.file_number for alias in hits[kept.id].aliases] == [merged.file_number]
    assert [hit.id for hit in hits.values() if hit.is_bookable] == [kept.id]


def test_a_place_finds_its_own_patients_only(register, world, db):
    mine = register("Aust")
    elsewhere = factories.a_location(db)

    found = finding.search(db, "aust", location_id=world.location.id)
    assert [hit.id for hit in found] == [mine.id]
    assert finding.search(db, "aust", location_id=elsewhere.id) == []
    with pytest.raises(NotFound):
        queries.get(db, mine.id, location_id=elsewhere.id)


def test_more_people_than_asked_for_are_cut_off(register, db):
    for n in range(6):
        register("Aust", f"Karl{n}")

    assert len(finding.search(db, "aust", limit=4)) == 4


def test_the_same_phone_or_birth_date_and_sound_make_a_look_alike(people, connection, db, world):
    described = {
        "location_id": world.location.id,
        "family_name": "Muller",
        "given_name": "Ana",
        "birth_date": dt.date(1985, 4, 12),
        "phone": "+35315554321",
    }

    with statements(connection) as seen:
        found = finding.look_alikes(db, **described)

    assert {hit.family_name for hit in found} == {"Müller", "O'Brien"}
    assert len(seen) == 1
    assert finding.look_alikes(db, **{**described, "birth_date": None, "phone": ""}) == []


def test_merged_and_erased_records_are_no_look_alikes(register, world, db):
    kept = register("Aust", "Karl")
    gone = register("Aust", "Karl")
    gone.status, gone.merged_into_id = PatientStatus.MERGED, kept.id
    db.flush()

    found = finding.look_alikes(
        db,
        location_id=world.location.id,
        family_name="Aust",
        given_name="Karl",
        birth_date=kept.birth_date,
        phone="",
    )
    assert [hit.id for hit in found] == [kept.id]


def test_the_card_says_who_a_page_is_about(register, db):
    patient = register("Müller", "Anna", phone="+4915112345678")
    dead = register("Aust", "Karl", deceased_on=dt.date(2020, 1, 1))

    card = queries.card(db, patient.id, today=dt.date(2026, 4, 11))
    assert (card.name, card.age, card.status) == ("Anna Müller", 40, "")
    assert card.file_number == patient.file_number

    card = queries.card(db, dead.id, today=dt.date(2026, 4, 11))
    assert (card.age, card.status) == (None, "Deceased")
    with pytest.raises(NotFound):
        queries.card(db, 2**31 - 1, today=dt.date(2026, 4, 11))


def test_names_of_many_cost_one_statement(people, connection, db):
    ids = [patient.id for patient in people.values()]

    with statements(connection) as seen:
        found = queries.names(db, [*ids, 2**31 - 1])
        assert queries.names(db, []) == {}

    assert found[ids[0]] == "Anna Müller"
    assert set(found) == set(ids)
    assert len(seen) == 1


def test_the_stored_keys_are_those_of_the_name(people, db, world):
    before = db.execute(
        sa.text("SELECT kind, key, patient_id FROM patient_search_key ORDER BY 1, 2, 3")
    ).all()
    texts = db.execute(sa.select(Patient.id, Patient.search_text)).all()

    assert service.rebuild_search(db, world.actor(Role.ADMINISTRATOR)) == len(people)

    after = db.execute(
        sa.text("SELECT kind, key, patient_id FROM patient_search_key ORDER BY 1, 2, 3")
    ).all()
    assert after == before
    assert db.execute(sa.select(Patient.id, Patient.search_text)).all() == texts
