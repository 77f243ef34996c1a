"""Opening hours as people write them, and what a place must be to be kept."""

import datetime as dt
import re
from collections.abc import Iterable
from zoneinfo import available_timezones

from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.locations.values import OpenSpan

_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹،", "01234567890123456789,")
_SPAN = re.compile(
    r"(\d{1,2})(?:[:.]?(\d{2}))?\s*[-\u2013\u2014]\s*(\d{1,2})(?:[:.]?(\d{2}))?", re.ASCII
)
_AREAS = (
    "Africa/", "America/", "Antarctica/", "Arctic/", "Asia/", "Atlantic/", "Australia/", "Europe/",
    "Indian/", "Pacific/",
)  # fmt: skip
STEP_MINUTES = 5
MOST_SPANS = 6


def zones() -> list[str]:
    """Return the IANA time zones that a place may be in, in order; not the historical aliases."""
    return sorted(
        zone for zone in available_timezones() if zone == "UTC" or zone.startswith(_AREAS)
    )


def spans_of(weekday: int, text: str) -> tuple[OpenSpan, ...]:
    """Read the hours of one weekday: "08:00-12:00, 13-18"; empty is closed.

    Spans come back in order; those that touch become one. Raises Invalid for anything else.
    """
    text = text.translate(_DIGITS).strip()
    if not text:
        return ()
    parts = [part.strip() for part in re.split(r"[,;]", text)]
    if len(parts) > MOST_SPANS:
        raise Invalid(N_("At most %(most)s spans a day, please"), most=MOST_SPANS)
    joined: list[OpenSpan] = []
    for span in sorted(_span(weekday, part) for part in parts):
        if joined and span.opens < joined[-1].closes:
            raise Invalid(N_("These hours overlap"))
        if joined and span.opens == joined[-1].closes:
            joined[-1] = OpenSpan(weekday, joined[-1].opens, span.closes)
        else:
            joined.append(span)
    return tuple(joined)


def _span(weekday: int, text: str) -> OpenSpan:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise Invalid(N_("Enter hours such as 08:00–12:00, 13:00–18:00; leave empty when closed"))
    opens, closes = _time(match[1], match[2]), _time(match[3], match[4])
    if closes <= opens:
        raise Invalid(N_("It must close later than it opens, on the same day"))
    return OpenSpan(weekday, opens, closes)


def _time(hours: str, minutes: str | None) -> dt.time:
    hour, minute = int(hours), int(minutes or 0)
    if hour > 23 or minute > 59:
        raise Invalid(N_("From 00:00 to 23:55, please"))
    if minute % STEP_MINUTES:
        raise Invalid(N_("In steps of five minutes, please"))
    return dt.time(hour, minute)


def text_of(spans: Iterable[OpenSpan], weekday: int) -> str:
    """Write the hours of one weekday; empty when closed."""
    return ", ".join(
        f"{span.opens:%H:%M}\u2013{span.closes:%H:%M}"
        for span in sorted(spans)
        if span.weekday == weekday
    )
