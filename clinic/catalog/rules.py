"""Which lot may be used, which one first, and what a new clinic offers."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from clinic.catalog.values import (
    CENTRIFUGE,
    AnyLot,
    AnyProduct,
    LotChoice,
    LotState,
    Modality,
    ProductKind,
    ResourceKind,
    Segment,
    Unusable,
)


def usable(lot: AnyLot, product: AnyProduct, on: dt.date) -> Unusable | None:
    """Tell why a lot must not be used on a day; None when it may.

    A lot may be used up to and including the day printed on it. What never becomes right comes
    first: a cosmetic stays a cosmetic, whatever its date (Reg. (EC) 1223/2009 Art. 2(2)).
    """
    if product.kind is ProductKind.COSMETIC:
        return Unusable.COSMETIC
    if product.kind is not ProductKind.KIT and not product.is_injectable:
        return Unusable.NOT_INJECTABLE
    if lot.state is LotState.RECALLED:
        return Unusable.RECALLED
    if lot.state is LotState.QUARANTINE:
        return Unusable.QUARANTINED
    if lot.expires_on < on:
        return Unusable.EXPIRED
    return None if product.is_active else Unusable.WITHDRAWN


def first_expiring(lots: Iterable[LotChoice]) -> LotChoice | None:
    """Return the usable lot that expires first; the lower id of two with the same day."""
    return min(
        (lot for lot in lots if lot.unusable is None),
        key=lambda lot: (lot.expires_on, lot.id),
        default=None,
    )


def in_order_of_use(lots: Iterable[LotChoice]) -> list[LotChoice]:
    """Return lots as they are offered: usable first, the first-expiring of those on top."""
    return sorted(lots, key=lambda lot: (lot.unusable is not None, lot.expires_on, lot.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A service that a new clinic begins with."""

    code: str
    name: str
    modality: Modality
    duration_min: int
    sessions_planned: int
    interval_days: int
    segments: tuple[Segment, ...]


def _segments(*parts: tuple[ResourceKind, int, int]) -> tuple[Segment, ...]:
    return tuple(
        Segment(
            seq=seq,
            kind=kind,
            device_type=CENTRIFUGE if kind is ResourceKind.DEVICE else "",
            offset_min=begins,
            length_min=ends - begins,
        )
        for seq, (kind, begins, ends) in enumerate(parts, 1)
    )


DEFAULT_OFFERS = (
    Offer(
        code="prp",
        name="PRP",
        modality=Modality.PRP,
        duration_min=65,
        sessions_planned=3,
        interval_days=28,
        segments=_segments(
            (ResourceKind.ROOM, 0, 65),
            (ResourceKind.NURSE, 0, 10),
            (ResourceKind.DEVICE, 10, 30),
            (ResourceKind.PRACTITIONER, 30, 55),
        ),
    ),
    Offer(
        code="mesotherapy",
        name="Mesotherapy",
        modality=Modality.MESOTHERAPY,
        duration_min=30,
        sessions_planned=8,
        interval_days=7,
        segments=_segments((ResourceKind.ROOM, 0, 30), (ResourceKind.PRACTITIONER, 5, 25)),
    ),
    Offer(
        code="consultation",
        name="Consultation",
        modality=Modality.CONSULTATION,
        duration_min=30,
        sessions_planned=1,
        interval_days=28,
        segments=_segments((ResourceKind.ROOM, 0, 30), (ResourceKind.PRACTITIONER, 0, 30)),
    ),
)
"""PRP: three sessions every four weeks [YEP, AGG]; mesotherapy: weekly, eight times [MOF]."""
