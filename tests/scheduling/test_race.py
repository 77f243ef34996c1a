"""Sixteen desks want one slot at the same moment: one gets it, fifteen are told who has it."""

import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from clinic import models
from clinic.app import create_app
from clinic.audit.service import chain_key
from clinic.catalog.values import Modality, ResourceKind
from clinic.core.access import Actor, Role
from clinic.core.engine import Sessions, make_engine
from clinic.scheduling import service
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.models import Appointment, Occupancy
from clinic.scheduling.values import BookAppointment, StepVisit
from tests import factories, postgres
from tests.conftest import SECRET
from tests.world import World

DESKS = 16
OVERLAPS = sa.text(
    "SELECT count(*) FROM occupancy a JOIN occupancy b ON a.resource_id = b.resource_id"
    " AND a.lane = b.lane AND a.id < b.id WHERE a.is_active AND b.is_active"
    " AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def real(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sessions]:
    """A database of its own with real commits: threads of one transaction prove nothing."""
    if request.param == "sqlite":
        engine = make_engine(f"sqlite:///{tmp_path / 'race.sqlite3'}")
    else:
        server = request.getfixturevalue("postgres_url")
        engine = make_engine(postgres.fresh_database(server, "anagen_race"), pool_size=DESKS)
    models.metadata.create_all(engine)
    yield Sessions(engine, info={"audit_key": chain_key(SECRET)})
    engine.dispose()


def a_clinic(sessions: Sessions) -> tuple[Actor, BookAppointment, list[int]]:
    with sessions.write() as db, db.begin():
        location = factories.a_location(db)
        account = factories.an_account(db, location=location, role=Role.RECEPTIONIST)

        def resource(kind: ResourceKind) -> int:
            return factories.a_resource(db, location=location, kind=kind).id

        physician, room = resource(ResourceKind.PRACTITIONER), resource(ResourceKind.ROOM)
        resource(ResourceKind.DEVICE)
        patients = [factories.a_patient(db, location=location).id for _ in range(DESKS)]
        wish = BookAppointment(
            patient_id=patients[0],
            service_id=factories.a_service(db, modality=Modality.PRP).id,
            starts_local=dt.datetime(2026, 11, 24, 10, 0),
            practitioner_id=physician,
            room_id=room,
        )
        actor = Actor(
            id=account.id,
            name=account.name,
            role=account.role,
            location_id=location.id,
            zone=location.zone,
        )
        return actor, wish, patients


def all_at_once(
    sessions: Sessions, work, *, is_own_unit: bool = True, desks: int = DESKS
) -> list[object]:
    """Let every desk do its work at the same moment; return what each got, errors as they are."""
    barrier = threading.Barrier(desks)
    results: list[object] = [None] * desks

    def desk(number: int) -> None:
        barrier.wait()
        try:
            if is_own_unit:
                with sessions.write() as db, db.begin():
                    results[number] = work(db, number)
            else:
                results[number] = work(None, number)
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=desk, args=(n,)) for n in range(desks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_sixteen_desks_and_one_slot_make_one_booking(real):
    actor, wish, patients = a_clinic(real)
    plain = {field: getattr(wish, field) for field in wish.__dataclass_fields__}

    results = all_at_once(
        real,
        lambda db, n: service.book(
            db, actor, BookAppointment(**{**plain, "patient_id": patients[n]})
        ),
    )

    refusals = [r for r in results if isinstance(r, SlotTaken)]
    assert [type(r).__name__ for r in results if r not in refusals] == ["Appointment"]
    assert len(refusals) == DESKS - 1
    assert all(" is taken until " in str(r) and r.clashes for r in refusals)
    with real.read() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Appointment)) == 1
        assert db.scalar(sa.select(sa.func.count()).select_from(Occupancy)) == 3
        assert db.scalar(OVERLAPS) == 0


def test_a_form_sent_sixteen_times_makes_one_visit(real):
    actor, wish, _patients = a_clinic(real)
    plain = {field: getattr(wish, field) for field in wish.__dataclass_fields__}
    once = BookAppointment(**{**plain, "form_key": "k" * 24})

    results = all_at_once(real, lambda db, _n: service.book(db, actor, once).id)

    assert len(set(results)) == 1, results


def test_one_step_of_sixteen_happens(real, clock):
    actor, wish, _patients = a_clinic(real)
    with real.write() as db, db.begin():
        visit = service.book(db, actor, wish)
        step = StepVisit(appointment_id=visit.id, version=visit.version)
    clock(dt.datetime(2026, 11, 24, 10, 0, tzinfo=dt.UTC))

    results = all_at_once(real, lambda db, _n: service.no_show(db, actor, step).id)

    done = [r for r in results if isinstance(r, int)]
    assert len(done) == 1
    assert {type(r).__name__ for r in results if r not in done} == {"MovedOn"}


def test_sixteen_browsers_and_one_slot_get_one_page_of_thanks(real, config):
    app = create_app(config, sessions=real, testing=True)
    with real.write() as db, db.begin():
        world = World(app, db)
        physician = factories.a_resource(
            db, location=world.location, kind=ResourceKind.PRACTITIONER, name="Dr Weber"
        )
        room = factories.a_resource(db, location=world.location, kind=ResourceKind.ROOM)
        service_id = factories.a_service(db, modality=Modality.CONSULTATION).id
        patients = [factories.a_patient(db, location=world.location).id for _ in range(DESKS)]
        browsers = [world.as_role(Role.RECEPTIONIST) for _ in range(DESKS)]
    for browser in browsers:
        browser.token()
    form = {
        "service_id": str(service_id),
        "date": "2026-11-24",
        "start": "10:00",
        "practitioner_id": str(physician.id),
        "room_id": str(room.id),
    }

    pages = all_at_once(
        real,
        lambda _db, n: browsers[n].post("/appointments", {**form, "patient_id": str(patients[n])}),
        is_own_unit=False,
    )

    assert sorted(page.status_code for page in pages) == [303] + [409] * (DESKS - 1)
    refused = [page.get_data(as_text=True) for page in pages if page.status_code == 409]
    assert all("Dr Weber is taken until" in text for text in refused)
    assert all(text.count('name="fill"') == 3 for text in refused)
    with real.read() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Appointment)) == 1
