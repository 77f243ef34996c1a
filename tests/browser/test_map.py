"""The injection map: by finger, by keyboard, and as a table without a script."""

import json
import re

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from clinic.core.access import Role
from tests.browser.conftest import Clinic, Person, axe_violations

pytestmark = [pytest.mark.browser]


def begun(demo: Clinic) -> int:
    """Return the PRP session under way in the demo."""
    with demo.engine.connect() as connection:
        return connection.scalar(
            sa.text(
                "SELECT max(s.id) FROM treatment_session s JOIN prp_preparation"
                " ON s.id = session_id WHERE s.state = 'draft'"
            )
        )


@pytest.fixture
def physician(demo, people) -> Person:
    """A physician at a tablet, at the session under way."""
    someone = people(demo.url, width=820, height=1180, has_touch=True)
    someone.signs_in(Role.PHYSICIAN.value)
    someone.goes_to(f"/sessions/{begun(demo)}")
    return someone


def zone(page: Page, code: str, view: str = "top"):
    return page.locator(f"svg.{view} g[data-zone={code}]")


def count(page: Page) -> int:
    return int(page.locator("[data-out=points]").first.inner_text())


def total(page: Page) -> str:
    return page.locator("[data-out=total]").first.inner_text()


def shows(page: Page, points: int) -> None:
    """Wait until the page counts so many points: a tap becomes a click only after it."""
    expect(page.locator("[data-out=points]").first).to_have_text(str(points))


def gives(page: Page, ml: float) -> None:
    expect(page.locator("[data-out=total]").first).to_have_text(f"{ml:.2f}")


def test_a_tap_sets_a_point_where_the_finger_was(physician):
    page = physician.page
    before, given = count(page), float(total(page))

    zone(page, "occipital").tap()
    zone(page, "occipital").tap(position={"x": 40, "y": 40}, force=True)

    shows(page, before + 2)
    gives(page, given + 0.2)
    expect(zone(page, "occipital")).to_have_attribute(
        "aria-label", re.compile("^Occipital: 2 points, 0.20 mL")
    )
    expect(page.locator("[data-rows] tr").first).to_contain_text("Occipital")


def test_a_point_is_taken_away_at_the_map_and_in_the_table(physician):
    page = physician.page
    before = count(page)
    zone(page, "occipital").tap()
    page.get_by_role("button", name="Undo last point").tap()
    shows(page, before)

    page.locator("[data-rows] [data-del]").first.tap()
    shows(page, before - 1)
    page.get_by_role("button", name="Undo last point").tap()
    shows(page, before)


def test_a_zone_is_filled(physician):
    page = physician.page
    before = count(page)
    zone(page, "occipital").tap()
    page.get_by_role("button", name="Fill zone").tap()

    expect(page.locator("#live")).to_contain_text("points added")
    assert count(page) > before + 10
    page.get_by_role("button", name="Undo last point").tap()
    shows(page, before + 1)  # what was filled goes at once


@pytest.mark.parametrize("code", ["frontal_hairline", "midscalp", "vertex"])
def test_the_dose_of_a_whole_zone_finds_room_on_the_drawing(physician, code):
    page = physician.page
    written = page.locator("[name=points]")
    for _ in [point for point in json.loads(written.input_value()) if point["zone"] == code]:
        left = count(page)
        page.locator(f"li[data-zone={code}] [data-less]").tap()
        shows(page, left - 1)
    page.get_by_text("Whole zones", exact=True).tap()
    zone(page, code).tap()

    expect(page.locator("#live")).to_contain_text("points added")
    fresh = [p for p in json.loads(written.input_value()) if p["zone"] == code]
    assert len(fresh) >= 10
    assert [point for point in fresh if "x" not in point] == []


def test_the_keyboard_walks_sets_deletes_and_undoes(physician):
    page = physician.page
    before = count(page)
    page.locator("svg.top .zone[tabindex='0']").focus()
    assert page.locator("svg.top .zone[tabindex='0']").count() == 1
    first = page.evaluate("document.activeElement.dataset.zone")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.zone") != first

    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    shows(page, before + 2)
    page.keyboard.press("Delete")
    shows(page, before + 1)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    shows(page, before + 1)


def test_a_comma_and_a_point_are_the_same(physician):
    page = physician.page
    given = float(total(page))
    page.get_by_label("Volume per point").fill("0,05")
    zone(page, "occipital").tap()

    gives(page, given + 0.05)


def test_another_view_is_chosen_and_its_points_are_kept(physician):
    page = physician.page
    before = count(page)
    page.locator("label", has=page.locator("input[name=view][value=back]")).tap()
    page.locator("svg.back .zone").first.tap()
    shows(page, before + 1)
    expect(page.locator("[data-count=back]")).to_have_text("1")

    page.get_by_role("button", name="Save draft").last.tap()
    expect(page.locator("#flashes, .flashes").first).to_contain_text("saved")
    shows(page, before + 1)
    expect(page.locator("[data-count=back]")).to_have_text("1")


def test_what_was_set_passes_axe(physician):
    before = count(physician.page)
    zone(physician.page, "occipital").tap()
    shows(physician.page, before + 1)

    assert axe_violations(physician.page) == []


def test_the_table_does_it_all_without_a_script(demo, people):
    someone = people(demo.url, java_script_enabled=False)
    someone.signs_in(Role.PHYSICIAN.value)
    page = someone.goes_to(f"/sessions/{begun(demo)}")
    before = count(page)
    expect(page.locator("svg.top")).to_be_visible()

    page.get_by_label("Zone", exact=True).select_option(label="Occipital")
    page.get_by_role("textbox", name="Points", exact=True).fill("7")
    page.get_by_role("button", name="Add points").click()
    shows(page, before + 7)
    page.locator("[data-rows] [data-del]").first.click()
    expect(page.locator("[data-out=points]").first).not_to_have_text(str(before + 7))
    page.get_by_role("button", name="Save draft").last.click()
    expect(page.locator("#flashes, .flashes").first).to_contain_text("saved")
    page.reload()
    shows(page, before)
