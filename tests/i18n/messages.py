"""Collects every message for people and brings the catalogues up to date: the work of bin/messages.

Messages come from the templates, from the marked literals of the Python code, and from the wording
of the safety catalogue. A message that is gone is dropped with its translation (the history has
it), a new one is added empty, and nothing is ever guessed from a similar one.
"""

import argparse
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from clinic.web.catalogues import FOLDER

ROOT = Path(__file__).resolve().parents[2]
SAFETY = "clinic/safety/catalogue"
TEMPLATE = FOLDER / "messages.pot"
KEYWORDS: dict[str, Any] = {
    "_": None,
    "N_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
SOURCES = (("clinic", "**.py", "python"), ("templates", "**.html", "jinja2"))
OPTIONS = {"**.html": {"silent": "false", "newstyle_gettext": "true", "trim_blocks": "true"}}
WORDED = {
    *("name", "text", "physician", "physician_open", "physician_unknown", "reception"),
    *("clears", "anchor"),
}
"""Keys of the safety catalogue whose values are words for people."""
CODES = {("cases", "name"), ("units", "name"), ("words", "text")}
"""But not these: a case's own code, how others write a unit, what a name is recognised by."""


def sources() -> dict[str, Path]:
    """Return the catalogue of each language that has one."""
    return {path.parts[-3]: path for path in sorted(FOLDER.glob("*/LC_MESSAGES/messages.po"))}


def collected() -> Catalog:
    """Return every message of the program, with the files that say it."""
    catalog = Catalog()
    for folder, pattern, method in SOURCES:
        found = extract_from_dir(
            ROOT / folder, [(pattern, method)], OPTIONS, KEYWORDS, comment_tags=("L10n:",)
        )
        for name, _line, message, comments, context in found:
            place = [(f"{folder}/{Path(name).as_posix()}", 0)]
            catalog.add(message, None, place, auto_comments=comments, context=context)
    for path in sorted((ROOT / SAFETY).rglob("*.toml")):
        words = tomllib.loads(path.read_text(encoding="utf-8"))
        every = words.values() if path.stem == "sources" else worded(words)
        for text in every:
            catalog.add(text, None, [(path.relative_to(ROOT).as_posix(), 0)])
    return catalog


def worded(value: Any, within: str = "") -> Iterator[str]:
    """Yield the words for people of a piece of the safety catalogue, in its order."""
    if isinstance(value, list):
        for item in value:
            yield from worded(item, within)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(item, str):
                yield from worded(item, key)
            elif item and key in WORDED and (within, key) not in CODES:
                yield item


def read(path: Path, language: str) -> Catalog:
    """Return the catalogue of a language as it is on the disk."""
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def brought_up(known: Catalog, messages: Catalog) -> Catalog:
    """Return the messages with the translations that are known for exactly them."""
    catalog = Catalog(locale=known.locale)
    for message in messages:
        if message.id:
            earlier = known.get(message.id, message.context)
            catalog[message.id] = Message(
                message.id,
                kept(earlier, message),
                message.locations,
                message.flags | (earlier.flags & {"fuzzy"} if earlier else set()),
                message.auto_comments,
                earlier.user_comments if earlier else (),
                context=message.context,
            )
    return catalog


def kept(earlier: Message | None, message: Message) -> Any:
    """Return a known translation, unless the message has become one of number since, or stopped."""
    if earlier is None or earlier.pluralizable != message.pluralizable:
        return None
    return earlier.string if not earlier.pluralizable or earlier.id == message.id else None


def text_of(catalog: Catalog, header: str) -> str:
    """Return a catalogue as its file reads, under the header that somebody wrote by hand."""
    out = BytesIO()
    write_po(out, catalog, width=100, omit_header=True, sort_by_file=True, include_lineno=False)
    return f"{header}\n\n{out.getvalue().decode().strip()}\n"


def updated() -> dict[Path, str]:
    """Return what each file of the translations has to hold."""
    messages = collected()
    texts = {TEMPLATE: text_of(messages, header_of(TEMPLATE))}
    for language, path in sources().items():
        catalog = brought_up(read(path, language), messages)
        texts[path] = text_of(catalog, header_of(path))
    return texts


def header_of(path: Path) -> str:
    """Return the first entry of a file, which the languages' people keep by hand."""
    return path.read_text(encoding="utf-8").split("\n\n", 1)[0].rstrip()


def missing(catalog: Catalog) -> list[Message]:
    """Return the messages without a whole translation, or with a doubtful one."""
    return [m for m in catalog if m.id and (m.fuzzy or not all(forms(m)))]


def forms(message: Message) -> tuple[str, ...]:
    """Return each form of a translation: one, or as many as the language has plurals."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def say(line: str) -> None:
    """Write one line for whoever ran the command."""
    sys.stdout.write(f"{line}\n")


def main() -> int:
    """Write what has changed; print what is missing, by language and file."""
    parser = argparse.ArgumentParser(prog="bin/messages", description=__doc__)
    parser.add_argument("--list", action="store_true", help="print each message that is missing")
    options = parser.parse_args()
    for path, text in updated().items():
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            say(f"Written: {path.relative_to(ROOT)}")
    for language, path in sources().items():
        catalog = read(path, language)
        lacking = missing(catalog)
        say(f"{language}: {len(lacking)} of {len(catalog)} messages are not translated")
        places = Counter(message.locations[0][0] for message in lacking)
        for place, count in sorted(places.items()):
            say(f"  {count:4} {place}")
        if options.list:
            for message in lacking:
                say(f"  {message.context or ''} {message.id!r}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
