"""Reading stock: what is left of a lot, what came and went, which vials are open."""

import datetime as dt
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.accounts.models import Account
from clinic.catalog.models import OpenedVial, Product, ProductLot, StockLevel, StockMovement
from clinic.catalog.rules import stock as stock_rules
from clinic.catalog.stock_values import (
    EXPIRES_SOON_DAYS,
    MORE_WAS_THERE,
    Alerts,
    Movement,
    MovementKind,
)
from clinic.catalog.values import LotState, ProductKind, RegulatoryClass, StockUnit
from clinic.core.errors import NotFound
from clinic.core.text import N_

NO_MOVEMENT = N_("There is no such movement of stock")
NO_VIAL = N_("There is no such opened vial")
SHOWN = 100
"""Movements that a page of a lot shows."""


def hold_lots(db: Session, lot_ids: Iterable[int]) -> None:
    """Keep lots as they are until the end of the transaction: who stops one waits, or came first.

    By their ids. One statement; none without ids.
    """
    wanted = sorted(set(lot_ids))
    if wanted:
        db.execute(
            sa.select(ProductLot.id)
            .where(ProductLot.id.in_(wanted))
            .order_by(ProductLot.id)
            .with_for_update(read=True)
        ).all()


def held_levels(db: Session, lot_ids: Iterable[int], location_id: int) -> dict[int, int]:
    """Return {lot id: what is left} of those that are counted at a place, locked by lot id.

    One statement.
    """
    rows = db.execute(
        sa.select(StockLevel.lot_id, StockLevel.level_milli)
        .where(StockLevel.lot_id.in_(sorted(set(lot_ids))), StockLevel.location_id == location_id)
        .order_by(StockLevel.lot_id)
        .with_for_update()
    )
    return {row.lot_id: row.level_milli for row in rows}


def level(db: Session, lot_id: int, location_id: int) -> int | None:
    """Return what is left of a lot at a place; None when it was never counted there."""
    return db.scalar(
        sa.select(StockLevel.level_milli).where(
            StockLevel.lot_id == lot_id, StockLevel.location_id == location_id
        )
    )


def units(db: Session, lot_ids: Iterable[int]) -> dict[int, StockUnit]:
    """Return {lot id: what it is counted in}. One statement."""
    rows = db.execute(
        sa.select(ProductLot.id, Product.unit)
        .join(Product, Product.id == ProductLot.product_id)
        .where(ProductLot.id.in_(sorted(set(lot_ids))))
    )
    return {row.id: row.unit for row in rows}


def alerts(db: Session, *, location_id: int, on: dt.date) -> Alerts:
    """Return how much of a place's stock should be looked after on a day. One statement.

    The same as `rules` say of every lot and product, counted by the database.
    """
    left = StockLevel.level_milli
    may_be_used = sa.and_(
        Product.regulatory_class != RegulatoryClass.COSMETIC,
        Product.kind != ProductKind.COSMETIC,
        sa.or_(Product.kind == ProductKind.KIT, Product.is_injectable),
    )
    is_in_date = ProductLot.expires_on >= on
    is_usable = sa.and_(
        may_be_used,
        Product.is_active,
        ProductLot.state == LotState.OK,
        is_in_date,
        sa.or_(left.is_(None), left > 0),
    )

    def count(*conditions: sa.ColumnElement[bool]) -> sa.Function[int]:
        return sa.func.count(sa.case((sa.and_(*conditions), 1)))

    rows = db.execute(
        sa.select(
            Product.is_active,
            Product.low_milli,
            sa.func.sum(sa.case((is_usable, left))).label("stock"),
            count(is_usable, left.is_(None)).label("uncounted"),
            sa.func.count(left).label("counted"),
            count(
                is_usable, ProductLot.expires_on <= on + dt.timedelta(days=EXPIRES_SOON_DAYS)
            ).label("soon"),
            count(
                may_be_used, ProductLot.state == LotState.OK, sa.not_(is_in_date), left > 0
            ).label("expired"),
            count(may_be_used, ProductLot.state == LotState.RECALLED, left > 0).label("recalled"),
        )
        .join(ProductLot, ProductLot.product_id == Product.id)
        .outerjoin(
            StockLevel,
            sa.and_(StockLevel.lot_id == ProductLot.id, StockLevel.location_id == location_id),
        )
        .group_by(Product.id)
    ).all()
    return Alerts(
        low=sum(
            row.low_milli is not None and (row.stock or 0) <= row.low_milli
            for row in rows
            if row.is_active and row.counted and not row.uncounted
        ),
        soon=sum(row.soon for row in rows),
        expired=sum(row.expired for row in rows),
        recalled=sum(row.recalled for row in rows),
    )


def lot_by_number(db: Session, *, product_id: int, lot_no: str) -> ProductLot | None:
    """Return the lot of a product by its number on the pack."""
    return db.scalar(
        sa.select(ProductLot).where(
            ProductLot.product_id == product_id, ProductLot.lot_no == lot_no
        )
    )


def has_movements(db: Session, product_id: int) -> bool:
    """Tell whether anything came to or went from a lot of a product."""
    moved = (
        sa.select(StockMovement.id)
        .join(ProductLot, ProductLot.id == StockMovement.lot_id)
        .where(ProductLot.product_id == product_id)
    )
    return db.scalar(moved.limit(1)) is not None


def by_form_key(db: Session, form_key: str | None) -> StockMovement | None:
    """Return the movement that a form with this one-time key already made."""
    if form_key is None:
        return None
    return db.scalar(sa.select(StockMovement).where(StockMovement.form_key == form_key))


def movement(db: Session, movement_id: int, location_id: int) -> StockMovement:
    """Return a movement at a place; raises NotFound."""
    found = db.scalar(
        sa.select(StockMovement).where(
            StockMovement.id == movement_id, StockMovement.location_id == location_id
        )
    )
    if found is None:
        raise NotFound(NO_MOVEMENT)
    return found


def is_reversed(db: Session, movement_id: int) -> bool:
    """Tell whether a movement was taken back."""
    taken_back = sa.select(StockMovement.id).where(StockMovement.reverses_id == movement_id)
    return db.scalar(taken_back) is not None


def movements(db: Session, lot_id: int, location_id: int, *, now: dt.datetime) -> list[Movement]:
    """Return what came to a lot and went from it at a place, newest first. One statement."""
    return _lines(db, StockMovement.lot_id == lot_id, location_id, now)


def line(db: Session, movement_id: int, location_id: int, *, now: dt.datetime) -> Movement:
    """Return one movement at a place as it is read; raises NotFound. One statement."""
    found = _lines(db, StockMovement.id == movement_id, location_id, now)
    if not found:
        raise NotFound(NO_MOVEMENT)
    return found[0]


def _lines(
    db: Session, which: sa.ColumnElement[bool], location_id: int, now: dt.datetime
) -> list[Movement]:
    back = sa.orm.aliased(StockMovement)
    rows = db.execute(
        sa.select(StockMovement, Account.name, back.id.label("back"))
        .join(Account, Account.id == StockMovement.actor_id)
        .outerjoin(back, back.reverses_id == StockMovement.id)
        .where(which, StockMovement.location_id == location_id)
        .order_by(StockMovement.id.desc())
        .limit(SHOWN)
    )
    return [
        Movement(
            id=row[0].id,
            lot_id=row[0].lot_id,
            kind=row[0].kind,
            amount_milli=row[0].amount_milli,
            at=row[0].at,
            who=row[1],
            reason=row[0].reason,
            session_id=row[0].session_id,
            reverses_id=row[0].reverses_id,
            may_be_reversed=row.back is None
            and stock_rules.may_reverse(row[0].kind, row[0].at, now),
            may_be_corrected=row.back is None
            and stock_rules.may_correct(row[0].kind, row[0].at, now),
        )
        for row in rows
    ]


def to_be_counted(db: Session, session_id: int) -> list[tuple[int, str]]:
    """Return (lot id, lot number) of what a session used more of than was thought to be left.

    One statement.
    """
    count = sa.orm.aliased(StockMovement)
    rows = db.execute(
        sa.select(ProductLot.id, ProductLot.lot_no)
        .join(StockMovement, StockMovement.lot_id == ProductLot.id)
        .join(
            count,
            sa.and_(
                count.lot_id == StockMovement.lot_id,
                count.location_id == StockMovement.location_id,
                count.at == StockMovement.at,
            ),
        )
        .where(
            StockMovement.session_id == session_id,
            count.kind == MovementKind.COUNT,
            count.reason == MORE_WAS_THERE,
        )
        .distinct()
        .order_by(ProductLot.id)
    )
    return [(row.id, row.lot_no) for row in rows]


def vials(
    db: Session,
    location_id: int,
    *,
    lot_id: int | None = None,
    thrown_since: dt.datetime | None = None,
) -> list[OpenedVial]:
    """Return the vials that are open at a place, first opened first. One statement.

    With `thrown_since` also those that were thrown away from then on.
    """
    which = sa.true() if lot_id is None else OpenedVial.lot_id == lot_id
    thrown = sa.false() if thrown_since is None else OpenedVial.discarded_at >= thrown_since
    return list(
        db.scalars(
            sa.select(OpenedVial)
            .where(
                OpenedVial.location_id == location_id,
                OpenedVial.discarded_at.is_(None) | thrown,
                which,
            )
            .order_by(OpenedVial.opened_at, OpenedVial.id)
        )
    )


def vial(db: Session, vial_id: int, location_id: int) -> OpenedVial:
    """Return an opened vial of a place; raises NotFound."""
    found = db.scalar(
        sa.select(OpenedVial).where(OpenedVial.id == vial_id, OpenedVial.location_id == location_id)
    )
    if found is None:
        raise NotFound(NO_VIAL)
    return found
