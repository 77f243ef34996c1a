"""Keeping services, products and lots."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from clinic.audit import service as audit
from clinic.catalog import queries, stock_queries
from clinic.catalog.models import Product, ProductLot, ProductPack, Service, ServiceSegment
from clinic.catalog.product_values import AddLot, AddProduct, ChangeProduct, Pack
from clinic.catalog.rules.offers import DEFAULT_OFFERS
from clinic.catalog.values import LotState
from clinic.core.access import Actor
from clinic.core.changes import before_after
from clinic.core.errors import Conflict, Invalid, StaleEdit
from clinic.core.text import N_

PRODUCT_KNOWN = N_("A product of this name and strength is on the list already")
LOT_KNOWN = N_("This lot is on the list already")
UNIT_STAYS = N_("Its stock is kept in this unit already")
GTIN_TWICE = N_("This number stands above already")
GTIN_KNOWN = N_("Another product on the list carries this number")
CHANGED_SINCE = N_(
    "Somebody else has changed this product in the meantime. Compare, then save again."
)
NOT_QUARANTINED = N_("This lot is not in quarantine. Reload the page to see how it stands.")
RELEASE_REASON = N_("Write why the lot may be used again")
REASON_MISSING = N_("Write why the lot must not be used")
ALREADY_STOPPED = N_("This lot has been stopped already. Reload the page to see why.")


def install_defaults(db: Session) -> None:
    """Add the services that a new clinic begins with; those whose code exists stay as they are."""
    taken = queries.codes(db, of=Service)
    for offer in DEFAULT_OFFERS:
        if offer.code in taken:
            continue
        row = Service(
            code=offer.code,
            name=offer.name,
            modality=offer.modality,
            duration_min=offer.duration_min,
            **queries.columns_of(offer.course),
        )
        row.segments = [
            ServiceSegment(
                seq=part.seq,
                kind=part.kind,
                device_type=part.device_type,
                offset_min=part.offset_min,
                length_min=part.length_min,
            )
            for part in offer.segments
        ]
        db.add(row)
    db.flush()  # Who installs goes on to book with these services.
    audit.record(db, None, "service.installed", "service")


def add_product(db: Session, actor: Actor, wish: AddProduct) -> Product:
    """Put a product on the list, under a code made of its name.

    Raises Invalid when one of this name and strength is on the list.
    """
    _refuse_twins(db, wish)

    product = Product(
        code=free_code(wish.name, queries.codes(db, of=Product)), **_product_columns(wish)
    )
    db.add(product)
    db.flush()  # The audit line and the redirect need the id.
    _write_packs(db, product.id, wish.packs)
    audit.record(db, actor, "product.added", "product", product.id)
    return product


def change_product(db: Session, actor: Actor, wish: ChangeProduct) -> Product:
    """Change a product or withdraw it; sessions that are signed keep what they were signed with.

    Its kind stays. Raises NotFound, StaleEdit when somebody changed it since, Invalid when one of
    this name and strength, or with this number on the pack, is on the list.
    """
    product = queries.hold_product(db, wish.product_id)
    if product.version != wish.version:
        raise StaleEdit(CHANGED_SINCE)
    _refuse_twins(db, wish.product, but=product.id)
    if wish.product.unit is not product.unit and stock_queries.has_movements(db, product.id):
        raise Invalid(UNIT_STAYS, field="unit")
    values = {**_product_columns(wish.product), "kind": product.kind, "is_active": wish.is_active}
    changes = before_after(product, values)
    before = queries.packs(db, [product.id]).get(product.id, ())
    if set(before) != set(wish.product.packs):
        changes["packs"] = [_said(before), _said(wish.product.packs)]
        _write_packs(db, product.id, wish.product.packs)
        # They live in a table of their own: the version must rise with them too.
        flag_modified(product, "name")
    if not changes:
        return product
    for name, value in values.items():
        setattr(product, name, value)
    audit.record(db, actor, "product.changed", "product", product.id, detail={"changes": changes})
    return product


def add_lot(db: Session, actor: Actor, wish: AddLot) -> ProductLot:
    """Put a lot on the list.

    Raises NotFound for an unknown product, Invalid when this lot of it is on the list.
    """
    product = queries.product(db, wish.product_id)
    if queries.has_lot(db, product_id=product.id, lot_no=wish.lot_no):
        raise Invalid(LOT_KNOWN, field="lot_no")

    lot = new_lot(db, wish)
    audit.record(db, actor, "lot.added", "lot", lot.id, detail={"product": product.id})
    return lot


def new_lot(db: Session, wish: AddLot) -> ProductLot:
    """Make the row of a lot; who calls leaves the audit line."""
    lot = ProductLot(product_id=wish.product_id, lot_no=wish.lot_no, expires_on=wish.expires_on)
    db.add(lot)
    db.flush()  # The audit line and the stock need the id.
    return lot


def quarantine(db: Session, actor: Actor, lot_id: int, reason: str) -> ProductLot:
    """Stop further use of a lot until it is cleared. A lot stopped before keeps its reason.

    Raises NotFound for an unknown lot, Invalid without a reason.
    """
    lot = queries.hold_lot(db, lot_id)
    if lot.state is not LotState.OK:
        return lot
    return _stop(db, actor, lot, LotState.QUARANTINE, reason)


def recall(db: Session, actor: Actor, lot_id: int, reason: str) -> ProductLot:
    """Stop a lot for ever, because its maker or an authority has called it back.

    Raises NotFound for an unknown lot, Invalid without a reason, Conflict when it is recalled.
    """
    lot = queries.hold_lot(db, lot_id)
    if lot.state is LotState.RECALLED:
        raise Conflict(ALREADY_STOPPED)
    return _stop(db, actor, lot, LotState.RECALLED, reason)


def release(db: Session, actor: Actor, lot_id: int, reason: str) -> ProductLot:
    """Put a lot back into use after quarantine, with the reason; a recall is for ever.

    Raises NotFound, Invalid without a reason, Conflict when it is not in quarantine.
    """
    lot = queries.hold_lot(db, lot_id)
    if lot.state is not LotState.QUARANTINE:
        raise Conflict(NOT_QUARANTINED)
    if not reason.strip():
        raise Invalid(RELEASE_REASON, field="reason")
    lot.state, lot.state_reason = LotState.OK, reason.strip()
    audit.record(db, actor, "lot.ok", "lot", lot.id, detail={"product": lot.product_id})
    return lot


def _refuse_twins(db: Session, wish: AddProduct, *, but: int | None = None) -> None:
    strength = wish.strength_ug_per_ml
    if queries.has_product(db, name=wish.name, strength_ug_per_ml=strength, but=but):
        raise Invalid(PRODUCT_KNOWN, field="name")
    gtins = [pack.gtin for pack in wish.packs]
    taken = queries.taken_gtins(db, gtins, but=but) if gtins else frozenset()
    for row, gtin in enumerate(gtins, 1):
        if gtin in taken:
            raise Invalid(GTIN_KNOWN, field=f"gtin_{row}")
        if gtin in gtins[: row - 1]:
            raise Invalid(GTIN_TWICE, field=f"gtin_{row}")


def _product_columns(wish: AddProduct) -> dict[str, Any]:
    return {
        field.name: getattr(wish, field.name) for field in fields(wish) if field.name != "packs"
    }


def _write_packs(db: Session, product_id: int, packs: Sequence[Pack]) -> None:
    db.execute(sa.delete(ProductPack).where(ProductPack.product_id == product_id))
    if packs:
        rows = [{"product_id": product_id, **asdict(pack)} for pack in packs]
        db.execute(sa.insert(ProductPack), rows)


def _said(packs: Iterable[Pack]) -> list[str]:
    return sorted(
        pack.gtin if pack.holds_milli is None else f"{pack.gtin}: {pack.holds_milli}"
        for pack in packs
    )


def _stop(db: Session, actor: Actor, lot: ProductLot, state: LotState, reason: str) -> ProductLot:
    if not reason.strip():
        raise Invalid(REASON_MISSING, field="reason")
    lot.state, lot.state_reason = state, reason.strip()
    audit.record(db, actor, f"lot.{state.value}", "lot", lot.id, detail={"product": lot.product_id})
    return lot


def free_code(name: str, taken: frozenset[str]) -> str:
    """Return a code made of a name, with a number behind it where it is taken."""
    stem = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:34] or "product"
    numbered = (f"{stem}-{n}" for n in range(2, len(taken) + 3))
    return next(code for code in (stem, *numbered) if code not in taken)
