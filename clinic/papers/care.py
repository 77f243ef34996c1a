"""The advice for before and after, read out of the packaged file, once."""

import tomllib
from functools import cache
from importlib import resources

from clinic.catalog.values import Modality
from clinic.papers.values import Care

LANGUAGES = ("en", "de", "ar")


@cache
def _file() -> dict[str, object]:
    text = resources.files("clinic.papers") / "aftercare" / "sheet.toml"
    return tomllib.loads(text.read_text(encoding="utf-8"))


def version() -> str:
    """Return the version of the texts, printed on the sheet."""
    return str(_file()["version"])


def lines(part: str, modality: Modality) -> tuple[Care, ...]:
    """Return the lines of a part ("before", "after") that are said of a treatment."""
    found = _file()[part]
    assert isinstance(found, list), part
    cares = (
        Care(
            code=row["code"],
            source=row["source"],
            status=row["status"],
            applies_to=tuple(row.get("applies_to", (one.value for one in Modality))),
            words={language: row[language] for language in LANGUAGES},
        )
        for row in found
    )
    return tuple(care for care in cares if modality.value in care.applies_to)
