"""The tablet handed to a patient: its code, its screen, its end."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Key


class Handover(Base):
    """The tablet given to the patient of a visit, for questions or a consent: code, screen, end.

    Kept: it says who handed over, and when the patient answered.
    """

    __tablename__ = "handover"
    __table_args__ = (
        sa.UniqueConstraint("code_hash"),
        sa.UniqueConstraint("token_hash"),
        sa.Index(None, "appointment_id", "made_at"),
        sa.Index(None, "made_by_id"),
        sa.Index(None, "text_id"),
        sa.Index(
            "ix_handover_one_a_visit",
            "appointment_id",
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
        sa.CheckConstraint("opened_at IS NULL OR token_hash IS NOT NULL", name="opened_has_token"),
        sa.CheckConstraint("answered_at IS NULL OR ended_at IS NOT NULL", name="answered_is_over"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    appointment_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("appointment.id", ondelete="RESTRICT")
    )
    made_by_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("account.id", ondelete="RESTRICT"))
    text_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("consent_text.id", ondelete="RESTRICT"), default=None
    )
    """The consent text that is read and signed on it; NULL: the questions before the visit."""
    code_hash: Mapped[str] = mapped_column(sa.String(64))
    """Keyed hash of the short code; good once."""
    token_hash: Mapped[str | None] = mapped_column(sa.String(64), default=None)
    """SHA-256 of the cookie of the browser that opened it."""
    locale: Mapped[str] = mapped_column(sa.String(12))
    """What the patient reads; begins as the language of the record."""
    made_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    """Of the code; once it is used, of the screen."""
    opened_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    confirmed_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    """When the patient said that the name is right; before that no question is shown."""
    seen_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    """Last touch."""
    ended_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    """NULL also for what ran out by itself."""
    answered_at: Mapped[dt.datetime | None] = mapped_column(default=None)
