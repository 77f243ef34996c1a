"""What of the stock should be looked after: said where the people work who order."""

import datetime as dt
import itertools

import pytest

from clinic.catalog import queries, stock_queries
from clinic.catalog.models import Product, ProductLot, StockLevel
from clinic.catalog.rules import stock as stock_rules
from clinic.catalog.stock_values import Alerts
from clinic.catalog.values import LotState, ProductKind, RegulatoryClass
from clinic.core.access import Role
from tests import factories
from tests.counting import statements
from tests.treatments.pages import text

TODAY = dt.date(2026, 11, 23)
DAY = dt.timedelta(days=1)


def a_product(db, n, **changes):
    fields = {"code": f"p-{n}", "name": f"Product {n}", "kind": ProductKind.DRUG, **changes}
    product = Product(**fields)
    db.add(product)
    db.flush()
    return product


def a_lot(db, product, place, *, expires_on=TODAY + 365 * DAY, left=None, state=LotState.OK):
    lot = ProductLot(
        product_id=product.id,
        lot_no=f"L-{product.id}-{expires_on}-{left}-{state.value}",
        expires_on=expires_on,
        state=state,
        state_reason="" if state is LotState.OK else "Letter",
    )
    db.add(lot)
    db.flush()
    if left is not None:
        db.add(StockLevel(lot_id=lot.id, location_id=place.id, level_milli=left))
        db.flush()
    return lot


def counted(db, place):
    return stock_queries.alerts(db, location_id=place.id, on=TODAY)


def judged(db, place):
    """The same, as the rules say it of each card of the products' page."""
    cards = queries.products(db, on=TODAY, location_id=place.id)
    lots = [lot for card in cards for lot in card.lots]
    left_over = [lot.unusable.value for lot in lots if stock_rules.is_left_over(lot)]
    return Alerts(
        low=sum(card.is_low for card in cards),
        soon=sum(stock_rules.expires_soon(lot, TODAY) for lot in lots),
        expired=left_over.count("expired"),
        recalled=left_over.count("recalled"),
    )


def test_what_the_database_counts_is_what_the_rules_say_of_every_lot(world, db):
    kinds = (
        {},
        {"kind": ProductKind.KIT, "is_injectable": False},
        {"is_injectable": False},
        {"regulatory_class": RegulatoryClass.COSMETIC},
        {"kind": ProductKind.COSMETIC},
        {"is_active": False},
    )
    days = (-1, 0, 30, 31)
    levels = (None, 0, 500, 5_000)
    numbers = itertools.count()
    for kind, low in itertools.product(kinds, (None, 500)):
        for day, left, state in itertools.product(days, levels, LotState):
            product = a_product(db, next(numbers), low_milli=low, **kind)
            a_lot(db, product, world.location, expires_on=TODAY + day * DAY, left=left, state=state)
        mixed = a_product(db, next(numbers), low_milli=low, **kind)
        for day, left in itertools.product(days, (0, 200)):
            a_lot(db, mixed, world.location, expires_on=TODAY + day * DAY, left=left)

    found = counted(db, world.location)

    assert found == judged(db, world.location)
    assert min(found.low, found.soon, found.expired, found.recalled) > 0


def test_another_place_has_its_own_stock(world, db):
    there = factories.a_location(db)
    product = a_product(db, 1, low_milli=1_000)
    a_lot(db, product, there, expires_on=TODAY - DAY, left=500)

    assert counted(db, world.location) == Alerts()
    assert counted(db, there) == Alerts(low=1, expired=1)


def test_however_many_lots_there_are_it_is_one_statement(world, db):
    product = a_product(db, 1)
    for n in range(5):
        a_lot(db, product, world.location, expires_on=TODAY + n * DAY, left=1)

    with statements(db.connection()) as seen:
        counted(db, world.location)

    assert len(seen) == 1


@pytest.fixture
def shelf(world, db):
    """One of each: low, soon to expire, expired, called back."""
    low = a_product(db, 1, low_milli=1_000)
    a_lot(db, low, world.location, left=500)
    other = a_product(db, 2)
    a_lot(db, other, world.location, expires_on=TODAY + 30 * DAY, left=500)
    a_lot(db, other, world.location, expires_on=TODAY - DAY, left=500)
    a_lot(db, other, world.location, left=500, state=LotState.RECALLED)


WORDS = (
    "1 lot was called back and still stands on the shelf",
    "1 lot is past its date and still stands on the shelf",
    "1 product is to be ordered",
    "1 lot expires within 30 days",
)


@pytest.mark.parametrize("role", [Role.NURSE, Role.PHYSICIAN])
def test_the_work_list_says_what_of_the_stock_waits(world, shelf, role):
    page = text(world.as_role(role).get("/follow-up"))

    assert [words for words in WORDS if words not in page] == []


def test_the_work_list_says_nothing_of_a_shelf_that_is_in_order(world, db):
    a_lot(db, a_product(db, 1, low_milli=100), world.location, left=500)

    page = text(world.as_role(Role.NURSE).get("/follow-up"))

    assert "shelf" not in page
    assert "to be ordered" not in page


@pytest.mark.parametrize("role", [Role.NURSE, Role.ADMINISTRATOR])
def test_the_products_say_what_is_to_be_taken_off_the_shelf(world, shelf, role):
    page = text(world.as_role(role).get("/products"))

    start = page.index('id="left-over"')
    section = page[start : page.index("</section>", start)]
    assert section.count('class="alert stop"') == 2
    assert "expired" in section
    assert "recalled" in section
