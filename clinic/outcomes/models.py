"""Photographs: what is known of each picture; the picture itself is a file (`files`)."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.consents.values import Scope
from clinic.core.db import Base, Key, Versioned, known
from clinic.core.zones import Zone
from clinic.outcomes.values import Hair, Light, Parting, PhotographState, PhotographView


class Photograph(Versioned, Base):
    """One picture of a patient; removing it keeps the row and lets the files go."""

    __tablename__ = "photograph"
    __table_args__ = (
        sa.UniqueConstraint("public_id"),
        sa.UniqueConstraint("storage_key"),
        sa.UniqueConstraint("form_key"),
        sa.Index(None, "patient_id", "taken_at"),
        sa.Index(None, "appointment_id"),
        sa.Index(None, "taken_by_id"),
        sa.Index(None, "removed_by_id"),
        known("view", PhotographView),
        known("zone", Zone),
        known("hair", Hair),
        known("parting", Parting),
        known("light", Light),
        known("state", PhotographState),
        sa.CheckConstraint(
            "(view = 'trichoscopy') = (zone IS NOT NULL)", name="zone_of_trichoscopy"
        ),
        sa.CheckConstraint(
            "magnification IS NULL OR view = 'trichoscopy'", name="magnification_of_trichoscopy"
        ),
        sa.CheckConstraint(
            "(state = 'removed') = (removed_at IS NOT NULL AND removed_by_id IS NOT NULL"
            " AND length(removed_reason) > 0)",
            name="removed_is_whole",
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    public_id: Mapped[str] = mapped_column(sa.String(22))
    """What addresses name it by: random, so that nobody can count through them."""
    patient_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("patient.id", ondelete="RESTRICT"))
    appointment_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("appointment.id", ondelete="RESTRICT")
    )
    """The visit, and by it the session, at which it was taken; NULL for one from elsewhere."""
    taken_by_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("account.id", ondelete="RESTRICT"))
    removed_by_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT"), default=None
    )
    view: Mapped[PhotographView]
    zone: Mapped[Zone | None]
    """Of trichoscopy."""
    taken_at: Mapped[dt.datetime]
    kept_at: Mapped[dt.datetime]
    hair: Mapped[Hair]
    parting: Mapped[Parting]
    light: Mapped[Light]
    distance_cm: Mapped[int | None] = mapped_column(sa.SmallInteger)
    magnification: Mapped[int | None] = mapped_column(sa.SmallInteger)
    has_product: Mapped[bool]
    is_fixed: Mapped[bool]
    for_teaching: Mapped[bool]
    for_publication: Mapped[bool]
    state: Mapped[PhotographState] = mapped_column(default=PhotographState.KEPT)
    removed_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    removed_reason: Mapped[str] = mapped_column(sa.String(300), default="")
    storage_key: Mapped[str] = mapped_column(sa.String(32))
    """Random; says where its files lie."""
    sha256: Mapped[str] = mapped_column(sa.String(64))
    """Of the picture as it is kept."""
    width: Mapped[int] = mapped_column(sa.Integer)
    height: Mapped[int] = mapped_column(sa.Integer)
    size: Mapped[int] = mapped_column(sa.Integer)
    """Bytes of the picture and its thumbnail."""
    form_key: Mapped[str | None] = mapped_column(sa.String(48), default=None)

    @property
    def uses(self) -> frozenset[Scope]:
        """Return what the picture is meant for; the patient's consent comes on top."""
        more = {
            Scope.PHOTO_TEACHING: self.for_teaching,
            Scope.PHOTO_PUBLICATION: self.for_publication,
        }
        return frozenset({Scope.PHOTO_RECORD, *(scope for scope, holds in more.items() if holds)})
