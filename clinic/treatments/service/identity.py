"""Whose tube it is: labels printed, the tube read at the chair, and the hard stop when it is not.

What is stamped here is nobody's typed text: it does not raise the preparation's version, so that
the card of blood and PRP stays open beside it. The session's lock keeps two readers apart.
"""

import secrets

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, refuse_unconfirmed
from clinic.core.errors import Conflict, Invalid, StaleEdit
from clinic.core.text import N_
from clinic.treatments.models import TreatmentSession
from clinic.treatments.preparation_models import Incident, PrpPreparation
from clinic.treatments.preparation_values import CheckTube, CloseIncident, IncidentKind
from clinic.treatments.queries import identity as queries
from clinic.treatments.queries import preparation as preparation_queries
from clinic.treatments.rules import tubes
from clinic.treatments.service.sessions import SIGNED, AlreadySigned
from clinic.treatments.values import SessionState

NO_CODE = N_("This is no code of a label: compare it sign by sign")
NOT_SAID = N_("Ask for name and date of birth first.")
NOBODYS = N_("No label of this clinic carries this code. Do not use this tube.")
CLOSED = N_("This incident is closed already.")
STALE = N_("Somebody else has changed this incident in the meantime. Look again.")
_UNREAD = {"identity_at": None, "identity_by_id": None}


class NotSaid(Invalid):
    """The right tube, but the patient was not asked."""


def print_label(db: Session, actor: Actor, session_id: int) -> str:
    """Return the code of a session's tube, made with its first label; each printing is counted.

    A label more can stick on another tube: what was read before counts no more. Raises NotFound,
    AlreadySigned.
    """
    session, row = _draft(db, actor, session_id)
    code = row.tube_code or _new_code(db)
    times = row.labels_printed + 1
    _stamp(db, row, tube_code=code, labels_printed=times, **_UNREAD)
    _leave_trace(db, actor, session, "label_printed", times=times)
    return code


def check(db: Session, actor: Actor, wish: CheckTube) -> Incident | Invalid | None:
    """Stamp that a tube is this patient's; None. Another's tube opens an incident, returned.

    While an incident is open nothing goes on: it is returned again. Nobody's code is returned as
    what is to be said at its field, and what was read before counts no more. Raises NotFound,
    AlreadySigned, Invalid for a code that is none, NotSaid.
    """
    session, row = _draft(db, actor, wish.session_id)
    standing = queries.open_incident(db, session.id)
    if standing is not None:
        return standing
    code = tubes.read(wish.code)
    if code is None:
        raise Invalid(NO_CODE, field="code")
    if code == row.tube_code:
        if not wish.is_said:
            raise NotSaid(NOT_SAID)
        _stamp(db, row, identity_at=clock.now(), identity_by_id=actor.id)
        _leave_trace(db, actor, session, "identity_checked")
        return None
    whose = queries.session_of(db, code)
    _stamp(db, row, **_UNREAD)
    if whose is None:
        _leave_trace(db, actor, session, "unknown_tube_read")
        return Invalid(NOBODYS, field="code")
    incident = Incident(
        kind=IncidentKind.WRONG_TUBE,
        session_id=session.id,
        other_session_id=whose,
        reported_by_id=actor.id,
        at=clock.now(),
    )
    db.add(incident)
    db.flush()  # The audit line names its id.
    _leave_incident_trace(db, actor, session.patient_id, incident, "opened")
    return incident


def close(db: Session, actor: Actor, wish: CloseIncident) -> Incident:
    """Say what was done about an incident; the tube can be read again.

    Raises NotFound, PasswordNeeded, Conflict when it is closed already, StaleEdit.
    """
    refuse_unconfirmed(actor, at=clock.now())
    incident = queries.hold(db, actor, wish.incident_id)
    if incident.closed_at is not None:
        raise Conflict(CLOSED)
    if incident.version != wish.version:
        raise StaleEdit(STALE)
    incident.closed_at, incident.closed_by_id = clock.now(), actor.id
    incident.closing_note = wish.note
    db.flush()  # Somebody faster is found before anything is said of it.
    session = db.get_one(TreatmentSession, incident.session_id)
    _leave_incident_trace(db, actor, session.patient_id, incident, "closed")
    return incident


def _draft(db: Session, actor: Actor, session_id: int) -> tuple[TreatmentSession, PrpPreparation]:
    session, row = preparation_queries.hold(db, actor, session_id)
    if session.state is SessionState.SIGNED:
        raise AlreadySigned(SIGNED)
    return session, row


def _new_code(db: Session) -> str:
    while True:
        code = tubes.with_check("".join(secrets.choice(tubes.SIGNS) for _ in range(tubes.DRAWN)))
        if queries.session_of(db, code) is None:
            return code


def _stamp(db: Session, row: PrpPreparation, **values: object) -> None:
    own = PrpPreparation.session_id == row.session_id
    db.execute(
        sa.update(PrpPreparation.__table__).where(own).values(**values)  # type: ignore[arg-type]  # a Table
    )
    db.expire(row)


def _leave_trace(
    db: Session, actor: Actor, session: TreatmentSession, done: str, **detail: int
) -> None:
    audit.record(
        db,
        actor,
        f"prp_preparation.{done}",
        "prp_preparation",
        session.id,
        patient_id=session.patient_id,
        detail=dict(detail),
    )


def _leave_incident_trace(
    db: Session, actor: Actor, patient_id: int, incident: Incident, done: str
) -> None:
    audit.record(
        db,
        actor,
        f"incident.{done}",
        "incident",
        incident.id,
        patient_id=patient_id,
        detail={"session": incident.session_id, "other_session": incident.other_session_id},
    )
