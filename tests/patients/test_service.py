"""Registering once, changing with both eyes open, staying findable."""

import datetime as dt
import threading

import pytest
import sqlalchemy as sa

from clinic import models
from clinic.audit.models import AuditEvent
from clinic.audit.service import chain_key
from clinic.core.access import Role
from clinic.core.engine import Sessions, make_engine
from clinic.core.errors import Conflict, Elsewhere, NotFound, StaleEdit
from clinic.patients import finding, queries, service
from clinic.patients import rules as patient_rules
from clinic.patients.models import Patient, PatientSearchKey
from clinic.patients.values import ChangePatient, PatientStatus, Sex
from tests import factories, postgres
from tests.conftest import SECRET
from tests.patients.conftest import statements, wish

KEY = "k" * 24


@pytest.fixture
def desk(world):
    return world.actor(Role.RECEPTIONIST)


def changed(patient, **changes):
    return ChangePatient(
        **{
            "patient_id": patient.id,
            "version": patient.version,
            "family_name": patient.family_name,
            "given_name": patient.given_name,
            "birth_date": patient.birth_date,
            "phone": patient.phone,
            "sex": patient.sex,
            "email": patient.email,
            "address": patient.address,
            "language": patient.language,
            "note": patient.note,
            **changes,
        }
    )


def lines(db, action):
    return db.scalars(sa.select(AuditEvent).where(AuditEvent.action == action)).all()


def test_registering_gives_a_file_number_and_leaves_a_line(desk, db):
    patient = service.register(db, desk, wish())

    assert patient.file_number == patient_rules.file_number_of(patient.id)
    assert patient.version == 1
    assert patient.location_id == desk.location_id
    assert patient.created_by_id == desk.id
    (line,) = lines(db, "patient.registered")
    assert line.patient_id == patient.id
    assert "ller" not in str(line.detail)


def test_registering_costs_a_fixed_number_of_statements(desk, connection, db):
    with statements(connection) as seen:
        service.register(db, desk, wish(form_key=KEY, look_alikes_seen=frozenset()))
    assert len(seen) <= 9


def test_the_same_form_sent_twice_makes_one_patient(desk, db):
    one = service.register(db, desk, wish(form_key=KEY, look_alikes_seen=frozenset()))
    two = service.register(db, desk, wish(form_key=KEY, look_alikes_seen=frozenset()))

    assert one.id == two.id
    assert len(lines(db, "patient.registered")) == 1


def test_a_form_sent_again_with_somebody_else_in_it_is_refused(desk, db):
    service.register(db, desk, wish(form_key=KEY))

    with pytest.raises(service.FormUsed):
        service.register(db, desk, wish(form_key=KEY, given_name="Berta"))


def test_somebody_alike_refuses_until_seen(desk, db):
    one = service.register(db, desk, wish())

    with pytest.raises(service.LooksAlike) as refused:
        service.register(db, desk, wish(family_name="Mueller", look_alikes_seen=frozenset()))
    assert [hit.id for hit in refused.value.hits] == [one.id]

    two = service.register(db, desk, wish(look_alikes_seen=frozenset({one.id})))
    assert two.id != one.id
    with pytest.raises(service.LooksAlike):
        service.register(db, desk, wish(look_alikes_seen=frozenset({one.id})))


def test_a_file_number_that_is_taken_is_refused(desk, db):
    service.register(db, desk, wish(file_number="H-1"))

    with pytest.raises(Conflict):
        service.register(db, desk, wish(file_number="H-1"))


def test_a_number_that_an_import_brought_is_not_given_again(desk, db):
    first = service.register(db, desk, wish())
    service.register(db, desk, wish(file_number=patient_rules.file_number_of(first.id + 2)))

    third = service.register(db, desk, wish())

    assert third.id == first.id + 2
    assert third.file_number.startswith(f"{patient_rules.file_number_of(third.id)}-")
    assert [hit.id for hit in finding.search(db, third.file_number)] == [third.id]


def test_the_deceased_are_registered_as_such(desk, db):
    patient = service.register(db, desk, wish(deceased_on=dt.date(2020, 1, 1)))

    assert patient.status is PatientStatus.DECEASED


def test_many_are_registered_at_once_with_one_line(world, connection, db):
    wishes = [wish(family_name=f"Aust{n}", source_system="s", source_id=str(n)) for n in range(30)]

    with statements(connection) as seen:
        made = service.register_many(db, None, wishes, location_id=world.location.id)

    assert [patient.family_name for patient in made] == [w.family_name for w in wishes]
    assert {patient.version for patient in made} == {1}
    assert len({patient.file_number for patient in made}) == 30
    # SQLite returns new ids one row at a time; everything else goes in bulk.
    assert len([one for one in seen if not one.startswith("INSERT INTO patient (")]) <= 6
    (line,) = lines(db, "patient.registered_many")
    assert line.detail["count"] == 30
    assert set(queries.of_source(db, "s")) == {str(n) for n in range(30)}
    assert service.register_many(db, None, [], location_id=world.location.id) == []


def test_a_change_is_found_under_the_new_name_only(desk, db):
    patient = service.register(db, desk, wish())

    service.change(
        db, desk, changed(patient, family_name="Schmidt", phone="+4917011112222", sex=Sex.FEMALE)
    )

    assert [hit.id for hit in finding.search(db, "schmidt")] == [patient.id]
    assert [hit.id for hit in finding.search(db, "2222")] == [patient.id]
    assert finding.search(db, "muller") == []
    assert finding.search(db, "5678") == []
    (line,) = lines(db, "patient.changed")
    assert line.detail == {"fields": ["family_name", "phone", "sex"]}


def test_a_change_of_the_note_leaves_the_keys_alone(desk, connection, db):
    patient = service.register(db, desk, wish())

    with statements(connection) as seen:
        service.change(db, desk, changed(patient, note="Prefers mornings"))

    assert not any("patient_search_key" in statement for statement in seen)
    assert patient.version == 2


def test_saving_what_is_there_already_changes_nothing(desk, db):
    patient = service.register(db, desk, wish())

    service.change(db, desk, changed(patient))

    assert patient.version == 1
    assert lines(db, "patient.changed") == []


def test_a_stale_version_is_refused(desk, db):
    patient = service.register(db, desk, wish())
    stale = changed(patient, note="mine")
    service.change(db, desk, changed(patient, note="theirs"))

    with pytest.raises(StaleEdit):
        service.change(db, desk, stale)
    assert patient.note == "theirs"


@pytest.mark.parametrize(
    ("status", "refusal"),
    [(PatientStatus.MERGED, Elsewhere), (PatientStatus.ERASED, service.NotInUse)],
)
def test_a_record_that_is_not_in_use_is_not_changed(desk, db, status, refusal):
    kept, patient = service.register(db, desk, wish()), service.register(db, desk, wish())
    patient.status = status
    patient.merged_into_id = kept.id if status is PatientStatus.MERGED else None
    db.flush()

    with pytest.raises(refusal):
        service.change(db, desk, changed(patient, note="x"))


def test_a_patient_of_another_place_does_not_exist(desk, db):
    elsewhere = factories.a_patient(db, location=factories.a_location(db))

    with pytest.raises(NotFound):
        service.change(db, desk, changed(elsewhere, note="x"))


def test_rebuilding_mends_lost_keys(desk, db):
    patient = service.register(db, desk, wish())
    db.execute(sa.delete(PatientSearchKey))
    db.execute(sa.update(Patient).values(search_text=""))

    assert finding.search(db, "muller") == []
    assert service.rebuild_search(db, None) == 1
    assert [hit.id for hit in finding.search(db, "muller anna")] == [patient.id]
    (line,) = lines(db, "patient.search_rebuilt")
    assert line.detail == {"count": 1}


@pytest.fixture
def crowd(engine, tmp_path, request):
    """A database that several connections share, with one clinic in it."""
    if engine.dialect.name == "sqlite":
        shared = make_engine(f"sqlite:///{tmp_path / 'crowd.sqlite3'}")
    else:
        server = request.getfixturevalue("postgres_url")
        shared = make_engine(postgres.fresh_database(server, "anagen_crowd"))
    models.metadata.create_all(shared)
    yield Sessions(shared, info={"audit_key": chain_key(SECRET)})
    shared.dispose()


def test_a_form_sent_by_eight_at_once_makes_one_patient(crowd, world):
    with crowd.write() as db, db.begin():
        location = factories.a_location(db)
        account = factories.an_account(db, location=location, role=Role.RECEPTIONIST)
        location_id, account_id = location.id, account.id
    who = world.actor(Role.RECEPTIONIST)
    desk = type(who)(
        id=account_id, name="Alice", role=who.role, location_id=location_id, zone=who.zone
    )
    made, failures = [], []
    gate = threading.Barrier(8)

    def send():
        gate.wait()
        try:
            with crowd.write() as db, db.begin():
                made.append(service.register(db, desk, wish(form_key=KEY)).id)
        except Exception as failure:  # the test names whatever went wrong
            failures.append(failure)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(made) == 8
    assert len(set(made)) == 1
    with crowd.read() as db:
        assert db.scalar(sa.select(sa.func.count(Patient.id))) == 1


def test_eight_registrations_at_once_get_eight_numbers(crowd, world):
    with crowd.write() as db, db.begin():
        location = factories.a_location(db)
        account = factories.an_account(db, location=location, role=Role.RECEPTIONIST)
        location_id, account_id = location.id, account.id
    who = world.actor(Role.RECEPTIONIST)
    desk = type(who)(
        id=account_id, name="Alice", role=who.role, location_id=location_id, zone=who.zone
    )
    numbers, failures = [], []
    gate = threading.Barrier(8)

    def send(n):
        gate.wait()
        try:
            with crowd.write() as db, db.begin():
                numbers.append(service.register(db, desk, wish(form_key=KEY + str(n))).file_number)
        except Exception as failure:  # the test names whatever went wrong
            failures.append(failure)

    threads = [threading.Thread(target=send, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(set(numbers)) == 8
