"""Reading what is known about patients, what was checked, and what was released.

Histories cost three statements a thousand patients: people, facts, consents.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from clinic.accounts.models import Account
from clinic.catalog.values import Modality
from clinic.core.access import Actor
from clinic.core.db import Key
from clinic.core.errors import NotFound
from clinic.core.text import N_
from clinic.locations.models import Location
from clinic.patients import queries as patient_queries
from clinic.patients.models import Patient
from clinic.patients.values import PatientBar
from clinic.safety import editions, gathering
from clinic.safety.catalogue_files import shipped_catalogue, shipped_codes
from clinic.safety.models import PatientFact, Release, ScreeningRecord
from clinic.safety.rules import passage
from clinic.safety.rules.banner import usual_plan, warnings
from clinic.safety.rules.codes import Codes
from clinic.safety.rules.language import Catalogue
from clinic.safety.rules.plain import finding_of, plan_of
from clinic.safety.rules.screening import barred_ingredients, barred_zones, screen
from clinic.safety.values import (
    Fact,
    History,
    PlannedTreatment,
    Screening,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One fact with its own history: as reported, and when it was found to be wrong, by whom."""

    fact: Fact
    as_reported: str
    recorded_at: dt.datetime
    error_at: dt.datetime | None
    error_by: str
    error_reason: str
    source_key: str | None


def rules() -> Catalogue:
    """Return questions, concepts, sources and rules as released; read once.

    Which rules act, and with which numbers, is in `editions.in_force`.
    """
    return shipped_catalogue()


def codes() -> Codes:
    """Return the concepts of the catalogue, ready to find, name and convert."""
    return shipped_codes()


def check(db: Session, history: History, plan: PlannedTreatment, on: dt.date) -> Screening:
    """Check a plan on a clinic-local date against the rules in force; keeps nothing.

    No statement after the history was read in the same session.
    """
    catalogue = editions.in_force(db)
    return screen(history, plan, on, catalogue.rules, edition=catalogue.edition)


def hides_its_end(db: Session, history: History, plan: PlannedTreatment, on: dt.date) -> bool:
    """Tell whether something stops a plan on a day whose end reception must not learn.

    No statement after the history was read in the same session.
    """
    return passage.hides_its_end(history, plan, on, editions.in_force(db).rules)


def check_again(db: Session, record: ScreeningRecord) -> Screening:
    """Check the plan and date of a kept check against what is known now; three statements."""
    return check(db, history_of(db, record.patient_id), plan_of(record.plan), record.on)


def screening_of(record: ScreeningRecord) -> Screening:
    """Return a kept check as the value it was."""
    findings = tuple(
        finding_of(value | {"used": [record.facts[place] for place in value["used"]]})
        for value in record.findings
    )
    return Screening(
        on=record.on,
        plan=plan_of(record.plan),
        decision=record.decision,
        findings=findings,
        earliest_clear_on=record.earliest_clear_on,
        bookable_from=record.bookable_from,
        may_show_clear_date=record.may_show_clear_date,
        may_show_bookable_date=record.may_show_bookable_date,
        blocked_zones=barred_zones(findings),
        blocked_ingredients=barred_ingredients(findings),
        is_checked=record.is_checked,
        facts_hash=record.facts_hash,
    )


def history_of(db: Session, patient_id: int) -> History:
    """Return all that is known about one patient; raises NotFound. Three statements."""
    found = histories(db, [patient_id])
    if patient_id not in found:
        raise NotFound(N_("There is no such patient"))
    return found[patient_id]


def histories(db: Session, patient_ids: Iterable[int]) -> dict[int, History]:
    """Return {patient id: history}; unknown ids are left out. Three statements a thousand ids."""
    return gathering.histories(db, patient_ids)


def fact(db: Session, fact_id: int) -> PatientFact:
    """Return a fact, also one entered in error; raises NotFound."""
    row = db.get(PatientFact, fact_id)
    if row is None:
        raise NotFound(N_("There is no such fact"))
    return row


def facts_of_sources(
    db: Session, patient_id: int, source_keys: Iterable[str]
) -> dict[str, PatientFact]:
    """Return {key: fact} of what an import or another record wrote under these keys."""
    rows = db.scalars(
        sa.select(PatientFact).where(
            PatientFact.patient_id == patient_id, PatientFact.source_key.in_(list(source_keys))
        )
    )
    return {row.source_key: row for row in rows if row.source_key is not None}


# Made once: every act about a patient begins with it.
_HELD = (
    sa.select(Patient)
    .where(Patient.id == patient_queries.person(sa.bindparam("patient_id", type_=Key)))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def lock_patient(db: Session, patient_id: int) -> Patient:
    """Hold the patient's record until the end of the transaction and return it; raises NotFound.

    A fact that is being recorded and a session that is being started wait for each other. SQLite
    lets one writer in at a time anyway. Of a merged record it is the one that stays.
    """
    held = db.scalar(_HELD, {"patient_id": patient_id})
    if held is None:
        raise NotFound(N_("There is no such patient"))
    if held.merged_into_id is not None:  # merged while this waited
        return lock_patient(db, held.merged_into_id)
    return held


def screening(db: Session, screening_id: int) -> ScreeningRecord:
    """Return one check as it was kept; raises NotFound."""
    record = db.get(ScreeningRecord, screening_id)
    if record is None:
        raise NotFound(N_("There is no such check"))
    return record


def latest_screening(db: Session, appointment_id: int) -> ScreeningRecord | None:
    """Return the newest check of a visit; None while it was never checked."""
    return db.scalar(
        sa.select(ScreeningRecord)
        .where(ScreeningRecord.appointment_id == appointment_id)
        .order_by(ScreeningRecord.id.desc())
        .limit(1)
    )


def screenings_of(
    db: Session, appointment_id: int, *, limit: int = 20
) -> Sequence[ScreeningRecord]:
    """Return the checks of a visit that were kept, newest first."""
    return db.scalars(
        sa.select(ScreeningRecord)
        .where(ScreeningRecord.appointment_id == appointment_id)
        .order_by(ScreeningRecord.id.desc())
        .limit(limit)
    ).all()


def fingerprints_released(db: Session, appointment_id: int) -> frozenset[str]:
    """Return the fingerprints of the findings that a physician released for a visit."""
    return frozenset(
        db.scalars(sa.select(Release.fingerprint).where(Release.appointment_id == appointment_id))
    )


def released_of(db: Session, appointment_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    """Return {visit id: fingerprints released} of many visits; one statement."""
    found: dict[int, set[str]] = {}
    rows = db.execute(
        sa.select(Release.appointment_id, Release.fingerprint).where(
            Release.appointment_id.in_(list(appointment_ids))
        )
    )
    for row in rows:
        found.setdefault(row.appointment_id, set()).add(row.fingerprint)
    return {visit: frozenset(marks) for visit, marks in found.items()}


def release_of(db: Session, appointment_id: int, fingerprint: str) -> Release | None:
    """Return the first release of a finding for a visit."""
    return db.scalar(
        sa.select(Release)
        .where(Release.appointment_id == appointment_id, Release.fingerprint == fingerprint)
        .order_by(Release.id)
        .limit(1)
    )


def releases(db: Session, appointment_id: int) -> Sequence[tuple[Release, str]]:
    """Return (release, who released) of a visit, oldest first; one statement."""
    rows = db.execute(
        sa.select(Release, Account.name)
        .join(Account, Account.id == Release.author_id)
        .where(Release.appointment_id == appointment_id)
        .order_by(Release.id)
    )
    return [(row[0], row[1]) for row in rows]


# Made once: a new alias takes longer than a statement.
_author, _corrector = aliased(Account), aliased(Account)


def entries(db: Session, patient_id: int, *, limit: int = 500) -> Sequence[Entry]:
    """Return everything that was ever recorded about a patient, newest first, errors included.

    One statement.
    """
    rows = db.execute(
        sa.select(
            *gathering.FACT,
            _author.name,
            PatientFact.as_reported,
            PatientFact.error_at,
            PatientFact.error_reason,
            PatientFact.source_key,
            _corrector.name.label("error_by"),
            Location.zone.label("clinic_zone"),
        )
        .join(Patient, Patient.id == PatientFact.patient_id)
        .join(Location, Location.id == Patient.location_id)
        .outerjoin(_author, _author.id == PatientFact.recorded_by_id)
        .outerjoin(_corrector, _corrector.id == PatientFact.error_by_id)
        .where(PatientFact.patient_id.in_(patient_queries.records(patient_id)))
        .order_by(PatientFact.id.desc())
        .limit(limit)
    )
    return [
        Entry(
            fact=gathering.fact_of(row[: len(gathering.FACT) + 1], ZoneInfo(row.clinic_zone)),
            as_reported=row.as_reported,
            recorded_at=row.recorded_at,
            error_at=row.error_at,
            error_by=row.error_by or "",
            error_reason=row.error_reason,
            source_key=row.source_key,
        )
        for row in rows
    ]


def bar(
    db: Session, actor: Actor, patient_id: int, *, on: dt.date, history: History | None = None
) -> PatientBar:
    """Return who a page is about, with what a PRP on that day would meet, worded for the role.

    Four statements; one where the history has been read already. Raises NotFound.
    """
    card = patient_queries.card(db, patient_id, today=on, location_id=actor.location_id)
    if card.status:
        return card
    known = history or history_of(db, patient_id)
    screening = check(db, known, usual_plan(known, Modality.PRP), on)
    return replace(card, warnings=warnings(screening, known, actor.role, codes().name))
