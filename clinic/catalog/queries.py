"""Reading what the clinic offers and uses."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from clinic.catalog.after_values import After
from clinic.catalog.models import Patterned, Product, ProductLot, ProductPack, Service, StockLevel
from clinic.catalog.product_values import KeptProduct, Pack, ProductCard
from clinic.catalog.rules import lots as lot_rules
from clinic.catalog.rules import offers
from clinic.catalog.values import PRODUCT_KIND_NAMES, CoursePattern, LotChoice, Segment, ServiceCard
from clinic.core.errors import NotFound
from clinic.core.text import N_

NO_SERVICE = N_("There is no such service")
NO_PRODUCT = N_("There is no such product")
NO_LOT = N_("There is no such lot")


_SERVICE = (
    sa.select(Service)
    .where(Service.id == sa.bindparam("service_id"))
    .options(joinedload(Service.segments))
)


def service(db: Session, service_id: int) -> Service:
    """Return a service with its segments; raises NotFound. One statement."""
    found = db.scalars(_SERVICE, {"service_id": service_id}).unique().one_or_none()
    if found is None:
        raise NotFound(NO_SERVICE)
    return found


def services(db: Session) -> Sequence[Service]:
    """Return the services that can be booked, with their segments, by name. Two statements."""
    return db.scalars(
        sa.select(Service)
        .where(Service.is_active)
        .options(selectinload(Service.segments))
        .order_by(Service.name, Service.id)
    ).all()


def parts_of(service: Service) -> tuple[Segment, ...]:
    """Return the parts of a service, loaded with it, as values."""
    return tuple(
        Segment(
            seq=row.seq,
            kind=row.kind,
            device_type=row.device_type,
            offset_min=row.offset_min,
            length_min=row.length_min,
        )
        for row in service.segments
    )


def pattern_of(row: Patterned) -> CoursePattern:
    """Return what a course of a service is, or what a course that was begun keeps to."""
    return CoursePattern(
        sessions=row.sessions_planned,
        interval_days=row.interval_days,
        tolerance_days=row.tolerance_days,
        least_days=row.least_days,
        booster_days=row.booster_days,
    )


def columns_of(course: CoursePattern) -> dict[str, Any]:
    """Return a pattern as the columns of a service or a course."""
    return {
        "sessions_planned": course.sessions,
        "interval_days": course.interval_days,
        "tolerance_days": course.tolerance_days,
        "least_days": course.least_days,
        "booster_days": course.booster_days,
    }


def service_card(db: Session, service_id: int) -> ServiceCard:
    """Return a service as its page shows it; raises NotFound. One statement."""
    return _service_card(service(db, service_id))


def service_cards(db: Session) -> list[ServiceCard]:
    """Return all services, those in use first, by name. Two statements."""
    rows = db.scalars(
        sa.select(Service)
        .options(selectinload(Service.segments))
        .order_by(Service.is_active.desc(), Service.name, Service.id)
    )
    return [_service_card(row) for row in rows]


def after(db: Session, service_id: int) -> After:
    """Return what follows a session of a service; raises NotFound. One statement."""
    row = service(db, service_id)
    return After(
        service_id=row.id,
        version=row.version,
        name=row.name,
        modality=row.modality,
        days=offers.follow_up_days(row.modality, row.follow_up_days),
        is_shipped=row.follow_up_days is None,
        words=row.aftercare,
    )


def follow_up_days(db: Session) -> dict[int, tuple[int, ...]]:
    """Return {service: days after a session on which somebody calls}; one statement."""
    rows = db.execute(sa.select(Service.id, Service.modality, Service.follow_up_days))
    return {row.id: offers.follow_up_days(row.modality, row.follow_up_days) for row in rows}


def has_service(db: Session, *, name: str) -> bool:
    """Tell whether a service of this name is on the list already."""
    return db.scalar(sa.select(Service.id).where(Service.name == name).limit(1)) is not None


def _service_card(row: Service) -> ServiceCard:
    parts = parts_of(row)
    return ServiceCard(
        id=row.id,
        version=row.version,
        name=row.name,
        modality=row.modality,
        duration_min=row.duration_min,
        course=pattern_of(row),
        shipped_with=offers.shipped_with(row.code, pattern_of(row)),
        ingredients=tuple(row.ingredients),
        is_active=row.is_active,
        segments=parts,
        bars=offers.bars(parts),
    )


def product(db: Session, product_id: int) -> Product:
    """Return a product; raises NotFound."""
    found = db.get(Product, product_id)
    if found is None:
        raise NotFound(NO_PRODUCT)
    return found


def kept_product(db: Session, product_id: int) -> KeptProduct:
    """Return a product as its form shows it; raises NotFound. Two statements."""
    return _kept(product(db, product_id), packs(db, [product_id]))


def kept_products(db: Session) -> list[KeptProduct]:
    """Return all products as they are kept, by name. Two statements."""
    found = packs(db)
    rows = db.scalars(sa.select(Product).order_by(Product.name, Product.id))
    return [_kept(row, found) for row in rows]


def packs(db: Session, product_ids: Iterable[int] | None = None) -> dict[int, tuple[Pack, ...]]:
    """Return {product id: its packages, the smallest first}; of all products without ids."""
    which = sa.true() if product_ids is None else ProductPack.product_id.in_(sorted(product_ids))
    found: dict[int, tuple[Pack, ...]] = {}
    for row in db.scalars(sa.select(ProductPack).where(which).order_by(ProductPack.id)):
        pack = Pack(gtin=row.gtin, holds_milli=row.holds_milli)
        found[row.product_id] = (*found.get(row.product_id, ()), pack)
    return {
        product_id: tuple(sorted(mine, key=lambda pack: (pack.holds_milli or 0, pack.gtin)))
        for product_id, mine in found.items()
    }


def _kept(row: Product, packs_of: Mapping[int, tuple[Pack, ...]]) -> KeptProduct:
    names = [field.name for field in fields(KeptProduct) if field.name != "packs"]
    values = {name: getattr(row, name) for name in names}
    return KeptProduct(**values, packs=packs_of.get(row.id, ()))


def hold_product(db: Session, product_id: int) -> Product:
    """Return a product, locked until the end of the transaction; raises NotFound."""
    # Not FOR UPDATE: a session that names one of its lots holds the key meanwhile.
    which = sa.select(Product).where(Product.id == product_id).with_for_update(key_share=True)
    found = db.scalar(which.execution_options(populate_existing=True))
    if found is None:
        raise NotFound(NO_PRODUCT)
    return found


def hold_lot(db: Session, lot_id: int) -> ProductLot:
    """Return a lot, locked until the end of the transaction; raises NotFound."""
    which = sa.select(ProductLot).where(ProductLot.id == lot_id).with_for_update(key_share=True)
    found = db.scalar(which.execution_options(populate_existing=True))
    if found is None:
        raise NotFound(NO_LOT)
    return found


def hold_lots(db: Session, lot_ids: Iterable[int]) -> None:
    """Lock lots until the end of the transaction, by their ids; raises NotFound. One statement."""
    wanted = sorted(set(lot_ids))
    which = sa.select(ProductLot.id).where(ProductLot.id.in_(wanted)).order_by(ProductLot.id)
    if len(db.scalars(which.with_for_update(key_share=True)).all()) < len(wanted):
        raise NotFound(NO_LOT)


def lot(db: Session, lot_id: int) -> ProductLot:
    """Return a lot; raises NotFound."""
    found = db.get(ProductLot, lot_id)
    if found is None:
        raise NotFound(NO_LOT)
    return found


def lots(db: Session, *, on: dt.date, location_id: int) -> list[LotChoice]:
    """Return every lot as a place offers it on a day: usable first, first-expiring on top.

    Those that must not be used come with their reason, to be shown struck out. One statement.
    """
    return _choices(db, sa.true(), on=on, location_id=location_id)


def lots_of(
    db: Session, lot_ids: Iterable[int], *, on: dt.date, location_id: int
) -> dict[int, LotChoice]:
    """Return the lots of these ids, judged for a day and a place; unknown ones are left out.

    One statement.
    """
    wanted = sorted(set(lot_ids))
    if not wanted:
        return {}
    which = ProductLot.id.in_(wanted)
    return {choice.id: choice for choice in _choices(db, which, on=on, location_id=location_id)}


def products(db: Session, *, on: dt.date, location_id: int) -> list[ProductCard]:
    """Return all products with their lots as a place has them, by kind and name. Two statements."""
    by_product: dict[int, list[LotChoice]] = {}
    for choice in lots(db, on=on, location_id=location_id):
        by_product.setdefault(choice.product_id, []).append(choice)
    kinds = list(PRODUCT_KIND_NAMES)
    rows = db.scalars(sa.select(Product).order_by(Product.name, Product.id)).all()
    return sorted(
        (
            ProductCard(
                id=row.id,
                name=row.name,
                kind=row.kind,
                manufacturer=row.manufacturer,
                ingredient=row.ingredient,
                strength_ug_per_ml=row.strength_ug_per_ml,
                has_adrenaline=row.has_adrenaline,
                is_injectable=row.is_injectable,
                is_active=row.is_active,
                regulatory_class=row.regulatory_class,
                unit=row.unit,
                is_single_patient=row.is_single_patient,
                open_hours=row.open_hours,
                low_milli=row.low_milli,
                lots=tuple(by_product.get(row.id, ())),
            )
            for row in rows
        ),
        key=lambda card: (not card.is_active, kinds.index(card.kind)),
    )


def codes(db: Session, *, of: type[Service] | type[Product]) -> frozenset[str]:
    """Return the codes that are taken."""
    return frozenset(db.scalars(sa.select(of.code)))


def has_product(
    db: Session, *, name: str, strength_ug_per_ml: int | None, but: int | None = None
) -> bool:
    """Tell whether another product of this name and strength is on the list already."""
    same = sa.select(Product.id).where(
        Product.name == name,
        Product.id.is_distinct_from(but),
        Product.strength_ug_per_ml.is_not_distinct_from(strength_ug_per_ml),
    )
    return db.scalars(same.limit(1)).first() is not None


def taken_gtins(db: Session, gtins: Iterable[str], *, but: int | None = None) -> frozenset[str]:
    """Return those of these numbers that packages of other products carry. One statement."""
    same = sa.select(ProductPack.gtin).where(
        ProductPack.gtin.in_(sorted(gtins)), ProductPack.product_id.is_distinct_from(but)
    )
    return frozenset(db.scalars(same))


def has_lot(db: Session, *, product_id: int, lot_no: str) -> bool:
    """Tell whether a product's lot number is on the list already."""
    return (
        db.scalar(
            sa.select(ProductLot.id).where(
                ProductLot.product_id == product_id, ProductLot.lot_no == lot_no
            )
        )
        is not None
    )


_GTINS = (
    sa.select(sa.func.aggregate_strings(ProductPack.gtin, " "))
    .where(ProductPack.product_id == Product.id)
    .scalar_subquery()
)


def _choices(
    db: Session, which: sa.ColumnElement[bool], *, on: dt.date, location_id: int
) -> list[LotChoice]:
    rows = db.execute(
        sa.select(ProductLot, Product, StockLevel.level_milli, _GTINS)
        .join(Product, Product.id == ProductLot.product_id)
        .outerjoin(
            StockLevel,
            sa.and_(StockLevel.lot_id == ProductLot.id, StockLevel.location_id == location_id),
        )
        .where(which)
    )
    return lot_rules.in_order_of_use(_choice(row[0], row[1], row[2], row[3], on) for row in rows)


def _choice(
    lot: ProductLot, product: Product, level_milli: int | None, gtins: str | None, on: dt.date
) -> LotChoice:
    return LotChoice(
        id=lot.id,
        product_id=product.id,
        product_name=product.name,
        kind=product.kind,
        ingredient=product.ingredient,
        strength_ug_per_ml=product.strength_ug_per_ml,
        has_adrenaline=product.has_adrenaline,
        lot_no=lot.lot_no,
        expires_on=lot.expires_on,
        state=lot.state,
        state_reason=lot.state_reason,
        version=lot.version,
        unusable=lot_rules.usable(lot, product, on, level_milli),
        gtins=tuple((gtins or "").split()),
        regulatory_class=product.regulatory_class,
        unit=product.unit,
        level_milli=level_milli,
        open_hours=product.open_hours,
        leaflet_ul=product.leaflet_ul,
    )
