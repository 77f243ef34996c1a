"""A free time held for nobody yet: its parts occupy as those of a visit do, until they run out.

No clock job ends it. Who reads what is taken leaves out what has run out; a booking that meets such
rows deletes them under the locks of the resources. The guard of the database does not know the
time, so two machines whose clocks differ cannot both have it either.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from clinic.catalog.models import Service
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import Base, Key
from clinic.scheduling import guard
from clinic.scheduling.guard import Hold
from clinic.scheduling.models import Occupancy, Resource
from clinic.scheduling.values import Span


class HeldSlot(Base):
    """A time held for those it was offered to: what for, with whom, where, and until when."""

    __tablename__ = "held_slot"
    __table_args__ = (
        sa.Index(None, "location_id", "starts_at"),
        sa.Index(None, "service_id"),
        sa.Index(None, "practitioner_id"),
        sa.Index(None, "room_id"),
        sa.Index(None, "appointment_id"),
        sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    location_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("location.id", ondelete="RESTRICT"))
    service_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("service.id", ondelete="RESTRICT"))
    practitioner_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("resource.id", ondelete="RESTRICT")
    )
    room_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("resource.id", ondelete="RESTRICT"))
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    starts_local: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=False))
    """The wall time that is offered."""
    expires_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    """When it was taken or let go; NULL also for what ran out by itself."""
    appointment_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("appointment.id", ondelete="RESTRICT"), default=None
    )
    """The visit that was made of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCard:
    """A time held for the waiting list, as the page of a block shows it."""

    service: str
    practitioner: str
    starts_local: dt.datetime
    expires_at: dt.datetime


def in_span(
    db: Session, actor: Actor, resource_ids: Collection[int], span: Span
) -> Sequence[HeldCard]:
    """Return what is held for the waiting list of some resources in a span; one statement."""
    rows = db.execute(
        sa.select(
            Service.name.label("service"),
            Resource.name.label("practitioner"),
            HeldSlot.starts_local,
            HeldSlot.expires_at,
        )
        .join(Service, Service.id == HeldSlot.service_id)
        .join(Resource, Resource.id == HeldSlot.practitioner_id)
        .where(
            HeldSlot.location_id == actor.location_id,
            HeldSlot.ended_at.is_(None),
            HeldSlot.expires_at > clock.now(),
            HeldSlot.id.in_(
                sa.select(Occupancy.held_slot_id).where(
                    Occupancy.held_slot_id.is_not(None),
                    Occupancy.resource_id.in_(resource_ids),
                    Occupancy.starts_at < span.end,
                    Occupancy.ends_at > span.start,
                )
            ),
        )
        .order_by(HeldSlot.starts_at, HeldSlot.id)
    )
    return [HeldCard(**row._mapping) for row in rows]


def same(
    db: Session, actor: Actor, *, service_id: int, practitioner_id: int, at: Span, now: dt.datetime
) -> HeldSlot | None:
    """Return the time that is held already for a service with somebody, locked; None for none."""
    return db.scalars(
        sa.select(HeldSlot)
        .where(
            HeldSlot.location_id == actor.location_id,
            HeldSlot.starts_at == at.start,
            HeldSlot.service_id == service_id,
            HeldSlot.practitioner_id == practitioner_id,
            HeldSlot.ended_at.is_(None),
            HeldSlot.expires_at > now,
        )
        .order_by(HeldSlot.id)
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()


def lock(db: Session, ids: Collection[int]) -> dict[int, HeldSlot]:
    """Hold the rows of held times in the order of their ids; patients are held before them."""
    rows = db.scalars(
        sa.select(HeldSlot)
        .where(HeldSlot.id.in_(ids))
        .order_by(HeldSlot.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


def keep(db: Session, slot: HeldSlot, hold: Hold) -> HeldSlot:
    """Hold a time that was found free; raises SlotTaken in a photo finish."""
    db.add(slot)
    db.flush()  # What it holds needs its id.
    with guard.guarded():
        guard.fill(db, hold, held_slot_id=slot.id, expires_at=slot.expires_at)
    return slot


def let_go(db: Session, slot: HeldSlot, now: dt.datetime) -> None:
    """Free what a held time holds."""
    slot.ended_at = now
    db.execute(sa.delete(Occupancy).where(Occupancy.held_slot_id == slot.id))
