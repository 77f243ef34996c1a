"""Keeping hours: weeks, single days, public holidays; on pages for the administrator."""

import datetime as dt
import html

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.locations.models import OpeningDay
from clinic.scheduling.models import Resource, WorkingDay, WorkingHours

A = Role.ADMINISTRATOR


@pytest.fixture
def admin(world, desk):
    return world.as_role(A)


def hours_url(desk):
    return f"/clinic/resources/{desk.physician.id}/hours"


def week(desk, **days):
    return {"version": str(desk.physician.version), **days}


def text(answer):
    return html.unescape(answer.get_data(as_text=True))


def audits(desk, action):
    return desk.db.scalars(sa.select(AuditEvent).where(AuditEvent.action == action)).all()


def test_a_week_with_a_break_is_kept_and_shown_again(admin, desk):
    sent = week(desk, hours_1="08:00-12:00, 13:00-17:30")
    assert admin.post(hours_url(desk), sent).status_code == 303
    kept = desk.db.scalars(sa.select(WorkingHours).order_by(WorkingHours.starts)).all()
    assert [(r.weekday, r.starts, r.ends) for r in kept] == [
        (1, dt.time(8), dt.time(12)),
        (1, dt.time(13), dt.time(17, 30)),
    ]
    assert "08:00–12:00, 13:00–17:30" in text(admin.get(hours_url(desk)))
    assert audits(desk, "resource.hours_changed")[0].detail["changes"]["hours"] == [
        "",
        "1: 08:00–12:00, 13:00–17:30",
    ]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("08:00-12:00, 11:00-15:00", "These hours overlap"),
        ("12:00-08:00", "It must close later than it opens"),
        ("08:00-08:00", "It must close later than it opens"),
        ("08:00-10:07", "In steps of five minutes"),
        ("morning", "Enter hours such as"),
        ("07:00-12:00", "The clinic is open only 08:00–18:00 on that day"),
    ],
)
def test_hours_that_cannot_be_are_said_at_their_day_and_stay_typed(admin, desk, typed, said):
    answer = admin.post(hours_url(desk), week(desk, hours_1=typed))
    assert answer.status_code == 422
    assert said in text(answer)
    assert f'value="{typed}"' in text(answer)
    assert desk.db.scalars(sa.select(WorkingHours)).all() == []


def test_hours_on_a_day_on_which_the_clinic_is_closed_are_refused(admin, desk):
    answer = admin.post(hours_url(desk), week(desk, hours_6="09:00-12:00"))
    assert "The clinic is closed on that day: open it first" in text(answer)


def test_a_stale_week_is_not_saved_over_another(admin, desk):
    sent = week(desk, hours_1="09:00-12:00")
    admin.post(hours_url(desk), sent)
    answer = admin.post(hours_url(desk), sent | {"hours_1": "10:00-12:00"})
    assert answer.status_code == 409
    assert 'value="10:00-12:00"' in text(answer)


def test_a_single_day_replaces_the_one_before_and_is_taken_away(admin, desk):
    url = f"/clinic/resources/{desk.physician.id}/days"
    for typed in ("09:00-11:00", ""):
        assert admin.post(url, {"day": "2026-12-01", "times": typed}).status_code == 303
    row = desk.db.scalars(sa.select(WorkingDay)).one()
    assert row.times == []
    assert len(audits(desk, "resource.day_kept")) == 2
    assert admin.post(f"{url}/{row.id}/removal").status_code == 303
    assert desk.db.scalars(sa.select(WorkingDay)).all() == []
    assert admin.post(f"{url}/{row.id}/removal").status_code == 404


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"day": "2026-11-22", "times": ""}, "This day is over"),
        ({"day": "2026-11-29", "times": "09:00-10:00"}, "The clinic is closed on that day"),
        ({"day": "2026-12-01", "times": "19:00-20:00"}, "The clinic is open only"),
        ({"day": "2026-12-01", "times": "9-10, 9:30-11"}, "These hours overlap"),
        ({"day": "", "times": ""}, "Please fill this in"),
    ],
)
def test_a_single_day_that_cannot_be_is_refused(admin, desk, sent, said):
    answer = admin.post(f"/clinic/resources/{desk.physician.id}/days", sent)
    assert answer.status_code == 422
    assert said in text(answer)


def test_the_public_holidays_of_the_part_of_the_country_are_taken_over(admin, world, desk):
    world.location.subdivision = "BE"
    desk.db.flush()
    shown = text(admin.get("/clinic/days"))
    assert "Women's Day" in shown, "only in Berlin and another part"
    answer = admin.post("/clinic/days/holidays", {"days": ["2026-12-25", "2027-01-01"]})
    assert answer.status_code == 303
    kept = desk.db.scalars(sa.select(OpeningDay).order_by(OpeningDay.day)).all()
    assert [(row.day.isoformat(), row.name, row.times) for row in kept] == [
        ("2026-12-25", "Christmas Day", []),
        ("2027-01-01", "New Year's Day", []),
    ]
    assert 'value="2026-12-25"' not in text(admin.get("/clinic/days"))


@pytest.mark.parametrize("days", [[], ["2026-12-24"], ["soon"]])
def test_what_is_no_holiday_is_not_taken_over(admin, desk, days):
    answer = admin.post("/clinic/days/holidays", {"days": days})
    assert answer.status_code == 422
    assert desk.db.scalars(sa.select(OpeningDay)).all() == []


def test_own_days_off_are_kept_from_day_to_day_and_a_working_holiday_has_hours(admin, desk):
    off = {"name": "Company holiday", "first": "2026-12-28", "last": "2026-12-31", "times": ""}
    assert admin.post("/clinic/days", off).status_code == 303
    working = {"name": "Open Sunday", "first": "2026-11-29", "times": "10:00-14:00"}
    assert admin.post("/clinic/days", working).status_code == 303
    kept = desk.db.scalars(sa.select(OpeningDay).order_by(OpeningDay.day)).all()
    assert [row.day.day for row in kept] == [29, 28, 29, 30, 31]
    assert kept[0].times == [["10:00", "14:00"]]
    assert len(audits(desk, "location.days_kept")) == 2
    assert admin.post(f"/clinic/days/{kept[0].id}/removal").status_code == 303
    assert desk.db.get(OpeningDay, kept[0].id, populate_existing=True) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"first": "2026-11-22"}, "This day is over"),
        ({"last": "2026-11-30"}, "The last day lies before the first"),
        ({"last": "2027-06-01"}, "At most 60 days at a time"),
        ({"name": ""}, "Please fill this in"),
        ({"times": "24-25"}, "From 00:00 to 23:55"),
    ],
)
def test_days_off_that_cannot_be_are_refused(admin, desk, changes, said):
    sent = {"name": "Off", "first": "2026-12-28", "last": "2026-12-31", "times": "", **changes}
    answer = admin.post("/clinic/days", sent)
    assert answer.status_code == 422
    assert said in text(answer)


def test_a_day_off_says_how_many_visits_are_booked_on_it(admin, desk):
    for hour in (8, 17):
        desk.book(starts_local=dt.datetime(2026, 11, 24, hour), patient_id=desk.bob().id)
    desk.book(starts_local=dt.datetime(2026, 11, 25, 8))
    admin.post("/clinic/days", {"name": "Works outing", "first": "2026-11-24", "times": ""})
    shown = text(admin.get("/clinic/days"))
    assert "2 visits to move" in shown
    assert "/visits-outside-hours?date=2026-11-24" in shown


def test_a_physician_sees_own_hours_and_changes_none(world, desk):
    desk.physician.account_id = world.accounts[Role.PHYSICIAN].id
    desk.db.add(WorkingDay(resource_id=desk.physician.id, day=dt.date(2026, 12, 1), times=[]))
    desk.db.flush()
    physician = world.as_role(Role.PHYSICIAN)
    shown = text(physician.get("/account/hours"))
    assert "Those of the clinic" in shown
    assert "off" in shown
    assert physician.get(hours_url(desk)).status_code == 403
    assert "no column of your own" in text(world.as_role(Role.NURSE).get("/account/hours"))


def test_somebody_else_s_id_is_not_there(admin, desk):
    assert admin.get("/clinic/resources/999999/hours").status_code == 404
    assert desk.db.get(Resource, 999999) is None
