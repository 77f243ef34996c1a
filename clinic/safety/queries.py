"""Reading what is known about patients, what was checked, and what was released.

Histories cost three statements a thousand patients: people, facts, consents.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from clinic.accounts.models import Account
from clinic.catalog.values import Modality
from clinic.consents import queries as consent_queries
from clinic.consents.values import Paper
from clinic.core.access import Actor
from clinic.core.errors import NotFound
from clinic.core.text import N_
from clinic.core.zones import Zone
from clinic.locations.models import Location
from clinic.patients import queries as patient_queries
from clinic.patients.models import Patient
from clinic.patients.values import PatientBar
from clinic.safety import editions
from clinic.safety.catalogue_files import shipped_catalogue, shipped_codes
from clinic.safety.models import PatientFact, Release, ScreeningRecord
from clinic.safety.rules.banner import usual_plan, warnings
from clinic.safety.rules.codes import Codes
from clinic.safety.rules.language import Catalogue
from clinic.safety.rules.plain import finding_of, plan_of
from clinic.safety.rules.screening import barred_ingredients, barred_zones, screen
from clinic.safety.values import (
    Fact,
    FactKind,
    FactSource,
    FactState,
    History,
    Person,
    PlannedTreatment,
    Screening,
)

# 200 visits have 10,000 facts: the columns of enums and instants come as the driver gives them,
# and `_fact` reads them. Their own types took a third of the time of gathering.
_FACT = (
    PatientFact.patient_id,
    PatientFact.id,
    sa.type_coerce(PatientFact.kind, sa.String),
    PatientFact.code,
    sa.type_coerce(PatientFact.state, sa.String),
    PatientFact.label,
    sa.type_coerce(PatientFact.zone, sa.String),
    PatientFact.began_on,
    PatientFact.ended_on,
    PatientFact.noted_on,
    PatientFact.value_milli,
    PatientFact.unit,
    sa.type_coerce(PatientFact.source, sa.String),
    sa.type_coerce(PatientFact.recorded_at, sa.DateTime(timezone=True)),
)
_KINDS = {kind.value: kind for kind in FactKind}
_STATES = {state.value: state for state in FactState}
_SOURCES = {source.value: source for source in FactSource}
_ZONES: dict[str | None, Zone | None] = {None: None, **{zone.value: zone for zone in Zone}}
CHUNK = 1000
"""Patients a statement: one parameter each, far below what either database takes."""


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
    found: dict[int, History] = {}
    ids = iter(sorted(set(patient_ids)))
    while chunk := list(islice(ids, CHUNK)):
        people = _people(db, chunk)
        facts: dict[int, list[Fact]] = {patient_id: [] for patient_id in people}
        for patient_id, fact in _facts(db, chunk, people):
            facts[patient_id].append(fact)
        for patient_id, paper in consent_queries.for_histories(db, chunk):
            facts[patient_id].append(_consent(paper, people[patient_id][1]))
        for patient_id, (person, _) in people.items():
            found[patient_id] = History(person=person, facts=tuple(facts[patient_id]))
    return found


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


def lock_patient(db: Session, patient_id: int) -> Patient:
    """Hold the patient's record until the end of the transaction and return it; raises NotFound.

    A fact that is being recorded and a session that is being started wait for each other. SQLite
    lets one writer in at a time anyway.
    """
    held = db.scalar(
        sa.select(Patient).where(Patient.id == patient_id).with_for_update(key_share=True)
    )
    if held is None:
        raise NotFound(N_("There is no such patient"))
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
            *_FACT,
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
        .where(PatientFact.patient_id == patient_id)
        .order_by(PatientFact.id.desc())
        .limit(limit)
    )
    return [
        Entry(
            fact=_fact(row[: len(_FACT) + 1], ZoneInfo(row.clinic_zone)),
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


_PEOPLE = sa.select(
    Patient.id, Patient.birth_date, Patient.sex, Location.zone, editions.EDITION.label("edition")
).join(Location, Location.id == Patient.location_id)
_FACTS = (
    sa.select(*_FACT, Account.name)
    .outerjoin(Account, Account.id == PatientFact.recorded_by_id)
    .where(PatientFact.error_at.is_(None))
    .order_by(PatientFact.id)
)


def _people(db: Session, ids: list[int]) -> dict[int, tuple[Person, ZoneInfo]]:
    rows = db.execute(_PEOPLE.where(Patient.id.in_(ids))).all()
    if rows:
        editions.note_edition(db, rows[0].edition)
    return {
        row.id: (Person(birth_date=row.birth_date, sex=row.sex.value), ZoneInfo(row.zone))
        for row in rows
    }


def _facts(
    db: Session, ids: list[int], people: dict[int, tuple[Person, ZoneInfo]]
) -> Iterator[tuple[int, Fact]]:
    db.flush()  # As any query of the session would; past it, plain rows come a quarter faster.
    rows = db.connection().execute(_FACTS.where(PatientFact.patient_id.in_(ids)))
    for row in rows:
        patient_id = row[0]
        yield patient_id, _fact(row, people[patient_id][1])


def _fact(row: Sequence[Any], zone: ZoneInfo) -> Fact:
    """Read the columns of `_FACT` and the author's name, by place.

    Looking each column up by its name took twice as long as the statement itself.
    """
    (_, id_, kind, code, state, label, where, began_on, ended_on, noted_on, milli, unit, source,
     recorded_at, author) = row  # fmt: skip
    return Fact(
        id=id_,
        kind=_KINDS[kind],
        code=code,
        state=_STATES[state],
        label=label,
        zone=_ZONES[where],
        began_on=began_on,
        ended_on=ended_on,
        noted_on=noted_on,
        value_milli=milli,
        unit=unit,
        source=_SOURCES[source],
        recorded_by=author or "",
        recorded_on=_day(recorded_at, zone),
    )


def _consent(paper: Paper, zone: ZoneInfo) -> Fact:
    return Fact(
        kind=FactKind.CONSENT,
        code=paper.kind.value,
        label=paper.text_version,
        ended_on=paper.withdrawn_on,
        noted_on=paper.given_on,
        source=FactSource.STAFF,
        recorded_by=paper.taken_by,
        recorded_on=_day(paper.recorded_at, zone),
    )


@lru_cache(maxsize=4096)  # What was answered together was written down at the same instant.
def _day(instant: dt.datetime, zone: ZoneInfo) -> dt.date:
    # SQLite keeps UTC without saying so.
    aware = instant if instant.tzinfo else instant.replace(tzinfo=dt.UTC)
    return aware.astimezone(zone).date()
