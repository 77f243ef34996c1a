"""A course at the desk of the tests: picked, begun, planned on, with sessions that took place."""

import datetime as dt

import sqlalchemy as sa

from clinic.catalog.values import CoursePattern
from clinic.scheduling import course_queries, courses
from clinic.scheduling.course_values import Pick, PlanCourse
from clinic.scheduling.models import Appointment, Course
from clinic.scheduling.values import AppointmentStatus
from tests import factories

WEEKLY = CoursePattern(sessions=3, interval_days=7, tolerance_days=2, least_days=6)
FIRST = dt.datetime(2026, 11, 24, 10, 0)
KEY = "k" * 24


def pick(desk, number, at, **changes):
    fields = {"practitioner_id": desk.physician.id, "room_id": desk.room.id, **changes}
    return Pick(number=number, starts_local=at, **fields)


def in_weeks(desk, *weeks):
    return tuple(pick(desk, n, FIRST + dt.timedelta(weeks=week)) for n, week in enumerate(weeks, 1))


def a_wish(desk, **changes):
    fields = {
        "patient_id": desk.alice.id,
        "picks": in_weeks(desk, 0, 1, 2),
        "form_key": KEY,
        "service_id": desk.prp.id,
        "pattern": WEEKLY,
        **changes,
    }
    return PlanCourse(**fields)


def begun(desk, **changes) -> Course:
    made = courses.plan(desk.db, desk.actor(), a_wish(desk, **changes))
    assert isinstance(made, Course), made
    return made


def page(desk, course):
    return course_queries.page(desk.db, desk.actor(), course.id)


def rest(desk, course, *picks, **changes):
    """Plan the rest of a course as its page shows it now."""
    wish = a_wish(
        desk,
        course_id=course.id,
        picks=picks,
        seen=page(desk, course).seen,
        form_key="r" * 24,
        service_id=None,
        pattern=None,
        **changes,
    )
    return courses.plan(desk.db, desk.actor(), wish)


def visits(desk):
    return desk.db.scalars(sa.select(Appointment).order_by(Appointment.id)).all()


def done(desk, course, number, at):
    """A session that took place."""
    return factories.an_appointment(
        desk.db,
        location=desk.world.location,
        patient=desk.alice,
        service=desk.prp,
        practitioner=desk.physician,
        room=desk.room,
        starts_local=at,
        status=AppointmentStatus.DONE,
        course_id=course.id,
        course_number=number,
    )
