"""Which lot may be used, and which one first."""

import datetime as dt
from collections.abc import Iterable

from clinic.catalog.values import (
    AnyLot,
    AnyProduct,
    LotChoice,
    LotState,
    ProductKind,
    RegulatoryClass,
    Unusable,
)


def usable(
    lot: AnyLot, product: AnyProduct, on: dt.date, level_milli: int | None = None
) -> Unusable | None:
    """Tell why a lot must not be used on a day; None when it may.

    A lot may be used up to and including the day printed on it. What never becomes right comes
    first: a cosmetic stays a cosmetic, whatever its date (Reg. (EC) 1223/2009 Art. 2(2)).
    Without a level nobody has counted it, and it may be used.
    """
    is_cosmetic = RegulatoryClass.COSMETIC is product.regulatory_class
    against = (
        (is_cosmetic or product.kind is ProductKind.COSMETIC, Unusable.COSMETIC),
        (
            product.kind is not ProductKind.KIT and not product.is_injectable,
            Unusable.NOT_INJECTABLE,
        ),
        (lot.state is LotState.RECALLED, Unusable.RECALLED),
        (lot.state is LotState.QUARANTINE, Unusable.QUARANTINED),
        (lot.expires_on < on, Unusable.EXPIRED),
        (not product.is_active, Unusable.WITHDRAWN),
        (level_milli == 0, Unusable.EMPTY),
    )
    return next((reason for is_so, reason in against if is_so), None)


def first_expiring(lots: Iterable[LotChoice]) -> LotChoice | None:
    """Return the usable lot that expires first; the lower id of two with the same day."""
    return min(
        (lot for lot in lots if lot.unusable is None),
        key=lambda lot: (lot.expires_on, lot.id),
        default=None,
    )


def in_order_of_use(lots: Iterable[LotChoice]) -> list[LotChoice]:
    """Return lots as they are offered: usable first, the first-expiring of those on top."""
    return sorted(lots, key=lambda lot: (not lot.is_offered, lot.expires_on, lot.id))
