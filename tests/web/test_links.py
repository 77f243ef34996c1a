"""Where a request may ask to go on to."""

import pytest

from clinic.web.links import own_path, with_values

pytestmark = pytest.mark.once


@pytest.mark.parametrize("path", ["/", "/board", "/appointments/new?date=2026-11-24&start=10:00"])
def test_a_path_of_this_site_is_kept(path):
    assert own_path(path) == path


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "board",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/a b",
        "/a\r\nb",
        "/a\x00",
        "/a\\b",
        "/a#b",
        "//[",
        "/" + "a" * 2000,
    ],
)
def test_anything_else_is_none(target):
    assert own_path(target) is None


def test_a_value_takes_the_place_of_the_one_that_was_there():
    path = with_values("/appointments/new?patient_id=1&date=2026-11-24&note=", patient_id=7)

    assert path == "/appointments/new?date=2026-11-24&note=&patient_id=7"
    assert with_values("/board", date="a&b") == "/board?date=a%26b"
    assert with_values("/board") == "/board"
