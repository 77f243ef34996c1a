"""The ledger of rules: fired, released, treated, and what followed."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.chart.queries import ledger as queries
from clinic.chart.rules import ledger as rules
from clinic.chart.rules.ledger import Count
from clinic.core.access import Role
from clinic.followup import service as followup
from clinic.followup.values import ReportSideEffect, SideEffectKind
from clinic.safety import queries as safety_queries
from clinic.safety import service as safety
from clinic.safety.models import ScreeningRecord
from clinic.safety.values import Decision, FactKind, Moment, ReleaseFinding
from clinic.scheduling import queries as scheduling_queries
from tests.counting import statements
from tests.treatments.conftest import TODAY, Chair, chair

__all__ = ["chair"]
URL = "/safety/ledger"
D, A = Role.PHYSICIAN, Role.ADMINISTRATOR
REASON = "One tablet only, discussed with the patient."


def of(db, world, code, role=D):
    found = queries.ledger(db, world.actor(role))
    return next((line for line in found.lines if line.code == code), None)


@pytest.fixture
def flagged(chair: Chair):
    """A signed session of today whose visit was checked after ibuprofen yesterday, and released."""
    session = chair.signed(chair.whole())
    db = chair.db
    chair.knows(FactKind.MEDICATION, "nsaid", label="Ibuprofen", ended_on=TODAY)
    for _ in range(2):
        check(chair)
    [finding] = [f for f in check(chair).findings if f.rule_code == "nsaid_recent"]
    safety.release(
        db,
        chair.actor(),
        ReleaseFinding(
            appointment_id=chair.visit.id, fingerprint=finding.fingerprint, reason=REASON
        ),
    )
    return session


def check(chair: Chair):
    history = safety_queries.history_of(chair.db, chair.alice.id)
    plan = scheduling_queries.plan_for(chair.db, chair.visit, history)
    return safety.screen_for(
        chair.db,
        chair.actor(),
        patient_id=chair.alice.id,
        plan=plan,
        on=TODAY,
        moment=Moment.START,
        appointment_id=chair.visit.id,
    ).screening


def test_the_last_check_of_a_visit_counts_once(world, db, flagged):
    line = of(db, world, "nsaid_recent")

    assert line.fired == 1
    assert [decision for decision, _ in line.by_decision] == [Decision.DEFER]
    assert (line.released, line.treated, line.harmed) == (1, 1, 0)
    assert [(reason.text, reason.times) for reason in line.reasons] == [(REASON, 1)]


def test_a_side_effect_of_grade_two_is_what_followed(world, db, chair, flagged):
    for grade in (1, 2):
        followup.report(
            db,
            chair.actor(),
            ReportSideEffect(
                session_id=flagged.id,
                kind=SideEffectKind.BRUISING,
                grade=grade,
                is_serious=False,
                zone=None,
                onset_on=TODAY,
                description="Seen",
                red_flags=(),
            ),
        )
        assert of(db, world, "nsaid_recent").harmed == grade - 1


def test_what_could_not_be_ruled_out_is_counted_apart(world, db, chair, flagged):
    latest = db.scalars(
        sa.select(ScreeningRecord)
        .where(ScreeningRecord.appointment_id == chair.visit.id)
        .order_by(ScreeningRecord.id.desc())
    ).first()
    asked = {f["rule_code"] for f in latest.findings if f["decision"] == "ask"}
    found = {f["rule_code"] for f in latest.findings if f["decision"] != "ask"}

    lines = {line.code: line for line in queries.ledger(db, world.actor(D)).lines}

    assert set(lines) == asked | found
    for code in asked - found:
        assert (lines[code].fired, lines[code].asked) == (0, 1)


def test_a_patient_who_was_not_let_through_is_in_it(world, db, chair):
    chair.knows(FactKind.MEDICATION, "nsaid", label="Ibuprofen", ended_on=TODAY)
    history = safety_queries.history_of(db, chair.alice.id)
    plan = scheduling_queries.plan_for(db, chair.prp, history, on=TODAY)
    for _ in range(2):  # pressed twice: one refusal of that day
        safety.screen_for(
            db,
            chair.actor(),
            patient_id=chair.alice.id,
            plan=plan,
            on=TODAY,
            moment=Moment.BOOKING,
        )

    line = of(db, world, "nsaid_recent")

    assert (line.fired, line.refused) == (0, 1)


def test_an_older_visit_is_left_out(world, db, flagged, clock):
    clock(dt.datetime(2027, 12, 1, 9, tzinfo=dt.UTC))

    found = queries.ledger(db, world.actor(D))

    assert (found.lines, found.visits) == ((), 0)
    assert "nsaid_recent" in {code for code, _ in found.silent}


def test_the_ledger_costs_five_statements(world, db, flagged, connection):
    safety_queries.editions.in_force(db)

    with statements(connection) as seen:
        queries.ledger(db, world.actor(D))

    assert len(seen) <= 5


@pytest.mark.parametrize(
    ("role", "status"), [(Role.RECEPTIONIST, 403), (Role.NURSE, 403), (D, 200), (A, 200)]
)
def test_the_ledger_is_for_physicians_and_administrators(world, role, status):
    assert world.as_role(role).get(URL).status_code == status


def test_reasons_are_for_physicians_and_numbers_for_both(world, flagged):
    physician = world.as_role(D).get(URL).get_data(as_text=True)
    administrator = world.as_role(A).get(URL).get_data(as_text=True)

    assert REASON in physician
    assert REASON not in administrator
    for page in (physician, administrator):
        assert "Painkiller (NSAID) lately" in page
        assert "Rules in force that met nobody" in page


def test_an_empty_ledger_says_so(world):
    page = world.as_role(A).get(URL).get_data(as_text=True)

    assert "No visit was checked in the last 12 months" in page


@pytest.mark.parametrize(
    ("fired", "released", "harmed", "is_noisy"),
    [(20, 18, 0, True), (19, 19, 0, False), (20, 17, 0, False), (20, 20, 1, False)],
)
def test_noisy_is_what_fires_often_is_always_released_and_harms_nobody(
    fired, released, harmed, is_noisy
):
    counts = [Count("x", Decision.REVIEW, fired, released, released, harmed)]

    [line] = rules.lines(counts, {}, {"x": "X"}, {})

    assert line.is_noisy is is_noisy


def test_lines_come_by_how_often_they_fire():
    counts = [
        Count("rare", Decision.BLOCK, 1, 0, 0, 0),
        Count("often", Decision.WARN, 5, 0, 5, 0),
        Count("often", Decision.DEFER, 2, 1, 1, 0),
        Count("asked", Decision.ASK, 9, 0, 0, 0),
    ]

    found = rules.lines(counts, {"refused": 3}, {}, {})

    assert [line.code for line in found] == ["often", "refused", "rare", "asked"]
    assert found[0].by_decision == ((Decision.DEFER, 2), (Decision.WARN, 5))
    assert (found[0].fired, found[3].asked) == (7, 9)
