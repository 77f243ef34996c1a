"""What the clinic offers and uses: services with their segments, products and lots."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, MappedAsDataclass, mapped_column, relationship

from clinic.catalog.stock_values import MovementKind
from clinic.catalog.values import (
    LotState,
    Modality,
    ProductKind,
    RegulatoryClass,
    ResourceKind,
    StockUnit,
)
from clinic.core.db import Base, Json, Key, Versioned, append_only, known

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
    follow_up_days: Mapped[list[Any] | None] = mapped_column(
        sa.JSON(none_as_null=True), default=None
    )
    """Days after a session on which somebody calls; NULL: those of its modality."""
    follow_up_since: Mapped[Json] = mapped_column(default_factory=dict)
    """{day: date} of days that were added later: they ask for calls that fall due from then on."""
    aftercare: Mapped[Json] = mapped_column(default_factory=dict)
    """{language: lines} that the clinic adds to its sheet for the days after."""
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
        known("regulatory_class", RegulatoryClass),
        known("unit", StockUnit),
        sa.CheckConstraint("strength_ug_per_ml IS NULL OR strength_ug_per_ml > 0", name="strength"),
        sa.CheckConstraint("leaflet_ul BETWEEN 1 AND 50000", name="leaflet"),
        sa.CheckConstraint("open_hours BETWEEN 1 AND 672", name="open_hours"),
        sa.CheckConstraint("low_milli > 0", name="low"),
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
    regulatory_class: Mapped[RegulatoryClass] = mapped_column(default=RegulatoryClass.UNSTATED)
    certificate: Mapped[str] = mapped_column(sa.String(80), default="")
    """Number of the marketing authorisation or of the certificate."""
    unit: Mapped[StockUnit] = mapped_column(default=StockUnit.ML)
    """What its stock is counted in."""
    leaflet_ul: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    """The most in one session by its leaflet; NULL: the leaflet says none."""
    is_single_patient: Mapped[bool] = mapped_column(default=False)
    """A vial of it is for one patient, however much is left."""
    open_hours: Mapped[int | None] = mapped_column(sa.SmallInteger, default=None)
    """How long an opened vial is kept for use; NULL: what is left is thrown away."""
    low_milli: Mapped[int | None] = mapped_column(sa.BigInteger, default=None)
    """At this much or less, in thousandths of the unit, more is to be ordered; NULL: never."""


class ProductPack(Base):
    """One package of a product, as its barcode names it: a single piece, or a box of several."""

    __tablename__ = "product_pack"
    __table_args__ = (
        sa.UniqueConstraint("gtin"),
        sa.Index(None, "product_id"),
        sa.CheckConstraint("length(gtin) = 14", name="gtin"),
        sa.CheckConstraint("holds_milli > 0", name="holds"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    product_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("product.id", ondelete="CASCADE"))
    gtin: Mapped[str] = mapped_column(sa.String(14))
    """Fourteen digits."""
    holds_milli: Mapped[int | None] = mapped_column(sa.BigInteger, default=None)
    """How much is in it, in thousandths of the product's unit; NULL: nobody said."""


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


class StockLevel(Base):
    """How much of a lot is left at a place: the sum of its movements, never below nought.

    A lot without a row was never received or counted there: it may be used, and nothing is drawn.
    """

    __tablename__ = "stock_level"
    __table_args__ = (
        sa.Index(None, "location_id"),
        sa.CheckConstraint("level_milli >= 0", name="not_below_nought"),
    )

    lot_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("product_lot.id", ondelete="RESTRICT"), primary_key=True
    )
    location_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("location.id", ondelete="RESTRICT"), primary_key=True
    )
    level_milli: Mapped[int] = mapped_column(sa.BigInteger)
    """Thousandths of the product's unit."""


class StockMovement(Base):
    """What came to a lot or went from it at a place: by whom, when, why. Never changed."""

    __tablename__ = "stock_movement"
    __table_args__ = (
        sa.Index(None, "lot_id", "location_id", "id"),
        sa.Index(None, "location_id"),
        sa.Index(None, "actor_id"),
        sa.Index(None, "session_id"),
        sa.UniqueConstraint("reverses_id"),
        sa.UniqueConstraint("form_key"),
        known("kind", MovementKind),
        sa.CheckConstraint(
            "(kind = 'receipt' AND amount_milli > 0) OR kind = 'count'"
            " OR (kind IN ('use', 'waste') AND amount_milli < 0)"
            " OR (kind IN ('transfer', 'reversal') AND amount_milli <> 0)",
            name="sign",
        ),
        sa.CheckConstraint("(kind = 'use') = (session_id IS NOT NULL)", name="use_has_session"),
        sa.CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name="reversal"),
        sa.CheckConstraint(
            "kind NOT IN ('waste', 'count', 'transfer') OR length(reason) > 0", name="reason_given"
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    lot_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("product_lot.id", ondelete="RESTRICT"))
    location_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("location.id", ondelete="RESTRICT"))
    kind: Mapped[MovementKind]
    amount_milli: Mapped[int] = mapped_column(sa.BigInteger)
    """Signed, in thousandths of the product's unit; of a count what it was off by."""
    at: Mapped[dt.datetime]
    actor_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("account.id", ondelete="RESTRICT"))
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    session_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("treatment_session.id", ondelete="RESTRICT"), default=None
    )
    """The session that used it."""
    reverses_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("stock_movement.id", ondelete="RESTRICT"), default=None
    )
    form_key: Mapped[str | None] = mapped_column(sa.String(40), default=None)


append_only(StockMovement)


class OpenedVial(Versioned, Base):
    """A vial that was opened in a session and kept; it may be used for the product's hours."""

    __tablename__ = "opened_vial"
    __table_args__ = (
        sa.Index(None, "lot_id"),
        sa.Index(None, "session_id"),
        sa.Index(None, "location_id", "discarded_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    lot_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("product_lot.id", ondelete="RESTRICT"))
    location_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("location.id", ondelete="RESTRICT"))
    session_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("treatment_session.id", ondelete="RESTRICT")
    )
    """In which it was opened: a vial for one patient is that session's patient's."""
    opened_at: Mapped[dt.datetime]
    discarded_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    """When it was thrown away or empty; NULL while it is kept."""
