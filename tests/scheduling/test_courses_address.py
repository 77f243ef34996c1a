"""A plan of a course has an address of its own; what cannot be is said before it is confirmed."""

import pytest
import sqlalchemy as sa

from clinic.scheduling.models import Course
from clinic.scheduling.values import CourseStatus
from tests.scheduling.test_courses_views import (
    R,
    a_course,
    desk,
    form,
    levels,
    preview,
    rows,
    sent,
    text,
    url,
    visits,
)

__all__ = ["desk"]


def test_a_plan_is_a_page_of_its_own_that_back_finds_again_with_what_was_typed(desk):
    visitor = desk.world.as_role(R)
    wish = form(desk, preview="1", weekdays=["1", "3"], earliest="15", latest="16:45")

    led = visitor.post(url(desk), wish)

    assert led.status_code == 303
    assert "csrf_token" not in led.location
    assert "form_key" not in led.location
    first = visitor.get(led.location)
    later = visitor.post(url(desk), form(desk, **sent(first)) | {"later": "2"})
    again = visitor.get(led.location)
    assert (first.status_code, later.status_code) == (200, 303)
    assert rows(again) == rows(first) != rows(visitor.get(later.location))
    assert 'value="16:45"' in text(again)
    assert visits(desk) == []


@pytest.mark.parametrize("button", ["confirm", "begin"])
def test_an_address_never_books(desk, button):
    shown = preview(desk)

    desk.world.as_role(R).get(
        f"{url(desk)}/new", query_string=form(desk, **sent(shown), preview="1") | {button: "1"}
    )

    assert visits(desk) == []
    assert desk.db.scalar(sa.select(sa.func.count()).select_from(Course)) == 0


def test_the_rest_of_a_course_is_planned_by_address_too(desk):
    course = a_course(desk)
    visitor = desk.world.as_role(R)

    led = visitor.post(f"/courses/{course.id}/plan", {"later": "1", "called": "1"})

    assert led.status_code == 303
    page = visitor.get(led.location)
    assert set(rows(page)) == {1, 2, 3}
    assert 'name="called"' in text(page)


def test_a_course_that_is_under_way_is_said_before_anything_is_confirmed(desk):
    course = a_course(desk)
    shown = preview(desk)

    assert "under way already" in text(shown)
    assert f'href="/courses/{course.id}/plan"' in text(shown)
    assert 'name="confirm"' not in text(shown)
    assert 'name="begin"' not in text(shown)
    assert levels(shown) == {}, "no day is called good"
    assert "under way already" not in text(desk.world.as_role(R).get(f"/courses/{course.id}/plan"))


def test_a_course_that_goes_on_leads_to_planning_its_rest(desk):
    course = a_course(desk, status=CourseStatus.STOPPED, stop_reason="away")
    visitor = desk.world.as_role(R)

    answer = visitor.post(f"/courses/{course.id}/resume", {"version": course.version})

    assert answer.status_code == 303
    assert answer.location == f"/courses/{course.id}/plan"
    page = visitor.get(answer.location)
    assert "not booked again by itself" in text(page)
    assert set(levels(page)) == {1, 2, 3}


def test_the_hours_of_a_wish_say_how_they_are_typed(desk):
    page = text(desk.world.as_role(R).get(f"{url(desk)}/new"))

    assert page.count("Such as 15 or 15:30") == 2
