"""Receiving, throwing away, counting, moving and taking back; what a session draws."""

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from clinic.audit.models import AuditEvent
from clinic.catalog import queries, service, stock, stock_queries
from clinic.catalog.models import OpenedVial, StockLevel, StockMovement
from clinic.catalog.product_values import AddLot, AddProduct
from clinic.catalog.stock_values import (
    CountLot,
    MoveLot,
    MovementKind,
    ReceiveLot,
    Use,
    WasteLot,
)
from clinic.catalog.values import ProductKind, StockUnit, Unusable
from clinic.core.access import Role
from clinic.core.engine import constraint_of
from clinic.core.errors import Conflict, Invalid, NotFound
from tests import factories
from tests.counting import statements
from tests.treatments.conftest import chair

__all__ = ["chair"]
TODAY = dt.date(2026, 11, 23)
NEXT_YEAR = dt.date(2027, 11, 30)


@pytest.fixture
def nurse(world):
    return world.actor(Role.NURSE)


@pytest.fixture
def vitamins(db, nurse):
    return service.add_product(db, nurse, AddProduct(name="Hair mix", kind=ProductKind.DRUG))


def received(db, nurse, product, amount=5_000, lot_no="V-1", **changes):
    fields = {
        "product_id": product.id,
        "lot_no": lot_no,
        "expires_on": NEXT_YEAR,
        "amount_milli": amount,
        **changes,
    }
    return stock.receive(db, nurse, ReceiveLot(**fields))


def left(db, actor, lot_id):
    return stock_queries.level(db, lot_id, actor.location_id)


def summed(db, lot_id):
    return db.scalar(
        sa.select(sa.func.sum(StockMovement.amount_milli)).where(StockMovement.lot_id == lot_id)
    )


def test_a_delivery_makes_the_lot_and_its_level(db, nurse, vitamins):
    made = received(db, nurse, vitamins)
    received(db, nurse, vitamins, amount=2_500)

    assert left(db, nurse, made.lot_id) == summed(db, made.lot_id) == 7_500
    assert queries.lot(db, made.lot_id).expires_on == NEXT_YEAR
    trail = db.scalars(sa.select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert trail[-2:] == ["stock.receipt", "stock.receipt"]


def test_a_form_that_is_sent_twice_receives_once(db, nurse, vitamins):
    made = received(db, nurse, vitamins, form_key="k" * 24)
    again = received(db, nurse, vitamins, form_key="k" * 24)

    assert again.id == made.id
    assert left(db, nurse, made.lot_id) == 5_000


def test_a_lot_that_is_known_with_another_date_is_not_received(db, nurse, vitamins):
    made = received(db, nurse, vitamins)

    with pytest.raises(Invalid) as refused:
        received(db, nurse, vitamins, expires_on=TODAY)

    assert refused.value.field == "expires_on"
    assert left(db, nurse, made.lot_id) == 5_000


def test_a_stopped_lot_is_not_received(db, nurse, vitamins):
    made = received(db, nurse, vitamins)
    service.quarantine(db, nurse, made.lot_id, "Cracked")

    with pytest.raises(Conflict):
        received(db, nurse, vitamins)


def test_nobody_throws_away_more_than_there_is(db, nurse, vitamins):
    lot_id = received(db, nurse, vitamins).lot_id
    stock.waste(db, nurse, WasteLot(lot_id=lot_id, amount_milli=5_000, reason="Fell"))

    with pytest.raises(Invalid) as refused:
        stock.waste(db, nurse, WasteLot(lot_id=lot_id, amount_milli=1, reason="Fell"))

    assert (refused.value.field, str(refused.value)) == ("amount", "Only 0 are left")
    (choice,) = queries.lots(db, on=TODAY, location_id=nurse.location_id)
    assert choice.unusable is Unusable.EMPTY


def test_a_lot_that_was_never_counted_may_be_used_and_nothing_is_thrown_away(db, nurse, vitamins):
    lot = service.add_lot(
        db, nurse, AddLot(product_id=vitamins.id, lot_no="old", expires_on=NEXT_YEAR)
    )

    (choice,) = queries.lots(db, on=TODAY, location_id=nurse.location_id)
    assert (choice.level_milli, choice.unusable) == (None, None)
    with pytest.raises(Conflict):
        stock.waste(db, nurse, WasteLot(lot_id=lot.id, amount_milli=1, reason="Fell"))


def test_a_count_makes_a_lot_counted_also_when_it_is_empty(db, nurse, vitamins):
    lot = service.add_lot(
        db, nurse, AddLot(product_id=vitamins.id, lot_no="old", expires_on=NEXT_YEAR)
    )

    for counted in (0, 4_000, 1_500):
        wish = CountLot(lot_id=lot.id, counted_milli=counted, reason="Friday")
        stock.count(db, nurse, wish)
        assert left(db, nurse, lot.id) == summed(db, lot.id) == counted


def test_a_movement_is_taken_back_once_and_not_below_nought(db, nurse, vitamins, clock, world):
    first = received(db, nurse, vitamins)
    second = received(db, nurse, vitamins, amount=1_000)

    back = stock.take_back(db, nurse, second.id)
    assert (back.kind, back.amount_milli) == (MovementKind.REVERSAL, -1_000)
    with pytest.raises(Conflict):
        stock.take_back(db, nurse, second.id)
    with pytest.raises(Conflict):
        stock.take_back(db, nurse, back.id)

    stock.waste(db, nurse, WasteLot(lot_id=first.lot_id, amount_milli=1, reason="Fell"))
    with pytest.raises(Conflict) as refused:
        stock.take_back(db, nurse, first.id)
    assert "only 4.999 are left" in str(refused.value)


def test_after_ten_minutes_a_loss_is_counted_instead(db, nurse, vitamins, clock, world):
    lot_id = received(db, nurse, vitamins).lot_id
    made = stock.waste(db, nurse, WasteLot(lot_id=lot_id, amount_milli=1, reason="Fell"))
    now = made.at
    clock(now + dt.timedelta(minutes=10))
    seen = stock_queries.movements(db, made.lot_id, nurse.location_id, now=world.later())
    assert [line.may_be_reversed for line in seen] == [True, True]

    clock(now + dt.timedelta(minutes=10, seconds=1))
    with pytest.raises(Conflict):
        stock.take_back(db, nurse, made.id, "Was not broken")


def test_a_delivery_is_taken_back_at_any_time_with_the_reason(db, nurse, vitamins, clock):
    made = received(db, nurse, vitamins)
    clock(made.at + dt.timedelta(days=30))
    (line,) = stock_queries.movements(
        db, made.lot_id, nurse.location_id, now=made.at + dt.timedelta(days=30)
    )
    assert (line.may_be_reversed, line.may_be_corrected) == (False, True)

    with pytest.raises(Invalid) as refused:
        stock.take_back(db, nurse, made.id)
    back = stock.take_back(db, nurse, made.id, "Typed 5 instead of 0.5")

    assert refused.value.field == "reason"
    assert (back.amount_milli, back.reason) == (-5_000, "Typed 5 instead of 0.5")
    assert left(db, nurse, made.lot_id) == summed(db, made.lot_id) == 0
    with pytest.raises(Conflict):
        stock.take_back(db, nurse, made.id, "Again")


def test_a_movement_of_another_place_is_not_found(db, nurse, vitamins, world):
    made = received(db, nurse, vitamins)
    elsewhere = factories.a_location(db)
    other = factories.an_account(db, location=elsewhere, role=Role.NURSE)

    with pytest.raises(NotFound):
        stock.take_back(db, replace(nurse, id=other.id, location_id=elsewhere.id), made.id)


def test_what_is_sent_to_another_place_leaves_here_and_arrives_there(db, nurse, vitamins):
    lot_id = received(db, nurse, vitamins).lot_id
    there = factories.a_location(db)

    def send(amount, to):
        wish = MoveLot(lot_id=lot_id, to_location_id=to, amount_milli=amount, reason="Short there")
        return stock.move(db, nurse, wish)

    send(2_000, there.id)
    assert left(db, nurse, lot_id) == 3_000
    assert stock_queries.level(db, lot_id, there.id) == 2_000
    for amount, to in ((3_001, there.id), (1, nurse.location_id)):
        with pytest.raises(Invalid):
            send(amount, to)
    assert summed(db, lot_id) == 5_000


@pytest.mark.parametrize(
    "change", ["UPDATE stock_movement SET reason = 'x'", "DELETE FROM stock_movement"]
)
def test_the_database_refuses_to_change_a_movement(db, nurse, vitamins, change):
    received(db, nurse, vitamins)

    with pytest.raises(DBAPIError) as refused:
        db.execute(sa.text(change))

    assert "append_only" in str(constraint_of(refused.value))


def test_the_database_refuses_a_level_below_nought(db, nurse, vitamins):
    received(db, nurse, vitamins)

    with pytest.raises(DBAPIError) as refused:
        db.execute(sa.update(StockLevel).values(level_milli=-1))

    assert constraint_of(refused.value) == "ck_stock_level_not_below_nought"


# ------------------------------------------------------------------------------- drawing


@pytest.fixture
def session(chair):
    """A session that has begun."""
    return chair.begin().id


def test_a_session_draws_millilitres_and_pieces(db, nurse, vitamins, session):
    kit = service.add_product(
        db, nurse, AddProduct(name="Kit", kind=ProductKind.KIT, unit=StockUnit.PIECE)
    )
    drug = received(db, nurse, vitamins).lot_id
    tubes = received(db, nurse, kit, amount=5_000, lot_no="K-1").lot_id
    more = received(db, nurse, kit, amount=5_000, lot_no="K-2").lot_id
    uses = (
        Use(lot_id=drug, amount_ul=1_500),
        Use(lot_id=tubes, amount_ul=None),
        Use(lot_id=more, amount_ul=None, pieces=3),
    )

    stock.draw(db, nurse, uses, session)

    assert [left(db, nurse, lot) for lot in (drug, tubes, more)] == [3_500, 4_000, 2_000]
    assert [summed(db, lot) for lot in (drug, tubes, more)] == [3_500, 4_000, 2_000]
    lines = stock_queries.movements(db, drug, nurse.location_id, now=dt.datetime.now(dt.UTC))
    assert (lines[0].kind, lines[0].session_id) == (MovementKind.USE, session)
    assert not lines[0].may_be_reversed


def test_a_session_draws_all_of_its_lots_or_none(db, nurse, vitamins, session):
    enough = received(db, nurse, vitamins, lot_no="A").lot_id
    short = received(db, nurse, vitamins, lot_no="B", amount=1_000).lot_id
    uses = (Use(lot_id=enough, amount_ul=100), Use(lot_id=short, amount_ul=1_001))

    with pytest.raises(stock.NotEnough) as refused:
        stock.draw(db, nurse, uses, session)

    (shortage,) = refused.value.shortages
    assert (shortage.lot_no, shortage.left_milli, shortage.wanted_milli) == ("B", 1_000, 1_001)
    assert left(db, nurse, enough) == 5_000


def test_of_a_lot_that_nobody_counted_nothing_is_drawn(db, nurse, vitamins, session):
    lot = service.add_lot(
        db, nurse, AddLot(product_id=vitamins.id, lot_no="old", expires_on=NEXT_YEAR)
    )

    stock.draw(db, nurse, (Use(lot_id=lot.id, amount_ul=100),), session)

    assert left(db, nurse, lot.id) is None
    assert db.scalar(sa.select(sa.func.count()).select_from(StockMovement)) == 0


def test_drawing_many_lots_takes_no_more_statements_than_one(db, nurse, vitamins, session):
    lots = [received(db, nurse, vitamins, lot_no=f"L-{n}").lot_id for n in range(8)]

    def count(some):
        uses = [Use(lot_id=lot_id, amount_ul=1) for lot_id in some]
        with statements(db.connection()) as seen:
            stock.draw(db, nurse, uses, session)
        return len(seen)

    assert count(lots) == count(lots[:1])


def test_a_vial_is_discarded_once(db, nurse, vitamins, session):
    lot_id = received(db, nurse, vitamins).lot_id
    vial = OpenedVial(
        lot_id=lot_id,
        location_id=nurse.location_id,
        session_id=session,
        opened_at=dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC),
    )
    db.add(vial)
    db.flush()

    for _ in range(2):
        stock.discard(db, nurse, vial.id)

    assert stock_queries.vials(db, nurse.location_id, lot_id=lot_id) == []
    trail = db.scalars(sa.select(AuditEvent.action)).all()
    assert trail.count("vial.discarded") == 1
