"""Visits that stand outside the hours: found after a day off or a changed week, and moved."""

import datetime as dt
import html
import re

import pytest

from clinic.core.access import Role
from clinic.locations.models import OpeningDay
from clinic.scheduling import damage, timetables
from clinic.scheduling.closing import Placed
from clinic.scheduling.models import WorkingDay, WorkingHours
from clinic.scheduling.outside import Outside, counted

TUESDAY = dt.date(2026, 11, 24)


def at(hour, day=TUESDAY):
    return dt.datetime.combine(day, dt.time(hour))


def off(desk, day=TUESDAY):
    desk.db.add(WorkingDay(resource_id=desk.physician.id, day=day, times=[]))
    desk.db.flush()


def closed(desk, day=TUESDAY, *times):
    location = desk.world.location.id
    desk.db.add(OpeningDay(location_id=location, day=day, name="Outing", times=list(times)))
    desk.db.flush()


def cause(desk, **of):
    return Outside(actor=desk.actor(), **of)


def hits(desk, **of):
    table = timetables.timetable(
        desk.db, desk.world.location.id, desk.actor().zone, since=dt.date(2026, 11, 23)
    )
    return damage.damage(desk.db, desk.actor(), table, cause(desk, **of))


def placed(hit):
    to = hit.options[0]
    return Placed(
        appointment_id=hit.id,
        version=hit.version,
        starts_local=to.starts_local,
        practitioner_id=to.practitioner_id,
        room_id=to.room_id,
    )


def text(answer):
    return html.unescape(answer.get_data(as_text=True))


def test_inside_the_hours_nothing_is_listed(desk):
    desk.book()
    assert cause(desk).hit(desk.db) == []


def test_a_day_off_lists_its_visits_with_another_time(desk):
    visit = desk.book()
    desk.book(starts_local=at(10, dt.date(2026, 11, 25)), patient_id=desk.bob().id)
    off(desk)
    (hit,) = hits(desk, resource_id=desk.physician.id, on=TUESDAY).hits
    assert hit.id == visit.id
    assert hit.options
    assert all(o.starts_local.date() > TUESDAY for o in hit.options)


def test_a_day_off_of_the_place_lists_what_it_leaves_outside_and_no_more(desk):
    desk.book(starts_local=at(9))
    late = desk.book(starts_local=at(15), patient_id=desk.bob().id)
    closed(desk, TUESDAY, ["08:00", "12:00"])
    assert cause(desk, on=TUESDAY).hit(desk.db) == [late.id]
    assert counted(desk.db, desk.actor(), [TUESDAY]) == {TUESDAY: 1}
    assert counted(desk.db, desk.actor(), [dt.date(2026, 11, 25)]) == {}


def test_a_changed_week_lists_every_visit_it_leaves_outside(desk):
    early = desk.book(starts_local=at(9))
    week_after = desk.book(starts_local=at(9, dt.date(2026, 12, 1)), patient_id=desk.bob().id)
    desk.book(starts_local=at(14), patient_id=desk.bob(family_name="Third").id)
    desk.db.add(
        WorkingHours(resource_id=desk.physician.id, weekday=1, starts=dt.time(13), ends=dt.time(18))
    )
    desk.db.flush()
    assert cause(desk).hit(desk.db) == [early.id, week_after.id]
    assert cause(desk, resource_id=desk.room.id).hit(desk.db) == []


def test_eight_weeks_are_looked_at_and_the_next_by_their_first_day(world, desk):
    far = dt.date(2027, 1, 19)
    visit = desk.book(starts_local=at(9, far))
    off(desk, far)
    assert cause(desk).hit(desk.db) == []
    assert cause(desk).has_more(desk.db)
    assert cause(desk, since=dt.date(2027, 1, 18)).hit(desk.db) == [visit.id]
    assert not cause(desk, since=far).has_more(desk.db)

    reception = world.as_role(Role.RECEPTIONIST)
    shown = text(reception.get("/visits-outside-hours"))
    assert "No visit stands outside the hours." in shown
    assert "Looked at from Nov 23, 2026 to before Jan 18, 2027." in shown
    shown = text(reception.get(re.search(r'href="(/visits[^"]+since=2027-01-18)"', shown)[1]))
    assert "Leyla Demir" in shown
    assert "/visits-outside-hours/moves?since=2027-01-18" in shown
    assert "The weeks after" not in shown


def test_what_is_over_or_cancelled_is_not_listed(desk, clock):
    desk.cancel(desk.book(starts_local=at(15)))
    desk.book()
    off(desk)
    assert len(cause(desk).hit(desk.db)) == 1
    clock(dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC))
    assert cause(desk).hit(desk.db) == []


def test_all_are_moved_in_one_go(desk):
    desk.book(starts_local=at(9))
    desk.book(starts_local=at(10), patient_id=desk.bob().id)
    off(desk)
    found = hits(desk).hits
    moves = [placed(hit) for hit in found]
    assert damage.move_all(desk.db, desk.actor(), cause(desk), moves, reason="x") == 2
    assert cause(desk).hit(desk.db) == []


def test_the_list_costs_the_same_however_many_it_holds(desk, statements):
    desk.book(starts_local=at(9))
    off(desk)
    desk.db.expire_all()
    statements.clear()
    hits(desk)
    few = len(statements)
    for hour in range(10, 16):
        desk.book(
            Role.NURSE,
            starts_local=at(hour),
            patient_id=desk.bob(family_name=f"No {hour}").id,
            overbook_reason="She comes in for this one",
        )
    desk.db.expire_all()
    statements.clear()
    assert hits(desk).count == 7
    assert len(statements) == few


# ---- pages ----


def test_the_desk_moves_the_visits_of_a_day_off_from_its_page(world, desk):
    visit = desk.book()
    closed(desk)
    reception = world.as_role(Role.RECEPTIONIST)
    page = "/visits-outside-hours?date=2026-11-24"
    moves = "/visits-outside-hours/moves?date=2026-11-24"
    shown = text(reception.get(page))
    assert "One visit stands outside the hours" in shown
    assert "Leyla Demir" in shown
    fields = dict(re.findall(r'name="(version_\d+)" value="(\d+)"', shown))
    chosen = re.search(r'<option value="([^"]+)" selected', shown).group(1)
    moved = reception.post(moves, {**fields, f"to_{visit.id}": chosen})
    assert moved.status_code == 303
    assert "No visit stands outside the hours." in text(reception.get(moved.location))
    desk.db.expire_all()
    assert visit.starts_local.date() == dt.date(2026, 11, 25)


def test_an_administrator_sees_how_many_on_the_hours_but_no_patient(world, desk):
    desk.book()
    off(desk)
    admin = world.as_role(Role.ADMINISTRATOR)
    hours = text(admin.get(f"/clinic/resources/{desk.physician.id}/hours"))
    assert "One visit stands outside these hours" in hours
    shown = text(admin.get(f"/visits-outside-hours?resource_id={desk.physician.id}"))
    assert "One visit stands outside the hours. The desk moves it." in shown
    assert "Demir" not in hours + shown
    assert admin.post("/visits-outside-hours/moves", {}).status_code == 403


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?date=soon", 200),
        ("?date=9999-12-31", 200),
        ("?resource_id=x&date=", 200),
        ("?since=2198-12-31", 200),
        ("?since=2001-01-01", 200),
        ("?resource_id=999999999", 404),
    ],
)
def test_an_odd_address_is_no_crash(world, desk, query, status):
    reception = world.as_role(Role.RECEPTIONIST)
    assert reception.get(f"/visits-outside-hours{query}").status_code == status


def test_a_list_without_a_choice_moves_nothing(world, desk):
    desk.book()
    off(desk)
    answer = world.as_role(Role.RECEPTIONIST).post("/visits-outside-hours/moves", {})
    assert answer.status_code == 409
    assert "Choose a time for at least one visit" in text(answer)
