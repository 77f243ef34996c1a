"""The end of a course, and calls about one: stopped with a reason, taken back, kept for good."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.core.errors import Conflict, Invalid, NotFound, StaleEdit
from clinic.scheduling import courses, queries
from clinic.scheduling.course_models import CourseCall
from clinic.scheduling.course_values import CourseCallOutcome, LogCourseCall, StopCourse
from clinic.scheduling.models import Course
from clinic.scheduling.values import AppointmentStatus, CourseStatus
from tests import factories
from tests.scheduling.coursing import FIRST, begun, done, page, pick, visits


def stopping(desk, course, **changes):
    now = page(desk, course)
    fields = {
        "course_id": course.id,
        "version": now.version,
        "reason": "Moves away",
        "cancels": True,
        "seen": now.seen,
        **changes,
    }
    return StopCourse(**fields)


def test_a_stopped_course_cancels_what_is_to_come_and_nothing_else(desk):
    course = begun(desk, picks=())
    past = done(desk, course, 1, FIRST - dt.timedelta(weeks=1))
    coming = desk.book(service_id=desk.prp.id, starts_local=FIRST)

    courses.stop(desk.db, desk.actor(), stopping(desk, course))

    assert (course.status, course.stop_reason) == (CourseStatus.STOPPED, "Moves away")
    assert past.status is AppointmentStatus.DONE
    assert coming.status is AppointmentStatus.CANCELLED
    assert queries.open_course(desk.db, desk.alice.id) is None


def test_a_stop_is_taken_back_and_may_leave_the_visits(desk):
    course = begun(desk)
    courses.stop(desk.db, desk.actor(), stopping(desk, course, cancels=False))
    desk.db.flush()

    courses.resume(desk.db, desk.actor(), course.id, course.version)

    assert (course.status, course.stop_reason) == (CourseStatus.ACTIVE, "")
    assert [v.status for v in visits(desk)] == [AppointmentStatus.BOOKED] * 3


def test_a_course_is_not_stopped_twice_nor_resumed_beside_another(desk):
    course = begun(desk, picks=())
    courses.stop(desk.db, desk.actor(), stopping(desk, course))
    desk.db.flush()
    with pytest.raises(Conflict, match="over"):
        courses.stop(desk.db, desk.actor(), stopping(desk, course))
    begun(desk, picks=(), form_key="x" * 24)

    with pytest.raises(Conflict, match="under way already"):
        courses.resume(desk.db, desk.actor(), course.id, course.version)


def test_the_database_keeps_a_reason_to_every_stop(desk):
    course = begun(desk, picks=())
    course.status = CourseStatus.STOPPED

    with pytest.raises(sa.exc.IntegrityError):
        desk.db.flush()


def test_who_was_faster_is_noticed_when_stopping(desk):
    course = begun(desk)
    wish = stopping(desk, course)
    desk.cancel(visits(desk)[0])

    with pytest.raises(StaleEdit):
        courses.stop(desk.db, desk.actor(), wish)


def test_calls_are_kept_for_good(desk):
    course = begun(desk, picks=())
    wish = LogCourseCall(course_id=course.id, outcome=CourseCallOutcome.NO_ANSWER)
    courses.log_call(desk.db, desk.actor(), wish)
    desk.db.flush()

    with pytest.raises(sa.exc.DatabaseError, match="append_only"):
        desk.db.execute(sa.update(CourseCall).values(note="x"))


def test_a_course_of_another_place_is_not_found(desk):
    elsewhere = factories.a_location(desk.db)
    patient = factories.a_patient(desk.db, location=elsewhere)
    course = Course(patient_id=patient.id, service_id=desk.prp.id, started_on=FIRST.date())
    desk.db.add(course)
    desk.db.flush()

    for act in (
        lambda: page(desk, course),
        lambda: courses.resume(desk.db, desk.actor(), course.id, 1),
        lambda: courses.log_call(
            desk.db,
            desk.actor(),
            LogCourseCall(course_id=course.id, outcome=CourseCallOutcome.NO_ANSWER),
        ),
    ):
        with pytest.raises(NotFound):
            act()


def test_the_kind_of_a_resource_is_looked_at(desk):
    with pytest.raises(courses.RowRefused) as refused:
        begun(desk, picks=(pick(desk, 1, FIRST, practitioner_id=desk.room.id),))

    assert isinstance(refused.value.error, Invalid)
