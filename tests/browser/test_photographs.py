"""Photographs on a tablet by touch and by keyboard: taken under the reference, sent, compared."""

import re
from io import BytesIO

import pytest
import sqlalchemy as sa
from PIL import Image
from playwright.sync_api import Page, expect

from clinic.core.access import Role
from tests.browser.conftest import Clinic, Person, axe_violations
from tests.browser.rows import IDS

pytestmark = [pytest.mark.browser]


def a_picture(name: str, colour: str = "brown", kind: str = "JPEG") -> dict[str, object]:
    file = BytesIO()
    Image.new("RGB", (800, 600), colour).save(file, kind)
    return {"name": name, "mimeType": f"image/{kind.lower()}", "buffer": file.getvalue()}


def a_large_picture(name: str) -> dict[str, object]:
    """More than a form without files may hold."""
    file = BytesIO()
    Image.effect_noise((1800, 1500), 90).convert("RGB").save(file, "JPEG", quality=95)
    assert file.tell() > 2 * 1024 * 1024
    return {"name": name, "mimeType": "image/jpeg", "buffer": file.getvalue()}


BAD = {"name": "notes.jpg", "mimeType": "image/jpeg", "buffer": b"<svg onload=alert(1)>"}


@pytest.fixture
def url(demo: Clinic) -> str:
    with demo.engine.connect() as connection:
        return f"/patients/{connection.scalar(sa.text(IDS['pictured']))}"


@pytest.fixture
def nurse(demo, people) -> Person:
    someone = people(demo.url, width=820, height=1180, has_touch=True)
    someone.signs_in(Role.NURSE.value)
    return someone


def count(demo: Clinic) -> int:
    with demo.engine.connect() as connection:
        return connection.scalar(sa.text("SELECT count(*) FROM photograph"))


SMALL = """() => [...document.querySelectorAll("main :is(a, button, input, select)")]
  .filter((one) => one.offsetParent && one.type !== "hidden" && !one.closest("p, td, figcaption"))
  .map((one) => one.closest("label") ?? one)
  .filter((one) => one.getBoundingClientRect().height < 43.5 && !one.matches(".back"))
  .map((one) => one.outerHTML.slice(0, 80))"""
"""What a finger could miss: links in running text apart."""


def small_targets(page: Page) -> list[str]:
    return page.evaluate(SMALL)


def test_pictures_are_taken_under_the_reference_by_touch(demo, nurse, url):
    before, page = count(demo), nurse.goes_to(url)
    page.get_by_role("link", name="Photographs", exact=True).tap()
    page.get_by_role("link", name="Take photographs").first.tap()
    page.get_by_role("link", name=re.compile("^Vertex from above")).tap()
    expect(page.get_by_label("Daylight")).to_be_checked()  # as last time
    ghost = page.locator("[data-ghost]")
    expect(ghost).to_be_visible()

    page.get_by_label("Or choose pictures").set_input_files([a_picture("one.jpg"), BAD])
    expect(page.locator("[data-preview]")).to_be_visible()
    assert ghost.evaluate("(one) => getComputedStyle(one).opacity") == "0.5"
    page.get_by_label("Reference laid over").fill("20")
    assert ghost.evaluate("(one) => getComputedStyle(one).opacity") == "0.2"
    page.get_by_label("Wet").check(force=True)
    assert small_targets(page) == []
    assert axe_violations(page) == []

    page.get_by_role("button", name="Keep").tap()
    rows = page.locator("[data-sent-list] li")
    expect(rows.nth(0)).to_contain_text("kept")
    expect(rows.nth(1)).to_contain_text("This is no whole JPEG")
    expect(page.get_by_label("Wet")).to_be_checked()  # nothing typed is lost
    assert count(demo) == before + 1

    rows.nth(1).get_by_role("button").tap()
    page.get_by_label("Or choose pictures").set_input_files([a_picture("two.png", kind="PNG")])
    page.get_by_role("button", name="Keep").tap()
    expect(page).to_have_url(re.compile("/photographs/views"))
    expect(page.get_by_role("link", name=re.compile("^Vertex from above"))).to_contain_text(
        "taken today"
    )
    assert count(demo) == before + 2


def test_the_camera_shows_the_reference_over_what_it_sees(demo, nurse, url):
    before, page = count(demo), nurse.goes_to(f"{url}/photographs/new?view=front")
    page.get_by_role("button", name="Live view with the reference").tap()
    expect(page.locator("[data-video]")).to_be_visible()
    expect(page.locator("[data-ghost].laid")).to_be_visible()

    page.get_by_role("button", name="Take the picture").tap()
    expect(page.locator("[data-sent-list] li")).to_contain_text("camera-1.jpg")
    expect(page.locator("[data-video]")).to_be_visible()  # the next one may follow at once
    reference, film = page.locator("[data-ghost]"), page.locator("[data-video]").bounding_box()
    shape = reference.evaluate("(one) => one.naturalWidth / one.naturalHeight")
    assert film["width"] / film["height"] == pytest.approx(shape, rel=0.01)
    page.get_by_role("button", name="Keep").tap()
    expect(page).to_have_url(re.compile("/photographs/views"))
    assert count(demo) == before + 1
    newest = sa.text("SELECT width, height FROM photograph ORDER BY id DESC LIMIT 1")
    with demo.engine.connect() as connection:
        width, height = connection.execute(newest).one()
    assert width / height == pytest.approx(shape, rel=0.01)  # as the reference, not the camera


def test_what_only_the_browser_can_read_is_sent_as_jpeg_and_else_refused_in_words(demo, nurse, url):
    """Chromium reads AVIF and not HEIC; Safari on an iPad reads both."""
    before, page = count(demo), nurse.goes_to(f"{url}/photographs/new?view=front")
    heic = {"name": "IMG_1.HEIC", "mimeType": "image/heic", "buffer": b"\0\0\0\x18ftypheic"}
    page.get_by_label("Or choose pictures").set_input_files(
        [a_picture("one.avif", kind="AVIF"), heic]
    )
    rows = page.locator("[data-sent-list] li")
    expect(rows.nth(0)).to_contain_text("one.jpg")
    expect(rows.nth(1)).to_contain_text("Formats, “Most Compatible”")

    page.get_by_role("button", name="Keep").tap()
    expect(rows.nth(0)).to_contain_text("kept")
    assert count(demo) == before + 1
    rows.nth(1).get_by_role("button").tap()
    page.get_by_role("button", name="Keep").tap()
    expect(page).to_have_url(re.compile("/photographs/views"))
    assert count(demo) == before + 1
    nurse.complaints.clear()  # Chromium says that it cannot show the other one.


def test_a_picture_that_finds_no_server_stays_and_is_sent_again(demo, nurse, url):
    before, page = count(demo), nurse.goes_to(f"{url}/photographs/new?view=front")
    page.get_by_label("Or choose pictures").set_input_files([a_picture("one.jpg")])
    page.context.set_offline(True)
    page.get_by_role("button", name="Keep").tap()
    expect(page.locator("[data-sent-list] li")).to_contain_text("No connection")

    page.context.set_offline(False)
    page.get_by_role("button", name="Keep").tap()
    expect(page).to_have_url(re.compile("/photographs/views"))
    assert count(demo) == before + 1
    nurse.complaints.clear()  # Chromium says that it was offline.


def test_two_dates_are_compared_by_keyboard(demo, nurse, url):
    page = nurse.goes_to(f"{url}/photographs/new?view=vertex")
    page.get_by_label("Or choose pictures").set_input_files([a_picture("third.jpg")])
    page.get_by_role("button", name="Keep").tap()
    expect(page).to_have_url(re.compile("/photographs/views"))

    nurse.goes_to(f"{url}/photographs")
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="Compare photographs")).to_be_visible()
    page.get_by_role("link", name="Vertex from above").focus()
    page.keyboard.press("Enter")
    expect(page.locator("figure.after a b")).to_have_text("Nov 23, 2026")
    before = page.locator("figure.before a b").inner_text()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("figure.after a b")).not_to_have_text("Nov 23, 2026")
    middle = page.locator("figure.after a b").inner_text()
    page.keyboard.press("ArrowRight")
    expect(page.locator("figure.after a b")).to_have_text("Nov 23, 2026")
    page.keyboard.press(".")
    expect(page.locator("figure.before a b")).to_have_text(middle)
    page.keyboard.press(",")
    expect(page.locator("figure.before a b")).to_have_text(before)
    assert axe_violations(page) == []

    page.get_by_role("link", name="Slider").focus()
    page.keyboard.press("Enter")
    slide = page.get_by_label("How much of the older picture is seen")
    expect(slide).to_be_visible()
    slide.focus()
    page.keyboard.press("Home")
    assert (
        page.locator("[data-pair]").evaluate("(one) => one.style.getPropertyValue('--at')") == "0%"
    )
    expect(page.locator("figure.after a b")).to_have_text("Nov 23, 2026")  # no step by this arrow
    assert axe_violations(page) == []

    page.emulate_media(media="print")
    expect(page.get_by_text("Photographs are not printed from here.")).to_be_visible()
    for which in ("before", "after"):
        expect(page.locator(f"figure.{which} img")).to_be_hidden()
    page.emulate_media(media="screen")

    line = page.locator("[data-line]")
    box, pair = line.bounding_box(), page.locator("[data-pair]").bounding_box()
    assert box["width"] >= 44
    page.mouse.move(pair["x"] + 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(pair["x"] + pair["width"] * 0.7, box["y"] + 40, steps=4)
    page.mouse.up()
    expect(slide).to_have_value("70")
    page.mouse.move(pair["x"] + 9, box["y"] + 9)
    expect(slide).to_have_value("70")  # let go

    page.get_by_role("link", name="Blink").focus()
    page.keyboard.press("Enter")
    after = page.locator("figure.after img")
    expect(after).to_be_hidden()
    page.keyboard.press("x")
    expect(after).to_be_visible()
    expect(page.locator("figure.before img")).to_be_hidden()
    assert small_targets(page) == []
    page.reload()
    expect(page.get_by_role("button", name="The other")).to_be_visible()


def test_without_a_script_it_all_works(demo, browser, url):
    before = count(demo)
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    someone = Person(context.new_page(), demo.url)
    someone.signs_in(Role.NURSE.value)
    page = someone.goes_to(f"{url}/photographs/new?view=midline")
    page.get_by_label("Or choose pictures").set_input_files(
        [a_picture("one.jpg"), a_picture("two.jpg", "green")]
    )
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_text("2 photographs are kept.")).to_be_visible()
    assert count(demo) == before + 2

    someone.goes_to(f"{url}/photographs/compare?view=midline&mode=slider")
    boxes = [page.locator(f"figure.{which} img").bounding_box() for which in ("before", "after")]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    context.close()


def test_a_page_that_was_open_for_days_sends_what_was_chosen_all_the_same(demo, nurse, url):
    before, page = count(demo), nurse.goes_to(f"{url}/photographs/new?view=vertex")
    page.get_by_label("Or choose pictures").set_input_files([a_large_picture("one.jpg")])
    # The server answers to an old seal as to none: it does not read the body.
    page.evaluate("document.querySelector('[data-pictures]').action += 'old'")

    page.get_by_role("button", name="Keep").tap()

    expect(page).to_have_url(re.compile("/photographs/views"))
    assert count(demo) == before + 1
