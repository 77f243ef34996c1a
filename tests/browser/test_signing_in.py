"""Signing in, as people see it."""

import datetime as dt
import re

import pytest
from playwright.sync_api import expect

from clinic.core.access import CONFIRMED_FOR, PASSWORD_FIELD, Role
from tests.browser.conftest import PASSWORD, axe_violations
from tests.conftest import NOW

pytestmark = [pytest.mark.browser]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sign_in_page_is_accessible(clinic, people, scheme):
    someone = people(clinic.url, color_scheme=scheme)

    page = someone.goes_to("/sign-in")

    assert axe_violations(page) == []


def test_a_wrong_password_keeps_the_login_and_says_so(clinic, people):
    someone = people(clinic.url)
    page = someone.goes_to("/sign-in")

    page.get_by_label("Login").fill(clinic.logins[Role.NURSE])
    page.get_by_label("Password").fill("not the password at all")
    page.get_by_role("button", name="Sign in").click()

    someone.sees("do not fit together")
    assert page.get_by_label("Login").input_value() == clinic.logins[Role.NURSE]


def invites(person, clinic):
    """Fill in an invitation and leave it open for too long."""
    person.signs_in(clinic.logins[Role.ADMINISTRATOR])
    page = person.goes_to("/people/new")
    expect(page.get_by_label("Your password again")).to_have_count(0)
    page.get_by_label("Name").fill("Nora Lind")
    page.get_by_label("Login").fill("nora.lind")
    page.get_by_label("Role").select_option("nurse")
    return page


@pytest.mark.parametrize("has_script", [True, False], ids=["with script", "without"])
def test_a_form_left_open_asks_for_the_password_and_keeps_what_was_typed(
    clinic, people, clock, has_script
):
    page = invites(people(clinic.url, java_script_enabled=has_script), clinic)
    clock(NOW + CONFIRMED_FOR + dt.timedelta(seconds=1))
    send = page.get_by_role("button", name="Make the link")

    send.click()
    field = page.locator(f"[name={PASSWORD_FIELD}]")
    expect(field).to_have_attribute("autocomplete", "current-password")
    expect(field).to_be_focused()
    expect(page.get_by_label("Name")).to_have_value("Nora Lind")
    expect(page.get_by_label("Role")).to_have_value("nurse")

    field.fill("not the password at all")
    send.click()
    expect(page.locator(f"#{PASSWORD_FIELD}-err")).to_have_text("This is not your present password")
    expect(page.get_by_label("Login")).to_have_value("nora.lind")

    field.fill(PASSWORD)
    send.click()
    expect(page.get_by_label("One-time link")).to_have_value(re.compile("/invitations/"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_button_asks_on_an_accessible_page(clinic, people, clock, scheme):
    boss = people(clinic.url, color_scheme=scheme)
    boss.signs_in(clinic.logins[Role.ADMINISTRATOR])
    page = boss.goes_to("/people")
    page.get_by_role("link", name=re.compile("Nurse")).first.click()
    clock(NOW + CONFIRMED_FOR + dt.timedelta(seconds=1))

    page.get_by_role("button", name="Link for a new password").click()

    field = page.get_by_label("Your password again")
    expect(field).to_be_focused()
    assert axe_violations(page) == []
    field.fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_label("One-time link")).to_have_value(re.compile("/invitations/"))
