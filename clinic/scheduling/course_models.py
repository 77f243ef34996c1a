"""What was said on the phone about courses."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Key, append_only, known
from clinic.scheduling.course_values import CourseCallOutcome


class CourseCall(Base):
    """What came of one call about a course that has no coming visit."""

    __tablename__ = "course_call"
    __table_args__ = (
        sa.Index(None, "course_id", "id"),
        sa.Index(None, "actor_id"),
        known("outcome", CourseCallOutcome),
        sa.CheckConstraint("(outcome = 'later') = (later_on IS NOT NULL)", name="later_has_day"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, init=False)
    course_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("course.id", ondelete="RESTRICT"))
    actor_id: Mapped[int] = mapped_column(Key, sa.ForeignKey("account.id", ondelete="RESTRICT"))
    actor_name: Mapped[str] = mapped_column(sa.String(120))
    outcome: Mapped[CourseCallOutcome]
    later_on: Mapped[dt.date | None] = mapped_column(default=None)
    """From which day on the patient wants to be asked again."""
    note: Mapped[str] = mapped_column(sa.String(200), default="")
    """For the desk; no clinical content."""
    at: Mapped[dt.datetime]


append_only(CourseCall)
