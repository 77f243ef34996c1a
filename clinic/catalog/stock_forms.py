"""What people type and scan to receive, throw away, count and move stock."""

import datetime as dt
import secrets
from collections.abc import Iterable
from typing import Any

from clinic.catalog.rules import barcodes
from clinic.catalog.stock_values import CountLot, MoveLot, ReceiveLot, WasteLot
from clinic.catalog.values import KeptProduct
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.web.forms import (
    AmountField,
    BaseForm,
    ChoiceField,
    DateField,
    FormKeyField,
    ScanField,
    TextField,
    given,
)

MOST = 1_000_000_000
"""Thousandths of a unit in one movement."""
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

    def take_scan(self, products: Iterable[KeptProduct], *, today: dt.date) -> bool:
        """Fill in what the barcode says; False when it cannot be read or names no product."""
        text = str(self.scan.data or "")
        if not text:
            return True
        try:
            scanned = barcodes.read(text, today=today)
        except Invalid as bad:
            self.refuse("scan", bad)
            return False
        found = next((one for one in products if one.gtin == scanned.gtin), None)
        for field, value in (
            (self.product, str(found.id) if found else ""),
            (self.lot_no, scanned.lot_no),
            (self.expires_on, scanned.expires_on),
        ):
            if value:
                field.data, field.raw_data = value, None
        self.scan.data, self.scan.raw_data = "", None
        if scanned.gtin and found is None:
            self.refuse("product", NO_PRODUCT)
            return False
        return True

    def wish(self) -> ReceiveLot:
        """Return what to receive."""
        return ReceiveLot(
            product_id=int(self.product.data),
            lot_no=self.lot_no.text(),
            expires_on=given(self.expires_on.data),
            amount_milli=given(self.amount.data),
            form_key=self.form_key.data,
        )


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
