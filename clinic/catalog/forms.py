"""What people type to keep products and lots."""

import datetime as dt
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, cast

from wtforms import BooleanField

from clinic.catalog.product_values import AddLot, AddProduct, ChangeProduct, KeptProduct, Pack
from clinic.catalog.rules import barcodes
from clinic.catalog.values import (
    CLASS_NAMES,
    INGREDIENTS,
    PRODUCT_KIND_NAMES,
    UNIT_NAMES,
    ProductKind,
    RegulatoryClass,
    StockUnit,
)
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.web.forms import (
    AmountField,
    BaseForm,
    ChoiceField,
    DateField,
    EnumField,
    ParsedField,
    TextField,
    VersionField,
    WholeField,
    given,
)
from clinic.web.words import translate, words_of

NEEDS_STRENGTH = N_("Enter the strength: the dose is computed from it")
NEEDS_INGREDIENT = N_("Choose which anaesthetic it is: its limit depends on it")
NO_GTIN = N_("Scan or type the number of this pack")
PACKS = 6
"""Packages that a product has at most."""
LONGEST_OPEN_HOURS = 28 * 24
"""28 days: no rule of the clinic may allow more (product_unfit)."""


class GtinField(ParsedField):
    """The number of a product, typed or as a part of a whole barcode."""

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Take what a scanner sends, its invisible separators too."""
        self.data = None
        raw = str(valuelist[0]).strip() if valuelist else ""
        if raw:
            try:
                self.data = self.parse(raw)
            except Invalid as bad:
                raise ValueError(words_of(bad)) from bad

    def parse(self, raw: str) -> str:
        """Return fourteen digits; raises Invalid for anything else."""
        digits = raw.replace(" ", "").replace("-", "")
        found = barcodes.read(digits, today=dt.date(2026, 1, 1)).gtin  # Its date is not looked at.
        if not found:
            raise Invalid(barcodes.UNREADABLE)
        return found


class ProductForm(BaseForm):
    """A new product."""

    name = TextField(N_("Name on the pack"), max_length=160)
    kind = EnumField(N_("What it is for"), ProductKind, PRODUCT_KIND_NAMES, blank=N_("Choose"))
    manufacturer = TextField(N_("Maker"), max_length=120, optional=True)
    ingredient = ChoiceField(
        N_("Active ingredient"),
        optional=True,
        description=N_("Limits, allergies and pregnancy rules hang on it."),
    )
    strength = AmountField(
        N_("Strength"),
        optional=True,
        least=1,
        most=1_000_000,
        unit="mg/mL",
        description=N_("2 % is 20 mg/mL."),
    )
    has_adrenaline = BooleanField(N_("With adrenaline"))
    regulatory_class = EnumField(
        N_("Regulatory class"), RegulatoryClass, CLASS_NAMES, optional=True
    )
    certificate = TextField(N_("Authorisation or certificate"), max_length=80, optional=True)
    unit = EnumField(N_("Counted in"), StockUnit, UNIT_NAMES, optional=True)
    low = AmountField(
        N_("Order more at"),
        optional=True,
        least=1,
        most=1_000_000_000,
        description=N_("At this much or less the list says so."),
    )
    leaflet = AmountField(
        N_("Most in a session by its leaflet"), optional=True, least=1, most=50_000, unit="mL"
    )
    open_hours = WholeField(
        N_("Hours an opened vial is kept"),
        optional=True,
        least=1,
        most=LONGEST_OPEN_HOURS,
        description=N_("Empty: what is left is thrown away after the session."),
    )
    is_single_patient = BooleanField(N_("A vial is for one patient only"))

    def __init__(self, formdata: object = None, **given_data: Any) -> None:
        super().__init__(formdata, **given_data)
        self.ingredient.offer(
            ((code, translate(name)) for code, name in INGREDIENTS.items()),
            blank=translate(N_("None of these")),
        )

    def pack_rows(self) -> list[tuple[GtinField, AmountField]]:
        """Return the fields of each package, those in use and one more."""
        rows = self._packs()
        used = [n for n, (gtin, holds) in enumerate(rows, 1) if _has(gtin) or _has(holds)]
        return rows[: max(used, default=0) + 1]

    def _packs(self) -> list[tuple[GtinField, AmountField]]:
        return [
            (cast("GtinField", self[f"gtin_{n}"]), cast("AmountField", self[f"holds_{n}"]))
            for n in range(1, PACKS + 1)
        ]

    def validate(self, extra_validators: object = None) -> bool:
        """An anaesthetic without ingredient or strength could never be dosed."""
        good = super().validate(extra_validators)  # type: ignore[arg-type]  # as its base has it
        for gtin, holds in self._packs():
            if holds.data is not None and gtin.data is None and not gtin.errors:
                self.refuse(gtin.name, NO_GTIN)
                good = False
        if self.kind.data == ProductKind.ANAESTHETIC and not self.errors:
            if not self.ingredient.data:
                self.refuse("ingredient", NEEDS_INGREDIENT)
                good = False
            if self.strength.data is None:
                self.refuse("strength", NEEDS_STRENGTH)
                good = False
        return good

    def wish(self) -> AddProduct:
        """Return what to add."""
        kind: ProductKind = self.kind.member()
        usual = StockUnit.PIECE if kind is ProductKind.KIT else StockUnit.ML
        stated = self.regulatory_class.member() or RegulatoryClass.UNSTATED
        is_cosmetic = RegulatoryClass.COSMETIC is stated or kind is ProductKind.COSMETIC
        return AddProduct(
            name=self.name.text(),
            kind=kind,
            manufacturer=self.manufacturer.text(),
            ingredient=self.ingredient.data or "",
            strength_ug_per_ml=self.strength.data,
            has_adrenaline=bool(self.has_adrenaline.data) and kind is ProductKind.ANAESTHETIC,
            is_injectable=not is_cosmetic,
            packs=tuple(
                Pack(gtin=gtin.data, holds_milli=holds.data)
                for gtin, holds in self._packs()
                if gtin.data
            ),
            regulatory_class=RegulatoryClass.COSMETIC if is_cosmetic else stated,
            certificate=self.certificate.text(),
            unit=self.unit.member() or usual,
            leaflet_ul=self.leaflet.data,
            is_single_patient=bool(self.is_single_patient.data),
            open_hours=self.open_hours.data,
            low_milli=self.low.data,
        )


for _n in range(1, PACKS + 1):
    setattr(
        ProductForm,
        f"gtin_{_n}",
        GtinField(
            N_("Number in the barcode"),
            optional=True,
            description=N_("Scan the pack or type the GTIN."),
        ),
    )
    setattr(
        ProductForm,
        f"holds_{_n}",
        AmountField(
            N_("How much is in this pack"),
            optional=True,
            least=1,
            most=1_000_000_000,
            description=N_("In mL or pieces: a delivery is then counted in packs."),
        ),
    )


def _has(field: ParsedField) -> bool:
    return field.data is not None or any(field.raw_data or ())


class ProductChangeForm(ProductForm):
    """A product as it is changed; what it is for stays."""

    version = VersionField()
    is_active = BooleanField(N_("In use here"))

    @classmethod
    def of(cls, row: KeptProduct) -> "ProductChangeForm":
        """Return the form of a product as it is kept."""
        return cls(
            data={
                "version": row.version,
                "name": row.name,
                "kind": row.kind.value,
                "manufacturer": row.manufacturer,
                "ingredient": row.ingredient,
                "strength": row.strength_ug_per_ml,
                "has_adrenaline": row.has_adrenaline,
                "regulatory_class": row.regulatory_class.value,
                "certificate": row.certificate,
                **{f"gtin_{n}": pack.gtin for n, pack in enumerate(row.packs, 1)},
                **{f"holds_{n}": pack.holds_milli for n, pack in enumerate(row.packs, 1)},
                "unit": row.unit.value,
                "low": row.low_milli,
                "leaflet": row.leaflet_ul,
                "open_hours": row.open_hours,
                "is_single_patient": row.is_single_patient,
                "is_active": row.is_active,
            }
        )

    def texts(self) -> dict[str, str]:
        """Return {field: what it says} for people, after a save that came too late."""
        found = {}
        for field in self:
            if isinstance(field, ChoiceField):
                offered: Any = field.choices or ()
                names = {str(one.value): str(one.label) for one in offered}
                found[field.name] = names.get(str(field.data or ""), "")
            elif isinstance(field, BooleanField):
                found[field.name] = translate(N_("yes")) if field.data else translate(N_("no"))
            elif not isinstance(field, VersionField):
                found[field.name] = "" if field.data is None else str(field.data)
            if isinstance(field, ParsedField) and field.data is not None:
                found[field.name] = field.show(field.data)
        return found

    def change(self, product_id: int) -> ChangeProduct:
        """Return what to change."""
        return ChangeProduct(
            product_id=product_id,
            version=given(self.version.data),
            is_active=bool(self.is_active.data),
            product=self.wish(),
        )


class LotForm(BaseForm):
    """A new lot of a product."""

    lot_no = TextField(N_("Lot number"), max_length=60)
    expires_on = DateField(N_("Use by"), earliest=dt.date(2015, 1, 1))

    def wish(self, product_id: int) -> AddLot:
        """Return what to add."""
        return AddLot(
            product_id=product_id,
            lot_no=self.lot_no.text(),
            expires_on=given(self.expires_on.data),
        )


class Stop(StrEnum):
    """How a lot is stopped."""

    QUARANTINE = "quarantine"
    RECALL = "recall"


STOP_NAMES: dict[Stop, str] = {
    Stop.QUARANTINE: N_("Quarantine: hold it until it is cleared"),
    Stop.RECALL: N_("Recalled by the maker: never use it again"),
}


class StopForm(BaseForm):
    """Why a lot must not be used any more."""

    how = EnumField(N_("What happens with it"), Stop, STOP_NAMES)
    reason = TextField(N_("Reason"), max_length=200)
