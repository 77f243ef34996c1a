"""Consent papers: which text, signed when, taken by whom, withdrawn when."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.consents.values import ConsentKind
from clinic.core.db import Base, Key, Versioned, known


class ConsentText(Base):
    """One version of a consent text; the newest in force is the one that must be signed."""

    __tablename__ = "consent_text"
    __table_args__ = (sa.UniqueConstraint("kind", "version_name"), known("kind", ConsentKind))

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    kind: Mapped[ConsentKind]
    version_name: Mapped[str] = mapped_column(sa.String(20))
    in_force_from: Mapped[dt.date]


class Consent(Versioned, Base):
    """A signed consent paper; withdrawing fills its last columns and removes nothing."""

    __tablename__ = "consent"
    __table_args__ = (
        sa.Index(None, "patient_id", "kind", "given_on"),
        sa.Index(None, "text_id"),
        sa.Index(None, "taken_by_id"),
        sa.Index(None, "withdrawn_by_id"),
        sa.UniqueConstraint("form_key"),
        known("kind", ConsentKind),
        sa.CheckConstraint(
            "withdrawn_on IS NULL OR withdrawn_on >= given_on", name="withdrawn_later"
        ),
        sa.CheckConstraint(
            "(withdrawn_on IS NULL) = (withdrawn_by_id IS NULL)", name="withdrawn_by"
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    patient_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("patient.id", ondelete="RESTRICT"))
    text_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("consent_text.id", ondelete="RESTRICT"))
    taken_by_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("account.id", ondelete="RESTRICT"))
    withdrawn_by_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT"), default=None
    )
    kind: Mapped[ConsentKind]
    given_on: Mapped[dt.date]
    withdrawn_on: Mapped[dt.date | None] = mapped_column(default=None)
    withdrawn_reason: Mapped[str] = mapped_column(sa.String(200), default="")
    recorded_at: Mapped[dt.datetime]
    form_key: Mapped[str | None] = mapped_column(sa.String(40), default=None)
