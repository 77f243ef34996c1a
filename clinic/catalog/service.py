"""Keeping services, products and lots."""

import re

from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.catalog import queries
from clinic.catalog.models import Product, ProductLot, Service, ServiceSegment
from clinic.catalog.rules import DEFAULT_OFFERS
from clinic.catalog.values import AddLot, AddProduct, LotState
from clinic.core.access import Actor
from clinic.core.errors import Conflict, Invalid
from clinic.core.text import N_

PRODUCT_KNOWN = N_("A product of this name and strength is on the list already")
LOT_KNOWN = N_("This lot is on the list already")
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
    if queries.has_product(db, name=wish.name, strength_ug_per_ml=wish.strength_ug_per_ml):
        raise Invalid(PRODUCT_KNOWN, field="name")

    product = Product(
        code=free_code(wish.name, queries.codes(db, of=Product)),
        name=wish.name,
        kind=wish.kind,
        ingredient=wish.ingredient,
        manufacturer=wish.manufacturer,
        strength_ug_per_ml=wish.strength_ug_per_ml,
        has_adrenaline=wish.has_adrenaline,
        is_injectable=wish.is_injectable,
    )
    db.add(product)
    db.flush()  # The audit line and the redirect need the id.
    audit.record(db, actor, "product.added", "product", product.id)
    return product


def add_lot(db: Session, actor: Actor, wish: AddLot) -> ProductLot:
    """Put a lot on the list.

    Raises NotFound for an unknown product, Invalid when this lot of it is on the list.
    """
    product = queries.product(db, wish.product_id)
    if queries.has_lot(db, product_id=product.id, lot_no=wish.lot_no):
        raise Invalid(LOT_KNOWN, field="lot_no")

    lot = ProductLot(product_id=product.id, lot_no=wish.lot_no, expires_on=wish.expires_on)
    db.add(lot)
    db.flush()  # The audit line needs the id.
    audit.record(db, actor, "lot.added", "lot", lot.id, detail={"product": product.id})
    return lot


def quarantine(db: Session, actor: Actor, lot_id: int, reason: str) -> ProductLot:
    """Stop further use of a lot until it is cleared. A lot stopped before keeps its reason.

    Raises NotFound for an unknown lot, Invalid without a reason.
    """
    lot = queries.lot(db, lot_id)
    if lot.state is not LotState.OK:
        return lot
    return _stop(db, actor, lot, LotState.QUARANTINE, reason)


def recall(db: Session, actor: Actor, lot_id: int, reason: str) -> ProductLot:
    """Stop a lot for ever, because its maker or an authority has called it back.

    Raises NotFound for an unknown lot, Invalid without a reason, Conflict when it is recalled.
    """
    lot = queries.lot(db, lot_id)
    if lot.state is LotState.RECALLED:
        raise Conflict(ALREADY_STOPPED)
    return _stop(db, actor, lot, LotState.RECALLED, reason)


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
