"""Reading the audit trail back."""

import datetime as dt
from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.audit.models import AuditEvent
from clinic.audit.values import Entry


def newest(
    db: Session,
    *,
    before_id: int | None = None,
    patient_id: int | None = None,
    actor_id: int | None = None,
    since: dt.datetime | None = None,
    limit: int = 100,
) -> Sequence[AuditEvent]:
    """Return the newest rows, newest first, optionally of one patient or one person."""
    wanted = sa.select(AuditEvent).order_by(AuditEvent.id.desc()).limit(limit)
    if before_id is not None:
        wanted = wanted.where(AuditEvent.id < before_id)
    if patient_id is not None:
        wanted = wanted.where(AuditEvent.patient_id == patient_id)
    if actor_id is not None:
        wanted = wanted.where(AuditEvent.actor_id == actor_id)
    if since is not None:
        wanted = wanted.where(AuditEvent.at >= since)
    return db.scalars(wanted).all()


def head(db: Session) -> str | None:
    """Return the hash of the newest row; None while the trail is empty."""
    return db.scalar(sa.select(AuditEvent.hash).order_by(AuditEvent.id.desc()).limit(1))


def in_order(db: Session) -> Iterator[AuditEvent]:
    """Yield every row from the oldest on, a thousand at a time."""
    yield from db.scalars(
        sa.select(AuditEvent).order_by(AuditEvent.id).execution_options(yield_per=1000)
    )


def entry_of(row: AuditEvent) -> Entry:
    """Return what a row says, without its place in the chain."""
    return Entry(
        at=row.at,
        actor_id=row.actor_id,
        actor_name=row.actor_name,
        role=row.role,
        action=row.action,
        entity=row.entity,
        entity_id=row.entity_id,
        patient_id=row.patient_id,
        location_id=row.location_id,
        address=row.address,
        request_id=row.request_id,
        detail=row.detail,
    )
