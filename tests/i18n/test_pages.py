"""The main pages in German and Arabic: direction, words, and nothing left in English."""

import datetime as dt
import html
import re

import pytest

from clinic.app import LANGUAGES
from clinic.core.access import Role
from clinic.safety.values import FactKind, FactSource
from clinic.scheduling.values import AppointmentStatus
from tests.i18n import messages
from tests.treatments.conftest import TODAY, Chair
from tests.world import Visitor, World

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
"""Words do not depend on the database."""

CODES = sorted(messages.sources())
DIRECTION = {"en": "ltr", "de": "ltr", "ar": "rtl"}
LEAST = 9
"""Shorter messages are names and units that may stand in any language."""
SILENT = re.compile(r"<(script|style|svg)\b.*?</\1>|<!--.*?-->", re.DOTALL)
SHOWN = re.compile(
    r'>([^<>]+)<|(?:aria-label|title|placeholder|alt|content|data-[a-z-]+)="([^"]*)"'
)


@pytest.fixture
def story(chair: Chair) -> list[tuple[Role, str]]:
    """Return who opens what: every main page once."""
    signed = chair.signed()
    today, friday = dt.datetime(2026, 11, 23), dt.datetime(2026, 11, 27)
    coming = chair.book(friday.replace(hour=10), status=AppointmentStatus.BOOKED, arrived_at=None)
    begun = chair.begin(visit=chair.book(today.replace(hour=13), chair.mesotherapy))
    arrived = chair.book(today.replace(hour=15))
    chair.knows(FactKind.MEDICATION, "anticoagulant", source=FactSource.PATIENT)
    chair.knows(FactKind.LAB, "platelets", value_milli=90_000, unit="10*9/L")
    chair.mesotherapy.name = "Meso 30"  # A clinic names its services in its own language.
    chair.db.flush()
    patient, visit = chair.alice.id, coming.id
    return [
        (Role.RECEPTIONIST, "/account"),
        (Role.RECEPTIONIST, f"/board?date={TODAY}"),
        (Role.RECEPTIONIST, f"/board?date={TODAY}&view=rooms"),
        (Role.RECEPTIONIST, "/patients"),
        (Role.RECEPTIONIST, "/patients?q=Okoye"),
        (Role.RECEPTIONIST, "/patients/new"),
        (Role.RECEPTIONIST, f"/patients/{patient}"),
        (Role.RECEPTIONIST, f"/patients/{patient}/edit"),
        (Role.RECEPTIONIST, "/appointments/new"),
        (Role.RECEPTIONIST, f"/appointments/{visit}"),
        (Role.RECEPTIONIST, f"/appointments/{visit}/edit"),
        (Role.NURSE, f"/patients/{patient}/facts"),
        (Role.NURSE, f"/patients/{patient}/consents"),
        (Role.NURSE, f"/appointments/{visit}/questions"),
        (Role.PHYSICIAN, f"/patients/{patient}"),
        (Role.PHYSICIAN, f"/appointments/{visit}/review"),
        (Role.PHYSICIAN, f"/appointments/{arrived.id}/session"),
        (Role.PHYSICIAN, f"/sessions/{begun.id}"),
        (Role.PHYSICIAN, f"/sessions/{signed.id}"),
        (Role.PHYSICIAN, "/sessions"),
        (Role.NURSE, "/follow-up"),
        (Role.NURSE, f"/sessions/{signed.id}/calls/new?day=1"),
        (Role.NURSE, f"/sessions/{signed.id}/side-effects/new"),
        (Role.PHYSICIAN, "/safety/rules"),
        (Role.RECEPTIONIST, "/tablet"),
        (Role.PHYSICIAN, "/safety/rules/nsaid_recent"),
        (Role.PHYSICIAN, "/safety/approvals/new"),
        (Role.PHYSICIAN, "/safety/dry-run"),
        (Role.PHYSICIAN, "/safety/ledger"),
    ]


def speaking(world: World, role: Role, language: str) -> Visitor:
    world.accounts[role].locale = language
    world.db.flush()
    return world.as_role(role)


def head(page: str) -> str:
    found = re.search(r"<html[^>]*>", page)
    assert found, page[:200]
    return found.group()


def shown(page: str) -> set[str]:
    """Return each piece of text that a page shows or says, blanks made one."""
    pieces = SHOWN.findall(SILENT.sub("", page))
    return {" ".join(html.unescape(a or b).split()) for a, b in pieces}


def english(language: str) -> set[str]:
    """Return the messages without gaps that read otherwise in a language."""
    catalog = messages.read(messages.sources()[language], language)
    return {
        message.id
        for message in catalog
        if isinstance(message.id, str)
        and len(message.id) >= LEAST
        and "%" not in message.id
        and message.string not in {"", message.id}
    }


@pytest.mark.parametrize("language", CODES)
def test_every_main_page_is_in_the_language_of_its_reader(world, story, language):
    foreign = english(language)
    left = {}
    for role, url in story:
        answer = speaking(world, role, language).get(url)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 200, url
        assert f'lang="{language}" dir="{DIRECTION[language]}"' in head(page), url
        still = shown(page) & foreign
        if still:
            left[f"{role} {url}"] = sorted(still)

    assert left == {}


@pytest.mark.parametrize(
    ("language", "words"), [("de", "Nimmt einen Blutverdünner"), ("ar", "يأخذ مميِّعًا للدم")]
)
def test_a_finding_is_argued_in_the_language_of_the_physician(world, chair, language, words):
    chair.knows(FactKind.MEDICATION, "anticoagulant", source=FactSource.PATIENT)

    page = speaking(world, Role.PHYSICIAN, language).get(f"/appointments/{chair.visit.id}/review")

    assert words in page.get_data(as_text=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_browser_that_asks_for_a_language_signs_in_in_it(world, language):
    answer = world.stranger().get("/sign-in", headers={"Accept-Language": f"{language};q=0.9"})
    page = answer.get_data(as_text=True)

    assert f'lang="{language}" dir="{DIRECTION[language]}"' in head(page)
    assert ("Sign in" in shown(page)) == (language == "en")


def test_a_browser_that_asks_for_an_unknown_language_gets_english(world):
    page = world.stranger().get("/sign-in", headers={"Accept-Language": "tlh"})

    assert 'lang="en" dir="ltr"' in head(page.get_data(as_text=True))


@pytest.mark.parametrize("language", CODES)
def test_what_is_wrong_with_a_form_is_said_in_the_language_of_its_reader(world, language):
    visitor = speaking(world, Role.RECEPTIONIST, language)

    answer = visitor.post("/patients/new", {"family_name": "", "birth_date": "2026-02-31"})
    page = answer.get_data(as_text=True)

    assert answer.status_code == 422
    assert shown(page) & english(language) == set()
    assert head(page).count(f'lang="{language}"') == 1


def test_the_language_menu_says_that_german_and_arabic_are_unreviewed(world):
    page = world.as_role(Role.NURSE).get("/account").get_data(as_text=True)

    assert {"English", "Deutsch (ungeprüft)", "العربية (غير مُراجَعة)"} <= shown(page)
