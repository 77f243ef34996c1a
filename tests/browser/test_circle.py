"""The whole circle of the clinic, in one browser journey on imported data."""

import datetime as dt
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from clinic.core.access import Role
from tests.browser.conftest import Clinic, Person
from tests.conftest import NOW

pytestmark = [pytest.mark.browser]
SYNTHEA = Path(__file__).parents[1] / "data" / "synthea"
NAME = "Laquanda221 Kilback373"
"""Alive, with an enoxaparin that was never stopped."""
DEAD = "Dakota806 Bernhard322"


def test_book_check_treat_follow_up_check_again(clinic: Clinic, people, clock):
    imported = clinic.app.test_cli_runner().invoke(args=["import", "synthea", str(SYNTHEA)])
    assert imported.exit_code in {0, 3}, imported.output
    desk = people(clinic.url)
    desk.signs_in(clinic.logins[Role.RECEPTIONIST])
    physician = people(clinic.url)
    physician.signs_in(clinic.logins[Role.PHYSICIAN])

    the_dead_cannot_be_booked(desk)
    visit = books(desk, NAME, "11:00")
    desk.sees("Physician must review")
    assert "noxaparin" not in desk.page.content().lower()

    answers_everything(physician, visit)
    takes_the_papers_and_results(physician, visit)
    releases_the_blood_thinner(physician, visit)
    arrives(desk, visit)
    session = treats_and_signs(physician, visit)

    clock(NOW + dt.timedelta(days=1))
    physician.signs_in(clinic.logins[Role.PHYSICIAN])
    calls_and_reports_a_bruise(physician, session)
    desk.signs_in(clinic.logins[Role.RECEPTIONIST])
    is_refused_another_booking(desk)

    closes_the_side_effect(physician)
    another = books(desk, NAME, "11:00", days=40)
    desk.sees("Physician must review")
    physician.goes_to(f"/appointments/{another}/review")
    expect(physician.page.locator("#main")).to_contain_text(re.compile("bleed", re.IGNORECASE))
    expect(physician.page.locator("#main")).to_contain_text(re.compile("platelets", re.IGNORECASE))


def the_dead_cannot_be_booked(desk: Person) -> None:
    desk.goes_to(f"/patients?q={DEAD.replace(' ', '+')}")
    desk.sees(DEAD)
    desk.page.get_by_role("link", name=re.compile(DEAD)).first.click()
    expect(desk.page.get_by_role("link", name="Book")).to_have_count(0)


def books(desk: Person, name: str, start: str, *, days: int = 0) -> int:
    """Find the patient, press Book, fill in time and people; return the visit."""
    page = desk.goes_to(f"/patients?q={name.replace(' ', '+')}")
    page.get_by_role("link", name=re.compile(name)).first.click()
    page.locator(".phead").get_by_role("link", name="Book").click()
    fills_booking(desk, start, days=days)
    expect(page).to_have_url(re.compile(r"/appointments/\d+$"))
    return int(page.url.rsplit("/", 1)[1])


def chooses(page: Page, label: str, words: str) -> None:
    """Choose the option of a list that holds the words."""
    listed = page.get_by_label(label, exact=True)
    value = listed.locator("option", has_text=words).first.get_attribute("value")
    listed.select_option(value)


def fills_booking(desk: Person, start: str, *, days: int) -> None:
    page = desk.page
    chooses(page, "Service", "PRP")
    page.get_by_label("Date", exact=True).fill((NOW.date() + dt.timedelta(days=days)).isoformat())
    page.get_by_label("Start", exact=True).fill(start)
    chooses(page, "Practitioner", "Dr Lena Weber")
    page.locator("#booking button.primary").click()


def answers_everything(physician: Person, visit: int) -> None:
    page = physician.goes_to(f"/appointments/{visit}/questions")
    for fold in page.locator("details.fold").all():
        fold.locator("> summary").click()
    for question in page.locator("#main form fieldset[role=radiogroup]").all():
        words = question.locator("legend").inner_text().lower()
        is_so = "noxaparin" in words or "blood thinner" in words
        replies = ("Still so", "Yes") if is_so else ("Ended", "No")
        question.locator("label").filter(
            has_text=re.compile(f"^({replies[0]}|{replies[1]})$")
        ).click()
        ended = question.locator(
            "xpath=ancestor::div[@class='question'][1]//input[starts-with(@name, 'end_')]"
        )
        if not is_so and ended.count():
            ended.fill("2025-06-01")
    page.get_by_role("button", name="Record the answers").click()
    expect(page).to_have_url(re.compile(f"/appointments/{visit}/review$"))
    assert [text.inner_text() for text in page.locator(".msg.bad, .error").all()] == []


def takes_the_papers_and_results(physician: Person, visit: int) -> None:
    """A signed consent, a fresh blood count, a look at the hair."""
    page = physician.goes_to(f"/appointments/{visit}")
    page.locator(".patient-bar .name a").click()
    patient = page.url
    page.locator(".phead").get_by_role("link", name="Consents").click()
    card = page.locator("#record")
    chooses(page, "Which paper was signed?", "PRP")
    card.get_by_role("button", name="Record", exact=True).click()
    expect(page.locator("#papers")).to_contain_text("PRP treatment")

    records_result(physician, patient, "Platelets", "214")
    records_result(physician, patient, "Haemoglobin", "13.4")  # an anaemia is on record
    page.goto(f"{patient}/facts")
    card = page.locator("#hair")
    card.locator("summary").click()
    for zone in ("Frontal hairline", "Mid-scalp", "Vertex"):
        card.get_by_text(zone, exact=True).click()
    card.get_by_text("Hair, or fine hairs", exact=True).click()
    card.locator("button[type=submit]").click()
    expect(page.locator("#hair ul.links")).to_contain_text("Vertex")


def records_result(physician: Person, patient: str, test: str, value: str) -> None:
    page = physician.page
    page.goto(f"{patient}/facts")
    card = page.locator("#result")
    card.locator("summary").click()
    chooses(page, "What was measured, in which unit", test)
    card.get_by_label("Value", exact=True).fill(value)
    card.locator("button[type=submit]").click()
    expect(page.locator("#result ul.links")).to_contain_text(value)


def releases_the_blood_thinner(physician: Person, visit: int) -> None:
    page = physician.goes_to(f"/appointments/{visit}/review")
    expect(page.locator("#main")).to_contain_text(re.compile("enoxaparin", re.IGNORECASE))
    for _ in range(8):
        forms = page.locator("form:has(textarea[name=reason])")
        if not forms.count():
            break
        fold = page.locator("details:not([open]):has(textarea[name=reason])")
        if not forms.first.locator("textarea").is_visible():
            fold.first.locator("> summary").click()
        forms.first.locator("textarea").fill(
            "Agreed with the prescriber; pressure for two minutes."
        )
        with page.expect_navigation():
            forms.first.get_by_role("button").click()
    expect(page.locator("#main")).to_contain_text("The session can start")


def arrives(desk: Person, visit: int) -> None:
    page = desk.goes_to(f"/appointments/{visit}")
    page.get_by_label("The patient has said the full name, and it matches").check()
    page.get_by_label("The patient has said the date of birth, and it matches").check()
    page.get_by_role("button", name="Arrived").click()
    expect(page.locator("h1 + .status, .page-head .status").first).to_contain_text("Arrived")


def treats_and_signs(physician: Person, visit: int) -> int:
    """Forty points on the map: tapped, filled and by keyboard; then the signature."""
    page = physician.goes_to(f"/appointments/{visit}/session")
    tick = page.get_by_label("I have seen what is to be heeded")
    if tick.count():
        tick.check()
    page.get_by_role("button", name="Start the session").click()
    expect(page).to_have_url(re.compile(r"/sessions/\d+$"))
    session = int(page.url.rsplit("/", 1)[1])
    for line in ("Right patient", "Consent", "Allergies", "Lot", "Side and zones"):
        page.locator("#time-out").get_by_role("button", name=line, exact=True).click()
        said = page.locator("#time-out [aria-pressed=true]")
        expect(said.filter(has_text=line)).to_have_count(1)
    prepares(page)
    for zone, n in (("frontal_hairline", 10), ("midscalp", 14), ("vertex", 16)):
        shape = page.locator(f"svg.top g[data-zone={zone}]")
        for _ in range(n):
            shape.focus()
            shape.press("Enter")
    expect(page.locator("[data-out=points]").first).to_have_text("40")
    expect(page.locator("[data-out=total]").first).to_have_text("4.00")
    page.get_by_role("button", name="Sign and finish").click()
    dialog = page.locator("dialog[open]")
    if dialog.count():
        dialog.get_by_role("button").last.click()
    expect(page.locator("#main")).to_contain_text("Signed")
    assert [text.inner_text() for text in page.locator("#form-errors, .error:visible").all()] == []
    return session


def prepares(page: Page) -> None:
    """Blood and PRP, on the page of their own."""
    page.get_by_role("link", name="Write").click()
    page.get_by_role("button", name="Drawn now").click()
    expect(page.locator("[data-minutes]").first).to_be_visible()
    page.get_by_label("Blood drawn").fill("20")
    page.get_by_label("Anticoagulant", exact=True).select_option("acd_a")
    page.get_by_label("Its volume").fill("2")
    page.get_by_label("PRP obtained").fill("4,5")
    page.get_by_label("Activation").select_option("none")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_text("Blood and PRP are saved.")).to_be_visible()
    page.get_by_role("button", name="Print labels").click()
    code = page.locator(".label .code").first.inner_text()
    page.goto(page.url.replace("/label", "/identity"))
    page.get_by_label("The patient has said the full name").check()
    page.get_by_label("The patient has said the date of birth").check()
    page.get_by_label("Code of the tube").fill(code)
    page.keyboard.press("Enter")
    expect(page.get_by_text("The tube is this patient’s.")).to_be_visible()


def calls_and_reports_a_bruise(physician: Person, session: int) -> None:
    page = physician.goes_to("/follow-up")
    page.get_by_role("link", name=re.compile(f"Log the call.*{NAME}")).click()
    expect(page).to_have_url(re.compile(f"/sessions/{session}/calls/new"))
    page.get_by_label("Pain now, 0 to 10").fill("3")
    page.get_by_label("What was said").fill("A large bruise since this morning.")
    page.get_by_role("button", name="Keep the call").click()
    physician.sees("The call is kept.")

    physician.goes_to(f"/sessions/{session}/side-effects/new")
    chooses(page, "What happened?", "Bruising")
    page.get_by_label("Grade (CTCAE 5.0)").select_option("2")
    page.get_by_role("button", name="Keep the report").click()
    physician.sees("A physician must see this today.")


def is_refused_another_booking(desk: Person) -> None:
    page = desk.goes_to(f"/patients?q={NAME.replace(' ', '+')}")
    page.get_by_role("link", name=re.compile(NAME)).first.click()
    page.locator(".phead").get_by_role("link", name="Book").click()
    fills_booking(desk, "11:00", days=30)
    expect(page).to_have_url(re.compile("/appointments(/new.*)?$"))
    expect(page.locator("#main")).to_contain_text("physician will contact")
    assert "bruis" not in page.content().lower()


def closes_the_side_effect(physician: Person) -> None:
    page = physician.goes_to("/follow-up")
    page.get_by_role("link", name=re.compile(f"Open.*{NAME}")).first.click()
    chooses(page, "How did it end?", "Resolved")
    page.get_by_label("Why it may be closed").fill("Faded, nothing to feel.")
    page.get_by_role("button", name="Close the side effect").click()
    physician.sees("Closed.")
    assert [text.inner_text() for text in page.locator("#form-errors, .error:visible").all()] == []
