"""Which countries and parts of countries have known public holidays, and when they are."""

import datetime as dt
from collections.abc import Iterable
from functools import cache, lru_cache

from holidays import country_holidays
from holidays.utils import list_localized_countries, list_supported_countries

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


def public_holidays(
    country: str, subdivision: str, years: Iterable[int], *, locale: str
) -> dict[dt.date, str]:
    """Return {day: name} in order, named in a language where the library knows it, else its own.

    Of holidays that follow the moon the name says that they are estimated.
    """
    found: dict[dt.date, str] = {}
    for year in years:
        found |= _of_year(country, subdivision, year, locale)
    return dict(sorted(found.items()))


@lru_cache(maxsize=64)  # The board asks for the same year again and again.
def _of_year(country: str, subdivision: str, year: int, locale: str) -> dict[dt.date, str]:
    known = list_localized_countries(include_aliases=False).get(country, [])
    language = next(
        (code for code in known if code.split("_")[0] == locale.split("_", maxsplit=1)[0]), None
    )
    return dict(
        country_holidays(country, subdiv=subdivision or None, years=year, language=language)
    )
