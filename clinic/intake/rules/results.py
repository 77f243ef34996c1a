"""Reading a laboratory value or a measurement: convert what is certain, refuse the absurd."""

import re
from decimal import Decimal

from clinic.core import units
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.core.units import shown_unit
from clinic.safety.rules import plausible
from clinic.safety.rules.codes import Codes

_GROUPED = re.compile(r"\d{1,3}([.,’' \u00a0\u202f]\d{3})+", re.ASCII)


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
        if plausible.canonical(codes, code, Decimal(plain), unit) is not None:
            raise Invalid(
                N_("Write the number without a thousands separator: %(number)s"),
                field="value",
                number=plain,
            )
    try:
        value = units.decimal(typed)
    except Invalid as bad:
        raise Invalid(bad.message, field="value") from None
    milli = plausible.canonical(codes, code, value, unit)
    if milli is not None:
        return milli
    meant = plausible.meant(codes, code, value, unit)
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
