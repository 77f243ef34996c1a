"""Reading consent texts and signed papers."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from clinic.accounts.models import Account
from clinic.consents import rules
from clinic.consents.models import Consent, ConsentText, ConsentWithdrawal
from clinic.consents.values import (
    PHOTO_SCOPES,
    ConsentKind,
    Paper,
    Scope,
    Text,
    Version,
    Withdrawal,
)
from clinic.core.errors import NotFound
from clinic.core.text import N_

NO_TEXT = N_("There is no such text")
NO_CONSENT = N_("There is no such consent")
_HAS_WORDS = sa.cast(ConsentText.words, sa.String) != "{}"
_Own = aliased(ConsentText)
_NEWEST_OWN = (
    sa.select(_Own.id)
    .where(
        _Own.kind == sa.bindparam("kind"),
        _Own.in_force_from <= sa.bindparam("on"),
        _Own.service_id == sa.bindparam("service_id"),
    )
    .order_by(_Own.in_force_from.desc(), _Own.id.desc())
    .limit(1)
    .scalar_subquery()
)
_IN_FORCE = (
    sa.select(ConsentText)
    .where(
        ConsentText.kind == sa.bindparam("kind"),
        ConsentText.in_force_from <= sa.bindparam("on"),
        sa.or_(
            ConsentText.service_id.is_(None),
            sa.and_(ConsentText.id == _NEWEST_OWN, _HAS_WORDS),
        ),
    )
    .order_by(
        ConsentText.service_id.is_(None),  # A text of its own goes before one of its kind.
        ConsentText.in_force_from.desc(),
        ConsentText.id.desc(),
    )
    .limit(1)
)
_VERSION_IN_FORCE = _IN_FORCE.with_only_columns(ConsentText.version_name)


def text_in_force(
    db: Session, kind: ConsentKind, *, on: dt.date, service_id: int | None = None
) -> ConsentText | None:
    """Return what is to be signed before a service on a day: its own newest text, else its kind's.

    None where there is none; without a service, of the kind.
    """
    return db.scalar(_IN_FORCE, {"kind": kind, "on": on, "service_id": service_id})


def version_in_force(
    db: Session, kind: ConsentKind, *, on: dt.date, service_id: int | None = None
) -> str | None:
    """Return the name of that text; its words, in every language, are not read."""
    return db.scalar(_VERSION_IN_FORCE, {"kind": kind, "on": on, "service_id": service_id})


def texts(db: Session) -> Sequence[Text]:
    """Return what is or will be in force, by kind, newest first; also what took a text back."""
    rows = db.execute(
        sa.select(
            ConsentText.id,
            ConsentText.kind,
            ConsentText.service_id,
            ConsentText.version_name,
            ConsentText.in_force_from,
            _HAS_WORDS.label("has_words"),
        )
        .where(ConsentText.in_force_from.is_not(None))
        .order_by(ConsentText.kind, ConsentText.in_force_from.desc(), ConsentText.id.desc())
    )
    return [Text(**row._asdict()) for row in rows]


def text_of(db: Session, kind: ConsentKind, version_name: str) -> ConsentText | None:
    """Return one version of a text by its name; no draft, and nothing that took one back."""
    return db.scalar(
        sa.select(ConsentText).where(
            ConsentText.kind == kind,
            ConsentText.version_name == version_name,
            ConsentText.in_force_from.is_not(None),
            sa.or_(ConsentText.service_id.is_(None), _HAS_WORDS),
        )
    )


def text(db: Session, text_id: int) -> ConsentText:
    """Return a text, draft or not; raises NotFound."""
    found = db.get(ConsentText, text_id)
    if found is None:
        raise NotFound(NO_TEXT)
    return found


def draft_of(
    db: Session, kind: ConsentKind, *, service_id: int | None = None
) -> ConsentText | None:
    """Return the draft of a kind, or of a service; there is at most one."""
    return db.scalar(
        sa.select(ConsentText).where(
            ConsentText.kind == kind,
            ConsentText.service_id == service_id,
            ConsentText.in_force_from.is_(None),
        )
    )


def to_sign(db: Session, *, on: dt.date, service_id: int | None = None) -> Sequence[ConsentText]:
    """Return what can be read on the tablet before a service: one text a kind; two statements."""
    known = texts(db)
    applying = [rules.applying(known, kind, on=on, service_id=service_id) for kind in ConsentKind]
    ids = [text.id for text in applying if text is not None]
    found = db.scalars(sa.select(ConsentText).where(ConsentText.id.in_(ids)))
    rows = {row.id: row for row in found if row.words}
    return [rows[id_] for id_ in ids if id_ in rows]


def versions(db: Session) -> Sequence[Version]:
    """Return all versions of all texts by kind: the draft first, then newest first."""
    rows = db.execute(
        sa.select(ConsentText, Account.name)
        .outerjoin(Account, Account.id == ConsentText.approved_by_id)
        .order_by(ConsentText.kind, ConsentText.in_force_from.desc(), ConsentText.id.desc())
    )
    found = [
        Version(
            id=text.id,
            kind=text.kind,
            service_id=text.service_id,
            version_name=text.version_name,
            in_force_from=text.in_force_from,
            approved_by=name or "",
            approved_at=text.approved_at,
            languages=tuple(text.words),
        )
        for text, name in rows
    ]
    # Where NULL sorts differs between the databases.
    return sorted(found, key=lambda one: one.in_force_from is not None)


def get(db: Session, consent_id: int) -> Consent:
    """Return a signed paper; raises NotFound."""
    consent = db.get(Consent, consent_id)
    if consent is None:
        raise NotFound(NO_CONSENT)
    return consent


def by_form_key(db: Session, form_key: str) -> Consent | None:
    """Return the paper that a form with this one-time key already made."""
    return db.scalar(sa.select(Consent).where(Consent.form_key == form_key))


def of_patient(db: Session, records: sa.Select[int]) -> Sequence[Paper]:
    """Return the papers of a person's records, newest first; one statement."""
    return [paper for _, paper in _papers(db, _PAPERS.where(Consent.patient_id.in_(records)))]


def for_histories(db: Session, patient_ids: Iterable[int]) -> Sequence[tuple[int, Paper]]:
    """Return (patient id, paper) of many patients, newest first; one statement."""
    return _papers(db, _PAPERS_OF_MANY, {"ids": list(patient_ids)})


def paper(db: Session, consent_id: int) -> Paper:
    """Return a signed paper as it is shown; raises NotFound."""
    found = _papers(db, _PAPERS.where(Consent.id == consent_id))
    if not found:
        raise NotFound(NO_CONSENT)
    return found[0][1]


def photo_scopes(db: Session, records: sa.Select[int]) -> frozenset[Scope]:
    """Return what a person's photographs may be used for now; one statement.

    A scope holds from the paper that gave it until that paper's scope is withdrawn, whichever
    paper came later without its tick: not ticking again takes nothing back.
    """
    return frozenset(
        scope
        for paper in of_patient(db, records)
        for scope in paper.standing
        if scope in PHOTO_SCOPES
    )


def standing(db: Session, records: sa.Select[int], kind: ConsentKind) -> tuple[Scope, ...]:
    """Return what can be withdrawn now: a kind's treatment, and photographs of any paper.

    In the order of the ticks; one statement.
    """
    found = {
        scope
        for paper in of_patient(db, records)
        for scope in paper.standing
        if scope is not Scope.TREATMENT or paper.kind is kind
    }
    return tuple(scope for scope in Scope if scope in found)


# Made once: a new alias for each call took longer than the statement itself.
_withdrawer = aliased(Account)
_PAPERS = (
    sa.select(
        Consent.patient_id,
        Consent.id,
        Consent.kind,
        ConsentText.service_id,
        ConsentText.version_name,
        Consent.given_on,
        Account.name.label("taken_by"),
        Consent.recorded_at,
        Consent.photo_record,
        Consent.photo_teaching,
        Consent.photo_publication,
        Consent.signed_how,
        Consent.language,
        Consent.signer,
        Consent.guardian,
        ConsentWithdrawal.scope,
        ConsentWithdrawal.withdrawn_on,
        ConsentWithdrawal.reason,
        ConsentWithdrawal.signer.label("withdrawn_signer"),
        ConsentWithdrawal.guardian.label("withdrawn_guardian"),
        _withdrawer.name.label("withdrawn_by"),
    )
    .join(ConsentText, ConsentText.id == Consent.text_id)
    .join(Account, Account.id == Consent.taken_by_id)
    .outerjoin(ConsentWithdrawal, ConsentWithdrawal.consent_id == Consent.id)
    .outerjoin(_withdrawer, _withdrawer.id == ConsentWithdrawal.withdrawn_by_id)
    .order_by(Consent.given_on.desc(), Consent.id.desc(), ConsentWithdrawal.id)
)
_PAPERS_OF_MANY = _PAPERS.where(Consent.patient_id.in_(sa.bindparam("ids", expanding=True)))


def _papers(
    db: Session, asked: sa.Select[*tuple[Any, ...]], bounds: Mapping[str, object] | None = None
) -> Sequence[tuple[int, Paper]]:
    """Return papers, each from as many rows as it has withdrawals."""
    found: dict[int, tuple[int, Paper]] = {}
    withdrawals: dict[int, dict[Scope, Withdrawal]] = {}
    for row in db.execute(asked, bounds):
        withdrawn = withdrawals.setdefault(row.id, {})
        if row.scope is not None:
            withdrawn[row.scope] = Withdrawal(
                on=row.withdrawn_on,
                reason=row.reason,
                by=row.withdrawn_by,
                signer=row.withdrawn_signer or "",
                guardian=row.withdrawn_guardian or "",
            )
        if row.id not in found:
            found[row.id] = row.patient_id, _paper(row, withdrawn)
    return list(found.values())


def _paper(row: Any, withdrawals: Mapping[Scope, Withdrawal]) -> Paper:
    return Paper(
        id=row.id,
        kind=row.kind,
        service_id=row.service_id,
        text_version=row.version_name,
        given_on=row.given_on,
        taken_by=row.taken_by,
        recorded_at=row.recorded_at,
        given=given(row, row.kind),
        signed_how=row.signed_how,
        language=row.language,
        signer=row.signer,
        guardian=row.guardian,
        withdrawals=withdrawals,
    )


def given(row: Any, kind: ConsentKind) -> tuple[Scope, ...]:
    """Return what a row of `consent` agreed to: whoever signs a treatment's text agrees to it."""
    photos = tuple(scope for scope in PHOTO_SCOPES if getattr(row, scope.value))
    return photos if kind is ConsentKind.PHOTOGRAPHS else (Scope.TREATMENT, *photos)
