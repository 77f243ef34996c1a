"""The lots of a session as they are read: what was in the syringe, and what it comes to."""

import datetime as dt
from dataclasses import dataclass

from clinic.catalog.values import RegulatoryClass
from clinic.treatments.named import Label
from clinic.treatments.values import LotRole


@dataclass(frozen=True, slots=True, kw_only=True)
class LotLine:
    """One lot of a session, with what stands on its pack."""

    label: Label
    udi: str
    """What its barcode said; empty: nobody scanned it."""
    role: LotRole
    expires_on: dt.date
    amount_ul: int | None
    pieces: int | None
    dose_ug: int | None
    opened_at: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MixLine:
    """One lot of a draft, with its dose and what it leaves of its limit."""

    product: str
    lot_no: str
    regulatory_class: RegulatoryClass
    strength_ug_per_ml: int | None
    amount_ul: int | None
    mg: str
    """Exactly, as text; empty where strength or volume is not known."""
    most_ul: int | None
    """The most of an anaesthetic alone for the weight, rounded down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """What a draft is mixed of, beside what its points give."""

    lines: tuple[MixLine, ...]
    total_ul: int
    given_ul: int
