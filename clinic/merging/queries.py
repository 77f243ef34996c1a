"""Reading two records side by side, pairs that look like one person, and what was decided."""

import datetime as dt
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
"""Pairs that are looked at, the newest records first."""
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
    Two statements.
    """
    one, other = aliased(Patient), aliased(Patient)
    mine, theirs = aliased(PatientSearchKey), aliased(PatientSearchKey)
    phones = sa.select(mine.patient_id.label("one_id"), theirs.patient_id.label("other_id")).join(
        theirs,
        sa.and_(
            theirs.kind == SearchKind.PHONE,
            theirs.key == mine.key,
            theirs.patient_id < mine.patient_id,
        ),
    )
    sounds_alike = (
        sa.select(mine.key)
        .join(theirs, sa.and_(theirs.kind == mine.kind, theirs.key == mine.key))
        .where(
            mine.kind == SearchKind.SKELETON,
            mine.patient_id == one.id,
            theirs.patient_id == other.id,
        )
        .exists()
    )
    born = (
        sa.select(one.id, other.id)
        .join(other, sa.and_(other.birth_date == one.birth_date, other.id < one.id))
        .where(one.location_id == location_id, sounds_alike)
    )
    found = sa.union(phones.where(mine.kind == SearchKind.PHONE), born).subquery()
    decided = (
        sa.select(PatientPair.id)
        .where(
            PatientPair.verdict == Verdict.TWO,
            PatientPair.undone_at.is_(None),
            sa.or_(
                sa.and_(
                    PatientPair.gone_id == found.c.one_id, PatientPair.kept_id == found.c.other_id
                ),
                sa.and_(
                    PatientPair.gone_id == found.c.other_id, PatientPair.kept_id == found.c.one_id
                ),
            ),
        )
        .exists()
    )
    in_use = (
        sa.select(Patient.id)
        .where(
            Patient.id.in_([found.c.one_id, found.c.other_id]),
            sa.or_(
                Patient.location_id != location_id,
                Patient.status.in_([PatientStatus.MERGED, PatientStatus.ERASED]),
            ),
        )
        .exists()
    )
    pairs = db.execute(
        sa.select(found)
        .where(~decided, ~in_use)
        .order_by(found.c.one_id.desc(), found.c.other_id.desc())
        .limit(MOST)
    ).all()
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
