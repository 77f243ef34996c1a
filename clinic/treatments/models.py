"""What was done in a session: preparation, lots, injections; locked for ever once signed."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.core.db import Base, Json, Key, Versioned, append_only, known
from clinic.core.zones import Zone
from clinic.treatments.delivery import Antisepsis, Device, Guidance, Technique
from clinic.treatments.locking import lock_whole, lock_with_session
from clinic.treatments.preparation_models import PrpPreparation, PrpSpin
from clinic.treatments.values import DraftStep, LotRole, SessionState, TimeOut, View


class TreatmentSession(Versioned, Base):
    """The record of one session; a draft until signed, then never changed."""

    __tablename__ = "treatment_session"
    __table_args__ = (
        sa.UniqueConstraint("appointment_id"),
        sa.Index(None, "patient_id", "started_at"),
        sa.Index(None, "location_id", "started_at"),
        sa.Index(None, "performer_id", "state"),
        sa.Index(None, "service_id"),
        sa.Index(None, "screening_id"),
        sa.Index(None, "signed_by_id"),
        known("state", SessionState),
        known("antisepsis", Antisepsis),
        known("guidance", Guidance),
        sa.CheckConstraint(
            "state <> 'signed' OR (signed_at IS NOT NULL AND signed_by_id IS NOT NULL"
            " AND ended_at IS NOT NULL AND content_hash IS NOT NULL)",
            name="signed_is_whole",
        ),
        sa.CheckConstraint("pain BETWEEN 0 AND 10", name="pain"),
        sa.CheckConstraint("weight_g BETWEEN 30000 AND 300000", name="weight"),
        sa.CheckConstraint("NOT is_aborted OR length(abort_reason) > 0", name="aborted_has_reason"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    appointment_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("appointment.id", ondelete="RESTRICT")
    )
    patient_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("patient.id", ondelete="RESTRICT"))
    location_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("location.id", ondelete="RESTRICT"))
    service_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("service.id", ondelete="RESTRICT"))
    performer_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("account.id", ondelete="RESTRICT"))
    screening_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("screening.id", ondelete="RESTRICT")
    )
    """The check made at the start."""
    sites: Mapped[list["InjectionSite"]] = relationship(
        back_populates="session",
        lazy="raise_on_sql",
        cascade="all, delete-orphan",
        default_factory=list,
        order_by="InjectionSite.seq",
    )
    lots: Mapped[list["LotUse"]] = relationship(
        back_populates="session",
        lazy="raise_on_sql",
        cascade="all, delete-orphan",
        default_factory=list,
        order_by="LotUse.seq",
    )
    time_out: Mapped[list["TimeOutLine"]] = relationship(
        back_populates="session",
        lazy="raise_on_sql",
        cascade="all, delete-orphan",
        default_factory=list,
        order_by="TimeOutLine.id",
    )
    preparation: Mapped[PrpPreparation | None] = relationship(
        lazy="raise_on_sql", viewonly=True, init=False
    )
    spins: Mapped[list[PrpSpin]] = relationship(
        lazy="raise_on_sql", viewonly=True, init=False, order_by=PrpSpin.seq
    )
    state: Mapped[SessionState] = mapped_column(default=SessionState.DRAFT)
    started_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    saved_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    """When the draft was last written; NULL while nothing was."""
    first_point_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    """When the first point was typed or kept, after time-out and tube: the injection began."""
    weight_g: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    weight_on: Mapped[dt.date | None] = mapped_column(default=None)
    mixed_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    """When the syringe was mixed; NULL where nothing was."""
    anaesthesia: Mapped[list[Any] | None] = mapped_column(sa.JSON(none_as_null=True), default=None)
    """Slugs of what was used together; NULL: not noted."""
    antisepsis: Mapped[Antisepsis | None] = mapped_column(default=None)
    guidance: Mapped[Guidance | None] = mapped_column(default=None)
    spacing_um: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    """How far apart the points were set; NULL: not noted."""
    pain: Mapped[int | None] = mapped_column(sa.SmallInteger, default=None)
    """0 to 10 (LOINC 72514-3)."""
    note: Mapped[str] = mapped_column(sa.Text, default="")
    map_version: Mapped[str] = mapped_column(sa.String(20))
    """Which drawing the points were set on."""
    is_aborted: Mapped[bool] = mapped_column(default=False)
    abort_reason: Mapped[str] = mapped_column(sa.String(300), default="")
    written_later: Mapped[str | None] = mapped_column(sa.String(200), default=None)
    """Why it was written only when the visit was over; NULL: it was written at the chair."""
    soft_limits_accepted: Mapped[bool] = mapped_column(default=False)
    unusual_seen: Mapped[str | None] = mapped_column(sa.Text, default=None)
    """The marks of what that tick stands for, while it is a draft; NULL: nothing that is known."""
    outside: Mapped[list[Any] | None] = mapped_column(sa.JSON(none_as_null=True), default=None)
    """What was given outside of the limits, as the sentences said it; NULL: nothing."""
    outside_reason: Mapped[str | None] = mapped_column(sa.String(300), default=None)
    """Why it was given all the same."""
    signed_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    signed_by_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT"), default=None
    )
    content_hash: Mapped[str | None] = mapped_column(sa.String(64), default=None)
    """SHA-256 over the canonical JSON of the record and all its parts."""
    content_format: Mapped[int] = mapped_column(sa.SmallInteger, default=1, server_default="1")
    """Which canonical text the hash is made of; set when it is signed."""
    as_signed: Mapped[Json | None] = mapped_column(sa.JSON(none_as_null=True), default=None)
    """What its keys stood for at the signature (`named.py`); NULL: a draft, or signed before."""


class LotUse(Base):
    """How much of which lot was used in a session."""

    __tablename__ = "lot_use"
    __table_args__ = (
        sa.UniqueConstraint("session_id", "seq"),
        sa.Index(None, "lot_id"),
        sa.Index(None, "vial_id"),
        known("role", LotRole),
        sa.CheckConstraint("amount_ul BETWEEN 0 AND 50000", name="amount"),
        sa.CheckConstraint("pieces BETWEEN 1 AND 50", name="pieces"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    session_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("treatment_session.id", ondelete="CASCADE"), init=False
    )
    session: Mapped[TreatmentSession] = relationship(
        back_populates="lots", lazy="raise_on_sql", init=False
    )
    lot_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("product_lot.id", ondelete="RESTRICT"))
    seq: Mapped[int] = mapped_column(sa.SmallInteger)
    role: Mapped[LotRole]
    amount_ul: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    """NULL for kits."""
    dose_ug: Mapped[int | None] = mapped_column(sa.BigInteger, default=None)
    """Strength times volume, as computed and shown then."""
    expires_on: Mapped[dt.date]
    """Copy of the lot's date at use."""
    pieces: Mapped[int | None] = mapped_column(sa.SmallInteger, default=None)
    """How many, of what is counted in pieces; NULL: one, or nobody said."""
    opened_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    """When the vial was opened; NULL: not written, or nothing that is opened."""
    vial_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("opened_vial.id", ondelete="RESTRICT"), default=None
    )
    """The opened vial that it came from; NULL: a new one."""
    udi: Mapped[str | None] = mapped_column(sa.String(120), default=None)
    """What the barcode of its pack said, as GS1 prints it; NULL: nobody scanned one."""


class InjectionSite(Base):
    """One injection point, or one zone treated with several points of the same kind."""

    __tablename__ = "injection_site"
    __table_args__ = (
        sa.UniqueConstraint("session_id", "seq"),
        known("zone", Zone),
        known("view", View),
        known("technique", Technique),
        known("device", Device),
        sa.CheckConstraint("volume_ul BETWEEN 1 AND 20000", name="volume"),
        sa.CheckConstraint("points BETWEEN 1 AND 400", name="points"),
        sa.CheckConstraint("depth_um BETWEEN 300 AND 13000", name="depth"),
        sa.CheckConstraint("needle_gauge BETWEEN 25 AND 34", name="gauge"),
        sa.CheckConstraint("needle_um BETWEEN 2000 AND 40000", name="needle"),
        sa.CheckConstraint("x_permille BETWEEN 0 AND 1000", name="x"),
        sa.CheckConstraint("y_permille BETWEEN 0 AND 1000", name="y"),
        sa.CheckConstraint(
            "(view IS NULL) = (x_permille IS NULL) AND (x_permille IS NULL) = (y_permille IS NULL)",
            name="place_is_whole",
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    session_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("treatment_session.id", ondelete="CASCADE"), init=False
    )
    session: Mapped[TreatmentSession] = relationship(
        back_populates="sites", lazy="raise_on_sql", init=False
    )
    seq: Mapped[int] = mapped_column(sa.SmallInteger)
    """Number of the point; the others keep theirs when one is removed."""
    zone: Mapped[Zone]
    view: Mapped[View | None] = mapped_column(default=None)
    """NULL with the place: a whole zone was entered without single points."""
    x_permille: Mapped[int | None] = mapped_column(sa.SmallInteger, default=None)
    y_permille: Mapped[int | None] = mapped_column(sa.SmallInteger, default=None)
    """Thousandths of the drawing's width and height; left is the patient's side as drawn."""
    points: Mapped[int] = mapped_column(sa.SmallInteger, default=1)
    volume_ul: Mapped[int] = mapped_column(sa.Integer)
    """Of all points of this row together."""
    depth_um: Mapped[int] = mapped_column(sa.Integer)
    needle_gauge: Mapped[int] = mapped_column(sa.SmallInteger)
    needle_um: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    """Length of the needle."""
    technique: Mapped[Technique | None] = mapped_column(default=None)
    device: Mapped[Device | None] = mapped_column(default=None)
    """What the needle sits on; NULL where neither was noted."""


class ZoneArea(Base):
    """How large a zone is: measured on a patient, or the clinic's own table. The newest counts."""

    __tablename__ = "zone_area"
    __table_args__ = (
        sa.Index(None, "location_id"),
        sa.Index(None, "patient_id"),
        sa.Index(None, "measured_by_id"),
        known("zone", Zone),
        sa.CheckConstraint("area_mm2 BETWEEN 100 AND 60000", name="area"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    location_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("location.id", ondelete="RESTRICT"))
    patient_id: Mapped[int | None] = mapped_column(
        Key, sa.ForeignKey("patient.id", ondelete="RESTRICT")
    )
    """NULL: of the clinic's own table."""
    zone: Mapped[Zone]
    area_mm2: Mapped[int] = mapped_column(sa.Integer)
    measured_on: Mapped[dt.date]
    measured_by_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("account.id", ondelete="RESTRICT")
    )
    at: Mapped[dt.datetime]


class ProtocolDose(Base):
    """What one tap gives a zone in a service, as the clinic wrote it; none: what is shipped."""

    __tablename__ = "protocol_dose"
    __table_args__ = (
        known("zone", Zone),
        known("technique", Technique),
        sa.CheckConstraint("points BETWEEN 1 AND 400", name="points"),
        sa.CheckConstraint("each_ul BETWEEN 5 AND 500", name="each"),
        sa.CheckConstraint("depth_um BETWEEN 300 AND 13000", name="depth"),
        sa.CheckConstraint("needle_gauge BETWEEN 25 AND 34", name="gauge"),
        sa.CheckConstraint("needle_um BETWEEN 2000 AND 40000", name="needle"),
        sa.CheckConstraint(
            "(least_ul IS NULL AND most_ul IS NULL)"
            " OR (least_ul IS NOT NULL AND most_ul IS NOT NULL AND least_ul <= most_ul)",
            name="range",
        ),
    )

    service_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("service.id", ondelete="CASCADE"), primary_key=True
    )
    zone: Mapped[Zone] = mapped_column(primary_key=True)
    points: Mapped[int] = mapped_column(sa.SmallInteger)
    each_ul: Mapped[int] = mapped_column(sa.Integer)
    depth_um: Mapped[int] = mapped_column(sa.Integer)
    needle_gauge: Mapped[int] = mapped_column(sa.SmallInteger)
    needle_um: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    technique: Mapped[Technique | None] = mapped_column(default=None)
    least_ul: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    most_ul: Mapped[int | None] = mapped_column(sa.Integer, default=None)
    """Of the whole zone in a session; NULL with the least: the clinic has set no range."""


class TimeOutLine(Base):
    """One line of the safety check before the first point: who said it, and when."""

    __tablename__ = "time_out_line"
    __table_args__ = (
        sa.UniqueConstraint("session_id", "line"),
        sa.Index(None, "account_id"),
        known("line", TimeOut),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    session_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("treatment_session.id", ondelete="CASCADE")
    )
    session: Mapped[TreatmentSession] = relationship(
        back_populates="time_out", lazy="raise_on_sql", init=False
    )
    line: Mapped[TimeOut]
    account_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("account.id", ondelete="RESTRICT"))
    at: Mapped[dt.datetime]


class SessionDraft(Base):
    """What is typed into a form of a session and not kept yet: raw, never judged, never signed."""

    __tablename__ = "session_draft"
    __table_args__ = (
        sa.UniqueConstraint("session_id", "step"),
        sa.Index(None, "account_id"),
        known("step", DraftStep),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    session_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("treatment_session.id", ondelete="CASCADE")
    )
    step: Mapped[DraftStep]
    account_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("account.id", ondelete="RESTRICT"))
    tab: Mapped[str] = mapped_column(sa.String(40))
    """Random key of the page that writes: another one does not, until it takes over."""
    seq: Mapped[int] = mapped_column(sa.Integer)
    """Rises with every text, whichever page wrote it: what arrives late changes nothing."""
    typed_on: Mapped[int] = mapped_column(sa.Integer)
    """The version that the form was filled in on."""
    fields: Mapped[list[Any]]
    """[[name, raw text], ...]"""
    saved_at: Mapped[dt.datetime]


class Addendum(Base):
    """Words added to a signed session: who, when, why. Nothing signed is ever overwritten."""

    __tablename__ = "addendum"
    __table_args__ = (
        sa.Index(None, "session_id", "at"),
        sa.Index(None, "author_id"),
        sa.UniqueConstraint("form_key"),
        sa.CheckConstraint("length(body) > 0", name="has_body"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    session_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("treatment_session.id", ondelete="RESTRICT")
    )
    author_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("account.id", ondelete="RESTRICT"))
    author_name: Mapped[str | None] = mapped_column(sa.String(120), default=None)
    """As it was then; NULL of those written before it was kept."""
    body: Mapped[str] = mapped_column(sa.Text)
    reason: Mapped[str] = mapped_column(sa.String(300))
    at: Mapped[dt.datetime]
    form_key: Mapped[str | None] = mapped_column(sa.String(40), default=None)


append_only(Addendum)
append_only(ZoneArea)

lock_whole(TreatmentSession)
lock_with_session(LotUse, InjectionSite, TimeOutLine, SessionDraft)
