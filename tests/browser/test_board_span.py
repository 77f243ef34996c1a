"""A time drawn on the board, booked or blocked; and the head of the board on a phone."""

import re

import pytest
from playwright.sync_api import Page, expect

from clinic.core.access import Role
from tests.browser.conftest import axe_violations
from tests.browser.test_board import HADDAD, WEBER, desk, free

__all__ = ["desk"]
pytestmark = [pytest.mark.browser]
SPAN = re.compile(
    r"/blocks/new\?resource_id=\d+&date=2026-11-23&start=1[56]%3A(15|45&end=16%3A30)$"
)


def draw(page: Page, first: str, last: str, name: str = HADDAD) -> None:
    free(page, last, name).scroll_into_view_if_needed()
    boxes = [free(page, time, name).bounding_box() for time in (first, last)]
    (x, y), to = [(box["x"] + 20, box["y"] + box["height"] / 2) for box in boxes]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(*to, steps=6)
    page.mouse.up()


def test_b_on_a_free_time_begins_to_block_it(desk):
    page = desk.page
    free(page, "16:15", HADDAD).focus()

    page.keyboard.press("b")

    expect(page).to_have_url(SPAN)
    expect(page.get_by_label("From what time")).to_have_value("16:15")
    expect(page.get_by_label("Until what time")).to_have_value("17:15")
    expect(page.get_by_label(HADDAD)).to_be_checked()


def test_what_is_drawn_is_booked_or_blocked_from_beside_the_board(desk):
    page = desk.page

    draw(page, "15:45", "16:15")

    expect(page.locator(".slot.picked")).to_have_count(3)
    expect(page.get_by_label("Start")).to_have_value("15:45")
    block = page.get_by_role("link", name="Block this time")
    expect(block).to_contain_text("15:45 – 16:30")
    assert axe_violations(page) == []
    block.click()
    expect(page).to_have_url(SPAN)
    expect(page.get_by_label("Until what time")).to_have_value("16:30")
    page.get_by_role("button", name="Block time").click()
    desk.sees("Blocked. Nothing is booked there from now on.")


def test_by_touch_a_time_is_picked_and_until_when(demo, people):
    desk = people(demo.url, width=820, height=1100, has_touch=True)
    desk.signs_in(Role.RECEPTIONIST.value)
    page = desk.goes_to("/board")
    free(page, "15:45", HADDAD).tap()
    until = page.locator("[data-until] select")
    assert until.bounding_box()["height"] >= 44
    assert until.locator("option").all_inner_texts() == ["16:00", "16:15", "16:30", "16:45"]

    until.select_option("16:30")

    expect(page.locator(".slot.picked")).to_have_count(3)
    assert axe_violations(page) == []
    block = page.get_by_role("link", name="Block this time")
    expect(block).to_contain_text("15:45 – 16:30")
    assert block.bounding_box()["height"] >= 44
    block.tap()
    expect(page).to_have_url(SPAN)


def test_a_drag_across_a_visit_stops_before_it(desk):
    page = desk.page
    draw(page, "15:45", "17:45")

    expect(page.locator(".slot.picked")).to_have_count(4)
    expect(page.get_by_role("link", name="Block this time")).to_contain_text("15:45 – 16:45")


def test_a_quarter_beside_a_visit_is_pressed_by_the_mouse(desk):
    page = desk.page

    free(page, "11:45", WEBER).click()

    expect(page.get_by_label("Start")).to_have_value("11:45")


def test_a_press_stays_a_press(desk):
    page = desk.page

    free(page, "16:15", HADDAD).click()

    expect(page.locator(".slot.picked")).to_have_count(1)
    expect(page.get_by_label("Start")).to_have_value("16:15")


def test_quick_booking_is_tucked_away_when_the_window_becomes_narrow(desk):
    page = desk.page
    page.set_viewport_size({"width": 1440, "height": 900})
    page.reload()
    expect(page.locator("#quick")).to_have_attribute("open", "")

    page.set_viewport_size({"width": 1000, "height": 900})

    expect(page.locator("#quick")).not_to_have_attribute("open", "")


@pytest.mark.parametrize("language", ["en", "de", "ar"])
def test_on_a_phone_the_head_of_the_board_is_three_rows(desk, language):
    page = desk.page
    if language != "en":
        page.get_by_role("button", name="Language").click()
        page.locator(f"#langs button[value={language}]").click()
        expect(page.locator("html")).to_have_attribute("lang", language)
    page.set_viewport_size({"width": 320, "height": 700})
    page.reload()
    rows = page.evaluate(
        """() => {
          const shown = [...document.querySelectorAll(".board-head :is(h1, .btn)")];
          const boxes = shown.map((e) => e.getBoundingClientRect()).filter((b) => b.width);
          const tops = boxes.map((b) => Math.round((b.top + b.height / 2) / 12));
          const inside = boxes.every((b) => b.left >= 0 && b.right <= innerWidth);
          return inside && new Set(tops).size;
        }"""
    )
    assert rows == 3
    assert axe_violations(page) == []
