"""What people type to keep products and lots."""

import datetime as dt
from enum import StrEnum

from wtforms import BooleanField

from clinic.catalog.values import (
    INGREDIENTS,
    PRODUCT_KIND_NAMES,
    AddLot,
    AddProduct,
    ProductKind,
)
from clinic.core.text import N_
from clinic.web.forms import (
    AmountField,
    BaseForm,
    ChoiceField,
    DateField,
    EnumField,
    TextField,
    given,
)
from clinic.web.words import translate

NEEDS_STRENGTH = N_("Enter the strength: the dose is computed from it")
NEEDS_INGREDIENT = N_("Choose which anaesthetic it is: its limit depends on it")
FURTHEST = dt.timedelta(days=10 * 366)


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

    def __init__(self, formdata: object = None) -> None:
        super().__init__(formdata)
        self.ingredient.offer(
            ((code, translate(name)) for code, name in INGREDIENTS.items()),
            blank=translate(N_("None of these")),
        )

    def validate(self, extra_validators: object = None) -> bool:
        """An anaesthetic without ingredient or strength could never be dosed."""
        good = super().validate(extra_validators)  # type: ignore[arg-type]  # as its base has it
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
        return AddProduct(
            name=self.name.text(),
            kind=kind,
            manufacturer=self.manufacturer.text(),
            ingredient=self.ingredient.data or "",
            strength_ug_per_ml=self.strength.data,
            has_adrenaline=bool(self.has_adrenaline.data) and kind is ProductKind.ANAESTHETIC,
            is_injectable=kind is not ProductKind.COSMETIC,
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
