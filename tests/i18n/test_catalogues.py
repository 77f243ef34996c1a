"""The catalogues: up to date, whole for the main pages, and true to what they translate."""

import gettext
import re

import pytest
from babel.messages.catalog import Message

from clinic.app import LANGUAGES
from clinic.web import catalogues
from tests.i18n import messages

pytestmark = pytest.mark.once

GAP = re.compile(r"%\([a-z_]+\)[sd]|%%|%")
HTML = re.compile(r"<[^>]*>|&#?\w+;")
ISOLATES = "\u2066", "\u2069"
ASIDE = ("clinic/audit", "clinic/cli", "clinic/interop", "templates/audit")
"""What only the administrator and whoever imports reads; the rest are the main pages."""
TRANSLATED = sorted(messages.sources())


@pytest.fixture(scope="module")
def known():
    return {code: messages.read(path, code) for code, path in messages.sources().items()}


def gaps(text: str) -> set[str]:
    return set(GAP.findall(text))


def ids(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def said(catalog) -> list[Message]:
    """Return the messages that are translated, wholly or in part."""
    return [m for m in catalog if m.id and any(messages.forms(m))]


def named_by(catalog) -> dict[int, int]:
    """Return for each form of a plural how many of the numbers up to 200 it stands for."""
    counts = dict.fromkeys(range(catalog.num_plurals), 0)
    for n in range(201):
        counts[int(gettext.c2py(catalog.plural_expr)(n))] += 1
    return counts


def test_every_language_of_the_menu_has_a_catalogue():
    assert sorted(code for code in LANGUAGES if code != "en") == TRANSLATED


def test_bin_messages_would_change_nothing():
    stale = [
        f"{path.parent.parent.name}: run bin/messages, then translate what it lists"
        for path, text in messages.updated().items()
        if path.read_text(encoding="utf-8") != text
    ]

    assert stale == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_of_the_main_pages_is_translated(known, language):
    lacking = [
        message.id
        for message in messages.missing(known[language])
        if not all(place.startswith(ASIDE) for place, _ in message.locations)
    ]

    assert lacking == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_a_guess(known, language):
    assert [m.id for m in known[language] if m.id and m.fuzzy] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_gaps_of_a_translation_are_those_of_its_message(known, language):
    catalog = known[language]
    numbers = named_by(catalog)
    odd = []
    for message in said(catalog):
        wanted = gaps(ids(message)[-1])
        for index, form in enumerate(messages.forms(message)):
            # A form for one number only may write that number as a word.
            is_word = message.pluralizable and numbers[index] == 1
            spare = {"%(num)d", "%(num)s", "%(count)s"} if is_word else set()
            if not wanted - spare <= gaps(form) <= wanted:
                odd.append((message.id, form))

    assert odd == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_brings_no_markup_of_its_own(known, language):
    odd = [
        (message.id, form)
        for message in said(known[language])
        for form in messages.forms(message)
        if sorted(HTML.findall(form)) != sorted(HTML.findall(ids(message)[0]))
    ]

    assert odd == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_blanks_of_its_message_and_closes_what_it_isolates(known, language):
    odd = [
        (message.id, form)
        for message in said(known[language])
        for form in messages.forms(message)
        if (form != form.strip()) != (ids(message)[0] != ids(message)[0].strip())
        or form.count(ISOLATES[0]) != form.count(ISOLATES[1])
    ]

    assert odd == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_header_says_whether_a_clinician_has_read_the_language(language):
    header = messages.header_of(catalogues.source(language))

    assert re.search(r'"X-Reviewed: (yes|no)\\n"', header)
    assert f'"Language: {language}\\n"' in header


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_menu_marks_what_is_not_reviewed_in_its_own_language(language):
    name = catalogues.menu(LANGUAGES)[language]

    assert name.startswith(LANGUAGES[language])
    assert name.endswith(f"({catalogues.UNREVIEWED[language]})") != catalogues.is_reviewed(language)


def test_the_menu_leaves_english_alone():
    assert catalogues.menu(LANGUAGES)["en"] == "English"


def words(folder, language: str) -> gettext.NullTranslations:
    return gettext.translation("messages", folder, [language])


def test_a_first_start_compiles_and_a_second_leaves_all_as_it_is(tmp_path):
    folder = catalogues.compiled(tmp_path)
    made = {path: path.stat().st_mtime_ns for path in folder.rglob("*.mo")}

    assert len(made) == len(TRANSLATED)
    assert words(folder, "de").gettext("Day board") == "Tagesplan"
    assert catalogues.compiled(tmp_path) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path in made} == made


def test_what_is_lost_from_the_cache_is_made_again(tmp_path):
    folder = catalogues.compiled(tmp_path)
    (folder / "de" / "LC_MESSAGES" / "messages.mo").unlink()

    catalogues.compiled(tmp_path)

    assert words(folder, "de").gettext("Patient") == "Patient"


def test_a_cache_that_cannot_be_written_is_replaced_by_another_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "a-file").touch()

    folder = catalogues.compiled(tmp_path / "a-file" / "translations")

    assert words(folder, "ar").gettext("Patients") == "المرضى"


def test_arabic_has_a_form_for_each_of_its_numbers(tmp_path):
    arabic = words(catalogues.compiled(tmp_path), "ar")

    found = [arabic.ngettext("%(num)d session", "%(num)d sessions", n) for n in (0, 1, 2, 3, 11)]

    assert len(set(found)) == 5
