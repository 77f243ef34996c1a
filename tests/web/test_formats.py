"""How phone numbers, initials and sentences of the check are written."""

from dataclasses import dataclass

import pytest

from clinic.web import formats


@pytest.mark.parametrize(
    ("kept", "written"),
    [
        ("+49305550112", "\u2066+49 30 5550112\u2069"),
        ("+20225740000", "\u2066+20 2 25740000\u2069"),
        ("0305550112", "\u20660305550112\u2069"),
        ("", ""),
    ],
)
def test_a_phone_number_is_written_with_its_blanks(kept, written):
    assert formats.phone(kept) == written


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Dr Lena Weber", "LW"),
        ("Prof. Dr. med. Omar Haddad", "OH"),
        ("Anna-Lena Meier", "AM"),
        ("Cher", "C"),
        ("Dr", "D"),
        ("", ""),
    ],
)
def test_an_avatar_leaves_titles_out(name, letters):
    assert formats.initials(name) == letters


@dataclass(frozen=True)
class Finding:
    msgid: str = "Platelets %(value)s %(unit)s"

    def as_dict(self):
        return {"value": "138", "unit": "10*9/L"}


def test_a_unit_in_a_sentence_is_written_for_people(app):
    with app.test_request_context():
        assert formats.sentence(Finding()) == "Platelets 138 ×10⁹/L"
