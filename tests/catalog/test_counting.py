"""Counting a whole shelf: what differs is seen before it is kept; what moved is no loss."""

import re

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.catalog import service, stock, stock_queries
from clinic.catalog.models import StockMovement
from clinic.catalog.stock_values import CountedLot, CountLot, CountShelf, MovementKind
from clinic.catalog.values import ProductKind
from clinic.core.access import Role
from clinic.core.errors import NotFound
from tests import factories
from tests.counting import statements
from tests.treatments.pages import hidden, text

URL = "/products/count"


@pytest.fixture
def nurse(world):
    return world.actor(Role.NURSE)


@pytest.fixture
def shelf(db, nurse):
    """Three lots: 5 mL, 2 mL, and one that nobody has counted."""
    lots = [factories.a_lot(db, name=f"Mix {n}", kind=ProductKind.DRUG) for n in range(3)]
    for lot, amount in zip(lots, (5_000, 2_000), strict=False):
        stock.count(db, nurse, CountLot(lot_id=lot.id, counted_milli=amount, reason="First"))
    return lots


def left(db, actor, lot):
    return stock_queries.level(db, lot.id, actor.location_id)


def summed(db, lot):
    return db.scalar(
        sa.select(sa.func.sum(StockMovement.amount_milli)).where(StockMovement.lot_id == lot.id)
    )


def wish(shelf, *lines, **changes):
    lots = tuple(
        CountedLot(lot_id=lot.id, seen_milli=seen, counted_milli=counted)
        for lot, (seen, counted) in zip(shelf, lines, strict=False)
    )
    return CountShelf(lots=lots, reason="Stock-taking", **changes)


def test_every_line_becomes_a_movement_and_the_levels_are_what_was_found(db, nurse, shelf):
    off = stock.count_shelf(db, nurse, wish(shelf, (5_000, 4_500), (2_000, 2_000), (None, 700)))

    assert off == 2
    assert [left(db, nurse, lot) for lot in shelf] == [4_500, 2_000, 700]
    assert [summed(db, lot) for lot in shelf] == [4_500, 2_000, 700]
    rows = db.execute(
        sa.select(StockMovement.kind, StockMovement.amount_milli, StockMovement.reason)
        .order_by(StockMovement.id.desc())
        .limit(3)
    )
    assert sorted(tuple(row) for row in rows) == [
        (MovementKind.COUNT, -500, "Stock-taking"),
        (MovementKind.COUNT, 0, "Stock-taking"),
        (MovementKind.COUNT, 700, "Stock-taking"),
    ]
    trail = db.scalars(sa.select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert (trail.action, trail.detail) == ("stock.count", {"lots": [lot.id for lot in shelf]})


def test_a_count_that_is_sent_twice_is_kept_once(db, nurse, shelf):
    counted = wish(shelf, (5_000, 4_000), (2_000, 1_000), form_key="k" * 24)
    stock.count_shelf(db, nurse, counted)
    stock.count_shelf(db, nurse, counted)

    assert [left(db, nurse, lot) for lot in shelf] == [4_000, 1_000, None]


@pytest.mark.parametrize("seen", [4_999, None, -1])
def test_what_was_taken_meanwhile_is_no_loss_and_nothing_is_kept(db, nurse, shelf, seen):
    with pytest.raises(stock.ShelfMoved) as refused:
        stock.count_shelf(db, nurse, wish(shelf, (seen, 4_000), (2_000, 1_000)))

    assert refused.value.lot_ids == {shelf[0].id}
    assert [left(db, nurse, lot) for lot in shelf] == [5_000, 2_000, None]


def test_a_lot_that_does_not_exist_is_not_counted(db, nurse):
    line = CountedLot(lot_id=999_999, seen_milli=None, counted_milli=1)
    with pytest.raises(NotFound):
        stock.count_shelf(db, nurse, CountShelf(lots=(line,), reason="x"))


def test_the_number_of_lots_does_not_change_the_number_of_statements(db, nurse, shelf):
    def count(lots):
        lines = CountShelf(
            lots=tuple(
                CountedLot(
                    lot_id=lot.id,
                    seen_milli=left(db, nurse, lot),
                    counted_milli=300,
                )
                for lot in lots
            ),
            reason="x",
        )
        with statements(db.connection()) as seen:
            stock.count_shelf(db, nurse, lines)
        return len(seen)

    assert count(shelf[:1]) == count(shelf)


# ----------------------------------------------------------------------------------- pages


def sheet(page, **typed):
    """The form as the browser sends it: what the page said, and what was typed."""
    return {
        "seen": hidden(page, "seen"),
        "form_key": hidden(page, "form_key"),
        "reason": "Stock-taking",
        **typed,
    }


def field(lot):
    return f"counted_{lot.id}"


def test_the_page_says_what_should_be_there_and_keeps_nothing_before_it_was_compared(
    world, db, nurse, shelf
):
    browser = world.as_role(Role.NURSE)
    page = text(browser.get(URL))
    assert re.findall(r'name="(counted_\d+)"', page) == [field(lot) for lot in shelf]
    assert "5 mL" in page
    typed = sheet(page, **{field(shelf[0]): "4,5", field(shelf[1]): "2"})

    compared = browser.post(URL, typed)

    assert compared.status_code == 200
    assert "2 lots were counted, 1 differs" in text(compared)
    assert 'name="do" value="keep"' in text(compared)
    assert left(db, nurse, shelf[0]) == 5_000
    back = browser.post(URL, {**typed, "do": "back"})
    assert 'value="4,5"' in text(back)
    kept = browser.post(URL, {**typed, "do": "keep"})
    assert kept.status_code == 303
    assert "1 lot differed" in text(browser.get("/products"))
    assert [left(db, nurse, lot) for lot in shelf] == [4_500, 2_000, None]


@pytest.mark.parametrize("does", ["compare", "keep"])
def test_what_a_session_took_meanwhile_is_told_at_the_lot_and_nothing_typed_is_lost(
    world, db, nurse, shelf, does
):
    browser = world.as_role(Role.NURSE)
    typed = sheet(text(browser.get(URL)), **{field(shelf[0]): "5", field(shelf[1]): "1.5"})
    stock.count(db, nurse, CountLot(lot_id=shelf[0].id, counted_milli=4_000, reason="Drawn"))

    told = browser.post(URL, {**typed, "do": does})

    assert told.status_code == 409
    assert "Something came or went while you counted" in text(told)
    assert text(told).count("It changed while you counted: count it again") == 2
    assert 'value="1.5"' in text(told)
    assert [left(db, nurse, lot) for lot in shelf] == [4_000, 2_000, None]
    again = sheet(text(told), **{field(shelf[0]): "4", field(shelf[1]): "1.5"})
    assert browser.post(URL, {**again, "do": "keep"}).status_code == 303
    assert [left(db, nurse, lot) for lot in shelf] == [4_000, 1_500, None]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({}, "Type at least one number"),
        ({0: "many"}, "Enter a number such as 0.1"),
        ({0: "-1"}, "Enter a number such as 0.1"),
        ({0: "1", "reason": ""}, "Please fill this in"),
    ],
)
def test_a_bad_count_is_refused_at_the_field(world, shelf, typed, words):
    browser = world.as_role(Role.NURSE)
    values = {field(shelf[key]) if key == 0 else key: value for key, value in typed.items()}

    answer = browser.post(URL, sheet(text(browser.get(URL)), **values))

    assert answer.status_code == 422
    assert words in text(answer)


@pytest.mark.parametrize("seen", ["", "nonsense", "1:" + "9" * 40, "é"])
def test_a_page_that_says_nonsense_of_what_it_showed_counts_nothing(world, db, nurse, shelf, seen):
    browser = world.as_role(Role.NURSE)
    typed = sheet(text(browser.get(URL)), **{field(shelf[0]): "4", "do": "keep"})

    assert browser.post(URL, {**typed, "seen": seen}).status_code == 409
    assert left(db, nurse, shelf[0]) == 5_000


def test_an_expired_lot_is_counted_while_it_is_there_and_a_stopped_one_says_so(
    world, db, nurse, shelf
):
    service.recall(db, nurse, shelf[0].id, "Letter")
    service.recall(db, nurse, shelf[2].id, "Letter")

    page = text(world.as_role(Role.NURSE).get(URL))

    assert re.findall(r'name="(counted_\d+)"', page) == [field(lot) for lot in shelf[:2]]
    assert "recalled" in page


def test_reception_counts_nothing(world):
    assert world.as_role(Role.RECEPTIONIST).get(URL).status_code == 403
