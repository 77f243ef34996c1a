"""Opening hours as people write them; zones and countries that a place may be in."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from clinic.core.errors import Invalid
from clinic.locations import holidays, rules
from clinic.locations.values import OpenSpan


def hours(text: str) -> list[str]:
    return [f"{span.opens:%H:%M}-{span.closes:%H:%M}" for span in rules.spans_of(2, text)]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", []),
        ("   ", []),
        ("08:00-18:00", ["08:00-18:00"]),
        ("8-18", ["08:00-18:00"]),
        ("0800–1200; 13.30 — 18.00", ["08:00-12:00", "13:30-18:00"]),
        ("13-18, 8-12", ["08:00-12:00", "13:00-18:00"]),
        ("8-12, 12-18", ["08:00-18:00"]),
        ("8-10,10-12,12-13", ["08:00-13:00"]),
        ("٠٨:٠٠-١٨:٠٠", ["08:00-18:00"]),
        ("0-23:55", ["00:00-23:55"]),
    ],
)
def test_hours_are_read_as_they_are_written(text, read):
    assert hours(text) == read


@pytest.mark.parametrize(
    "text",
    [
        "closed",
        "8",
        "8-",
        "-18",
        "8-18-20",
        "18-8",
        "8-8",
        "8-24",
        "8-25",
        "8:60-18",
        "8:03-18",
        "8-12,",
        "8-12, 11-18",
        "8-12, 8-12",
        "1-2,3-4,5-6,7-8,9-10,11-12,13-14",
        "08:00\n18:00",
        "9" * 100,
    ],
)
def test_hours_that_cannot_be_are_refused(text):
    with pytest.raises(Invalid):
        rules.spans_of(0, text)


def test_hours_are_written_the_way_they_are_read():
    spans = rules.spans_of(3, "8-12, 13:30-18")

    assert rules.text_of(spans, 3) == "08:00–12:00, 13:30–18:00"
    assert rules.text_of(spans, 4) == ""
    assert rules.spans_of(3, rules.text_of(spans, 3)) == spans


def test_a_span_knows_its_day():
    assert rules.spans_of(6, "8-9") == (OpenSpan(6, dt.time(8), dt.time(9)),)


def test_every_zone_that_is_offered_can_be_opened_and_kept():
    zones = rules.zones()

    assert {"Europe/Berlin", "Asia/Dubai", "America/Sao_Paulo", "UTC"} <= set(zones)
    assert zones == sorted(zones)
    for zone in zones:
        assert len(zone) <= 40
        ZoneInfo(zone)


def test_countries_have_parts_that_the_calendar_knows():
    assert "DE" in holidays.countries()
    assert holidays.has_part("DE", "BE")
    assert holidays.has_part("DE", "")
    assert holidays.has_part("EG", "")
    assert not holidays.has_part("DE", "CA")
    assert not holidays.has_part("XX", "")
    assert all(len(code) == 2 for code in holidays.countries())
    assert all(len(p) <= holidays.LONGEST for parts in holidays.countries().values() for p in parts)
