"""The desk hands the tablet over, the patient answers alone, the visit turns red."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from clinic.accounts.models import Account
from clinic.core.access import Role
from clinic.locations.models import Location
from clinic.scheduling.rules import handovers as handover_rules
from tests import factories
from tests.browser.conftest import Clinic, Person, axe_violations
from tests.browser.test_circle import arrives, fills_booking, takes_the_papers_and_results
from tests.conftest import NOW

pytestmark = [pytest.mark.browser]
TABLET = (820, 1180)


@pytest.fixture
def desk(clinic: Clinic, people) -> Person:
    desk = people(clinic.url)
    desk.signs_in(clinic.logins[Role.RECEPTIONIST])
    return desk


@pytest.fixture
def visit(clinic: Clinic, desk: Person) -> str:
    """The address of a PRP tomorrow of Amira Haddad, about whom nothing is known."""
    with clinic.sessions.write() as db, db.begin():
        physician = db.scalars(sa.select(Account).where(Account.role == Role.PHYSICIAN)).one()
        factories.an_approved_catalogue(db, physician_id=physician.id, at=NOW)
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
    page.get_by_role("button", name="Hand over the tablet").click()
    code = page.locator("#code")
    expect(code).to_have_text(re.compile(rf"^[{handover_rules.ALPHABET}]{{4}} "))
    return code.inner_text()


def opens(tablet: Person, code: str) -> Page:
    page = tablet.goes_to("/tablet")
    page.get_by_label("Code").fill(code.lower())
    page.get_by_role("button", name="Open the questions").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Amira H\\."))
    page.get_by_role("button", name="Yes, that is me").click()
    expect(page).to_have_url(re.compile("/tablet/questions$"))
    return page


def taps(page: Page, question: str, reply: str) -> None:
    group = page.get_by_role("radiogroup", name=re.compile(question))
    group.locator("label", has_text=re.compile(f"^{reply}$")).click()


def answers(page: Page) -> None:
    """Ibuprofen yesterday; nothing else."""
    for group in page.get_by_role("radiogroup").all():
        group.locator("label", has_text=re.compile("^No$")).click()
    taps(page, "painkiller such as ibuprofen", "Yes")
    page.locator("[name=name_painkiller]").fill("Ibuprofen 400")
    page.locator("[name=day_painkiller]").fill("2026-11-23")


def sends(page: Page) -> None:
    answers(page)
    page.get_by_role("button", name="Send my answers").click()
    expect(page).to_have_url(re.compile("/tablet/done$"))


def test_what_the_patient_answers_alone_turns_the_visit_red(clinic, people, desk, visit):
    expect(desk.page.locator("#asked")).to_contain_text("Missing")
    code = hands_over(desk, visit)
    assert axe_violations(desk.page) == []
    tablet = people(clinic.url, width=TABLET[0], height=TABLET[1], has_touch=True)
    page = opens(tablet, code)
    for target in page.locator(".tablet-question .seg label, .tablet .btn").all():
        box = target.bounding_box()
        assert box is None or box["height"] >= 44

    answers(page)
    page.get_by_role("button", name="Send my answers").click()

    expect(page).to_have_url(re.compile("/tablet/done$"))
    tablet.sees("Please give the tablet back")
    page.go_back()
    expect(page.get_by_text("Ibuprofen")).to_have_count(0)
    expect(page.get_by_text("pregnant")).to_have_count(0)
    desk.goes_to(visit)
    expect(desk.page.locator("#asked")).to_contain_text("Answered today")
    desk.sees("Not on this date")
    desk.sees(re.compile("Possible from .*November 25"))
    assert "profen" not in desk.page.content()
    physician = people(clinic.url)
    physician.signs_in(clinic.logins[Role.PHYSICIAN])
    physician.goes_to(visit)
    expect(physician.page.locator("#alerts.defer")).to_contain_text("Ibuprofen 400")
    physician.page.get_by_role("link", name="Amira Haddad").first.click()
    physician.goes_to(physician.page.url.removeprefix(clinic.url) + "/facts")
    physician.sees("Patient, on the tablet")


def test_without_a_script_the_patient_answers_all_the_same(clinic, people, desk, visit):
    code = hands_over(desk, visit)
    tablet = people(clinic.url, width=TABLET[0], height=TABLET[1], java_script_enabled=False)
    page = opens(tablet, code)

    expect(page.locator("[name=name_painkiller]")).to_be_hidden()
    taps(page, "painkiller such as ibuprofen", "Yes")
    expect(page.locator("[name=name_painkiller]")).to_be_visible()
    page.get_by_role("button", name="Send my answers").click()
    tablet.sees(re.compile("questions are not answered yet"))
    page.get_by_role("button", name="Send without them").click()

    expect(page).to_have_url(re.compile("/tablet/done$"))


def test_a_locked_tablet_leads_nowhere_and_reads_arabic(clinic, people, desk, visit):
    tablet = people(clinic.url, width=TABLET[0], height=TABLET[1], color_scheme="dark")
    page = opens(tablet, hands_over(desk, visit))
    taps(page, "painkiller such as ibuprofen", "Yes")
    page.locator("[name=name_painkiller]").fill("Ibuprofen 400")

    page.locator("button[lang=ar]").click()

    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator("[name=name_painkiller]")).to_have_value("Ibuprofen 400")
    assert axe_violations(page) == []
    for path in ("/", "/sign-in", "/board"):
        tablet.goes_to(path)
        expect(page).to_have_url(re.compile("/tablet/questions$"))


def test_a_tablet_left_alone_asks_and_closes(clinic, people, desk, visit):
    tablet = people(clinic.url, width=TABLET[0], height=TABLET[1])
    tablet.page.clock.install(time=NOW)
    page = opens(tablet, hands_over(desk, visit))
    page.wait_for_load_state()
    page.clock.pause_at(NOW + handover_rules.IDLE_ON_SCREEN / 2)
    expect(page.locator("#still-there")).to_be_hidden()

    page.clock.fast_forward(handover_rules.IDLE_ON_SCREEN / dt.timedelta(milliseconds=2))
    tablet.sees("Are you still there?")
    page.clock.fast_forward(60_000)

    expect(page).to_have_url(re.compile("/tablet/done$"))
    tablet.sees("This screen has ended")


def test_a_busy_server_takes_no_answer_away_and_an_end_is_said(
    clinic, people, desk, visit, monkeypatch
):
    tablet = people(clinic.url, width=TABLET[0], height=TABLET[1])
    page = opens(tablet, hands_over(desk, visit))
    page.locator("button[lang=de]").click()
    taps(page, "Ibuprofen", "Ja")
    page.clock.install()

    def touches(status: int) -> None:
        page.unroute("**/tablet/touch")
        page.route("**/tablet/touch", lambda route: route.fulfill(status=status))
        page.clock.fast_forward(40_000)
        with page.expect_response("**/tablet/touch"):
            page.mouse.click(5, 5)

    touches(503)
    expect(page.locator("[name=q_painkiller][value=yes]")).to_be_checked()

    page.unroute("**/tablet/touch")
    desk.goes_to(visit)
    desk.page.get_by_role("button", name="End the tablet").click()
    page.clock.fast_forward(40_000)
    page.mouse.click(5, 5)
    expect(page).to_have_url(re.compile("/tablet/done$"))


def test_who_is_still_answering_is_told_before_the_end_and_goes_on(clinic, people, desk, visit):
    tablet = people(clinic.url, width=TABLET[0], height=TABLET[1])
    page = opens(tablet, hands_over(desk, visit))
    taps(page, "painkiller such as ibuprofen", "Yes")
    page.clock.install()

    def stays(minutes: int) -> None:
        for _ in range(0, minutes, 2):
            page.clock.fast_forward(120_000)
            page.mouse.click(5, 5)

    stays(24)
    expect(page.locator("#ends-soon")).to_be_hidden()
    stays(2)
    page.clock.run_for(2000)
    expect(page.locator("#ends-soon")).to_be_visible()
    assert axe_violations(page) == []
    more = page.get_by_role("button", name="I need more time")
    assert more.bounding_box()["height"] >= 44
    more.click()
    page.clock.run_for(2000)
    expect(page.locator("#ends-soon")).to_be_hidden()
    stays(10)

    expect(page.locator("[name=q_painkiller][value=yes]")).to_be_checked()
    expect(page).to_have_url(re.compile("/tablet/questions$"))


def test_moved_in_two_clicks_it_is_clear_on_the_later_day(clinic, people, desk, visit, clock):
    number = int(visit.rsplit("/", 1)[1])
    physician = people(clinic.url)
    physician.signs_in(clinic.logins[Role.PHYSICIAN])
    takes_the_papers_and_results(physician, number)
    sends(opens(people(clinic.url, width=TABLET[0], height=TABLET[1]), hands_over(desk, visit)))
    page = desk.goes_to(visit)
    desk.sees("Not on this date")

    page.get_by_role("link", name=re.compile("^Move to Wed, Nov 25")).click()
    page.locator("button[name=take]").first.click()

    expect(page).to_have_url(f"{clinic.url}{visit}#visit")
    desk.sees(re.compile("Wednesday, November 25"))
    clock(NOW + dt.timedelta(days=2))
    desk.signs_in(clinic.logins[Role.RECEPTIONIST])
    sends(opens(people(clinic.url, width=TABLET[0], height=TABLET[1]), hands_over(desk, visit)))
    desk.goes_to(visit)
    expect(desk.page.locator("#alerts")).to_contain_text("Clear")
    arrives(desk, number)
