"""The catalogue as it ships: reads the packaged TOML files, once.

Numbers with decimals are read as text, so that no digit is lost and the data can be kept as JSON.
"""

import tomllib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from clinic.safety.rules.catalogue import build_catalogue
from clinic.safety.rules.codes import Codes
from clinic.safety.rules.language import Catalogue

_LISTS = ("questions", "sources")
_CONCEPTS = (
    "conditions", "evidence", "medicines", "allergies", "pregnancy", "results", "records",
)  # fmt: skip
"""Files of concepts/, in the order in which words are looked for."""


@cache
def shipped_catalogue() -> Catalogue:
    """Return rules, questions, concepts and sources; raises BadCatalogue with every problem."""
    lists = {name: _read(_folder() / f"{name}.toml") for name in _LISTS}
    return build_catalogue(
        rules=shipped_rules(),
        questions=lists["questions"],
        concepts=_concepts(),
        sources=lists["sources"],
    )


@cache
def shipped_codes() -> Codes:
    """Return the concepts ready to classify what others wrote."""
    return Codes(shipped_catalogue().concepts)


@cache
def shipped_rules() -> tuple[dict[str, object], ...]:
    """Return each rule as plain data, by code: what a rule version keeps."""
    files = sorted(_folder().iterdir(), key=lambda file: file.name)
    return tuple(
        _read(file)
        for file in files
        if file.name.endswith(".toml") and file.name.removesuffix(".toml") not in _LISTS
    )


def _concepts() -> dict[str, object]:
    """Return the tables of all concept files as one; what two files say of a kind adds up."""
    merged: dict[str, object] = {}
    for name in _CONCEPTS:
        for kind, found in _read(_folder() / "concepts" / f"{name}.toml").items():
            earlier = merged.get(kind, [])
            assert isinstance(earlier, list), kind
            assert isinstance(found, list), kind
            merged[kind] = [*earlier, *found]
    return merged


def _folder() -> Traversable:
    return resources.files("clinic.safety") / "catalogue"


def _read(file: Traversable) -> dict[str, object]:
    return tomllib.loads(file.read_text(encoding="utf-8"), parse_float=str)
