"""Judging the lots of a preparation: kits and activator, by the day and by what the patient has."""

from collections.abc import Iterator, Mapping

from sqlalchemy.orm import Session

from clinic.catalog.values import UNUSABLE_WORDS, ChosenLot, LotChoice, ProductKind
from clinic.core.access import Actor
from clinic.core.text import N_
from clinic.treatments import record
from clinic.treatments.models import TreatmentSession
from clinic.treatments.preparation_values import Preparation
from clinic.treatments.queries import mix as mix_queries
from clinic.treatments.queries import sessions as queries
from clinic.treatments.rules.barring import Bars
from clinic.treatments.values import Breach

LOT_GONE = N_("This lot is not on the list any more")
LOT_TWICE = N_("This lot is named twice")
LOT_UNUSABLE = N_("Lot %(lot)s must not be used: %(reason)s")
NO_KIT = N_("This is no kit or tube")
OTHER_ACTIVATOR = N_("This is not what was chosen as activator")


def lot_ids(prepared: Preparation) -> tuple[int, ...]:
    """Return the lots a preparation names."""
    activator = prepared.activator_lot_id
    return (
        *(kit.lot_id for kit in prepared.kits),
        *((activator,) if activator is not None else ()),
    )


def chosen(prepared: Preparation, known: Mapping[int, LotChoice]) -> tuple[ChosenLot, ...]:
    """Return the activator as the safety check sees it: nothing of a kit gets into anybody."""
    lot = known.get(prepared.activator_lot_id or 0)
    return (ChosenLot(ingredient=lot.ingredient, unusable=lot.unusable),) if lot else ()


def judge(
    db: Session, actor: Actor, session: TreatmentSession, prepared: Preparation
) -> tuple[tuple[Breach, ...], Mapping[int, LotChoice]]:
    """Return what is wrong with the lots of a preparation, and the lots. Six statements."""
    on = record.day_of(session, actor.zone)
    known = mix_queries.lots_of(db, session, lot_ids(prepared), on=on)
    bars, _ = queries.bars(db, session, chosen(prepared, known))
    return tuple(wrong(prepared, known, bars)), known


def wrong(prepared: Preparation, known: Mapping[int, LotChoice], bars: Bars) -> Iterator[Breach]:
    """Yield what is wrong with the lots of a preparation, each at its field."""
    kits = [kit.lot_id for kit in prepared.kits]
    for row, lot_id in enumerate(kits, 1):
        yield from _unusable(known.get(lot_id), f"kit_{row}")
        lot = known.get(lot_id)
        if lot is not None and lot.kind is not ProductKind.KIT:
            yield Breach(code="no_kit", field=f"kit_{row}", message=NO_KIT)
        if lot_id in kits[: row - 1]:
            yield Breach(code="lot_twice", field=f"kit_{row}", message=LOT_TWICE)
    if prepared.activator_lot_id is None:
        return
    lot = known.get(prepared.activator_lot_id)
    yield from _unusable(lot, "activator_lot")
    wanted = prepared.activation.ingredient if prepared.activation else ""
    if lot is not None and wanted and lot.ingredient != wanted:
        yield Breach(code="other_activator", field="activator_lot", message=OTHER_ACTIVATOR)
    finding = bars.ingredients.get(lot.ingredient) if lot else None
    if lot is not None and finding is not None:
        yield Breach(
            code="lot_barred",
            field="activator_lot",
            message=N_("%(product)s must not be used: %(reason)s"),
            values=(("product", lot.product_name), ("reason", finding.name)),
        )


def _unusable(lot: LotChoice | None, field: str) -> Iterator[Breach]:
    if lot is None:
        yield Breach(code="lot_gone", field=field, message=LOT_GONE)
    elif lot.unusable is not None:
        yield Breach(
            code="lot_unusable",
            field=field,
            message=LOT_UNUSABLE,
            values=(("lot", lot.lot_no), ("reason", UNUSABLE_WORDS[lot.unusable])),
        )
