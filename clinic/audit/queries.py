"""Reading the audit trail back."""

import datetime as dt
from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.audit.models import AuditEvent
from clinic.audit.values import Access, Entry


def newest(
    db: Session,
    *,
    before_id: int | None = None,
    patient_id: int | None = None,
    actor_id: int | None = None,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    limit: int = 100,
) -> Sequence[AuditEvent]:
    """Return the newest rows, newest first; of one patient, one person, from `since` to `until`.

    `until` is the first instant that is too late.
    """
    wanted = sa.select(AuditEvent).order_by(AuditEvent.id.desc()).limit(limit)
    if before_id is not None:
        wanted = wanted.where(AuditEvent.id < before_id)
    if patient_id is not None:
        wanted = wanted.where(AuditEvent.patient_id == patient_id)
    if actor_id is not None:
        wanted = wanted.where(AuditEvent.actor_id == actor_id)
    if since is not None:
        wanted = wanted.where(AuditEvent.at >= since)
    if until is not None:
        wanted = wanted.where(AuditEvent.at < until)
    return db.scalars(wanted).all()


def people(db: Session) -> list[tuple[int, str]]:
    """Return (account id, name as last written) of everybody in the trail, by name; one statement.

    Hops over the index from one person to the next, however long the trail is.
    """
    hop = sa.select(sa.func.min(AuditEvent.actor_id).label("id")).cte("hop", recursive=True)
    following = (
        sa.select(sa.func.min(AuditEvent.actor_id))
        .where(AuditEvent.actor_id > hop.c.id)
        .scalar_subquery()
    )
    hop = hop.union_all(sa.select(following).where(hop.c.id.is_not(None)))
    name = (
        sa.select(AuditEvent.actor_name)
        .where(AuditEvent.actor_id == hop.c.id)
        .order_by(AuditEvent.at.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = db.execute(sa.select(hop.c.id, name.label("name")).where(hop.c.id.is_not(None)))
    return sorted(((row.id, row.name) for row in rows), key=lambda pair: pair[1].casefold())


def accesses(db: Session, patient_id: int) -> list[Access]:
    """Return who opened or changed what of one patient: a row a person, role and act, latest first.

    One statement. Lists and search results are recorded with a checksum of their ids and are not
    among them.
    """
    last = sa.func.max(AuditEvent.at).label("last")
    rows = db.execute(
        sa.select(
            AuditEvent.actor_name,
            AuditEvent.role,
            AuditEvent.action,
            sa.func.count().label("times"),
            sa.func.min(AuditEvent.at).label("first"),
            last,
        )
        .where(AuditEvent.patient_id == patient_id)
        .group_by(AuditEvent.actor_id, AuditEvent.actor_name, AuditEvent.role, AuditEvent.action)
        .order_by(last.desc(), AuditEvent.actor_name, AuditEvent.action)
    )
    return [
        Access(
            name=row.actor_name,
            role=row.role,
            action=row.action,
            times=row.times,
            first=row.first,
            last=row.last,
        )
        for row in rows
    ]


def acts(db: Session, action: str, patient_ids: sa.Select[int]) -> Sequence[AuditEvent]:
    """Return every row of one act on some patients' records, newest first; one statement."""
    return db.scalars(
        sa.select(AuditEvent)
        .where(AuditEvent.patient_id.in_(patient_ids), AuditEvent.action == action)
        .order_by(AuditEvent.id.desc())
    ).all()


# Made once: every act and every look asks it. Of a limit that it is not told, PostgreSQL fears
# the worst, and plans anew each time.
HEAD = sa.select(AuditEvent.hash).order_by(AuditEvent.id.desc()).limit(sa.literal_column("1"))


def head(db: Session) -> str | None:
    """Return the hash of the newest row; None while the trail is empty."""
    return db.scalar(HEAD)


def nth_newest(db: Session, n: int) -> AuditEvent | None:
    """Return the row that has exactly `n` rows after it; None when the trail is shorter."""
    return db.scalar(sa.select(AuditEvent).order_by(AuditEvent.id.desc()).offset(n).limit(1))


def in_order(db: Session, *, after_id: int = 0) -> Iterator[AuditEvent]:
    """Yield every row from the oldest on (or after one), a thousand at a time."""
    yield from db.scalars(
        sa.select(AuditEvent)
        .where(AuditEvent.id > after_id)
        .order_by(AuditEvent.id)
        .execution_options(yield_per=1000)
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
