"""The example texts that come with the program: drafts to be reviewed, in three languages."""

import tomllib
from functools import cache
from importlib import resources

from clinic.consents.rules import elements
from clinic.consents.values import ConsentKind

LANGUAGES = ("en", "de", "ar")


@cache
def _file(language: str) -> dict[str, dict[str, str]]:
    text = resources.files("clinic.consents") / "texts" / f"{language}.toml"
    return tomllib.loads(text.read_text(encoding="utf-8"))


def heading(element: str, language: str) -> str:
    """Return what an element is called, in English where a language has no file."""
    return _file(language if language in LANGUAGES else "en")["headings"][element]


def words(kind: ConsentKind) -> dict[str, dict[str, list[str]]]:
    """Return the example of a kind as {language: {element: [heading, text]}}."""
    return {language: _words(kind, _file(language)) for language in LANGUAGES}


def _words(kind: ConsentKind, file: dict[str, dict[str, str]]) -> dict[str, list[str]]:
    said = file["shared"] | file[kind.value]
    return {one: [file["headings"][one], said[one]] for one in elements(kind)}
