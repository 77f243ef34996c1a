"""Checking booked visits again: by the batch, every night, only what changed is written."""

import datetime as dt
import json

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.safety import queries as safety_queries
from clinic.safety import service as safety_service
from clinic.safety.models import ScreeningRecord
from clinic.safety.rules import versions
from clinic.safety.values import Decision, FactKind, Moment, ReleaseFinding
from clinic.scheduling import recheck, service
from clinic.scheduling.models import Appointment
from clinic.scheduling.values import CancelAppointment, CancelReason
from clinic.web.database import look, transaction
from tests import factories
from tests.counting import statements as counted


@pytest.fixture
def run(world, db):
    """A run over the visits of the next days, as the command does it."""

    def once(days=14):
        with world.app.app_context():

            def write(ids):
                with transaction() as unit:
                    return recheck.recheck(unit, None, ids)

            found = recheck.run(look, write, recheck.coming(db, days=days))
        db.expire_all()
        return found

    return once


def booked(desk, count, **changes):
    """Visits of as many people, one a working day from tomorrow on, two weeks at most."""
    days = [d for d in range(24, 31) if d != 29]
    made = []
    for number in range(count):
        at = dt.datetime(2026, 11, days[number % 6], 9 + number // 6, 0)
        made.append(
            desk.book(
                patient_id=desk.bob(given_name=f"Bob{number}").id,
                service_id=desk.prp.id,
                starts_local=at,
                **changes,
            )
        )
    return made


def kept(db, visit):
    return db.scalars(
        sa.select(ScreeningRecord)
        .where(ScreeningRecord.appointment_id == visit.id)
        .order_by(ScreeningRecord.id)
    ).all()


def unseen(desk, visit, code="bleeding_disorder"):
    """A fact that came past the clinic's own pages: nobody checked the visits with it."""
    desk.knows(
        FactKind.CONDITION, code, patient=desk.db.get_one(type(desk.alice), visit.patient_id)
    )


def test_a_night_on_which_nothing_changed_writes_nothing(desk, run, connection):
    booked(desk, 3)
    before = desk.db.scalar(sa.select(sa.func.count()).select_from(ScreeningRecord))

    with counted(connection) as seen:
        found = run()

    assert found.counts == {"checked": 3, "changed": 0, "worse": 0}
    assert desk.db.scalar(sa.select(sa.func.count()).select_from(ScreeningRecord)) == before
    assert [s for s in seen if not s.startswith("SELECT")] == []


def test_what_changed_is_written_once_and_the_rest_is_left(desk, run):
    turned, other = booked(desk, 2)
    version = turned.version
    unseen(desk, turned)

    first, second = run(), run()

    assert first.counts == {"checked": 2, "changed": 1, "worse": 1}
    assert first.worse == [turned.id]
    assert second.counts == {"checked": 2, "changed": 0, "worse": 0}
    assert (turned.decision, turned.version) == (Decision.BLOCK, version)
    assert [r.moment for r in kept(desk.db, turned)] == [Moment.BOOKING, Moment.RECHECK]
    assert [r.moment for r in kept(desk.db, other)] == [Moment.BOOKING]


def test_each_unit_leaves_one_line_that_names_visits_and_no_finding(desk, run):
    turned, _other = booked(desk, 2)
    unseen(desk, turned)
    run()
    run()

    line = desk.db.scalars(
        sa.select(AuditEvent).where(AuditEvent.action == "appointment.rechecked")
    ).one()
    assert line.detail == {"visits": [turned.id], "worse": [turned.id]}
    assert line.actor_name == "recheck"


def test_a_run_that_was_broken_off_is_simply_begun_again(desk, run, monkeypatch):
    visits = booked(desk, 4)
    for visit in visits:
        unseen(desk, visit)
    monkeypatch.setattr(recheck, "WRITTEN", 1)
    real, calls = recheck.again, []

    def breaks(db, actor, some):
        calls.append(some)
        if len(calls) == 3:
            raise RuntimeError("the power went")
        return real(db, actor, some)

    monkeypatch.setattr(recheck, "again", breaks)
    with pytest.raises(RuntimeError):
        run()

    assert run().counts == {"checked": 4, "changed": 2, "worse": 2}
    assert [len(kept(desk.db, visit)) for visit in visits] == [2, 2, 2, 2]


def test_many_visits_cost_the_same_statements_as_few(desk, connection):
    def look_at(visits):
        with counted(connection) as seen:
            db = desk.db
            found = recheck.news(
                db,
                list(
                    recheck.decide(recheck.gather(db, recheck.of_ids(db, [v.id for v in visits])))
                ),
            )
        assert found == []
        return len(seen)

    visits = booked(desk, 12)

    assert look_at(visits[:2]) == look_at(visits) == 7


def test_many_changes_cost_the_same_statements_as_few(desk, connection):
    visits = booked(desk, 12)
    for visit in visits:
        unseen(desk, visit)
    desk.db.flush()

    def write(some):
        with counted(connection) as seen:
            assert len(recheck.recheck(desk.db, None, [v.id for v in some])) == len(some)
        return len(seen)

    assert write(visits[:2]) == write(visits[2:])


def test_only_open_visits_of_the_days_asked_for_are_looked_at(desk, run):
    soon, later, gone = booked(desk, 3)
    desk.book(starts_local=dt.datetime(2026, 11, 24, 16, 0))  # a consultation
    service.cancel(
        desk.db,
        desk.actor(),
        CancelAppointment(appointment_id=gone.id, version=gone.version, reason=CancelReason.CLINIC),
    )

    assert recheck.coming(desk.db, days=2) == [soon.id, later.id]
    assert recheck.coming(desk.db, days=1) == [soon.id]
    assert recheck.coming(desk.db, location_id=factories.a_location(desk.db).id) == []
    assert run().checked == 2


def test_a_visit_of_yesterday_that_nobody_closed_is_still_looked_at(desk, run, clock):
    visit = booked(desk, 1)[0]
    clock(dt.datetime(2026, 11, 25, 7, 0, tzinfo=dt.UTC))

    assert recheck.coming(desk.db) == [visit.id]


def test_what_a_physician_released_stays_released_until_the_facts_change(desk, run):
    desk.settle()
    desk.knows(FactKind.CONDITION, "keloid")
    visit = desk.book(
        Role.PHYSICIAN, service_id=desk.prp.id, release_reason="Small scar on the knee, long ago"
    )
    finding = next(
        f
        for f in safety_queries.check_again(
            desk.db, safety_queries.latest_screening(desk.db, visit.id)
        ).findings
        if f.decision is Decision.REVIEW
    )
    safety_service.release(
        desk.db,
        desk.actor(Role.PHYSICIAN),
        ReleaseFinding(
            appointment_id=visit.id,
            fingerprint=finding.fingerprint,
            reason="Small scar on the knee, long ago",
        ),
    )

    assert run().counts == {"checked": 1, "changed": 1, "worse": 0}
    assert (visit.decision, visit.is_released) == (Decision.ALLOW, True)
    assert len(kept(desk.db, visit)) == 1
    desk.knows(FactKind.CONDITION, "keloid", label="Keloid on the scalp")
    assert run().worse == [visit.id]
    assert (visit.decision, visit.is_released) == (Decision.REVIEW, False)


def test_without_rules_in_force_a_visit_is_worse_off_and_not_checked(desk):
    visit = booked(desk, 1)[0]
    gathered = recheck.gather(desk.db, recheck.of_ids(desk.db, [visit.id]))
    nothing = versions.with_rules(gathered.catalogue, (), "")

    (now,) = recheck.decide(gathered, nothing)

    assert now.known.decision is None
    assert not now.screening.is_checked
    assert not now.is_worse  # Questions were missing before: as unknown as not checked.


def test_a_row_loaded_before_does_not_go_on_saying_what_was(desk):
    visit = booked(desk, 1)[0]
    unseen(desk, visit)
    recheck.recheck(desk.db, None, [visit.id])

    assert not sa.inspect(visit).expired
    assert visit.decision is Decision.BLOCK
    desk.db.flush()
    desk.db.refresh(visit)
    assert visit.decision is Decision.BLOCK


@pytest.fixture
def command(app, desk):
    runner = app.test_cli_runner()
    return lambda *arguments: runner.invoke(args=["safety", "recheck", *arguments])


def test_the_command_says_what_it_did_and_leaves_a_line_of_the_run(command, desk):
    turned, _other = booked(desk, 2)
    unseen(desk, turned)

    said = command()

    assert said.exit_code == 0, said.output
    assert "Checked 2 visits of the next 14 days: 1 changed, 1 of them became worse." in said.stdout
    assert f"Became worse: visits {turned.id}." in said.stdout
    line = desk.db.scalars(sa.select(AuditEvent).where(AuditEvent.action == "recheck.ran")).one()
    assert line.detail["holidays"] > 0
    assert line.detail == {
        "days": 14, "checked": 2, "changed": 1, "worse": 1, "holidays": line.detail["holidays"],
    }  # fmt: skip


def test_the_command_speaks_json_and_nothing_else(command, desk):
    turned = booked(desk, 1)[0]
    unseen(desk, turned)

    said = command("--json", "--days", "3")

    told = json.loads(said.stdout)
    assert told.pop("holidays") > 0
    assert told == {
        "days": 3, "checked": 1, "changed": 1, "worse": 1, "worse_ids": [turned.id],
    }  # fmt: skip


@pytest.mark.parametrize("days", ["0", "-1", "fortnight", "801"])
def test_a_number_of_days_that_cannot_be_is_refused(command, days):
    assert command("--days", days).exit_code == 2


def test_a_clinic_without_visits_is_checked_in_no_time(command, desk):
    assert desk.db.scalars(sa.select(Appointment)).all() == []
    assert "Checked 0 visits" in command().stdout
