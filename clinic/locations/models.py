"""The clinic's own places: name, address, phones, time zone, opening hours."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.core.db import Base, Key, Versioned
from clinic.locations.values import HOLD_MIN, LATE_HOURS, WAIT_LIMIT_MIN


class Location(Versioned, Base):
    """One place of the clinic; everything that happens somewhere names it."""

    __tablename__ = "location"
    __table_args__ = (
        sa.UniqueConstraint("name"),
        sa.CheckConstraint("length(country) = 2", name="country_code"),
        sa.CheckConstraint("late_hours BETWEEN 0 AND 168", name="late_hours"),
        sa.CheckConstraint("wait_limit_min BETWEEN 1 AND 240", name="wait_limit"),
        sa.CheckConstraint("hold_min BETWEEN 5 AND 240", name="hold_min"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    opening_hours: Mapped[list["OpeningHours"]] = relationship(
        back_populates="location",
        lazy="raise_on_sql",
        cascade="all, delete-orphan",
        default_factory=list,
        order_by="OpeningHours.weekday, OpeningHours.opens",
    )
    name: Mapped[str] = mapped_column(sa.String(120))
    address: Mapped[str] = mapped_column(sa.String(300), default="")
    phone: Mapped[str] = mapped_column(sa.String(20), default="")
    """E.164."""
    emergency_phone: Mapped[str] = mapped_column(sa.String(20), default="")
    """E.164; printed beside the red flags."""
    zone: Mapped[str] = mapped_column(sa.String(40))
    """IANA time zone; wall times of this place are promises in it."""
    country: Mapped[str] = mapped_column(sa.String(2))
    """ISO 3166-1, for public holidays and the reading of phone numbers."""
    subdivision: Mapped[str] = mapped_column(sa.String(20), default="")
    """The part of the country for public holidays: of ISO 3166-2, in a few countries a name."""
    locale: Mapped[str] = mapped_column(sa.String(12), default="en")
    late_hours: Mapped[int] = mapped_column(sa.SmallInteger, default=LATE_HOURS)
    """Hours before a visit from which on a patient's cancellation is a late one."""
    wait_limit_min: Mapped[int] = mapped_column(sa.SmallInteger, default=WAIT_LIMIT_MIN)
    """Minutes of waiting from which on the day board warns."""
    hold_min: Mapped[int] = mapped_column(sa.SmallInteger, default=HOLD_MIN)
    """Minutes a time is held for those on the waiting list it was offered to."""


class OpeningHours(Base):
    """One span of a weekday in which the place is open; breaks are the gaps between rows."""

    __tablename__ = "opening_hours"
    __table_args__ = (
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        sa.CheckConstraint("closes > opens", name="closes_after_opens"),
        sa.UniqueConstraint("location_id", "weekday", "opens"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    location_id: Mapped[int] = mapped_column(
        Key, sa.ForeignKey("location.id", ondelete="CASCADE"), init=False
    )
    location: Mapped[Location] = relationship(
        back_populates="opening_hours", lazy="raise_on_sql", init=False
    )
    weekday: Mapped[int] = mapped_column(sa.SmallInteger)
    """0 is Monday."""
    opens: Mapped[dt.time]
    closes: Mapped[dt.time]


class OpeningDay(Base):
    """One date on which the place has other hours than its week's; none at all: it is closed."""

    __tablename__ = "opening_day"
    __table_args__ = (
        sa.UniqueConstraint("location_id", "day"),
        sa.CheckConstraint("length(name) > 0", name="has_name"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    location_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("location.id", ondelete="CASCADE"))
    day: Mapped[dt.date]
    name: Mapped[str] = mapped_column(sa.String(120))
    """What the day is called: the public holiday, or the clinic's own reason."""
    times: Mapped[list[Any]]
    """Pairs of "08:00" and "12:00", in order."""
