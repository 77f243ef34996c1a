"""Reading two records side by side, pairs that look like one person, and what was decided."""

import datetime as dt
import itertools
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from clinic.accounts.models import Account
from clinic.catalog.models import Service
from clinic.core.db import Base
from clinic.core.errors import NotFound
from clinic.core.text import N_
from clinic.merging import rules as merging_rules
from clinic.merging.values import APART, EVIDENCE, UNDO_DAYS, Clash, Decided, Likely
from clinic.patients import finding
from clinic.patients import rules as patient_rules
from clinic.patients.models import Patient, PatientPair, PatientSearchKey
from clinic.patients.values import PatientStatus, SearchKind, Verdict, full_name
from clinic.scheduling.models import Appointment
from clinic.treatments.models import TreatmentSession

MOST = 200
"""Pairs that are shown, the newest records first."""
VISITS = "appointment.patient_id"
NO_PAIR = N_("There is no such decision")


class Reference(NamedTuple):
    """A column that says whose a row is."""

    table: sa.Table
    column: sa.Column[int]
    key: sa.Column[int]

    @property
    def name(self) -> str:
        """Return what the column is called in the record of a merge."""
        return f"{self.table.name}.{self.column.name}"


def references() -> list[Reference]:
    """Return every foreign key to a patient, read off the metadata: no table can be forgotten."""
    return [
        Reference(table, key.parent, next(iter(table.primary_key)))
        for table in sorted(Base.metadata.tables.values(), key=lambda one: one.name)
        for key in sorted(table.foreign_keys, key=lambda one: one.parent.name)
        if key.column.table.name == "patient" and table.name not in APART
    ]


def moved() -> list[Reference]:
    """Return the columns that a merge writes anew: all but those of evidence."""
    return [one for one in references() if one.table.name not in EVIDENCE]


def counts(db: Session, ids: Iterable[int]) -> dict[str, dict[int, int]]:
    """Return {table: {patient id: rows}}; one statement."""
    wanted = list(ids)
    parts = [
        sa.select(
            sa.literal(one.table.name).label("kind"), one.column.label("whose"), sa.func.count()
        )
        .where(one.column.in_(wanted))
        .group_by(one.column)
        for one in references()
    ]
    found: dict[str, dict[int, int]] = {}
    for kind, whose, count in db.execute(sa.union_all(*parts)):
        found.setdefault(kind, {})[whose] = count
    return found


_mine, _theirs = aliased(Appointment), aliased(Appointment)
_my_service, _their_service = aliased(Service), aliased(Service)


def clashes(db: Session, one_id: int, other_id: int) -> list[Clash]:
    """Return the visits of two records that hold the same time, earliest first; one statement."""
    rows = db.execute(
        sa.select(
            _mine.id,
            _my_service.name.label("service"),
            _mine.starts_at,
            _theirs.id.label("other_id"),
            _their_service.name.label("other"),
            _theirs.starts_at.label("other_starts_at"),
        )
        .join(
            _theirs,
            sa.and_(_theirs.starts_at < _mine.ends_at, _mine.starts_at < _theirs.ends_at),
        )
        .join(_my_service, _my_service.id == _mine.service_id)
        .join(_their_service, _their_service.id == _theirs.service_id)
        .where(
            _mine.patient_id == one_id,
            _theirs.patient_id == other_id,
            _mine.occupies,
            _theirs.occupies,
        )
        .order_by(_mine.starts_at)
    )
    return [
        Clash(
            visit_id=row.id,
            visit=row.service,
            starts_at=row.starts_at,
            other_id=row.other_id,
            other=row.other,
            other_starts_at=row.other_starts_at,
        )
        for row in rows
    ]


def held(db: Session, ids: Iterable[int]) -> dict[int, Patient]:
    """Hold records until the end of the transaction, in the order of their ids."""
    rows = db.scalars(
        sa.select(Patient)
        .where(Patient.id.in_(sorted(ids)))
        .order_by(Patient.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


def treated_since(db: Session, visit_ids: Iterable[int], patient_id: int) -> set[int]:
    """Return those of the visits whose session was begun under this patient's number."""
    return set(
        db.scalars(
            sa.select(TreatmentSession.appointment_id).where(
                TreatmentSession.appointment_id.in_(list(visit_ids)),
                TreatmentSession.patient_id == patient_id,
            )
        )
    )


def likely(db: Session, *, location_id: int) -> list[Likely]:
    """Return pairs that look like one person and that nobody has decided about, newest first.

    As the form of a new patient finds them: same phone, or same birth date and a similar name.
    All of the place are looked at, and at most MOST are returned. Four statements.
    """
    found = _same_phone(db, location_id) | _same_birth_date(db, location_id)
    pairs = sorted(found - _two_people(db), reverse=True)[:MOST]
    people = finding.hits_of(
        db, {number for pair in pairs for number in pair}, location_id=location_id
    )
    described = []
    for one_id, other_id in pairs:
        if one_id not in people or other_id not in people:
            continue
        me = people[one_id]
        hit = patient_rules.with_likeness(
            people[other_id],
            family_name=me.family_name,
            given_name=me.given_name,
            birth_date=me.born,
            phone=me.phone,
        )
        if hit.likeness:
            described.append(Likely(one=me, other=hit))
    return described


_Pairs = set[tuple[int, int]]
"""Of ids, the newer one first."""
_GONE = (PatientStatus.MERGED, PatientStatus.ERASED)


def _same_phone(db: Session, location_id: int) -> _Pairs:
    mine, theirs = aliased(PatientSearchKey), aliased(PatientSearchKey)
    both = sa.select(sa.func.count(Patient.id)).where(
        Patient.id.in_([mine.patient_id, theirs.patient_id]),
        Patient.location_id == location_id,
        Patient.status.not_in(_GONE),
    )
    rows = db.execute(
        sa.select(mine.patient_id, theirs.patient_id)
        .join(
            theirs,
            sa.and_(
                theirs.kind == SearchKind.PHONE,
                theirs.key == mine.key,
                theirs.patient_id < mine.patient_id,
            ),
        )
        .where(mine.kind == SearchKind.PHONE, both.scalar_subquery() == 2)
    )
    return {(row[0], row[1]) for row in rows}


def _same_birth_date(db: Session, location_id: int) -> _Pairs:
    """Return who was born on one day and has a similar name.

    First the days and sounds that several share, then who that is: to ask for each pair of one
    day took three times as long, most of it for people who are not alike at all.
    """
    key, born = PatientSearchKey, Patient.birth_date
    mine = sa.and_(Patient.location_id == location_id, Patient.status.not_in(_GONE))
    shared = (
        sa.select(born.label("born"), key.key.label("sound"))
        .join(key, key.patient_id == Patient.id)
        .where(key.kind == SearchKind.SKELETON, born.is_not(None))  # Read off two indexes alone.
        .group_by(born, key.key)
        .having(sa.func.count() > 1)
        .cte("shared")
    )
    second = aliased(Patient)
    rows = db.execute(
        sa.select(
            shared.c.born,
            shared.c.sound,
            Patient.id,
            Patient.family_name,
            Patient.given_name,
            sa.exists().where(second.merged_into_id == Patient.id).label("is_joined"),
        )
        .select_from(shared)
        .join(Patient, born == shared.c.born)
        .join(
            key,
            sa.and_(
                key.kind == SearchKind.SKELETON,
                key.key == shared.c.sound,
                key.patient_id == Patient.id,
            ),
        )
        .where(mine)
        .order_by(shared.c.born, shared.c.sound, Patient.id.desc())
    )
    found: _Pairs = set()
    for _, group in itertools.groupby(rows, key=lambda row: (row.born, row.sound)):
        for one, other in itertools.combinations(group, 2):
            # Other names of a joined record are looked at with its hit.
            is_joined = one.is_joined or other.is_joined
            names = [(row.family_name, row.given_name) for row in (one, other)]
            if is_joined or patient_rules.are_alike(*names):
                found.add((one.id, other.id))
    return found


def _two_people(db: Session) -> _Pairs:
    rows = db.execute(
        sa.select(PatientPair.gone_id, PatientPair.kept_id).where(
            PatientPair.verdict == Verdict.TWO, PatientPair.undone_at.is_(None)
        )
    )
    return {(max(row), min(row)) for row in rows}


_kept, _gone, _undoer = aliased(Patient), aliased(Patient), aliased(Account)
_DECIDED = (
    sa.select(
        PatientPair,
        _kept.given_name.label("kept_given"),
        _kept.family_name.label("kept_family"),
        _kept.file_number.label("kept_number"),
        _gone.given_name.label("gone_given"),
        _gone.family_name.label("gone_family"),
        _gone.file_number.label("gone_number"),
        Account.name.label("by"),
        _undoer.name.label("undone_by"),
    )
    .join(_kept, _kept.id == PatientPair.kept_id)
    .join(_gone, _gone.id == PatientPair.gone_id)
    .join(Account, Account.id == PatientPair.decided_by_id)
    .outerjoin(_undoer, _undoer.id == PatientPair.undone_by_id)
)


def recent(db: Session, *, location_id: int, now: dt.datetime, limit: int = 50) -> list[Decided]:
    """Return what was decided last and is in force, newest first; one statement."""
    rows = db.execute(
        _DECIDED.where(_kept.location_id == location_id, PatientPair.undone_at.is_(None))
        .order_by(PatientPair.decided_at.desc(), PatientPair.id.desc())
        .limit(limit)
    )
    return [_decided(row, now) for row in rows]


def merged_into(
    db: Session, patient_id: int, *, location_id: int, now: dt.datetime
) -> list[Decided]:
    """Return the merges in force that this record stayed in, newest first; one statement."""
    rows = db.execute(
        _DECIDED.where(
            PatientPair.kept_id == patient_id,
            PatientPair.verdict == Verdict.ONE,
            PatientPair.undone_at.is_(None),
            _kept.location_id == location_id,
        ).order_by(PatientPair.decided_at.desc(), PatientPair.id.desc())
    )
    return [_decided(row, now) for row in rows]


def decision(
    db: Session, pair_id: int, *, location_id: int, now: dt.datetime
) -> tuple[PatientPair, Decided]:
    """Return a decision as a row and as words; raises NotFound, also for one of another place."""
    row = db.execute(
        _DECIDED.where(PatientPair.id == pair_id, _kept.location_id == location_id)
    ).one_or_none()
    if row is None:
        raise NotFound(NO_PAIR)
    return row.PatientPair, _decided(row, now)


def _decided(row: sa.Row[*tuple[object, ...]], now: dt.datetime) -> Decided:
    pair: PatientPair = row.PatientPair
    return Decided(
        id=pair.id,
        verdict=pair.verdict,
        kept_id=pair.kept_id,
        kept=full_name(row.kept_given, row.kept_family),
        kept_number=row.kept_number,
        gone=full_name(row.gone_given, row.gone_family),
        gone_id=pair.gone_id,
        gone_number=row.gone_number,
        reason=pair.reason,
        by=row.by,
        decided_at=pair.decided_at,
        undone_at=pair.undone_at,
        undone_by=row.undone_by or "",
        undo_until=pair.decided_at + dt.timedelta(days=UNDO_DAYS),
        may_undo=pair.undone_at is None
        and merging_rules.may_undo(pair.verdict, pair.decided_at, now),
    )


def open_pair(db: Session, one_id: int, other_id: int) -> PatientPair | None:
    """Return the decision "two people" about a pair that is in force, whichever way round."""
    return db.scalar(
        sa.select(PatientPair).where(
            PatientPair.verdict == Verdict.TWO,
            PatientPair.undone_at.is_(None),
            PatientPair.gone_id.in_([one_id, other_id]),
            PatientPair.kept_id.in_([one_id, other_id]),
        )
    )


def values_of(patient: Patient, columns: Iterable[str]) -> Mapping[str, object]:
    """Return {column: value} of a record."""
    return {column: getattr(patient, column) for column in columns}
