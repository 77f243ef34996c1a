"""The audit trail: one row for each act and each look, chained and never changed."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Json, Key, append_only


class AuditEvent(Base):
    """One act or look: who, what, on which record, when. Holds ids and field names, no health data.

    The actor's name is kept as it was then; a patient appears as an id only.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        sa.Index(None, "patient_id", "at"),
        sa.Index(None, "actor_id", "at"),
        sa.Index(None, "at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    at: Mapped[dt.datetime]
    actor_id: Mapped[int | None] = mapped_column(Key)
    """Account; NULL for the system and for attempts to sign in. No foreign key: it must outlive."""
    actor_name: Mapped[str] = mapped_column(sa.String(120))
    role: Mapped[str] = mapped_column(sa.String(32))
    action: Mapped[str] = mapped_column(sa.String(48))
    entity: Mapped[str] = mapped_column(sa.String(48))
    entity_id: Mapped[str] = mapped_column(sa.String(40))
    patient_id: Mapped[int | None] = mapped_column(Key)
    location_id: Mapped[int | None] = mapped_column(Key)
    address: Mapped[str] = mapped_column(sa.String(45))
    request_id: Mapped[str] = mapped_column(sa.String(36))
    detail: Mapped[Json]
    prev_hash: Mapped[str] = mapped_column(sa.String(64))
    hash: Mapped[str] = mapped_column(sa.String(64))


append_only(AuditEvent)
