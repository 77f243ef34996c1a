"""People who sign in, their cookie sessions, and the counters that slow guessing down."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.accounts.values import AccountStatus, Theme
from clinic.core.access import Role
from clinic.core.db import Base, Json, Key, Versioned, known


class Account(Versioned, Base):
    """Somebody who works at the clinic and signs in."""

    __tablename__ = "account"
    __table_args__ = (
        sa.UniqueConstraint("login"),
        sa.UniqueConstraint("invite_hash"),
        sa.Index(None, "location_id"),
        known("role", Role),
        known("status", AccountStatus),
        known("theme", Theme),
        sa.CheckConstraint(
            "status <> 'active' OR password_hash IS NOT NULL", name="active_has_password"
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    location_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("location.id", ondelete="RESTRICT"))
    login: Mapped[str] = mapped_column(sa.String(120))
    """Case-folded."""
    name: Mapped[str] = mapped_column(sa.String(120))
    role: Mapped[Role]
    status: Mapped[AccountStatus] = mapped_column(default=AccountStatus.INVITED)
    password_hash: Mapped[str | None] = mapped_column(sa.String(255), default=None)
    """Argon2id; NULL until the invitation is accepted."""
    invite_hash: Mapped[str | None] = mapped_column(sa.String(64), default=None)
    """SHA-256 of the one-time link's token; NULL once used or withdrawn."""
    invite_expires_at: Mapped[dt.datetime | None] = mapped_column(default=None)
    locale: Mapped[str] = mapped_column(sa.String(12), default="en")
    theme: Mapped[Theme] = mapped_column(default=Theme.AUTO)
    single_keys: Mapped[bool] = mapped_column(default=True)
    """Whether single-key shortcuts are on (WCAG 2.1.4)."""
    created_at: Mapped[dt.datetime]
    last_sign_in_at: Mapped[dt.datetime | None] = mapped_column(default=None)


class CookieSession(Base):
    """A browser in which somebody is signed in, by its token's SHA-256. Rows are purged."""

    __tablename__ = "cookie_session"
    __table_args__ = (sa.Index(None, "account_id"), sa.Index(None, "seen_at"))

    token_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("account.id", ondelete="CASCADE"))
    data: Mapped[Json]
    created_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime]
    """Last act of a person; polls and timers do not touch it."""
    confirmed_at: Mapped[dt.datetime | None]
    """When the password was last given."""
    address: Mapped[str] = mapped_column(sa.String(45))
    agent: Mapped[str] = mapped_column(sa.String(200))


class Throttle(Base):
    """A counter of attempts that all processes share and a restart keeps. Rows are purged."""

    __tablename__ = "throttle"

    key: Mapped[str] = mapped_column(sa.String(100), primary_key=True)
    count: Mapped[int]
    resets_at: Mapped[dt.datetime]
