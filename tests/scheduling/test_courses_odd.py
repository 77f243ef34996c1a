"""Rows of a plan that no page of ours has sent are refused, and never break one."""

import pytest
import sqlalchemy as sa

from clinic.core.access import Role
from clinic.scheduling.models import Appointment
from tests.scheduling.test_courses_views import desk, form, text, url

__all__ = ["desk"]
BUTTONS = ({"preview": "1"}, {"later": "1"}, {"earlier": "2"}, {"cut": "2"}, {"confirm": "1"})
ROWS = (
    "9999-12-31T23:55|{person}|{room}|",
    "0001-01-01T00:00|{person}|{room}|",
    "2026-11-29T03:00|999999|{room}|",
    "2026-12-01T10:00|{room}|{room}|",
    "2026-12-01T10:00|{person}|999999|",
    "2026-12-01T10:07|{person}|{room}|second",
    "2026-12-01T10:00|{person}|{room}|third",
    "2027-03-28T02:30|{person}|{room}|",
    "2027-10-31T02:30|{person}|{room}|",
    "'; DROP TABLE course; --",
    "",
)


@pytest.mark.parametrize("row", ROWS)
def test_an_odd_row_is_shown_red_and_books_nothing(desk, row):
    visitor = desk.world.as_role(Role.RECEPTIONIST)
    odd = row.format(person=desk.physician.id, room=desk.room.id)
    good = f"2026-12-08T10:00|{desk.physician.id}|{desk.room.id}|"

    for button in BUTTONS:
        answer = visitor.post(
            url(desk), form(desk, **{"row-1": odd, "row-2": good}) | button, follow_redirects=True
        )
        assert answer.status_code in {200, 409}, (button, text(answer)[:300])

    assert desk.db.scalars(sa.select(Appointment)).all() == []


@pytest.mark.parametrize("typed", ["x", "9999", "-1", "1e9", "٣", ""])
def test_an_odd_button_plans_anew(desk, typed):
    visitor = desk.world.as_role(Role.RECEPTIONIST)
    for name in ("later", "earlier", "other", "cut"):
        answer = visitor.post(url(desk), form(desk, **{name: typed}), follow_redirects=True)
        assert answer.status_code == 200
        assert 'id="session-1"' in text(answer)


@pytest.mark.parametrize(
    "typed",
    [
        {"date-1": "2199-12-31", "time-1": "23:55"},
        {"date-1": "2000-01-01", "time-1": "00:00"},
        {"date-1": "31.02.2027", "time-1": "99"},
        {"date-1": "", "time-1": "25:61"},
        {"date-1": "2026-12-01", "time-1": "23:30"},
    ],
)
def test_another_date_that_cannot_be_breaks_nothing(desk, typed):
    visitor = desk.world.as_role(Role.RECEPTIONIST)
    good = f"2026-12-01T10:00|{desk.physician.id}|{desk.room.id}|"

    answer = visitor.post(
        url(desk), form(desk, **{"row-1": good}) | {"other": "1"} | typed, follow_redirects=True
    )

    assert answer.status_code == 200
    assert 'id="session-1"' in text(answer)


@pytest.mark.parametrize(
    "days", [("2000-01-01", ""), ("2199-12-31", ""), ("2026-11-24", "2027-02-20"), ("", "")]
)
def test_first_days_far_away_break_nothing(desk, days):
    visitor = desk.world.as_role(Role.RECEPTIONIST)
    wish = form(desk, first_from=days[0], first_until=days[1], sessions_planned="60")

    answer = visitor.post(url(desk), wish | {"preview": "1"}, follow_redirects=True)
    assert answer.status_code == 200
