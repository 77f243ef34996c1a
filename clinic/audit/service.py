"""Writing the audit trail: in the same transaction as the act it tells of."""

import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.audit import queries
from clinic.audit import rules as audit_rules
from clinic.audit.models import AuditEvent
from clinic.audit.values import Entry
from clinic.core import clock
from clinic.core.access import Actor

CHAIN_LOCK = 7_283_001
"""Number of the PostgreSQL advisory lock that puts appenders in a row."""
_KEY = "audit_key"


_LOCK = sa.select(sa.func.pg_advisory_xact_lock(CHAIN_LOCK))
_APPEND = sa.insert(AuditEvent.metadata.tables[AuditEvent.__tablename__])


def chain_key(secret_key: str) -> bytes:
    """Derive the key of the hash chain from the application's secret."""
    return hashlib.sha256(b"anagen audit chain\n" + secret_key.encode()).digest()


def use_key(db: Session, key: bytes) -> None:
    """Give a session the key of the chain, before the first row is recorded."""
    db.info[_KEY] = key


def record(
    db: Session,
    actor: Actor | None,
    action: str,
    entity: str,
    entity_id: object = "",
    *,
    patient_id: int | None = None,
    detail: dict[str, Any] | None = None,
    name: str = "system",
    address: str = "",
    request_id: str = "",
) -> None:
    """Append one row, chained to the last; commits with the act or not at all.

    `action` is "entity.verb"; `detail` holds ids and field names, never clinical text. `name`,
    `address` and `request_id` are for acts of nobody who is signed in. It is the last line of a
    service: others wait from here to the commit. Two statements (three on PostgreSQL, to lock).
    """
    db.flush()  # What the act has pending goes first: others wait from the lock on.
    # Past the session, which has nothing to add to plain rows: every look writes one.
    connection = db.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK)
    entry = Entry(
        at=clock.now(),
        actor_id=actor.id if actor else None,
        actor_name=actor.name if actor else name,
        role=actor.role.value if actor else "",
        action=action,
        entity=entity,
        entity_id=str(entity_id)[:40],
        patient_id=patient_id,
        location_id=actor.location_id if actor else None,
        address=actor.address if actor else address,
        request_id=actor.request_id if actor else request_id,
        # As the database gives it back: keys are texts, tuples are lists, dates are texts.
        detail=json.loads(json.dumps(detail or {}, default=str)),
    )
    previous = connection.scalar(queries.HEAD) or audit_rules.GENESIS
    values = {field: getattr(entry, field) for field in Entry.__dataclass_fields__}
    link = audit_rules.link(db.info[_KEY], previous, entry)
    connection.execute(_APPEND, {**values, "prev_hash": previous, "hash": link})


def verify(db: Session) -> tuple[int, int | None]:
    """Walk the whole chain; return (rows read, id of the first broken row or None).

    Rows cut off at the end leave no trace inside: compare with a head that was noted elsewhere.
    """
    return _walk(db, queries.in_order(db), audit_rules.GENESIS)


def verify_newest(db: Session, count: int) -> tuple[int, int | None]:
    """Walk the newest rows only; return (rows read, id of the first broken row or None)."""
    start = queries.nth_newest(db, count)
    if start is None:
        return verify(db)
    return _walk(db, queries.in_order(db, after_id=start.id), start.hash)


def checked(db: Session, actor: Actor, *, count: int, broken: int | None) -> None:
    """Record that somebody checked the chain, and what was found."""
    record(
        db, actor, "audit_event.checked", "audit_event", detail={"rows": count, "broken": broken}
    )


def _walk(db: Session, rows: Iterable[AuditEvent], previous: str) -> tuple[int, int | None]:
    count = 0
    for row in rows:
        count += 1
        expected = audit_rules.link(db.info[_KEY], previous, queries.entry_of(row))
        if row.prev_hash != previous or not hmac.compare_digest(row.hash, expected):
            return count, row.id
        previous = row.hash
    return count, None
