"""Stock: receiving, throwing away, counting, moving, taking back, and what a session draws.

A level is the sum of its movements and changes with them, in one transaction and under its lock;
levels are locked by the ids of their lots, after patient and session, before the audit trail.
"""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.catalog import queries, service, stock_queries
from clinic.catalog.models import OpenedVial, ProductLot, StockLevel, StockMovement
from clinic.catalog.product_values import AddLot
from clinic.catalog.rules import stock as stock_rules
from clinic.catalog.stock_values import (
    MORE_WAS_THERE,
    CountLot,
    CountShelf,
    MoveLot,
    MovementKind,
    ReceiveLot,
    Shortage,
    Use,
    WasteLot,
)
from clinic.catalog.values import LotState
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import Conflict, Invalid
from clinic.core.text import N_
from clinic.core.units import show_thousandths
from clinic.locations import queries as location_queries

OTHER_DATE = N_("This lot is on the list with another date: %(date)s. Look at the pack again.")
EXPIRED = N_("This lot is past its date: send it back")
STOPPED = N_("This lot was stopped: it cannot be received.")
TOO_MUCH = N_("Only %(left)s are left")
NOT_COUNTED = N_("This lot was never counted here. Count it first.")
TAKEN_BACK = N_("This was taken back already.")
TOO_LATE = N_("This cannot be taken back any more. Count the lot instead.")
WHY_LATE = N_("It was received a while ago: write why it is taken back")
GONE_SINCE = N_("Some of it was used since: only %(left)s are left. Count the lot instead.")
SHELF_MOVED = N_(
    "Something came or went while you counted. Count the marked lots again, then compare once more."
)
SAME_PLACE = N_("Choose another place")


class NotEnough(Conflict):
    """A session takes more of a lot than is left."""

    def __init__(self, shortages: tuple[Shortage, ...]) -> None:
        super().__init__(TOO_MUCH, left=show_thousandths(shortages[0].left_milli))
        self.shortages = shortages


class ShelfMoved(Conflict):
    """The stock of lots that were counted changed meanwhile."""

    def __init__(self, lot_ids: Iterable[int]) -> None:
        super().__init__(SHELF_MOVED)
        self.lot_ids = frozenset(lot_ids)


def receive(db: Session, actor: Actor, wish: ReceiveLot) -> StockMovement:
    """Put what was delivered into stock; a lot that is not on the list is added to it.

    A form sent twice receives once. Raises NotFound for an unknown product, Invalid when the lot
    is past its date or known with another one, Conflict when it was stopped.
    """
    if wish.expires_on < clock.today(actor.zone):
        raise Invalid(EXPIRED, field="expires_on")
    product = queries.hold_product(db, wish.product_id)
    made = stock_queries.by_form_key(db, wish.form_key)
    if made is not None:
        return made
    lot = stock_queries.lot_by_number(db, product_id=product.id, lot_no=wish.lot_no)
    if lot is None:
        lot = service.new_lot(
            db, AddLot(product_id=product.id, lot_no=wish.lot_no, expires_on=wish.expires_on)
        )
    elif lot.expires_on != wish.expires_on:
        raise Invalid(OTHER_DATE, field="expires_on", date=lot.expires_on.isoformat())
    if lot.state is not LotState.OK:
        raise Conflict(STOPPED)
    return _move(db, actor, lot, MovementKind.RECEIPT, wish.amount_milli, form_key=wish.form_key)


def waste(db: Session, actor: Actor, wish: WasteLot) -> StockMovement:
    """Take out of stock what was thrown away, with the reason. A form sent twice does it once.

    Raises NotFound, Conflict when the lot was never counted here, Invalid when less is left.
    """
    lot = queries.hold_lot(db, wish.lot_id)
    made = stock_queries.by_form_key(db, wish.form_key)
    if made is not None:
        return made
    _refuse_more_than_left(db, actor, lot, wish.amount_milli)
    return _move(
        db,
        actor,
        lot,
        MovementKind.WASTE,
        -wish.amount_milli,
        reason=wish.reason,
        form_key=wish.form_key,
    )


def count(db: Session, actor: Actor, wish: CountLot) -> StockMovement:
    """Say how much of a lot there is: what the level was off by becomes a movement.

    From then on the lot is counted. A form sent twice counts once. Raises NotFound.
    """
    lot = queries.hold_lot(db, wish.lot_id)
    made = stock_queries.by_form_key(db, wish.form_key)
    if made is not None:
        return made
    left = stock_queries.held_levels(db, [lot.id], actor.location_id).get(lot.id, 0)
    return _move(
        db,
        actor,
        lot,
        MovementKind.COUNT,
        wish.counted_milli - left,
        reason=wish.reason,
        form_key=wish.form_key,
    )


def count_shelf(db: Session, actor: Actor, wish: CountShelf) -> int:
    """Say how much there is of many lots; return how many differed from what was expected.

    What a session or somebody else took since the page was shown is no loss: then nothing is kept.
    A form sent twice counts once. Seven statements, however many lots. Raises NotFound, ShelfMoved.
    """
    lines = {line.lot_id: line for line in wish.lots}
    queries.hold_lots(db, lines)
    if stock_queries.by_form_key(db, wish.form_key) is not None:
        return 0
    levels = stock_queries.held_levels(db, lines, actor.location_id)
    moved = stock_rules.moved(wish.lots, levels)
    if moved:
        raise ShelfMoved(moved)
    off = {
        lot_id: line.counted_milli - levels.get(lot_id, 0) for lot_id, line in sorted(lines.items())
    }
    _change_all(db, off, actor.location_id)
    keys = iter((wish.form_key,))  # The first line stands for the form.
    db.execute(
        sa.insert(StockMovement),
        [
            {
                "lot_id": lot_id,
                "location_id": actor.location_id,
                "kind": MovementKind.COUNT,
                "amount_milli": amount,
                "at": clock.now(),
                "actor_id": actor.id,
                "reason": wish.reason,
                "form_key": next(keys, None),
            }
            for lot_id, amount in off.items()
        ],
    )
    audit.record(db, actor, "stock.count", "stock", detail={"lots": sorted(off)})
    return sum(amount != 0 for amount in off.values())


def move(db: Session, actor: Actor, wish: MoveLot) -> StockMovement:
    """Send some of a lot to another place: it leaves here and arrives there at once.

    Raises NotFound, Conflict when the lot was never counted here, Invalid when less is left or
    the place is this one.
    """
    lot = queries.hold_lot(db, wish.lot_id)
    made = stock_queries.by_form_key(db, wish.form_key)
    if made is not None:
        return made
    there = location_queries.get(db, wish.to_location_id)
    if there.id == actor.location_id:
        raise Invalid(SAME_PLACE, field="to")
    # Both levels are locked in the order of the places: two that move both ways cannot meet.
    for place in sorted((actor.location_id, there.id)):
        stock_queries.held_levels(db, [lot.id], place)
    _refuse_more_than_left(db, actor, lot, wish.amount_milli)
    _change(db, lot.id, there.id, wish.amount_milli)
    arrival = _row(actor, lot, MovementKind.TRANSFER, wish.amount_milli, reason=wish.reason)
    arrival.location_id = there.id
    db.add(arrival)
    return _move(
        db,
        actor,
        lot,
        MovementKind.TRANSFER,
        -wish.amount_milli,
        reason=wish.reason,
        form_key=wish.form_key,
    )


def take_back(db: Session, actor: Actor, movement_id: int, reason: str = "") -> StockMovement:
    """Undo a receipt, a loss or a count by a movement the other way; a receipt at any time.

    Pressed twice it happens once. Raises NotFound, Invalid when a reason is asked for, Conflict
    when it is too late, when it was a session's, or when less is left than would go.
    """
    done = stock_queries.movement(db, movement_id, actor.location_id)
    left = stock_queries.held_levels(db, [done.lot_id], actor.location_id).get(done.lot_id, 0)
    if stock_queries.is_reversed(db, done.id):
        raise Conflict(TAKEN_BACK)
    if not done.amount_milli or not stock_rules.may_correct(done.kind, done.at, clock.now()):
        raise Conflict(TOO_LATE)
    if not reason and not stock_rules.may_reverse(done.kind, done.at, clock.now()):
        raise Invalid(WHY_LATE, field="reason")
    if left < done.amount_milli:
        raise Conflict(GONE_SINCE, left=show_thousandths(left))
    lot = queries.lot(db, done.lot_id)
    return _move(
        db,
        actor,
        lot,
        MovementKind.REVERSAL,
        -done.amount_milli,
        reason=reason,
        reverses_id=done.id,
    )


def draw(
    db: Session, actor: Actor, uses: Iterable[Use], session_id: int, *, was_given: bool = False
) -> None:
    """Take out of stock what a session used, of all its lots or of none.

    Lots that were never counted here are left alone. What was given already was there, whatever the
    level says: that the level was off by it becomes a count, and the lot is empty. Five statements
    at most, however many lots. Raises NotEnough when less of a lot is left.
    """
    uses = tuple(uses)
    if not uses:
        return
    lot_ids = [use.lot_id for use in uses]
    wanted = stock_rules.taken(uses, stock_queries.units(db, lot_ids))
    levels = stock_queries.held_levels(db, wanted, actor.location_id)
    lots = queries.lots_of(db, levels, on=clock.today(actor.zone), location_id=actor.location_id)
    shortages = stock_rules.short(wanted, [lots[lot_id] for lot_id in sorted(levels)])
    if shortages and not was_given:
        raise NotEnough(shortages)
    taken = {lot_id: wanted[lot_id] for lot_id in sorted(levels)}
    if not taken:
        return
    more = {short.lot_id: short.wanted_milli - short.left_milli for short in shortages}
    _change_all(
        db,
        {lot_id: more.get(lot_id, 0) - amount for lot_id, amount in taken.items()},
        actor.location_id,
    )
    counts = [(lot_id, MovementKind.COUNT, amount, None) for lot_id, amount in more.items()]
    now = clock.now()  # One moment for both: that is how a lot to be counted is found again.
    used = [(lot_id, MovementKind.USE, -amount, session_id) for lot_id, amount in taken.items()]
    db.execute(
        sa.insert(StockMovement),
        [
            {
                "lot_id": lot_id,
                "location_id": actor.location_id,
                "kind": kind,
                "amount_milli": amount,
                "at": now,
                "actor_id": actor.id,
                "reason": MORE_WAS_THERE if kind is MovementKind.COUNT else "",
                "session_id": session,
            }
            for lot_id, kind, amount, session in (*counts, *used)
        ],
    )


def discard(db: Session, actor: Actor, vial_id: int) -> OpenedVial:
    """Note that an opened vial was thrown away or is empty; pressed twice it happens once.

    Raises NotFound.
    """
    vial = stock_queries.vial(db, vial_id, actor.location_id)
    if vial.discarded_at is None:
        vial.discarded_at = clock.now()
        audit.record(db, actor, "vial.discarded", "vial", vial.id, detail={"lot": vial.lot_id})
    return vial


def _refuse_more_than_left(db: Session, actor: Actor, lot: ProductLot, amount: int) -> None:
    left = stock_queries.held_levels(db, [lot.id], actor.location_id).get(lot.id)
    if left is None:
        raise Conflict(NOT_COUNTED)
    if left < amount:
        raise Invalid(TOO_MUCH, field="amount", left=show_thousandths(left))


def _row(
    actor: Actor, lot: ProductLot, kind: MovementKind, amount_milli: int, *, reason: str = ""
) -> StockMovement:
    return StockMovement(
        lot_id=lot.id,
        location_id=actor.location_id,
        kind=kind,
        amount_milli=amount_milli,
        at=clock.now(),
        actor_id=actor.id,
        reason=reason,
    )


def _move(
    db: Session,
    actor: Actor,
    lot: ProductLot,
    kind: MovementKind,
    amount_milli: int,
    *,
    reason: str = "",
    form_key: str | None = None,
    reverses_id: int | None = None,
) -> StockMovement:
    """Write one movement here with its level and its audit line."""
    _change(db, lot.id, actor.location_id, amount_milli)
    row = _row(actor, lot, kind, amount_milli, reason=reason)
    row.form_key, row.reverses_id = form_key, reverses_id
    db.add(row)
    db.flush()  # The audit line and the way back need the id.
    audit.record(
        db,
        actor,
        f"stock.{kind.value}",
        "stock",
        row.id,
        detail={"lot": lot.id, "amount_milli": amount_milli},
    )
    return row


def _change(db: Session, lot_id: int, location_id: int, amount_milli: int) -> None:
    _change_all(db, {lot_id: amount_milli}, location_id)


def _change_all(db: Session, amounts: Mapping[int, int], location_id: int) -> None:
    """Raise or lower levels; the first movement of a lot makes its own. Two statements."""
    insert = postgresql.insert if db.get_bind().dialect.name == "postgresql" else sqlite.insert
    db.execute(
        insert(StockLevel).on_conflict_do_nothing(),
        [{"lot_id": lot_id, "location_id": location_id, "level_milli": 0} for lot_id in amounts],
    )
    db.execute(
        sa.update(StockLevel.__table__)  # type: ignore[arg-type]  # a Table, as the mapper has it
        .where(
            StockLevel.lot_id == sa.bindparam("lot"),
            StockLevel.location_id == location_id,
        )
        .values(level_milli=StockLevel.level_milli + sa.bindparam("amount")),
        [{"lot": lot_id, "amount": amount} for lot_id, amount in amounts.items()],
    )
