"""Reading what is typed and not kept yet, and the lines of the time-out."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.accounts.models import Account
from clinic.core.access import Actor
from clinic.core.errors import NotFound
from clinic.treatments.models import (
    InjectionSite,
    SessionDraft,
    TimeOutLine,
    TreatmentSession,
)
from clinic.treatments.preparation_models import PrpPreparation
from clinic.treatments.queries import sessions
from clinic.treatments.typed import Stamp, Typed
from clinic.treatments.values import (
    DraftStep,
    TimeOut,
)


def typed(db: Session, session_id: int, step: DraftStep) -> Typed | None:
    """Return what is typed into a form of a session and not kept; None mostly. One statement."""
    row = db.execute(
        sa.select(SessionDraft, Account.name)
        .join(Account, Account.id == SessionDraft.account_id)
        .where(SessionDraft.session_id == session_id, SessionDraft.step == step)
    ).one_or_none()
    if row is None:
        return None
    draft = row.SessionDraft
    return Typed(
        tab=draft.tab,
        seq=draft.seq,
        account_id=draft.account_id,
        by=row.name,
        typed_on=draft.typed_on,
        fields=tuple((str(name), str(text)) for name, text in draft.fields),
        saved_at=draft.saved_at,
    )


def hold(db: Session, actor: Actor, session_id: int) -> TreatmentSession:
    """Return a session of the actor's place without its parts, locked; raises NotFound."""
    found = db.scalar(
        sa.select(TreatmentSession)
        .where(TreatmentSession.id == session_id, TreatmentSession.location_id == actor.location_id)
        .with_for_update()
    )
    if found is None:
        raise NotFound(sessions.NO_SESSION)
    return found


def of_step(db: Session, session_id: int, step: DraftStep) -> SessionDraft | None:
    """Return the row of what is typed into a form of a session."""
    return db.scalar(
        sa.select(SessionDraft).where(
            SessionDraft.session_id == session_id, SessionDraft.step == step
        )
    )


def is_ready(db: Session, session_id: int) -> bool:
    """Tell whether all that comes before a first point is done: time-out, tube. Two statements."""
    said = sa.select(sa.func.count()).where(TimeOutLine.session_id == session_id)
    tubes = sa.select(PrpPreparation.session_id).where(
        PrpPreparation.session_id == session_id, PrpPreparation.identity_at.is_(None)
    )
    return db.scalar(said) == len(TimeOut) and db.scalar(tubes) is None


def has_points(db: Session, session_id: int) -> bool:
    """Tell whether a session has points that are kept. One statement."""
    kept = sa.select(InjectionSite.id).where(InjectionSite.session_id == session_id)
    return db.scalar(kept.limit(1)) is not None


def time_out(db: Session, session_id: int) -> dict[TimeOut, Stamp]:
    """Return who said which line of the time-out, and when. One statement."""
    rows = db.execute(
        sa.select(TimeOutLine.line, TimeOutLine.at, Account.name)
        .join(Account, Account.id == TimeOutLine.account_id)
        .where(TimeOutLine.session_id == session_id)
    )
    return {row.line: Stamp(by=row.name, at=row.at) for row in rows}
