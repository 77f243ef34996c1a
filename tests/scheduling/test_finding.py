"""The page of the next opening: ten answers, for somebody, and what it may not tell."""

import datetime as dt
import html
import re

import pytest

from clinic.catalog.values import ResourceKind
from clinic.core.access import Role
from clinic.safety.values import FactKind
from clinic.scheduling import openings, timetables
from clinic.scheduling.models import Course
from clinic.scheduling.openings import Wish
from clinic.scheduling.rules.asking import Ask, PartOfDay
from tests import factories
from tests.scheduling.conftest import without_audit

TUESDAY = dt.date(2026, 11, 24)
LINK = re.compile(r'href="(/appointments/[^"]*fill=[^"]*)"')


def shown(world, role=Role.RECEPTIONIST, status=200, **asked):
    answer = world.as_role(role).get("/openings", query_string=asked)
    assert answer.status_code == status, answer.get_data(as_text=True)
    return html.unescape(answer.get_data(as_text=True))


def links(page):
    return LINK.findall(page)


def found(desk, service=None, **ask):
    actor = desk.actor()
    table = timetables.timetable(desk.db, actor.location_id, actor.zone, since=TUESDAY)
    wish = Wish(service=service or desk.consultation, practitioner_id=desk.physician.id)
    asked = Ask(**{"since": TUESDAY, "until": TUESDAY + dt.timedelta(days=60), **ask})
    return [o.starts_local for o in openings.find(desk.db, actor, table, wish, asked)]


def test_ten_are_found_and_not_all_of_one_morning(desk):
    times = found(desk)
    assert len(times) == 10
    assert times == sorted(times)
    assert [t.date() for t in times[:4]] == [TUESDAY] * 3 + [TUESDAY + dt.timedelta(days=1)]


def test_one_day_alone_gives_all_of_its_times(desk):
    times = found(desk, until=TUESDAY)
    assert len(times) == 10
    assert times[-1] == dt.datetime(2026, 11, 24, 10, 15)


def test_weekdays_part_of_day_and_hour_are_kept(desk):
    times = found(desk, weekdays=frozenset({3}), part=PartOfDay.AFTERNOON, after=dt.time(15))
    assert {t.weekday() for t in times} == {3}
    assert min(t.time() for t in times) == dt.time(15)


def test_the_parts_of_a_day_are_those_of_the_waiting_list(world, desk):
    evening = found(desk, part=PartOfDay.EVENING)
    assert {t.hour for t in evening} == {17}
    afternoon = found(desk, part=PartOfDay.AFTERNOON, until=TUESDAY, after=dt.time(16))
    assert max(t.time() for t in afternoon) == dt.time(16, 45)
    assert "From 17:00 on" in shown(world, service_id=desk.consultation.id, part="evening")


def test_a_place_that_is_full_for_weeks_is_read_in_stretches(desk, statements):
    place = desk.world.location
    for hours in place.opening_hours:
        hours.opens, hours.closes = dt.time(17), dt.time(17, 20)
    desk.db.flush()
    statements.clear()
    assert found(desk) == []
    assert len([s for s in statements if "FROM occupancy" in s]) == 3


def test_the_page_finds_for_a_patient_and_leads_to_the_filled_in_booking(world, desk):
    page = shown(world, service_id=desk.consultation.id, patient_id=desk.alice.id)
    assert "Leyla Demir" in page
    assert len(links(page)) == 10
    booking = world.as_role(Role.RECEPTIONIST).get(links(page)[0]).get_data(as_text=True)
    assert 'value="10:00"' in booking
    assert "Leyla Demir" in booking
    assert f'<option selected value="{desk.physician.id}">' in booking


def test_the_open_course_says_which_service(world, desk):
    desk.settle()
    desk.db.add(
        Course(
            patient_id=desk.alice.id,
            service_id=desk.prp.id,
            sessions_planned=3,
            interval_days=28,
            started_on=TUESDAY,
        )
    )
    desk.db.flush()
    page = shown(world, patient_id=desk.alice.id)
    assert "PRP 1 of 3" in page
    assert links(page)


def test_a_visit_is_moved_to_what_is_found(world, desk):
    visit = desk.book()
    page = shown(world, appointment_id=visit.id)
    assert links(page)[0].startswith(f"/appointments/{visit.id}/edit?fill=")
    moving = world.as_role(Role.RECEPTIONIST).get(links(page)[3]).get_data(as_text=True)
    assert "2026-11-24" in moving


def test_a_visit_of_another_place_is_not_there(world, desk):
    other = factories.a_location(desk.db)
    kinds = {"practitioner": ResourceKind.PRACTITIONER, "room": ResourceKind.ROOM}
    visit = factories.an_appointment(
        desk.db,
        location=other,
        patient=factories.a_patient(desk.db, location=other),
        service=desk.consultation,
        **{
            name: factories.a_resource(desk.db, location=other, kind=kind, name=name)
            for name, kind in kinds.items()
        },
    )
    shown(world, status=404, appointment_id=visit.id)
    shown(world, status=404, patient_id=visit.patient_id)


def test_it_begins_at_the_first_day_that_may_be_told(world, desk):
    desk.settle()
    desk.took_ibuprofen()
    page = shown(world, patient_id=desk.alice.id, service_id=desk.prp.id, since="2026-11-24")
    assert all("fill=2026-11-24" not in link for link in links(page))
    assert len(links(page)) == 10


def test_what_must_not_be_told_is_not_told_by_the_times_either(world, desk):
    desk.settle()
    desk.knows(FactKind.CONDITION, "platelet_dysfunction", noted_on=dt.date(2026, 11, 20))
    page = shown(world, patient_id=desk.alice.id, service_id=desk.prp.id)
    assert links(page) == []
    assert "The check does not let this be booked now" in page
    assert "platelet" not in page.lower()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"since": "2026-11-22"}, "This day is over"),
        ({"since": "2026-12-01", "until": "2026-11-30"}, "The last day lies before the first"),
        ({"until": "2027-12-31"}, "At most a year at a time"),
        ({"since": "2030-01-01"}, "At most two years ahead"),
        ({"since": "9999-12-31"}, "At most two years ahead"),
        ({"since": "soon"}, "Enter a date"),
        ({"after": "25:00"}, "Enter a time"),
        ({"service_id": "x"}, "Choose one of the list"),
        ({"part": "night"}, "Choose one of the list"),
    ],
)
def test_what_cannot_be_asked_is_said_at_its_field(world, desk, asked, said):
    page = shown(world, status=422, **{"service_id": desk.consultation.id, **asked})
    assert said in page
    assert links(page) == []


def test_the_last_day_of_the_calendar_is_no_first_day_of_anybody(world, desk):
    asked = {"service_id": desk.prp.id, "patient_id": desk.alice.id, "since": "9999-12-31"}
    assert "At most two years ahead" in shown(world, status=422, **asked)


def test_the_page_costs_the_same_however_full_the_place_is(world, desk, statements):
    browser = world.as_role(Role.RECEPTIONIST)
    url = f"/openings?service_id={desk.consultation.id}"
    browser.get(url)
    statements.clear()
    browser.get(url)
    empty = len(without_audit(statements))
    for hour in range(9, 17):
        desk.book(starts_local=dt.datetime(2026, 11, 24, hour), patient_id=desk.bob().id)
    statements.clear()
    browser.get(url)
    assert len(without_audit(statements)) == empty
    assert empty <= 12


def test_only_who_books_looks_for_openings(world, desk):
    shown(world, Role.ADMINISTRATOR, status=403)
