"""Histories in a fixed number of statements, and what stands beside a name."""

import datetime as dt

import pytest

from clinic.consents import service as consent_service
from clinic.consents.values import Scope, WithdrawConsent
from clinic.core.access import Role
from clinic.core.errors import NotFound
from clinic.safety import queries
from clinic.safety.values import FactKind, FactSource
from tests import factories
from tests.counting import statements
from tests.safety.conftest import TODAY, a_clear_patient

STATEMENTS = 3


def test_a_history_has_person_facts_and_consents(db, world, patient, known):
    known(FactKind.MEDICATION, "nsaid", label="Ibuprofen 400 mg", ended_on=TODAY)

    history = queries.history_of(db, patient.id)

    assert (history.person.birth_date, history.person.sex) == (patient.birth_date, "female")
    ibuprofen = next(f for f in history.facts if f.kind is FactKind.MEDICATION)
    assert ibuprofen.recorded_by == world.accounts[Role.PHYSICIAN].name
    consent = next(f for f in history.facts if f.kind is FactKind.CONSENT)
    assert (consent.code, consent.label, consent.ended_on) == ("prp", "1.0", None)


def test_a_withdrawn_consent_ends(db, world, patient):
    from clinic.consents import queries as consent_queries
    from clinic.patients import queries as patient_queries

    paper = consent_queries.of_patient(db, patient_queries.records(patient.id))[0]
    consent_service.withdraw(
        db,
        world.actor(Role.RECEPTIONIST),
        WithdrawConsent(
            scopes=frozenset({Scope.TREATMENT}),
            consent_id=paper.id,
            withdrawn_on=TODAY,
            reason="changed her mind",
        ),
    )

    consent = next(
        f for f in queries.history_of(db, patient.id).facts if f.kind is FactKind.CONSENT
    )
    assert consent.ended_on == TODAY


def test_the_day_of_recording_is_the_clinics_own(db, world, patient, known, clock):
    clock(dt.datetime(2026, 11, 22, 23, 30, tzinfo=dt.UTC))
    row = known(FactKind.CONDITION, "keloid", noted_on=dt.date(2026, 11, 23))

    fact = next(f for f in queries.history_of(db, patient.id).facts if f.id == row.id)

    assert fact.recorded_on == dt.date(2026, 11, 23)


def test_one_history_and_two_hundred_cost_the_same_statements(db, world, connection, patient):
    others = [factories.a_patient(db, location=world.location) for _ in range(197)]
    clear = [a_clear_patient(world, db) for _ in range(2)]
    ids = [patient.id, *(p.id for p in others), *(p.id for p in clear)]
    db.expunge_all()

    with statements(connection) as one:
        queries.history_of(db, ids[0])
    with statements(connection) as many:
        found = queries.histories(db, ids)

    assert len(one) == len(many) == STATEMENTS
    assert len(found) == 200
    assert found[ids[-1]].facts
    assert found[ids[1]].facts == ()


def test_unknown_patients_are_left_out_of_many_and_refused_alone(db, world, patient):
    assert set(queries.histories(db, [patient.id, 999_999])) == {patient.id}
    with pytest.raises(NotFound):
        queries.history_of(db, 999_999)


def test_nobody_costs_nothing(db, connection):
    with statements(connection) as sent:
        assert queries.histories(db, []) == {}

    assert sent == []


def test_clinicians_read_what_stands_in_the_way(db, world, patient, known):
    known(FactKind.MEDICATION, "anticoagulant", label="Enoxaparin 40 mg")
    known(FactKind.ALLERGY, "latex", label="Latex gloves")

    bar = queries.bar(db, world.actor(Role.NURSE), patient.id, on=TODAY)

    assert [(w.level, w.text) for w in bar.warnings] == [
        ("review", "Enoxaparin 40 mg"),
        ("warn", "Latex gloves"),
    ]


def test_the_desk_reads_one_word(db, world, patient, known):
    known(FactKind.MEDICATION, "anticoagulant", label="Enoxaparin 40 mg")

    bar = queries.bar(db, world.actor(Role.RECEPTIONIST), patient.id, on=TODAY)

    assert [(w.level, w.text) for w in bar.warnings] == [("review", "Physician must review")]


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.ADMINISTRATOR])
def test_nothing_stands_beside_a_clear_name(db, world, patient, role):
    assert queries.bar(db, world.actor(role), patient.id, on=TODAY).warnings == ()


def test_nobody_asks_about_the_dead(db, world, patient, known):
    known(FactKind.MEDICATION, "anticoagulant")
    patient.status = "deceased"
    db.flush()

    assert queries.bar(db, world.actor(Role.NURSE), patient.id, on=TODAY).warnings == ()


def test_a_bar_costs_four_statements(db, world, connection, patient):
    nurse, patient_id = world.actor(Role.NURSE), patient.id
    db.expunge_all()

    with statements(connection) as sent:
        queries.bar(db, nurse, patient_id, on=TODAY)

    assert len(sent) == 1 + STATEMENTS


def test_what_came_with_an_import_has_no_author(db, patient, known):
    row = known(FactKind.CONDITION, "keloid", source=FactSource.IMPORTED)
    row.recorded_by_id = None
    db.flush()

    fact = next(f for f in queries.history_of(db, patient.id).facts if f.id == row.id)

    assert fact.recorded_by == ""
