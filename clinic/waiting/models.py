"""Who waits, which offers were made, and which visits are parked on the shelf."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Key, Versioned, known
from clinic.scheduling.rules.asking import PartOfDay
from clinic.waiting.values import Answer, Ending, Priority, Way

_OPEN = sa.text("ended_as IS NULL")


class WaitingEntry(Versioned, Base):
    """A patient who waits for a service.

    Nobody is put on the list twice for one service: who adds holds the patient's record. No
    constraint says so, because two records of one person may each wait and then be merged.
    """

    __tablename__ = "waiting_entry"
    __table_args__ = (
        sa.Index(
            "ix_waiting_entry_open",
            "location_id",
            "until_on",
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        sa.Index(None, "patient_id"),
        sa.Index(None, "service_id"),
        sa.Index(None, "practitioner_id"),
        sa.Index(None, "visit_id"),
        sa.Index(None, "created_by_id"),
        known("part_of_day", PartOfDay),
        known("priority", Priority),
        known("ended_as", Ending),
        sa.CheckConstraint("weekdays BETWEEN 1 AND 127", name="weekdays"),
        sa.CheckConstraint("until_on >= from_on", name="until_after_from"),
        sa.CheckConstraint("notice_hours BETWEEN 0 AND 168", name="notice_hours"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    location_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("location.id", ondelete="RESTRICT"))
    patient_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("patient.id", ondelete="RESTRICT"))
    service_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("service.id", ondelete="RESTRICT"))
    practitioner_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("resource.id", ondelete="RESTRICT"), default=None
    )
    """NULL is "anyone"."""
    visit_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("appointment.id", ondelete="RESTRICT"), default=None
    )
    """A later visit that is moved to the time that comes free."""
    weekdays: Mapped[int] = mapped_column(sa.SmallInteger)
    """Bits, Monday lowest."""
    part_of_day: Mapped[PartOfDay] = mapped_column(default=PartOfDay.ANY)
    from_on: Mapped[dt.date]
    until_on: Mapped[dt.date]
    """The last day; afterwards nobody waits any more."""
    notice_hours: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    priority: Mapped[Priority] = mapped_column(default=Priority.USUAL)
    note: Mapped[str] = mapped_column(sa.String(300), default="")
    """For the desk; no clinical content."""
    created_at: Mapped[dt.datetime]
    created_by_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT")
    )
    ended_as: Mapped[Ending | None] = mapped_column(default=None)
    ended_at: Mapped[dt.datetime | None] = mapped_column(default=None)


class Offer(Base):
    """One who waits was told of one held time: by whom, when, how, and what they said."""

    __tablename__ = "offer"
    __table_args__ = (
        sa.UniqueConstraint("held_slot_id", "entry_id"),
        sa.Index(None, "entry_id"),
        sa.Index(None, "offered_by_id"),
        known("way", Way),
        known("answer", Answer),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered_when"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    held_slot_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("held_slot.id", ondelete="RESTRICT")
    )
    entry_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("waiting_entry.id", ondelete="RESTRICT")
    )
    way: Mapped[Way]
    offered_at: Mapped[dt.datetime]
    offered_by_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT")
    )
    answer: Mapped[Answer | None] = mapped_column(default=None)
    answered_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    told_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    """When somebody who was too late was told so."""


class ShelfItem(Base):
    """A visit parked while a new time is looked for; its old time stays held."""

    __tablename__ = "shelf_item"
    __table_args__ = (sa.Index(None, "parked_by_id"),)

    appointment_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("appointment.id", ondelete="CASCADE"), primary_key=True
    )
    starts_at: Mapped[dt.datetime]
    """Where it stood when it was parked: elsewhere now means that somebody has moved it."""
    parked_at: Mapped[dt.datetime]
    parked_by_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("account.id", ondelete="RESTRICT"))
