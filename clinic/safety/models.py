"""What is known about a patient, what a check found, and what a physician released."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Json, Key, append_only, known
from clinic.core.zones import Zone
from clinic.safety.values import Decision, FactKind, FactSource, FactState, Moment


class PatientFact(Base):
    """One dated fact. A wrong one is marked entered in error with a reason; nothing is deleted."""

    __tablename__ = "patient_fact"
    __table_args__ = (
        sa.Index(None, "patient_id", "kind", "code"),
        sa.Index(None, "recorded_by_id"),
        sa.Index(None, "error_by_id"),
        sa.UniqueConstraint("patient_id", "source_key"),
        known("kind", FactKind),
        known("state", FactState),
        known("zone", Zone),
        known("source", FactSource),
        sa.CheckConstraint(
            "ended_on IS NULL OR began_on IS NULL OR ended_on >= began_on", name="order"
        ),
        sa.CheckConstraint("(value_milli IS NULL) = (unit IS NULL)", name="value_has_unit"),
        sa.CheckConstraint("error_at IS NULL OR length(error_reason) > 0", name="error_has_reason"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    patient_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("patient.id", ondelete="RESTRICT"))
    recorded_by_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT"), default=None
    )
    """NULL: an import or the system."""
    error_by_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT"), default=None
    )
    kind: Mapped[FactKind]
    code: Mapped[str] = mapped_column(sa.String(60))
    """Our own slug; the engine reads only these."""
    state: Mapped[FactState]
    label: Mapped[str] = mapped_column(sa.String(200), default="")
    """As written by who recorded it: "Enoxaparin 40 mg"."""
    zone: Mapped[Zone | None] = mapped_column(default=None)
    began_on: Mapped[dt.date | None] = mapped_column(default=None)
    ended_on: Mapped[dt.date | None] = mapped_column(default=None)
    """Last dose, last symptom, abated, closed; NULL while going on or unknown."""
    noted_on: Mapped[dt.date]
    """Stated, collected, measured or treated on, clinic-local; validity counts from here."""
    value_milli: Mapped[int | None] = mapped_column(sa.BigInteger, default=None)
    """Thousandths of the canonical unit."""
    unit: Mapped[str | None] = mapped_column(sa.String(20), default=None)
    as_reported: Mapped[str] = mapped_column(sa.String(60), default="")
    source: Mapped[FactSource]
    source_key: Mapped[str | None] = mapped_column(sa.String(120), default=None)
    """Where an import or another record found it, so that a second run doubles nothing."""
    recorded_at: Mapped[dt.datetime]
    error_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    error_reason: Mapped[str] = mapped_column(sa.String(300), default="")


class ScreeningRecord(Base):
    """One check as it was made: date tested, moment, facts and rules used, findings, decision."""

    __tablename__ = "screening"
    __table_args__ = (
        sa.Index(None, "patient_id", "at"),
        sa.Index(None, "appointment_id", "at"),
        sa.Index(None, "actor_id"),
        known("moment", Moment),
        known("decision", Decision),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    patient_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("patient.id", ondelete="RESTRICT"))
    appointment_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("appointment.id", ondelete="RESTRICT")
    )
    """NULL for a booking that was refused."""
    actor_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT")
    )
    on: Mapped[dt.date]
    moment: Mapped[Moment]
    decision: Mapped[Decision]
    is_checked: Mapped[bool]
    """False when there was no approved rule to check with: never to be read as clear."""
    earliest_clear_on: Mapped[dt.date | None]
    bookable_from: Mapped[dt.date | None]
    may_show_clear_date: Mapped[bool]
    may_show_bookable_date: Mapped[bool]
    findings: Mapped[list[Any]]
    """Each finding as plain values, with rule, version, arithmetic, source and fingerprint; the
    facts it used as their places in `facts`."""
    facts: Mapped[list[Any]]
    """The facts that were used, as values: the decision can be replayed."""
    facts_hash: Mapped[str] = mapped_column(sa.String(64))
    plan: Mapped[Json]
    at: Mapped[dt.datetime]


class Release(Base):
    """A physician's release of one finding for one visit, with the written reason."""

    __tablename__ = "release"
    __table_args__ = (
        sa.Index(None, "appointment_id", "fingerprint"),
        sa.Index(None, "author_id"),
        sa.CheckConstraint("length(reason) >= 10", name="reason_length"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    appointment_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("appointment.id", ondelete="RESTRICT")
    )
    author_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("account.id", ondelete="RESTRICT"))
    rule_code: Mapped[str] = mapped_column(sa.String(60))
    rule_version: Mapped[int]
    fingerprint: Mapped[str] = mapped_column(sa.String(64))
    """Hash of rule, version, truth and facts: a new fact silently ends the release."""
    reason: Mapped[str] = mapped_column(sa.String(1000))
    at: Mapped[dt.datetime]


class RuleVersion(Base):
    """One wording of one rule, as released or as the clinic wants it; never changed.

    The newest of a code that no catalogue holds is a draft.
    """

    __tablename__ = "rule_version"
    __table_args__ = (
        sa.UniqueConstraint("code", "version"),
        sa.Index(None, "author_id"),
        sa.CheckConstraint("author_id IS NULL OR length(reason) >= 10", name="reason_length"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    author_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT")
    )
    """Who drafted it; NULL: as released."""
    code: Mapped[str] = mapped_column(sa.String(60))
    version: Mapped[int]
    """Counts up by code, over released and own versions."""
    is_on: Mapped[bool]
    content: Mapped[Json]
    """The whole rule as data."""
    content_hash: Mapped[str] = mapped_column(sa.String(32))
    release_hash: Mapped[str] = mapped_column(sa.String(32))
    """Content hash of the released rule that it is or was made from."""
    reason: Mapped[str] = mapped_column(sa.String(300), default="")
    at: Mapped[dt.datetime]


class RuleCatalogue(Base):
    """A physician's approval of a set of rule versions; the one with the highest number acts."""

    __tablename__ = "rule_catalogue"
    __table_args__ = (
        sa.UniqueConstraint("number"),
        sa.Index(None, "approved_by_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    approved_by_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT")
    )
    number: Mapped[int]
    """Counts up; of two approvals at once, one is refused."""
    rule_ids: Mapped[list[Any]]
    """Ids of all versions in it, those that are off too; rows of rule_version never go away."""
    edition: Mapped[str] = mapped_column(sa.String(32))
    """Hash of the rules in it; the same rules have the same."""
    at: Mapped[dt.datetime]


append_only(ScreeningRecord)
append_only(Release)
append_only(RuleVersion)
append_only(RuleCatalogue)
