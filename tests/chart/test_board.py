"""The board: what stands on it, for whom, at what cost."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.catalog.values import ResourceKind
from clinic.core.access import Role
from clinic.safety.values import Decision
from clinic.scheduling.models import Appointment, Course, WorkingHours
from clinic.scheduling.values import AppointmentStatus
from tests import factories
from tests.chart.boards import (
    DAY,
    ONLY_BOARD,
    TODAY,
    board,
    card_of,
    classes_of,
    free_times,
    text_of,
)
from tests.scheduling.conftest import without_audit

# ---- what stands on it ----


def test_free_times_are_links_with_names(world, desk):
    shown = text_of(board(world))
    assert 'aria-label="Free, 10:00, Dr Weber"' in shown
    assert f"/appointments/new?date={DAY}&start=10:00&practitioner_id={desk.physician.id}" in shown
    assert free_times(shown, desk.physician)[0] == "08:00"
    assert free_times(shown, desk.physician)[-1] == "17:45"


def test_a_card_says_when_who_what_and_how_it_stands(world, desk):
    course = Course(
        patient_id=desk.alice.id,
        service_id=desk.prp.id,
        sessions_planned=6,
        interval_days=28,
        started_on=dt.date(2026, 11, 1),
    )
    desk.db.add(course)
    desk.db.flush()
    visit = desk.book(service_id=desk.prp.id)

    card = card_of(text_of(board(world)), visit)

    assert 'aria-label="10:00 – 11:00, Leyla Demir, PRP 1 of 6, Booked, Questions missing"' in card
    assert "<bdi>PRP</bdi> 1 of 6" in card
    assert 'data-can="move confirm"' in card
    assert "at-24 for-12" in card
    assert f'href="/appointments/{visit.id}"' in card
    assert f'data-version="{visit.version}"' in card


def test_a_taken_time_is_not_free_and_the_next_one_is(world, desk):
    desk.book()
    times = free_times(text_of(board(world)), desk.physician)
    assert "09:45" in times
    assert "10:00" not in times
    assert "10:15" not in times
    assert "10:30" in times


def test_rooms_are_the_second_view(world, desk):
    visit = desk.book(room_id=desk.room_2.id)
    shown = text_of(board(world, view="rooms"))
    assert 'aria-current="true">Rooms' in shown
    assert "10:00" in free_times(shown, desk.room)
    assert "10:00" not in free_times(shown, desk.room_2)
    assert "· Dr Weber" in card_of(shown, visit)
    assert f"&room_id={desk.room.id}" in shown


def test_who_works_shorter_hours_is_hatched_outside_of_them(world, desk):
    for start, end in ((9, 12), (13, 16)):
        desk.db.add(
            WorkingHours(
                resource_id=desk.physician.id, weekday=1, starts=dt.time(start), ends=dt.time(end)
            )
        )
    other = factories.a_resource(
        desk.db, location=world.location, kind=ResourceKind.PRACTITIONER, name="Dr Haddad"
    )
    shown = text_of(board(world))
    times = free_times(shown, desk.physician)
    assert (times[0], times[-1]) == ("09:00", "15:45")
    assert "12:00" not in times
    assert "12:00" in free_times(shown, other)
    assert re.findall(r"<span>(Off|Break) <span", shown) == ["Off", "Break", "Off"]


def test_what_was_cancelled_leaves_its_time_free_beside_it(world, desk):
    visit = desk.book()
    visit.status, visit.occupies = AppointmentStatus.CANCELLED, False
    visit.cancel_reason = "clinic"
    desk.db.flush()
    shown = text_of(board(world))
    assert "lane-2" in classes_of(shown, visit)
    assert "10:00" in free_times(shown, desk.physician)
    assert 'class="slot at-24 for-3 lane-1"' in shown


def test_two_visits_of_one_person_at_a_time_stand_side_by_side(world, desk):
    first = desk.book(service_id=desk.prp.id)
    bob = desk.bob()
    second = desk.book(service_id=desk.mesotherapy.id, patient_id=bob.id, room_id=desk.room_2.id)
    shown = text_of(board(world))
    assert {classes_of(shown, first)[-1], classes_of(shown, second)[-1]} == {"lane-1", "lane-2"}
    assert "overlap tracks-2" in shown


def test_the_day_is_counted_by_status(world, desk, clock):
    desk.book()
    desk.book(patient_id=desk.bob().id, starts_local=dt.datetime(2026, 11, 24, 11, 0))
    shown = text_of(board(world))
    assert re.search(r"Booked <b>2</b>", shown)
    assert re.search(r"Arrived <b>0</b>", shown)


def test_the_line_of_now_stands_on_today_only(world, desk):
    assert "now now-" not in text_of(board(world))
    assert 'class="now now-24"' in text_of(board(world, on=TODAY))


def test_times_that_are_over_are_not_offered(world, desk):
    assert free_times(text_of(board(world, on=TODAY)), desk.physician)[0] == "10:00"
    assert free_times(text_of(board(world, on="2026-11-21")), desk.physician) == []


def test_a_day_on_which_the_place_is_closed_says_so(world, desk):
    shown = text_of(board(world, on="2026-11-29"))
    assert "The place is closed on this day." in shown
    assert "Closed" in shown
    assert free_times(shown, desk.physician) == []


def test_a_place_without_people_says_who_can_add_them(world):
    assert "Nobody to book with yet" in text_of(board(world))


def test_a_visit_early_in_the_morning_stretches_the_board(world, desk):
    desk.open_day_and_night()
    visit = desk.book(starts_local=dt.datetime(2026, 11, 24, 6, 30))
    for hours in desk.world.location.opening_hours:
        hours.opens, hours.closes = dt.time(8), dt.time(18)
    desk.db.flush()
    shown = text_of(board(world))
    assert 'data-open="360"' in shown
    assert "at-6" in classes_of(shown, visit)


def test_a_visit_into_the_next_day_ends_with_the_board(world, desk):
    visit = factories.an_appointment(
        desk.db,
        location=world.location,
        patient=desk.alice,
        service=desk.prp,
        practitioner=desk.physician,
        room=desk.room,
        starts_local=dt.datetime(2026, 11, 24, 23, 30),
    )
    shown = text_of(board(world))
    assert 'data-open="480" data-rows="192"' in shown
    assert {"at-186", "for-6"} <= set(classes_of(shown, visit))


def test_who_left_the_clinic_keeps_the_column_of_the_day(world, desk):
    desk.book()
    desk.physician.is_active = False
    desk.db.flush()
    shown = text_of(board(world))
    assert f'data-lane="{desk.physician.id}"' in shown
    assert free_times(shown, desk.physician) == []


def test_a_name_runs_and_is_cut_in_the_direction_of_its_own_script(world, desk):
    desk.book()
    assert '<span class="who" dir="auto">' in board(world).get_data(as_text=True)


def test_a_name_is_shown_as_it_is_and_never_run(world, desk):
    desk.alice.given_name = '<script>alert("1")</script>'
    desk.physician.name = 'Dr "><img src=x>'
    desk.consultation.name = "<b>Talk</b>"
    desk.book()
    raw = board(world).get_data(as_text=True)
    rooms = board(world, view="rooms").get_data(as_text=True)
    for page in (raw, rooms):
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "<b>Talk" not in page


@pytest.mark.parametrize("on", ["", "x", "2026-02-31", "9999-12-31", "0001-01-01", "\x00", "٢"])
def test_an_absurd_date_is_today(world, desk, on):
    page = world.as_role(Role.NURSE).get("/board", query_string={"date": on, "view": on})
    assert page.status_code == 200
    assert "Monday, November 23, 2026" in text_of(page)


def test_one_can_walk_from_day_to_day_and_between_the_views(world, desk):
    shown = text_of(board(world))
    assert 'href="/board?date=2026-11-23&view=practitioners"' in shown
    assert 'href="/board?date=2026-11-25&view=practitioners"' in shown
    assert 'href="/board?view=practitioners"' in shown
    assert f'href="/board?date={DAY}&view=rooms"' in shown


# ---- the word of the check ----

WORDS = {
    None: ("Not checked", "Not checked"),
    Decision.ALLOW: ("Clear", "Clear"),
    Decision.WARN: ("Clear", "Caution"),
    Decision.ASK: ("Questions missing", "Questions"),
    Decision.REVIEW: ("Physician must review", "Review"),
    Decision.DEFER: ("Not on this date", "Later"),
    Decision.BLOCK: ("Not on this date", "Stop"),
}


@pytest.mark.parametrize("decision", WORDS)
def test_reception_reads_one_word_and_clinicians_a_little_more(world, desk, decision):
    visit = desk.book(service_id=desk.prp.id)
    visit.decision = decision
    desk.db.flush()
    for role, word in zip((Role.RECEPTIONIST, Role.PHYSICIAN), WORDS[decision], strict=True):
        card = card_of(text_of(board(world, role)), visit)
        assert f"Booked, {word}" in card


def test_a_release_is_shown_to_clinicians_as_such(world, desk):
    visit = desk.book(service_id=desk.prp.id)
    visit.decision, visit.is_released = Decision.ALLOW, True
    desk.db.flush()
    assert "Booked, Released" in card_of(text_of(board(world, Role.NURSE)), visit)
    assert "Booked, Clear" in card_of(text_of(board(world)), visit)


def test_nothing_is_said_of_a_visit_that_is_over_or_needs_no_check(world, desk):
    talk = desk.book()
    done = desk.book(
        service_id=desk.prp.id,
        patient_id=desk.bob().id,
        starts_local=dt.datetime(2026, 11, 24, 14, 0),
    )
    done.status = AppointmentStatus.DONE
    desk.db.flush()
    shown = text_of(board(world))
    assert "flag" not in card_of(shown, talk)
    assert "flag" not in card_of(shown, done)


# ---- its cost ----


def test_the_board_costs_the_same_however_many_visits(world, desk, statements):
    visitor = world.as_role(Role.RECEPTIONIST)
    statements.clear()
    visitor.get(f"/board?date={DAY}")
    few = without_audit(statements)
    for minute in range(0, 480, 30):
        desk.book(
            patient_id=desk.bob().id,
            starts_local=dt.datetime(2026, 11, 24, 8, 0) + dt.timedelta(minutes=minute),
        )
    statements.clear()
    visitor.get(f"/board?date={DAY}")
    many = without_audit(statements)
    assert len(few) == len(many) <= 9
    assert sum("appointment.overbook_reason" in s for s in many) == 1


def looks(db):
    return db.scalar(sa.select(sa.func.count()).where(AuditEvent.action == "board.listed"))


def test_looking_leaves_one_row_and_a_poll_none(world, desk):
    visitor = world.as_role(Role.RECEPTIONIST)
    shown = text_of(visitor.get(f"/board?date={DAY}"))
    stamp = re.search(r'data-stamp="([^"]+)"', shown)[1]
    assert looks(desk.db) == 1
    asks_itself = {**ONLY_BOARD, "X-Background": "1"}

    nothing_new = visitor.get(f"/board?date={DAY}&since={stamp}", headers=asks_itself)
    assert nothing_new.status_code == 204
    assert nothing_new.data == b""
    visit = desk.book()
    news = visitor.get(f"/board?date={DAY}&since={stamp}", headers=asks_itself)

    assert news.status_code == 200
    assert card_of(text_of(news), visit)
    assert 'id="quick"' not in text_of(news)
    assert looks(desk.db) == 1


def test_a_new_word_of_the_check_is_news(world, desk):
    visit = desk.book(service_id=desk.prp.id)
    visitor = world.as_role(Role.RECEPTIONIST)
    stamp = re.search(r'data-stamp="([^"]+)"', text_of(visitor.get(f"/board?date={DAY}")))[1]
    desk.db.execute(
        sa.update(Appointment).where(Appointment.id == visit.id).values(decision=Decision.BLOCK)
    )
    ask = {**ONLY_BOARD, "X-Background": "1"}
    assert visitor.get(f"/board?date={DAY}&since={stamp}", headers=ask).status_code == 200


def test_a_board_left_open_over_night_asks_to_sign_in_again(world, desk):
    page = world.stranger().get(f"/board?date={DAY}&since=x", headers={"X-Background": "1"})
    assert page.status_code == 401
