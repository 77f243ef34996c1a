"""The end of a course: completed by its last session."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog import queries as catalog_queries
from clinic.scheduling.models import Appointment, Course
from clinic.scheduling.values import AppointmentStatus, CourseStatus


def complete(db: Session, visit: Appointment) -> None:
    """Complete the course of a visit just done, if no session of it is left."""
    if visit.course_id is None:
        return
    course = db.get_one(Course, visit.course_id)
    last = catalog_queries.pattern_of(course).total
    numbers = sa.select(sa.func.max(Appointment.course_number)).where(
        Appointment.course_id == course.id, Appointment.status == AppointmentStatus.DONE
    )
    if course.status is CourseStatus.ACTIVE and (db.scalar(numbers) or 0) >= last:
        course.status = CourseStatus.COMPLETED
