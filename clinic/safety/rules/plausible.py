"""Whether a result can be true, and what was probably meant where it cannot."""

import re
from decimal import Decimal

from clinic.core import units
from clinic.core.units import shown_unit
from clinic.safety.rules.codes import Codes

_POWER = re.compile(r"10[3-9]", re.ASCII)
"""What is left of a power of ten whose exponent lost its place: "105/µL" is 10^5/µL."""
_RAISED = str.maketrans("3456789", "³⁴⁵⁶⁷⁸⁹")
_SAME = {
    "10^9/L": "10*9/L",
    "x10^9/L": "10*9/L",
    "10^3/uL": "10*3/uL",
    "/µL": "/uL",
    "°C": "Cel",
    "mmHg": "mm[Hg]",
    "INR": "{INR}",
    "sec": "s",
}
"""Units that are written in two ways: one of them is offered."""


def units_offered(codes: Codes, code: str) -> tuple[str, ...]:
    """Return the units a value may be given in, each meaning once, the canonical one first."""
    known = codes.units_of(code)
    if "{INR}" in known:
        return ("{INR}",)
    return tuple(unit for unit in known if _SAME.get(unit, unit) == unit)


def canonical(codes: Codes, code: str, value: Decimal, unit: str) -> int | None:
    """Return the converted value, None when it cannot be true."""
    milli = codes.to_canonical(code, value, unit)
    return milli if milli is not None and codes.is_plausible(code, milli) else None


def meant(codes: Codes, code: str, value: Decimal, unit: str) -> list[str]:
    """Return how the value could be true: with a lost power of ten, or in another unit."""
    found: list[str] = []
    whole = f"{value:f}"
    if "uL" in unit and _POWER.fullmatch(whole):
        power = Decimal(10) ** int(whole[-1])
        milli = canonical(codes, code, power, unit)
        concept = codes.concept(code)
        if milli is not None and concept is not None:
            amount = units.show_thousandths(milli)
            own = shown_unit(concept.unit)
            power_shown = f"10{whole[-1].translate(_RAISED)}"
            found.append(f"{power_shown} {shown_unit(unit)} (= {amount} {own})")
    found += [
        f"{whole} {shown_unit(other)}"
        for other in units_offered(codes, code)
        if other != unit and canonical(codes, code, value, other) is not None
    ]
    return list(dict.fromkeys(found))[:2]
