"""A hit of the search says when somebody comes next, and that something stands in the way."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.core.access import Role
from clinic.patients import finding
from clinic.patients import service as patient_service
from clinic.safety.values import Decision
from clinic.scheduling.values import AppointmentStatus, CancelReason
from tests import factories
from tests.counting import statements


def found(desk):
    patient_service.write_keys(desk.db, [desk.alice.id])
    (hit,) = finding.search(desk.db, desk.alice.family_name)
    return hit


def test_the_next_visit_is_the_first_that_is_still_to_come(desk):
    assert found(desk).next_at is None
    second = desk.book(starts_local=dt.datetime(2026, 11, 26, 10))
    first = desk.book(starts_local=dt.datetime(2026, 11, 25, 10))
    assert found(desk).next_at == first.starts_at

    first.status = AppointmentStatus.CANCELLED
    first.cancel_reason = CancelReason.CLINIC
    first.occupies = False
    desk.db.flush()
    assert found(desk).next_at == second.starts_at
    assert not found(desk).is_held


@pytest.mark.parametrize(
    ("decision", "is_held"),
    [
        (Decision.ALLOW, False),
        (Decision.ASK, False),
        (Decision.REVIEW, True),
        (Decision.BLOCK, True),
    ],
)
def test_the_desk_reads_that_a_visit_is_on_hold_and_not_why(desk, world, decision, is_held):
    visit = desk.book()
    visit.decision = decision
    desk.db.flush()
    patient_service.write_keys(desk.db, [desk.alice.id])

    page = world.as_role(Role.RECEPTIONIST).get(f"/patients?q={desk.alice.family_name}")
    text = page.get_data(as_text=True)
    assert "Nov 24, 2026" in text
    assert ("on hold" in text) is is_held


def test_it_costs_no_statement(desk, connection):
    desk.book()
    patient_service.write_keys(desk.db, [desk.alice.id])
    with statements(connection) as seen:
        finding.search(desk.db, desk.alice.family_name)
    shown, finding.SHOWN[:] = finding.SHOWN[:], []
    try:
        with statements(connection) as bare:
            finding.search(desk.db, desk.alice.family_name)
    finally:
        finding.SHOWN[:] = shown
    assert len(seen) == len(bare)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_no_hit_reads_all_patients_also_once_they_are_counted(desk, connection):
    people = [factories.a_patient(desk.db, location=desk.world.location) for _ in range(200)]
    patient_service.write_keys(desk.db, [one.id for one in people])
    connection.exec_driver_sql("ANALYZE")
    with statements(connection) as seen:
        finding.search(desk.db, "Example")

    plans = []
    for statement in seen:
        bare = sa.text("EXPLAIN QUERY PLAN " + statement.replace("?", "'x'"))
        plans += [row[3] for row in connection.execute(bare)]
    assert any("SEARCH" in plan for plan in plans)
    assert [plan for plan in plans if plan.startswith("SCAN patient")] == []
