"""Every page, with the demo's data: axe in light and dark, the console, sideways, right-to-left.

A page has a row in `rows.PAGES`, with the roles that work with it; a page without one fails.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect

from clinic.accounts.models import Account
from clinic.core.access import Role
from tests.browser.conftest import PASSWORD, Clinic, Person, axe_violations, served
from tests.browser.rows import CASES, MAIN, NOT_PAGES, PAGES, REFUSALS, Case, D, R, fill

pytestmark = [pytest.mark.browser]
SIZES = {"desktop": (1440, 900), "tablet": (820, 1180), "phone": (320, 640)}


class House:
    """One demo clinic for all who only look; everybody signs in once."""

    def __init__(self, clinic: Clinic, browser: Browser) -> None:
        self.clinic, self.browser, self.ids = clinic, browser, fill(clinic)
        self._contexts: dict[Role | str | None, BrowserContext] = {}

    def person(self, role: Role | str | None) -> Person:
        if role not in self._contexts:
            self._contexts[role] = self.browser.new_context(
                locale="en-GB", viewport={"width": 1440, "height": 900}
            )
            if isinstance(role, Role):
                Person(self._contexts[role].new_page(), self.clinic.url).signs_in(role.value)
            elif role:
                cookie = {"name": "tablet", "value": str(self.ids[role]), "url": self.clinic.url}
                self._contexts[role].add_cookies([cookie])
        return Person(self._contexts[role].new_page(), self.clinic.url)

    def path(self, pattern: str) -> str:
        return pattern.format(**self.ids)

    def close(self) -> None:
        for context in self._contexts.values():
            context.close()


@pytest.fixture(scope="module")
def house(
    browser: Browser, demo_file: Path, tmp_path_factory: pytest.TempPathFactory, cut_fonts: Path
) -> Iterator[House]:
    path = tmp_path_factory.mktemp("pages") / "demo.sqlite3"
    with served(Path(shutil.copy(demo_file, path)), cut_fonts) as clinic:
        house = House(clinic, browser)
        yield house
        house.close()


@pytest.fixture
def opens(house: House) -> Iterator[Callable[..., Page]]:
    """Open a page as a role; any error or warning of the console fails the test."""
    people: list[Person] = []

    def opened(case: Case, *, size: str = "desktop") -> Page:
        person = house.person(case.role)
        people.append(person)
        width, height = SIZES[size]
        person.page.set_viewport_size({"width": width, "height": height})
        answer = person.page.goto(house.clinic.url + house.path(case.path), wait_until="load")
        assert answer is not None
        assert answer.status == case.status, person.page.url
        return person.page

    yield opened
    complaints = [text for person in people for text in person.complaints]
    for person in people:
        person.page.close()
    assert complaints == []


def axe_in_both(page: Page) -> dict[str, list[str]]:
    """Return what axe finds in light and in dark, without loading the page again.

    Signed in or not, everybody's theme here is "auto": the page follows the machine.
    """
    found, grounds = {}, set()
    for scheme in ("light", "dark"):
        # Without motion no colour is caught half-way between the two.
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        grounds.add(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
        found[scheme] = axe_violations(page)
    assert len(grounds) == 2, "the page looks the same in light and dark"
    return found


def sideways(page: Page) -> int:
    """Return by how many pixels the page is wider than its window, once that is drawn."""
    page.evaluate("new Promise(requestAnimationFrame)")
    return int(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


def test_every_page_has_a_row(house):
    rules = house.clinic.app.url_map.iter_rules()
    pages = {rule.endpoint for rule in rules if "GET" in (rule.methods or ())} - NOT_PAGES

    assert sorted(pages - set(PAGES)) == [], "give these a row in PAGES"
    assert sorted(set(PAGES) - pages) == [], "these pages are gone"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_page_is_accessible_in_light_and_dark_and_never_scrolls_sideways(opens, case):
    page = opens(case)

    assert axe_in_both(page) == {"light": [], "dark": []}
    for width, height in (SIZES["tablet"], SIZES["phone"]):
        page.set_viewport_size({"width": width, "height": height})
        assert sideways(page) == 0, f"at {width}"


def test_a_short_page_fits_into_its_window(opens):
    page = opens(Case("patients.index", R, "/patients?q=zzzz"))

    high = "document.documentElement.scrollHeight - document.documentElement.clientHeight"
    assert page.evaluate(high) == 0


def test_the_switch_offers_the_other_look_also_after_the_machine_turned_dark(opens):
    page = opens(Case("board.index", R, "/board"))
    switch = page.locator("[data-theme-switch]")

    page.emulate_media(color_scheme="light")
    expect(switch).to_have_attribute("value", "dark")
    page.emulate_media(color_scheme="dark")
    expect(switch).to_have_attribute("value", "light")


@pytest.mark.slow
@pytest.mark.parametrize("size", ["tablet", "phone"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_page_is_accessible_on_smaller_screens(opens, case, size):
    page = opens(case, size=size)

    assert axe_in_both(page) == {"light": [], "dark": []}


@pytest.mark.parametrize("case", REFUSALS, ids=str)
def test_a_refusal_is_a_page_like_the_others(opens, case):
    page = opens(case)

    assert axe_in_both(page) == {"light": [], "dark": []}


def test_the_main_pages_read_from_right_to_left(demo, people):
    ids = fill(demo)
    with demo.engine.begin() as connection:
        connection.execute(sa.update(Account).values(locale="ar"))
    someone = people(demo.url)
    someone.goes_to("/sign-in?lang=ar")
    for field, value in (("login", "physician"), ("password", PASSWORD)):
        someone.page.locator(f"[name={field}]").fill(value)
    someone.page.locator("main form button[type=submit]").click()
    expect(someone.page).not_to_have_url(re.compile("/sign-in"))

    for case in CASES:
        if case.endpoint not in MAIN or case.role is not D:
            continue
        page = someone.goes_to(case.path.format(**ids))
        page.wait_for_load_state()
        assert page.locator("html").get_attribute("dir") == "rtl"
        assert axe_in_both(page) == {"light": [], "dark": []}, case
        assert sideways(page) == 0, case
    page = someone.goes_to("/sessions/{draft}".format(**ids))
    left, right = (
        page.locator(f"svg.top g[data-zone={zone}]").bounding_box()["x"]
        for zone in ("temporal_l", "temporal_r")
    )
    assert left < right, "a map is never mirrored"
