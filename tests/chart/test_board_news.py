"""What the board says of a visit that has just left its time: undo, and who may have it."""

import re

import pytest

from clinic.core.access import Role
from clinic.scheduling.values import AppointmentStatus
from tests.chart.conftest import desk
from tests.chart.test_shelf import named, text_of
from tests.scheduling.conftest import statements
from tests.scheduling.moments import at
from tests.scheduling.pages import a_move, a_step
from tests.waiting.conftest import List

__all__ = ["desk", "statements"]
LIST = "/board?date=2026-11-24&view=list"


def bar_of(page):
    return text_of(page).split('id="undo"')[1].split("</div></div>")[0]


def undo_of(page):
    return re.search(r'name="act" value="([^"]+)"[^>]*autofocus', bar_of(page))[1]


def moved_from_the_list(world, desk, visit):
    """Press M in the list, type another time, and come back."""
    visitor = world.as_role(Role.RECEPTIONIST)
    row = text_of(visitor.get(LIST))
    link = re.search(r'href="([^"]+)" data-act="move"', row)[1]
    form = text_of(visitor.get(link))
    assert re.search(r'name="start"[^>]*autofocus|autofocus[^>]*name="start"', form)
    action = re.search(r'id="booking" method="post" action="([^"]+)"', form)[1]
    answer = visitor.post(action, a_move(desk, visit, start="15:00"))
    assert answer.status_code == 303, text_of(answer)
    return visitor, answer.location


def test_a_move_begun_in_the_list_comes_back_to_it_with_undo_in_the_focus(world, desk):
    visit = desk.book()
    desk.db.flush()

    visitor, there = moved_from_the_list(world, desk, visit)

    assert "view=list" in there
    page = visitor.get(there)
    assert "Leyla Demir was moved from Tue, Nov 24 10:00" in bar_of(page)
    back = visitor.post("/board/steps?date=2026-11-24&view=list", {"act": undo_of(page)})
    desk.db.refresh(visit)
    assert (back.status_code, visit.starts_local) == (303, at(10))


def test_a_foreign_address_is_no_way_back(world, desk):
    visit = desk.book()
    desk.db.flush()
    url = f"/appointments/{visit.id}/move?next=//evil.example/"

    answer = world.as_role(Role.RECEPTIONIST).post(url, a_move(desk, visit, start="15:00"))

    assert answer.location == f"/appointments/{visit.id}#visit"


def test_undo_is_only_for_who_did_it_and_only_for_minutes(world, desk, clock):
    visit = desk.book()
    desk.db.flush()
    visitor, there = moved_from_the_list(world, desk, visit)
    act = undo_of(visitor.get(there))

    assert 'id="undo"' not in text_of(world.as_role(Role.NURSE).get(there))
    assert world.as_role(Role.NURSE).post("/board/steps", {"act": act}).status_code == 409
    stale = act.rsplit(" ", 1)[0] + " 1"
    assert visitor.post("/board/steps", {"act": stale}).status_code == 409
    desk.db.refresh(visit)
    assert visit.starts_local == at(15)


@pytest.mark.parametrize("undo", ["", "x", "0", "-1", "999999999", "9" * 30])
def test_an_odd_address_says_nothing(world, desk, undo):
    page = world.as_role(Role.RECEPTIONIST).get(f"{LIST}&undo={undo}")

    assert page.status_code == 200
    assert 'id="undo"' not in text_of(page)


def test_after_a_cancellation_the_board_says_who_fits_and_takes_it_back(world, desk):
    visit = desk.book(patient_id=desk.bob().id)
    List(desk).wait()
    desk.db.flush()
    visitor = world.as_role(Role.RECEPTIONIST)
    url = f"/appointments/{visit.id}"
    done = visitor.post(f"{url}/cancellation", a_step(visit, reason="patient_asked"))
    shown = text_of(visitor.get(done.location))
    close = re.search(r'href="(/board\?[^"]+)"[^>]*>(?:(?!</a>).)*Close', shown)[1]

    page = visitor.get(close)

    assert re.search(r"The visit of .+ was cancelled\.", bar_of(page))
    assert "1 who waits fits the time that became free." in bar_of(page)
    assert 'href="/waiting-list/fitting?' in bar_of(page)
    visitor.post("/board/steps", {"act": undo_of(page)})
    desk.db.refresh(visit)
    assert visit.status is AppointmentStatus.BOOKED


def test_a_script_gets_who_fits_below_its_own_bar(world, desk):
    visit = desk.book(patient_id=desk.bob().id)
    List(desk).wait()
    desk.db.flush()
    visitor = world.as_role(Role.RECEPTIONIST)
    fields = named(visit, starts_at="2026-11-24T15:00", resource_id=str(desk.physician.id))

    answer = visitor.post("/board/moves?date=2026-11-24", fields, headers={"X-Fragment": "#board"})
    page = text_of(visitor.get(answer.location, headers={"X-Fragment": "#board"}))

    assert 'id="undo"' not in page
    notice = page.split('id="notice"')[1].split("</section>")[0]
    assert "1 who waits fits the time that became free." in notice
    assert "data-dismiss" in notice


def test_the_head_of_a_visit_has_the_focus_after_a_step(world, desk):
    visit = desk.book()
    desk.db.flush()
    visitor = world.as_role(Role.RECEPTIONIST)

    done = visitor.post(f"/appointments/{visit.id}/confirmation", a_step(visit, answer="confirmed"))

    assert done.location.endswith("#visit")
    assert 'id="visit" tabindex="-1"' in text_of(visitor.get(done.location))
