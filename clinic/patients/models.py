"""Who a patient is and how to reach them; nothing clinical is kept here."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Key, Versioned, known
from clinic.patients.values import PatientStatus, SearchKind, Sex


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
        sa.Index(None, "merged_into_id"),
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
