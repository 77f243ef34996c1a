"""Who a patient is and how to reach them; nothing clinical is kept here."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Json, Key, Versioned, known
from clinic.patients.values import Channel, PatientStatus, SearchKind, Sex, Verdict


class Patient(Versioned, Base):
    """Identity, contact and standing of one patient."""

    __tablename__ = "patient"
    __table_args__ = (
        sa.UniqueConstraint("file_number"),
        sa.UniqueConstraint("public_id"),
        sa.UniqueConstraint("form_key"),
        sa.UniqueConstraint("source_system", "source_id"),
        sa.Index(None, "birth_date"),
        sa.Index(None, "location_id", "status"),
        # Most are NULL: a whole index would look like one big key to a planner that counts.
        sa.Index(
            "ix_patient_merged_into_id",
            "merged_into_id",
            sqlite_where=sa.text("merged_into_id IS NOT NULL"),
            postgresql_where=sa.text("merged_into_id IS NOT NULL"),
        ),
        known("sex", Sex),
        known("status", PatientStatus),
        sa.CheckConstraint(
            "(status = 'merged') = (merged_into_id IS NOT NULL)", name="merged_into"
        ),
        sa.CheckConstraint("merged_into_id <> id", name="not_into_itself"),
        sa.CheckConstraint("length(family_name) > 0", name="has_name"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    location_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("location.id", ondelete="RESTRICT"))
    merged_into_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("patient.id", ondelete="RESTRICT"), default=None
    )
    public_id: Mapped[str] = mapped_column(sa.String(36))
    """Opaque identifier for exports and feeds."""
    file_number: Mapped[str] = mapped_column(sa.String(20))
    family_name: Mapped[str] = mapped_column(sa.String(120))
    given_name: Mapped[str] = mapped_column(sa.String(120))
    sex: Mapped[Sex] = mapped_column(default=Sex.UNKNOWN)
    birth_date: Mapped[dt.date | None] = mapped_column(default=None)
    phone: Mapped[str] = mapped_column(sa.String(20), default="")
    """E.164, or empty."""
    email: Mapped[str] = mapped_column(sa.String(254), default="")
    address: Mapped[str] = mapped_column(sa.String(300), default="")
    language: Mapped[str] = mapped_column(sa.String(12), default="en")
    note: Mapped[str] = mapped_column(sa.String(400), default="")
    """For the desk; no clinical content."""
    status: Mapped[PatientStatus] = mapped_column(default=PatientStatus.ACTIVE)
    deceased_on: Mapped[dt.date | None] = mapped_column(default=None)
    search_text: Mapped[str] = mapped_column(sa.String(600), default="")
    """Folded names and skeletons, for LIKE on few candidates; derived."""
    source_system: Mapped[str | None] = mapped_column(sa.String(40), default=None)
    source_id: Mapped[str | None] = mapped_column(sa.String(80), default=None)
    """Where an import found this patient, so that a second run doubles nobody."""
    form_key: Mapped[str | None] = mapped_column(sa.String(40), default=None)
    """One-time key of the form that made this row: a double click makes one patient."""
    created_at: Mapped[dt.datetime]
    created_by_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT"), default=None, index=True
    )


class PatientSearchKey(Base):
    """One folded key under which a patient is found; derived and rebuilt when a name changes."""

    __tablename__ = "patient_search_key"
    __table_args__ = (
        sa.Index(None, "patient_id"),
        known("kind", SearchKind),
        {"sqlite_with_rowid": False},
    )

    kind: Mapped[SearchKind] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(
        sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql"), primary_key=True
    )
    patient_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("patient.id", ondelete="CASCADE"), primary_key=True
    )


class PatientPair(Base):
    """What somebody decided about two records that look like one person: one, or two people."""

    __tablename__ = "patient_pair"
    __table_args__ = (
        sa.Index(
            "ix_patient_pair_one_merge",
            "gone_id",
            unique=True,
            sqlite_where=sa.text("verdict = 'one' AND undone_at IS NULL"),
            postgresql_where=sa.text("verdict = 'one' AND undone_at IS NULL"),
        ),
        sa.Index(None, "gone_id"),
        sa.Index(None, "kept_id"),
        sa.Index(None, "decided_by_id"),
        sa.Index(None, "undone_by_id"),
        known("verdict", Verdict),
        known("standing", PatientStatus),
        sa.CheckConstraint("gone_id <> kept_id", name="two_records"),
        sa.CheckConstraint("length(reason) > 0", name="has_reason"),
        sa.CheckConstraint("(undone_at IS NULL) = (undone_by_id IS NULL)", name="undone_by"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    gone_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("patient.id", ondelete="RESTRICT"))
    """The record that was merged away; of two people just the other one."""
    kept_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("patient.id", ondelete="RESTRICT"))
    decided_by_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT")
    )
    undone_by_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT"), default=None
    )
    verdict: Mapped[Verdict]
    reason: Mapped[str] = mapped_column(sa.String(300))
    fields: Mapped[Json] = mapped_column(default_factory=dict)
    """{field: [before, after]} of the record that stayed."""
    moved: Mapped[Json] = mapped_column(default_factory=dict)
    """{table: [ids]} of the rows that were moved, so that they can go back."""
    standing: Mapped[PatientStatus] = mapped_column(default=PatientStatus.ACTIVE)
    """How the record that went stood before."""
    decided_at: Mapped[dt.datetime]
    undone_at: Mapped[dt.datetime | None] = mapped_column(default=None)


class ContactWish(Versioned, Base):
    """Which messages a patient wants, agreed to on a day; without a row nothing is sent."""

    __tablename__ = "contact_wish"
    __table_args__ = (
        sa.Index(None, "noted_by_id"),
        known("channel", Channel),
        sa.CheckConstraint("channel = 'none' OR agreed_on IS NOT NULL", name="agreed"),
    )

    patient_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("patient.id", ondelete="RESTRICT"), primary_key=True
    )
    noted_by_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("account.id", ondelete="RESTRICT"))
    channel: Mapped[Channel]
    agreed_on: Mapped[dt.date | None] = mapped_column(default=None)
    noted_at: Mapped[dt.datetime]
