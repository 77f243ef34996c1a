"""How times, dates, amounts and names are written: Jinja filters and the context of every page."""

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton
from flask import Flask
from flask_babel import format_decimal
from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, parse

from clinic.core import units
from clinic.core.zones import ZONE_NAMES, Zone
from clinic.web import words
from clinic.web.access import current_actor
from clinic.web.words import translate


class Sentence(Protocol):
    """A marked sentence and the values of its gaps, made where nothing is known of languages."""

    @property
    def msgid(self) -> str:
        """The marked sentence."""

    def as_dict(self) -> Mapping[str, str | int | dt.date]:
        """Return the values by placeholder."""


TITLES = frozenset({"dr", "med", "prof"})
NAMED = frozenset({"short", "medium", "long", "full"})


def ltr(text: object) -> str:
    """Isolate a code, number or time, so that it keeps its order inside Arabic text."""
    return f"\u2066{text}\u2069"


def fdate(value: dt.date | None, style: str = "medium") -> str:
    """Write a date in a named style or CLDR skeleton ("MMMd"); empty for None."""
    return "" if value is None else _date(value, style, words.language().locale)


@lru_cache(maxsize=4096)
def _date(value: dt.date, style: str, locale: Locale) -> str:
    """Keep what was written: a list names the same few days again and again."""
    if style in NAMED:
        return str(format_date(value, style, locale=locale))
    return str(format_skeleton(style, value, locale=locale))


def clinic_time(instant: dt.datetime) -> dt.datetime:
    """Return the clinic's wall time of an instant; a naive value is wall time already."""
    if instant.tzinfo is None:
        return instant
    who = current_actor()
    return instant.astimezone(ZoneInfo(who.zone if who else "UTC")).replace(tzinfo=None)


def ftime(value: dt.datetime | dt.time | None) -> str:
    """Write the clinic's wall time as 14:30, isolated; empty for None."""
    if value is None:
        return ""
    return ltr((clinic_time(value) if isinstance(value, dt.datetime) else value).strftime("%H:%M"))


def fdatetime(instant: dt.datetime | None) -> str:
    """Write date and clinic wall time of an instant."""
    if instant is None:
        return ""
    local = clinic_time(instant)
    return f"{fdate(local.date())} {ftime(local)}"


def num(value: float, digits: int | None = None) -> str:
    """Write a number in the language of the page."""
    pattern = None if digits is None else ("0." + "0" * digits if digits else "0")
    return str(format_decimal(value, format=pattern))


def ml(microlitres: int | None, places: int = 2) -> str:
    """Write microlitres as millilitres without the unit."""
    return "" if microlitres is None else units.show_thousandths(microlitres, places)


@lru_cache(maxsize=4096)
def phone(number: str) -> str:
    """Write a kept number as +49 30 5550112, isolated; what is none stays as it is."""
    try:
        return ltr(format_number(parse(number), PhoneNumberFormat.INTERNATIONAL))
    except NumberParseException:
        return ltr(number) if number else ""


def zone_name(zone: Zone | str | None) -> str:
    """Write the name of a scalp zone."""
    return "" if zone is None else translate(ZONE_NAMES[Zone(zone)])


def sentence(message: Sentence) -> str:
    """Write a sentence of the safety check: dates by language, zones and names translated."""
    values: dict[str, object] = {}
    for name, value in message.as_dict().items():
        if isinstance(value, Zone):
            values[name] = zone_name(value)
        elif isinstance(value, dt.date):
            values[name] = fdate(value)
        elif name == "unit":
            values[name] = units.shown_unit(str(value))
        else:
            values[name] = translate(value) if isinstance(value, str) else value
    # Even without values: a percent sign is doubled in every wording.
    return translate(message.msgid) % values


def language_name(code: str) -> str:
    """Write the name of a language by its ISO 639-1 code, in the language of the page."""
    return str(words.language().locale.languages.get(code, code))


def initials(name: str) -> str:
    """Return up to two initials for an avatar, without those of a title."""
    parts = [part for part in name.replace("-", " ").split() if part[:1].isalpha()]
    named = [part for part in parts if part.rstrip(".").lower() not in TITLES] or parts
    picked = [named[0], named[-1]] if len(named) > 1 else named
    return "".join(part[0] for part in picked).upper()


def init_app(app: Flask) -> None:
    """Register the filters."""
    words.init_app(app)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        ltr=ltr,
        fdate=fdate,
        ftime=ftime,
        fdatetime=fdatetime,
        num=num,
        ml=ml,
        mm=units.show_thousandths,
        phone=phone,
        zone_name=zone_name,
        sentence=sentence,
        initials=initials,
        language_name=language_name,
        words=translate,
    )
