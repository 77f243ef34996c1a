"""Writing the next version of a consent text, and putting it in force by name and date."""

import datetime as dt

from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.consents import queries, rules, shipped
from clinic.consents.models import ConsentText
from clinic.consents.values import ConsentKind, DraftText, PutInForce, TakeTextBack
from clinic.core import clock, standards
from clinic.core.access import Actor, refuse_unconfirmed
from clinic.core.errors import Conflict, Invalid, StaleEdit
from clinic.core.text import N_

NOT_NEWEST = N_("Only the newest text of a service, once it is in force, can be taken back.")
STALE = N_("Somebody else changed this text since you opened it.")


class Incomplete(Invalid):
    """A text lacks what a consent text must hold; `missing` is (language, element) of each."""

    def __init__(self, missing: tuple[tuple[str, str], ...]) -> None:
        super().__init__(N_("This text is not complete: it cannot be put in force."))
        self.missing = missing


def base_of(db: Session, kind: ConsentKind, *, service_id: int | None = None) -> rules.Words:
    """Return the words that the next version begins with.

    Of the newest of the service, else of the kind, else of the example.
    """
    worded = [one for one in queries.versions(db) if one.kind is kind and one.languages]
    newest = next(
        (one for whose in (service_id, None) for one in worded if one.service_id == whose), None
    )
    return shipped.words(kind) if newest is None else queries.text(db, newest.id).words


def draft(db: Session, actor: Actor, wish: DraftText) -> ConsentText:
    """Keep one language of the next version of a text; the first time it copies the newest.

    Raises StaleEdit when somebody else was faster.
    """
    row = queries.draft_of(db, wish.kind, service_id=wish.service_id)
    if wish.version != (row.version if row is not None else 0):
        raise StaleEdit(STALE)
    if row is None:
        names = [one.version_name for one in queries.versions(db) if one.kind is wish.kind]
        row = ConsentText(
            kind=wish.kind,
            service_id=wish.service_id,
            version_name=rules.next_version(names),
            words=dict(base_of(db, wish.kind, service_id=wish.service_id)),
        )
        db.add(row)
    said = {
        element: [shipped.heading(element, wish.language), wish.said.get(element, "").strip()]
        for element in rules.elements(wish.kind)
    }
    others = {language: row.words[language] for language in row.words if language != wish.language}
    is_said = any(text for _, text in said.values())
    row.words = {**others, wish.language: said} if is_said else others
    db.flush()  # The audit line names its id.
    audit.record(
        db, actor, "consent_text.drafted", "consent_text", row.id, detail={"in": wish.language}
    )
    return row


def put_in_force(db: Session, actor: Actor, wish: PutInForce) -> ConsentText:
    """Put a draft in force from today or a later day on; from then on it never changes.

    Raises PasswordNeeded, NotFound, Conflict for one that is in force, StaleEdit when it was
    changed since it was read, Incomplete, and Invalid for a day in the past or not after the day
    of the version before.
    """
    refuse_unconfirmed(actor, at=clock.now())
    standards.change(db)
    row = queries.text(db, wish.text_id)
    if row.in_force_from is not None:
        raise Conflict(N_("This text is in force already."))
    if row.version != wish.version:
        raise StaleEdit(STALE)
    lacking = rules.missing(row.kind, row.words)
    if lacking:
        raise Incomplete(lacking)
    _refuse_past(actor, wish.in_force_from)
    _refuse_before_another(db, row, wish.in_force_from)
    row.in_force_from = wish.in_force_from
    row.approved_by_id, row.approved_at = actor.id, clock.now()
    audit.record(
        db,
        actor,
        "consent_text.approved",
        "consent_text",
        row.id,
        detail={"from": wish.in_force_from.isoformat()},
    )
    return row


def take_back(db: Session, actor: Actor, wish: TakeTextBack) -> ConsentText:
    """Take the text of one service back: from a day on that of its kind counts again.

    A version without words, which never changes either. Raises PasswordNeeded, NotFound, Conflict
    for a text that is not the newest of a service, Invalid as putting in force does.
    """
    refuse_unconfirmed(actor, at=clock.now())
    standards.change(db)
    row = queries.text(db, wish.text_id)
    known = queries.texts(db)
    own = (one for one in known if (one.kind, one.service_id) == (row.kind, row.service_id))
    newest = next(own, None)
    if row.service_id is None or newest is None or newest.id != row.id or not row.words:
        raise Conflict(NOT_NEWEST)
    _refuse_past(actor, wish.in_force_from)
    _refuse_before_another(db, row, wish.in_force_from)
    names = [one.version_name for one in queries.versions(db) if one.kind is row.kind]
    made = ConsentText(
        kind=row.kind,
        service_id=row.service_id,
        version_name=rules.next_version(names),
        in_force_from=wish.in_force_from,
        approved_by_id=actor.id,
        approved_at=clock.now(),
    )
    db.add(made)
    db.flush()  # The audit line names its id.
    audit.record(
        db,
        actor,
        "consent_text.taken_back",
        "consent_text",
        made.id,
        detail={"from": wish.in_force_from.isoformat(), "text": row.id},
    )
    return made


def _refuse_past(actor: Actor, on: dt.date) -> None:
    if on < clock.today(actor.zone):
        raise Invalid(N_("Not before today: what was signed before was signed"), field="in_force")


def _refuse_before_another(db: Session, row: ConsentText, on: dt.date) -> None:
    """Refuse a day on which another version of the same text would still be to come."""
    later = [
        text.in_force_from
        for text in queries.texts(db)
        if (text.kind, text.service_id) == (row.kind, row.service_id) and text.in_force_from > on
    ]
    if later:
        raise Invalid(
            N_("Another version comes in force on %(date)s: choose that day or a later one"),
            field="in_force",
            date=max(later).isoformat(),
        )
