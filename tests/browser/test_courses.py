"""A course is planned, changed and booked by keyboard alone; the steps are counted."""

import datetime as dt
import re
from itertools import pairwise

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from clinic.core.access import Role
from tests.browser.conftest import Person

pytestmark = [pytest.mark.browser]
MOST = 12
"""Keystrokes for "6 sessions, every 4 weeks ± 3 days, Tue or Thu after 15:00, Dr R" (1A 4)."""
WITHOUT_COURSE = "SELECT min(id) FROM patient WHERE id NOT IN (SELECT patient_id FROM course)"


class Keys:
    """A keyboard that counts."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.count += 1


@pytest.fixture
def desk(demo, people) -> Person:
    desk = people(demo.url)
    desk.signs_in(Role.RECEPTIONIST.value)
    return desk


def asked(demo, statement: str):
    with demo.engine.begin() as connection:
        return connection.execute(sa.text(statement)).scalar()


def of_patient(demo, patient_id: int):
    with demo.engine.connect() as connection:
        return connection.execute(
            sa.text(
                "SELECT starts_local, course_number, r.name FROM appointment AS a"
                " JOIN resource AS r ON r.id = a.practitioner_id"
                f" WHERE a.course_id IS NOT NULL AND a.patient_id = {patient_id}"
                " AND a.status = 'booked' ORDER BY starts_local"
            )
        ).all()


def test_a_course_is_planned_by_keyboard_alone(demo, desk):
    with demo.engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE service SET sessions_planned = 6, tolerance_days = 3, booster_days = NULL"
                " WHERE code = 'prp'"
            )
        )
    patient = asked(demo, WITHOUT_COURSE)
    page = desk.goes_to(f"/patients/{patient}")
    keys = Keys(page)

    keys.press("c")
    expect(page).to_have_url(re.compile("/courses/new"))
    page.wait_for_load_state()  # A key that comes before the script is nobody's.
    keys.press("2", "4", "w", "ArrowDown", "Tab", "1", "5", "Enter")
    expect(page.locator("#confirm")).to_be_focused()
    expect(page.locator(".plan-row.is-green")).to_have_count(6)
    keys.press("Enter")
    expect(page).to_have_url(re.compile(r"/courses/\d+$"))

    desk.sees("6 sessions are booked.")
    assert keys.count <= MOST
    booked = of_patient(demo, patient)
    days = [dt.datetime.fromisoformat(str(row.starts_local)) for row in booked]
    assert [row.course_number for row in booked] == [1, 2, 3, 4, 5, 6]
    assert {row.name for row in booked} == {"Dr Lena Weber"}
    assert all(day.weekday() in {1, 3} and day.hour >= 15 for day in days)
    assert all(25 <= (b.date() - a.date()).days <= 31 for a, b in pairwise(days))


def test_arrows_change_a_session_and_enter_takes_another_date(demo, desk):
    page = desk.goes_to(f"/patients/{asked(demo, WITHOUT_COURSE)}/courses/new")
    page.get_by_role("button", name="Show the plan").click()
    expect(page.locator("#confirm")).to_be_focused()
    first = page.locator("#session-1 .plan-time")
    before = first.inner_text()

    page.locator("#later-1").focus()
    page.keyboard.press("ArrowDown")
    expect(first).not_to_have_text(before)
    expect(page.locator("#later-1")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(first).to_have_text(before)

    page.locator("#session-2 summary").click()
    page.locator("#date-2").fill("2026-12-24")
    page.locator("#time-2").fill("10:00")
    page.keyboard.press("Enter")
    expect(page.locator("#session-2 .plan-time")).to_contain_text("24")


def test_back_goes_through_the_plans_that_were_looked_at(demo, desk):
    page = desk.goes_to(f"/patients/{asked(demo, WITHOUT_COURSE)}/courses/new")
    page.get_by_role("button", name="Show the plan").click()
    first = page.locator("#session-1 .plan-time")
    before = first.inner_text()
    page.locator("#later-1").click()
    expect(first).not_to_have_text(before)

    page.go_back()
    expect(first).to_have_text(before)
    page.go_forward()
    expect(first).not_to_have_text(before)
    page.reload()
    expect(first).not_to_have_text(before)


def test_at_check_out_enter_books_the_next_session(demo, desk):
    visit = asked(
        demo,
        "SELECT min(a.id) FROM appointment AS a JOIN course AS c ON c.id = a.course_id"
        " WHERE a.status = 'done' AND a.starts_local >= '2026-11-23' AND c.status = 'active'"
        " AND a.course_number < c.sessions_planned",
    )
    page = desk.goes_to(f"/appointments/{visit}")
    expect(page.get_by_role("heading", name="Next session")).to_be_visible()
    expect(page.locator("main [autofocus]")).to_be_focused()

    page.keyboard.press("Enter")

    desk.sees("The visit is booked.")


def test_a_call_takes_two_steps(demo, desk):
    page = desk.goes_to("/courses-to-call")
    row = page.locator("[data-row]").first
    who = row.locator(".who a").inner_text()

    row.get_by_role("button", name="No answer").click()
    desk.sees("Noted.")
    expect(page.locator("[data-row]", has_text=who)).to_contain_text("No answer")

    page.locator("[data-row]", has_text=who).get_by_role("link", name="Book").click()
    expect(page.locator("#confirm")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/courses/\d+$"))
    desk.goes_to("/courses-to-call")
    expect(page.locator("[data-row]", has_text=who)).to_have_count(0)


def test_without_a_script_the_same_is_done_by_buttons(demo, people):
    desk = people(demo.url, java_script_enabled=False)
    desk.signs_in(Role.RECEPTIONIST.value)
    page = desk.goes_to(f"/patients/{asked(demo, WITHOUT_COURSE)}/courses/new")

    page.get_by_role("button", name="Show the plan").last.click()
    page.get_by_role("button", name="Session 1: the free day after").click()
    page.get_by_role("button", name="Confirm").click()

    desk.sees("sessions are booked.")
