"""The three questions about what was written into a session.

What is impossible (`refused`, at once, at the field), what is still missing before a signature
(`missing`), and what is unusual (`unusual`, needs one tick).
"""

import datetime as dt
from collections.abc import Collection, Iterator

from clinic.catalog.values import Modality, ProductKind
from clinic.core.text import N_
from clinic.core.units import show_thousandths
from clinic.treatments.rules import dose, limits, mixing, volumes
from clinic.treatments.values import Breach, Case, TimeOut


def refused(case: Case) -> tuple[Breach, ...]:
    """Return everything that cannot be right, each at its field; empty when it can be kept."""
    return (*volumes.refused(case), *dose.refused(case), *mixing.refused(case))


def unusual(case: Case) -> tuple[Breach, ...]:
    """Return what is outside of the soft limits; signing over it needs one tick."""
    return (*volumes.unusual(case), *dose.unusual(case), *mixing.unusual(case), *_unusual_age(case))


def missing(case: Case) -> tuple[Breach, ...]:
    """Return what must be written before a whole session is signed."""
    return tuple(_missing(case))


def unsaid(said: Collection[TimeOut]) -> tuple[Breach, ...]:
    """Return what the time-out lacks before the first point."""
    if set(TimeOut) <= set(said):
        return ()
    return (_needed("time_out", N_("The safety time-out is not whole: tap its lines first")),)


def is_age_possible(birth_date: dt.date | None, on: dt.date) -> bool:
    """Tell whether somebody of this age is treated at all; without a birth date nobody can say."""
    age = dose.age_on(birth_date, on)
    return age is None or limits.AGE.hard.holds(age)


def _unusual_age(case: Case) -> Iterator[Breach]:
    age, soft = dose.age_on(case.birth_date, case.on), limits.AGE.soft
    if age is not None and soft is not None and not soft.holds(age):
        yield volumes.unusually(limits.AGE, limits.AGE.code, value=str(age))


def _missing(case: Case) -> Iterator[Breach]:
    content = case.content
    kinds = {lot.kind for lot in case.used}
    if case.modality is not Modality.PRP and ProductKind.DRUG not in kinds:
        yield _needed("lot_1", N_("Choose the lot of what was injected"))
    for row, lot in enumerate(case.used, 1):
        if lot.amount_ul is None:
            yield _needed(f"amount_{row}", N_("Enter how much of it was used"))
    yield from mixing.missing(case)
    if not content.sites:
        yield _needed("points", N_("Set at least one point"))
    elif volumes.total_ul(content.sites) < limits.INJECTION[case.modality].total.hard.least:
        given = show_thousandths(volumes.total_ul(content.sites))
        yield volumes.refusal(limits.INJECTION[case.modality].total, "points", value=given)


def _needed(field: str, message: str) -> Breach:
    return Breach(code="missing", field=field, message=message)
