"""Finding patients: who fits a search, who may be the same person, who is born on a day."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from clinic.core import clock, folding
from clinic.core.folding import Term
from clinic.patients import rules as patient_rules
from clinic.patients.models import Patient, PatientSearchKey
from clinic.patients.values import Alias, PatientHit, PatientStatus, SearchKind

CANDIDATES = 300
"""Most rows that one stage of a search looks at before ranking."""
_FIELD, _RECORD = "\x1f", "\x1e"
"""What stands between the parts of an alias, and between aliases: no name can hold it."""
_Hits = sa.Select[*tuple[Any, ...]]
SHOWN: list[Callable[[_Hits], _Hits]] = []
"""Joins by which a floor above lets a search say more of each hit (`next_at`, `is_held`) in the
same statement; the application fills it in when it is made."""


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
        ways += _born([birth_date])
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


def hits_of(db: Session, ids: Iterable[int], *, location_id: int) -> dict[int, PatientHit]:
    """Return {id: hit} of records in use; one statement."""
    wanted = _in_use(location_id).where(Patient.id.in_(list(ids)))
    return {hit.id: hit for hit in _hits(db, wanted)}


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
    for join in SHOWN:
        base = join(base)
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


_merged = aliased(Patient)
_ALIASES = (
    sa.select(
        sa.func.aggregate_strings(
            _merged.family_name
            + _FIELD
            + _merged.given_name
            + _FIELD
            + _merged.phone
            + _FIELD
            + _merged.file_number,
            _RECORD,
        )
    )
    .where(_merged.merged_into_id == Patient.id)
    .correlate(Patient)
    .scalar_subquery()
)


# Made once, as everything that each search asks.
_ON_FILE: _Hits = (
    sa.select(
        Patient.id,
        Patient.family_name,
        Patient.given_name,
        Patient.birth_date,
        Patient.sex,
        Patient.phone,
        Patient.file_number,
        Patient.status,
        _ALIASES.label("aliases"),
    )
    .select_from(Patient)
    .where(Patient.status != PatientStatus.MERGED)  # no index: each would be a worse way in
)


def _base(location_id: int | None) -> _Hits:
    return _ON_FILE if location_id is None else _ON_FILE.where(Patient.location_id == location_id)


def _in_use(location_id: int) -> _Hits:
    return _base(location_id).where(Patient.status != PatientStatus.ERASED)


def _hits(db: Session, statement: _Hits) -> list[PatientHit]:
    """Read hits by place: asking each row for its columns by name took longer than the rest."""
    found = []
    for row in db.execute(statement):
        id_, family_name, given_name, born, sex, phone, file_number, status, aliases, *said = row
        next_at, is_held = said or (None, False)
        found.append(
            PatientHit(
                id=id_,
                family_name=family_name,
                given_name=given_name,
                born=born,
                sex=sex,
                phone=phone,
                file_number=file_number,
                status=status,
                aliases=_aliases(aliases),
                next_at=next_at,
                is_held=bool(is_held),
            )
        )
    return found


def _aliases(joined: str | None) -> tuple[Alias, ...]:
    if not joined:
        return ()
    found = []
    for record in joined.split(_RECORD):
        family_name, given_name, phone, file_number = record.split(_FIELD)
        found.append(
            Alias(
                family_name=family_name,
                given_name=given_name,
                phone=phone,
                file_number=file_number,
            )
        )
    return tuple(sorted(found, key=lambda one: one.file_number))


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


def _born(days: Iterable[dt.date]) -> list[_Hits]:
    """Whose record, or a record that was merged into it, says one of the days."""
    is_born = Patient.birth_date.in_(list(days))
    return [
        sa.select(Patient.id).where(is_born),
        sa.select(Patient.merged_into_id).where(is_born, Patient.merged_into_id.is_not(None)),
    ]


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
        ways += _born(term.dates)
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
