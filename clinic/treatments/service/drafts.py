"""Keeping what is typed before it is judged, so that no word is lost.

One page writes at a time. Another one of the same person may go on when it shows all that was
typed; another person takes over with a press. Nothing that a page has not seen is overwritten.
"""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import Conflict, Invalid, StaleEdit
from clinic.core.text import N_
from clinic.treatments import points
from clinic.treatments.models import SessionDraft, TreatmentSession
from clinic.treatments.preparation_models import PrpPreparation
from clinic.treatments.queries import drafts as queries
from clinic.treatments.typed import KeepTyped, Typed
from clinic.treatments.values import (
    DraftStep,
    Page,
    SessionState,
)

MOST = 300_000
"""Characters of a form that are kept before they are judged: 400 points are 40 000."""
MOST_FIELDS = 400
TOO_MUCH = N_("This is more than can be kept while you type. Save the draft.")
KEPT_MEANWHILE = N_("This session was saved on another page. Save here too, to compare both texts.")
LOCKED = N_("This session was signed on another page.")
ELSEWHERE = N_("Opened on another page by %(by)s; this one no longer saves what you type.")
MOVED = N_("Blood and PRP were changed since this page was opened. Look at them, then sign again.")
UNSEEN = N_(
    "%(by)s has typed something on another page that is not kept yet. "
    "Open the session again to see it, then keep it or discard it."
)


class PreparationMoved(Conflict):
    """Blood and PRP are not what the page of the signature has shown."""


class TypedElsewhere(Conflict):
    """Another page writes; `is_new` tells whether it holds words that this page has not shown."""

    def __init__(self, message: str, held: Typed, *, is_new: bool) -> None:
        super().__init__(message, by=held.by)
        self.held, self.is_new = held, is_new


def keep(db: Session, actor: Actor, wish: KeepTyped) -> int:
    """Keep what is typed as it is; return the number of the text that is kept now.

    An older text than the kept one of the same page changes nothing. It is written every few
    seconds: the trail has a line when a page begins to write, not for each. Raises NotFound,
    TypedElsewhere, Conflict when signed, StaleEdit when the form was kept meanwhile, Invalid.
    """
    if len(wish.fields) > MOST_FIELDS or sum(len(n) + len(t) for n, t in wish.fields) > MOST:
        raise Invalid(TOO_MUCH)
    session = _open(db, actor, wish)
    row = queries.of_step(db, session.id, wish.step)
    if row is None:
        row = SessionDraft(
            session_id=session.id,
            step=wish.step,
            account_id=actor.id,
            tab=wish.page.tab,
            seq=wish.seq,
            typed_on=wish.version,
            fields=_rows(wish),
            saved_at=clock.now(),
        )
        db.add(row)
    else:
        begins = row.tab != wish.page.tab
        if begins:
            _refuse_other(db, actor, wish)
        elif wish.seq <= row.seq:
            return row.seq
        row.account_id, row.tab, row.seq = actor.id, wish.page.tab, max(wish.seq, row.seq + 1)
        row.typed_on, row.fields, row.saved_at = wish.version, _rows(wish), clock.now()
        if not begins:
            _note_first_point(db, session, wish)
            return row.seq
    _note_first_point(db, session, wish)
    audit.record(
        db,
        actor,
        "treatment_session.typed_in",
        "treatment_session",
        session.id,
        patient_id=session.patient_id,
    )
    return row.seq


def check(db: Session, actor: Actor, wish: KeepTyped) -> None:
    """Raise what keeping would raise; writes nothing."""
    session = _open(db, actor, wish)
    row = queries.of_step(db, session.id, wish.step)
    if row is not None and row.tab != wish.page.tab:
        _refuse_other(db, actor, wish)


def discard(db: Session, actor: Actor, session_id: int, step: DraftStep, page: Page) -> None:
    """Throw away what is typed and not kept, as this page shows it.

    Done twice it changes nothing. Raises NotFound, TypedElsewhere when there are newer words.
    """
    session = queries.hold(db, actor, session_id)
    row = queries.of_step(db, session.id, step)
    if row is None:
        return
    settle(db, session.id, step, page)
    if step is DraftStep.SESSION and not queries.has_points(db, session.id):
        _stamp(db, session, None)
    audit.record(
        db,
        actor,
        "treatment_session.untyped",
        "treatment_session",
        session.id,
        patient_id=session.patient_id,
    )


def drop(db: Session, session_id: int, step: DraftStep, page: Page) -> None:
    """Delete what this page typed or showed, now that it is kept; words it never saw stay."""
    db.execute(
        sa.delete(SessionDraft).where(
            SessionDraft.session_id == session_id,
            SessionDraft.step == step,
            (SessionDraft.tab == page.tab) | (SessionDraft.seq <= page.seen),
        )
    )


def settle(db: Session, session_id: int, step: DraftStep, page: Page) -> None:
    """Delete what this page typed or showed; raises TypedElsewhere when there are newer words."""
    drop(db, session_id, step, page)
    left = queries.typed(db, session_id, step)
    if left is not None:
        raise TypedElsewhere(UNSEEN, left, is_new=True)


def settle_all(db: Session, session_id: int, page: Page) -> None:
    """Before a signature: no form of the session holds words that are not kept.

    Raises TypedElsewhere when one does.
    """
    settle(db, session_id, DraftStep.SESSION, page)
    for step in DraftStep:
        settle(db, session_id, step, Page())


def refuse_unseen(session: TreatmentSession, prepared_version: int | None) -> None:
    """Raise PreparationMoved when blood and PRP were kept after the page had shown them."""
    row = session.preparation
    if row is not None and prepared_version not in {None, row.version}:
        raise PreparationMoved(MOVED)


def _note_first_point(db: Session, session: TreatmentSession, wish: KeepTyped) -> None:
    """Stamp when the first point was typed after all that comes before it, or take that back.

    What was typed earlier was planned. Whether it is kept is not known yet; but when it began is.
    """
    if wish.step is not DraftStep.SESSION:
        return
    is_begun = session.first_point_at is not None
    has_points = _has_points(wish)
    if has_points and not is_begun and queries.is_ready(db, session.id):
        _stamp(db, session, clock.now())
    elif is_begun and not has_points and not queries.has_points(db, session.id):
        _stamp(db, session, None)


def _has_points(wish: KeepTyped) -> bool:
    try:
        return bool(points.loads(dict(wish.fields).get("points", "")))
    except Invalid:
        return False


def _stamp(db: Session, session: TreatmentSession, at: dt.datetime | None) -> None:
    """Set the time of the first point; the version stays: nobody has changed what is kept."""
    own = TreatmentSession.__table__.c.id == session.id
    table = sa.update(TreatmentSession.__table__)  # type: ignore[arg-type]  # a Table
    db.execute(table.where(own).values(first_point_at=at))
    db.expire(session, ["first_point_at"])


def _open(db: Session, actor: Actor, wish: KeepTyped) -> TreatmentSession:
    session = queries.hold(db, actor, wish.session_id)
    if session.state is SessionState.SIGNED:
        raise Conflict(LOCKED)
    if _version(db, session, wish.step) != wish.version:
        raise StaleEdit(KEPT_MEANWHILE)
    return session


def _version(db: Session, session: TreatmentSession, step: DraftStep) -> int | None:
    """Return the version of what a form writes: blood and PRP have their own."""
    if step is not DraftStep.PREPARATION:
        return session.version
    own = PrpPreparation.session_id == session.id
    return db.scalar(sa.select(PrpPreparation.version).where(own))


def _refuse_other(db: Session, actor: Actor, wish: KeepTyped) -> None:
    held = queries.typed(db, wish.session_id, wish.step)
    assert held is not None, "the row was just read"
    is_new = held.seq > wish.page.seen
    if is_new or (held.account_id != actor.id and not wish.takes_over):
        raise TypedElsewhere(ELSEWHERE, held, is_new=is_new)


def _rows(wish: KeepTyped) -> list[list[str]]:
    return [[name, text] for name, text in wish.fields]
