"""Reading patients: one, several, who fits a search, who may be the same person."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from clinic.core import clock, folding
from clinic.core.errors import NotFound
from clinic.core.folding import Term
from clinic.core.text import N_
from clinic.patients import rules as patient_rules
from clinic.patients.models import Patient, PatientSearchKey
from clinic.patients.values import (
    SEX_NAMES,
    STATUS_NAMES,
    PatientBar,
    PatientHit,
    PatientStatus,
    SearchKind,
    full_name,
)

CANDIDATES = 300
"""Most rows that one stage of a search looks at before ranking."""
UNKNOWN_PATIENT = N_("There is no such patient")
_Hits = sa.Select[*tuple[Any, ...]]


def get(db: Session, patient_id: int, *, location_id: int | None = None) -> Patient:
    """Return a patient; raises NotFound, also for one of another place when a place is given."""
    patient = db.get(Patient, patient_id)
    if patient is None or location_id not in {None, patient.location_id}:
        raise NotFound(UNKNOWN_PATIENT)
    return patient


def card(
    db: Session, patient_id: int, *, today: dt.date, location_id: int | None = None
) -> PatientBar:
    """Return who a page is about, without warnings and without a link; raises NotFound as `get`."""
    patient = get(db, patient_id, location_id=location_id)
    is_dead = patient.status is PatientStatus.DECEASED
    is_active = patient.status is PatientStatus.ACTIVE
    return PatientBar(
        id=patient.id,
        name=full_name(patient.given_name, patient.family_name),
        born=patient.birth_date,
        age=None if is_dead else patient_rules.age_on(patient.birth_date, today),
        sex=SEX_NAMES[patient.sex],
        file_number=patient.file_number,
        status="" if is_active else STATUS_NAMES[patient.status],
        phone=patient.phone,
    )


def names(db: Session, ids: Iterable[int]) -> dict[int, str]:
    """Return {id: "Given Family"} of patients; one statement, none for no ids."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = db.execute(
        sa.select(Patient.id, Patient.given_name, Patient.family_name).where(Patient.id.in_(wanted))
    )
    return {row.id: full_name(row.given_name, row.family_name) for row in rows}


def is_anybody(db: Session) -> bool:
    """Tell whether there is any patient at all."""
    return db.scalar(sa.select(Patient.id).limit(1)) is not None


def by_form_key(db: Session, form_key: str) -> Patient | None:
    """Return the patient that a form with this one-time key has made."""
    return db.scalar(sa.select(Patient).where(Patient.form_key == form_key))


def of_source(db: Session, system: str) -> dict[str, Patient]:
    """Return {source id: patient} of everybody that an import of this system brought."""
    found = db.scalars(sa.select(Patient).where(Patient.source_system == system))
    return {patient.source_id: patient for patient in found if patient.source_id}


def by_file_numbers(db: Session, numbers: Iterable[str]) -> dict[str, Patient]:
    """Return {file number: patient}; one statement for each 500 numbers."""
    wanted = sorted(set(numbers))
    found: dict[str, Patient] = {}
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        rows = db.scalars(sa.select(Patient).where(Patient.file_number.in_(part)))
        found |= {patient.file_number: patient for patient in rows}
    return found


def born_on(db: Session, days: Iterable[dt.date], *, location_id: int) -> list[PatientHit]:
    """Return everybody in use born on one of the days; one statement for each 500 days."""
    wanted = sorted(set(days))
    found: list[PatientHit] = []
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        found += _hits(db, _in_use(location_id).where(Patient.birth_date.in_(part)))
    return found


def look_alikes(
    db: Session,
    *,
    location_id: int,
    family_name: str,
    given_name: str,
    birth_date: dt.date | None,
    phone: str,
) -> list[PatientHit]:
    """Return who may be the same person: same phone, or same birth date and a similar name.

    One statement; none without phone and birth date. Merged and erased records are left out.
    """
    ways: list[_Hits] = []
    if phone:
        ways.append(_found_by(SearchKind.PHONE, "".join(c for c in phone if c.isdigit())[::-1]))
    if birth_date:
        ways.append(sa.select(Patient.id).where(Patient.birth_date == birth_date))
    if not ways:
        return []
    alike = _in_use(location_id).where(Patient.id.in_(_any_of(ways)))
    found = _hits(db, alike.limit(CANDIDATES))
    described = [
        patient_rules.with_likeness(
            hit,
            family_name=family_name,
            given_name=given_name,
            birth_date=birth_date,
            phone=phone,
        )
        for hit in found
    ]
    return sorted(
        (hit for hit in described if hit.likeness),
        key=lambda hit: (-len(hit.likeness), hit.family_name, hit.id),
    )


def search(
    db: Session, text: str, *, limit: int = 20, location_id: int | None = None
) -> list[PatientHit]:
    """Return who fits what was typed, best first; empty for nothing typed. None: all places.

    Parts of names in any order, accents and letter forms folded; the last digits of the phone;
    the file number; the birth date. One statement; a second one while there are few hits, for
    words that sound alike, and a third one while none is good, for typing mistakes.
    """
    terms = folding.parse(text, today=clock.now().date())
    if not terms:
        return []
    words = patient_rules.words_of(terms)
    base = _base(location_id)
    for term in terms:
        if not term.is_word:
            base = base.where(_fits(term, alone=len(terms) == 1))
    found: dict[int, PatientHit] = {}
    ranked: list[tuple[float, PatientHit]] = []
    is_narrow = len(words) < len(terms)
    for stage in (_as_written, _as_heard, _as_mistyped):
        found |= {hit.id: hit for hit in _hits(db, stage(base, words, is_narrow=is_narrow))}
        ranked = patient_rules.rank(found.values(), terms)
        if not words or patient_rules.is_enough(
            ranked, is_narrow=is_narrow, has_heard=stage is not _as_written
        ):
            break
    return [hit for _, hit in ranked[:limit]]


_survivor = aliased(Patient)


def _base(location_id: int | None) -> _Hits:
    rows: _Hits = (
        sa.select(
            Patient.id,
            Patient.family_name,
            Patient.given_name,
            Patient.birth_date,
            Patient.sex,
            Patient.phone,
            Patient.file_number,
            Patient.status,
            Patient.merged_into_id,
            _survivor.file_number.label("merged_into"),
        )
        .select_from(Patient)
        .outerjoin(_survivor, Patient.merged_into_id == _survivor.id)
    )
    return rows if location_id is None else rows.where(Patient.location_id == location_id)


def _in_use(location_id: int) -> _Hits:
    return _base(location_id).where(
        Patient.status.not_in([PatientStatus.MERGED, PatientStatus.ERASED])
    )


def _hits(db: Session, statement: _Hits) -> list[PatientHit]:
    return [
        PatientHit(
            id=row.id,
            family_name=row.family_name,
            given_name=row.given_name,
            born=row.birth_date,
            sex=row.sex,
            phone=row.phone,
            file_number=row.file_number,
            status=row.status,
            merged_into_id=row.merged_into_id,
            merged_into=row.merged_into or "",
        )
        for row in db.execute(statement)
    ]


def _begins(kind: SearchKind, key: str) -> sa.ColumnElement[bool]:
    """Keys of a kind that begin so, as a range of the primary key: needs no LIKE, no extension."""
    after = key[:-1] + chr(ord(key[-1]) + 1)
    return sa.and_(
        PatientSearchKey.kind == kind, PatientSearchKey.key >= key, PatientSearchKey.key < after
    )


def _is(kind: SearchKind, keys: Iterable[str]) -> sa.ColumnElement[bool]:
    return sa.and_(PatientSearchKey.kind == kind, PatientSearchKey.key.in_(sorted(keys)))


def _found_by(kind: SearchKind, *keys: str) -> _Hits:
    return sa.select(PatientSearchKey.patient_id).where(_is(kind, keys))


def _beginning_with(kind: SearchKind, key: str) -> _Hits:
    return sa.select(PatientSearchKey.patient_id).where(_begins(kind, key))


def _any_of(ways: Sequence[_Hits]) -> sa.CompoundSelect[*tuple[Any, ...]] | _Hits:
    return sa.union(*ways) if len(ways) > 1 else ways[0]


def _fits(term: Term, *, alone: bool) -> sa.ColumnElement[bool]:
    """Return the condition of a term that is no plain word: all that it may mean, as one set."""
    ways: list[_Hits] = []
    if term.digits:
        ways.append(_beginning_with(SearchKind.PHONE, term.digits[::-1][: folding.KEY_LENGTH]))
    if term.code:
        # Four digits are more often the end of a phone number than the beginning of a file's.
        way = _found_by if term.digits else _beginning_with
        ways.append(way(SearchKind.FILE, term.code))
    if term.latin:
        ways.append(_beginning_with(SearchKind.NAME, term.latin))
    if term.dates:
        ways.append(sa.select(Patient.id).where(Patient.birth_date.in_(term.dates)))
    fits = Patient.id.in_(_any_of(ways))
    if term.year is None or alone:
        return fits
    first = dt.date(term.year, 1, 1)
    return sa.or_(fits, Patient.birth_date.between(first, first.replace(month=12, day=31)))


def _as_written(base: _Hits, words: Sequence[Term], *, is_narrow: bool) -> _Hits:
    """Each word begins a word of the name; the longest one leads unless something else does."""
    rest = words
    if words and not is_narrow:
        lead, rest = words[0], words[1:]
        kind = SearchKind.ORIGINAL if lead.original else SearchKind.NAME
        base = (
            base.join(PatientSearchKey, PatientSearchKey.patient_id == Patient.id)
            .where(_begins(kind, lead.original or lead.latin))
            .order_by(PatientSearchKey.key, Patient.id)
        )
    for word in rest:
        # A key holds letters and digits only: nothing in it is a wildcard.
        base = base.where(Patient.search_text.like(f"% {word.original or word.latin}%"))
    return base.limit(CANDIDATES)


def _as_heard(base: _Hits, words: Sequence[Term], *, is_narrow: bool) -> _Hits:
    """Each word begins, or sounds like, a word of the name in whatever script."""
    del is_narrow
    return _each(base, [_heard(word) for word in words])


def _as_mistyped(base: _Hits, words: Sequence[Term], *, is_narrow: bool) -> _Hits:
    """As heard, or one typing mistake away from a word of the name."""
    del is_narrow
    ways = []
    for word in words:
        mistyped = folding.typo_keys(word.latin)
        more = [_found_by(SearchKind.DELETES, *mistyped)] if mistyped else []
        ways.append([*_heard(word), *more])
    return _each(base, ways)


def _heard(word: Term) -> list[_Hits]:
    whole = len(word.latin) < 3
    ways = [
        _found_by(SearchKind.NAME, word.latin)
        if whole
        else _beginning_with(SearchKind.NAME, word.latin)
    ]
    bones = folding.skeleton(word.latin)[: folding.SKELETON_LENGTH]
    if len(bones) >= 2:
        ways.append(_found_by(SearchKind.SKELETON, bones))
    if word.original:
        ways.append(_beginning_with(SearchKind.ORIGINAL, word.original))
    return ways


def _each(base: _Hits, ways: Sequence[Sequence[_Hits]]) -> _Hits:
    for way in ways:
        base = base.where(Patient.id.in_(sa.union_all(*way) if len(way) > 1 else way[0]))
    return base.limit(CANDIDATES)
