"""The desk by keyboard alone, its steps counted; and two desks that stay in step."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from clinic.accounts.models import CookieSession
from clinic.core.access import Role
from tests.browser.conftest import Person, axe_violations
from tests.browser.test_board import (
    BOOKED,
    HADDAD,
    WEBER,
    card,
    desk,
    focused,
    free,
    is_ready,
    place,
)
from tests.conftest import NOW

__all__ = ["desk"]
pytestmark = [pytest.mark.browser]
WRITTEN_TO = "Omar Farouk"
"""Booked today at 13:00 with Dr Lena Weber; wants SMS."""
IN_STEP_MS = 5_000
"""Two boards show the same within so long, by the clock of the page that is looked at."""


class Counted:
    """A keyboard, and how often it was pressed."""

    def __init__(self, page: Page) -> None:
        self.page, self.steps = page, 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.steps += 1


def test_a_patient_is_found_in_six_keys(desk):
    keys = Counted(desk.page)
    keys.press("/", *"nass", "Enter")

    expect(desk.page).not_to_have_url(re.compile("/board"))
    desk.sees("Karim Nasser")
    assert keys.steps <= 6


def test_an_empty_time_is_booked_with_one_click_and_five_keys(desk):
    page, keys = desk.page, Counted(desk.page)
    free(page, "17:00", WEBER).click()
    keys.press(*"ell")
    keys.press("Enter")
    expect(page.locator(".who-card")).to_contain_text("Ella Winter")
    expect(page.locator("#booking button.primary")).to_be_focused()
    keys.press("Enter")

    expect(page.locator(".flashes")).to_contain_text("Booked: Ella Winter")
    assert keys.steps <= 5


def test_an_empty_time_is_booked_by_keyboard_alone(desk):
    page, keys = desk.page, Counted(desk.page)
    free(page, "17:00", WEBER).focus()
    keys.press("Enter", *"ell", "Enter")
    expect(page.locator("#booking button.primary")).to_be_focused()
    keys.press("Enter")

    expect(page.locator(".flashes")).to_contain_text("Booked: Ella Winter")
    assert keys.steps <= 6


def test_a_visit_is_moved_in_four_keys_and_taken_back_by_one(desk):
    page, keys = desk.page, Counted(desk.page)
    card(page, BOOKED).focus()
    keys.press("m", "ArrowDown", "ArrowDown", "Enter")

    expect(page.locator("#toast")).to_contain_text(f"{BOOKED}: 15:45, {HADDAD}")
    assert keys.steps <= 4
    assert BOOKED in focused(page)
    keys.press("z")
    expect(page.locator("#toast")).to_contain_text("taken back")
    assert place(page, BOOKED) == (HADDAD, "15:15")


def test_who_came_is_noted_by_one_key_and_goes_on_to_the_room_by_one_more(desk):
    page, keys = desk.page, Counted(desk.page)
    card(page, BOOKED).focus()
    expect(page.locator("#identity")).to_contain_text("Let the patient say both")
    keys.press("a")
    expect(card(page, BOOKED)).to_have_attribute("aria-label", re.compile("Arrived, has waited 0"))
    assert keys.steps <= 1
    keys.press("e")
    expect(card(page, BOOKED)).to_have_attribute("aria-label", re.compile("Ready"))
    keys.press("r")
    expect(card(page, BOOKED)).to_have_attribute("aria-label", re.compile("In the room"))
    keys.press("z")
    expect(card(page, BOOKED)).to_have_attribute("aria-label", re.compile("Ready"))
    assert BOOKED in focused(page)


def test_a_confirmation_is_one_key_and_one_more_takes_it_back(desk):
    page = desk.page
    card(page, BOOKED).focus()
    page.keyboard.press("c")
    expect(card(page, BOOKED)).to_have_attribute("aria-label", re.compile("Booked, confirmed"))
    page.keyboard.press("u")
    expect(card(page, BOOKED)).to_have_attribute("aria-label", re.compile("Booked, Not reached"))
    page.keyboard.press("u")
    expect(card(page, BOOKED)).not_to_have_attribute("aria-label", re.compile("Not reached"))
    page.keyboard.press("s")
    expect(page.locator("#toast")).to_contain_text("Not possible as this visit stands.")


def test_one_key_goes_round_the_columns_and_the_focus_stays(desk):
    page = desk.page
    card(page, BOOKED).focus()
    page.keyboard.press("v")
    expect(page.get_by_role("region", name="Visits by room")).to_be_visible()
    expect(card(page, BOOKED)).to_be_focused()
    page.keyboard.press("v")
    expect(page.get_by_role("region", name="Visits by device")).to_be_visible()
    # It holds no device: the nearest time has the focus.
    expect(page.locator("[data-at] a:focus")).to_have_attribute("aria-label", re.compile("15:"))
    page.keyboard.press("v")
    expect(page.get_by_role("region", name="Visits by practitioner")).to_be_visible()
    expect(page.locator("[data-at] a:focus")).to_have_count(1)
    page.keyboard.press("w")
    expect(page.get_by_role("region", name="Week of a practitioner")).to_be_visible()
    is_ready(page)
    page.keyboard.press("l")
    expect(page.get_by_role("region", name="Visits of the day as a list")).to_be_visible()


def test_one_key_asks_for_the_next_opening_of_the_visit_in_focus(desk):
    page = desk.page
    card(page, BOOKED).focus()
    page.keyboard.press("g")
    page.wait_for_url(re.compile(r"/openings\?appointment_id=\d+$"))
    expect(page.locator("main")).to_contain_text(BOOKED)
    page.go_back()
    page.locator("[data-board] .slot a").first.focus()
    page.keyboard.press("g")
    page.wait_for_url(re.compile(r"/openings$"))


def test_the_list_is_worked_by_the_same_keys_and_by_buttons(desk):
    page = desk.page
    desk.goes_to("/board?view=list")
    row = page.locator("tr.appt", has_text=BOOKED)
    row.locator("a.appt-row").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    assert BOOKED in focused(page)
    page.keyboard.press("c")
    expect(row.get_by_role("button", name="Confirmed")).to_have_attribute("aria-pressed", "true")
    row.get_by_role("button", name="Confirmed").click()
    expect(row.get_by_role("button", name="Confirmed")).to_have_attribute("aria-pressed", "false")
    row.locator("a.appt-row").focus()
    page.keyboard.press("a")
    expect(row).to_contain_text("Arrived")
    expect(row.locator(".wt")).to_contain_text("0 min")
    row.get_by_role("button", name="In the room").click()
    expect(row).to_contain_text("In the room")


def test_one_key_hides_names_and_an_arrival_still_asks_for_both(desk):
    page = desk.page
    page.keyboard.press("i")
    hidden = card(page, "G. O.")
    expect(hidden).to_be_visible()
    is_ready(page)
    assert BOOKED not in page.locator("main").inner_text()
    hidden.focus()
    page.keyboard.press("a")
    expect(page.get_by_role("dialog")).to_contain_text(BOOKED)
    page.keyboard.press("Enter")
    expect(page.locator("#toast")).to_contain_text("G. O. is here.")
    page.locator("h1").click()
    page.keyboard.press("i")
    expect(card(page, BOOKED)).to_be_visible()


def test_all_keys_are_listed_by_one(desk):
    page = desk.page
    page.keyboard.press("?")
    listed = page.get_by_role("dialog").locator("kbd").all_inner_texts()
    assert set("TVWLPIMAERSDOCKUYHZN/?[]") <= set(listed)
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    expect(page.get_by_role("heading", level=1)).to_have_text("Day list")


def test_a_column_that_takes_nothing_refuses_a_dragged_card_and_says_so(desk):
    page = desk.page
    desk.goes_to("/board?view=week")
    first = page.locator("li.appt[data-can~='move']").first
    visit = page.locator(f"[data-appointment='{first.get_attribute('data-appointment')}']")
    past = page.locator("[data-lane]:not([data-takes])")
    if past.count() == 0:  # A Monday: there is no day of the week that is over.
        page.evaluate("document.querySelectorAll('[data-lane]')[6].removeAttribute('data-takes')")
    lane = past.first
    visit.scroll_into_view_if_needed()
    was = visit.get_attribute("data-at")
    box, to = visit.bounding_box(), lane.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 4)
    page.mouse.down()
    page.mouse.move(to["x"] + 20, box["y"] + 44, steps=8)
    expect(lane).to_have_class(re.compile("refuses"))
    page.mouse.up()

    expect(page.locator("#toast")).to_contain_text("Nothing can be moved to")
    assert visit.get_attribute("data-at") == was


def test_less_than_five_pixels_are_no_drag(desk):
    page = desk.page
    card(page, BOOKED).scroll_into_view_if_needed()
    box = card(page, BOOKED).bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 4)
    page.mouse.down()
    page.mouse.move(box["x"] + 33, box["y"] + 7)
    assert page.locator(".moving").count() == 0
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"/appointments/\d+$"))


# ---- two desks ----


def looked_at(demo, login: str) -> list[object]:
    with demo.engine.connect() as connection:
        return list(connection.scalars(sa.select(CookieSession.seen_at)))


def test_two_desks_stay_in_step_without_a_reload_and_without_staying_awake(demo, people):
    one, two = people(demo.url), people(demo.url)
    two.page.clock.install(time=NOW)
    for person, role in ((one, Role.RECEPTIONIST), (two, Role.NURSE)):
        person.signs_in(role.value)
        person.goes_to("/board")
        is_ready(person.page)
    two.page.clock.pause_at(NOW + dt.timedelta(minutes=5))
    free(two.page, "16:30", WEBER).focus()
    two.page.evaluate("window.sameBoard = true")
    scrolled = two.page.evaluate("document.querySelector('[data-board]').scrollTop")
    seen = looked_at(demo, "nurse")

    card(one.page, BOOKED).focus()
    for key in ("m", "ArrowDown", "ArrowDown", "Enter"):
        one.page.keyboard.press(key)
    expect(one.page.locator("#toast")).to_contain_text("15:45")
    two.page.clock.fast_forward(IN_STEP_MS)
    expect(card(two.page, BOOKED)).to_have_attribute("aria-label", re.compile("^15:45"))

    assert two.page.evaluate("window.sameBoard"), "the page was not loaded again"
    assert focused(two.page) == f"Free, 16:30, {WEBER}"
    assert two.page.evaluate("document.querySelector('[data-board]').scrollTop") == scrolled
    card(one.page, BOOKED).focus()
    one.page.keyboard.press("c")
    expect(card(one.page, BOOKED)).to_have_attribute("aria-label", re.compile("confirmed"))
    two.page.clock.fast_forward(IN_STEP_MS)
    expect(card(two.page, BOOKED)).to_have_attribute("aria-label", re.compile("confirmed"))
    assert sorted(set(looked_at(demo, "nurse")) & set(seen)), "the second desk slept on"


def test_waiting_minutes_run_and_turn_amber_without_a_reload(desk: Person):
    page = desk.page
    mark = page.locator(".wt:not(.late)").first
    expect(mark).to_be_visible()
    page.clock.install()
    page.goto(desk.url + "/board")
    mark = page.locator(".wt").first
    limit = int(mark.get_attribute("data-limit") or 0)
    page.clock.fast_forward("00:10")
    before = int(mark.locator("b").inner_text())
    page.clock.fast_forward(f"{limit}:00")
    expect(mark.locator("b")).to_have_text(str(before + limit))
    expect(mark).to_have_class(re.compile("late"))


def test_once_the_bar_has_closed_it_is_asked_whether_the_patient_shall_be_told(desk):
    page = desk.page
    page.clock.install()
    page.goto(desk.url + "/board")
    is_ready(page)
    card(page, WRITTEN_TO).focus()
    for key in ("m", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#toast")).to_contain_text("12:45")
    question = page.locator("#notice")
    expect(question).to_have_count(1)
    expect(question).to_be_hidden()
    page.clock.fast_forward("00:11")

    expect(question).to_contain_text(f"Tell {WRITTEN_TO} the new time")
    assert axe_violations(page) == []
    question.get_by_role("button", name="Do not tell").click()
    expect(page.locator("#flashes")).to_contain_text("The patient is not told.")
    expect(question).to_be_hidden()


def test_a_move_from_the_list_asks_for_the_time_and_comes_back_with_undo(desk):
    page = desk.page
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    desk.goes_to("/board?view=list")
    row = page.locator("tr", has_text=WRITTEN_TO).first
    before = row.locator("td.t").inner_text()
    row.locator("a.appt-row").focus()

    page.keyboard.press("m")
    expect(page.locator("[name=start]")).to_be_focused()
    page.locator("[name=start]").fill("12:45")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("view=list.*undo="))
    undo = page.locator("#undo").get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    assert axe_violations(page) == []
    page.keyboard.press("Enter")
    expect(page.locator("#undo")).to_have_count(0)
    expect(page.locator("tr", has_text=WRITTEN_TO).first.locator("td.t")).to_have_text(before)
    assert errors == []
