"""Blood and PRP at a tablet, by finger: a preset, three fields, a spin over a reload, the tube."""

import re

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from clinic.core.access import Role
from tests.browser.conftest import Clinic, Person, axe_violations

pytestmark = [pytest.mark.browser]
RUNNING = re.compile(r"^(10:00|9:\d\d)$")


def begun(demo: Clinic) -> int:
    """Return the session of PRP under way in the demo, its blood not drawn yet."""
    with demo.engine.begin() as connection:
        number = connection.scalar(
            sa.text(
                "SELECT max(p.session_id) FROM prp_preparation AS p JOIN treatment_session AS s"
                " ON s.id = p.session_id WHERE s.state = 'draft'"
            )
        )
        for change in (
            "DELETE FROM prp_spin WHERE session_id = :id",
            "DELETE FROM lot_use WHERE session_id = :id",
            "DELETE FROM injection_site WHERE session_id = :id",
            "UPDATE treatment_session SET first_point_at = NULL WHERE id = :id",
            "UPDATE prp_preparation SET drawn_at = NULL, drawn_by_id = NULL, obtained_at = NULL,"
            " obtained_by_id = NULL, prp_ul = NULL, blood_ul = NULL, activation = NULL,"
            " identity_at = NULL, identity_by_id = NULL, saved_at = NULL WHERE session_id = :id",
        ):
            connection.execute(sa.text(change), {"id": number})
        return int(number)


@pytest.fixture
def nurse(demo, people) -> Person:
    """A nurse at a tablet, at the card of the session under way."""
    someone = people(demo.url, width=820, height=1180, has_touch=True)
    someone.signs_in(Role.NURSE.value)
    someone.goes_to(f"/sessions/{begun(demo)}/preparation")
    return someone


def test_a_preset_three_fields_a_spin_over_a_reload_and_the_tube(nurse):
    page = nurse.page
    page.get_by_role("button", name="Tube kit, two gentle spins").tap()
    expect(page.get_by_label("Blood drawn")).to_have_value("20")
    page.get_by_role("button", name="Drawn now").tap()
    expect(page.locator("[data-minutes]").first).to_have_text(re.compile("^drawn [01] min ago$"))

    page.get_by_role("button", name="Start spin 1").tap()
    timer = page.get_by_role("timer")
    expect(timer).to_have_text(RUNNING)
    page.reload()
    expect(timer).to_have_text(RUNNING)
    assert axe_violations(page) == []

    page.get_by_role("button", name="Stop spin 1").tap()
    page.get_by_label("Blood drawn").fill("21")
    page.get_by_label("PRP obtained").fill("5,5")
    page.get_by_label("Activation").select_option("none")
    page.get_by_role("button", name="Save", exact=True).last.tap()
    nurse.sees("Blood and PRP are saved.")

    page.get_by_role("button", name="Print labels").tap()
    code = page.locator(".label .code").first.inner_text()
    page.get_by_role("link", name="Blood and PRP").tap()
    page.get_by_role("link", name="Read the tube").tap()
    page.get_by_label("The patient has said the full name").check()
    page.get_by_label("The patient has said the date of birth").check()
    field = page.get_by_label("Code of the tube")
    field.fill(code)
    field.press("Enter")
    nurse.sees("The tube is this patient’s.")


def test_every_target_is_large_enough_for_a_glove(nurse):
    boxes = nurse.page.eval_on_selector_all(
        "#main button:not(.vh), #main a.btn, #main input:not([type=hidden]), #main select",
        "all => all.map(one => one.getBoundingClientRect()).map(b => [b.width, b.height])",
    )
    small = [box for box in boxes if box[0] and (box[0] < 44 or box[1] < 44)]
    assert small == []
