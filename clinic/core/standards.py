"""What visits are checked by, rules and consent texts: it does not change while one is written.

Who puts a text or rules in force then checks the visits that it finds. A visit that was checked by
the old ones and committed a moment later would not be among them (on PostgreSQL; SQLite lets one
writer in at a time anyway). So a change waits for the visits that are being written, and those
that come wait for the change. Taken after the patient's record and before the resources
(`docs/decisions/0009`); who changes holds neither.
"""

import sqlalchemy as sa
from sqlalchemy.orm import Session

STANDARDS_LOCK = 7_283_002
"""Number of the PostgreSQL advisory lock, beside that of the audit trail."""
_RELY = sa.select(sa.func.pg_advisory_xact_lock_shared(STANDARDS_LOCK))
_CHANGE = sa.select(sa.func.pg_advisory_xact_lock(STANDARDS_LOCK))


def rely(db: Session) -> None:
    """Keep what visits are checked by as it is until the end of the transaction.

    Before it is read. One statement on PostgreSQL, none on SQLite.
    """
    _lock(db, _RELY)


def change(db: Session) -> None:
    """Wait for the visits that are being written; those that come wait for the commit."""
    _lock(db, _CHANGE)


def _lock(db: Session, lock: sa.Select[tuple[object]]) -> None:
    if db.get_bind().dialect.name == "postgresql":
        db.execute(lock)
