"""The mixed syringe: how old it may be, how long its vials were open, what the leaflets say."""

import datetime as dt
from collections.abc import Iterator

from clinic.catalog.values import Modality, ProductKind
from clinic.core.text import N_
from clinic.core.units import show_thousandths
from clinic.safety.values import Confidence
from clinic.treatments.rules import limits
from clinic.treatments.rules.hours import minutes_begun
from clinic.treatments.values import Breach, Case, UsedLot


def refused(case: Case) -> Iterator[Breach]:
    """Yield what is too old to be injected, and times that cannot be."""
    if case.at is None:
        return
    mixed = case.content.mixed_at
    minutes = _minutes_old(case)
    if mixed is not None and mixed > case.at:
        yield _future("mixed")
    elif minutes > limits.MIXED_MOST_MIN:
        yield _old(
            "mixed_too_old",
            N_("Mixed %(minutes)s minutes before the injection: at most %(most)s, mix anew"),
            minutes,
            limits.MIXED_MOST_MIN,
        )
    for row, lot in enumerate(case.used, 1):
        if lot.opened_at is not None and lot.opened_at > case.at:
            yield _future(f"opened_{row}")
        elif _is_open_too_long(case, lot):
            yield Breach(
                code="open_too_long",
                field=f"opened_{row}",
                message=N_("%(product)s may be used for %(hours)s hours once it is opened"),
                values=(("product", lot.name), ("hours", lot.open_hours or 0)),
            )


def missing(case: Case) -> Iterator[Breach]:
    """Yield that nobody wrote when a mixture was mixed: without it no hours can be counted."""
    if case.content.mixed_at is None and len(_mixable(case)) > 1:
        yield Breach(
            code="missing",
            field="mixed",
            message=N_("Enter when the syringe was mixed: its hours count from then"),
            source=limits.MIXED_SOURCE,
            status=limits.MIXED_STATUS,
        )


def unusual(case: Case) -> Iterator[Breach]:
    """Yield a mixture that stood for long, and volumes over what the leaflet says.

    An anaesthetic may have been given by itself: of that one a tick says that it was not mixed in.
    """
    minutes = _minutes_old(case)
    is_numbed = any(lot.kind is ProductKind.ANAESTHETIC for lot in case.used)
    if case.content.mixed_at is None and is_numbed and len(_mixable(case)) == 1:
        yield Breach(
            code="mixed_unknown",
            field="mixed",
            message=N_("Nobody wrote when it was mixed: was the anaesthetic given by itself?"),
            values=(("exact", " + ".join(f"{lot.name} {lot.amount_ul}" for lot in case.used)),),
            source=limits.MIXED_SOURCE,
            status=limits.MIXED_STATUS,
        )
    if limits.MIXED_MIN < minutes <= limits.MIXED_MOST_MIN:
        yield _old(
            "mixed_unusual",
            N_("Mixed %(minutes)s minutes before the injection: usually at most %(most)s"),
            minutes,
            limits.MIXED_MIN,
        )
    for name, (row, amount, most) in _by_leaflet(case).items():
        if amount > most:
            yield Breach(
                code="leaflet",
                field=f"amount_{row}",
                message=N_("%(product)s: %(amount)s mL, its leaflet says at most %(most)s"),
                values=(
                    ("product", name),
                    ("amount", show_thousandths(amount)),
                    ("most", show_thousandths(most)),
                ),
                source="leaflet",
                status=Confidence.LABEL,
            )


def _mixable(case: Case) -> set[str]:
    """Return the products that are mixed when there are several; PRP is no mixture."""
    kinds = {ProductKind.DRUG, ProductKind.DILUENT}
    of_mixtures = case.modality is not Modality.PRP
    return {lot.name for lot in case.used if lot.kind in kinds and of_mixtures}


def _by_leaflet(case: Case) -> dict[str, tuple[int, int, int]]:
    """Return {product: (its last row, microlitres of all its lots, the most by its leaflet)}."""
    sums: dict[str, tuple[int, int, int]] = {}
    for row, lot in enumerate(case.used, 1):
        if lot.leaflet_ul is not None and lot.amount_ul is not None:
            amount = sums.get(lot.name, (row, 0, 0))[1] + lot.amount_ul
            sums[lot.name] = (row, amount, lot.leaflet_ul)
    return sums


def _is_open_too_long(case: Case, lot: UsedLot) -> bool:
    if lot.opened_at is None or lot.open_hours is None:
        return False
    until = lot.opened_at + dt.timedelta(hours=lot.open_hours)
    return _injected_at(case, lot.opened_at) > until


def _injected_at(case: Case, ready_at: dt.datetime) -> dt.datetime:
    """Return when something was injected: points that were set before it was ready were planned."""
    assert case.at is not None, "asked only where the time is"
    return case.begun_at if case.begun_at is not None and ready_at <= case.begun_at else case.at


def _minutes_old(case: Case) -> int:
    """Return the minutes that have begun between mixing and injecting; 0 without a mixture."""
    mixed = case.content.mixed_at
    if case.at is None or mixed is None:
        return 0
    return minutes_begun(mixed, _injected_at(case, mixed))


def _future(field: str) -> Breach:
    return Breach(code="in_the_future", field=field, message=N_("This time has not come yet"))


def _old(code: str, message: str, minutes: int, most: int) -> Breach:
    return Breach(
        code=code,
        field="mixed",
        message=message,
        values=(("minutes", minutes), ("most", most)),
        source=limits.MIXED_SOURCE,
        status=limits.MIXED_STATUS,
    )
