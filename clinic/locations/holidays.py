"""Which countries and parts of countries have known public holidays."""

from functools import cache

from holidays.utils import list_supported_countries

LONGEST = 20
"""Characters of a part's code."""


@cache
def countries() -> dict[str, tuple[str, ...]]:
    """Return {ISO 3166-1 code: codes of its parts}; a few parts are named, not coded."""
    known: dict[str, list[str]] = list_supported_countries(include_aliases=False)
    return {
        code: tuple(part for part in parts if len(part) <= LONGEST) for code, parts in known.items()
    }


def has_part(country: str, subdivision: str) -> bool:
    """Tell whether holidays are known for a country, and for the part of it when one is named."""
    parts = countries().get(country)
    return parts is not None and (not subdivision or subdivision in parts)
