"""Signing in, as people see it."""

import pytest

from clinic.core.access import Role
from tests.browser.conftest import axe_violations

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
