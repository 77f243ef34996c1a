"""Calls after a session and the side effects that patients report."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Key, Versioned, append_only, known
from clinic.core.zones import Zone
from clinic.followup.values import CallResult, Outcome, SideEffectKind


class Contact(Base):
    """One call after a session, reached or not. What is due is derived from these rows."""

    __tablename__ = "contact"
    __table_args__ = (
        sa.Index(None, "session_id", "day"),
        sa.Index(None, "patient_id", "at"),
        sa.Index(None, "at"),
        sa.Index(None, "actor_id"),
        sa.UniqueConstraint("form_key"),
        sa.CheckConstraint("day BETWEEN 1 AND 400", name="day"),
        known("result", CallResult),
        sa.CheckConstraint("pain BETWEEN 0 AND 10", name="pain"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    session_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("treatment_session.id", ondelete="RESTRICT")
    )
    patient_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("patient.id", ondelete="RESTRICT"))
    actor_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("account.id", ondelete="RESTRICT"))
    day: Mapped[int | None] = mapped_column(sa.SmallInteger, default=None)
    """Day after the session that the call was for, as the service plans it; NULL: an extra one."""
    result: Mapped[CallResult]
    pain: Mapped[int | None] = mapped_column(sa.SmallInteger, default=None)
    note: Mapped[str] = mapped_column(sa.Text, default="")
    red_flags: Mapped[list[Any]]
    """Slugs of the red flags that were heard; each asks for a physician the same day."""
    at: Mapped[dt.datetime]
    form_key: Mapped[str | None] = mapped_column(sa.String(40), default=None)


class SideEffect(Versioned, Base):
    """Something that went wrong after a session, graded; open until a physician closes it."""

    __tablename__ = "side_effect"
    __table_args__ = (
        sa.Index(None, "patient_id", "reported_at"),
        sa.Index(None, "session_id"),
        sa.Index(None, "lot_id"),
        sa.Index(None, "reported_by_id"),
        sa.Index(None, "reviewed_by_id"),
        sa.Index(None, "closed_by_id"),
        sa.Index(None, "closed_at"),
        sa.UniqueConstraint("form_key"),
        known("kind", SideEffectKind),
        known("zone", Zone),
        known("outcome", Outcome),
        sa.CheckConstraint("grade BETWEEN 1 AND 5", name="grade"),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_by_id IS NULL)", name="closed_by"),
        sa.CheckConstraint("resolved_on IS NULL OR resolved_on >= onset_on", name="order"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    patient_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("patient.id", ondelete="RESTRICT"))
    session_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("treatment_session.id", ondelete="RESTRICT")
    )
    lot_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("product_lot.id", ondelete="RESTRICT"), default=None
    )
    reported_by_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT")
    )
    reviewed_by_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT"), default=None
    )
    closed_by_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT"), default=None
    )
    kind: Mapped[SideEffectKind]
    grade: Mapped[int] = mapped_column(sa.SmallInteger)
    grade_system: Mapped[str] = mapped_column(sa.String(12), default="CTCAE 5.0")
    is_serious: Mapped[bool] = mapped_column(default=False)
    """ICH E2A seriousness; separate from the grade."""
    zone: Mapped[Zone | None] = mapped_column(default=None)
    onset_on: Mapped[dt.date]
    resolved_on: Mapped[dt.date | None] = mapped_column(default=None)
    outcome: Mapped[Outcome] = mapped_column(default=Outcome.OPEN)
    description: Mapped[str] = mapped_column(sa.Text, default="")
    red_flags: Mapped[list[Any]]
    reported_at: Mapped[dt.datetime]
    reviewed_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    """When a physician looked at it; a red flag is a task for a physician until then."""
    review_note: Mapped[str] = mapped_column(sa.Text, default="")
    closed_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    closing_note: Mapped[str] = mapped_column(sa.Text, default="")
    form_key: Mapped[str | None] = mapped_column(sa.String(40), default=None)


append_only(Contact)
