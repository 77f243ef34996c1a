"""What the clinic offers and uses: services with their segments, products and lots."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, MappedAsDataclass, mapped_column, relationship

from clinic.catalog.values import LotState, Modality, ProductKind, ResourceKind
from clinic.core.db import Base, Key, Versioned, known

PATTERN_CHECKS = {
    "length": "sessions_planned BETWEEN 1 AND 60",
    "interval": "interval_days BETWEEN 1 AND 400",
    "tolerance": "tolerance_days >= 0 AND tolerance_days < interval_days",
    "least": "least_days BETWEEN 1 AND interval_days",
    "booster": "booster_days IS NULL OR booster_days BETWEEN least_days AND 730",
}


def pattern_checks() -> Iterator[sa.CheckConstraint]:
    """Yield the CHECKs of a table that keeps what a course is."""
    return (sa.CheckConstraint(text, name=name) for name, text in PATTERN_CHECKS.items())


class Patterned(MappedAsDataclass, kw_only=True, eq=False, repr=False):
    """The columns that say what a course is: of a service, and of each course begun from it."""

    sessions_planned: Mapped[int] = mapped_column(sa.SmallInteger, default=1)
    """Sessions of a course, the booster not counted."""
    interval_days: Mapped[int] = mapped_column(sa.SmallInteger, default=28)
    tolerance_days: Mapped[int] = mapped_column(sa.SmallInteger, default=7)
    """Days that a session may be planned before or after its interval."""
    least_days: Mapped[int] = mapped_column(sa.SmallInteger, default=1)
    """No two sessions are planned closer than this."""
    booster_days: Mapped[int | None] = mapped_column(sa.SmallInteger, default=None)
    """Days from the last session to the booster; NULL is no booster."""


class Service(Patterned, Versioned, Base):
    """Something that can be booked."""

    __tablename__ = "service"
    __table_args__ = (
        sa.UniqueConstraint("code"),
        known("modality", Modality),
        sa.CheckConstraint(
            "duration_min BETWEEN 5 AND 480 AND duration_min % 5 = 0", name="duration"
        ),
        *pattern_checks(),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    segments: Mapped[list["ServiceSegment"]] = relationship(
        back_populates="service",
        lazy="raise_on_sql",
        cascade="all, delete-orphan",
        default_factory=list,
        order_by="ServiceSegment.seq",
    )
    code: Mapped[str] = mapped_column(sa.String(40))
    name: Mapped[str] = mapped_column(sa.String(120))
    modality: Mapped[Modality]
    duration_min: Mapped[int] = mapped_column(sa.SmallInteger)
    ingredients: Mapped[list[Any]] = mapped_column(default_factory=list)
    """Slugs of what a mesotherapy injects: their rules speak from the booking on."""
    is_active: Mapped[bool] = mapped_column(default=True)


class ServiceSegment(Base):
    """One part of a service that holds a person, a room or a device for some minutes."""

    __tablename__ = "service_segment"
    __table_args__ = (
        sa.UniqueConstraint("service_id", "seq"),
        known("kind", ResourceKind),
        sa.CheckConstraint("offset_min >= 0 AND offset_min % 5 = 0", name="offset"),
        sa.CheckConstraint("length_min >= 5 AND length_min % 5 = 0", name="length"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    service_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("service.id", ondelete="CASCADE"), init=False
    )
    service: Mapped[Service] = relationship(
        back_populates="segments", lazy="raise_on_sql", init=False
    )
    seq: Mapped[int] = mapped_column(sa.SmallInteger)
    kind: Mapped[ResourceKind]
    device_type: Mapped[str] = mapped_column(sa.String(40), default="")
    """Which device, when kind is device: "centrifuge"."""
    offset_min: Mapped[int] = mapped_column(sa.SmallInteger)
    length_min: Mapped[int] = mapped_column(sa.SmallInteger)


class Product(Versioned, Base):
    """Something that is injected or used up in a session."""

    __tablename__ = "product"
    __table_args__ = (
        sa.UniqueConstraint("code"),
        known("kind", ProductKind),
        sa.CheckConstraint("strength_ug_per_ml IS NULL OR strength_ug_per_ml > 0", name="strength"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    code: Mapped[str] = mapped_column(sa.String(40))
    name: Mapped[str] = mapped_column(sa.String(160))
    kind: Mapped[ProductKind]
    ingredient: Mapped[str] = mapped_column(sa.String(40), default="")
    """Our slug of the active ingredient ("lidocaine"), for limits and allergies."""
    manufacturer: Mapped[str] = mapped_column(sa.String(120), default="")
    strength_ug_per_ml: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    has_adrenaline: Mapped[bool] = mapped_column(default=False)
    is_injectable: Mapped[bool] = mapped_column(default=True)
    """False for cosmetics: they may never be injected."""
    is_active: Mapped[bool] = mapped_column(default=True)


class ProductLot(Versioned, Base):
    """One lot of a product, as printed on the pack."""

    __tablename__ = "product_lot"
    __table_args__ = (
        sa.UniqueConstraint("product_id", "lot_no"),
        sa.Index(None, "expires_on"),
        known("state", LotState),
        sa.CheckConstraint("state = 'ok' OR length(state_reason) > 0", name="reason_given"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    product_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("product.id", ondelete="RESTRICT"))
    lot_no: Mapped[str] = mapped_column(sa.String(60))
    expires_on: Mapped[dt.date]
    state: Mapped[LotState] = mapped_column(default=LotState.OK)
    state_reason: Mapped[str] = mapped_column(sa.String(200), default="")
