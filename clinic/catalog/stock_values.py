"""Stock as words, values and commands: what comes to a lot and goes from it."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from clinic.catalog.values import StockUnit
from clinic.core.text import N_


class MovementKind(StrEnum):
    """Why the stock of a lot changed."""

    RECEIPT = "receipt"
    USE = "use"
    WASTE = "waste"
    COUNT = "count"
    TRANSFER = "transfer"
    REVERSAL = "reversal"


MOVEMENT_NAMES: dict[MovementKind, str] = {
    MovementKind.RECEIPT: N_("Received"),
    MovementKind.USE: N_("Used in a session"),
    MovementKind.WASTE: N_("Thrown away"),
    MovementKind.COUNT: N_("Counted"),
    MovementKind.TRANSFER: N_("Moved between places"),
    MovementKind.REVERSAL: N_("Taken back"),
}
MORE_WAS_THERE = N_("A session that was broken off used more than was thought to be left: count it")
"""Why a level was put right by a session: nobody counted yet."""
REVERSIBLE = frozenset({MovementKind.RECEIPT, MovementKind.WASTE, MovementKind.COUNT})
"""What can be taken back: a use is signed, and a transfer is moved back."""
UNDO_MINUTES = 10
EXPIRES_SOON_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveLot:
    """Put what was delivered into stock; the lot is made when it is not on the list."""

    product_id: int
    lot_no: str
    expires_on: dt.date
    amount_milli: int
    form_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WasteLot:
    """Take out of stock what was broken, spilled or thrown away."""

    lot_id: int
    amount_milli: int
    reason: str
    form_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountLot:
    """Say how much there is, whatever the movements say."""

    lot_id: int
    counted_milli: int
    reason: str
    form_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedLot:
    """One line of a count: what the page said there was, and what was found."""

    lot_id: int
    seen_milli: int | None
    """None: it had never been counted here."""
    counted_milli: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountShelf:
    """Say how much there is of many lots at once."""

    lots: tuple[CountedLot, ...]
    reason: str
    form_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveLot:
    """Send some of a lot to another place of the clinic."""

    lot_id: int
    to_location_id: int
    amount_milli: int
    reason: str
    form_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a session takes from a lot."""

    lot_id: int
    amount_ul: int | None
    """None: pieces."""
    pieces: int | None = None
    """None: one, where the product is counted in pieces."""
    is_open: bool = False
    """Out of a vial that was open: as a piece it was taken when it was opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One line of a lot's movements."""

    id: int
    lot_id: int
    kind: MovementKind
    amount_milli: int
    at: dt.datetime
    who: str
    reason: str
    session_id: int | None
    reverses_id: int | None
    may_be_reversed: bool
    may_be_corrected: bool
    """With a reason, later than it can be taken back by one press."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a barcode said."""

    gtin: str = ""
    """Fourteen digits; empty when the code named no product."""
    lot_no: str = ""
    expires_on: dt.date | None = None
    serial: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """How much of a place's stock somebody should look after."""

    low: int = 0
    """Products of which less is left than the clinic wants to have."""
    soon: int = 0
    """Lots that expire within the next 30 days."""
    expired: int = 0
    """Lots past their date that still stand on the shelf."""
    recalled: int = 0
    """Lots called back that still stand on the shelf."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """A lot of which less is left than a session takes."""

    lot_id: int
    lot_no: str
    left_milli: int
    wanted_milli: int
    unit: StockUnit
