"""How near the sessions of a course may come to each other, booked one by one or moved."""

import datetime as dt
from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.core.errors import Invalid
from clinic.scheduling.course_values import CourseCard
from clinic.scheduling.models import Appointment, Course
from clinic.scheduling.rules import planning


class TooNear(Invalid):
    """A session would come nearer to another of its course than the least distance."""

    def __init__(self, least: int) -> None:
        super().__init__(planning.TOO_NEAR, field="date", least=least)


def sessions_of(db: Session, course_ids: Collection[int]) -> dict[int, dict[int, dt.date]]:
    """Return {course: {number: day}} of the sessions that hold their time; one statement."""
    rows = db.execute(
        sa.select(Appointment.course_id, Appointment.course_number, Appointment.starts_local).where(
            Appointment.course_id.in_(course_ids), Appointment.occupies
        )
    )
    found: dict[int, dict[int, dt.date]] = {id_: {} for id_ in course_ids}
    for course_id, number, starts_local in rows:
        if course_id is not None and number is not None:
            found[course_id][number] = starts_local.date()
    return found


def too_near(db: Session, placed: Sequence[tuple[Appointment, dt.date]]) -> dict[int, TooNear]:
    """Return of visits and their days those that are too near to others of their course.

    The others count as the database has them. Two statements; none without a course.
    """
    ids = {visit.course_id for visit, _ in placed if visit.course_id is not None}
    if not ids:
        return {}
    sessions = sessions_of(db, ids)
    courses = db.execute(sa.select(Course.id, Course.least_days).where(Course.id.in_(ids)))
    least = {row.id: row.least_days for row in courses}
    found: dict[int, TooNear] = {}
    for visit, on in placed:
        if visit.course_id is None or visit.course_number is None:
            continue
        first, last = planning.apart(
            sessions[visit.course_id],
            visit.course_number,
            least[visit.course_id],
            first=on,
            last=on,
        )
        if last < first:
            found[visit.id] = TooNear(least[visit.course_id])
    return found


def days_of(db: Session, visit: Appointment) -> tuple[dt.date, dt.date] | None:
    """Return the first and the last day on which a visit keeps the least distance of its course.

    None without a course; the last lies before the first where there is no such day. Two
    statements.
    """
    if visit.course_id is None or visit.course_number is None:
        return None
    return days_in(db, visit.course_id, visit.course_number)


def days_in(db: Session, course_id: int, number: int) -> tuple[dt.date, dt.date]:
    """Return the first and the last day of one session of a course as `days_of` does."""
    sessions = sessions_of(db, [course_id])[course_id]
    least = db.get_one(Course, course_id).least_days
    return planning.apart(sessions, number, least, first=dt.date.min, last=dt.date.max)


def refuse_near(db: Session, course: CourseCard, on: dt.date) -> None:
    """Refuse a day for the next session of a course; raises TooNear. Two statements."""
    first, last = days_in(db, course.id, course.next_number)
    if not first <= on <= last:
        raise TooNear(db.get_one(Course, course.id).least_days)
