"""Captures ten named states of the demo clinic: `bin/screens [FOLDER]`.

The clinic stands still at 10:40 of a Monday, so that two runs can be laid beside each other.
"""

import argparse
import datetime as dt
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect, sync_playwright

from clinic.accounts.models import Account
from clinic.core import clock
from clinic.core.access import Role
from clinic.web import fonts
from tests.browser.conftest import Clinic, Person, make_demo, served
from tests.browser.rows import IDS
from tests.chromium import ARGUMENTS, chromium

AT = dt.datetime(2026, 11, 23, 9, 40, tzinfo=dt.UTC)
README = Path(__file__).parents[2] / "docs" / "day-board.png"
R, N, D = Role.RECEPTIONIST, Role.NURSE, Role.PHYSICIAN
DESK, TABLET, PHONE, PAPER = (1440, 900), (820, 1180), (320, 780), (794, 1123)


class Photographer:
    """Opens pages of the demo and keeps pictures of them."""

    def __init__(self, clinic: Clinic, browser: Browser, folder: Path) -> None:
        self.clinic, self.browser, self.folder = clinic, browser, folder
        with clinic.engine.connect() as connection:
            self.ids = {name: connection.scalar(sa.text(sql)) for name, sql in IDS.items()}

    def opens(
        self, role: Role, path: str, size: tuple[int, int] = DESK, *, scheme: str = "light"
    ) -> Page:
        """Sign somebody in at a screen of a size and go to a page."""
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            locale="en-GB",
            has_touch=size in {TABLET, PHONE},
        )
        person = Person(context.new_page(), self.clinic.url)
        person.signs_in(role.value)
        page = person.goes_to(path.format(**self.ids))
        page.wait_for_load_state("networkidle")
        return page

    def keeps(self, page: Page, name: str, *, whole: bool = False) -> None:
        """Keep the picture of a page under the name of its state, and close the page."""
        page.evaluate("document.fonts.ready.then(() => null)")
        page.screenshot(path=self.folder / f"{name}.png", full_page=whole)
        page.context.close()
        print(self.folder / f"{name}.png")  # noqa: T201 - what the command made

    def empty(self) -> None:
        """A day without visits."""
        self.keeps(self.opens(R, "/board?date=2027-03-01"), "empty")

    def full(self) -> None:
        """The full board of today."""
        self.keeps(self.opens(R, "/board"), "full")

    def warned(self) -> None:
        """A patient whose visit a physician must decide on."""
        self.keeps(self.opens(D, "/patients/{warned}"), "warned")

    def blocked(self) -> None:
        """A visit that must not take place."""
        self.keeps(self.opens(D, "/appointments/{blocked_visit}"), "blocked")

    def error(self) -> None:
        """A booking at a time that is taken: the message at the field, and what is free instead."""
        path = "/board?patient_id={patient}"
        page = self.opens(R, path)
        for label, words in (("Service", "Consultation"), ("Practitioner", "Dr Omar Haddad")):
            field = page.get_by_label(label, exact=True)
            option = field.locator("option", has_text=words)
            field.select_option(option.first.get_attribute("value"))
        page.get_by_label("Start", exact=True).fill("11:45")
        page.locator("#booking button.primary").click()
        expect(page.locator("#booking .error").first).to_be_visible()
        self.keeps(page, "error-at-a-field")

    def dark(self) -> None:
        """The injection map of a session under way, at night."""
        self.keeps(self.opens(D, "/sessions/{draft}", scheme="dark"), "dark")

    def right_to_left(self) -> None:
        """The same in Arabic: the page is mirrored, the map is not."""
        with self.clinic.engine.begin() as connection:
            connection.execute(
                sa.update(Account).where(Account.login == "physician2").values(locale="ar")
            )
        context = self.browser.new_context(
            viewport={"width": DESK[0], "height": DESK[1]}, locale="en-GB"
        )
        person = Person(context.new_page(), self.clinic.url)
        person.signs_in("physician2")
        page = person.goes_to("/sessions/{draft}".format(**self.ids))
        page.wait_for_load_state("networkidle")
        self.keeps(page, "right-to-left")

    def paper(self) -> None:
        """The day list and a signed session as they are printed."""
        for path, name in (("/sessions/{signed}", "print-session"), ("/board", "print")):
            page = self.opens(D, path, PAPER)
            page.emulate_media(media="print")
            self.keeps(page, name, whole=True)

    def tablet(self) -> None:
        """The injection map on a tablet held upright."""
        self.keeps(self.opens(D, "/sessions/{draft}", TABLET), "820-wide")

    def phone(self) -> None:
        """The work list on the narrowest screen."""
        self.keeps(self.opens(N, "/follow-up", PHONE), "320-wide")

    @property
    def states(self) -> tuple[Callable[[], None], ...]:
        """All ten, in their order."""
        return (
            self.empty, self.full, self.warned, self.blocked, self.error,
            self.dark, self.right_to_left, self.paper, self.tablet, self.phone,
        )  # fmt: skip


def main() -> None:
    """Make the demo clinic, serve it, and capture every state."""
    parser = argparse.ArgumentParser(prog="bin/screens", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("var") / "screens")
    parser.add_argument("--readme", action="store_true", help="renew docs/day-board.png too")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        data = Path(name)
        cutter = fonts.Cutter(data / "assets")
        for font in fonts.installed():
            cutter.woff2(font)
        make_demo(data / "demo.sqlite3", data, AT)
        clock.now = lambda: AT
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        with served(data / "demo.sqlite3", data) as clinic:
            photographer = Photographer(clinic, browser, asked.folder)
            for state in photographer.states:
                state()
        browser.close()
    if asked.readme:
        shutil.copy(asked.folder / "full.png", README)


if __name__ == "__main__":
    main()
