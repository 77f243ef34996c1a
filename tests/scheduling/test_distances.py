"""One session that is moved keeps its distance to the others of its course."""

import dataclasses
import datetime as dt

import pytest

from clinic.core.access import Role
from clinic.core.errors import Forbidden
from clinic.scheduling import distances, moving, queries
from clinic.scheduling.distances import TooNear
from clinic.scheduling.values import StepVisit
from tests.scheduling import coursing
from tests.scheduling.moments import a_move
from tests.scheduling.pages import a_move as a_form
from tests.scheduling.pages import text_of

APART = dataclasses.replace(coursing.WEEKLY, least_days=6)
NEAR = dt.datetime(2026, 11, 27, 10, 0)
"""Three days after the first session of a course, four before the second."""
WHY = "The patient travels for a month"


@pytest.fixture
def course(desk):
    """Three sessions, one a week from the 24th on, at least six days apart."""
    return coursing.begun(desk, service_id=desk.mesotherapy.id, pattern=APART)


@pytest.fixture
def second(desk, course):
    return coursing.visits(desk)[1]


def move(desk, visit, role=Role.RECEPTIONIST, **changes):
    wish = dataclasses.replace(a_move(visit), **changes)
    return moving.move(desk.db, desk.actor(role), wish)


def test_a_session_moved_too_near_to_another_is_refused_in_the_words_of_move_all(desk, second):
    with pytest.raises(TooNear, match=r"Two sessions are closer than 6 days\."):
        move(desk, second, starts_local=NEAR)


def test_what_keeps_the_day_or_the_distance_is_moved(desk, second):
    move(desk, second, starts_local=dt.datetime(2026, 12, 1, 14, 0))
    desk.db.flush()
    move(desk, second, starts_local=dt.datetime(2026, 12, 2, 10, 0))
    assert second.starts_local == dt.datetime(2026, 12, 2, 10, 0)


def test_below_it_only_with_a_reason_and_the_permission_to_overbook(desk, second):
    with pytest.raises(Forbidden):
        move(desk, second, starts_local=NEAR, near_reason=WHY)
    move(desk, second, Role.NURSE, starts_local=NEAR, near_reason=WHY)
    assert second.starts_local == NEAR
    assert queries.events(desk.db, second.id)[0].reason == WHY
    desk.db.flush()
    move(desk, second, starts_local=NEAR.replace(hour=11))  # Nobody asks again within the day.


def test_a_move_is_taken_back_also_to_a_day_that_is_too_near(desk, second):
    move(desk, second, Role.NURSE, starts_local=NEAR, near_reason=WHY)
    desk.db.flush()
    move(desk, second, Role.NURSE, starts_local=dt.datetime(2026, 12, 1, 10, 0))
    desk.db.flush()
    step = StepVisit(appointment_id=second.id, version=second.version)
    moving.move_back(desk.db, desk.actor(Role.NURSE), step)
    assert second.starts_local == NEAR


def test_the_days_of_a_session_lie_between_its_neighbours(desk, second):
    assert distances.days_of(desk.db, second) == (dt.date(2026, 11, 30), dt.date(2026, 12, 2))
    first = coursing.visits(desk)[0]
    assert distances.days_of(desk.db, first) == (dt.date.min, dt.date(2026, 11, 25))
    assert distances.days_of(desk.db, desk.book(starts_local=dt.datetime(2026, 11, 25, 9))) is None


def sent(desk, visit, **changes):
    fields = {"date": "2026-11-27", "start": "10:00", **changes}
    return a_form(desk, visit, **fields)


def test_the_page_says_it_at_the_day_and_offers_days_that_keep_it(world, desk, second):
    page = world.as_role(Role.RECEPTIONIST).post(
        f"/appointments/{second.id}/move", sent(desk, second)
    )
    shown = text_of(page)
    assert page.status_code == 422
    assert "Two sessions are closer than 6 days." in shown
    assert shown.count('name="fill" value="2026-11-30') == 3
    assert 'name="near_reason"' not in shown


def test_who_may_gives_the_reason_on_the_page(world, desk, second):
    nurse = world.as_role(Role.NURSE)
    address = f"/appointments/{second.id}/move"
    assert 'name="near_reason"' in text_of(nurse.post(address, sent(desk, second)))
    short = nurse.post(address, sent(desk, second, near_reason="so"))
    assert short.status_code == 422
    assert "at least 10 characters" in text_of(short)
    assert nurse.post(address, sent(desk, second, near_reason=WHY)).status_code == 303
    shown = text_of(nurse.get(f"/appointments/{second.id}"))
    assert f"Reason: {WHY}" in shown


def test_the_next_openings_of_a_session_keep_it_too(world, desk, second):
    address = f"/openings?appointment_id={second.id}&service_id={second.service_id}"
    shown = text_of(world.as_role(Role.RECEPTIONIST).get(address))
    assert "2026-11-30" in shown
    assert "2026-11-27" not in shown
