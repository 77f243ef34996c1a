"""Recording that a consent paper was signed, and that it was withdrawn.

Whoever calls these sits above scheduling and screens the patient's visits again in the same
transaction: a consent is one of the things a check looks at.
"""

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.consents import queries, shipped
from clinic.consents.models import Consent, ConsentText, ConsentWithdrawal
from clinic.consents.values import (
    ConsentKind,
    Paper,
    RecordConsent,
    Scope,
    SignConsent,
    SignedHow,
    SignWithdrawal,
    WithdrawConsent,
)
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import Conflict, Invalid
from clinic.core.text import N_

NO_REASON = "\N{EN DASH}"
"""Nobody has to say why; the column is never empty."""
FIRST_VERSION, NEXT_VERSION = "1.0", "2.0"
FIRST_IN_FORCE_FROM = dt.date(2020, 1, 1)


class AlreadyWithdrawn(Conflict):
    """The consent was withdrawn before."""


def record(db: Session, actor: Actor, wish: RecordConsent) -> Consent:
    """Record a signed paper; the same one-time key returns the paper it made before.

    Raises Invalid for an unknown text version, a language that it is not written in, a day to come,
    or one before the text was in force.
    """
    if wish.form_key is not None:
        earlier = queries.by_form_key(db, wish.form_key)
        if earlier is not None and earlier.patient_id == wish.patient_id:
            return earlier
    text = queries.text_of(db, wish.kind, wish.text_version)
    if text is None:
        raise Invalid(N_("There is no such version of this text"), field="text_version")
    if text.words and wish.language not in text.words:
        raise Invalid(N_("This version is not written in this language"), field="language")
    if wish.kind is ConsentKind.PHOTOGRAPHS and not wish.photos:
        raise Invalid(N_("Tick what is agreed to on this paper"), field="photos")
    if wish.given_on > clock.today(actor.zone):
        raise Invalid(N_("This day is still to come"), field="given_on")
    assert text.in_force_from is not None, "no draft is found by its name"
    if wish.given_on < text.in_force_from:
        raise Invalid(
            N_("This version of the text has only been in force since %(date)s"),
            field="given_on",
            date=text.in_force_from.isoformat(),
        )

    consent = Consent(
        patient_id=wish.patient_id,
        text_id=text.id,
        taken_by_id=actor.id,
        kind=wish.kind,
        given_on=wish.given_on,
        language=wish.language,
        signer=wish.signer,
        guardian=wish.guardian,
        interpreter=wish.interpreter,
        recorded_at=clock.now(),
        form_key=wish.form_key,
        photo_record=Scope.PHOTO_RECORD in wish.photos,
        photo_teaching=Scope.PHOTO_TEACHING in wish.photos,
        photo_publication=Scope.PHOTO_PUBLICATION in wish.photos,
    )
    db.add(consent)
    db.flush()  # The audit line names its id.
    audit.record(
        db, actor, "consent.recorded", "consent", consent.id, patient_id=consent.patient_id
    )
    return consent


def sign(db: Session, wish: SignConsent, *, witness_id: int, on: dt.date) -> Consent:
    """Keep a consent as it was read and signed on the tablet; whoever calls it audits it.

    The one who handed the tablet over is the witness. Raises NotFound, Invalid for a language that
    the text is not written in.
    """
    text = queries.text(db, wish.text_id)
    if wish.language not in text.words:
        raise Invalid(N_("The language was changed meanwhile. Please read the text again."))
    consent = Consent(
        patient_id=wish.patient_id,
        text_id=text.id,
        taken_by_id=witness_id,
        kind=text.kind,
        given_on=on,
        photo_record=Scope.PHOTO_RECORD in wish.photos,
        photo_teaching=Scope.PHOTO_TEACHING in wish.photos,
        photo_publication=Scope.PHOTO_PUBLICATION in wish.photos,
        signed_how=SignedHow.TYPED if wish.strokes is None else SignedHow.DRAWN,
        language=wish.language,
        signer=wish.signer,
        guardian=wish.guardian,
        interpreter=wish.interpreter,
        strokes=wish.strokes,
        recorded_at=clock.now(),
    )
    db.add(consent)
    db.flush()  # The audit line names its id, and the check that follows must find it.
    return consent


def withdraw(
    db: Session, actor: Actor, wish: WithdrawConsent, *, records: sa.Select[int] | None = None
) -> Consent:
    """Record that scopes of a consent do not hold any more from a day on.

    What is withdrawn is withdrawn on every paper of the person's `records` that gave it until that
    day, the treatment on those of its kind: a No means all of them.

    Raises NotFound, AlreadyWithdrawn, Invalid for a scope that was not given, a day before it was
    given or still to come. Two who withdraw at once: the database lets one of them.
    """
    consent = queries.get(db, wish.consent_id)
    paper = queries.paper(db, consent.id)
    if not paper.standing or wish.scopes.intersection(paper.withdrawals):
        raise AlreadyWithdrawn(N_("This consent was withdrawn before."))
    if not wish.scopes or not wish.scopes <= set(paper.given):
        raise Invalid(N_("Tick what is withdrawn"), field="scopes")
    if wish.withdrawn_on < consent.given_on:
        raise Invalid(
            N_("It was only given on %(date)s"),
            field="withdrawn_on",
            date=consent.given_on.isoformat(),
        )
    if wish.withdrawn_on > clock.today(actor.zone):
        raise Invalid(N_("This day is still to come"), field="withdrawn_on")

    others = queries.of_patient(db, records) if records is not None else ()
    said = [(paper.id, scope) for scope in paper.given if scope in wish.scopes]
    said += [
        (other, scope)
        for other, scope in _standing(others, paper.kind, wish.scopes, on=wish.withdrawn_on)
        if other != paper.id
    ]
    db.add_all(
        ConsentWithdrawal(
            consent_id=consent_id,
            withdrawn_by_id=actor.id,
            scope=scope,
            withdrawn_on=wish.withdrawn_on,
            reason=wish.reason.strip(),
            recorded_at=clock.now(),
        )
        for consent_id, scope in said
    )
    db.flush()  # Who checks the visits in this transaction must find it.
    audit.record(
        db,
        actor,
        "consent.withdrawn",
        "consent",
        consent.id,
        patient_id=consent.patient_id,
        detail={"scopes": sorted(wish.scopes)},
    )
    return consent


def sign_withdrawal(
    db: Session, wish: SignWithdrawal, records: sa.Select[int], *, witness_id: int, on: dt.date
) -> list[int]:
    """Keep a withdrawal as it was signed on the tablet, of every paper that it is of; return those.

    Whoever calls it holds the patient's record and audits it. Raises Invalid where nothing of it
    stands.
    """
    said = _standing(queries.of_patient(db, records), wish.kind, wish.scopes, on=on)
    if not said:
        raise Invalid(N_("Tick what is withdrawn"), field="scopes")
    db.add_all(
        ConsentWithdrawal(
            consent_id=consent_id,
            withdrawn_by_id=witness_id,
            scope=scope,
            withdrawn_on=on,
            reason=wish.reason or NO_REASON,
            recorded_at=clock.now(),
            signer=wish.signer,
            guardian=wish.guardian,
            strokes=wish.strokes,
        )
        for consent_id, scope in said
    )
    db.flush()  # Who checks the visits in this transaction must find it.
    return sorted({consent_id for consent_id, _ in said})


def _standing(
    papers: Sequence[Paper], kind: ConsentKind, scopes: frozenset[Scope], *, on: dt.date
) -> list[tuple[int, Scope]]:
    """Return (paper, scope) of what stands of some scopes, the treatment of one kind only."""
    return [
        (paper.id, scope)
        for paper in papers
        for scope in paper.standing
        if scope in scopes
        and (scope is not Scope.TREATMENT or paper.kind is kind)
        and paper.given_on <= on
    ]


def install_defaults(db: Session) -> None:
    """Give a new clinic a first version of each text, on paper, and the example as a draft.

    What is there is left alone. Nothing that nobody reviewed is in force: the example waits for a
    physician.
    """
    have = {text.kind for text in queries.texts(db)}
    for kind in ConsentKind:
        if kind not in have:
            first = ConsentText(
                kind=kind, version_name=FIRST_VERSION, in_force_from=FIRST_IN_FORCE_FROM
            )
            draft = ConsentText(kind=kind, version_name=NEXT_VERSION, words=shipped.words(kind))
            db.add_all([first, draft])
    db.flush()  # Who records a paper right after must find its text.
