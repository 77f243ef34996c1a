"""Reading a laboratory value or a measurement: convert what is certain, refuse the absurd."""

import re
from decimal import Decimal

from clinic.core import units
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.core.units import shown_unit
from clinic.safety.rules.codes import Codes

_GROUPED = re.compile(r"\d{1,3}([.,’' \u00a0\u202f]\d{3})+", re.ASCII)
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


def read_result(codes: Codes, code: str, raw: str, unit: str) -> int:
    """Return a value in thousandths of the canonical unit.

    Raises Invalid for what is no number, for a unit that is not of this value, and for a value
    that cannot be true, then with what was probably meant.
    """
    concept = codes.concept(code)
    if concept is None or unit not in codes.units_of(code):
        raise Invalid(N_("Choose one of the list"), field="test")
    typed = raw.strip()
    if _GROUPED.fullmatch(typed):
        plain = re.sub(r"\D", "", typed)
        if _canonical(codes, code, Decimal(plain), unit) is not None:
            raise Invalid(
                N_("Write the number without a thousands separator: %(number)s"),
                field="value",
                number=plain,
            )
    try:
        value = units.decimal(typed)
    except Invalid as bad:
        raise Invalid(bad.message, field="value") from None
    milli = _canonical(codes, code, value, unit)
    if milli is not None:
        return milli
    meant = _meant(codes, code, value, unit)
    values = {"name": concept.name, "value": typed, "unit": shown_unit(unit)}
    if len(meant) > 1:
        raise Invalid(
            N_("%(name)s of %(value)s %(unit)s cannot be. Was %(meant)s or %(other)s meant?"),
            field="value",
            **values,
            meant=meant[0],
            other=meant[1],
        )
    if meant:
        raise Invalid(
            N_("%(name)s of %(value)s %(unit)s cannot be. Was %(meant)s meant?"),
            field="value",
            **values,
            meant=meant[0],
        )
    raise Invalid(
        N_("%(name)s of %(value)s %(unit)s cannot be: from %(low)s to %(high)s %(canonical)s"),
        field="value",
        **values,
        low=concept.low,
        high=concept.high,
        canonical=shown_unit(concept.unit),
    )


def _canonical(codes: Codes, code: str, value: Decimal, unit: str) -> int | None:
    """Return the converted value, None when it cannot be true."""
    milli = codes.to_canonical(code, value, unit)
    return milli if milli is not None and codes.is_plausible(code, milli) else None


def _meant(codes: Codes, code: str, value: Decimal, unit: str) -> list[str]:
    """Return how the value could be true: with a lost power of ten, or in another unit."""
    found: list[str] = []
    whole = f"{value:f}"
    if "uL" in unit and _POWER.fullmatch(whole):
        power = Decimal(10) ** int(whole[-1])
        milli = _canonical(codes, code, power, unit)
        concept = codes.concept(code)
        if milli is not None and concept is not None:
            amount = units.show_thousandths(milli)
            canonical = shown_unit(concept.unit)
            power_shown = f"10{whole[-1].translate(_RAISED)}"
            found.append(f"{power_shown} {shown_unit(unit)} (= {amount} {canonical})")
    found += [
        f"{whole} {shown_unit(other)}"
        for other in units_offered(codes, code)
        if other != unit and _canonical(codes, code, value, other) is not None
    ]
    return list(dict.fromkeys(found))[:2]
