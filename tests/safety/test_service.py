"""Facts, kept checks and releases."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.core.access import CONFIRMED_FOR, PasswordNeeded, Role
from clinic.core.engine import constraint_of
from clinic.core.errors import Forbidden, Invalid, NotFound
from clinic.safety import queries, service
from clinic.safety.models import PatientFact, Release, ScreeningRecord
from clinic.safety.values import (
    Decision,
    FactKind,
    MarkFactError,
    Moment,
    RecordFact,
    ReleaseFinding,
)
from tests import factories
from tests.conftest import NOW
from tests.safety.conftest import PRP, TODAY, TOMORROW, a_fact

REASON = "Prescriber was called; the benefit outweighs the bruise."


def actions(db):
    return list(db.scalars(sa.select(AuditEvent.action).order_by(AuditEvent.id)))


@pytest.fixture
def visit(world, db, patient):
    """A visit whose blood thinner waits for a physician."""
    from tests.intake.conftest import a_visit

    return a_visit(world, db, patient)


def checked(db, world, patient, visit):
    return service.screen_for(
        db,
        world.actor(Role.NURSE),
        patient_id=patient.id,
        plan=PRP,
        on=TOMORROW,
        moment=Moment.RECHECK,
        appointment_id=visit.id,
    )


def test_a_fact_is_recorded_with_who_and_one_audit_line(world, db, patient):
    before = len(actions(db))

    row = service.record_fact(
        db, world.actor(Role.NURSE), a_fact(patient, FactKind.CONDITION, "keloid")
    )

    assert row.recorded_by_id == world.accounts[Role.NURSE].id
    assert actions(db)[before:] == ["fact.recorded"]


def test_facts_recorded_together_share_one_audit_line_without_clinical_words(world, db, patient):
    before = len(actions(db))

    rows = service.record_facts(
        db,
        world.actor(Role.NURSE),
        [
            a_fact(patient, FactKind.CONDITION, "keloid"),
            a_fact(patient, FactKind.MEDICATION, "nsaid", label="Ibuprofen"),
        ],
    )

    line = db.scalars(sa.select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert len(actions(db)) == before + 1
    assert line.detail == {"ids": [row.id for row in rows]}


def test_a_source_key_records_once(world, db, patient):
    wish = a_fact(patient, FactKind.CONDITION, "keloid", source_key="synthea:1")

    first = service.record_fact(db, None, wish)
    second = service.record_fact(db, None, wish)

    assert first is second


def test_a_fact_found_wrong_is_not_brought_back_by_its_source(world, db, patient):
    wish = a_fact(patient, FactKind.CONDITION, "keloid", source_key="synthea:1")
    row = service.record_fact(db, None, wish)
    service.mark_error(
        db, world.actor(Role.NURSE), MarkFactError(fact_id=row.id, reason="other patient")
    )

    assert service.record_fact(db, None, wish).error_at is not None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"began_on": TODAY, "ended_on": dt.date(2026, 1, 1)}, "ended_on"),
        ({"value_milli": 5}, "unit"),
        ({"unit": "kg"}, "unit"),
    ],
    ids=["end before beginning", "value without unit", "unit without value"],
)
def test_a_fact_that_contradicts_itself_is_refused(world, db, patient, changes, field):
    with pytest.raises(Invalid) as refused:
        service.record_fact(db, None, a_fact(patient, FactKind.CONDITION, "keloid", **changes))

    assert refused.value.field == field


def test_a_fact_needs_a_patient_that_exists(db, world):
    wish = RecordFact(patient_id=999_999, kind=FactKind.CONDITION, code="keloid", noted_on=TODAY)

    with pytest.raises(NotFound):
        service.record_fact(db, None, wish)


def test_the_database_refuses_a_value_without_a_unit(db, patient):
    db.add(
        PatientFact(
            patient_id=patient.id,
            kind=FactKind.LAB,
            code="platelets",
            state="present",
            noted_on=TODAY,
            value_milli=1,
            source="staff",
            recorded_at=dt.datetime(2026, 11, 23, tzinfo=dt.UTC),
        )
    )
    with pytest.raises(sa.exc.IntegrityError) as refused, db.begin_nested():
        db.flush()

    assert constraint_of(refused.value) in {
        "ck_patient_fact_value_has_unit",
        "value_has_unit",
    }


def test_a_fact_in_error_leaves_the_history_and_keeps_its_reason(world, db, patient, known):
    row = known(FactKind.CONDITION, "keloid")

    service.mark_error(
        db, world.actor(Role.NURSE), MarkFactError(fact_id=row.id, reason=" other patient ")
    )

    assert "keloid" not in {fact.code for fact in queries.history_of(db, patient.id).facts}
    entry = next(e for e in queries.entries(db, patient.id) if e.fact.id == row.id)
    assert entry.error_reason == "other patient"
    assert entry.error_by == world.accounts[Role.NURSE].name


def test_a_fact_is_marked_in_error_once(world, db, known):
    row = known(FactKind.CONDITION, "keloid")
    wish = MarkFactError(fact_id=row.id, reason="other patient")
    service.mark_error(db, world.actor(Role.NURSE), wish)

    with pytest.raises(service.AlreadyInError):
        service.mark_error(db, world.actor(Role.NURSE), wish)


def test_marking_in_error_needs_a_reason(world, db, known):
    row = known(FactKind.CONDITION, "keloid")

    with pytest.raises(Invalid):
        service.mark_error(db, None, MarkFactError(fact_id=row.id, reason="  "))


def test_a_clear_patient_is_clear(db, world, patient):
    kept = service.screen_for(
        db, None, patient_id=patient.id, plan=PRP, on=TOMORROW, moment=Moment.BOOKING
    )

    assert [f.rule_code for f in kept.screening.findings] == []
    assert kept.record.decision is Decision.ALLOW


def test_what_is_kept_reads_back_as_it_was(db, world, patient, known):
    known(FactKind.MEDICATION, "anticoagulant", label="Enoxaparin 40 mg")
    known(FactKind.MEDICATION, "nsaid", label="Ibuprofen 400 mg", ended_on=TODAY)
    kept = service.screen_for(
        db, None, patient_id=patient.id, plan=PRP, on=TOMORROW, moment=Moment.BOOKING
    )
    db.expire(kept.record)

    assert queries.screening_of(queries.screening(db, kept.record.id)) == kept.screening


def test_a_fact_that_several_findings_use_is_kept_once(db, world, patient, known):
    known(FactKind.LAB, "platelets", value_milli=40_000, unit="10*9/L")
    kept = service.screen_for(
        db, None, patient_id=patient.id, plan=PRP, on=TOMORROW, moment=Moment.BOOKING
    )

    assert len(kept.record.facts) == len({f.id for x in kept.screening.findings for f in x.used})


def test_a_kept_check_cannot_be_changed(db, world, patient):
    kept = service.screen_for(
        db, None, patient_id=patient.id, plan=PRP, on=TOMORROW, moment=Moment.BOOKING
    )

    with pytest.raises(sa.exc.DBAPIError), db.begin_nested():
        db.execute(
            sa.update(ScreeningRecord)
            .where(ScreeningRecord.id == kept.record.id)
            .values(decision=Decision.ALLOW)
        )


def test_a_physician_releases_a_review_for_one_visit(world, db, patient, visit, known):
    known(FactKind.MEDICATION, "anticoagulant", label="Enoxaparin 40 mg")
    kept = checked(db, world, patient, visit)
    finding = kept.screening.findings[0]

    row = service.release(
        db,
        world.actor(Role.PHYSICIAN),
        ReleaseFinding(appointment_id=visit.id, fingerprint=finding.fingerprint, reason=REASON),
    )

    assert row.rule_code == "anticoagulant"
    assert queries.fingerprints_released(db, visit.id) == {finding.fingerprint}
    assert actions(db)[-1] == "finding.released"


@pytest.mark.parametrize("role", [r for r in Role if r is not Role.PHYSICIAN])
def test_nobody_but_a_physician_releases(world, db, patient, visit, known, role):
    known(FactKind.MEDICATION, "anticoagulant")
    finding = checked(db, world, patient, visit).screening.findings[0]

    with pytest.raises(Forbidden):
        service.release(
            db,
            world.actor(role),
            ReleaseFinding(appointment_id=visit.id, fingerprint=finding.fingerprint, reason=REASON),
        )


def test_a_release_needs_a_password_of_the_last_ten_minutes(
    world, db, patient, visit, known, clock
):
    known(FactKind.MEDICATION, "anticoagulant")
    finding = checked(db, world, patient, visit).screening.findings[0]
    wish = ReleaseFinding(appointment_id=visit.id, fingerprint=finding.fingerprint, reason=REASON)
    physician = world.actor(Role.PHYSICIAN)

    clock(NOW + CONFIRMED_FOR + dt.timedelta(seconds=1))
    with pytest.raises(PasswordNeeded):
        service.release(db, physician, wish)
    assert db.scalar(sa.select(sa.func.count()).select_from(Release)) == 0

    clock(NOW + CONFIRMED_FOR)
    assert service.release(db, physician, wish).author_id == physician.id


def test_nobody_releases_an_absolute_finding(world, db, patient, visit, known):
    known(FactKind.LAB, "platelets", value_milli=40_000, unit="10*9/L")
    finding = checked(db, world, patient, visit).screening.findings[0]
    assert finding.rule_code == "plt_critical"

    with pytest.raises(service.NotReleasable):
        service.release(
            db,
            world.actor(Role.PHYSICIAN),
            ReleaseFinding(appointment_id=visit.id, fingerprint=finding.fingerprint, reason=REASON),
        )


@pytest.mark.parametrize("reason", ["", "too short", "  short    "])
def test_a_release_needs_a_reason(world, db, patient, visit, known, reason):
    known(FactKind.MEDICATION, "anticoagulant")
    finding = checked(db, world, patient, visit).screening.findings[0]

    with pytest.raises(Invalid) as refused:
        service.release(
            db,
            world.actor(Role.PHYSICIAN),
            ReleaseFinding(appointment_id=visit.id, fingerprint=finding.fingerprint, reason=reason),
        )
    assert refused.value.field == "reason"


def test_a_new_fact_makes_the_finding_seen_before_unreleasable(world, db, patient, visit, known):
    known(FactKind.MEDICATION, "anticoagulant", label="Enoxaparin 40 mg")
    seen = checked(db, world, patient, visit).screening.findings[0]
    known(FactKind.MEDICATION, "warfarin", label="Warfarin 5 mg")

    with pytest.raises(service.FindingGone):
        service.release(
            db,
            world.actor(Role.PHYSICIAN),
            ReleaseFinding(appointment_id=visit.id, fingerprint=seen.fingerprint, reason=REASON),
        )


def test_a_visit_never_checked_has_nothing_to_release(world, db, patient):
    with pytest.raises(service.FindingGone):
        service.release(
            db,
            world.actor(Role.PHYSICIAN),
            ReleaseFinding(appointment_id=999_999, fingerprint="0" * 32, reason=REASON),
        )


def test_releasing_twice_makes_one_release(world, db, patient, visit, known):
    known(FactKind.MEDICATION, "anticoagulant")
    finding = checked(db, world, patient, visit).screening.findings[0]
    wish = ReleaseFinding(appointment_id=visit.id, fingerprint=finding.fingerprint, reason=REASON)

    first = service.release(db, world.actor(Role.PHYSICIAN), wish)
    second = service.release(db, world.actor(Role.PHYSICIAN), wish)

    assert first is second
    assert db.scalar(sa.select(sa.func.count()).select_from(Release)) == 1


def test_a_release_of_one_visit_does_not_count_for_another(world, db, patient, visit, known):
    known(FactKind.MEDICATION, "anticoagulant")
    finding = checked(db, world, patient, visit).screening.findings[0]
    service.release(
        db,
        world.actor(Role.PHYSICIAN),
        ReleaseFinding(appointment_id=visit.id, fingerprint=finding.fingerprint, reason=REASON),
    )
    other = factories.a_patient(db, location=world.location)

    assert queries.fingerprints_released(db, visit.id + 1) == frozenset()
    assert queries.released_of(db, [visit.id, visit.id + 1]) == {
        visit.id: frozenset({finding.fingerprint})
    }
    assert other.id != patient.id
