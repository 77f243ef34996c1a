"""Reading consent texts and signed papers."""

import datetime as dt
from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from clinic.accounts.models import Account
from clinic.consents.models import Consent, ConsentText
from clinic.consents.values import ConsentKind, Paper, Text
from clinic.core.errors import NotFound
from clinic.core.text import N_

_IN_FORCE = (
    sa.select(ConsentText)
    .where(
        ConsentText.kind == sa.bindparam("kind"),
        ConsentText.in_force_from <= sa.bindparam("on"),
    )
    .order_by(ConsentText.in_force_from.desc(), ConsentText.id.desc())
    .limit(1)
)


def text_in_force(db: Session, kind: ConsentKind, *, on: dt.date) -> ConsentText | None:
    """Return the newest text of a kind that is in force on a day; None where there is none."""
    return db.scalar(_IN_FORCE, {"kind": kind, "on": on})


def texts(db: Session) -> Sequence[Text]:
    """Return all texts, by kind, newest first."""
    rows = db.execute(
        sa.select(ConsentText.kind, ConsentText.version_name, ConsentText.in_force_from).order_by(
            ConsentText.kind, ConsentText.in_force_from.desc(), ConsentText.id.desc()
        )
    )
    return [Text(**row._asdict()) for row in rows]


def text_of(db: Session, kind: ConsentKind, version_name: str) -> ConsentText | None:
    """Return one version of a text by its name."""
    return db.scalar(
        sa.select(ConsentText).where(
            ConsentText.kind == kind, ConsentText.version_name == version_name
        )
    )


def get(db: Session, consent_id: int) -> Consent:
    """Return a signed paper; raises NotFound."""
    consent = db.get(Consent, consent_id)
    if consent is None:
        raise NotFound(N_("There is no such consent"))
    return consent


def by_form_key(db: Session, form_key: str) -> Consent | None:
    """Return the paper that a form with this one-time key already made."""
    return db.scalar(sa.select(Consent).where(Consent.form_key == form_key))


def of_patient(db: Session, records: sa.Select[int]) -> Sequence[Paper]:
    """Return the papers of a person's records, newest first; one statement."""
    return [paper for _, paper in _papers(db, Consent.patient_id.in_(records))]


def for_histories(db: Session, patient_ids: Iterable[int]) -> Sequence[tuple[int, Paper]]:
    """Return (patient id, paper) of many patients, newest first; one statement."""
    return _papers(db, Consent.patient_id.in_(list(patient_ids)))


# Made once: a new alias for each call took longer than the statement itself.
_withdrawer = aliased(Account)
_PAPERS = (
    sa.select(
        Consent.patient_id,
        Consent.id,
        Consent.kind,
        ConsentText.version_name,
        Consent.given_on,
        Account.name.label("taken_by"),
        Consent.recorded_at,
        Consent.withdrawn_on,
        Consent.withdrawn_reason,
        _withdrawer.name.label("withdrawn_by"),
    )
    .join(ConsentText, ConsentText.id == Consent.text_id)
    .join(Account, Account.id == Consent.taken_by_id)
    .outerjoin(_withdrawer, _withdrawer.id == Consent.withdrawn_by_id)
    .order_by(Consent.given_on.desc(), Consent.id.desc())
)


def _papers(db: Session, whose: sa.ColumnElement[bool]) -> Sequence[tuple[int, Paper]]:
    rows = db.execute(_PAPERS.where(whose))
    return [
        (
            row.patient_id,
            Paper(
                id=row.id,
                kind=row.kind,
                text_version=row.version_name,
                given_on=row.given_on,
                taken_by=row.taken_by,
                recorded_at=row.recorded_at,
                withdrawn_on=row.withdrawn_on,
                withdrawn_by=row.withdrawn_by or "",
                withdrawn_reason=row.withdrawn_reason,
            ),
        )
        for row in rows
    ]
