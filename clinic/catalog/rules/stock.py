"""Stock: what a use takes, what is short, what is soon to expire, and what may be taken back."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from clinic.catalog.stock_values import (
    EXPIRES_SOON_DAYS,
    REVERSIBLE,
    UNDO_MINUTES,
    CountedLot,
    MovementKind,
    Scanned,
    Shortage,
    Use,
)
from clinic.catalog.values import LotChoice, OpenVial, StockUnit, Unusable

PIECE = 1000
"""Thousandths of a piece."""


def taken(uses: Iterable[Use], units: dict[int, StockUnit]) -> dict[int, int]:
    """Return {lot id: thousandths of its unit} that uses take together; nothing of an unknown lot.

    A volume that was not written takes nothing: it is asked for before anything is signed whole.
    """
    sums: dict[int, int] = {}
    for use in uses:
        unit = units.get(use.lot_id)
        if unit is None or (use.is_open and unit is StockUnit.PIECE):
            continue
        amount = (use.pieces or 1) * PIECE if unit is StockUnit.PIECE else use.amount_ul or 0
        if amount:
            sums[use.lot_id] = sums.get(use.lot_id, 0) + amount
    return sums


def short(wanted: dict[int, int], lots: Sequence[LotChoice]) -> tuple[Shortage, ...]:
    """Return the counted lots of which less is left than is wanted, in the order of the lots."""
    return tuple(
        Shortage(
            lot_id=lot.id,
            lot_no=lot.lot_no,
            left_milli=lot.level_milli,
            wanted_milli=wanted[lot.id],
            unit=lot.unit,
        )
        for lot in lots
        if lot.level_milli is not None and wanted.get(lot.id, 0) > lot.level_milli
    )


def expires_soon(lot: LotChoice, on: dt.date) -> bool:
    """Tell whether a lot that may be used and is not empty expires within the next 30 days."""
    return lot.unusable is None and lot.expires_on <= on + dt.timedelta(days=EXPIRES_SOON_DAYS)


def is_left_over(lot: LotChoice) -> bool:
    """Tell whether some of a lot still stands on the shelf that was called back or is too old."""
    return lot.unusable in {Unusable.RECALLED, Unusable.EXPIRED} and bool(lot.level_milli)


def is_on_shelf(lot: LotChoice) -> bool:
    """Tell whether a lot is looked for when the shelf is counted: it is there, or could be."""
    return bool(lot.level_milli) or lot.unusable in {None, Unusable.EMPTY, Unusable.QUARANTINED}


def moved(counted: Iterable[CountedLot], levels: Mapping[int, int | None]) -> frozenset[int]:
    """Return the lots of a count of which something came or went since the page was shown."""
    return frozenset(line.lot_id for line in counted if levels.get(line.lot_id) != line.seen_milli)


def compared(
    counted: Iterable[CountedLot], lots: Iterable[LotChoice]
) -> list[tuple[LotChoice, CountedLot, int]]:
    """Return (lot, its line, what it is off by) of every line of a count, those that differ first.

    A lot that had never been counted is off by all that was found of it.
    """
    known = {lot.id: lot for lot in lots}
    lines = [
        (known[line.lot_id], line, line.counted_milli - (known[line.lot_id].level_milli or 0))
        for line in counted
        if line.lot_id in known
    ]
    return sorted(lines, key=lambda line: not line[2])


def may_reverse(kind: MovementKind, made_at: dt.datetime, now: dt.datetime) -> bool:
    """Tell whether a movement may still be taken back: soon, and only what nobody has signed."""
    return kind in REVERSIBLE and now - made_at <= dt.timedelta(minutes=UNDO_MINUTES)


def may_correct(kind: MovementKind, made_at: dt.datetime, now: dt.datetime) -> bool:
    """Tell whether a movement may be taken back with a reason: a delivery at any time."""
    return kind is MovementKind.RECEIPT or may_reverse(kind, made_at, now)


def vial(
    lot: LotChoice,
    vial_id: int,
    opened_at: dt.datetime,
    hours: int,
    *,
    at: dt.datetime,
    is_of_another: bool,
    is_gone: bool,
) -> OpenVial:
    """Return an opened vial of a lot as it stands at an instant; its last minute is good.

    Where pieces are counted an empty shelf says nothing of it: opened, it had left the shelf.
    """
    until = opened_at + dt.timedelta(hours=hours)
    is_off_shelf = lot.unusable is Unusable.EMPTY and lot.unit is StockUnit.PIECE
    against = (
        (not is_off_shelf, lot.unusable),
        (is_gone, Unusable.DISCARDED),
        (is_of_another, Unusable.USED_ON_ANOTHER),
        (at > until, Unusable.OPEN_TOO_LONG),
    )
    unusable = next((reason for is_so, reason in against if is_so and reason), None)
    return OpenVial(id=vial_id, opened_at=opened_at, until=until, unusable=unusable)


def scanned_lot(scanned: Scanned, lots: Iterable[LotChoice]) -> list[LotChoice]:
    """Return the lots that a barcode means, in the order in which they are offered.

    A code without a lot means all lots of its product; one without a product all of that number.
    """
    return [
        lot
        for lot in lots
        if (not scanned.gtin or scanned.gtin in lot.gtins)
        and (not scanned.lot_no or lot.lot_no == scanned.lot_no)
        and (scanned.gtin or scanned.lot_no)
    ]
