"""What is written down checks the patient's visits again, in the same transaction."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.consents.values import ConsentKind, RecordConsent, Scope, WithdrawConsent
from clinic.core.access import Role
from clinic.core.errors import Conflict, Invalid, NotFound
from clinic.intake import service
from clinic.intake.values import AnswerQuestions, GroupReply
from clinic.safety import queries as safety_queries
from clinic.safety.models import PatientFact
from clinic.safety.rules.answers import Answer, Reply
from clinic.safety.service import FindingGone
from clinic.safety.values import (
    Decision,
    FactKind,
    FactSource,
    MarkFactError,
    RecordFact,
    ReleaseFinding,
)
from clinic.scheduling.values import AppointmentStatus
from tests import factories

TODAY = dt.date(2026, 11, 23)
REASON = "Prescriber was called; the benefit outweighs the bruise."


def rules_of(db, visit):
    record = safety_queries.latest_screening(db, visit.id)
    return {f["rule_code"] for f in record.findings if f["truth"] == "present"}


def a_wish(patient, kind, code, **more):
    return RecordFact(patient_id=patient.id, kind=kind, code=code, noted_on=TODAY, **more)


def test_a_fact_checks_the_visits_to_come(world, db, patient, visit):
    service.record(
        db,
        world.actor(Role.NURSE),
        [a_wish(patient, FactKind.MEDICATION, "nsaid", ended_on=TODAY)],
    )

    assert "nsaid_recent" in rules_of(db, visit)
    assert visit.decision is Decision.DEFER


def test_a_fact_in_error_checks_the_visits_to_come(world, db, patient, visit, known):
    row = known(FactKind.MEDICATION, "nsaid", ended_on=TODAY)
    assert visit.decision is Decision.DEFER

    service.mark_error(
        db,
        world.actor(Role.NURSE),
        MarkFactError(fact_id=row.id, reason="another patient"),
        patient_id=patient.id,
    )

    assert "nsaid_recent" not in rules_of(db, visit)
    assert visit.decision is not Decision.DEFER


def test_the_fact_of_somebody_else_is_not_found(world, db, patient, known):
    row = known(FactKind.CONDITION, "keloid")
    other = factories.a_patient(db, location=world.location)

    with pytest.raises(NotFound):
        service.mark_error(
            db,
            world.actor(Role.NURSE),
            MarkFactError(fact_id=row.id, reason="x"),
            patient_id=other.id,
        )


def test_what_a_session_wrote_is_corrected_in_the_session(world, db, patient, known):
    row = known(FactKind.TREATMENT, "prp", source=FactSource.SYSTEM)

    with pytest.raises(Conflict):
        service.mark_error(
            db,
            world.actor(Role.PHYSICIAN),
            MarkFactError(fact_id=row.id, reason="not wanted"),
            patient_id=patient.id,
        )


@pytest.mark.parametrize("field", ["noted_on", "began_on", "ended_on"])
def test_nothing_happened_before_the_birth(world, db, patient, field):
    wish = {"noted_on": TODAY, field: dt.date(1985, 4, 11)}

    with pytest.raises(Invalid) as refused:
        service.record(
            db,
            world.actor(Role.NURSE),
            [RecordFact(patient_id=patient.id, kind=FactKind.CONDITION, code="keloid", **wish)],
        )
    assert refused.value.field == field


def test_no_known_allergy_is_refused_while_there_is_one(world, db, patient, known):
    known(FactKind.ALLERGY, "latex", label="Latex gloves")

    with pytest.raises(Invalid) as refused:
        service.record(
            db,
            world.actor(Role.NURSE),
            [a_wish(patient, FactKind.ALLERGY, "no_known_allergy")],
        )
    assert "Latex gloves" in str(refused.value)


def answers(visit, **more):
    said = GroupReply(
        group="bleeding",
        answers={
            "bleeding_diagnosis": Answer(reply=Reply.NO),
            "bleeding_easily": Answer(reply=Reply.UNSURE),
        },
    )
    return AnswerQuestions(appointment_id=visit.id, groups=(said,), **more)


def test_answers_become_facts_of_today(world, db, patient, visit):
    rows = service.answer(db, world.actor(Role.NURSE), answers(visit))

    assert {(row.code, row.state.value) for row in rows} == {
        ("bleeding_disorder", "absent"),
        ("platelet_dysfunction", "absent"),
        ("bleeding_tendency", "unsure"),
    }
    assert {row.noted_on for row in rows} == {TODAY}
    assert {row.source for row in rows} == {FactSource.STAFF}


def test_the_same_answers_sent_twice_are_written_once(world, db, patient, visit):
    wish = answers(visit, form_key="k" * 24)

    service.answer(db, world.actor(Role.NURSE), wish)
    service.answer(db, world.actor(Role.NURSE), wish)

    assert db.scalar(sa.select(sa.func.count()).select_from(PatientFact)) == 3


@pytest.mark.parametrize(
    "status", [AppointmentStatus.DONE, AppointmentStatus.NO_SHOW, AppointmentStatus.IN_TREATMENT]
)
def test_a_visit_that_is_over_is_not_asked_about(world, db, visit, status):
    visit.status = status
    db.flush()

    with pytest.raises(service.VisitOver):
        service.answer(db, world.actor(Role.NURSE), answers(visit))


def test_a_release_is_on_the_visit_at_once(world, db, patient, visit, known):
    known(FactKind.MEDICATION, "anticoagulant", label="Enoxaparin 40 mg")
    finding = next(
        f
        for f in safety_queries.latest_screening(db, visit.id).findings
        if f["rule_code"] == "anticoagulant"
    )
    assert visit.decision is Decision.REVIEW

    service.release(
        db,
        world.actor(Role.PHYSICIAN),
        ReleaseFinding(appointment_id=visit.id, fingerprint=finding["fingerprint"], reason=REASON),
    )

    assert visit.is_released
    assert visit.decision is Decision.ASK


def test_a_fact_written_a_moment_before_ends_the_release_that_was_meant(
    world, db, patient, visit, known
):
    known(FactKind.MEDICATION, "anticoagulant", label="Enoxaparin 40 mg")
    seen = safety_queries.latest_screening(db, visit.id).findings
    mark = next(f["fingerprint"] for f in seen if f["rule_code"] == "anticoagulant")
    known(FactKind.MEDICATION, "warfarin", label="Warfarin 5 mg")

    with pytest.raises(FindingGone):
        service.release(
            db,
            world.actor(Role.PHYSICIAN),
            ReleaseFinding(appointment_id=visit.id, fingerprint=mark, reason=REASON),
        )


def test_a_new_fact_ends_a_release_that_was_given(world, db, patient, visit, known):
    known(FactKind.MEDICATION, "anticoagulant", label="Enoxaparin 40 mg")
    finding = next(
        f
        for f in safety_queries.latest_screening(db, visit.id).findings
        if f["rule_code"] == "anticoagulant"
    )
    service.release(
        db,
        world.actor(Role.PHYSICIAN),
        ReleaseFinding(appointment_id=visit.id, fingerprint=finding["fingerprint"], reason=REASON),
    )

    known(FactKind.MEDICATION, "warfarin", label="Warfarin 5 mg")

    assert visit.decision is Decision.REVIEW
    assert not visit.is_released


def a_paper(patient, **changes):
    fields = {
        "patient_id": patient.id,
        "kind": ConsentKind.PRP,
        "text_version": "1.0",
        "given_on": TODAY,
        "language": "en",
        "signer": "Alice Example",
        **changes,
    }
    return RecordConsent(**fields)


def missing_consent(db, visit):
    record = safety_queries.latest_screening(db, visit.id)
    return [f["truth"] for f in record.findings if f["rule_code"] == "consent_missing"]


def test_a_paper_and_its_withdrawal_check_the_visits_to_come(world, db, patient, visit):
    desk = world.actor(Role.RECEPTIONIST)
    assert missing_consent(db, visit) == ["unknown"]

    consent = service.record_consent(db, desk, a_paper(patient))
    assert missing_consent(db, visit) == []

    service.withdraw_consent(
        db,
        desk,
        WithdrawConsent(
            scopes=frozenset({Scope.TREATMENT}),
            consent_id=consent.id,
            withdrawn_on=TODAY,
            reason="changed her mind",
        ),
        patient_id=patient.id,
    )
    assert missing_consent(db, visit) == ["present"]
    assert visit.decision is Decision.BLOCK


def test_the_paper_of_somebody_else_is_not_found(world, db, patient):
    consent = service.record_consent(db, world.actor(Role.NURSE), a_paper(patient))
    other = factories.a_patient(db, location=world.location)

    with pytest.raises(NotFound):
        service.withdraw_consent(
            db,
            world.actor(Role.NURSE),
            WithdrawConsent(
                scopes=frozenset({Scope.TREATMENT}),
                consent_id=consent.id,
                withdrawn_on=TODAY,
                reason="x",
            ),
            patient_id=other.id,
        )


def test_nobody_signs_before_being_born(world, db, patient):
    patient.birth_date = dt.date(2026, 11, 22)
    db.flush()

    with pytest.raises(Invalid) as refused:
        service.record_consent(
            db, world.actor(Role.NURSE), a_paper(patient, given_on=dt.date(2026, 11, 21))
        )
    assert refused.value.field == "given_on"
