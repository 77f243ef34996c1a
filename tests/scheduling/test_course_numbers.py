"""The visits of a course number themselves."""

import datetime as dt

from clinic.scheduling import service
from clinic.scheduling.values import (
    CancelAppointment,
    CancelReason,
)
from tests.scheduling.moments import a_course, at


def test_a_visit_of_a_course_carries_the_next_number(desk):
    course = a_course(desk, sessions_planned=2)
    first = desk.book(service_id=desk.prp.id)
    weeks = [dt.timedelta(weeks=n) for n in (4, 8)]
    second, third = (desk.book(service_id=desk.prp.id, starts_local=at(12) + n) for n in weeks)

    assert [(v.course_id, v.course_number) for v in (first, second, third)] == [
        (course.id, 1),
        (course.id, 2),
        (None, None),
    ]


def test_a_cancelled_session_gives_its_number_back(desk):
    a_course(desk)
    first = desk.book(service_id=desk.prp.id)
    service.cancel(
        desk.db,
        desk.actor(),
        CancelAppointment(
            appointment_id=first.id, version=first.version, reason=CancelReason.PATIENT_ASKED
        ),
    )
    assert desk.book(service_id=desk.prp.id).course_number == 1


def test_a_visit_of_another_service_is_no_part_of_the_course(desk):
    a_course(desk)
    assert desk.book().course_id is None
