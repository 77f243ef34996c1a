"""Two records of one person in a browser: found, merged, looked at, taken back; and registered."""

import datetime as dt
import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import axe_violations

pytestmark = [pytest.mark.browser]


def test_a_double_is_merged_and_taken_back(demo, people):
    desk = people(demo.url)
    desk.signs_in("receptionist")
    page = desk.goes_to("/patients")
    page.get_by_role("link", name="Probable duplicates").click()
    page.get_by_role("row").filter(has_text="Nour").get_by_role("link", name="Compare").click()
    desk.sees("Are these one person?")
    assert axe_violations(page) == []

    page.get_by_role("radio", name=re.compile("Phone.*5099")).check()
    page.get_by_label("Why is it one person?").fill("She rang from her new phone.")
    page.get_by_role("button", name="Merge the two records").click()
    desk.sees("The two records are one now")
    expect(page.get_by_role("link", name=re.compile("5550 ?99"))).to_be_visible()

    page = desk.goes_to("/patients?q=nour+haddad")
    expect(page.locator("#hits tbody tr")).to_have_count(1)
    desk.sees(re.compile("also Nour Haddad"))
    page = desk.goes_to("/patients/duplicates")
    desk.sees("No two records look alike")

    page.get_by_role("link", name=re.compile("was merged into Noor")).click()
    desk.sees("She rang from her new phone.")
    assert axe_violations(page) == []
    page.get_by_role("button", name="Take the merge back").click()
    desk.sees("Both records are as they were")
    page = desk.goes_to("/patients/duplicates")
    expect(page.get_by_role("row").filter(has_text="Nour")).to_have_count(1)


@pytest.mark.parametrize("has_script", [True, False], ids=["with script", "without"])
def test_somebody_is_registered_without_leaving_the_booking(demo, people, has_script):
    desk = people(demo.url, java_script_enabled=has_script)
    desk.signs_in("receptionist")
    page = desk.goes_to("/appointments/new")
    page.get_by_label("Note for the desk").fill("Bring the old photos")
    page.get_by_label("Patient", exact=True).fill("Mira Sommer")
    page.get_by_role("button", name="Find the patient").click()
    page.get_by_role("button", name="Register a new patient").click()
    expect(page.get_by_label("Family name")).to_have_value("Sommer")

    page.get_by_label("Birth date").fill("1990-05-01")
    page.get_by_label("Phone").fill("030 5550104")
    if has_script:
        # Who has this number is offered while it is typed, and what is typed stays.
        expect(page.locator("#new-alike")).to_contain_text("Same phone number")
        expect(page.get_by_label("Phone")).to_be_focused()
        assert axe_violations(page) == []
    page.get_by_role("button", name="Register and choose").click()
    expect(page.locator("#new-alike")).to_contain_text("Same phone number")
    page.get_by_role("button", name="Register as a new patient").click()

    expect(page.locator(".who-card")).to_contain_text("Mira Sommer")
    expect(page.get_by_label("Note for the desk")).to_have_value("Bring the old photos")


def test_who_presses_enter_at_once_is_not_asked_again_for_what_was_typed_before(demo, people):
    desk = people(demo.url)
    desk.signs_in("receptionist")
    page = desk.goes_to("/patients")
    asked: list[str] = []
    page.on("request", lambda one: "/assets/" in one.url or asked.append(one.url))
    page.clock.install()
    page.clock.pause_at(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1))
    page.locator("#find-q").press_sequentially("nour haddad")
    page.keyboard.press("Enter")
    expect(page.locator("#hits tbody tr")).to_have_count(2)
    page.clock.fast_forward(1000)
    desk.sees(re.compile("Nour Haddad"))
    assert len(asked) == 1

    desk.goes_to("/appointments/new")
    page.get_by_label("Patient", exact=True).fill("Mira Sommer")
    page.get_by_role("button", name="Find the patient").click()
    page.get_by_role("button", name="Register a new patient").click()
    page.get_by_label("Phone").fill("030 5550104")
    asked.clear()
    page.get_by_role("button", name="Register and choose").click()
    register = page.get_by_role("button", name="Register as a new patient")
    expect(register).to_be_visible()
    page.clock.fast_forward(1000)
    expect(register).to_be_visible()
    assert len(asked) == 1
