"""Amounts as whole numbers: microlitres, micrometres, milligrams, thousandths; read and written.

Decimal comma and point mean the same; thousands separators are refused, because 1.500 and 1,500
mean different things to different people.
"""

import re
from decimal import Decimal

from clinic.core.errors import Invalid
from clinic.core.text import N_

_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹٫,", "01234567890123456789..")
_NUMBER = re.compile(r"\d{1,7}(\.\d{1,4})?", re.ASCII)
BAD_NUMBER = N_("Enter a number such as 0.1")


def decimal(raw: str) -> Decimal:
    """Read a number as people type it; raises Invalid for anything else."""
    text = raw.strip().translate(_DIGITS)
    if not _NUMBER.fullmatch(text):
        raise Invalid(BAD_NUMBER)
    return Decimal(text)


def thousandths(raw: str) -> int:
    """Read a number into whole thousandths: mL into µL, mm into µm, g/dL into mg/dL.

    Raises Invalid when it is no number or finer than a thousandth.
    """
    value = decimal(raw) * 1000
    if value != value.to_integral_value():
        raise Invalid(N_("At most three decimals, please"))
    return int(value)


def show_thousandths(amount: int, places: int = 0) -> str:
    """Write thousandths with a point and no more decimals than needed, at least `places`."""
    value = Decimal(amount) / 1000
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    whole, _, rest = text.partition(".")
    rest = rest.ljust(places, "0")
    return f"{whole}.{rest}" if rest else whole


_UNITS = {
    "10*9/L": "×10⁹/L",
    "10*12/L": "×10¹²/L",
    "10*3/uL": "×10³/µL",
    "10*6/uL": "×10⁶/µL",
    "/uL": "/µL",
    "{INR}": "INR",
    "Cel": "°C",
    "mm[Hg]": "mmHg",
    "1": "",
}


def shown_unit(unit: str | None) -> str:
    """Return how a unit is written for people; nothing for a bare number."""
    return _UNITS.get(unit or "", unit or "")
