"""Calls, side effects and their closing, and what later checks read of them."""

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.catalog.values import Modality
from clinic.core.access import Role
from clinic.core.errors import Conflict, Forbidden, Invalid, NotFound, StaleEdit
from clinic.core.zones import Zone
from clinic.followup import service
from clinic.followup.models import Contact, SideEffect
from clinic.followup.queries import effects, work
from clinic.followup.values import (
    CallResult,
    CloseSideEffect,
    LogCall,
    Outcome,
    ReportSideEffect,
    ReviewSideEffect,
    SideEffectKind,
)
from clinic.intake import service as intake
from clinic.safety import queries as safety_queries
from clinic.safety.models import PatientFact
from clinic.safety.rules.screening import screen
from clinic.safety.values import FactKind, FactState, MarkFactError, PlannedTreatment
from tests import factories

YESTERDAY, TODAY = dt.date(2026, 11, 22), dt.date(2026, 11, 23)


def a_bruise(session, **changes):
    wish = ReportSideEffect(
        session_id=session.id,
        kind=SideEffectKind.BRUISING,
        grade=2,
        is_serious=False,
        zone=None,
        onset_on=YESTERDAY,
        description="Larger than a hand.",
        red_flags=(),
        form_key="k" * 20,
    )
    return replace(wish, **changes)


def a_call(session, **changes):
    wish = LogCall(
        session_id=session.id,
        day=1,
        result=CallResult.REACHED,
        pain=2,
        note="Feels well.",
        red_flags=(),
        form_key="c" * 20,
    )
    return replace(wish, **changes)


def findings_of(db, patient_id):
    history = safety_queries.history_of(db, patient_id)
    return {(fact.kind, fact.code, fact.state) for fact in history.facts}


def test_a_signed_session_of_yesterday_is_due_until_somebody_was_reached(
    world, db, alice, a_signed_session
):
    session = a_signed_session(alice)
    nurse = world.actor(Role.NURSE)

    def due():
        tasks = work.due(db, location_id=world.location.id, zone=world.location.zone)
        return [(task.patient_id, task.call.day, task.call.tries) for task in tasks]

    assert due() == [(alice.id, 1, 0)]
    service.log_call(db, nurse, a_call(session, result=CallResult.NO_ANSWER, form_key="x" * 20))
    assert due() == [(alice.id, 1, 1)]
    service.log_call(db, nurse, a_call(session))
    assert due() == []


def test_a_double_click_keeps_one_call_and_one_side_effect(world, db, alice, a_signed_session):
    session = a_signed_session(alice)
    nurse = world.actor(Role.NURSE)

    calls = [service.log_call(db, nurse, a_call(session)) for _ in range(2)]
    reports = [service.report(db, nurse, a_bruise(session)) for _ in range(2)]

    assert len(set(calls)) == 1
    assert len(set(reports)) == 1
    assert db.scalar(sa.select(sa.func.count()).select_from(Contact)) == 1
    assert db.scalar(sa.select(sa.func.count()).select_from(SideEffect)) == 1


def test_a_grade_two_bruise_leaves_facts_for_the_next_check(world, db, alice, a_signed_session):
    service.report(db, world.actor(Role.NURSE), a_bruise(a_signed_session(alice)))

    known = findings_of(db, alice.id)
    assert (FactKind.SIDE_EFFECT, "bruising", FactState.PRESENT) in known
    assert (FactKind.CONDITION, "bleeding_tendency", FactState.PRESENT) in known


def test_a_red_flag_counts_as_the_worse_grade(world, db, alice, a_signed_session):
    wish = a_bruise(a_signed_session(alice), grade=1, red_flags=("pus",))

    service.report(db, world.actor(Role.NURSE), wish)

    fact = db.scalar(sa.select(PatientFact).where(PatientFact.kind == FactKind.SIDE_EFFECT))
    assert fact.value_milli is None


def test_only_a_physician_closes_and_the_kind_is_then_absent(world, db, alice, a_signed_session):
    effect_id = service.report(db, world.actor(Role.NURSE), a_bruise(a_signed_session(alice)))
    effect = effects.get(db, effect_id)
    closing = CloseSideEffect(
        side_effect_id=effect_id,
        version=effect.version,
        outcome=Outcome.RESOLVED,
        resolved_on=YESTERDAY,
        note="Gone.",
    )

    with pytest.raises(Forbidden):
        service.close(db, world.actor(Role.NURSE), closing)
    with pytest.raises(StaleEdit):
        service.close(db, world.actor(Role.PHYSICIAN), replace(closing, version=99))
    with pytest.raises(Invalid):
        service.close(db, world.actor(Role.PHYSICIAN), replace(closing, resolved_on=None))
    service.close(db, world.actor(Role.PHYSICIAN), closing)

    assert (FactKind.SIDE_EFFECT, "bruising", FactState.ABSENT) in findings_of(db, alice.id)
    with pytest.raises(Conflict):
        service.close(db, world.actor(Role.PHYSICIAN), replace(closing, version=effect.version))


def test_closing_one_bruise_leaves_another_open_one_standing(world, db, alice, a_signed_session):
    nurse, physician = world.actor(Role.NURSE), world.actor(Role.PHYSICIAN)
    older = service.report(db, nurse, a_bruise(a_signed_session(alice, days_ago=29)))
    newer = service.report(db, nurse, a_bruise(a_signed_session(alice), form_key="n" * 20))
    effect = effects.get(db, older)

    service.close(
        db,
        physician,
        CloseSideEffect(
            side_effect_id=older,
            version=effect.version,
            outcome=Outcome.RESOLVED,
            resolved_on=YESTERDAY,
            note="Gone.",
        ),
    )

    said = [
        fact.state
        for fact in sorted(safety_queries.history_of(db, alice.id).facts, key=lambda f: f.id or 0)
        if fact.kind is FactKind.SIDE_EFFECT
    ]
    assert said[-1] is FactState.PRESENT
    assert effects.get(db, newer).closed_at is None


def test_a_physician_regrades_and_the_fact_follows(world, db, alice, a_signed_session):
    effect_id = service.report(
        db, world.actor(Role.NURSE), a_bruise(a_signed_session(alice), grade=1)
    )
    effect = effects.get(db, effect_id)

    service.review(
        db,
        world.actor(Role.PHYSICIAN),
        ReviewSideEffect(
            side_effect_id=effect_id,
            version=effect.version,
            grade=2,
            outcome=Outcome.RESOLVING,
            note="Over the whole scalp.",
        ),
    )

    grades = db.scalars(
        sa.select(PatientFact.value_milli)
        .where(PatientFact.kind == FactKind.SIDE_EFFECT)
        .order_by(PatientFact.id)
    ).all()
    assert grades == [1000, 2000]
    assert effect.reviewed_at is not None


def test_the_audit_trail_names_what_changed_and_no_grade(world, db, alice, a_signed_session):
    wish = a_bruise(a_signed_session(alice), grade=1)
    effect_id = service.report(db, world.actor(Role.NURSE), wish)
    review = ReviewSideEffect(
        side_effect_id=effect_id, version=1, grade=2, outcome=Outcome.OPEN, note=""
    )

    service.review(db, world.actor(Role.PHYSICIAN), review)

    rows = db.scalars(
        sa.select(AuditEvent).where(AuditEvent.entity == "side_effect").order_by(AuditEvent.id)
    ).all()
    assert [row.detail for row in rows] == [{"session": wish.session_id}, {"fields": ["grade"]}]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"grade": 3}, "grade", id="bruising has no grade 3"),
        pytest.param({"onset_on": dt.date(2026, 11, 24)}, "onset_on", id="tomorrow"),
        pytest.param({"onset_on": dt.date(2026, 11, 1)}, "onset_on", id="before the session"),
    ],
)
def test_an_impossible_report_is_refused_at_its_field(
    world, db, alice, a_signed_session, changes, field
):
    with pytest.raises(Invalid) as refused:
        service.report(db, world.actor(Role.NURSE), a_bruise(a_signed_session(alice), **changes))

    assert refused.value.field == field


def test_a_session_of_another_clinic_is_not_found(world, db, alice, a_signed_session):
    session = a_signed_session(alice)
    elsewhere = replace(
        world.actor(Role.NURSE), location_id=factories.a_location(db, name="Elsewhere").id
    )

    with pytest.raises(NotFound):
        service.log_call(db, elsewhere, a_call(session))
    with pytest.raises(NotFound):
        service.report(db, elsewhere, a_bruise(session))


def test_a_red_flag_on_a_call_is_a_task_until_it_is_reported(world, db, alice, a_signed_session):
    session = a_signed_session(alice)
    nurse = world.actor(Role.NURSE)

    service.log_call(db, nurse, a_call(session, red_flags=("fever_pain", "invented")))

    (heard,) = work.flags_without_report(db, location_id=world.location.id)
    assert heard.red_flags == ("fever_pain",)
    service.report(db, nurse, a_bruise(session, grade=1))
    assert work.flags_without_report(db, location_id=world.location.id) == []


def test_a_red_flag_that_a_physician_has_seen_still_counts_until_it_is_closed(
    world, db, alice, a_signed_session
):
    nurse, physician = world.actor(Role.NURSE), world.actor(Role.PHYSICIAN)
    flagged = a_bruise(a_signed_session(alice), grade=1, red_flags=("pus",))
    effect = effects.get(db, service.report(db, nurse, flagged))
    other = effects.get(
        db,
        service.report(db, nurse, a_bruise(a_signed_session(alice, days_ago=9), form_key="o" * 20)),
    )
    seen = ReviewSideEffect(
        side_effect_id=effect.id,
        version=effect.version,
        grade=1,
        outcome=Outcome.RESOLVING,
        note="Looked at.",
    )
    service.review(db, physician, seen)

    service.close(
        db,
        physician,
        CloseSideEffect(
            side_effect_id=other.id,
            version=other.version,
            outcome=Outcome.RESOLVED,
            resolved_on=YESTERDAY,
            note="Gone.",
        ),
    )

    newest = db.scalar(
        sa.select(PatientFact)
        .where(PatientFact.kind == FactKind.SIDE_EFFECT)
        .order_by(PatientFact.id.desc())
        .limit(1)
    )
    assert (newest.state, newest.value_milli) == (FactState.PRESENT, None)


def test_anaphylaxis_is_remembered_as_an_allergy(world, db, alice, a_signed_session):
    wish = a_bruise(a_signed_session(alice), kind=SideEffectKind.ANAPHYLAXIS, grade=3)

    service.report(db, world.actor(Role.NURSE), wish)

    assert (FactKind.ALLERGY, "other_allergy", FactState.PRESENT) in findings_of(db, alice.id)


def test_a_necrosis_that_is_closed_still_bars_its_zone(world, db, alice, a_signed_session):
    wish = a_bruise(
        a_signed_session(alice), kind=SideEffectKind.NECROSIS, grade=3, zone=Zone.VERTEX
    )
    effect_id = service.report(db, world.actor(Role.NURSE), wish)
    service.close(
        db,
        world.actor(Role.PHYSICIAN),
        CloseSideEffect(
            side_effect_id=effect_id,
            version=1,
            outcome=Outcome.RESOLVED_SEQUELAE,
            resolved_on=YESTERDAY,
            note="Healed with a scar.",
        ),
    )

    plan = PlannedTreatment(modality=Modality.PRP, zones=frozenset({Zone.VERTEX, Zone.MIDSCALP}))
    history = safety_queries.history_of(db, alice.id)
    screening = screen(history, plan, TODAY, safety_queries.rules().rules)

    assert Zone.VERTEX in screening.blocked_zones
    assert Zone.MIDSCALP not in screening.blocked_zones


def test_what_a_side_effect_wrote_is_not_taken_back_among_the_facts(
    world, db, alice, a_signed_session
):
    service.report(db, world.actor(Role.NURSE), a_bruise(a_signed_session(alice)))

    for fact in db.scalars(sa.select(PatientFact)):
        with pytest.raises(Conflict):
            intake.mark_error(
                db,
                world.actor(Role.NURSE),
                MarkFactError(fact_id=fact.id, reason="Not needed any more"),
                patient_id=alice.id,
            )
