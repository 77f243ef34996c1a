"""Products and their lots as they are kept, shown and asked for."""

import datetime as dt
from dataclasses import dataclass

from clinic.catalog.values import LotChoice, ProductKind, RegulatoryClass, StockUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductCard:
    """One product of the list with its lots, first-expiring usable ones first."""

    id: int
    name: str
    kind: ProductKind
    manufacturer: str
    ingredient: str
    strength_ug_per_ml: int | None
    has_adrenaline: bool
    is_injectable: bool
    is_active: bool
    regulatory_class: RegulatoryClass
    unit: StockUnit
    is_single_patient: bool
    open_hours: int | None
    low_milli: int | None
    lots: tuple[LotChoice, ...]

    @property
    def stock_milli(self) -> int | None:
        """Return what is left of its usable lots; None while none of them was counted."""
        counted = [
            lot.level_milli
            for lot in self.lots
            if lot.unusable is None and lot.level_milli is not None
        ]
        was_counted = any(lot.level_milli is not None for lot in self.lots)
        return sum(counted) if was_counted else None

    @property
    def is_low(self) -> bool:
        """Tell whether less is left than the clinic wants to have, and all of it was counted."""
        uncounted = any(lot.unusable is None and lot.level_milli is None for lot in self.lots)
        stock = self.stock_milli
        return (
            self.is_active
            and self.low_milli is not None
            and stock is not None
            and not uncounted
            and stock <= self.low_milli
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """One package of a product: the number in its barcode, and how much is in it."""

    gtin: str
    """Fourteen digits."""
    holds_milli: int | None = None
    """In thousandths of the product's unit; None: nobody said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddProduct:
    """Put a product on the clinic's list."""

    name: str
    kind: ProductKind
    manufacturer: str = ""
    ingredient: str = ""
    """Our slug of the active ingredient; empty where no limit or allergy hangs on it."""
    strength_ug_per_ml: int | None = None
    has_adrenaline: bool = False
    is_injectable: bool = True
    packs: tuple[Pack, ...] = ()
    regulatory_class: RegulatoryClass = RegulatoryClass.UNSTATED
    certificate: str = ""
    unit: StockUnit = StockUnit.ML
    leaflet_ul: int | None = None
    is_single_patient: bool = False
    open_hours: int | None = None
    low_milli: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptProduct(AddProduct):
    """A product as it is kept."""

    id: int
    version: int
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeProduct:
    """Change a product, seen at `version`, or withdraw it."""

    product_id: int
    version: int
    is_active: bool
    product: AddProduct


@dataclass(frozen=True, slots=True, kw_only=True)
class AddLot:
    """Put a lot of a product on the list, as printed on the pack."""

    product_id: int
    lot_no: str
    expires_on: dt.date
