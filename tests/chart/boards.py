"""Reading a board as a test does: its cards, its free times."""

import html
import re

from clinic.core.access import Role

TODAY = "2026-11-23"
DAY = "2026-11-24"
PIECES = {"X-Fragment": "#quick #board"}
ONLY_BOARD = {"X-Fragment": "#board"}


def text_of(page):
    shown = html.unescape(page.get_data(as_text=True))
    return shown.replace("\u2066", "").replace("\u2069", "")


def board(world, role=Role.RECEPTIONIST, *, on=DAY, view="practitioners", **options):
    return world.as_role(role).get(f"/board?date={on}&view={view}", **options)


def card_of(shown, visit):
    """The list item of one visit."""
    return re.search(rf'<li class="appt [^>]*data-appointment="{visit.id}".*?</li>', shown)[0]


def classes_of(shown, visit):
    return re.search(r'class="([^"]*)"', card_of(shown, visit))[1].split()


def free_times(shown, lane):
    part = re.search(rf'data-lane="{lane.id}".*?</ol>', shown, re.DOTALL)[0]
    return re.findall(r'data-start="[^T]*T([^"]+)"', part)
