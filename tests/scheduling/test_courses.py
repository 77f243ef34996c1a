"""Courses as the service keeps them: begun, planned in one act, moved, stopped, called about."""

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.catalog.values import ResourceKind
from clinic.core.access import Role
from clinic.core.errors import Conflict, Invalid, NotFound, StaleEdit
from clinic.safety.models import ScreeningRecord
from clinic.safety.values import FactKind
from clinic.scheduling import courses, queries, service
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.models import Course
from clinic.scheduling.values import (
    AppointmentStatus,
    CourseStatus,
)
from tests import factories
from tests.scheduling.coursing import (
    FIRST,
    WEEKLY,
    a_wish,
    begun,
    done,
    in_weeks,
    page,
    pick,
    rest,
    visits,
)

# ---- beginning ----


def test_a_course_is_booked_whole_each_session_a_visit_of_its_own(desk):
    course = begun(desk)

    assert [(v.course_id, v.course_number, v.starts_local) for v in visits(desk)] == [
        (course.id, n, FIRST + dt.timedelta(weeks=n - 1)) for n in (1, 2, 3)
    ]
    assert (course.sessions_planned, course.interval_days, course.least_days) == (3, 7, 6)
    actions = desk.db.scalars(sa.select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert [a for a in actions if a.startswith("course")] == ["course.begun", "course.planned"]


def test_a_course_may_begin_without_any_date(desk):
    course = begun(desk, picks=())

    assert course.status is CourseStatus.ACTIVE
    assert visits(desk) == []


def test_the_same_form_sent_twice_makes_one_course(desk):
    assert begun(desk) is begun(desk)
    assert len(visits(desk)) == 3


def test_a_second_course_of_the_same_service_is_refused(desk):
    begun(desk)

    with pytest.raises(Conflict, match="under way already"):
        begun(desk, form_key="x" * 24)


def test_one_session_is_no_course(desk):
    with pytest.raises(Invalid, match="at least two"):
        begun(desk, pattern=replace(WEEKLY, sessions=1))


def test_who_is_taken_at_one_session_is_said_of_that_one(desk):
    desk.book(patient_id=desk.bob().id, starts_local=FIRST + dt.timedelta(weeks=1, minutes=30))

    with pytest.raises(courses.RowRefused) as refused:
        begun(desk)

    assert refused.value.number == 2
    assert isinstance(refused.value.error, SlotTaken)


def test_sessions_closer_than_the_least_distance_are_refused(desk):
    picks = (*in_weeks(desk, 0, 1), pick(desk, 3, FIRST + dt.timedelta(days=12)))

    with pytest.raises(courses.RowRefused, match="6 days") as refused:
        begun(desk, picks=picks)

    assert refused.value.number == 3
    assert visits(desk) == []


def test_a_day_that_the_check_refuses_books_nothing_and_is_kept(desk):
    desk.knows(FactKind.CONDITION, "haemophilia")

    said = courses.plan(desk.db, desk.actor(), a_wish(desk))

    assert set(said) == {1, 2, 3}
    assert visits(desk) == []
    assert desk.db.scalar(sa.select(sa.func.count()).select_from(Course)) == 0
    assert desk.db.scalar(sa.select(sa.func.count()).select_from(ScreeningRecord)) == 3


def test_a_patient_of_another_place_is_not_found(desk, world):
    elsewhere = factories.a_patient(desk.db, location=factories.a_location(desk.db))

    with pytest.raises(NotFound):
        begun(desk, patient_id=elsewhere.id)


# ---- numbers ----


def test_a_cancelled_session_in_the_middle_is_the_next_to_be_booked(desk):
    course = begun(desk)
    desk.cancel(visits(desk)[1])

    card = queries.open_course(desk.db, desk.alice.id)

    assert card is not None
    assert (card.id, card.next_number) == (course.id, 2)


def test_the_booster_has_the_number_after_the_last(desk):
    begun(desk, pattern=replace(WEEKLY, booster_days=182))

    card = queries.open_course(desk.db, desk.alice.id)

    assert card is not None
    assert (card.next_number, card.sessions_planned) == (4, 3)


def test_the_last_session_completes_the_course(desk):
    course = begun(desk, picks=())
    for number in (1, 2):
        done(desk, course, number, FIRST - dt.timedelta(weeks=4 - number))
    last = done(desk, course, 3, FIRST - dt.timedelta(weeks=1))
    last.status = AppointmentStatus.IN_TREATMENT
    desk.db.flush()

    service.finish(desk.db, desk.actor(Role.NURSE), last.id)

    assert course.status is CourseStatus.COMPLETED


def test_a_session_before_the_last_leaves_it_under_way(desk):
    course = begun(desk, picks=())
    first = done(desk, course, 1, FIRST - dt.timedelta(weeks=1))
    first.status = AppointmentStatus.IN_TREATMENT
    desk.db.flush()

    service.finish(desk.db, desk.actor(Role.NURSE), first.id)

    assert course.status is CourseStatus.ACTIVE


# ---- the rest ----


def test_the_rest_is_moved_and_what_is_done_stays(desk):
    course = begun(desk, picks=())
    past = done(desk, course, 1, FIRST - dt.timedelta(weeks=1))
    second = desk.book(service_id=desk.prp.id, starts_local=FIRST)
    third = desk.book(service_id=desk.prp.id, starts_local=FIRST + dt.timedelta(weeks=1))

    rest(
        desk,
        course,
        pick(desk, 2, FIRST + dt.timedelta(weeks=1)),
        pick(desk, 3, FIRST + dt.timedelta(weeks=2)),
    )

    assert past.starts_local == FIRST - dt.timedelta(weeks=1)
    assert second.starts_local == FIRST + dt.timedelta(weeks=1)
    assert third.starts_local == FIRST + dt.timedelta(weeks=2)
    assert desk.history(second) == ["book", "move"]


def test_the_rest_goes_to_earlier_times_of_its_own_visits_too(desk):
    course = begun(desk, picks=in_weeks(desk, 1, 2, 3))

    rest(desk, course, *in_weeks(desk, 0, 1, 2))

    assert [v.starts_local for v in visits(desk)] == [
        FIRST + dt.timedelta(weeks=week) for week in (0, 1, 2)
    ]


def test_a_visit_where_it_is_already_is_not_touched(desk):
    course = begun(desk)
    before = [v.version for v in visits(desk)[:2]]

    rest(desk, course, *in_weeks(desk, 0, 1), pick(desk, 3, FIRST + dt.timedelta(days=15)))

    assert [v.version for v in visits(desk)[:2]] == before
    assert desk.history(visits(desk)[2]) == ["book", "move"]


def test_a_session_goes_to_somebody_else_at_its_own_time(desk):
    course = begun(desk)
    other = factories.a_resource(
        desk.db,
        location=desk.world.location,
        kind=ResourceKind.PRACTITIONER,
        name="Dr Haddad",
        sort=9,
    )

    rest(desk, course, pick(desk, 2, FIRST + dt.timedelta(weeks=1), practitioner_id=other.id))

    second = visits(desk)[1]
    assert second.practitioner_id == other.id
    assert second.starts_local == FIRST + dt.timedelta(weeks=1)


def test_a_missing_session_is_booked_with_its_own_number(desk):
    course = begun(desk)
    desk.cancel(visits(desk)[1])

    rest(desk, course, *in_weeks(desk, 0, 1, 2))

    new = visits(desk)[-1]
    assert (new.course_number, new.starts_local) == (2, FIRST + dt.timedelta(weeks=1))


def test_a_visit_changed_meanwhile_is_shown_again_first(desk):
    course = begun(desk)
    seen = page(desk, course).seen
    desk.cancel(visits(desk)[2])

    with pytest.raises(StaleEdit):
        courses.plan(
            desk.db,
            desk.actor(),
            a_wish(desk, course_id=course.id, seen=seen, form_key="r" * 24),
        )


def test_a_session_that_is_done_cannot_be_planned(desk):
    course = begun(desk, picks=())
    done(desk, course, 1, FIRST - dt.timedelta(weeks=1))

    with pytest.raises(StaleEdit):
        rest(desk, course, pick(desk, 1, FIRST))


def test_nothing_to_do_is_said(desk):
    course = begun(desk)

    with pytest.raises(Invalid, match="nothing to book"):
        rest(desk, course, *in_weeks(desk, 0, 1, 2))


def test_a_course_says_when_its_coming_visits_do_not_follow_any_more(desk):
    course = begun(desk)
    assert not page(desk, course).is_off

    desk.cancel(visits(desk)[1])

    assert page(desk, course).is_off
    assert page(desk, course).due_on == (FIRST + dt.timedelta(weeks=1)).date()
