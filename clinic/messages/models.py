"""What patients agreed to, which messages were begun, the clinic's servers, and calendar feeds."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Key, Versioned, known
from clinic.messages.values import MailSecurity, MessageKind, MessageState, SmsWay
from clinic.patients.values import Channel


class Message(Base):
    """A message that was begun, committed before any server is spoken to; its text is not kept."""

    __tablename__ = "message"
    __table_args__ = (
        sa.UniqueConstraint("appointment_id", "number"),
        sa.Index(
            "ix_message_sending",
            "at",
            sqlite_where=sa.text("state = 'sending'"),
            postgresql_where=sa.text("state = 'sending'"),
        ),
        sa.Index(
            "ix_message_letter",
            "letter",
            sqlite_where=sa.text("letter IS NOT NULL"),
            postgresql_where=sa.text("letter IS NOT NULL"),
        ),
        known("kind", MessageKind),
        known("channel", Channel),
        known("state", MessageState),
        sa.CheckConstraint("state <> 'queued' OR retry_at IS NOT NULL", name="queued_has_time"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    appointment_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("appointment.id", ondelete="RESTRICT")
    )
    number: Mapped[int] = mapped_column(sa.SmallInteger)
    """The how manieth of its visit: two senders cannot both begin the same one."""
    kind: Mapped[MessageKind]
    channel: Mapped[Channel]
    state: Mapped[MessageState]
    recipient: Mapped[str] = mapped_column(sa.String(254), default="")
    """Where it went; empty for what was withheld."""
    starts_at: Mapped[dt.datetime]
    """The time of the visit that it speaks of."""
    tries: Mapped[int] = mapped_column(sa.SmallInteger, default=1)
    at: Mapped[dt.datetime]
    """When it was begun last."""
    retry_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    ended_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    """When it was taken, refused, given up or settled."""
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    """The server's words."""
    letter: Mapped[str | None] = mapped_column(sa.String(60), default=None)
    """Names the one letter that told of several visits of a course; NULL: it went alone."""


class MessageSettings(Versioned, Base):
    """The servers that a place sends by, and when. Their passwords are not in the database."""

    __tablename__ = "message_settings"
    __table_args__ = (
        known("smtp_security", MailSecurity),
        known("sms_way", SmsWay),
        sa.CheckConstraint("smtp_port BETWEEN 1 AND 65535", name="port"),
        sa.CheckConstraint("reminder_hours BETWEEN 0 AND 336", name="reminder_hours"),
    )

    location_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("location.id", ondelete="RESTRICT"), primary_key=True
    )
    smtp_host: Mapped[str] = mapped_column(sa.String(253), default="")
    """Empty: no e-mail."""
    smtp_port: Mapped[int] = mapped_column(sa.Integer, default=587)
    smtp_security: Mapped[MailSecurity] = mapped_column(default=MailSecurity.STARTTLS)
    smtp_login: Mapped[str] = mapped_column(sa.String(254), default="")
    sender: Mapped[str] = mapped_column(sa.String(254), default="")
    sms_way: Mapped[SmsWay] = mapped_column(default=SmsWay.OFF)
    sms_url: Mapped[str] = mapped_column(sa.String(400), default="")
    sms_sender: Mapped[str] = mapped_column(sa.String(20), default="")
    reminder_hours: Mapped[int] = mapped_column(sa.SmallInteger, default=24)
    quiet_from: Mapped[dt.time] = mapped_column(default=dt.time(20))
    quiet_until: Mapped[dt.time] = mapped_column(default=dt.time(8))


class CalendarFeed(Base):
    """The secret address of a physician's or a room's calendar; only its hash is kept."""

    __tablename__ = "calendar_feed"
    __table_args__ = (
        sa.UniqueConstraint("token_hash"),
        sa.Index(
            "ix_calendar_feed_one_open",
            "resource_id",
            unique=True,
            sqlite_where=sa.text("revoked_at IS NULL"),
            postgresql_where=sa.text("revoked_at IS NULL"),
        ),
        sa.Index(None, "resource_id"),
        sa.Index(None, "made_by_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    resource_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("resource.id", ondelete="RESTRICT"))
    made_by_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("account.id", ondelete="RESTRICT"))
    token_hash: Mapped[str] = mapped_column(sa.String(64))
    """SHA-256."""
    made_at: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None] = mapped_column(default=None)
