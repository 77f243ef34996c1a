"""The waiting list and the shelf in a browser: from a cancellation to a yes, and by keyboard."""

import re

import pytest
from playwright.sync_api import expect

from clinic.core.access import Role
from tests.browser.conftest import Person, axe_violations
from tests.browser.test_board import BOOKED, HADDAD, WEBER, card, desk, focused, free, place

__all__ = ["desk"]
pytestmark = [pytest.mark.browser]
WAITS = "Nadia Salem"
"""Treated this morning; wants to talk to somebody as soon as there is time."""


def puts_on_the_list(desk: Person, who: str) -> None:
    page = desk.page
    desk.goes_to(f"/patients?q={who.replace(' ', '+')}")
    page.get_by_role("link", name=who).first.click()
    page.locator(".phead").get_by_label("More").click()
    page.get_by_role("link", name="On the waiting list").click()
    page.get_by_label("Service").select_option(label="Consultation")
    page.get_by_label("Needs to know beforehand").select_option(label="Comes at once")
    page.get_by_role("button", name="Put on the list").click()
    desk.sees(f"{who} waits now.")


def test_cancelled_who_fits_offered_yes_booked(desk):
    page = desk.page
    puts_on_the_list(desk, WAITS)
    desk.goes_to("/board")
    card(page, BOOKED).focus()
    page.keyboard.press("Enter")

    page.get_by_text("It does not take place…").click()
    page.get_by_role("button", name="Patient asked").click()
    desk.sees("The visit was cancelled. Its time is free again.")
    for way_on in ("Book another time", "On the waiting list", "Close"):
        expect(page.get_by_role("link", name=way_on)).to_be_visible()
    freed = page.get_by_role("region", name="Who fits the free time")
    expect(freed).to_contain_text(WAITS)
    assert axe_violations(page) == []
    freed.get_by_role("link", name="Offer it").click()
    page.get_by_role("button", name=f"Offer it to {WAITS} by phone").click()
    desk.sees(f"Offered to {WAITS}.")
    assert axe_violations(page) == []

    desk.goes_to("/board")
    expect(page.get_by_text("Being offered").first).to_be_visible()
    page.go_back()
    page.get_by_role("button", name=f"{WAITS} says yes: book it").click()

    desk.sees(f"{WAITS} said yes: the visit is booked.")
    expect(page.get_by_text("15:15").first).to_be_visible()
    desk.goes_to("/board")
    expect(page.locator("a.appt-card[aria-label^='15:15']", has_text=WAITS)).to_have_count(1)


def test_a_visit_is_parked_and_placed_on_another_day_by_keyboard(desk):
    page = desk.page
    card(page, BOOKED).focus()

    page.keyboard.press("x")

    shelf = page.get_by_role("region", name="Shelf")
    expect(shelf).to_contain_text(BOOKED)
    expect(shelf).to_contain_text("held Mon, Nov 23")
    assert place(page, BOOKED) == (HADDAD, "15:15"), "the old time stays held"
    assert axe_violations(page) == []
    page.keyboard.press("]")
    expect(page).to_have_url(re.compile("date=2026-11-24"))
    shelf = page.get_by_role("region", name="Shelf")
    placing = shelf.get_by_role("button", name=f"Place {BOOKED}")
    expect(placing).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("ArrowDown")
    for _ in range(60):
        if focused(page).startswith("Free, "):
            break
        page.keyboard.press("ArrowDown")
    time = focused(page).split(", ")[1]
    page.keyboard.press("Enter")

    bar = page.locator("#toast")
    expect(bar).to_contain_text(f"{BOOKED}: {time}, {WEBER}")
    expect(page.locator("#shelf")).to_be_hidden()
    assert place(page, BOOKED) == (WEBER, time)
    bar.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("region", name="Shelf")).to_contain_text("held Mon, Nov 23")
    expect(card(page, BOOKED)).to_have_count(0)

    page.get_by_role("region", name="Shelf").get_by_role("button", name=f"Place {BOOKED}").click()
    free(page, time, WEBER).click()
    expect(bar).to_contain_text(f"{BOOKED}: {time}, {WEBER}")
    page.reload()
    assert place(page, BOOKED) == (WEBER, time), "the server has it too"
    desk.goes_to("/board")
    expect(card(page, BOOKED)).to_have_count(0)


def test_escape_stops_placing_and_taking_off_leaves_all_as_it_was(desk):
    page = desk.page
    card(page, BOOKED).focus()
    page.keyboard.press("x")
    shelf = page.get_by_role("region", name="Shelf")
    placing = shelf.get_by_role("button", name=f"Place {BOOKED}")
    expect(placing).to_have_attribute("aria-pressed", "true")

    page.keyboard.press("Escape")
    expect(placing).to_have_attribute("aria-pressed", "false")
    free(page, "12:30", WEBER).click()
    expect(page.locator("#quick input[name='start']")).to_have_value("12:30")
    shelf.get_by_role("button", name=f"Take {BOOKED} off the shelf").click()

    expect(page.locator("#shelf")).to_be_hidden()
    assert place(page, BOOKED) == (HADDAD, "15:15")


def test_a_second_desk_places_what_the_first_one_parked(desk, demo, people):
    page = desk.page
    card(page, BOOKED).focus()
    page.keyboard.press("x")
    expect(page.get_by_role("region", name="Shelf")).to_contain_text(BOOKED)
    other = people(demo.url)
    other.signs_in(Role.NURSE.value)
    other.goes_to("/board")
    theirs = other.page.get_by_role("region", name="Shelf")
    expect(theirs).to_contain_text(BOOKED)

    theirs.get_by_role("button", name=f"Place {BOOKED}").click()
    free(other.page, "12:30", WEBER).click()
    other.sees("No room is free: Room 1 is taken until 12:35 (N. Salem)")
    assert place(other.page, BOOKED) == (HADDAD, "15:15"), "a refusal lets nothing go"
    free(other.page, "16:00", HADDAD).press("Enter")  # What is offered stands before it.
    expect(other.page.locator("#shelf")).to_be_hidden()

    assert place(other.page, BOOKED) == (HADDAD, "16:00")
    expect(page.locator("#shelf")).to_be_hidden()
    assert place(page, BOOKED) == (HADDAD, "16:00")
