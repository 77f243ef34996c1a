"""Reading files and cells, and a clinic's own list."""

import datetime as dt

import pytest

from clinic.interop.rules import cells, patient_list
from clinic.interop.rules.files import read_table
from clinic.interop.values import BadFile, LineRefused, Row
from clinic.patients.values import Sex
from tests.interop.conftest import TODAY

pytestmark = pytest.mark.once


# ---- files ----


def table(content, *, required=("a",), known=None):
    return read_table("x.csv", content, required=required, known=known)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_file_is_read_with_its_own_separator(mark):
    content = f"a{mark}b\n1{mark}2\n\n 3 {mark}\n".encode()

    rows = table(content).rows
    assert [(row.line, row["a"], row["b"], row["c"]) for row in rows] == [
        (2, "1", "2", ""),
        (4, "3", "", ""),
    ]


def test_marks_at_the_beginning_windows_lines_and_cells_of_several_lines_are_read():
    content = '\ufeffa,b\r\n"Müller\r\n7",2\r\n3,4\r\n'.encode()

    assert [(row.line, row["a"]) for row in table(content).rows] == [(2, "Müller 7"), (4, "3")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "does not name a"),
        (b"\n\n", "does not name a"),
        (b"b,c\n1,2\n", "does not name a"),
        (b"a,a\n1,2\n", "names a twice"),
        ("a,b\nM\xfcller,1\n".encode("latin-1"), "line 2: not in UTF-8"),
        (b"a,b\n1,2\n\xff\xfe,1\n", "line 3: not in UTF-8"),
        (b'a,b\n"1,2\n', "line 2: the quotation marks"),
        (b'a,b\n"1"x,2\n', "line 2: the quotation marks"),
        (b"a,b\n" + b"1" * 200_000 + b",2\n", "the size of a cell"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(content, words):
    with pytest.raises(BadFile) as bad:
        table(content)
    assert words in str(bad.value)


def test_a_column_that_nobody_reads_refuses_the_file():
    with pytest.raises(BadFile) as bad:
        table(b"a,Blood Group\n1,2\n", known=("a", "b"))
    assert "blood_group" in str(bad.value)


def test_lines_with_too_few_cells_or_odd_characters_are_refused_alone():
    found = table(b"a,b\n1\n1,2,3\n1,\x00\n5,6\n")

    assert [row["a"] for row in found.rows] == ["5"]
    assert [str(one) for one in found.refused] == [
        "x.csv, line 2: 1 cells where the header has 2",
        "x.csv, line 3: 3 cells where the header has 2",
        "x.csv, line 4: b holds characters that cannot be stored",
    ]


# ---- cells ----


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("", None),
        ("1985-04-12", dt.date(1985, 4, 12)),
        ("12.4.1985", dt.date(1985, 4, 12)),
        ("12/04/1985", dt.date(1985, 4, 12)),
    ],
)
def test_days_are_read_as_iso_or_day_first(cell, day):
    assert cells.day(Row(line=2, cells={"d": cell}), "d", today=TODAY) == day


@pytest.mark.parametrize(
    "cell", ["1985-02-30", "1899-12-31", "2026-11-24", "12.4.85", "4/12", "x", "0000-00-00"]
)
def test_days_that_cannot_be_are_refused(cell):
    with pytest.raises(LineRefused):
        cells.day(Row(line=2, cells={"d": cell}), "d", today=TODAY)


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2021-08-23", dt.date(2021, 8, 23)),
        ("2021-08-23T03:26:50Z", dt.date(2021, 8, 23)),
        ("2021-08-23T22:26:50Z", dt.date(2021, 8, 24)),
        ("2021-01-23T23:26:50Z", dt.date(2021, 1, 24)),
        ("2021-08-23T22:26:50", dt.date(2021, 8, 23)),
        ("", None),
    ],
)
def test_instants_become_days_of_the_clinic(cell, day):
    assert cells.moment(Row(line=2, cells={"d": cell}), "d", zone="Europe/Berlin") == day


@pytest.mark.parametrize("cell", ["yesterday", "2021-13-01", "1066-01-01", "9999-12-31T23:59:59Z"])
def test_instants_that_cannot_be_are_refused(cell):
    with pytest.raises(LineRefused):
        cells.past(Row(line=2, cells={"d": cell}), "d", zone="Europe/Berlin", today=TODAY)


# ---- a clinic's own list ----


def a_list(*lines, header="file_number,family_name,given_name,birth_date,sex,phone,email,language"):
    content = "\n".join([header, *lines]).encode()
    found = read_table(
        "list.csv", content, required=patient_list.REQUIRED, known=patient_list.COLUMNS
    )
    return patient_list.translate(found, country="DE", today=TODAY, language="de")


def test_a_line_of_the_list_becomes_a_registration():
    plan = a_list("H-7,Müller,Anna,12.4.1985,w,0151 12345678,Anna@Example.org,en-GB")

    (line,) = plan.patients
    wish = line.wish
    assert line.source_id == "file:H-7"
    assert (wish.file_number, wish.phone, wish.sex) == ("H-7", "+4915112345678", Sex.FEMALE)
    assert (wish.birth_date, wish.email, wish.language) == (
        dt.date(1985, 4, 12),
        "Anna@example.org",
        "en",
    )


def test_columns_may_be_few_and_written_in_any_case():
    plan = a_list("Müller", header="Family Name")

    (line,) = plan.patients
    assert line.wish.language == "de"
    assert line.source_id.startswith("id:")
    assert len(line.source_id) <= 80


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("H-7,,Anna,,,,,", "family_name is empty"),
        (f"H-7,{'x' * 121},Anna,,,,,", "family_name is longer"),
        (f"{'9' * 21},Müller,Anna,,,,,", "file_number is longer"),
        ("~7,Müller,Anna,,,,,", "must not begin with"),
        ("H-7,Müller,Anna,31.2.1985,,,,", "does not exist"),
        ("H-7,Müller,Anna,2027-01-01,,,,", "lies in the future"),
        ("H-7,Müller,Anna,,robot,,,", "sex must be"),
        ("H-7,Müller,Anna,,,hello,,", "no phone number"),
        ("H-7,Müller,Anna,,,0151 99999999999999,,", "phone is too"),
        ("H-7,Müller,Anna,,,,nobody,", "no e-mail address"),
        ("H-7,Müller,Anna,,,,,klingon", "language must be one of"),
        ("H-1,Aust,Karl,,,,,", "the same file number as in line 2"),
        ("H-2,MUELLER,anna,1985-04-12,,,,", "the same person as in line 2"),
    ],
)
def test_a_line_of_the_list_that_cannot_be_is_refused(line, words):
    plan = a_list("H-1,Müller,Anna,1985-04-12,,,,", line)

    assert len(plan.patients) == 1
    (refused,) = plan.refused
    assert refused.line == 3
    assert words in str(refused)
