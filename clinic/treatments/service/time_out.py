"""The five lines said before the first point: each stamped by who said it, until the signature."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import Conflict
from clinic.core.text import N_
from clinic.treatments.models import TimeOutLine, TreatmentSession
from clinic.treatments.queries import drafts as queries
from clinic.treatments.values import SessionState, TimeOut

SIGNED = N_("This session is signed. Nothing in it can be changed: add an addendum instead.")


def say(db: Session, actor: Actor, session_id: int, line: TimeOut) -> None:
    """Stamp a line; said twice, the first time counts. Raises NotFound, Conflict when signed."""
    session = _draft(db, actor, session_id)
    if line in queries.time_out(db, session.id):
        return
    db.add(TimeOutLine(session_id=session.id, line=line, account_id=actor.id, at=clock.now()))
    _leave_trace(db, actor, session, "said", line)


def take_back(db: Session, actor: Actor, session_id: int, line: TimeOut) -> None:
    """Take a line back that was tapped in error. Raises NotFound, Conflict when signed."""
    session = _draft(db, actor, session_id)
    gone = sa.delete(TimeOutLine).where(
        TimeOutLine.session_id == session.id, TimeOutLine.line == line
    )
    taken = db.execute(gone)
    assert isinstance(taken, sa.CursorResult)
    if taken.rowcount:
        _leave_trace(db, actor, session, "unsaid", line)


def _draft(db: Session, actor: Actor, session_id: int) -> TreatmentSession:
    session = queries.hold(db, actor, session_id)
    if session.state is SessionState.SIGNED:
        raise Conflict(SIGNED)
    return session


def _leave_trace(
    db: Session, actor: Actor, session: TreatmentSession, done: str, line: TimeOut
) -> None:
    audit.record(
        db,
        actor,
        f"treatment_session.{done}",
        "treatment_session",
        session.id,
        patient_id=session.patient_id,
        detail={"line": line.value},
    )
