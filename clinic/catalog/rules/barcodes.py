"""What the barcode of a pack says: product, lot and expiry, as GS1 writes them.

Understood: element strings as a scanner sends them (with or without the sign of the symbology, the
group separator as itself or as it is printed), the same with parentheses, and a plain EAN or GTIN.
"""

import calendar
import datetime as dt
import re

import biip
from biip.gs1_messages import GS1Message
from biip.gtin import Gtin

from clinic.catalog.stock_values import Scanned
from clinic.core.errors import Invalid
from clinic.core.text import N_

UNREADABLE = N_("This is no barcode of a pack. Scan it again, or type product, lot and date.")
BAD_CHECK_DIGIT = N_("The last digit of the product number is wrong. Scan it again.")
BAD_DAY = N_("The barcode names a day that does not exist. Type the date that is printed.")
LONGEST = 200
_SEPARATORS = ("\x1d", "\u241d", "\x1e", "|")
"""The group separator, as it is printed, and what scanners are set to send in its place."""
_CONFIG = biip.ParseConfig(gs1_element_strings_verify_date=False, separator_chars=_SEPARATORS)
_PRODUCT, _LOT, _EXPIRY, _SERIAL = "01", "10", "17", "21"


def read(raw: str, *, today: dt.date) -> Scanned:
    """Return what a barcode says; what it does not say is empty.

    Raises Invalid when it is no such barcode, when its check digit is wrong, or its date is no day.
    """
    text = raw.strip(" \t\r\n")
    if not text or len(text) > LONGEST:
        raise Invalid(UNREADABLE)
    if re.fullmatch(r"\d{8}|\d{12,14}", text, re.ASCII):
        return Scanned(gtin=_gtin(text))
    said = _elements(text)
    if not said.keys() & {_PRODUCT, _LOT, _EXPIRY}:
        raise Invalid(UNREADABLE)
    return Scanned(
        gtin=_gtin(said[_PRODUCT]) if _PRODUCT in said else "",
        lot_no=said.get(_LOT, ""),
        expires_on=_day(said[_EXPIRY], today) if _EXPIRY in said else None,
        serial=said.get(_SERIAL, ""),
    )


def written(scanned: Scanned) -> str:
    """Return what a barcode said as it is printed below it; empty where it named no product.

    Of a device this is its UDI: the GTIN is the device identifier, the rest tells the pack.
    """
    if not scanned.gtin:
        return ""
    said = (
        (_PRODUCT, scanned.gtin),
        (_EXPIRY, f"{scanned.expires_on:%y%m%d}" if scanned.expires_on else ""),
        (_LOT, scanned.lot_no),
        (_SERIAL, scanned.serial),
    )
    return "".join(f"({ai}){value}" for ai, value in said if value)


def _elements(text: str) -> dict[str, str]:
    """Return {application identifier: value}; one that says two things is no barcode of a pack."""
    try:
        message = GS1Message.parse(_bare(text), config=_CONFIG)
    except biip.ParseError:
        raise Invalid(UNREADABLE) from None
    said: dict[str, str] = {}
    for element in message.element_strings:
        if said.setdefault(element.ai.ai, element.value) != element.value:
            raise Invalid(UNREADABLE)
    return said


def _bare(text: str) -> str:
    """Return element strings without the sign of the symbology and without parentheses."""
    if text.startswith("("):
        # A lot may hold parentheses itself: only those around two to four digits begin an element.
        parts = re.split(r"\((\d{2,4})\)", text)
        pairs = zip(parts[1::2], parts[2::2], strict=True)
        return _SEPARATORS[0].join(ai + value.strip() for ai, value in pairs)
    return re.sub(r"\A\](?:d2|C1|e0|Q3|J1)", "", text).lstrip("".join(_SEPARATORS))


def _gtin(digits: str) -> str:
    try:
        return Gtin.parse(digits).as_gtin_14()
    except biip.ParseError:
        raise Invalid(BAD_CHECK_DIGIT) from None


def _day(digits: str, today: dt.date) -> dt.date:
    """Return a day of six digits: of the hundred years around today; day 00 is the month's last."""
    year, month, day = (int(digits[n : n + 2]) for n in (0, 2, 4))
    year += today.year - today.year % 100
    # GS1 General Specifications 7.12: 51 to 99 years ahead is the century before, and back.
    if year - today.year > 50:
        year -= 100
    elif year - today.year < -49:
        year += 100
    try:
        return dt.date(year, month, day or calendar.monthrange(year, month)[1])
    except (ValueError, calendar.IllegalMonthError):
        raise Invalid(BAD_DAY) from None
