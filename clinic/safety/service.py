"""Recording facts, keeping checks, releasing findings.

None of these screens the patient's visits again: whoever writes facts sits above scheduling and
calls `scheduling.service.rescreen` in the same transaction.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, Permission, refuse_unconfirmed
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.text import N_
from clinic.safety import queries
from clinic.safety.models import PatientFact, Release, ScreeningRecord
from clinic.safety.rules.plain import plain
from clinic.safety.values import (
    Finding,
    History,
    MarkFactError,
    Moment,
    PlannedTreatment,
    RecordFact,
    Releasable,
    ReleaseFinding,
    Screening,
)

REASON_LENGTH = 10
"""Characters that a reason for a release has at least (datamodel.md 6)."""


class AlreadyInError(Conflict):
    """Somebody has marked the fact as entered in error before."""


class NotReleasable(Forbidden):
    """Nobody may release this finding."""


class FindingGone(Conflict):
    """The finding is not there any more, or not as it was seen: the facts have changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A screening and the row that keeps it."""

    screening: Screening
    record: ScreeningRecord


def record_fact(db: Session, actor: Actor | None, wish: RecordFact) -> PatientFact:
    """Record one fact; raises NotFound for the patient, Invalid for dates out of order."""
    return record_facts(db, actor, [wish])[0]


def record_facts(
    db: Session, actor: Actor | None, wishes: Sequence[RecordFact]
) -> list[PatientFact]:
    """Record facts about one patient, in their order, with one audit line.

    A fact with the `source_key` of an earlier one is not recorded again: the earlier is returned.
    Raises NotFound for the patient, Invalid for dates out of order.
    """
    rows, made = write_facts(db, actor, wishes)
    if made:
        audit.record(
            db,
            actor,
            "fact.recorded",
            "patient_fact",
            made[0].id,
            patient_id=wishes[0].patient_id,
            detail={"ids": [row.id for row in made]},
        )
    return rows


def write_facts(
    db: Session, actor: Actor | None, wishes: Sequence[RecordFact]
) -> tuple[list[PatientFact], list[PatientFact]]:
    """Do as `record_facts`, for a use case whose own audit line names the facts.

    Returns the facts in the order of the wishes, and those of them that are new.
    """
    assert wishes, "nothing to record"
    patient_id = wishes[0].patient_id
    assert all(wish.patient_id == patient_id for wish in wishes)
    queries.lock_patient(db, patient_id)
    for wish in wishes:
        _refuse_odd_dates(wish)

    now = clock.now()
    keys = [wish.source_key for wish in wishes if wish.source_key is not None]
    earlier = queries.facts_of_sources(db, patient_id, keys) if keys else {}
    rows: list[PatientFact] = []
    made: list[PatientFact] = []
    for wish in wishes:
        row = earlier.get(wish.source_key or "")
        if row is None:
            row = _fact(actor, wish, now)
            db.add(row)
            made.append(row)
        rows.append(row)
    if made:
        db.flush()  # The audit line names their ids.
    return rows, made


def mark_error(db: Session, actor: Actor | None, wish: MarkFactError) -> PatientFact:
    """Mark a fact as entered in error; it stays in the history with who, when and why.

    Raises NotFound, AlreadyInError, Invalid without a reason.
    """
    row = queries.fact(db, wish.fact_id)
    queries.lock_patient(db, row.patient_id)
    if row.error_at is not None:
        raise AlreadyInError(N_("This was marked as entered in error before."))
    if not wish.reason.strip():
        raise Invalid(N_("Say what was wrong with it"), field="reason")

    row.error_at = clock.now()
    row.error_by_id = actor.id if actor else None
    row.error_reason = wish.reason.strip()
    audit.record(
        db, actor, "fact.marked_in_error", "patient_fact", row.id, patient_id=row.patient_id
    )
    return row


def screen_for(
    db: Session,
    actor: Actor | None,
    *,
    patient_id: int,
    plan: PlannedTreatment,
    on: dt.date,
    moment: Moment,
    appointment_id: int | None = None,
    history: History | None = None,
) -> Kept:
    """Check a plan on a clinic-local date and keep what was found.

    Give `history` where it was fetched already. The act that caused the check has the audit line.
    """
    if history is None:
        history = queries.history_of(db, patient_id)
    screening = queries.check(db, history, plan, on)
    record = keep(
        db, actor, screening, patient_id=patient_id, moment=moment, appointment_id=appointment_id
    )
    return Kept(screening=screening, record=record)


def keep(
    db: Session,
    actor: Actor | None,
    screening: Screening,
    *,
    patient_id: int,
    moment: Moment,
    appointment_id: int | None = None,
) -> ScreeningRecord:
    """Keep a screening as it is: facts, rules with versions, findings, plan. Never changed."""
    record = ScreeningRecord(**_row(actor, screening, patient_id, appointment_id, moment))
    db.add(record)
    db.flush()  # Callers name its id in their own rows.
    return record


def keep_all(
    db: Session,
    actor: Actor | None,
    found: Sequence[tuple[int, int, Screening]],
    *,
    moment: Moment,
) -> None:
    """Keep screenings of many visits, given as (patient, visit, screening); one statement."""
    if found:
        db.execute(
            sa.insert(ScreeningRecord),
            [_row(actor, screening, who, visit, moment) for who, visit, screening in found],
        )


def _row(
    actor: Actor | None,
    screening: Screening,
    patient_id: int,
    appointment_id: int | None,
    moment: Moment,
) -> dict[str, Any]:
    used = list(dict.fromkeys(fact for f in screening.findings for fact in f.used))
    return {
        "patient_id": patient_id,
        "appointment_id": appointment_id,
        "actor_id": actor.id if actor else None,
        "on": screening.on,
        "moment": moment,
        "decision": screening.decision,
        "is_checked": screening.is_checked,
        "earliest_clear_on": screening.earliest_clear_on,
        "bookable_from": screening.bookable_from,
        "may_show_clear_date": screening.may_show_clear_date,
        "may_show_bookable_date": screening.may_show_bookable_date,
        "findings": [
            plain(finding._replace(used=())) | {"used": [used.index(fact) for fact in finding.used]}
            for finding in screening.findings
        ],
        "facts": [plain(fact) for fact in used],
        "facts_hash": screening.facts_hash,
        "plan": plain(screening.plan),
        "at": clock.now(),
    }


def release(db: Session, actor: Actor, wish: ReleaseFinding) -> Release:
    """Release one finding for one visit, if it is still there as the physician saw it.

    The visit's plan and date are those of its newest check; facts are read anew. A second release
    of the same finding returns the first. Raises Forbidden unless the actor is a physician,
    PasswordNeeded when theirs was given more than ten minutes ago, NotReleasable for an absolute
    finding, FindingGone when the facts have changed, Invalid for a reason that is too short.
    """
    if not actor.may(Permission.RELEASE):
        raise Forbidden(N_("Only a physician may release a finding."))
    refuse_unconfirmed(actor, at=clock.now())
    reason = wish.reason.strip()
    if len(reason) < REASON_LENGTH:
        raise Invalid(
            N_("Give your reason in at least %(least)s characters"),
            field="reason",
            least=REASON_LENGTH,
        )
    record = queries.latest_screening(db, wish.appointment_id)
    if record is None:
        raise FindingGone(N_("This visit has not been checked yet."))
    queries.lock_patient(db, record.patient_id)
    screening = queries.check_again(db, record)
    finding = _seen(screening.findings, wish.fingerprint)
    if finding.releasable is not Releasable.PHYSICIAN:
        raise NotReleasable(N_("Nobody may release this. It has to be cleared."))
    earlier = queries.release_of(db, wish.appointment_id, finding.fingerprint)
    if earlier is not None:
        return earlier

    row = Release(
        appointment_id=wish.appointment_id,
        author_id=actor.id,
        rule_code=finding.rule_code,
        rule_version=finding.rule_version,
        fingerprint=finding.fingerprint,
        reason=reason,
        at=clock.now(),
    )
    db.add(row)
    db.flush()  # The audit line names its id.
    audit.record(
        db,
        actor,
        "finding.released",
        "release",
        row.id,
        patient_id=record.patient_id,
        detail={"appointment": wish.appointment_id, "rule_version": finding.rule_version},
    )
    return row


def _seen(findings: Sequence[Finding], fingerprint: str) -> Finding:
    for finding in findings:
        if finding.fingerprint == fingerprint:
            return finding
    raise FindingGone(
        N_("The facts have changed since you opened this page. Look at the findings again.")
    )


def _refuse_odd_dates(wish: RecordFact) -> None:
    if wish.began_on and wish.ended_on and wish.ended_on < wish.began_on:
        raise Invalid(N_("The end is before the beginning"), field="ended_on")
    if (wish.value_milli is None) != (wish.unit is None):
        raise Invalid(N_("A value needs its unit"), field="unit")


def _fact(actor: Actor | None, wish: RecordFact, now: dt.datetime) -> PatientFact:
    return PatientFact(
        patient_id=wish.patient_id,
        recorded_by_id=actor.id if actor else None,
        kind=wish.kind,
        code=wish.code,
        state=wish.state,
        label=wish.label,
        zone=wish.zone,
        began_on=wish.began_on,
        ended_on=wish.ended_on,
        noted_on=wish.noted_on,
        value_milli=wish.value_milli,
        unit=wish.unit,
        as_reported=wish.as_reported,
        source=wish.source,
        source_key=wish.source_key,
        recorded_at=now,
    )
