"""Reading whose tube is whose, and what went wrong with one."""

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from clinic.accounts.models import Account
from clinic.core.access import Actor
from clinic.core.errors import NotFound
from clinic.core.text import N_
from clinic.patients.models import Patient
from clinic.treatments.models import TreatmentSession
from clinic.treatments.preparation_models import Incident, PrpPreparation
from clinic.treatments.preparation_values import IncidentCard

NO_INCIDENT = N_("There is no such incident")


def session_of(db: Session, code: str) -> int | None:
    """Return whose label carries a code; None for nobody's. One statement."""
    return db.scalar(sa.select(PrpPreparation.session_id).where(PrpPreparation.tube_code == code))


def open_incident(db: Session, session_id: int) -> Incident | None:
    """Return the incident at a session's chair that nobody has closed. One statement."""
    return db.scalar(
        sa.select(Incident)
        .where(Incident.session_id == session_id, Incident.closed_at.is_(None))
        .order_by(Incident.id.desc())
        .limit(1)
    )


def hold(db: Session, actor: Actor, incident_id: int) -> Incident:
    """Return an incident of the actor's place, locked; raises NotFound."""
    found = db.scalar(
        sa.select(Incident)
        .join(TreatmentSession, TreatmentSession.id == Incident.session_id)
        .where(Incident.id == incident_id, TreatmentSession.location_id == actor.location_id)
        .with_for_update(of=Incident)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(NO_INCIDENT)
    return found


def open_incidents(db: Session, location_id: int) -> list[IncidentCard]:
    """Return what nobody has closed at a place, oldest first. One statement."""
    return _cards(db, TreatmentSession.location_id == location_id, Incident.closed_at.is_(None))


def of_session(db: Session, session_id: int) -> list[IncidentCard]:
    """Return what happened at a session's chair or with its tube, oldest first. One statement."""
    either = sa.or_(Incident.session_id == session_id, Incident.other_session_id == session_id)
    return _cards(db, either)


def card(db: Session, actor: Actor, incident_id: int) -> IncidentCard:
    """Return an incident of the actor's place; raises NotFound. One statement."""
    found = _cards(
        db, Incident.id == incident_id, TreatmentSession.location_id == actor.location_id
    )
    if not found:
        raise NotFound(NO_INCIDENT)
    return found[0]


def _cards(db: Session, *wanted: sa.ColumnElement[bool]) -> list[IncidentCard]:
    other, whose, whose_other = aliased(TreatmentSession), aliased(Patient), aliased(Patient)
    closer = aliased(Account)
    rows = db.execute(
        sa.select(
            Incident,
            whose.given_name,
            whose.family_name,
            whose_other.given_name.label("other_given"),
            whose_other.family_name.label("other_family"),
            Account.name,
            closer.name.label("closer"),
        )
        .join(TreatmentSession, TreatmentSession.id == Incident.session_id)
        .join(whose, whose.id == TreatmentSession.patient_id)
        .join(other, other.id == Incident.other_session_id)
        .join(whose_other, whose_other.id == other.patient_id)
        .join(Account, Account.id == Incident.reported_by_id)
        .outerjoin(closer, closer.id == Incident.closed_by_id)
        .where(*wanted)
        .order_by(Incident.at, Incident.id)
    )
    return [
        IncidentCard(
            id=row[0].id,
            version=row[0].version,
            session_id=row[0].session_id,
            patient=f"{row.given_name} {row.family_name}".strip(),
            other_session_id=row[0].other_session_id,
            other_patient=f"{row.other_given} {row.other_family}".strip(),
            at=row[0].at,
            by=row.name,
            closed_at=row[0].closed_at,
            closed_by=row.closer,
            closing_note=row[0].closing_note,
        )
        for row in rows
    ]
