"""Consent texts and what was signed under them: words, scopes, signature, withdrawals."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.consents.values import ConsentKind, Scope, SignedHow
from clinic.core.db import (
    PG_REFUSE_FUNCTION,
    Base,
    Json,
    Key,
    Versioned,
    append_only,
    known,
    run_after_create,
)


class ConsentText(Versioned, Base):
    """One version of a consent text: a draft until a physician puts it in force, then unchanged.

    What must be signed before a service is the newest in force of its own text, else of its
    kind's. A version for a service that has no words takes its text back. Numbers run through a
    kind: a version is named once in it, whichever service it is for.
    """

    __tablename__ = "consent_text"
    __table_args__ = (
        sa.UniqueConstraint("kind", "version_name"),
        sa.Index(None, "approved_by_id"),
        sa.Index(None, "service_id"),
        *(
            sa.Index(
                f"ix_consent_text_{name}",
                column,
                unique=True,
                sqlite_where=sa.text(where),
                postgresql_where=sa.text(where),
            )
            for name, column, where in (
                ("one_draft", "kind", "in_force_from IS NULL AND service_id IS NULL"),
                ("one_draft_of_service", "service_id", "in_force_from IS NULL"),
            )
        ),
        known("kind", ConsentKind),
        sa.CheckConstraint("(approved_by_id IS NULL) = (approved_at IS NULL)", name="approved_by"),
        sa.CheckConstraint(
            "approved_by_id IS NULL OR in_force_from IS NOT NULL", name="approved_is_in_force"
        ),
        sa.CheckConstraint(
            "service_id IS NULL OR kind <> 'photographs'", name="service_is_treatment"
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    approved_by_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT"), default=None
    )
    """Physician who put it in force; NULL for a text on paper that came with the clinic."""
    service_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("service.id", ondelete="RESTRICT"), default=None
    )
    """For visits of this service only; NULL for every service of the kind without its own."""
    kind: Mapped[ConsentKind]
    version_name: Mapped[str] = mapped_column(sa.String(20))
    in_force_from: Mapped[dt.date | None] = mapped_column(default=None)
    """NULL is a draft, of which there is one a kind and one a service."""
    approved_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    words: Mapped[Json] = mapped_column(default_factory=dict)
    """{language: {element: [heading, text]}}; empty for a text that the clinic keeps on paper."""


class Consent(Base):
    """A signed paper: never changed; what is withdrawn of it stands in `consent_withdrawal`."""

    __tablename__ = "consent"
    __table_args__ = (
        sa.Index(None, "patient_id", "kind", "given_on"),
        sa.Index(None, "text_id"),
        sa.Index(None, "taken_by_id"),
        sa.UniqueConstraint("form_key"),
        known("kind", ConsentKind),
        known("signed_how", SignedHow),
        sa.CheckConstraint(
            "kind <> 'photographs' OR photo_record OR photo_teaching OR photo_publication",
            name="has_scope",
        ),
        sa.CheckConstraint("(signed_how = 'drawn') = (strokes IS NOT NULL)", name="drawn"),
        sa.CheckConstraint("signed_how = 'paper' OR length(signer) > 0", name="has_signer"),
        sa.CheckConstraint("signed_how = 'paper' OR length(language) > 0", name="has_language"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    patient_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("patient.id", ondelete="RESTRICT"))
    text_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("consent_text.id", ondelete="RESTRICT"))
    taken_by_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("account.id", ondelete="RESTRICT"))
    """Who recorded a paper; who handed over the tablet, and is the witness of what was signed."""
    kind: Mapped[ConsentKind]
    given_on: Mapped[dt.date]
    photo_record: Mapped[bool] = mapped_column(default=False)
    photo_teaching: Mapped[bool] = mapped_column(default=False)
    photo_publication: Mapped[bool] = mapped_column(default=False)
    signed_how: Mapped[SignedHow] = mapped_column(default=SignedHow.PAPER)
    language: Mapped[str] = mapped_column(sa.String(12), default="")
    """In which the text was read; empty for a paper recorded before that was kept."""
    signer: Mapped[str] = mapped_column(sa.String(120), default="")
    """Name as the signer wrote it; empty for a paper recorded before that was kept."""
    guardian: Mapped[str] = mapped_column(sa.String(120), default="")
    """As what the signer signs for the patient ("mother"); empty for the patient."""
    interpreter: Mapped[str] = mapped_column(sa.String(120), default="")
    strokes: Mapped[list[Any] | None] = mapped_column(sa.JSON(none_as_null=True), default=None)
    """The drawn signature: a list of strokes [x, y, x, y, ...] in whole units of its field."""
    recorded_at: Mapped[dt.datetime]
    form_key: Mapped[str | None] = mapped_column(sa.String(40), default=None)


class ConsentWithdrawal(Base):
    """One scope of a signed paper that does not hold any more from a day on."""

    __tablename__ = "consent_withdrawal"
    __table_args__ = (
        sa.UniqueConstraint("consent_id", "scope"),
        sa.Index(None, "withdrawn_by_id"),
        known("scope", Scope),
        sa.CheckConstraint("length(reason) > 0", name="has_reason"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    consent_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("consent.id", ondelete="RESTRICT"))
    withdrawn_by_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT")
    )
    """Who wrote it down; who handed over the tablet, and is the witness of what was signed."""
    scope: Mapped[Scope]
    withdrawn_on: Mapped[dt.date]
    reason: Mapped[str] = mapped_column(sa.String(200))
    recorded_at: Mapped[dt.datetime]
    signer: Mapped[str | None] = mapped_column(sa.String(120), default=None)
    """Name as it was signed on the tablet; NULL for what was said at the desk."""
    guardian: Mapped[str | None] = mapped_column(sa.String(120), default=None)
    """As what the signer signed for the patient; empty for the patient."""
    strokes: Mapped[list[Any] | None] = mapped_column(sa.JSON(none_as_null=True), default=None)
    """The drawn signature, as that of a consent; NULL as well for a typed name."""


append_only(Consent)
append_only(ConsentWithdrawal)

_SQLITE_LOCK = (
    "CREATE TRIGGER trg_consent_text_no_update BEFORE UPDATE ON consent_text\n"
    "WHEN OLD.in_force_from IS NOT NULL\n"
    "BEGIN SELECT RAISE(ABORT, 'append_only:consent_text'); END",
    "CREATE TRIGGER trg_consent_text_no_delete BEFORE DELETE ON consent_text\n"
    "WHEN OLD.in_force_from IS NOT NULL\n"
    "BEGIN SELECT RAISE(ABORT, 'append_only:consent_text'); END",
    "CREATE TRIGGER trg_consent_text_no_replace BEFORE INSERT ON consent_text\n"
    "WHEN EXISTS (SELECT 1 FROM consent_text WHERE id = NEW.id)\n"
    "BEGIN SELECT RAISE(ABORT, 'append_only:consent_text'); END",
)
_PG_LOCK = (
    "CREATE TRIGGER trg_consent_text_in_force BEFORE UPDATE OR DELETE ON consent_text\n"
    "FOR EACH ROW WHEN (OLD.in_force_from IS NOT NULL) EXECUTE FUNCTION refuse_change()",
    "ALTER TABLE consent_text ENABLE ALWAYS TRIGGER trg_consent_text_in_force",
)


def _lock_in_force() -> None:
    """Make both databases refuse to change a text that is in force."""
    table = ConsentText.__table__
    assert isinstance(table, sa.Table)
    run_after_create(table, "sqlite", *_SQLITE_LOCK)
    run_after_create(table, "postgresql", PG_REFUSE_FUNCTION, *_PG_LOCK)


_lock_in_force()
