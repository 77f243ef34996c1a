"""What a service injects: its rules speak at the booking, every night and at the start."""

import pytest

from clinic.core.access import Role
from clinic.safety import queries as safety_queries
from clinic.safety.values import Decision, FactKind, FactSource, Moment
from clinic.scheduling import recheck
from clinic.scheduling.rules import checks

A_TRIO = ["dexpanthenol", "lidocaine", "vitamins"]


@pytest.fixture
def allergic(desk):
    """Alice, about whom everything is known, and who does not bear lidocaine."""
    desk.settle()
    desk.knows(
        FactKind.ALLERGY, "amide_anaesthetic", label="Lidocaine", source=FactSource.PHYSICIAN
    )
    return desk.alice


def test_what_is_the_only_thing_injected_refuses_the_booking(desk, allergic):
    desk.mesotherapy.ingredients = ["lidocaine"]

    refused = desk.refused(Role.NURSE, service_id=desk.mesotherapy.id)

    assert {(f.rule_code, f.ingredient) for f in refused.passage.in_the_way} == {
        ("allergy_ingredient", "lidocaine"),
        ("lidocaine_amide", "lidocaine"),
    }
    assert refused.screening.plan.ingredients == {"lidocaine"}


def test_reception_is_told_neither_the_allergy_nor_the_ingredient(desk, allergic):
    desk.mesotherapy.ingredients = ["lidocaine"]

    refused = desk.refused(Role.RECEPTIONIST, service_id=desk.mesotherapy.id)

    assert refused.passage.in_the_way == ()
    assert refused.passage.offers_from is None


def test_one_of_several_is_left_out_and_the_visit_goes_on(desk, allergic):
    desk.mesotherapy.ingredients = A_TRIO

    visit = desk.book(Role.NURSE, service_id=desk.mesotherapy.id)

    kept = safety_queries.screening_of(safety_queries.latest_screening(desk.db, visit.id))
    assert kept.blocked_ingredients == {"lidocaine"}
    assert kept.plan.ingredients == set(A_TRIO)


def test_without_a_plan_the_rules_of_ingredients_wait_for_a_lot(desk, allergic):
    visit = desk.book(Role.NURSE, service_id=desk.mesotherapy.id)

    kept = safety_queries.screening_of(safety_queries.latest_screening(desk.db, visit.id))
    assert kept.plan.ingredients == frozenset()
    assert visit.decision is not Decision.BLOCK


def test_the_night_after_the_plan_changed_finds_what_is_booked(desk, allergic):
    visit = desk.book(Role.NURSE, service_id=desk.mesotherapy.id)
    desk.mesotherapy.ingredients = ["lidocaine"]
    desk.db.flush()

    changed = recheck.recheck(desk.db, None, recheck.coming(desk.db))
    again = recheck.recheck(desk.db, None, recheck.coming(desk.db))

    assert [(each.visit.id, each.known.decision) for each in changed] == [
        (visit.id, Decision.BLOCK)
    ]
    assert changed[0].is_worse
    assert again == []
    latest = safety_queries.latest_screening(desk.db, visit.id)
    assert latest.moment is Moment.RECHECK
    assert checks.is_worse(Decision.ASK, visit.decision)


def test_an_allergy_that_comes_later_turns_the_visit_at_once(desk, db):
    desk.settle()
    desk.mesotherapy.ingredients = ["lidocaine"]
    visit = desk.book(Role.NURSE, service_id=desk.mesotherapy.id)
    desk.knows(
        FactKind.ALLERGY, "amide_anaesthetic", label="Lidocaine", source=FactSource.PHYSICIAN
    )

    recheck.again(db, desk.actor(Role.NURSE), recheck.of_patient(db, desk.alice.id))

    assert visit.decision is Decision.BLOCK
