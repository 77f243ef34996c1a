"""The other views of the board: devices, a week, a list, the day on paper, initials for names."""

import datetime as dt
import re

import pytest

from clinic.catalog.values import ResourceKind
from clinic.core.access import Role
from clinic.safety.values import Decision, FactKind
from clinic.scheduling import moving, presence
from clinic.scheduling.models import Appointment
from clinic.scheduling.values import AppointmentStatus, Confirmation, ConfirmVisit
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
from tests.conftest import NOW
from tests.scheduling.conftest import without_audit
from tests.scheduling.moments import a_move

THIS_MORNING = dt.datetime(2026, 11, 23, 10, 0)


def row_of(shown, visit):
    """The row of one visit in the list."""
    return re.search(
        rf'<tr class="appt [^>]*data-appointment="{visit.id}".*?</tr>', shown, re.DOTALL
    )[0]


def confirm(desk, visit, answer=Confirmation.CONFIRMED):
    wish = ConfirmVisit(appointment_id=visit.id, version=visit.version, answer=answer)
    presence.confirm(desk.db, desk.actor(), wish)
    desk.db.flush()


# ---- devices ----


def test_a_device_has_a_column_and_a_card_for_the_part_it_is_held_for(world, desk):
    visit = desk.book(Role.PHYSICIAN, service_id=desk.prp.id)
    desk.book(patient_id=desk.bob().id, starts_local=dt.datetime(2026, 11, 24, 14, 0))
    shown = text_of(board(world, view="devices"))

    assert 'aria-current="true">Devices' in shown
    assert f'data-lane="{desk.centrifuge.id}"' in shown
    held = next(h for h in desk.held(visit) if h.resource_id == desk.centrifuge.id)
    first = (held.starts_at - visit.starts_at).seconds // 300
    rows = (held.ends_at - held.starts_at).seconds // 300
    assert {f"at-{24 + first}", f"for-{rows}"} <= set(classes_of(shown, visit))
    assert shown.count("data-appointment=") == 1, "a talk holds no device"
    assert re.search(r"Booked <b>2</b>", shown), "but it is counted"
    taken = {f"10:{n}" for n in ("00", "15", "30", "45")} - set(free_times(shown, desk.centrifuge))
    assert 0 < len(taken) < 4, "only while the blood spins"


def test_what_is_dropped_among_devices_moves_so_that_the_device_begins_there(world, desk):
    visit = desk.book(Role.PHYSICIAN, service_id=desk.prp.id)
    held = next(h for h in desk.held(visit) if h.resource_id == desk.centrifuge.id)
    later = held.starts_at - visit.starts_at
    wished = dt.datetime(2026, 11, 24, 14, 0) + later
    answer = world.as_role(Role.PHYSICIAN).post(
        f"/board/moves?date={DAY}&view=devices",
        {
            "appointment_id": visit.id,
            "version": visit.version,
            "starts_at": wished.strftime("%Y-%m-%dT%H:%M"),
            "resource_id": desk.centrifuge.id,
        },
        headers=ONLY_BOARD,
    )
    assert answer.status_code == 303
    desk.db.refresh(visit)
    assert visit.starts_local == dt.datetime(2026, 11, 24, 14, 0)
    assert visit.practitioner_id == desk.physician.id


def test_one_key_goes_round_people_rooms_and_devices(world, desk):
    seen, view = [], "practitioners"
    for _ in range(3):
        shown = text_of(board(world, view=view))
        url = re.search(
            r'href="(/board\?[^"]*)" data-key="v"|href="(/board\?[^"]*)"[^>]*data-key="v"', shown
        )
        view = re.search(r"view=(\w+)", url[1] or url[2])[1]
        assert f"date={DAY}" in (url[1] or url[2])
        seen.append(view)
    assert seen == ["rooms", "devices", "practitioners"]


# ---- a week ----


def test_a_week_has_a_column_a_day_of_one_practitioner(world, desk):
    other = factories.a_resource(
        desk.db, location=world.location, kind=ResourceKind.PRACTITIONER, name="Dr Haddad"
    )
    mine = desk.book()
    friday = desk.book(patient_id=desk.bob().id, starts_local=dt.datetime(2026, 11, 27, 9, 0))
    theirs = desk.book(
        patient_id=desk.bob(given_name="Carla").id, practitioner_id=other.id, room_id=desk.room_2.id
    )
    page = f"/board?date={DAY}&view=week&practitioner_id={desk.physician.id}"
    shown = text_of(world.as_role(Role.RECEPTIONIST).get(page))

    lanes = re.findall(r'data-lane="(\d+)" data-day="([^"]+)"', shown)
    assert [day for _, day in lanes] == [f"2026-11-{n}" for n in range(23, 30)]
    assert {int(lane) for lane, _ in lanes} == {desk.physician.id}
    assert card_of(shown, mine)
    assert card_of(shown, friday)
    assert f'data-appointment="{theirs.id}"' not in shown
    assert 'data-start="2026-11-27T09:30"' in shown
    assert 'data-start="2026-11-27T09:00"' not in shown
    assert f"practitioner_id={other.id}" in shown, "the way to the other's week"


def test_a_physician_sees_the_own_week_first_and_a_stranger_the_first_of_the_list(world, desk):
    factories.a_resource(
        desk.db,
        location=world.location,
        kind=ResourceKind.PRACTITIONER,
        name="Dr Zander",
        account_id=world.accounts[Role.PHYSICIAN].id,
    )
    own = text_of(board(world, Role.PHYSICIAN, view="week"))
    desks = text_of(board(world, view="week"))
    assert 'aria-current="page"><bdi>Dr Zander' in own
    assert 'aria-current="page"><bdi>Dr Weber' in desks


@pytest.mark.parametrize("whose", ["0", "x", "999999", "-1", "²", "9" * 40])
def test_the_week_of_nobody_is_a_week_all_the_same(world, desk, whose):
    page = world.as_role(Role.NURSE).get(
        "/board", query_string={"view": "week", "practitioner_id": whose, "date": DAY}
    )
    assert page.status_code == 200
    assert 'aria-current="page"><bdi>Dr Weber' in text_of(page)


def test_the_days_of_a_week_that_are_over_take_no_visit(world, desk):
    shown = text_of(board(world, on="2026-11-25", view="week"))
    takes = re.findall(r'data-day="([^"]+)" data-name="[^"]*" data-takes', shown)
    assert takes[0] == TODAY
    last_week = text_of(board(world, on="2026-11-18", view="week"))
    assert "data-takes" not in last_week


def test_a_week_asks_for_news_of_all_its_days(world, desk):
    visitor = world.as_role(Role.RECEPTIONIST)
    page = f"/board?date={DAY}&view=week"
    stamp = re.search(r'data-stamp="([^"]+)"', text_of(visitor.get(page)))[1]
    asks = {**ONLY_BOARD, "X-Background": "1"}
    assert visitor.get(f"{page}&since={stamp}", headers=asks).status_code == 204
    desk.book(starts_local=dt.datetime(2026, 11, 27, 9, 0))
    assert visitor.get(f"{page}&since={stamp}", headers=asks).status_code == 200


# ---- the list ----


def test_the_list_says_of_each_visit_what_a_card_says_with_buttons_for_each_step(world, desk):
    later = desk.book(starts_local=dt.datetime(2026, 11, 23, 11, 0), patient_id=desk.bob().id)
    first = desk.book(service_id=desk.prp.id, starts_local=THIS_MORNING)
    shown = text_of(board(world, on=TODAY, view="list"))

    assert shown.index(f'data-appointment="{first.id}"') < shown.index(
        f'data-appointment="{later.id}"'
    )
    row = row_of(shown, first)
    assert 'aria-label="10:00 – 11:00, Leyla Demir, PRP, Booked, Questions missing"' in row
    for words in ("Dr Weber", "Room 1", f"/appointments/{first.id}/edit"):
        assert words in row
    for verb in ("confirmed", "asked", "not_reached", "other_time"):
        assert f'value="{verb} {first.id} {first.version}"' in row
    assert f'href="/appointments/{first.id}#arrive"' in row
    assert 'class="lane' not in shown


def test_the_list_counts_the_minutes_of_who_waits(world, desk, clock):
    visit = desk.arrive(desk.book(starts_local=THIS_MORNING))
    desk.db.flush()
    clock(NOW + dt.timedelta(minutes=14))
    row = row_of(text_of(board(world, on=TODAY, view="list")), visit)
    assert "<b>14</b>" in row
    assert 'class="wt"' in row
    assert f'value="room {visit.id} {visit.version}"' in row
    clock(NOW + dt.timedelta(minutes=15))
    for view in ("list", "practitioners"):
        shown = text_of(board(world, on=TODAY, view=view))
        assert 'class="wt late"' in shown
        assert "has waited 15 min" in shown
    world.location.wait_limit_min = 30
    desk.db.flush()
    assert 'class="wt late"' not in text_of(board(world, on=TODAY))


def test_every_view_costs_a_fixed_number_of_statements(world, desk, statements):
    visitor = world.as_role(Role.RECEPTIONIST)

    def cost(view):
        statements.clear()
        assert visitor.get(f"/board?date={DAY}&view={view}").status_code == 200
        return len(without_audit(statements))

    views = ("practitioners", "rooms", "devices", "week", "list")
    few = [cost(view) for view in views]
    for minute in range(0, 480, 30):
        at = dt.datetime(2026, 11, 24, 8, 0) + dt.timedelta(minutes=minute)
        desk.book(patient_id=desk.bob().id, starts_local=at)
    many = [cost(view) for view in views]
    assert many == few
    assert max(many) <= 10
    assert many[0] <= 9


# ---- confirmed ----


def test_a_confirmed_visit_says_so_and_a_moved_one_does_not(world, desk):
    visit = desk.book()
    confirm(desk, visit)
    assert "Booked, confirmed" in card_of(text_of(board(world)), visit)
    assert "st-confirmed" in card_of(text_of(board(world)), visit)
    confirm(desk, visit, Confirmation.NOT_REACHED)
    card = card_of(text_of(board(world)), visit)
    assert "Booked, Not reached" in card
    assert 'data-heard="not_reached"' in card
    visit.starts_at += dt.timedelta(hours=1)
    visit.ends_at += dt.timedelta(hours=1)
    visit.starts_local += dt.timedelta(hours=1)
    desk.db.flush()
    assert "data-heard" not in card_of(text_of(board(world)), visit)


# ---- on paper ----


def paper(world, role=Role.RECEPTIONIST, *, on=DAY, view="practitioners", **options):
    page = world.as_role(role).get(f"/board/paper?date={on}&view={view}", **options)
    assert page.status_code == 200
    return text_of(page)


def sheets(shown):
    return re.findall(r'<section class="card sheet".*?</section>', shown, re.DOTALL)


def test_paper_has_a_sheet_for_each_person_with_holds_as_symbols(world, desk):
    desk.knows(FactKind.CONDITION, "bleeding_disorder")
    visit = desk.book()
    visit.service_id, visit.decision = desk.prp.id, Decision.BLOCK
    gone = desk.book(patient_id=desk.bob().id, starts_local=dt.datetime(2026, 11, 24, 14, 0))
    gone.status, gone.occupies = AppointmentStatus.CANCELLED, False
    gone.cancel_reason = "clinic"
    desk.db.flush()
    confirm(desk, visit)
    found = sheets(paper(world))
    assert len(found) == 1
    for words in ("Dr Weber", "Leyla Demir", "◆ Not on this date", "✓ Confirmed"):
        assert words in found[0]
    assert "Bob" not in found[0]
    assert "Later changes are not on this page." in found[0]


def test_paper_has_a_sheet_for_each_room_too(world, desk):
    desk.book(room_id=desk.room_2.id)
    one, two = sheets(paper(world, view="rooms"))
    assert "Room 1" in one
    assert "No visits" in one
    assert "Leyla Demir" in two
    assert "Dr Weber" in two


@pytest.mark.parametrize("view", ["week", "list", "", "x"])
def test_paper_of_another_view_is_that_of_the_people(world, desk, view):
    assert "Dr Weber" in sheets(paper(world, view=view))[0]


# ---- initials ----


def test_one_press_hides_names_in_every_view_and_on_paper_and_one_more_shows_them(world, desk):
    visit = desk.book(starts_local=THIS_MORNING)
    visitor = world.as_role(Role.RECEPTIONIST)
    addresses = [
        f"/board?date={TODAY}&view={view}" for view in ("practitioners", "rooms", "week", "list")
    ]
    addresses += [f"/board/paper?date={TODAY}", f"/board/paper?date={TODAY}&view=rooms"]

    answer = visitor.post(f"/board/names?date={TODAY}&view=rooms", {})
    assert answer.status_code == 303
    assert answer.location.endswith(f"/board?date={TODAY}&view=rooms")
    for address in addresses:
        shown = text_of(visitor.get(address))
        assert "L. D." in shown, address
        visible = re.sub(r'data-who="[^"]*"', "", shown)
        assert "Leyla" not in visible, address
        assert "Demir" not in visible, address
    titles = [
        re.search(r"<title>([^<]*)", text_of(visitor.get(address)))[1]
        for address in (f"/appointments/{visit.id}", f"/patients/{desk.alice.id}")
    ]
    assert all("L. D." in title and "Leyla" not in title for title in titles)

    visitor.post(f"/board/names?date={TODAY}", {})
    assert "Leyla Demir" in text_of(visitor.get(addresses[0]))
    assert "Leyla Demir" in text_of(visitor.get(f"/appointments/{visit.id}"))


def test_a_late_entry_is_marked(world, desk):
    visit = desk.book()
    visit.late_reason = "The power was out"
    desk.db.flush()
    assert isinstance(visit, Appointment)
    assert "Entered later" in card_of(text_of(board(world)), visit)
    assert "power" not in text_of(board(world))


def test_a_moved_visit_says_for_when_it_was_booked_first(world, desk):
    visit = desk.book()
    plain = text_of(board(world))
    assert "first booked for" not in plain
    for hour in (11, 12):
        to = dt.datetime(2026, 11, 24, hour, 0)
        moving.move(desk.db, desk.actor(), a_move(visit, starts_local=to))
        desk.db.flush()
    said = "moved, first booked for Tue, Nov 24 10:00"
    for view in ("practitioners", "rooms", "week", "list"):
        assert said in text_of(board(world, view=view)), view
    was = dt.datetime(2026, 11, 24, 10, 0)
    moving.move(desk.db, desk.actor(), a_move(visit, starts_local=was))
    desk.db.flush()
    assert "first booked for" not in text_of(board(world))
