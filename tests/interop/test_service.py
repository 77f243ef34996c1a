"""Imports: everything or nothing, twice without doubling, and never over what is here."""

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.catalog.values import Modality, ResourceKind
from clinic.core.access import Role
from clinic.interop import service
from clinic.interop.rules import patient_list
from clinic.interop.rules.files import read_table
from clinic.patients import finding
from clinic.patients import service as patient_service
from clinic.patients.models import Patient
from clinic.patients.values import PatientStatus
from clinic.safety import queries as safety_queries
from clinic.safety.models import PatientFact, ScreeningRecord
from clinic.safety.values import Decision, PlannedTreatment
from tests import factories
from tests.interop.conftest import ANNA, TODAY, a_plan, real_plan
from tests.patients.conftest import statements, wish

WARFARIN = "2026-11-01T08:00:00Z,,anna,e1,1,Warfarin 5 MG Oral Tablet"


@pytest.fixture
def bring(world, db):
    def run(plan):
        return service.import_people(db, None, plan, location_id=world.location.id)

    return run


@pytest.fixture
def bring_list(world, db):
    def run(*lines, header="file_number,family_name,given_name,birth_date,phone"):
        content = "\n".join([header, *lines]).encode()
        table = read_table(
            "list.csv", content, required=patient_list.REQUIRED, known=patient_list.COLUMNS
        )
        plan = patient_list.translate(table, country="DE", today=TODAY, language="de")
        return service.import_list(db, None, plan, location_id=world.location.id)

    return run


def count(db, model):
    return db.scalar(sa.select(sa.func.count()).select_from(model))


def test_the_real_files_come_in_once_and_quickly_twice(bring, db, connection):
    plan = real_plan()

    first = bring(plan)
    assert first.counts() == {
        "patients": 59,
        "patients_here": 0,
        "facts": len(plan.facts),
        "facts_here": 0,
        "refused": 0,
        "differing": 0,
    }
    assert first.deceased == 9
    assert count(db, Patient) == 59
    assert count(db, PatientFact) == len(plan.facts)

    with statements(connection) as seen:
        second = bring(plan)
    assert second.counts() == {
        **first.counts(),
        "patients": 0,
        "patients_here": 59,
        "facts": 0,
        "facts_here": len(plan.facts),
    }
    assert count(db, PatientFact) == len(plan.facts)
    assert len(seen) <= 59 + 10
    lines = db.scalars(sa.select(AuditEvent).where(AuditEvent.action == "import.finished")).all()
    assert [line.detail["facts"] for line in lines] == [len(plan.facts), 0]


def test_imported_people_are_found_and_the_dead_cannot_be_booked(bring, db):
    bring(real_plan())

    (maria,) = finding.search(db, "montenegro24 maria luisa")
    assert maria.given_name == "María Luisa888"
    (keefe,) = finding.search(db, "okeefe54")
    assert keefe.family_name == "O'Keefe54"
    dead = db.scalars(sa.select(Patient).where(Patient.status == PatientStatus.DECEASED)).all()
    assert len(dead) == 9
    assert all(patient.deceased_on for patient in dead)


def test_an_open_enoxaparin_of_a_living_patient_asks_for_a_physician(bring, db):
    bring(real_plan())
    patient_id = db.scalar(
        sa.select(PatientFact.patient_id)
        .join(Patient, Patient.id == PatientFact.patient_id)
        .where(
            PatientFact.code == "anticoagulant",
            PatientFact.ended_on.is_(None),
            Patient.status == PatientStatus.ACTIVE,
        )
        .limit(1)
    )

    screening = safety_queries.check(
        db,
        safety_queries.history_of(db, patient_id),
        PlannedTreatment(modality=Modality.PRP),
        TODAY,
    )

    found = {finding.rule_code: finding for finding in screening.findings}
    assert found["anticoagulant"].decision is Decision.REVIEW
    assert "Enoxaparin" in str(found["anticoagulant"].used[0].label)
    assert "medicine_unconfirmed" in found


def test_what_differs_in_a_later_export_is_reported_and_changes_nothing(bring, db):
    open_one = "2020-01-02,,anna,e1,1,Warfarin 5 MG Oral Tablet"
    bring(a_plan(medications=[open_one]))

    stopped = open_one.replace("2020-01-02,,", "2020-01-02,2020-06-01,")
    died = ANNA.replace(",,Anna88,Müller7", ",2026-01-01,Anna88,Meier7")
    report = bring(a_plan(patients=[died], medications=[stopped]))

    assert report.counts()["facts"] == report.counts()["patients"] == 0
    said = [str(one) for one in report.differing]
    assert said[0] == (
        "medications.csv, line 2: was imported before with another ended_on, noted_on "
        "and was left as it is"
    )
    assert "family_name, deceased_on" in said[1]
    (patient,) = db.scalars(sa.select(Patient)).all()
    assert (patient.family_name, patient.status) == ("Müller7", PatientStatus.ACTIVE)
    (fact,) = db.scalars(sa.select(PatientFact)).all()
    assert fact.ended_on is None


def test_a_later_export_adds_what_is_new_to_whoever_is_here(bring, db):
    bring(a_plan(medications=[WARFARIN]))

    report = bring(a_plan(medications=[WARFARIN, WARFARIN.replace("e1", "e2")]))

    assert report.counts()["facts"] == report.counts()["facts_here"] == 1
    assert count(db, PatientFact) == 2
    assert count(db, Patient) == 1


def test_a_new_fact_is_checked_against_the_visits_that_are_booked(bring, world, db):
    bring(a_plan())
    (patient,) = db.scalars(sa.select(Patient)).all()
    visit = factories.an_appointment(
        db,
        location=world.location,
        patient=patient,
        service=factories.a_service(db),
        practitioner=factories.a_resource(
            db, location=world.location, kind=ResourceKind.PRACTITIONER
        ),
        room=factories.a_resource(db, location=world.location, kind=ResourceKind.ROOM),
        device=factories.a_resource(db, location=world.location, kind=ResourceKind.DEVICE),
    )

    bring(a_plan(medications=[WARFARIN]))

    kept = db.scalars(
        sa.select(ScreeningRecord).where(ScreeningRecord.appointment_id == visit.id)
    ).all()
    assert any("anticoagulant" in str(record.findings) for record in kept)


def test_a_failure_in_the_middle_leaves_nothing(world, sessions, db, monkeypatch):
    plan = a_plan(medications=[WARFARIN])
    broken = replace(
        plan, facts=(replace(plan.facts[0], wish=replace(plan.facts[0].wish, unit="mg")),)
    )
    db.commit()

    with pytest.raises(Exception, match="unit"), sessions.write() as inner, inner.begin():
        service.import_people(inner, None, broken, location_id=world.location.id)

    assert count(db, Patient) == 0


# ---- a clinic's own list ----


def test_a_list_comes_in_once(bring_list, db):
    lines = ["H-7,Müller,Anna,1985-04-12,0151 12345678", ",Aust,Karl,1990-01-01,", ",Li,Wei,,"]

    assert bring_list(*lines).counts()["patients"] == 3
    report = bring_list(*lines)
    assert (report.patients.new, report.patients.here) == (0, 3)
    assert count(db, Patient) == 3
    (anna,) = finding.search(db, "H-7")
    assert (anna.name, anna.phone) == ("Anna Müller", "+4915112345678")
    (karl,) = finding.search(db, "aust")
    assert karl.file_number.isdecimal()


def test_a_corrected_list_brings_the_rest_and_doubles_nobody(bring_list, db):
    first = bring_list("H-7,Müller,Anna,1985-04-12,", "H-8,Aust,Karl,1990-13-01,")
    assert [str(one) for one in first.refused] == [
        "list.csv, line 3: birth_date is a day that does not exist"
    ]

    second = bring_list("H-7,Müller,Anna,1985-04-12,", "H-8,Aust,Karl,1990-12-01,")
    assert (second.patients.new, second.patients.here) == (1, 1)
    assert count(db, Patient) == 2


def test_what_the_desk_has_changed_since_stays(bring_list, db):
    bring_list("H-7,Müller,Anna,1985-04-12,0151 12345678")
    (patient,) = db.scalars(sa.select(Patient)).all()
    patient.phone, patient.email = "+4917011112222", "anna@example.org"
    db.flush()

    report = bring_list("H-7,Müller,Anna,1985-04-12,0151 12345678")

    assert patient.phone == "+4917011112222"
    (said,) = report.differing
    assert str(said) == "list.csv, line 2: file H-7 says otherwise in phone and was left as it is"


def test_somebody_registered_by_hand_is_not_made_twice(bring_list, world, db):
    desk = world.actor(Role.RECEPTIONIST)
    anna = patient_service.register(db, desk, wish())
    karl = patient_service.register(
        db, desk, wish(family_name="Aust", given_name="Karl", file_number="H-9")
    )

    report = bring_list(
        ",MUELLER,Anna,12.4.1985,",
        "H-9,Aust,Karl,1985-04-12,",
        "H-1,Müller,Anna,1985-04-12,",
        "H-9,Meier,Berta,1985-04-12,",
    )

    assert report.patients.here == 2
    assert report.differing == []
    assert [(one.line, str(one).partition(": ")[2][:40]) for one in report.refused] == [
        (4, "the same person as in line 2"),
        (5, "the same file number as in line 3"),
    ]
    assert {anna.id, karl.id} == set(db.scalars(sa.select(Patient.id)))


def test_a_number_or_a_person_that_is_here_otherwise_is_refused(bring_list, world, db):
    desk = world.actor(Role.RECEPTIONIST)
    anna = patient_service.register(db, desk, wish())
    patient_service.register(db, desk, wish(family_name="Aust", file_number="H-9"))

    report = bring_list("H-1,Müller,Anna,1985-04-12,", "H-9,Meier,Berta,1985-04-12,")

    assert report.patients.new == 0
    assert anna.file_number in str(report.refused[0])
    assert "file number H-9 belongs to somebody else here" in str(report.refused[1])
    assert count(db, Patient) == 2


def test_the_birthday_of_an_imported_person_is_a_date(bring, db):
    bring(a_plan())

    assert db.scalar(sa.select(Patient.birth_date)) == dt.date(1985, 4, 12)
