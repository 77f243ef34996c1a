"""Who is to be called about a course, what comes after a session, and a course on its page."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.core import clock
from clinic.core.access import Role
from clinic.core.errors import Conflict, Invalid
from clinic.patients.values import PatientStatus
from clinic.scheduling import course_queries, courses
from clinic.scheduling.course_models import CourseCall
from clinic.scheduling.course_values import CourseCallOutcome, LogCourseCall
from clinic.scheduling.models import Course
from clinic.scheduling.values import AppointmentStatus, CourseStatus
from tests import factories

R, D = Role.RECEPTIONIST, Role.PHYSICIAN
TODAY = dt.date(2026, 11, 23)
NO_ANSWER, LATER = CourseCallOutcome.NO_ANSWER, CourseCallOutcome.LATER


def text(answer):
    return answer.get_data(as_text=True)


def a_course(desk, patient=None, **changes):
    fields = {
        "patient_id": (patient or desk.alice).id,
        "service_id": desk.prp.id,
        "started_on": dt.date(2026, 10, 1),
        "sessions_planned": 3,
        "interval_days": 28,
        "tolerance_days": 7,
        "least_days": 14,
        **changes,
    }
    course = Course(**fields)
    desk.db.add(course)
    desk.db.flush()
    return course


def a_session(desk, course, number, days_ago, **changes):
    at = dt.datetime.combine(TODAY - dt.timedelta(days=days_ago), dt.time(10))
    patient = desk.db.get_one(type(desk.alice), course.patient_id)
    fields = {"status": AppointmentStatus.DONE, **changes}
    return factories.an_appointment(
        desk.db,
        location=desk.world.location,
        patient=patient,
        service=desk.prp,
        practitioner=desk.physician,
        room=desk.room,
        starts_local=at,
        course_id=course.id,
        course_number=number,
        **fields,
    )


def due(desk):
    return course_queries.due(desk.db, desk.actor())


def log(desk, course, outcome, **changes):
    wish = LogCourseCall(course_id=course.id, outcome=outcome, **changes)
    courses.log_call(desk.db, desk.actor(), wish)
    desk.db.flush()


# ---- who is on the list ----


def test_a_course_without_a_coming_visit_is_on_the_list(desk):
    course = a_course(desk)
    a_session(desk, course, 1, 28)

    found = due(desk)

    assert [(one.id, one.number, one.due_on) for one in found.due] == [(course.id, 2, TODAY)]
    assert not found.due[0].is_lapsed


def test_a_coming_visit_takes_it_off(desk):
    course = a_course(desk)
    a_session(desk, course, 1, 28)
    a_session(desk, course, 2, -3, status=AppointmentStatus.BOOKED)

    assert due(desk).due == []


def test_what_is_due_later_waits(desk):
    course = a_course(desk)
    a_session(desk, course, 1, 28 - course_queries.AHEAD_DAYS - 1)

    assert (due(desk).due, due(desk).waiting) == ([], 1)


def test_after_its_days_a_course_has_lapsed(desk):
    course = a_course(desk)
    session = a_session(desk, course, 1, 28 + 7)
    assert not due(desk).due[0].is_lapsed

    session.starts_local -= dt.timedelta(days=1)
    desk.db.flush()

    assert due(desk).due[0].is_lapsed


def test_the_booster_is_due_after_half_a_year(desk):
    course = a_course(desk, booster_days=182)
    for number, days_ago in ((1, 238), (2, 210), (3, 182)):
        a_session(desk, course, number, days_ago)

    assert [(one.number, one.due_on) for one in due(desk).due] == [(4, TODAY)]


def test_a_course_never_begun_is_due_from_its_first_day(desk):
    a_course(desk)

    assert due(desk).due[0].due_on == dt.date(2026, 10, 1)
    assert due(desk).due[0].last_on is None


@pytest.mark.parametrize("status", [PatientStatus.ARCHIVED, PatientStatus.DECEASED])
def test_nobody_whose_record_is_closed_is_called(desk, status):
    a_course(desk)
    desk.alice.status = status
    desk.db.flush()

    assert due(desk).due == []


def test_another_place_has_a_list_of_its_own(desk):
    elsewhere = factories.a_patient(desk.db, location=factories.a_location(desk.db))
    a_course(desk, elsewhere)

    assert due(desk).due == []


def test_the_longest_due_comes_first(desk):
    late = a_course(desk, desk.bob())
    a_session(desk, late, 1, 60)
    soon = a_course(desk)
    a_session(desk, soon, 1, 20)

    assert [one.id for one in due(desk).due] == [late.id, soon.id]


# ---- calls ----


def test_a_call_without_an_answer_is_counted_with_who_and_when(desk):
    course = a_course(desk)
    log(desk, course, NO_ANSWER)
    log(desk, course, NO_ANSWER, note="Voice mail")

    one = due(desk).due[0]

    assert one.tries == 2
    assert one.last_call is not None
    assert (one.last_call.note, one.last_call.who) == ("Voice mail", desk.actor().name)
    assert one.last_call.at == clock.now()


def test_who_wants_to_be_asked_later_waits_until_that_day(desk, clock):
    course = a_course(desk)
    log(desk, course, LATER, later_on=TODAY + dt.timedelta(days=10), best_time="after 17:00")
    assert (due(desk).due, due(desk).waiting) == ([], 1)

    clock(dt.datetime(2026, 12, 3, 9, tzinfo=dt.UTC))

    assert [(one.id, one.tries, one.best_time) for one in due(desk).due] == [
        (course.id, 0, "after 17:00")
    ]


@pytest.mark.parametrize("day", [None, TODAY, TODAY - dt.timedelta(days=1)])
def test_later_is_a_day_after_today(desk, day):
    with pytest.raises(Invalid):
        log(desk, a_course(desk), LATER, later_on=day)


def test_a_course_that_is_over_is_not_called_about(desk):
    course = a_course(desk, status=CourseStatus.COMPLETED)

    with pytest.raises(Conflict):
        log(desk, course, NO_ANSWER)


def test_the_list_reads_the_same_however_many_courses(desk, statements):
    def read():
        statements.clear()
        due(desk)
        return len(statements)

    a_course(desk)
    few = read()
    for _ in range(12):
        course = a_course(desk, desk.bob())
        a_session(desk, course, 1, 40 + course.id)
        log(desk, course, NO_ANSWER)

    assert read() == few == 2


# ---- the pages ----


def test_one_press_notes_a_call_and_the_list_comes_back(desk):
    course = a_course(desk)
    visitor = desk.world.as_role(R)

    answer = visitor.post(f"/courses/{course.id}/calls", {"outcome": "no_answer"})

    assert answer.status_code == 303
    assert desk.db.scalars(sa.select(CourseCall.outcome)).all() == [NO_ANSWER]
    page = text(visitor.get("/courses-to-call"))
    assert "No answer" in page
    assert "Leyla Demir" in page


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"outcome": "later", "later_on": ""}, "Say on which day"),
        ({"outcome": "later", "later_on": "2026-11-23"}, "after today"),
        ({"outcome": "later", "later_on": "soon"}, "Enter a date"),
        ({"outcome": "later", "later_on": "2026-12-24", "note": "x" * 201}, "At most 200"),
        ({"outcome": "stopped"}, ""),
        ({"outcome": "?"}, ""),
    ],
)
def test_a_call_that_cannot_be_noted_keeps_what_was_typed(desk, sent, said):
    course = a_course(desk)

    answer = desk.world.as_role(R).post(
        f"/courses/{course.id}/calls", {"note": "Calls back", "best_time": "noon", **sent}
    )

    assert answer.status_code == 422
    assert said in text(answer)
    assert "noon" in text(answer)
    assert desk.db.scalars(sa.select(CourseCall)).all() == []


def test_booking_from_the_list_is_noted_as_a_call(desk):
    course = a_course(desk)
    visitor = desk.world.as_role(R)
    page = text(visitor.get(f"/courses/{course.id}/plan?called=1"))
    row = page.split('name="row-1" value="')[1].split('"')[0]

    answer = visitor.post(
        f"/courses/{course.id}/plan",
        {"confirm": "1", "form_key": "f" * 24, "row-1": row, "seen": "", "called": "1"},
    )

    assert answer.status_code == 303
    assert desk.db.scalars(sa.select(CourseCall.outcome)).all() == [CourseCallOutcome.BOOKED]
    assert due(desk).due == []


def test_a_course_is_stopped_and_taken_back_on_its_page(desk):
    course = a_course(desk)
    coming = a_session(desk, course, 1, -1, status=AppointmentStatus.BOOKED)
    visitor = desk.world.as_role(R)
    url = f"/courses/{course.id}"
    wish = {"version": "1", "seen": f"{coming.id}:{coming.version}", "cancels": "y"}

    empty = visitor.post(f"{url}/stop", wish)
    assert empty.status_code == 422
    assert visitor.post(f"{url}/stop", wish | {"reason": "Moves away"}).status_code == 303
    assert "Moves away" in text(visitor.get(url))
    desk.db.refresh(coming)
    assert coming.status is AppointmentStatus.CANCELLED

    stale = visitor.post(f"{url}/resume", {"version": "1"})
    assert stale.status_code == 409
    odd = visitor.post(f"{url}/resume", {})
    assert odd.status_code == 422
    desk.db.refresh(course)
    assert visitor.post(f"{url}/resume", {"version": course.version}).status_code == 303
    desk.db.refresh(course)
    assert course.status is CourseStatus.ACTIVE


def test_a_stop_after_somebody_else_booked_shows_it_first(desk):
    course = a_course(desk)
    a_session(desk, course, 1, -1, status=AppointmentStatus.BOOKED)

    answer = desk.world.as_role(R).post(
        f"/courses/{course.id}/stop", {"version": "1", "seen": "", "reason": "Moves away"}
    )

    assert answer.status_code == 409
    assert "Moves away" in text(answer)
    assert course.status is CourseStatus.ACTIVE
