"""Public holidays close the clinic by themselves, never against what somebody decided."""

import datetime as dt
import html

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.locations.models import OpeningDay
from clinic.scheduling import keeping
from clinic.scheduling.guard import SlotTaken

TODAY = dt.date(2026, 11, 23)
CHRISTMAS = dt.date(2026, 12, 25)


@pytest.fixture
def admin(world, desk):
    return world.as_role(Role.ADMINISTRATOR)


def follow(desk, since=TODAY):
    return keeping.follow_holidays(desk.db, desk.world.location, since=since)


def days(desk):
    desk.db.expire_all()
    return {row.day: row for row in desk.db.scalars(sa.select(OpeningDay))}


def at(hour, day=CHRISTMAS):
    return dt.datetime.combine(day, dt.time(hour))


def text(answer):
    return html.unescape(answer.get_data(as_text=True))


def test_the_coming_two_years_are_kept_as_rows_and_audited(desk):
    count = follow(desk)
    kept = days(desk)
    assert count == len(kept) == 20
    assert kept[CHRISTMAS].times == []
    assert max(kept).year == 2028
    line = desk.db.scalars(sa.select(AuditEvent).where(AuditEvent.action == "location.days_kept"))
    assert [event.actor_id for event in line] == [None]


def test_nothing_is_booked_on_one_unnoticed(desk):
    follow(desk)
    with pytest.raises(SlotTaken, match="Christmas Day"):
        desk.book(starts_local=at(10))


def test_the_second_night_changes_nothing(desk):
    follow(desk)
    assert follow(desk) == 0


def test_what_somebody_decided_is_never_written_over(desk, admin):
    follow(desk)
    kept = days(desk)[CHRISTMAS]
    assert admin.post(f"/clinic/days/{kept.id}/opening").status_code == 303
    assert follow(desk) == 0
    assert days(desk)[CHRISTMAS].times == [["08:00", "18:00"]]
    assert desk.book(starts_local=at(10)).id


def test_one_press_opens_a_day_and_one_closes_it_again(desk, admin):
    follow(desk)
    kept = days(desk)[CHRISTMAS]
    admin.post(f"/clinic/days/{kept.id}/opening")
    assert "Close on" in text(admin.get("/clinic/days"))
    assert admin.post(f"/clinic/days/{kept.id}/closing").status_code == 303
    assert days(desk)[CHRISTMAS].times == []


def test_a_holiday_on_a_day_without_hours_is_not_opened_by_one_press(desk, admin):
    follow(desk)
    sunday = next(row for day, row in days(desk).items() if day.weekday() == 6)
    answer = admin.post(f"/clinic/days/{sunday.id}/opening")
    assert answer.status_code == 409
    assert "The week has no hours on this weekday" in text(answer)


def test_a_day_of_another_place_or_role_is_not_touched(desk, world, admin):
    follow(desk)
    kept = days(desk)[CHRISTMAS]
    assert admin.post("/clinic/days/99999/opening").status_code == 404
    reception = world.as_role(Role.RECEPTIONIST)
    assert reception.post(f"/clinic/days/{kept.id}/opening").status_code == 403


def test_a_day_with_visits_is_shown_with_them_and_not_closed(desk, world, admin):
    desk.book(starts_local=at(10))
    follow(desk)
    assert CHRISTMAS not in days(desk)
    assert "1 visit" in text(admin.get("/clinic/days"))
    board = text(world.as_role(Role.RECEPTIONIST).get("/board?date=2026-12-25"))
    assert "Christmas Day: a public holiday. Nobody has decided yet" in board


@pytest.mark.parametrize(
    ("press", "times"), [({}, []), ({"work": "y"}, [["08:00", "18:00"]])], ids=["close", "work"]
)
def test_somebody_decides_about_a_day_with_visits(desk, world, admin, press, times):
    desk.book(starts_local=at(10))
    follow(desk)
    answer = admin.post("/clinic/days/holidays", {"days": ["2026-12-25"], **press})
    assert answer.status_code == 303
    assert days(desk)[CHRISTMAS].times == times
    board = text(world.as_role(Role.RECEPTIONIST).get("/board?date=2026-12-25"))
    assert "Nobody has decided yet" not in board


def test_with_its_visits_gone_the_day_is_closed_in_the_next_night(desk):
    visit = desk.book(starts_local=at(10))
    follow(desk)
    desk.cancel(visit)
    assert follow(desk) == 1
    assert days(desk)[CHRISTMAS].times == []


def test_a_country_that_the_calendar_knows_no_more_stops_nothing(desk, world):
    desk.world.location.country = "XX"
    assert follow(desk) == 0
    assert world.as_role(Role.RECEPTIONIST).get("/board?date=2026-12-25").status_code == 200


def test_the_night_closes_them_after_it_has_checked_the_visits(desk, app):
    done = app.test_cli_runner().invoke(args=["safety", "recheck"])
    assert done.exit_code == 0, done.output
    assert "Closed on 20 more public holidays." in done.output
    assert days(desk)[CHRISTMAS].times == []
    again = app.test_cli_runner().invoke(args=["safety", "recheck"])
    assert "public holidays" not in again.output
