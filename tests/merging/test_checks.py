"""What a merge does to the safety check of the visits to come."""

import datetime as dt

from clinic.core.access import Role
from clinic.intake import service as intake
from clinic.safety import queries as safety_queries
from clinic.safety import service as safety_service
from clinic.safety.values import FactKind, FactState, MarkFactError, RecordFact
from tests.counting import statements
from tests.merging.conftest import COMING


def test_a_visit_is_checked_with_the_facts_of_both(two, db):
    visit = two.visit(COMING, patient=two.kept)
    two.fact(FactKind.CONDITION, "keloid")

    pair = two.merge()
    db.refresh(visit)
    together = visit.decision
    kept = safety_queries.latest_screening(db, visit.id)
    assert kept is not None
    assert "keloid" in str(kept.findings)

    two.undo(pair)
    db.refresh(visit)
    assert visit.decision is not None
    assert visit.decision.rank < together.rank
    assert "keloid" not in str(safety_queries.latest_screening(db, visit.id).findings)


def test_a_no_on_one_record_does_not_silence_the_yes_of_the_other(two, db):
    two.fact(FactKind.ALLERGY, "lidocaine", noted_on=dt.date(2026, 1, 1))
    two.fact(
        FactKind.ALLERGY,
        "any_allergy",
        patient_id=two.kept.id,
        state=FactState.ABSENT,
        noted_on=dt.date(2026, 11, 1),
    )
    two.merge()

    history = safety_queries.history_of(db, two.kept.id)
    assert {fact.code for fact in history.facts if fact.kind is FactKind.ALLERGY} == {"lidocaine"}
    assert safety_queries.history_of(db, two.gone.id) == history


def test_what_is_recorded_since_settles_it(two, db, clock):
    two.fact(FactKind.ALLERGY, "lidocaine", noted_on=dt.date(2026, 1, 1))
    two.merge()
    clock(two.world.later(hours=1))

    safety_service.record_fact(
        db,
        two.actor(Role.PHYSICIAN),
        RecordFact(
            patient_id=two.kept.id,
            kind=FactKind.ALLERGY,
            code="lidocaine",
            state=FactState.ABSENT,
            noted_on=dt.date(2026, 11, 23),
        ),
    )
    said = [
        f.state for f in safety_queries.history_of(db, two.kept.id).facts if f.code == "lidocaine"
    ]
    assert said == [FactState.PRESENT, FactState.ABSENT]


def test_a_wrong_fact_of_the_other_record_is_marked_from_the_one_that_stays(two, db):
    row = two.fact(FactKind.CONDITION, "keloid")
    two.merge()

    wish = MarkFactError(fact_id=row.id, reason="Of somebody else")
    intake.mark_error(db, two.actor(Role.PHYSICIAN), wish, patient_id=two.kept.id)

    assert all(f.code != "keloid" for f in safety_queries.history_of(db, two.kept.id).facts)


def test_the_histories_of_many_cost_the_same_statements(two, db, connection):
    two.fact(FactKind.CONDITION, "keloid")

    def cost():
        with statements(connection) as seen:
            safety_queries.history_of(db, two.kept.id)
        return len(seen)

    alone = cost()
    two.merge()
    assert cost() == alone
