"""What people type when they count a whole shelf: one number for each lot they found."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from wtforms import HiddenField

from clinic.catalog.stock_forms import MOST, OnceForm
from clinic.catalog.stock_values import CountedLot, CountShelf
from clinic.catalog.values import LotChoice
from clinic.core.text import N_
from clinic.web.forms import AmountField, TextField
from clinic.web.words import translate

NOTHING = N_("Type at least one number")
MOVED = N_("It changed while you counted: count it again")
_SEEN = re.compile(r"([1-9]\d{0,9}):(\d{1,15}|-)", re.ASCII)


class ShelfForm(OnceForm):
    """How much there is of each lot; a lot without a number was not counted."""

    lot_ids: tuple[int, ...] = ()
    seen = HiddenField()
    reason = TextField(N_("Reason"), max_length=200)

    def counted(self, lot_id: int) -> AmountField:
        """Return the field of a lot."""
        return cast("AmountField", self[f"counted_{lot_id}"])

    def validate(self, extra_validators: Any = None) -> bool:
        """A count counts something."""
        good: bool = super().validate(extra_validators)
        if good and all(self.counted(lot_id).data is None for lot_id in self.lot_ids):
            self.refuse("", NOTHING)
            return False
        return good

    def wish(self) -> CountShelf:
        """Return what was counted, beside what the page had said."""
        seen = {int(lot_id): level for lot_id, level in _SEEN.findall(str(self.seen.data or ""))}
        typed = {lot_id: self.counted(lot_id).data for lot_id in self.lot_ids}
        return CountShelf(
            lots=tuple(
                CountedLot(
                    lot_id=lot_id,
                    # A lot that came onto the list since is one whose stock moved.
                    seen_milli=-1 if lot_id not in seen else _level(seen[lot_id]),
                    counted_milli=counted,
                )
                for lot_id, counted in typed.items()
                if counted is not None
            ),
            reason=self.reason.text(),
            form_key=self.form_key.data,
        )

    def renew(self, levels: Mapping[int, int | None]) -> None:
        """Let the form say what there is now."""
        self.seen.data = " ".join(
            f"{lot_id}:{'-' if level is None else level}" for lot_id, level in levels.items()
        )


def shelf_form(lots: Iterable[LotChoice], formdata: Any = None) -> ShelfForm:
    """Return the form of these lots; a fresh one says what there is."""
    lots = tuple(lots)
    fields: dict[str, Any] = {"lot_ids": tuple(lot.id for lot in lots)}
    for lot in lots:
        label = translate(
            N_("Counted: %(product)s, lot %(lot)s"), product=lot.product_name, lot=lot.lot_no
        )
        fields[f"counted_{lot.id}"] = AmountField(label, optional=True, most=MOST)
    form: ShelfForm = type("ShelfOfAPlace", (ShelfForm,), fields)(formdata)
    if formdata is None:
        form.reason.data = translate(N_("Stock-taking"))
        form.renew({lot.id: lot.level_milli for lot in lots})
    return form


def _level(text: str) -> int | None:
    return None if text == "-" else int(text)
