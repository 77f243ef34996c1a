"""What is typed is never lost: reload, two pages, no connection, signed out, a killed server."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from clinic.accounts.models import CookieSession
from clinic.core.access import Role
from clinic.treatments.models import SessionDraft
from tests.browser.conftest import (
    PASSWORD,
    PATIENCE_MS,
    SECRET,
    Clinic,
    Person,
    axe_violations,
)
from tests.browser.test_map import begun, count, shows, zone

pytestmark = [pytest.mark.browser]
KEPT = re.compile(r"Typed at .*\d\d:\d\d:\d\d.*, not yet saved")
NOTE = "Compress each zone for two minutes."


def note(page: Page):
    return page.get_by_label("Session note")


def opens(clinic: Clinic, people, role: Role = Role.PHYSICIAN) -> Person:
    someone = people(clinic.url, width=820, height=1180, has_touch=True)
    someone.signs_in(role.value)
    someone.goes_to(f"/sessions/{begun(clinic)}")
    return someone


def is_kept(page: Page, timeout: int = PATIENCE_MS) -> None:
    expect(page.locator("[data-draft-state=typed]")).to_be_visible(timeout=timeout)
    expect(page.locator("[data-draft-at]")).to_have_text(KEPT)


def drafts(clinic: Clinic) -> int:
    with clinic.engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(SessionDraft)) or 0


def types(page: Page, words: str = NOTE) -> None:
    note(page).press("Control+End")
    note(page).press_sequentially(words)


def test_what_is_typed_and_tapped_comes_back_and_can_be_discarded(demo, people):
    page = opens(demo, people).page
    before = count(page)
    types(page)
    zone(page, "occipital").tap()
    is_kept(page)

    page.reload()
    expect(note(page)).to_have_value(NOTE)
    shows(page, before + 1)
    expect(page.locator(".msg.typed")).to_contain_text("not yet saved")
    assert axe_violations(page) == []

    page.get_by_role("button", name="Discard it").tap()
    expect(note(page)).not_to_have_value(NOTE)
    shows(page, before)
    assert drafts(demo) == 0


def test_a_point_that_was_undone_does_not_come_back(demo, people):
    page = opens(demo, people).page
    before = count(page)
    zone(page, "occipital").tap()
    is_kept(page)
    with page.expect_response("**/drafts/session"):
        page.get_by_role("button", name="Undo last point").tap()

    page.reload()
    shows(page, before)


def test_saving_keeps_it_for_good(demo, people):
    page = opens(demo, people).page
    types(page)
    is_kept(page)
    page.get_by_role("button", name="Save draft").last.tap()
    expect(page.locator("#flashes, .flashes").first).to_contain_text("saved")

    expect(note(page)).to_have_value(NOTE)
    expect(page.locator(".msg.typed")).to_have_count(0)
    assert drafts(demo) == 0


def test_nothing_is_left_in_the_storage_of_the_tablet(demo, people):
    page = opens(demo, people).page
    types(page)
    is_kept(page)

    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert page.evaluate("indexedDB.databases().then((all) => all.length)") == 0


def test_a_second_page_of_one_person_goes_on_and_the_first_is_told(demo, people):
    first = opens(demo, people)
    types(first.page)
    is_kept(first.page)
    second = first.page.context.new_page()
    second.goto(first.page.url)
    expect(note(second)).to_have_value(NOTE)
    types(second, " Later.")
    is_kept(second)

    types(first.page, " Earlier.")
    expect(first.page.locator("[data-draft-said]")).to_contain_text("this one no longer saves")
    show = first.page.get_by_role("button", name="Show what was typed there")
    expect(show).to_be_visible()
    second.reload()
    expect(note(second)).to_have_value(f"{NOTE} Later.")
    show.tap()
    expect(note(first.page)).to_have_value(f"{NOTE} Later.")


def test_another_person_is_told_at_once_and_takes_over_with_one_press(demo, people):
    physician, nurse = opens(demo, people), opens(demo, people, Role.NURSE)
    types(physician.page)
    is_kept(physician.page)

    nurse.page.reload()
    expect(nurse.page.locator("[data-draft-state=anothers]")).to_be_visible()
    expect(note(nurse.page)).to_have_value(NOTE)
    types(nurse.page, " By the nurse.")
    nurse.page.get_by_role("button", name="Go on here").tap()
    is_kept(nurse.page)

    types(physician.page, " More.")
    expect(physician.page.locator("[data-draft-said]")).to_contain_text("no longer saves")
    nurse.page.reload()
    expect(note(nurse.page)).to_have_value(f"{NOTE} By the nurse.")


def test_without_a_connection_it_waits_on_the_page_and_is_sent_later(demo, people):
    page = opens(demo, people).page
    page.context.set_offline(True)
    types(page)
    expect(page.locator("[data-of=offline]")).to_be_visible()
    page.get_by_role("button", name="Save draft").last.tap()
    expect(note(page)).to_have_value(NOTE)

    page.context.set_offline(False)
    is_kept(page)
    page.reload()
    expect(note(page)).to_have_value(NOTE)


def test_who_is_signed_out_gives_the_password_and_goes_on(demo, people):
    page = opens(demo, people).page
    with demo.engine.begin() as connection:
        connection.execute(
            sa.update(CookieSession).values(seen_at=sa.text("'2020-01-01 00:00:00.000000'"))
        )
    types(page)
    dialog = page.locator("dialog#signed-out")
    expect(dialog).to_be_visible()
    assert axe_violations(page) == []
    dialog.get_by_label("Password").fill("not this one at all")
    dialog.get_by_role("button", name="Sign in and go on").tap()
    expect(dialog.locator("#again-said")).to_contain_text("do not fit together")

    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in and go on").tap()
    is_kept(page)
    expect(dialog).to_be_hidden()
    expect(note(page)).to_have_value(NOTE)
    page.get_by_role("button", name="Save draft").last.tap()
    expect(page.locator("#flashes, .flashes").first).to_contain_text("saved")


# ---- a server that is killed ----


@pytest.fixture
def killable(demo_file, tmp_path, cut_fonts):
    """A server process of its own on a copy of the demo; `start()` starts it (again)."""
    database = tmp_path / "demo.sqlite3"
    database.write_bytes(demo_file.read_bytes())
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    running = []

    def start() -> str:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.browser.server",
                str(database),
                str(cut_fonts),
                str(port),
            ],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "SECRET_KEY": SECRET},
        )
        running.append(process)
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return f"http://127.0.0.1:{port}"
        raise AssertionError("the server did not start")

    def kill() -> None:
        running[-1].send_signal(signal.SIGKILL)
        running[-1].wait()

    start.kill = kill  # type: ignore[attr-defined]
    yield start
    kill()


def test_a_killed_server_loses_nothing_older_than_a_few_seconds(killable, demo, people):
    someone = people(killable(), width=820, height=1180, has_touch=True)
    someone.signs_in(Role.PHYSICIAN.value)
    page = someone.goes_to(f"/sessions/{begun(demo)}")
    before = count(page)
    types(page)
    zone(page, "occipital").tap()
    is_kept(page)
    killable.kill()

    types(page, " After the end.")
    expect(page.locator("[data-of=offline]")).to_be_visible()
    killable()
    other = page.context.new_page()
    other.goto(page.url)
    expect(note(other)).to_have_value(re.compile(re.escape(NOTE)))
    shows(other, before + 1)
    other.close()
    is_kept(page, timeout=30_000)
    page.reload()
    expect(note(page)).to_have_value(f"{NOTE} After the end.")
