"""Names that are one person's meet in a key; what is typed is read as people mean it."""

import datetime as dt

import pytest

from clinic.core import folding
from clinic.core.folding import fold, original, parse, skeleton

TODAY = dt.date(2026, 11, 23)
APRIL, DECEMBER = dt.date(1985, 4, 12), dt.date(1985, 12, 4)

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Müller", "muller"),
        ("Mueller", "muller"),
        ("MULLER", "muller"),
        ("müller", "muller"),
        ("Mu\u0308ller", "muller"),
        ("O'Brien", "obrien"),
        ("O’Brien", "obrien"),
        ("OBRIEN", "obrien"),
        ("Núñez", "nunez"),
        ("ÑANDÚ", "nandu"),
        ("Weiß", "weiss"),
        ("Đorđević", "dordevic"),
        ("Łukasz", "lukasz"),
        ("Işık", "isik"),
        ("İbrahim", "ibrahim"),
        ("Åse", "ase"),
        ("Nguyễn", "nguyen"),
        ("李", "li"),
        ("小龙", "xiaolong"),
        ("محمد", "mhmd"),
        ("कुमार", "kumar"),
        ("🙂", ""),
        ("إبراهيم", "abrahym"),
        ("Ἀλέξανδρος", "alexandros"),
        ("Иванов", "ivanov"),
        ("María", "maria"),
        ("Luis88", "luis88"),
        ("!?", ""),
        ("", ""),
    ],
)
def test_a_word_folds_to_its_latin_key(written, key):
    assert fold(written) == key


@pytest.mark.parametrize(
    "spellings",
    [
        ("Mohammed", "Muhammad", "Mohamad", "Mehmet", "محمد", "المحمد"),
        ("Hussein", "Hüseyin", "Hossein", "Husain"),
        ("Omar", "Umar", "Ömer", "عمر"),
        ("Ibrahim", "Ebrahim", "İbrahim", "إبراهيم", "ابراهيم"),
        ("Aisha", "Aysha", "Ayşe", "عائشة"),
        ("Khaled", "Khalid", "خالد"),
        ("Said", "Saeed", "سعيد"),
        ("Abdulrahman", "Abdelrahman", "عبدالرحمن"),
        ("Meyer", "Meier", "Maier", "Mayer"),
        ("Sophie", "Sofie", "Sofi"),
        ("Stefan", "Stephan", "Steffen"),
        ("Schmidt", "Schmitt"),
    ],
    ids=lambda spellings: spellings[0],
)
def test_spellings_and_scripts_of_a_name_have_one_skeleton(spellings):
    assert len({skeleton(fold(name)) for name in spellings}) == 1


@pytest.mark.parametrize(("one", "other"), [("Omar", "Maher"), ("Anna", "Nina"), ("Ali", "Li")])
def test_a_vowel_at_the_beginning_keeps_names_apart(one, other):
    assert skeleton(fold(one)) != skeleton(fold(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [("أحمد", "احمد"), ("فاطمة", "فاطمه"), ("ليلى", "ليلي"), ("کریم", "كريم"), ("مُحَمَّد", "محمد")],
)
def test_forms_of_arabic_letters_are_one_in_their_own_script(one, other):
    assert original(one) == original(other) != ""


@pytest.mark.parametrize("name", ["Müller", "Đorđe", "Łukasz", "O'Brien", "Weiß", "Nguyễn"])
def test_latin_names_have_no_key_in_another_script(name):
    assert original(name) == ""


@pytest.mark.parametrize(
    ("right", "typed"),
    [("muller", "miller"), ("muller", "mulller"), ("muller", "mller"), ("muller", "mulelr")],
    ids=["another letter", "one more", "one less", "swapped"],
)
def test_words_one_mistake_apart_share_a_typo_key(right, typed):
    assert folding.typo_keys(right) & folding.typo_keys(typed)


def test_short_words_have_no_typo_keys():
    assert folding.typo_keys("ali") == set()


def test_neighbours_are_found_written_as_one_and_apart():
    keys = folding.name_keys("Al-Husseini", "Abdul Rahman")
    joined = folding.name_keys("Alhusseini", "Abdulrahman")

    assert {"alhusseini", "husseini", "abdulrahman", "rahman"} <= keys.latin
    assert {"alhusseini", "abdulrahman", "rahman"} <= joined.latin


def test_the_end_of_a_name_with_an_apostrophe_is_a_key_of_its_own():
    assert {"obrien", "brien"} <= folding.name_keys("O'Brien").latin
    assert {"dangelo", "angelo"} <= folding.name_keys("D’Angelo").latin


def test_a_chinese_name_is_found_as_it_is_written_in_both_orders():
    keys = folding.name_keys("李", "小龙")

    assert {"李", "小龙", "李小龙", "小龙李"} <= keys.original
    assert {"li", "xiaolong"} <= keys.latin


def test_keys_are_bounded_however_long_the_name():
    keys = folding.name_keys("Wolfeschlegelsteinhausenbergerdorff" * 3, "ب" * 120)

    for found in (keys.latin, keys.original, keys.skeleton, keys.deletes):
        assert all(0 < len(key) <= folding.KEY_LENGTH for key in found)


@pytest.mark.parametrize(
    ("typed", "dates"),
    [
        ("1985-04-12", (APRIL,)),
        ("1985/4/12", (APRIL,)),
        ("1985 04 12", (APRIL,)),
        ("12.4.1985", (APRIL, DECEMBER)),
        ("12.04.85", (APRIL, DECEMBER)),
        ("12/4/1985", (APRIL, DECEMBER)),
        ("12-4-1985", (APRIL, DECEMBER)),
        ("12. 4. 1985", (APRIL, DECEMBER)),
        ("12 4 1985", (APRIL, DECEMBER)),
        ("4/25/1985", (dt.date(1985, 4, 25),)),
        ("12 Apr 1985", (APRIL,)),
        ("12. April 1985", (APRIL,)),
        ("April 12, 1985", (APRIL,)),
        ("Apr 12 1985", (APRIL,)),
        ("12. März 1985", (dt.date(1985, 3, 12),)),
        ("١٢/٤/١٩٨٥", (APRIL, DECEMBER)),
        ("12 أبريل 1985", (APRIL,)),
        ("1.1.26", (dt.date(2026, 1, 1),)),
        ("1.1.27", (dt.date(1927, 1, 1),)),
        ("29.2.1984", (dt.date(1984, 2, 29),)),
    ],
)
def test_a_birth_date_is_read_in_any_usual_order(typed, dates):
    (term,) = parse(typed, today=TODAY)

    assert term.dates == dates
    assert not term.digits


@pytest.mark.parametrize(
    ("typed", "digits", "dates"),
    [
        ("12041985", "12041985", (APRIL, DECEMBER)),
        ("19850412", "19850412", (APRIL,)),
        ("120485", "120485", (APRIL, DECEMBER)),
        ("4567", "4567", ()),
        ("0123", "0123", ()),
        ("0151 234 567", "151234567", ()),
        ("+49 (151) 234-567", "49151234567", ()),
        ("0049 151 234567", "49151234567", ()),
        ("030-12-10-56", "30121056", ()),
        ("030/12 10 56", "30121056", ()),
        ("0151 12 10 56", "151121056", ()),
        ("٠٥٠ ١٢٣ ٤٥٦٧", "501234567", ()),
        ("32.13.1985", "32131985", ()),
    ],
)
def test_digits_are_the_end_of_a_phone_a_file_or_a_birth_date(typed, digits, dates):
    (term,) = parse(typed, today=TODAY)

    assert (term.digits, term.dates) == (digits, dates)


def test_four_digits_may_be_a_birth_year_but_not_of_the_future():
    assert parse("Anna 1985", today=TODAY)[0].year == 1985
    assert parse("Anna 2031", today=TODAY)[0].year is None


def test_a_search_is_split_into_words_numbers_and_dates():
    terms = parse("Müller-Lüdenscheidt, Anna 12.4.1985 / 4567", today=TODAY)

    assert [term.latin for term in terms if term.is_word] == ["muller", "ludenscheidt", "anna"]
    assert [term.dates for term in terms if term.dates] == [(APRIL, DECEMBER)]
    assert [term.digits for term in terms if term.digits] == ["4567"]


def test_letters_with_digits_are_a_file_number_or_a_name():
    (file,) = parse("T-00012", today=TODAY)
    (name,) = parse("Luis88", today=TODAY)

    assert (file.code, file.latin) == ("t00012", "t00012")
    assert (name.code, name.latin, name.is_word) == ("luis88", "luis88", False)


def test_particles_count_only_when_nothing_else_was_typed():
    assert [term.latin for term in parse("von Bülow", today=TODAY)] == ["bulow"]
    assert [term.latin for term in parse("von", today=TODAY)] == ["von"]


@pytest.mark.parametrize("typed", ["", "  ", "%", "_", "'; --", "-", "\\", "*", "🙂"])
def test_what_holds_no_letter_and_no_digit_is_nothing(typed):
    assert parse(typed, today=TODAY) == ()


@pytest.mark.parametrize("typed", ["²", "Ⅳ", "١", "1" * 500, "a" * 500, "0000-00-00", "99.99.9999"])
def test_odd_input_is_read_without_failing(typed):
    for term in parse(typed, today=TODAY):
        assert len(term.latin) <= folding.KEY_LENGTH
        assert len(term.code) <= folding.KEY_LENGTH
