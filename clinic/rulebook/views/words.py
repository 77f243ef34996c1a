"""How wordings and numbers of rules are written in the language of the page."""

import re
from collections.abc import Iterable
from decimal import Decimal

from flask_babel import ngettext

from clinic.core.text import N_
from clinic.core.units import shown_unit
from clinic.rulebook.rules.names import number_name
from clinic.safety.rules.language import Number
from clinic.web.formats import ltr
from clinic.web.words import translate

_GAP = re.compile(r"%\((\w+)\)s")
_GAPS = {
    "age": N_("age"),
    "clears_on": N_("date"),
    "date": N_("date"),
    "elapsed": N_("days"),
    "fact": N_("what was recorded"),
    "ingredient": N_("ingredient"),
    "limit": N_("limit"),
    "value": N_("result"),
    "window": N_("waiting time"),
    "zone": N_("zone"),
}
_COUNTED = {"day": N_("days"), "month": N_("months"), "year": N_("years")}


def wording(text: str, numbers: Iterable[Number] = ()) -> str:
    """Return a wording as it reads before the facts of a patient are in it: "on ‹date›".

    What a rule's own numbers fill is filled.
    """
    own = {number.name: number.value for number in numbers if number.name not in _GAPS}

    def filled(gap: re.Match[str]) -> str:
        name = gap[1]
        return own.get(name) or f"‹{translate(_GAPS.get(name) or number_name(name))}›"

    return _GAP.sub(filled, translate(text).replace(" %(unit)s", "")).replace("%%", "%")


def amount(value: str, unit: str) -> str:
    """Write a number of a rule with its unit: "14 days", "50 ×10⁹/L"."""
    shown = f"{Decimal(value):f}"
    if Decimal(value) == Decimal(value).to_integral_value():
        count = int(Decimal(value))
        if unit == "day":
            return str(ngettext("%(num)d day", "%(num)d days", count))
        if unit == "month":
            return str(ngettext("%(num)d month", "%(num)d months", count))
        if unit == "year":
            return str(ngettext("%(num)d year", "%(num)d years", count))
    return ltr(f"{shown} {shown_unit(unit)}".strip())


def unit_word(unit: str) -> str:
    """Write a unit beside a field."""
    return translate(_COUNTED[unit]) if unit in _COUNTED else shown_unit(unit)
