"""A consent from the desk to the finger and back: read, signed, printed, withdrawn."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from clinic.accounts.models import Account
from clinic.consents.models import Consent, ConsentText
from clinic.consents.values import ConsentKind
from clinic.core.access import Role
from clinic.locations.models import Location
from tests import factories
from tests.browser.conftest import Clinic, Person, axe_violations
from tests.browser.test_circle import fills_booking
from tests.conftest import NOW
from tests.papers.reading import text_of

pytestmark = [pytest.mark.browser]
TABLET = (820, 1180)


@pytest.fixture
def desk(clinic: Clinic, people) -> Person:
    desk = people(clinic.url)
    desk.signs_in(clinic.logins[Role.RECEPTIONIST])
    return desk


@pytest.fixture
def visit(clinic: Clinic, desk: Person) -> str:
    """The address of a PRP tomorrow of Amira Haddad; the example of PRP is in force."""
    with clinic.sessions.write() as db, db.begin():
        physician = db.scalars(sa.select(Account).where(Account.role == Role.PHYSICIAN)).one()
        factories.an_approved_catalogue(db, physician_id=physician.id, at=NOW)
        drafts = sa.select(ConsentText).where(ConsentText.in_force_from.is_(None))
        for draft in db.scalars(drafts):
            draft.in_force_from = NOW.date()
            draft.approved_by_id, draft.approved_at = physician.id, NOW
        location = db.scalars(sa.select(Location)).one()
        amira = factories.a_patient(
            db, location=location, given_name="Amira", family_name="Haddad", sex="female"
        )
        patient_id = amira.id
    desk.goes_to(f"/appointments/new?patient_id={patient_id}")
    fills_booking(desk, "10:00", days=1)
    expect(desk.page).to_have_url(re.compile(r"/appointments/\d+$"))
    return desk.page.url.removeprefix(clinic.url)


def hands_over(desk: Person, visit: str) -> str:
    page = desk.goes_to(visit)
    page.get_by_role("button", name="Sign on the tablet: PRP treatment").click()
    return page.locator("#code").inner_text()


def opens(tablet: Person, code: str) -> Page:
    page = tablet.goes_to("/tablet")
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Open the questions").click()
    page.get_by_role("button", name="Yes, that is me").click()
    expect(page).to_have_url(re.compile("/tablet/consent$"))
    return page


def draws(page: Page) -> None:
    """Three lines with a finger."""
    pad = page.locator(".sign-pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    for row in (60, 90, 120):
        page.mouse.move(box["x"] + 40, box["y"] + row)
        page.mouse.down()
        for step in range(12):
            page.mouse.move(box["x"] + 40 + step * 30, box["y"] + row + (step % 2) * 40)
        page.mouse.up()


def test_the_patient_signs_with_a_finger_and_the_paper_shows_it(
    clinic, people, desk, visit, tmp_path: Path
):
    code = hands_over(desk, visit)
    tablet = people(clinic.url, width=TABLET[0], height=TABLET[1], has_touch=True)
    page = opens(tablet, code)
    expect(page.get_by_role("heading", name="Risks")).to_be_visible()
    assert axe_violations(page) == []
    for target in page.locator(".tablet-sign .check, .tablet .btn:visible").all():
        box = target.bounding_box()
        assert box is None or box["height"] >= 44

    page.get_by_role("button", name="Sign", exact=True).last.click()
    tablet.sees("Nothing is signed without this tick")
    page.locator(".check", has_text="The treatment").click()
    page.locator(".check", has_text="Photographs for teaching").click()
    page.get_by_label("Your first and last name").fill("Amira Haddad")
    draws(page)
    page.locator("button[lang=ar]").click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator(".sign-pad g path")).to_have_count(3)
    expect(page.locator("input[name=signer]")).to_have_value("Amira Haddad")
    assert axe_violations(page) == []
    page.locator(".tablet-send button").click()
    expect(page).to_have_url(re.compile("/tablet/done$"))

    desk.goes_to(visit)
    expect(desk.page.locator("#to-sign")).to_contain_text("Signed on")
    assert axe_violations(desk.page) == []
    desk.page.get_by_role("link", name="All papers").click()
    assert axe_violations(desk.page) == []
    with desk.page.expect_download() as download:
        desk.page.get_by_role("link", name=re.compile("As PDF")).first.click()
    download.value.save_as(tmp_path / "consent.pdf")
    text = text_of((tmp_path / "consent.pdf").read_bytes())
    assert "Amira Haddad" in text
    with clinic.sessions.read() as db:
        kept = db.scalars(sa.select(Consent)).one()
        assert (kept.language, kept.kind) == ("ar", ConsentKind.PRP)
        assert len(kept.strokes or ()) == 3

    row = desk.page.locator("#papers tbody tr").first
    row.locator("summary").click()
    row.get_by_text("Photographs for teaching").last.click()
    row.get_by_label("Why").fill("recognised")
    row.get_by_role("button", name="Record the withdrawal").click()
    expect(desk.page.locator("#papers")).to_contain_text("Withdrawn on")
    expect(desk.page.locator("#papers")).to_contain_text("recognised")


def test_without_a_script_a_typed_name_signs(clinic, people, desk, visit):
    code = hands_over(desk, visit)
    tablet = people(clinic.url, width=TABLET[0], height=TABLET[1], java_script_enabled=False)
    page = opens(tablet, code)

    expect(page.locator(".sign-pad")).to_be_hidden()
    page.locator(".check", has_text="The treatment").click()
    page.get_by_label("Your first and last name").fill("Amira Haddad")
    page.locator(".check", has_text="my typed name is my signature").click()
    page.locator(".tablet-send button").click()

    expect(page).to_have_url(re.compile("/tablet/done$"))
    desk.goes_to(visit)
    desk.page.get_by_role("link", name="All papers").click()
    desk.sees("Typed name on the tablet")


def test_the_patient_takes_a_consent_back_on_the_tablet(clinic, people, desk, visit):
    first = people(clinic.url, width=TABLET[0], height=TABLET[1], has_touch=True)
    page = opens(first, hands_over(desk, visit))
    page.locator(".check", has_text="The treatment").click()
    page.get_by_label("Your first and last name").fill("Amira Haddad")
    draws(page)
    page.locator(".tablet-send button").click()
    expect(page).to_have_url(re.compile("/tablet/done$"))

    later = people(clinic.url, width=TABLET[0], height=TABLET[1], has_touch=True)
    page = opens(later, hands_over(desk, visit))
    page.get_by_role("link", name="Withdraw it here").click()
    expect(page.get_by_role("heading", name="Withdraw your consent")).to_be_visible()
    assert axe_violations(page) == []
    for target in page.locator(".tablet-sign .check, .tablet .btn:visible").all():
        box = target.bounding_box()
        assert box is None or box["height"] >= 44
    page.locator(".tablet-send button").click()
    expect(page.locator(".error:visible").first).to_be_visible()
    page.locator(".check", has_text="The treatment").click()
    page.get_by_label("Your first and last name").fill("Amira Haddad")
    draws(page)
    page.locator(".tablet-send button").click()
    expect(page).to_have_url(re.compile("/tablet/done$"))

    desk.goes_to(visit)
    desk.page.get_by_role("link", name="All papers").click()
    expect(desk.page.locator("#papers")).to_contain_text("Signed on the tablet by")
    assert axe_violations(desk.page) == []


def test_the_texts_are_written_and_put_in_force_without_a_fault_of_access(clinic, people):
    admin, physician = people(clinic.url), people(clinic.url)
    admin.signs_in(clinic.logins[Role.ADMINISTRATOR])
    physician.signs_in(clinic.logins[Role.PHYSICIAN])
    page = admin.goes_to("/consent-texts")
    assert axe_violations(page) == []
    page.get_by_role("link", name="Write the next version").first.click()
    assert axe_violations(page) == []
    page.get_by_label("Cost").fill("")
    page.get_by_role("button", name="Keep the draft").click()
    admin.sees("something that a consent text must hold is missing")

    page = physician.goes_to("/consent-texts")
    page.get_by_role("link", name="Version 2.0").first.click()
    assert axe_violations(page) == []
    page.get_by_text("I have read this text").click()
    page.get_by_role("button", name="Put in force").click()
    physician.sees("it cannot be put in force")
