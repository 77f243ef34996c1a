"""Visits, what they hold, and the guard by which the database itself refuses double booking."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.catalog.models import Patterned, pattern_checks
from clinic.catalog.values import ResourceKind
from clinic.core.db import Base, Json, Key, Versioned, append_only, known, run_after_create
from clinic.safety.values import Decision
from clinic.scheduling import triggers
from clinic.scheduling.closing import BlockKind
from clinic.scheduling.triggers import PATIENT_GUARD, RESOURCE_GUARD
from clinic.scheduling.values import (
    AppointmentOrigin,
    AppointmentStatus,
    CancelReason,
    Confirmation,
    CourseStatus,
    VisitAction,
)


class Resource(Versioned, Base):
    """A practitioner, a nurse, a room or a device that a visit can hold."""

    __tablename__ = "resource"
    __table_args__ = (
        sa.UniqueConstraint("location_id", "name"),
        sa.UniqueConstraint("account_id"),
        known("kind", ResourceKind),
        sa.CheckConstraint(
            "kind IN ('practitioner', 'nurse') OR account_id IS NULL", name="account_of_person"
        ),
        sa.CheckConstraint("radius_mm BETWEEN 40 AND 250", name="radius"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    location_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("location.id", ondelete="RESTRICT"))
    account_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT"), default=None
    )
    kind: Mapped[ResourceKind]
    name: Mapped[str] = mapped_column(sa.String(120))
    device_type: Mapped[str] = mapped_column(sa.String(40), default="")
    radius_mm: Mapped[int | None] = mapped_column(sa.SmallInteger, default=None)
    """Of a centrifuge: from the axis of its rotor to the bottom of the tube."""
    service_due_on: Mapped[dt.date | None] = mapped_column(default=None)
    """Of a device."""
    sort: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    is_active: Mapped[bool] = mapped_column(default=True)


class WorkingHours(Base):
    """One span of a weekday in which a resource works; none at all means the place's own hours."""

    __tablename__ = "working_hours"
    __table_args__ = (
        sa.Index(None, "resource_id", "weekday"),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        sa.CheckConstraint("ends > starts", name="ends_after_starts"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    resource_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("resource.id", ondelete="CASCADE"))
    weekday: Mapped[int] = mapped_column(sa.SmallInteger)
    starts: Mapped[dt.time]
    ends: Mapped[dt.time]


class WorkingDay(Base):
    """One date on which a resource has other hours than its week's; none at all: it is off."""

    __tablename__ = "working_day"
    __table_args__ = (sa.UniqueConstraint("resource_id", "day"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    resource_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("resource.id", ondelete="CASCADE"))
    day: Mapped[dt.date]
    times: Mapped[list[Any]]
    """Pairs of "08:00" and "12:00", in order."""


class Block(Versioned, Base):
    """Leave, maintenance, a closure or a meeting: what it keeps from being booked it occupies."""

    __tablename__ = "block"
    __table_args__ = (
        sa.Index(None, "location_id", "ends_at"),
        sa.Index(None, "made_by_id"),
        known("kind", BlockKind),
        sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    location_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("location.id", ondelete="RESTRICT"))
    kind: Mapped[BlockKind]
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    starts_local: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=False))
    """The wall time that was meant; `starts_at` is derived from it, `ends_at` from the next."""
    ends_local: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=False))
    note: Mapped[str] = mapped_column(sa.String(200), default="")
    made_at: Mapped[dt.datetime]
    made_by_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("account.id", ondelete="RESTRICT"))


class Course(Patterned, Versioned, Base):
    """A plan of several sessions of one service; each session is a visit of its own."""

    __tablename__ = "course"
    __table_args__ = (
        sa.Index(None, "patient_id", "status"),
        sa.Index(None, "service_id"),
        known("status", CourseStatus),
        *pattern_checks(),
        sa.CheckConstraint(
            "(status = 'stopped') = (length(stop_reason) > 0)", name="stopped_has_reason"
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    patient_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("patient.id", ondelete="RESTRICT"))
    service_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("service.id", ondelete="RESTRICT"))
    status: Mapped[CourseStatus] = mapped_column(default=CourseStatus.ACTIVE)
    started_on: Mapped[dt.date]
    stop_reason: Mapped[str] = mapped_column(sa.String(200), default="")
    """For the desk; no clinical content."""
    best_time: Mapped[str] = mapped_column(sa.String(60), default="")
    """When the patient is best phoned."""


class Appointment(Versioned, Base):
    """One visit: whose, what, when, how it stands, and what the last check said."""

    __tablename__ = "appointment"
    __table_args__ = (
        sa.UniqueConstraint("form_key"),
        sa.Index(None, "location_id", "starts_at"),
        sa.Index(None, "patient_id", "starts_at"),
        sa.Index(None, "practitioner_id", "starts_at"),
        sa.Index(None, "service_id"),
        sa.Index(None, "course_id"),
        sa.Index(None, "created_by_id"),
        known("status", AppointmentStatus),
        known("origin", AppointmentOrigin),
        known("cancel_reason", CancelReason),
        known("confirmation", Confirmation),
        known("decision", Decision),
        sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        sa.CheckConstraint(
            "(confirmation IS NULL) = (confirmation_for IS NULL)", name="confirmation_has_time"
        ),
        sa.CheckConstraint(
            "status <> 'cancelled' OR cancel_reason IS NOT NULL", name="cancelled_has_reason"
        ),
        ExcludeConstraint(
            (sa.text("int8range(patient_id, patient_id, '[]')"), "&&"),
            (sa.text("tstzrange(starts_at, ends_at, '[)')"), "&&"),
            name=PATIENT_GUARD,
            using="gist",
            where=sa.text("occupies"),
        ).ddl_if(dialect="postgresql"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    location_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("location.id", ondelete="RESTRICT"))
    patient_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("patient.id", ondelete="RESTRICT"))
    service_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("service.id", ondelete="RESTRICT"))
    course_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("course.id", ondelete="RESTRICT"), default=None
    )
    course_number: Mapped[int | None] = mapped_column(sa.SmallInteger, default=None)
    """Which session of the course this visit is meant to be: 3 of 6."""
    practitioner_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("resource.id", ondelete="RESTRICT")
    )
    """Copy of the practitioner's occupancy, for the board and its index."""
    room_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("resource.id", ondelete="RESTRICT"), index=True
    )
    occupancies: Mapped[list["Occupancy"]] = relationship(
        back_populates="appointment",
        lazy="raise_on_sql",
        cascade="all, delete-orphan",
        default_factory=list,
    )
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    starts_local: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=False))
    """The wall time that was promised; `starts_at` is derived from it."""
    zone: Mapped[str] = mapped_column(sa.String(40))
    status: Mapped[AppointmentStatus] = mapped_column(default=AppointmentStatus.BOOKED)
    occupies: Mapped[bool] = mapped_column(default=True)
    """Whether the patient's time is held: kept equal to the status by the service."""
    origin: Mapped[AppointmentOrigin] = mapped_column(default=AppointmentOrigin.SCHEDULED)
    cancel_reason: Mapped[CancelReason | None] = mapped_column(default=None)
    cancel_note: Mapped[str] = mapped_column(sa.String(200), default="")
    cancel_notice_min: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    """Minutes from the cancellation to the start, negative afterwards; NULL is "not cancelled"."""
    note: Mapped[str] = mapped_column(sa.String(400), default="")
    """For the desk; no clinical content."""
    recheck_reason: Mapped[str] = mapped_column(sa.String(300), default="")
    overbook_reason: Mapped[str | None] = mapped_column(sa.String(300), default=None)
    """Why it was booked over what was booked; NULL is "not overbooked"."""
    late_reason: Mapped[str | None] = mapped_column(sa.String(300), default=None)
    """Why it was entered after it took place; NULL is "not entered later"."""
    confirmation: Mapped[Confirmation | None] = mapped_column(default=None)
    """What was heard last about its coming; NULL while nobody asked."""
    confirmation_for: Mapped[dt.datetime | None] = mapped_column(default=None)
    """The start that it was said of: of another start it says nothing."""
    decision: Mapped[Decision | None] = mapped_column(default=None)
    """What the latest check says, releases included; NULL is "not checked". A cached copy."""
    is_released: Mapped[bool] = mapped_column(default=False)
    """Whether something that stands in the way was released for this visit. A cached copy."""
    clear_on: Mapped[dt.date | None] = mapped_column(default=None)
    moved: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    """How often the time was changed (iCalendar SEQUENCE)."""
    arrived_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    ready_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    """When everything before the treatment was done: papers, questions, payment."""
    roomed_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    started_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    ended_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    left_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    form_key: Mapped[str | None] = mapped_column(sa.String(40), default=None)
    created_at: Mapped[dt.datetime]
    created_by_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT"), default=None
    )


class Occupancy(Base):
    """One resource held for one part of a visit, or by a block; no two of a lane overlap."""

    __tablename__ = "occupancy"
    __table_args__ = (
        sa.Index(None, "appointment_id"),
        sa.Index(
            "ix_occupancy_lane_time",
            "resource_id",
            "lane",
            "starts_at",
            sqlite_where=sa.text("is_active = 1"),
            postgresql_where=sa.text("is_active"),
        ),
        sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        sa.Index(
            "ix_occupancy_block_id",
            "block_id",
            sqlite_where=sa.text("block_id IS NOT NULL"),
            postgresql_where=sa.text("block_id IS NOT NULL"),
        ),
        sa.CheckConstraint("lane BETWEEN 1 AND 164", name="lane"),
        sa.Index(
            "ix_occupancy_held_slot_id",
            "held_slot_id",
            sqlite_where=sa.text("held_slot_id IS NOT NULL"),
            postgresql_where=sa.text("held_slot_id IS NOT NULL"),
        ),
        sa.CheckConstraint(
            "CASE WHEN appointment_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN block_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN held_slot_id IS NULL THEN 0 ELSE 1 END = 1",
            name="of_one",
        ),
        sa.CheckConstraint("(held_slot_id IS NULL) = (expires_at IS NULL)", name="held_expires"),
        ExcludeConstraint(
            (sa.text("int8range(resource_id, resource_id, '[]')"), "&&"),
            (sa.text("int4range(lane, lane, '[]')"), "&&"),
            (sa.text("tstzrange(starts_at, ends_at, '[)')"), "&&"),
            name=RESOURCE_GUARD,
            using="gist",
            where=sa.text("is_active"),
        ).ddl_if(dialect="postgresql"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    appointment_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("appointment.id", ondelete="CASCADE"), init=False
    )
    """NULL is a block, or a time held for the waiting list."""
    appointment: Mapped[Appointment | None] = relationship(
        back_populates="occupancies", lazy="raise_on_sql", init=False
    )
    block_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("block.id", ondelete="CASCADE"), default=None
    )
    held_slot_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("held_slot.id", ondelete="CASCADE"), default=None
    )
    expires_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    """From when on nobody heeds it: a copy of the held time's, for what is asked without a join."""
    resource_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("resource.id", ondelete="RESTRICT"), index=True
    )
    seq: Mapped[int] = mapped_column(sa.SmallInteger)
    """Which segment of the service."""
    lane: Mapped[int] = mapped_column(sa.SmallInteger, default=1)
    """1, where nothing else may be; 101, 102 of overbookings, 111 of what a block was laid over."""
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    is_active: Mapped[bool] = mapped_column(default=True)


class AppointmentEvent(Base):
    """One thing that happened to a visit, for its history in plain words."""

    __tablename__ = "appointment_event"
    __table_args__ = (
        sa.Index(None, "appointment_id", "at"),
        sa.Index(None, "actor_id"),
        known("action", VisitAction),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    appointment_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("appointment.id", ondelete="RESTRICT")
    )
    actor_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT")
    )
    actor_name: Mapped[str] = mapped_column(sa.String(120))
    action: Mapped[VisitAction]
    before: Mapped[Json]
    after: Mapped[Json]
    reason: Mapped[str] = mapped_column(sa.String(300), default="")
    at: Mapped[dt.datetime]


append_only(AppointmentEvent)

run_after_create(Base.metadata.tables["occupancy"], "sqlite", *triggers.OF_OCCUPANCY)
run_after_create(Base.metadata.tables["appointment"], "sqlite", *triggers.OF_APPOINTMENT)
