"""What the barcode of a pack says."""

import datetime as dt
import string

import pytest

from clinic.catalog.rules import barcodes
from clinic.catalog.stock_values import Scanned
from clinic.core.errors import Invalid

pytestmark = pytest.mark.once
TODAY = dt.date(2026, 11, 23)
GTIN = "04006381333931"
MARCH = dt.date(2027, 3, 31)
GS = "\x1d"
CHARACTERS = "!\"%&'()*+,-./" + string.digits + ":;<=>?" + string.ascii_letters + "_"
"""All that GS1 lets a lot be made of (character set 82)."""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        pytest.param(
            f"]d201{GTIN}1727033110AB-12", Scanned(GTIN, "AB-12", MARCH), id="data matrix"
        ),
        pytest.param(f"01{GTIN}1727033110AB-12", Scanned(GTIN, "AB-12", MARCH), id="without sign"),
        pytest.param(f"]C101{GTIN}17270331", Scanned(GTIN, "", MARCH), id="code 128, no lot"),
        pytest.param(f"]e001{GTIN}10L1", Scanned(GTIN, "L1"), id="data bar"),
        pytest.param(
            f"{GS}01{GTIN}10AB-12{GS}17270331", Scanned(GTIN, "AB-12", MARCH), id="FNC1 first"
        ),
        pytest.param(
            f"10AB-12{GS}17270331{GS}01{GTIN}", Scanned(GTIN, "AB-12", MARCH), id="other order"
        ),
        pytest.param(
            f"01{GTIN}10AB-12\u241d17270331", Scanned(GTIN, "AB-12", MARCH), id="printed separator"
        ),
        pytest.param(
            f"01{GTIN}21S-9{GS}10AB-12|17270331",
            Scanned(GTIN, "AB-12", MARCH, "S-9"),
            id="serial, and a bar for a separator",
        ),
        pytest.param(
            f"(01){GTIN}(17)270331(10)AB-12", Scanned(GTIN, "AB-12", MARCH), id="parentheses"
        ),
        pytest.param(
            f"(01) {GTIN} (10) AB-12 (17) 270331",
            Scanned(GTIN, "AB-12", MARCH),
            id="parentheses and blanks",
        ),
        pytest.param(f"(01){GTIN}(10)A(b)c", Scanned(GTIN, "A(b)c"), id="a lot in parentheses"),
        pytest.param("4006381333931", Scanned(GTIN), id="EAN-13"),
        pytest.param("96385074", Scanned("00000096385074"), id="EAN-8"),
        pytest.param("012345678905", Scanned("00012345678905"), id="UPC"),
        pytest.param(GTIN, Scanned(GTIN), id="GTIN-14"),
        pytest.param(f"  {GTIN}\r\n", Scanned(GTIN), id="as a scanner ends its line"),
        pytest.param(f"01{GTIN}17270300", Scanned(GTIN, "", MARCH), id="day 00"),
        pytest.param(
            f"01{GTIN}17280200", Scanned(GTIN, "", dt.date(2028, 2, 29)), id="day 00, leap year"
        ),
        pytest.param(
            f"01{GTIN}17761231", Scanned(GTIN, "", dt.date(2076, 12, 31)), id="50 years ahead"
        ),
        pytest.param(
            f"01{GTIN}17771231", Scanned(GTIN, "", dt.date(1977, 12, 31)), id="51 years: before"
        ),
    ],
)
def test_a_code_is_read(code, said):
    assert barcodes.read(code, today=TODAY) == said


def test_at_the_end_of_a_century_a_low_year_is_of_the_next():
    late = dt.date(2098, 6, 1)

    assert barcodes.read(f"01{GTIN}17020131", today=late).expires_on == dt.date(2102, 1, 31)


@pytest.mark.parametrize("at", range(0, len(CHARACTERS), 20))
def test_a_lot_may_hold_every_character_of_the_standard(at):
    lot = CHARACTERS[at : at + 20]

    assert barcodes.read(f"01{GTIN}10{lot}{GS}17270331", today=TODAY) == Scanned(GTIN, lot, MARCH)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("4006381333932", barcodes.BAD_CHECK_DIGIT),
        ("]d20104006381333932", barcodes.BAD_CHECK_DIGIT),
        (f"01{GTIN}17270230", barcodes.BAD_DAY),
        (f"01{GTIN}17271345", barcodes.UNREADABLE),
        (f"01{GTIN}17270001", barcodes.BAD_DAY),
        (f"01{GTIN}10" + "A" * 21, barcodes.UNREADABLE),
        (f"01{GTIN}10A{GS}10B", barcodes.UNREADABLE),
        ("hello", barcodes.UNREADABLE),
        ("", barcodes.UNREADABLE),
        ("(99)", barcodes.UNREADABLE),
        ("(01)123", barcodes.UNREADABLE),
        ("]d2", barcodes.UNREADABLE),
        ("21SERIAL", barcodes.UNREADABLE),
        ("１２３４５６７８", barcodes.UNREADABLE),
        ("1" * 201, barcodes.UNREADABLE),
    ],
)
def test_what_is_no_code_of_a_pack_is_said(code, words):
    with pytest.raises(Invalid) as refused:
        barcodes.read(code, today=TODAY)

    assert refused.value.message == words
