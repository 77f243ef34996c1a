"""Every page, with the demo's data: axe in light and dark, the console, sideways, right-to-left.

A page has a row in PAGES, with the roles that work with it; a page without one fails.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy.orm import Session

from clinic.accounts import service as accounts
from clinic.accounts.models import Account
from clinic.accounts.values import InviteAccount
from clinic.core import clock as clinic_clock
from clinic.core.access import Role
from clinic.merging import service as merging
from clinic.merging.values import MergePatients
from clinic.patients import service as patients
from clinic.patients.values import RegisterPatient
from clinic.scheduling import handovers
from tests.browser.conftest import PASSWORD, SECRET, Clinic, Person, axe_violations, served
from tests.conftest import NOW

pytestmark = [pytest.mark.browser]

R, N, D, A = Role.RECEPTIONIST, Role.NURSE, Role.PHYSICIAN, Role.ADMINISTRATOR
OPENED, CONFIRMED, SENT = "opened", "confirmed", "sent"
"""Tablets in a patient's hands: at the name, at the questions, afterwards. No role of anybody."""
NOT_PAGES = {"assets.show", "feeds.calendar", "health.live", "health.ready", "home"}
"""What is no page: files, answers to machines, and the way to one's first page."""

PAGES: dict[str, list[tuple[Role | str | None, str]]] = {
    "account.invitation": [(None, "/invitations/{token}")],
    "account.show": [(R, "/account")],
    "accounts.edit": [(A, "/people/{account}")],
    "accounts.index": [(A, "/people")],
    "accounts.new": [(A, "/people/new")],
    "accounts.sign_in": [(None, "/sign-in")],
    "approvals.dry_run": [
        (D, "/safety/dry-run?part=2026-10"),
        (A, "/safety/dry-run?part=coming"),
    ],
    "approvals.rechecking": [(D, "/safety/rechecks"), (D, "/safety/rechecks?after=2147483647")],
    "approvals.new": [(D, "/safety/approvals/new"), (A, "/safety/approvals/new")],
    "audit.index": [(A, "/audit-trail")],
    "audit.patient": [(A, "/audit-trail/patients/{patient}")],
    "board.index": [
        (R, "/board"),
        (D, "/board?view=rooms"),
        (N, "/board?view=devices"),
        (D, "/board?view=week"),
        (R, "/board?view=list"),
        (D, "/board?view=list"),
        (R, "/board?date=2027-03-01"),
    ],
    "board.paper": [(R, "/board/paper"), (D, "/board/paper?view=rooms")],
    "catalog.index": [(A, "/products")],
    "catalog.new": [(A, "/products/new")],
    "catalog.new_lot": [(A, "/products/{product}/lots/new")],
    "catalog.stopping": [(A, "/lots/{lot}/stop")],
    "chart.patient": [(D, "/patients/{warned}"), (R, "/patients/{blocked}")],
    "courses.due": [(R, "/courses-to-call")],
    "courses.new": [(R, "/patients/{patient}/courses/new")],
    "courses.plan": [(R, "/courses/{due_course}/plan"), (D, "/courses/{booked_course}/plan")],
    "courses.show": [(R, "/courses/{due_course}"), (D, "/courses/{booked_course}")],
    "feeds.index": [(A, "/clinic/feeds")],
    "followup.call": [(N, "/sessions/{signed}/calls/new?kind=day_7")],
    "followup.index": [(N, "/follow-up")],
    "followup.report": [(N, "/sessions/{signed}/side-effects/new")],
    "followup.show": [(D, "/side-effects/{open_effect}"), (N, "/side-effects/{closed_effect}")],
    "intake.consents": [(R, "/patients/{patient}/consents")],
    "intake.facts": [(N, "/patients/{blocked}/facts")],
    "intake.questions": [(N, "/appointments/{asked_visit}/questions")],
    "intake.review": [
        (D, "/appointments/{warned_visit}/review"),
        (N, "/appointments/{blocked_visit}/review"),
    ],
    "ledger.index": [(D, "/safety/ledger"), (A, "/safety/ledger")],
    "locations.edit": [(A, "/clinic")],
    "mailing.edit": [(A, "/clinic/messages")],
    "merging.index": [(R, "/patients/duplicates")],
    "merging.new": [
        (R, "/patients/{twin}/merge?patient_id={twice}"),
        (N, "/patients/{warned}/merge?patient_id={blocked}"),
    ],
    "merging.show": [(R, "/patients/decisions/{pair}")],
    "messages.contact": [(R, "/patients/{patient}/messages")],
    "patients.edit": [(R, "/patients/{patient}/edit")],
    "patients.index": [(R, "/patients?q=ha"), (R, "/patients"), (R, "/patients?q=zzzz")],
    "patients.new": [(R, "/patients/new?q=Haddad+Amira")],
    "openings.index": [(R, "/openings?appointment_id={warned_visit}")],
    "blocks.index": [(R, "/blocks")],
    "blocks.new": [(R, "/blocks/new"), (A, "/blocks/new?resource_id={resource}")],
    "blocks.show": [(R, "/blocks/{block}"), (A, "/blocks/{block}")],
    "days.index": [(A, "/clinic/days")],
    "hours.edit": [(A, "/clinic/resources/{resource}/hours")],
    "hours.show": [(D, "/account/hours")],
    "resources.edit": [(A, "/clinic/resources/{resource}")],
    "resources.index": [(A, "/clinic/resources")],
    "rulebook.index": [(D, "/safety/rules"), (A, "/safety/rules?treatment=mesotherapy")],
    "rulebook.show": [
        (A, "/safety/rules/interval_short"),
        (A, "/safety/rules/plt_critical"),
        (D, "/safety/rules/nsaid_recent"),
    ],
    "safety.show": [(D, "/screenings/{screening}")],
    "scheduling.edit": [(R, "/appointments/{warned_visit}/edit")],
    "scheduling.past": [(N, "/appointments/past"), (D, "/appointments/past?date=2026-11-17")],
    "scheduling.new": [
        (R, "/appointments/new?patient_id={patient}&practitioner_id=1&date=2026-11-24&start=11:00"),
        (R, "/appointments/new"),
    ],
    "scheduling.show": [
        (D, "/appointments/{blocked_visit}"),
        (D, "/appointments/{released_visit}"),
        (R, "/appointments/{blocked_visit}"),
        (R, "/appointments/{cancelled_visit}"),
        (R, "/appointments/{written_visit}"),
    ],
    "scheduling.walk_in": [(R, "/appointments/walk-in")],
    "tablet.done": [(SENT, "/tablet/done")],
    "tablet.index": [(None, "/tablet"), (R, "/tablet")],
    "tablet.questions": [(CONFIRMED, "/tablet/questions")],
    "tablet.who": [(OPENED, "/tablet/name")],
    "settling.calls": [(R, "/visits-to-call")],
    "settling.index": [
        (D, "/visits-to-settle"),
        (N, "/visits-to-settle?whose=mine&until=today"),
    ],
    "services.edit": [(A, "/clinic/services/{service}")],
    "services.index": [(A, "/clinic/services")],
    "services.new": [(A, "/clinic/services/new")],
    "treatments.index": [(D, "/sessions")],
    "treatments.prepare": [
        (D, "/appointments/{arrived_visit}/session"),
        (D, "/appointments/{blocked_visit}/session"),
    ],
    "treatments.show": [(D, "/sessions/{draft}"), (D, "/sessions/{signed}")],
    "waiting.edit": [(R, "/waiting-list/{entry}/edit")],
    "waiting.index": [(R, "/waiting-list")],
    "waiting.new": [(R, "/waiting-list/new?patient_id={patient}")],
    "waiting.who_fits": [
        (R, "/waiting-list/fitting?date=2026-11-24&start=09:00&minutes=240&practitioner_id=1"),
        (D, "/waiting-list/fitting"),
    ],
}
VISIT = (
    "SELECT {what} FROM appointment WHERE date(starts_local) = '2026-11-23' AND status = '{status}'"
    " {more} ORDER BY starts_local LIMIT 1"
)


def _visit(status: str = "booked", more: str = "", what: str = "id") -> str:
    return VISIT.format(status=status, more=f"AND {more}" if more else "", what=what)


IDS = {
    "account": "SELECT id FROM account WHERE login = 'nurse'",
    "patient": _visit(more="decision = 'allow' AND is_released = 0", what="patient_id"),
    "blocked": _visit(more="decision = 'block'", what="patient_id"),
    "warned": _visit(more="decision = 'review'", what="patient_id"),
    "blocked_visit": _visit(more="decision = 'block'"),
    "warned_visit": _visit(more="decision = 'review'"),
    "asked_visit": _visit(more="decision = 'ask'"),
    "released_visit": _visit(more="is_released = 1"),
    "cancelled_visit": _visit("cancelled"),
    "arrived_visit": _visit("arrived", "service_id = (SELECT id FROM service WHERE code = 'prp')"),
    "written_visit": "SELECT appointment_id FROM message WHERE state = 'uncertain'",
    "entry": "SELECT min(id) FROM waiting_entry",
    "screening": "SELECT id FROM screening WHERE decision = 'review' ORDER BY id DESC LIMIT 1",
    "due_course": (
        "SELECT min(id) FROM course WHERE status = 'active' AND NOT EXISTS (SELECT 1 FROM"
        " appointment AS a WHERE a.course_id = course.id AND a.status = 'booked')"
    ),
    "booked_course": (
        "SELECT min(course_id) FROM appointment WHERE status = 'booked'"
        " AND starts_local > '2026-11-25'"
    ),
    "twin": "SELECT min(id) FROM patient WHERE given_name = 'Noor'",
    "twice": "SELECT min(id) FROM patient WHERE given_name = 'Nour'",
    "product": "SELECT min(id) FROM product",
    "lot": "SELECT min(id) FROM product_lot",
    "block": "SELECT min(id) FROM block",
    "resource": "SELECT min(id) FROM resource",
    "service": "SELECT id FROM service WHERE code = 'prp'",
    "draft": "SELECT max(id) FROM treatment_session WHERE state = 'draft'",
    "signed": "SELECT max(id) FROM treatment_session WHERE state = 'signed'",
    "open_effect": "SELECT max(id) FROM side_effect WHERE closed_by_id IS NULL",
    "closed_effect": "SELECT max(id) FROM side_effect WHERE closed_by_id IS NOT NULL",
}
MAIN = {"board.index", "scheduling.show", "chart.patient", "treatments.show", "followup.index"}
"""The pages people work with all day: they are read from right to left too."""


class Case(NamedTuple):
    """One page for one role."""

    endpoint: str
    role: Role | str | None
    path: str
    status: int = 200

    def __str__(self) -> str:
        return f"{self.endpoint} {self.role or 'nobody'} {self.path}"


CASES = [Case(endpoint, *row) for endpoint, rows in PAGES.items() for row in rows]
REFUSALS = [
    Case("chart.patient", D, "/patients/2147483647", 404),
    Case("intake.review", R, "/appointments/{blocked_visit}/review", 403),
]
SIZES = {"desktop": (1440, 900), "tablet": (820, 1180), "phone": (320, 640)}


def fill(clinic: Clinic) -> dict[str, object]:
    """Return the ids of the demo that the addresses need."""
    with clinic.engine.connect() as connection:
        found = {name: connection.scalar(sa.text(sql)) for name, sql in IDS.items()}
    missing = [name for name, value in found.items() if value is None]
    assert missing == [], "the demo shows none of these"
    with clinic_clock.pretend(NOW), clinic.sessions.write() as db, db.begin():
        wish = InviteAccount(login="nina", name="Nina Vogel", role=N)
        _, token = accounts.invite(db, None, wish)
        tablets = {
            OPENED: hands_over(db, found["warned_visit"], OPENED),
            CONFIRMED: hands_over(db, found["asked_visit"], CONFIRMED),
            SENT: hands_over(db, found["blocked_visit"], SENT),
        }
        pair = merges(db)
    return {**found, "token": token, "pair": pair, **tablets}


def merges(db: Session) -> int:
    """Register somebody twice and merge the two records; return the decision."""
    desk = db.scalars(sa.select(Account).where(Account.login == "receptionist")).one()
    actor = replace(
        accounts.actor_of(desk, address="", request_id=""), confirmed_at=clinic_clock.now()
    )
    ids = [
        patients.register(
            db,
            actor,
            RegisterPatient(family_name="Sommer", given_name=given, birth_date=None, phone=""),
        ).id
        for given in ("Lea", "Leah")
    ]
    wish = MergePatients(
        patient_id=ids[0],
        other_id=ids[1],
        versions={},
        choices={"name": ids[1]},
        reason="One person: she showed her passport.",
    )
    return merging.merge(db, actor, wish).id


def hands_over(db: Session, visit_id: object, until: str) -> str:
    """Hand the tablet over for a visit; return the cookie of the tablet."""
    desk = db.scalars(sa.select(Account).where(Account.login == "receptionist")).one()
    actor = accounts.actor_of(desk, address="", request_id="")
    handover, code = handovers.hand_over(db, actor, int(str(visit_id)), secret=SECRET)
    request = handovers.Request(address="", request_id="")
    token = handovers.open_screen(db, code, secret=SECRET, request=request)
    handover.confirmed_at = None if until == OPENED else NOW
    if until == SENT:
        handover.answered_at = handover.ended_at = NOW
    return token


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
    """Return by how many pixels the page is wider than its window."""
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
