"""The lots of a session as they are chosen, scanned and typed, row by row."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from wtforms import Field
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # stubs lag
from wtforms.widgets import HiddenInput

from clinic.catalog.rules import barcodes
from clinic.catalog.rules import stock as stock_rules
from clinic.catalog.stock_values import Scanned
from clinic.catalog.values import UNUSABLE_WORDS, LotChoice, OpenVial, StockUnit, Unusable
from clinic.core import walltime
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.treatments.values import LotAmount
from clinic.web.formats import ltr
from clinic.web.forms import AmountField, BaseForm, ChoiceField, TimeField, WholeField
from clinic.web.scanning import ScanField
from clinic.web.words import translate

LOT_ROWS = 8
MOST_PIECES = 50
NO_LOT_FOR_AMOUNT = N_("Choose the lot that this amount belongs to")
NO_LOT_FOR_PIECES = N_("Choose the lot that these pieces belong to")
ONE_VIAL = N_("A vial that was open is one: leave this empty")
NO_LOT_FOR_TIME = N_("Choose the lot whose vial was opened then")
UNKNOWN = N_("No product or lot on the list has this code")
AMBIGUOUS = N_("Several products have a lot of this number: choose it in the list")
OTHER_DATE = N_("The pack says %(pack)s, the list %(list)s: compare them before it is used")
MUST_NOT = N_("Lot %(lot)s must not be used: %(reason)s")
ROWS_FULL = N_("All rows are taken: empty one first")
_LOT_ID = re.compile(r"[1-9]\d{0,9}", re.ASCII)
_CHOSEN = re.compile(r"([1-9]\d{0,9})(?:v(0|[1-9]\d{0,9}))?", re.ASCII)


class CodesField(Field):
    """What the barcodes of the packs said: {lot id: code}, kept until the lots are."""

    widget = HiddenInput()
    data: dict[int, str]

    def process_data(self, value: Mapping[int, str] | None) -> None:
        """Begin without any."""
        self.data = dict(value or {})

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Read them as this application writes them; anything else is none."""
        pairs = (one.partition("=") for one in str(valuelist[0] if valuelist else "").split())
        self.data = {
            int(lot_id): code for lot_id, _, code in pairs if _LOT_ID.fullmatch(lot_id) and code
        }

    def of(self, lot_id: int, lots: Iterable[LotChoice], today: dt.date) -> str:
        """Return what the pack of a lot said; empty where it means another lot by now."""
        chosen = [lot for lot in lots if lot.id == lot_id]
        try:
            scanned = barcodes.read(self.data.get(lot_id, ""), today=today)
        except Invalid:
            return ""
        return barcodes.written(scanned) if stock_rules.scanned_lot(scanned, chosen) else ""

    def _value(self) -> str:
        return " ".join(f"{lot_id}={code}" for lot_id, code in self.data.items())


class LotRow(NamedTuple):
    """The fields of one lot."""

    lot: ChoiceField
    amount: AmountField
    opened: TimeField
    pieces: WholeField


class LotRows(BaseForm):
    """Products and lots with their amounts; a barcode chooses the lot of the next free row."""

    scan = ScanField(N_("Scan or type a lot"), optional=True)
    codes = CodesField()
    mixed = TimeField(N_("Mixed at"), optional=True)

    def offer_lots(
        self, lots: Iterable[LotChoice], *, today: dt.date, zone: str, begun: dt.datetime
    ) -> None:
        """Take the lots that can be chosen, and the day and place whose times are typed."""
        self.lots = tuple(lots)
        self.today, self.zone, self.begun = today, zone, begun
        choices = [SelectChoice("", translate(N_("None"))), *_options(self.lots, zone)]
        for field in self.lot_fields():
            field.choices = choices

    def lot_fields(self) -> list[ChoiceField]:
        """Return the fields of the lots, in their order."""
        return [cast("ChoiceField", self[f"lot_{row}"]) for row in range(1, LOT_ROWS + 1)]

    def amount_fields(self) -> list[AmountField]:
        """Return the amounts beside the lots."""
        return [cast("AmountField", self[f"amount_{row}"]) for row in range(1, LOT_ROWS + 1)]

    def opened_fields(self) -> list[TimeField]:
        """Return the times at which vials were opened, beside the lots."""
        return [cast("TimeField", self[f"opened_{row}"]) for row in range(1, LOT_ROWS + 1)]

    def pieces_fields(self) -> list[WholeField]:
        """Return how many pieces of the lots were used, beside them."""
        return [cast("WholeField", self[f"used_{row}"]) for row in range(1, LOT_ROWS + 1)]

    @property
    def counts_pieces(self) -> bool:
        """Tell whether any lot that can be chosen is counted in pieces."""
        return any(lot.unit is StockUnit.PIECE for lot in self.lots)

    def _rows(self) -> list[LotRow]:
        fields = self.lot_fields(), self.amount_fields(), self.opened_fields(), self.pieces_fields()
        return [LotRow(*row) for row in zip(*fields, strict=True)]

    def lot_rows(self) -> list[LotRow]:
        """Return the rows to show: those in use and two more."""
        rows = self._rows()
        used = [
            n
            for n, (lot, amount, opened, pieces) in enumerate(rows, 1)
            if lot.data
            or any(amount.raw_data or [amount.data])
            or any(opened.raw_data or [])
            or any(pieces.raw_data or [])
        ]
        return rows[: max(used, default=0) + 2]

    def fill_lots(self, lots: Iterable[LotAmount], mixed_at: dt.datetime | None) -> None:
        """Show what is written, after the lots were offered."""
        for lot, (field, amount, opened, pieces) in zip(lots, self._rows(), strict=False):
            field.data = f"{lot.lot_id}v{lot.vial_id}" if lot.vial_id else str(lot.lot_id)
            amount.data = lot.amount_ul
            opened.data = _wall(lot.opened_at, self.zone)
            pieces.data = lot.pieces
            if lot.udi:
                self.codes.data[lot.lot_id] = lot.udi
        self.mixed.data = _wall(mixed_at, self.zone)

    def check_lots(self) -> bool:
        """Choose the lot that was scanned; refuse amounts and times that belong to no lot."""
        good = self._take_scan()
        for lot, amount, opened, pieces in self._rows():
            for field, words in (
                (amount, NO_LOT_FOR_AMOUNT),
                (opened, NO_LOT_FOR_TIME),
                (pieces, NO_LOT_FOR_PIECES),
            ):
                if field.data is not None and not lot.data:
                    self.refuse(lot.name, words)
                    good = False
            if pieces.data is not None and "v" in str(lot.data or ""):
                self.refuse(pieces.name, ONE_VIAL)
                good = False
        return good

    def lot_amounts(self) -> tuple[LotAmount, ...]:
        """Return the lots that were written; what could not be read is left out."""
        found = []
        for lot, amount, opened, pieces in self._rows():
            match = _CHOSEN.fullmatch(str(lot.data or ""))
            if match:
                found.append(
                    LotAmount(
                        lot_id=int(match[1]),
                        amount_ul=amount.data,
                        vial_id=int(match[2]) if match[2] else None,
                        opened_at=None if match[2] else self.instant(opened.data),
                        pieces=pieces.data,
                        udi=self.codes.of(int(match[1]), self.lots, self.today),
                    )
                )
        return tuple(found)

    def instant(self, time: dt.time | None) -> dt.datetime | None:
        """Return the instant of a wall time: the one nearest to the beginning of the session."""
        if time is None:
            return None
        days = (self.today + dt.timedelta(days=n) for n in (-1, 0, 1))
        instants = (
            walltime.to_utc_forward(dt.datetime.combine(day, time), self.zone) for day in days
        )
        return min(instants, key=lambda instant: abs(instant - self.begun))

    def _take_scan(self) -> bool:
        text = str(self.scan.data or "")
        if not text:
            return True
        free = next((lot for lot in self.lot_fields() if not lot.data), None)
        if free is None:
            self.refuse("scan", ROWS_FULL)
            return False
        try:
            choice, code = meant(text, self.lots, today=self.today)
        except Invalid as refused:
            self.refuse("scan", refused)
            return False
        value = _value(choice)
        if code:
            self.codes.data[choice.id] = code
        if all(lot.data != value for lot in self.lot_fields()):
            free.data, free.raw_data = value, None
        self.scan.data, self.scan.raw_data = "", None
        return True


def meant(text: str, lots: Iterable[LotChoice], *, today: dt.date) -> tuple[LotChoice, str]:
    """Return the lot that a typed number or a barcode means, and what the barcode said.

    Of several lots the first to use.

    Raises Invalid for what is on no list, what must not be used, and a pack of another date.
    """
    offered, scanned = tuple(lots), Scanned(lot_no=text)
    found = [lot for lot in offered if lot.lot_no.casefold() == text.casefold()]
    if not found:
        scanned = barcodes.read(text, today=today)
        found = stock_rules.scanned_lot(scanned, offered)
    if not found:
        raise Invalid(UNKNOWN)
    if len({lot.product_id for lot in found}) > 1:
        raise Invalid(AMBIGUOUS)
    choice = found[0]
    if scanned.expires_on is not None and scanned.expires_on != choice.expires_on:
        raise Invalid(
            OTHER_DATE,
            pack=scanned.expires_on.isoformat(),
            list=choice.expires_on.isoformat(),
        )
    if choice.unusable is not None and not choice.is_offered:
        reason = translate(UNUSABLE_WORDS[choice.unusable])
        raise Invalid(MUST_NOT, lot=choice.lot_no, reason=reason)
    return choice, barcodes.written(scanned)


for _row in range(1, LOT_ROWS + 1):
    setattr(LotRows, f"lot_{_row}", ChoiceField(N_("Product and lot"), optional=True))
    setattr(
        LotRows,
        f"amount_{_row}",
        AmountField(N_("Amount used"), optional=True, least=1, most=50_000, unit="mL"),
    )
    setattr(
        LotRows,
        f"used_{_row}",
        WholeField(N_("How many of it"), optional=True, least=1, most=MOST_PIECES),
    )
    setattr(LotRows, f"opened_{_row}", TimeField(N_("Vial opened at"), optional=True))


def _value(lot: LotChoice) -> str:
    """Return a lot as it is chosen: a new piece, or what is still open of a lot that is used up."""
    vial = lot.open_vial
    return str(lot.id) if lot.unusable is None or vial is None else f"{lot.id}v{vial.id}"


def _wall(moment: dt.datetime | None, zone: str) -> dt.time | None:
    return None if moment is None else walltime.to_local(moment, zone).time()


def _options(lots: Iterable[LotChoice], zone: str) -> list[SelectChoice]:
    """Return what can be chosen: an opened vial stands before a new one of its lot."""
    return [
        option
        for lot in lots
        for option in (*(_vial_option(lot, vial, zone) for vial in lot.vials), _option(lot))
    ]


def _text(lot: LotChoice) -> str:
    return f"{lot.product_name} · {ltr(lot.lot_no)} · {ltr(lot.expires_on.isoformat())}"


def _option(lot: LotChoice) -> SelectChoice:
    return _offered(str(lot.id), _text(lot), lot.unusable)


def _vial_option(lot: LotChoice, vial: OpenVial, zone: str) -> SelectChoice:
    opened = walltime.to_local(vial.opened_at, zone)
    when = ltr(f"{opened:%Y-%m-%d %H:%M}")
    words = translate(N_("opened %(when)s"), when=when)
    if vial.id is None:
        words = translate(N_("opened %(when)s by %(name)s"), when=when, name=vial.by)
    return _offered(f"{lot.id}v{vial.id or 0}", f"{_text(lot)} · {words}", vial.unusable)


def _offered(value: str, text: str, unusable: Unusable | None) -> SelectChoice:
    if unusable is None:
        return SelectChoice(value, text)
    words = translate(UNUSABLE_WORDS[unusable])
    return SelectChoice(value, f"✕ {text} · {words}", {"disabled": True})
