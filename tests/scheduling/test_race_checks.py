"""A fact against a start, and two machines that check the same visits: real threads and commits."""

import datetime as dt
import threading
import time

import pytest
import sqlalchemy as sa

from clinic.app import create_app
from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.core.zones import Zone
from clinic.intake import service as intake
from clinic.safety import queries as safety_queries
from clinic.safety import service as safety
from clinic.safety.models import ScreeningRecord
from clinic.safety.values import Decision, FactKind, FactSource, Moment, RecordFact
from clinic.scheduling import checking, recheck, service
from clinic.scheduling.models import Appointment
from clinic.scheduling.steps import MovedOn
from clinic.scheduling.values import AppointmentStatus, Refused, StartVisit
from tests.scheduling.conftest import Desk, a_desk
from tests.scheduling.test_race import all_at_once, real
from tests.world import World

__all__ = ["real"]
TODAY = dt.date(2026, 11, 23)
HELD_S = 0.4
"""How long the first of two keeps its transaction open after the second has begun."""


class Race:
    """A visit that could start this minute, a physician who has looked, and a nurse who writes."""

    def __init__(self, sessions, desk: Desk, visit: Appointment, seen: str) -> None:
        self.sessions, self.visit_id, self.patient_id = sessions, visit.id, visit.patient_id
        self.physician, self.nurse = desk.actor(Role.PHYSICIAN), desk.actor(Role.NURSE)
        self.wish = StartVisit(
            appointment_id=visit.id, version=visit.version, seen_facts_hash=seen, acknowledged=True
        )

    def start(self, db):
        return service.start(db, self.physician, self.wish)

    def save(self, db, code="smoker"):
        """Save a fact as the page does; a small one: it alone would only be ticked."""
        return intake.record(
            db,
            self.nurse,
            [
                RecordFact(
                    patient_id=self.patient_id,
                    kind=FactKind.CONDITION,
                    code=code,
                    noted_on=TODAY,
                    source=FactSource.STAFF,
                )
            ],
        )

    def status(self) -> AppointmentStatus:
        with self.sessions.read() as db:
            return db.get_one(Appointment, self.visit_id).status

    def lines(self) -> list[str]:
        """What happened, in the order in which it was committed."""
        with self.sessions.read() as db:
            wanted = ("appointment.started", "appointment.refused", "fact.recorded")
            return list(
                db.scalars(
                    sa.select(AuditEvent.action)
                    .where(AuditEvent.action.in_(wanted), AuditEvent.id > self.before)
                    .order_by(AuditEvent.id)
                )
            )

    def mark(self) -> None:
        with self.sessions.read() as db:
            self.before = db.scalar(sa.select(sa.func.max(AuditEvent.id)))


@pytest.fixture
def race(real, config) -> Race:
    app = create_app(config, sessions=real, testing=True)
    with real.write() as db, db.begin():
        desk = a_desk(World(app, db), db)
        visit = desk.book(service_id=desk.prp.id, starts_local=dt.datetime(2026, 11, 23, 11, 0))
        desk.settle(on=TODAY)
        desk.arrive(visit)
        screening, released = checking.check(db, visit, TODAY)
        assert screening.decision is Decision.ALLOW, screening.findings
        assert not released
        db.flush()
        found = Race(real, desk, visit, screening.facts_hash)
    found.mark()
    return found


def first_and_second(sessions, first, second) -> list[object]:
    """Let `second` begin while `first` has written and not committed; return what each got."""
    wrote, results = threading.Event(), [None, None]

    def leads() -> None:
        with sessions.write() as db, db.begin():
            results[0] = first(db)
            db.flush()
            wrote.set()
            time.sleep(HELD_S)

    def follows() -> None:
        assert wrote.wait(60)
        try:
            with sessions.write() as db, db.begin():
                results[1] = second(db)
        except Exception as error:
            results[1] = error

    threads = [threading.Thread(target=leads), threading.Thread(target=follows)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_a_fact_that_is_being_saved_stops_the_start(race):
    _, start = first_and_second(race.sessions, race.save, race.start)

    assert isinstance(start, MovedOn), start
    assert race.status() is AppointmentStatus.ARRIVED
    assert race.lines() == ["fact.recorded"]


def test_a_fact_that_forbids_it_refuses_the_start_and_the_visit_says_so(race):
    _, start = first_and_second(
        race.sessions, lambda db: race.save(db, "bleeding_disorder"), race.start
    )

    assert isinstance(start, Refused), start
    assert race.status() is AppointmentStatus.ARRIVED
    with race.sessions.read() as db:
        assert db.get_one(Appointment, race.visit_id).decision is Decision.BLOCK


def test_a_fact_saved_a_second_before_stops_the_start(race):
    with race.sessions.write() as db, db.begin():
        race.save(db)

    with race.sessions.write() as db, pytest.raises(MovedOn), db.begin():
        race.start(db)


def test_a_start_that_came_first_stands_and_the_fact_is_kept_after_it(race):
    start, facts = first_and_second(race.sessions, race.start, race.save)

    assert not isinstance(start, Refused)
    assert len(facts) == 1
    assert race.status() is AppointmentStatus.IN_TREATMENT
    assert race.lines() == ["appointment.started", "fact.recorded"]


def test_of_a_start_and_fifteen_facts_at_once_nothing_comes_between(race):
    codes = ["smoker", "keloid", "bleeding_disorder"]

    def work(db, number):
        return race.start(db) if number == 7 else race.save(db, codes[number % 3])

    results = all_at_once(race.sessions, work)

    started = race.status() is AppointmentStatus.IN_TREATMENT
    lines = race.lines()
    assert lines.count("fact.recorded") == 15, results
    assert started == (lines[0] == "appointment.started")
    assert started == (not isinstance(results[7], MovedOn | Refused))


def a_clinic_with_news(real, config, count) -> tuple[list[int], list[int]]:
    """Visits of many patients that nobody has checked with what is known by now."""
    app = create_app(config, sessions=real, testing=True)
    with real.write() as db, db.begin():
        desk = a_desk(World(app, db), db)
        visits = []
        for number in range(count):
            patient = desk.bob(given_name=f"Bob{number}")
            at = dt.datetime(2026, 11, 24 + number % 3, 9 + number // 3, 0)
            visits.append(desk.book(patient_id=patient.id, service_id=desk.prp.id, starts_local=at))
            if number % 2:
                desk.knows(FactKind.CONDITION, "bleeding_disorder", patient=patient)
            desk.knows(FactKind.HAIR, "hair", patient=patient, zone=Zone.VERTEX)
        return [v.id for v in visits], [v.id for n, v in enumerate(visits) if n % 2]


def test_two_machines_keep_nothing_twice(real, config, monkeypatch):
    monkeypatch.setattr(recheck, "WRITTEN", 4)
    ids, blocked = a_clinic_with_news(real, config, 18)

    def write(some):
        with real.write() as db, db.begin():
            return recheck.recheck(db, None, some)

    found = all_at_once(real, lambda _db, _n: recheck.run(real.read, write, ids), is_own_unit=False)

    assert [each for each in found if isinstance(each, Exception)] == []
    assert sorted(id_ for each in found for id_ in each.worse) == blocked
    with real.read() as db:
        again = db.execute(
            sa.select(ScreeningRecord.appointment_id, sa.func.count())
            .where(ScreeningRecord.moment == Moment.RECHECK)
            .group_by(ScreeningRecord.appointment_id)
        ).all()
        assert {count for _visit, count in again} == {1}
        assert set(blocked) <= {visit for visit, _count in again}
        decisions = {v.id: v.decision for v in db.scalars(sa.select(Appointment))}
    assert {decisions[id_] for id_ in blocked} == {Decision.BLOCK}


def test_a_fact_saved_while_the_run_decides_is_not_overwritten(real, config):
    ids, blocked = a_clinic_with_news(real, config, 4)
    clear = next(id_ for id_ in ids if id_ not in blocked)
    with real.read() as db:
        patient_id = db.get_one(Appointment, clear).patient_id

    def write(some):
        # After the look, before the unit: somebody at the desk is faster.
        with real.write() as db, db.begin():
            row = RecordFact(
                patient_id=patient_id,
                kind=FactKind.CONDITION,
                code="bleeding_disorder",
                noted_on=TODAY,
            )
            safety.record_fact(db, None, row)
            service.rescreen(db, None, patient_id)
        with real.write() as db, db.begin():
            return recheck.recheck(db, None, some)

    recheck.run(real.read, write, ids)

    with real.read() as db:
        assert db.get_one(Appointment, clear).decision is Decision.BLOCK
        latest = safety_queries.latest_screening(db, clear)
        assert latest is not None
        assert latest.decision is Decision.BLOCK
