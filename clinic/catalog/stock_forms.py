"""What people type and scan to receive, throw away, count and move stock."""

import datetime as dt
import secrets
from collections.abc import Iterable
from typing import Any

from werkzeug.datastructures import MultiDict

from clinic.catalog.product_values import KeptProduct
from clinic.catalog.rules import barcodes
from clinic.catalog.rules.stock import PIECE
from clinic.catalog.stock_values import CountLot, MoveLot, ReceiveLot, Scanned, WasteLot
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.core.units import show_thousandths
from clinic.web.forms import (
    AmountField,
    BaseForm,
    ChoiceField,
    DateField,
    FormKeyField,
    TextField,
    given,
)
from clinic.web.scanning import ScanField

MOST = 1_000_000_000
"""Thousandths of a unit in one movement."""
WHOLE_PACKS = N_("Whole packs, please; or empty what is in each")
TOO_MANY = N_("That is too much for one delivery: compare both numbers")
NO_PRODUCT = N_("No product on the list carries this number: choose it, then keep the number there")


class OnceForm(BaseForm):
    """A form that makes one movement, however often it is sent."""

    form_key = FormKeyField()

    def __init__(self, formdata: Any = None, **given_data: Any) -> None:
        super().__init__(formdata, **given_data)
        if not self.form_key.data:
            self.form_key.data = secrets.token_urlsafe(18)


class ReceiptForm(OnceForm):
    """What was delivered: a barcode fills product, lot and date."""

    scan = ScanField(
        N_("Scan the pack"),
        optional=True,
        description=N_("The barcode fills in product, lot and date."),
    )
    product = ChoiceField(N_("Product"))
    lot_no = TextField(N_("Lot number"), max_length=60)
    expires_on = DateField(N_("Use by"), earliest=dt.date(2015, 1, 1))
    amount = AmountField(N_("How much came"), least=1, most=MOST)
    each = AmountField(
        N_("In each pack"),
        optional=True,
        least=1,
        most=MOST,
        description=N_("Filled in for a known pack: then what came is counted in packs."),
    )

    def read(
        self, sent: MultiDict[str, str], products: Iterable[KeptProduct], *, today: dt.date
    ) -> None:
        """Take what was sent; what the barcode says stands before what was typed."""
        filled = MultiDict(sent)
        self.misread: tuple[str, Invalid | str] | None = None
        text = filled.get("scan", "").strip(" \t\r\n")
        if text:
            try:
                scanned = barcodes.read(text, today=today)
            except Invalid as bad:
                self.misread = ("scan", bad)
            else:
                self._fill(filled, scanned, products)
        self.process(filled)

    def _fill(
        self, filled: MultiDict[str, str], scanned: Scanned, products: Iterable[KeptProduct]
    ) -> None:
        packs = {pack.gtin: (one, pack) for one in products for pack in one.packs}
        product, pack = packs.get(scanned.gtin, (None, None))
        said = {
            "product": str(product.id) if product else "",
            "each": show_thousandths(pack.holds_milli) if pack and pack.holds_milli else "",
            "lot_no": scanned.lot_no,
            "expires_on": scanned.expires_on.isoformat() if scanned.expires_on else "",
        }
        for name, value in said.items():
            if value or (name == "each" and product):  # What was said of another pack is wrong.
                filled[name] = value
        filled["scan"] = ""
        if scanned.gtin and product is None:
            self.misread = ("product", NO_PRODUCT)

    def validate(self, extra_validators: Any = None) -> bool:
        """What could not be read of the barcode is said at its field."""
        good: bool = super().validate(extra_validators)
        if good and self.each.data is not None:
            if given(self.amount.data) % PIECE:
                self.refuse("amount", WHOLE_PACKS)
                good = False
            elif self._amount_milli() > MOST:
                self.refuse("amount", TOO_MANY)
                good = False
        if self.misread is None:
            return good
        name, words = self.misread
        self[name].errors = []  # That it is empty needs not be said as well.
        self.refuse(name, words)
        return False

    def wish(self) -> ReceiveLot:
        """Return what to receive."""
        return ReceiveLot(
            product_id=int(self.product.data),
            lot_no=self.lot_no.text(),
            expires_on=given(self.expires_on.data),
            amount_milli=self._amount_milli(),
            form_key=self.form_key.data,
        )

    def _amount_milli(self) -> int:
        amount: int = given(self.amount.data)
        each: int | None = self.each.data
        return amount if each is None else amount // PIECE * each


class WasteForm(OnceForm):
    """What was thrown away, and why."""

    amount = AmountField(N_("How much"), least=1, most=MOST)
    reason = TextField(N_("Reason"), max_length=200)

    def wish(self, lot_id: int) -> WasteLot:
        """Return what to take out of stock."""
        return WasteLot(
            lot_id=lot_id,
            amount_milli=given(self.amount.data),
            reason=self.reason.text(),
            form_key=self.form_key.data,
        )


class CountForm(OnceForm):
    """How much there is."""

    counted = AmountField(N_("How much there is"), most=MOST)
    reason = TextField(N_("Reason"), max_length=200)

    def wish(self, lot_id: int) -> CountLot:
        """Return what was counted."""
        return CountLot(
            lot_id=lot_id,
            counted_milli=given(self.counted.data),
            reason=self.reason.text(),
            form_key=self.form_key.data,
        )


class TransferForm(OnceForm):
    """How much goes to which other place."""

    to = ChoiceField(N_("To"))
    amount = AmountField(N_("How much"), least=1, most=MOST)
    reason = TextField(N_("Reason"), max_length=200)

    def wish(self, lot_id: int) -> MoveLot:
        """Return what to move."""
        return MoveLot(
            lot_id=lot_id,
            to_location_id=int(self.to.data),
            amount_milli=given(self.amount.data),
            reason=self.reason.text(),
            form_key=self.form_key.data,
        )


class WhyForm(BaseForm):
    """Why a lot may be used again."""

    reason = TextField(N_("Reason"), max_length=200)
