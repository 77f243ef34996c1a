"""How blood became PRP: the preparation, its spins, presets; and a tube at the wrong chair."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Key, Versioned, known
from clinic.treatments.delivery import Guidance
from clinic.treatments.locking import lock_with_session
from clinic.treatments.preparation_values import (
    Activation,
    Anticoagulant,
    Brake,
    CountKind,
    DrawSite,
    IncidentKind,
    Layer,
    Method,
    Richness,
)


def _amounts() -> tuple[sa.CheckConstraint, ...]:
    return (
        sa.CheckConstraint("blood_ul BETWEEN 4000 AND 120000", name="blood"),
        sa.CheckConstraint("anticoagulant_ul BETWEEN 0 AND 20000", name="anticoagulant_volume"),
        sa.CheckConstraint("prp_ul BETWEEN 500 AND 30000", name="prp"),
        sa.CheckConstraint("prp_ul < blood_ul", name="prp_from_blood"),
        sa.CheckConstraint("tubes BETWEEN 1 AND 12", name="tubes"),
        known("anticoagulant", Anticoagulant),
        known("method", Method),
        known("layer", Layer),
        known("leukocytes", Richness),
        known("erythrocytes", Richness),
    )


class PrpPreparation(Versioned, Base):
    """What was drawn, how it was spun and what came of it; each act has its time and its name."""

    __tablename__ = "prp_preparation"
    __table_args__ = (
        *_amounts(),
        sa.UniqueConstraint("tube_code"),
        sa.Index(None, "preset_id"),
        sa.Index(None, "centrifuge_id"),
        sa.Index(None, "drawn_by_id"),
        sa.Index(None, "obtained_by_id"),
        sa.Index(None, "identity_by_id"),
        known("draw_site", DrawSite),
        known("activation", Activation),
        known("guidance", Guidance),
        known("base_kind", CountKind),
        known("prp_kind", CountKind),
        sa.CheckConstraint("activator_ul BETWEEN 1 AND 5000", name="activator"),
        sa.CheckConstraint("base_platelets_e6l BETWEEN 5000 AND 2000000", name="base_platelets"),
        sa.CheckConstraint("prp_platelets_e6l BETWEEN 50000 AND 5000000", name="prp_platelets"),
        sa.CheckConstraint("base_leukocytes_e6l BETWEEN 0 AND 500000", name="base_leukocytes"),
        sa.CheckConstraint("prp_leukocytes_e6l BETWEEN 0 AND 500000", name="prp_leukocytes"),
        sa.CheckConstraint("base_neutrophils_e6l BETWEEN 0 AND 500000", name="base_neutrophils"),
        sa.CheckConstraint("prp_neutrophils_e6l BETWEEN 0 AND 500000", name="prp_neutrophils"),
        sa.CheckConstraint("base_erythrocytes_e9l BETWEEN 0 AND 10000", name="base_erythrocytes"),
        sa.CheckConstraint("prp_erythrocytes_e9l BETWEEN 0 AND 10000", name="prp_erythrocytes"),
        sa.CheckConstraint("base_haemoglobin_mgdl BETWEEN 3000 AND 25000", name="base_haemoglobin"),
        sa.CheckConstraint("(drawn_at IS NULL) = (drawn_by_id IS NULL)", name="drawn_by_somebody"),
        sa.CheckConstraint(
            "(obtained_at IS NULL) = (obtained_by_id IS NULL)", name="obtained_by_somebody"
        ),
        sa.CheckConstraint(
            "(identity_at IS NULL) = (identity_by_id IS NULL)", name="identity_by_somebody"
        ),
        sa.CheckConstraint(
            "identity_at IS NULL OR tube_code IS NOT NULL", name="identity_of_a_tube"
        ),
        sa.CheckConstraint("labels_printed >= 0", name="labels"),
    )

    session_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("treatment_session.id", ondelete="CASCADE"), primary_key=True
    )
    preset_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("kit_preset.id", ondelete="RESTRICT"), default=None
    )
    """Which preset was chosen; what it filled in may have been changed since."""
    centrifuge_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("resource.id", ondelete="RESTRICT"), default=None
    )
    centrifuge_due_on: Mapped[dt.date | None] = mapped_column(default=None)
    """When its service was due, as it stood when it was written."""
    method: Mapped[Method | None] = mapped_column(default=None)
    tubes: Mapped[int | None] = mapped_column(sa.SmallInteger, default=None)
    blood_ul: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    draw_site: Mapped[DrawSite | None] = mapped_column(default=None)
    drawn_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    drawn_by_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT"), default=None
    )
    anticoagulant: Mapped[Anticoagulant | None] = mapped_column(default=None)
    anticoagulant_ul: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    layer: Mapped[Layer | None] = mapped_column(default=None)
    prp_ul: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    obtained_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    obtained_by_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT"), default=None
    )
    activation: Mapped[Activation | None] = mapped_column(default=None)
    activator_ul: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    guidance: Mapped[Guidance | None] = mapped_column(default=None)
    """Of sessions signed before it was asked with the session; NULL of all others."""
    leukocytes: Mapped[Richness | None] = mapped_column(default=None)
    erythrocytes: Mapped[Richness | None] = mapped_column(default=None)
    base_platelets_e6l: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    """Of the patient's blood, in 10⁶/L, like leukocytes and neutrophils."""
    base_leukocytes_e6l: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    base_neutrophils_e6l: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    base_erythrocytes_e9l: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    """In 10⁹/L."""
    base_haemoglobin_mgdl: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    base_kind: Mapped[CountKind | None] = mapped_column(default=None)
    base_on: Mapped[dt.date | None] = mapped_column(default=None)
    base_source: Mapped[str] = mapped_column(sa.String(80), default="")
    prp_platelets_e6l: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    prp_leukocytes_e6l: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    prp_neutrophils_e6l: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    prp_erythrocytes_e9l: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    prp_kind: Mapped[CountKind | None] = mapped_column(default=None)
    prp_on: Mapped[dt.date | None] = mapped_column(default=None)
    prp_source: Mapped[str] = mapped_column(sa.String(80), default="")
    tube_code: Mapped[str | None] = mapped_column(sa.String(8), default=None)
    """Says nothing about anybody; made when the first label is printed."""
    labels_printed: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    identity_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    """When the tube was read at the chair, name and birth date having been said aloud."""
    identity_by_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT"), default=None
    )
    saved_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    """NULL while nothing was written."""


class PrpSpin(Base):
    """One run of the centrifuge, started and stopped at the server's time."""

    __tablename__ = "prp_spin"
    __table_args__ = (
        sa.Index(None, "started_by_id"),
        sa.Index(None, "ended_by_id"),
        sa.CheckConstraint("seq BETWEEN 1 AND 2", name="seq"),
        sa.CheckConstraint("rcf_g BETWEEN 50 AND 3000", name="rcf"),
        sa.CheckConstraint("rpm BETWEEN 300 AND 6000", name="rpm"),
        sa.CheckConstraint("radius_mm BETWEEN 40 AND 250", name="radius"),
        sa.CheckConstraint("rpm IS NULL OR radius_mm IS NOT NULL", name="rpm_has_radius"),
        sa.CheckConstraint("minutes BETWEEN 1 AND 30", name="minutes"),
        sa.CheckConstraint("temperature_c BETWEEN 0 AND 40", name="temperature"),
        known("brake", Brake),
        sa.CheckConstraint(
            "(started_at IS NULL) = (started_by_id IS NULL)", name="started_by_somebody"
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by_id IS NULL)", name="ended_by_somebody"),
        sa.CheckConstraint(
            "ended_at IS NULL OR (started_at IS NOT NULL AND ended_at >= started_at)",
            name="ends_after_start",
        ),
    )

    session_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("treatment_session.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    rcf_g: Mapped[int | None] = mapped_column(sa.SmallInteger, default=None)
    rpm: Mapped[int | None] = mapped_column(sa.SmallInteger, default=None)
    radius_mm: Mapped[int | None] = mapped_column(sa.SmallInteger, default=None)
    minutes: Mapped[int | None] = mapped_column(sa.SmallInteger, default=None)
    temperature_c: Mapped[int | None] = mapped_column(sa.SmallInteger, default=None)
    brake: Mapped[Brake | None] = mapped_column(default=None)
    started_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    started_by_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT"), default=None
    )
    ended_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    ended_by_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT"), default=None
    )


lock_with_session(PrpPreparation, PrpSpin)


class KitPreset(Versioned, Base):
    """What a kit or tube usually is, so that choosing it fills the card."""

    __tablename__ = "kit_preset"
    __table_args__ = (
        *_amounts(),
        sa.UniqueConstraint("name"),
        sa.Index(None, "product_id"),
        sa.CheckConstraint("length(name) > 0", name="has_name"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    name: Mapped[str] = mapped_column(sa.String(80))
    maker: Mapped[str] = mapped_column(sa.String(80), default="")
    product_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("product.id", ondelete="RESTRICT"), default=None
    )
    """Whose first-expiring lot is proposed."""
    method: Mapped[Method | None] = mapped_column(default=None)
    tubes: Mapped[int | None] = mapped_column(sa.SmallInteger, default=None)
    blood_ul: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    anticoagulant: Mapped[Anticoagulant | None] = mapped_column(default=None)
    anticoagulant_ul: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    layer: Mapped[Layer | None] = mapped_column(default=None)
    prp_ul: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    """What is expected; shown beside the field, never filled in."""
    leukocytes: Mapped[Richness | None] = mapped_column(default=None)
    erythrocytes: Mapped[Richness | None] = mapped_column(default=None)
    spins: Mapped[list[Any]] = mapped_column(default_factory=list)
    """One {"rcf_g", "rpm", "radius_mm", "minutes", "temperature_c", "brake"} a spin, in order."""
    source: Mapped[str] = mapped_column(sa.String(80), default="")
    """Where the numbers come from: a leaflet, or a key of clinical.md."""
    is_active: Mapped[bool] = mapped_column(default=True)


class Incident(Versioned, Base):
    """Something that went wrong and must be looked into by a physician."""

    __tablename__ = "incident"
    __table_args__ = (
        sa.Index(None, "session_id"),
        sa.Index(None, "other_session_id"),
        sa.Index(None, "reported_by_id"),
        sa.Index(None, "closed_by_id"),
        known("kind", IncidentKind),
        sa.CheckConstraint("session_id <> other_session_id", name="two_sessions"),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (closed_by_id IS NULL)"
            " AND (closed_at IS NULL OR length(closing_note) > 0)",
            name="closed_is_whole",
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    kind: Mapped[IncidentKind]
    session_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("treatment_session.id", ondelete="RESTRICT")
    )
    """At whose chair it happened."""
    other_session_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("treatment_session.id", ondelete="RESTRICT")
    )
    """Whose tube it was."""
    reported_by_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT")
    )
    at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    closed_by_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT"), default=None
    )
    closing_note: Mapped[str] = mapped_column(sa.String(300), default="")
