"""The day board by keyboard, by mouse and without a script."""

import re

import pytest
from playwright.sync_api import Page, expect

from clinic.core.access import Role
from tests.browser.conftest import Person

pytestmark = [pytest.mark.browser]
WEBER, HADDAD = "Dr Lena Weber", "Dr Omar Haddad"
BOOKED = "Greta Olsen"
"""Booked today at 15:15 with Dr Omar Haddad, half an hour."""


@pytest.fixture
def desk(demo, people) -> Person:
    desk = people(demo.url)
    desk.signs_in(Role.RECEPTIONIST.value)
    desk.goes_to("/board")
    is_ready(desk.page)
    return desk


def is_ready(page: Page) -> None:
    """Wait for the script of the board: a key that comes before it is nobody's."""
    expect(page.locator("[data-board] a[tabindex='0']")).to_have_count(1)


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.getAttribute('aria-label')") or ""


def free(page: Page, time: str, name: str):
    return page.get_by_role("link", name=f"Free, {time}, {name}")


def card(page: Page, who: str):
    return page.locator("a.appt-card", has_text=who)


def place(page: Page, who: str) -> tuple[str, str]:
    """Return the column and the time that a card stands at."""
    found = card(page, who)
    lane = found.locator("xpath=ancestor::ol").get_attribute("data-name")
    return lane or "", (found.get_attribute("aria-label") or "")[:5]


def test_the_board_is_one_tab_stop_and_arrows_walk_it(desk):
    page = desk.page
    free(page, "12:30", WEBER).focus()

    page.keyboard.press("ArrowDown")
    assert focused(page) == f"Free, 12:45, {WEBER}"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert focused(page) == f"Free, 11:45, {WEBER}", "a quarter of the physician's gap"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert "Nadia Salem" in focused(page)
    page.keyboard.press("ArrowRight")
    assert HADDAD in focused(page)
    page.keyboard.press("Home")
    assert "08:30 – 09:35, Karim Nasser" in focused(page)
    page.keyboard.press("End")
    assert focused(page) == f"Free, 17:45, {HADDAD}"
    assert page.locator("[data-board] a[tabindex='0']").count() == 1


def test_enter_opens_a_visit(desk):
    card(desk.page, BOOKED).focus()

    desk.page.keyboard.press("Enter")

    expect(desk.page).to_have_url(re.compile(r"/appointments/\d+$"))
    desk.sees(BOOKED)


def test_a_visit_is_moved_by_keyboard_and_taken_back(desk):
    page = desk.page
    assert place(page, BOOKED) == (HADDAD, "15:15")
    card(page, BOOKED).focus()
    page.keyboard.press("m")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    expect(page.locator("#toast")).to_contain_text(f"{BOOKED}: 16:00, {HADDAD}")
    assert place(page, BOOKED) == (HADDAD, "16:00")
    page.reload()
    assert place(page, BOOKED) == (HADDAD, "16:00"), "the server has it too"

    card(page, BOOKED).focus()
    page.keyboard.press("m")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#toast")).to_contain_text("16:15")
    page.locator("#toast button").click()
    expect(page.locator("#toast")).to_contain_text(f"{BOOKED}: taken back.")
    page.reload()
    assert place(page, BOOKED) == (HADDAD, "16:00")


def dropped_on_somebody(desk):
    page = desk.page
    card(page, BOOKED).focus()
    page.keyboard.press("m")
    for _ in range(2):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")

    expect(page.locator("#instead")).to_contain_text(f"{HADDAD} is taken until 15:05")
    assert place(page, BOOKED) == (HADDAD, "15:15")
    return page


def test_a_taken_time_is_refused_the_card_goes_back_and_one_press_takes_another(desk):
    page = dropped_on_somebody(desk)
    offers = page.locator("#instead button[name=take]")
    expect(offers).to_have_count(3)
    expect(offers.first).to_be_focused()
    time = offers.nth(1).locator("b").inner_text()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("#toast")).to_contain_text(f"{BOOKED}: {time}")
    expect(page.locator("#instead")).to_have_count(0)
    assert place(page, BOOKED)[1] in time
    page.locator("#toast button").click()
    expect(page.locator("#toast")).to_contain_text(f"{BOOKED}: taken back.")
    assert place(page, BOOKED) == (HADDAD, "15:15")


def test_escape_closes_what_is_offered_and_the_card_has_the_focus_again(desk):
    page = dropped_on_somebody(desk)
    page.keyboard.press("Escape")
    expect(page.locator("#instead")).to_have_count(0)
    expect(card(page, BOOKED)).to_be_focused()


def test_escape_leaves_a_visit_where_it_was(desk):
    page = desk.page
    card(page, BOOKED).focus()
    for key in ("m", "ArrowDown", "ArrowDown", "Escape"):
        page.keyboard.press(key)

    expect(page.locator("#live")).to_have_text("Not moved.")
    assert place(page, BOOKED) == (HADDAD, "15:15")


def test_a_visit_is_moved_with_the_mouse(desk):
    page = desk.page
    box = card(page, BOOKED).bounding_box()
    target = free(page, "17:00", WEBER)
    target.scroll_into_view_if_needed()
    box, to = card(page, BOOKED).bounding_box(), target.bounding_box()
    assert box
    assert to
    page.mouse.move(box["x"] + 30, box["y"] + 4)
    page.mouse.down()
    page.mouse.move(to["x"] + 30, to["y"] + 4, steps=6)
    page.mouse.up()

    expect(page.locator("#toast")).to_contain_text(f"{BOOKED}: 17:00, {WEBER}")


def test_a_free_time_is_booked_by_keyboard_alone(desk):
    page = desk.page
    free(page, "17:00", WEBER).focus()
    page.keyboard.press("Enter")
    assert page.locator("#start").input_value() == "17:00"
    expect(page.locator("#who")).to_be_focused()

    page.keyboard.type("Haddad")
    page.keyboard.press("Enter")
    page.get_by_role("button", name=re.compile("Amira Haddad")).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".who-card")).to_contain_text("Amira Haddad")
    page.get_by_label("Service", exact=True).focus()
    page.keyboard.type("Consultation")
    page.locator("#booking button.primary").focus()
    page.keyboard.press("Enter")

    expect(page.locator(".flashes")).to_contain_text("Booked: Amira Haddad")
    expect(page.get_by_role("link", name=re.compile("17:00 – 17:30, Amira Haddad"))).to_be_visible()


def test_single_keys_do_nothing_while_somebody_types(desk):
    page = desk.page
    page.locator("h1").click()
    page.keyboard.press("n")
    page.keyboard.type("n/?t")

    assert page.locator("#who").input_value() == "n/?t"
    assert page.locator("dialog[open]").count() == 0


def test_an_arrival_is_noted_by_one_key_with_both_identifiers_in_sight(desk):
    page = desk.page
    card(page, BOOKED).focus()
    strip = page.locator("#identity")
    expect(strip).to_contain_text(BOOKED)
    expect(strip).to_contain_text("Let the patient say both")
    page.keyboard.press("a")

    expect(page.locator("#toast")).to_contain_text(f"{BOOKED} is here.")
    expect(card(page, BOOKED)).to_have_attribute("aria-label", re.compile("Arrived"))
    page.locator("#toast button").click()
    expect(card(page, BOOKED)).to_have_attribute("aria-label", re.compile("Booked"))


def test_without_a_script_links_and_forms_book(demo, people):
    desk = people(demo.url, java_script_enabled=False)
    desk.signs_in(Role.RECEPTIONIST.value)
    page = desk.goes_to("/board")
    slots = page.locator(".slot a")
    assert slots.count() == page.locator('.slot a:not([tabindex="-1"])').count() > 0

    free(page, "17:30", HADDAD).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("New booking")
    assert page.locator("#start").input_value() == "17:30"
    page.locator("#who").fill("Haddad")
    page.get_by_role("button", name="Find the patient").click()
    page.get_by_role("button", name=re.compile("Amira Haddad")).click()
    service = page.get_by_label("Service", exact=True)
    consultation = service.locator("option", has_text="Consultation")
    service.select_option(consultation.get_attribute("value"))
    page.locator("#booking button.primary").click()

    expect(page).to_have_url(re.compile(r"/appointments/\d+$"))
    desk.sees("Amira Haddad")
    page.get_by_role("link", name=re.compile("^Day board of")).click()
    expect(page.get_by_role("link", name=re.compile("17:30 – 18:00, Amira Haddad"))).to_be_visible()
