"""The pages of stock: a delivery, a lot, its movements, a product that is changed."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.catalog import queries, service, stock, stock_queries
from clinic.catalog.models import OpenedVial, Product, ProductLot, StockMovement
from clinic.catalog.product_values import AddLot, AddProduct, Pack
from clinic.catalog.stock_values import CountLot, ReceiveLot
from clinic.catalog.values import LotState, ProductKind, RegulatoryClass, StockUnit
from clinic.core.access import Role
from tests import factories
from tests.counting import statements
from tests.treatments.conftest import chair
from tests.treatments.pages import text

__all__ = ["chair"]
GTIN = "04006381333931"
CODE = f"]d201{GTIN}17271130" + "10V-1"
DAY = dt.date(2027, 11, 30)


@pytest.fixture
def vitamins(db, world):
    """A product whose pack carries a number."""
    wish = AddProduct(
        name="Hair mix", kind=ProductKind.DRUG, packs=(Pack(gtin=GTIN),), low_milli=10_000
    )
    return service.add_product(db, world.actor(Role.NURSE), wish)


@pytest.fixture
def lot(db, world, vitamins):
    """One of its lots, of which 5 mL are left."""
    nurse = world.actor(Role.NURSE)
    row = service.add_lot(db, nurse, AddLot(product_id=vitamins.id, lot_no="V-1", expires_on=DAY))
    stock.count(db, nurse, CountLot(lot_id=row.id, counted_milli=5_000, reason="Shelf"))
    return row


def left(db, world, lot):
    return stock_queries.level(db, lot.id, world.location.id)


# ------------------------------------------------------------------------------ deliveries


def test_one_scan_fills_in_product_lot_and_date(world, vitamins):
    answer = world.as_role(Role.NURSE).post("/products/receive", {"scan": CODE})

    assert answer.status_code == 200
    page = text(answer)
    assert f'<option selected value="{vitamins.id}">' in page
    assert 'value="V-1"' in page
    assert 'value="2027-11-30"' in page
    assert "Please fill this in" not in page


def test_scan_and_amount_together_are_received_at_once(world, db, vitamins):
    answer = world.as_role(Role.NURSE).post("/products/receive", {"scan": CODE, "amount": "2,5"})

    assert answer.status_code == 303
    (made,) = db.scalars(sa.select(StockMovement))
    assert (made.amount_milli, queries.lot(db, made.lot_id).lot_no) == (2_500, "V-1")


@pytest.mark.parametrize(
    ("scan", "words"),
    [
        ("4012345000047", "No product on the list carries this number"),
        ("4006381333932", "last digit of the product number is wrong"),
        (f"01{GTIN}17270230", "names a day that does not exist"),
        ("hello", "This is no barcode of a pack"),
        (f"01{GTIN}17990331" + "10V-1", "Not before 2015-01-01"),
        (f"01{GTIN}17261122" + "10V-1", "past its date"),
    ],
)
def test_what_a_scan_cannot_say_is_told_at_the_field(world, db, vitamins, scan, words):
    form = {"scan": scan, "amount": "3", "lot_no": "X", "expires_on": "2027-11-30"}
    if "expires" in words or "before" in words or "past" in words:
        form["expires_on"] = ""

    answer = world.as_role(Role.NURSE).post("/products/receive", form)

    assert answer.status_code == 422
    assert words in text(answer)
    assert 'value="3"' in text(answer)
    assert db.scalars(sa.select(StockMovement)).all() == []


def test_a_delivery_sent_twice_is_received_once(world, db, vitamins):
    nurse = world.as_role(Role.NURSE)
    form = {"scan": CODE, "amount": "2", "form_key": "k" * 24}

    first, second = (nurse.post("/products/receive", form) for _ in range(2))

    assert first.location == second.location
    assert len(db.scalars(sa.select(StockMovement)).all()) == 1


# -------------------------------------------------------------------------------- one lot


def test_the_page_of_a_lot_says_what_is_left_and_offers_the_way_back(world, db, lot):
    nurse = world.as_role(Role.NURSE)
    done = nurse.post(f"/lots/{lot.id}/waste", {"waste-amount": "1", "waste-reason": "Fell"})
    page = text(nurse.get(done.location))

    assert left(db, world, lot) == 4_000
    assert "4 mL" in page
    assert "Fell" in page
    made = db.scalars(sa.select(StockMovement).order_by(StockMovement.id.desc())).first()
    assert f'action="/stock-movements/{made.id}/reversal"' in page

    back = nurse.post(f"/stock-movements/{made.id}/reversal")
    again = nurse.post(f"/stock-movements/{made.id}/reversal")

    assert (back.status_code, again.status_code) == (303, 409)
    assert left(db, world, lot) == 5_000


def test_an_old_delivery_is_taken_back_with_its_reason(world, db, lot, clock):
    delivery = ReceiveLot(
        product_id=lot.product_id, lot_no="V-1", expires_on=DAY, amount_milli=2_000
    )
    made = stock.receive(db, world.actor(Role.NURSE), delivery)
    clock(made.at + dt.timedelta(days=30))
    nurse, url = world.as_role(Role.NURSE), f"/stock-movements/{made.id}/reversal"
    assert f'href="{url}"' in text(nurse.get(f"/lots/{lot.id}"))
    assert nurse.get(url).status_code == 200

    for data, words in (
        ({}, "write why it is taken back"),
        ({"reason": "  "}, "write why it is taken back"),
        ({"reason": "x" * 201}, "At most 200 characters"),
    ):
        answer = nurse.post(url, data)
        assert answer.status_code == 422, data
        assert words in text(answer), data
    done = nurse.post(url, {"reason": "Wrong pack"})

    assert done.status_code == 303
    assert left(db, world, lot) == 5_000
    page = text(nurse.get(done.location))
    assert "Wrong pack" in page
    assert f'href="{url}"' not in page


@pytest.mark.parametrize(
    ("act", "data", "words"),
    [
        ("waste", {"waste-amount": "5.001", "waste-reason": "Fell"}, "Only 5 are left"),
        ("waste", {"waste-amount": "1"}, "Please fill this in"),
        ("waste", {"waste-amount": "0", "waste-reason": "Fell"}, "From 0.001"),
        ("count", {"count-counted": "-1", "count-reason": "x"}, "Enter a number"),
        ("count", {"count-counted": "1"}, "Please fill this in"),
        ("transfer", {"transfer-amount": "1", "transfer-reason": "x"}, "Please fill this in"),
        (
            "transfer",
            {"transfer-to": "999999", "transfer-amount": "1", "transfer-reason": "x"},
            "Choose one of the list",
        ),
    ],
)
def test_a_bad_act_is_refused_at_the_field(world, db, lot, act, data, words):
    factories.a_location(db)

    answer = world.as_role(Role.NURSE).post(f"/lots/{lot.id}/{act}", data)

    assert answer.status_code == 422
    assert words in text(answer)
    assert left(db, world, lot) == 5_000


def test_stock_is_sent_to_another_place(world, db, lot):
    there = factories.a_location(db)
    data = {"transfer-to": str(there.id), "transfer-amount": "2", "transfer-reason": "Short"}

    assert world.as_role(Role.NURSE).post(f"/lots/{lot.id}/transfer", data).status_code == 303
    assert left(db, world, lot) == 3_000
    assert stock_queries.level(db, lot.id, there.id) == 2_000


def test_what_was_never_counted_is_not_thrown_away_but_counted(world, db, vitamins):
    nurse = world.as_role(Role.NURSE)
    row = ProductLot(product_id=vitamins.id, lot_no="old", expires_on=DAY)
    db.add(row)
    db.flush()
    assert "Nobody has counted this lot" in text(nurse.get(f"/lots/{row.id}"))

    refused = nurse.post(f"/lots/{row.id}/waste", {"waste-amount": "1", "waste-reason": "Fell"})
    assert refused.status_code == 409
    done = nurse.post(f"/lots/{row.id}/count", {"count-counted": "0", "count-reason": "Shelf"})
    assert done.status_code == 303
    assert left(db, world, row) == 0


def test_only_a_physician_puts_a_lot_back_into_use_and_says_why(world, db, lot):
    nurse, physician = world.as_role(Role.NURSE), world.as_role(Role.PHYSICIAN)
    nurse.post(f"/lots/{lot.id}/stop", {"how": "quarantine", "reason": "Cracked"})
    url = f"/lots/{lot.id}/release"

    assert url not in text(nurse.get(f"/lots/{lot.id}"))
    assert nurse.post(url, {"release-reason": "Fine"}).status_code == 403
    assert physician.post(url, {}).status_code == 422
    assert physician.post(url, {"release-reason": "Looked at: fine"}).status_code == 303
    assert physician.post(url, {"release-reason": "Again"}).status_code == 409
    db.expire_all()
    assert queries.lot(db, lot.id).state is LotState.OK


def test_a_recall_is_for_ever(world, db, lot):
    physician = world.as_role(Role.PHYSICIAN)
    physician.post(f"/lots/{lot.id}/stop", {"how": "recall", "reason": "Letter"})

    answer = physician.post(f"/lots/{lot.id}/release", {"release-reason": "Fine"})

    assert answer.status_code == 409


def test_an_opened_vial_is_listed_until_it_is_thrown_away(world, db, vitamins, lot, chair):
    vitamins.open_hours = 24
    vial = OpenedVial(
        lot_id=lot.id,
        location_id=world.location.id,
        session_id=chair.begin().id,
        opened_at=dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC),
    )
    db.add(vial)
    db.flush()
    nurse = world.as_role(Role.NURSE)

    page = text(nurse.get(f"/lots/{lot.id}"))
    assert f"/vials/{vial.id}/discard" in page
    assert "may be used until" in page
    assert "opened too long ago" not in page
    vial.opened_at -= dt.timedelta(days=2)
    db.flush()
    assert "opened too long ago" in text(nurse.get(f"/lots/{lot.id}"))
    assert nurse.post(f"/vials/{vial.id}/discard").status_code == 303
    assert f"/vials/{vial.id}/discard" not in text(nurse.get(f"/lots/{lot.id}"))


def test_a_lot_that_does_not_exist_is_not_found(world):
    nurse = world.as_role(Role.NURSE)

    assert nurse.get("/lots/999999").status_code == 404
    assert nurse.post("/stock-movements/999999/reversal").status_code == 404
    assert nurse.post("/vials/999999/discard").status_code == 404


def test_the_page_takes_the_same_number_of_statements_however_much_happened(world, db, lot):
    nurse = world.as_role(Role.NURSE)
    nurse.get(f"/lots/{lot.id}")

    def asked():
        with statements(db.connection()) as seen:
            nurse.get(f"/lots/{lot.id}")
        return len(seen)

    few = asked()
    for n in range(10):
        wish = CountLot(lot_id=lot.id, counted_milli=n * 1000, reason="Shelf")
        stock.count(db, world.actor(Role.NURSE), wish)
    assert asked() == few


# ---------------------------------------------------------------------------------- alerts


def test_the_list_says_what_is_low_and_what_expires_soon(world, db, vitamins, lot):
    nurse = world.as_role(Role.NURSE)
    page = text(nurse.get("/products"))
    assert "To be ordered or used up" in page
    assert "order more at" in page
    assert "use by" not in page

    stock.count(
        db,
        world.actor(Role.NURSE),
        CountLot(lot_id=lot.id, counted_milli=10_001, reason="Shelf"),
    )
    assert "To be ordered or used up" not in text(nurse.get("/products"))
    for days, is_soon in ((31, False), (30, True), (0, True), (-1, False)):
        lot.expires_on = dt.date(2026, 11, 23) + dt.timedelta(days=days)
        db.flush()
        page = text(nurse.get("/products"))
        to_order = page.partition('id="stock-alerts"')[2].partition("</section>")[0]
        assert ("<p>use by" in to_order) is is_soon, days
        assert ('id="left-over"' in page) is (days < 0), days


# -------------------------------------------------------------------------------- products


def changed(product, **changes):
    return {
        "version": str(product.version),
        "name": product.name,
        "unit": "ml",
        "regulatory_class": "medicine",
        "is_active": "y",
        **changes,
    }


def test_a_product_is_changed_and_withdrawn(world, db, vitamins, lot):
    nurse = world.as_role(Role.NURSE)
    assert nurse.get(f"/products/{vitamins.id}").status_code == 200

    form = changed(vitamins, gtin_1=GTIN, open_hours="24", leaflet="2,5", certificate="DE-1")
    assert nurse.post(f"/products/{vitamins.id}", form).status_code == 303
    db.expire_all()
    row = db.get_one(Product, vitamins.id)
    assert (row.regulatory_class, row.open_hours, row.leaflet_ul, row.certificate) == (
        RegulatoryClass.MEDICINE,
        24,
        2_500,
        "DE-1",
    )

    form = changed(row)
    del form["is_active"]
    assert nurse.post(f"/products/{row.id}", form).status_code == 303
    assert "no longer used here" in text(nurse.get("/products"))


def test_a_stale_change_shows_both_texts_and_is_meant_the_second_time(world, db, vitamins):
    nurse = world.as_role(Role.NURSE)
    seen = changed(vitamins, manufacturer="Mine")
    nurse.post(f"/products/{vitamins.id}", changed(vitamins, manufacturer="Theirs"))

    stale = nurse.post(f"/products/{vitamins.id}", seen)

    assert stale.status_code == 409
    assert "Theirs" in text(stale)
    assert "<ins>Mine</ins>" in text(stale)
    db.expire_all()
    version = str(db.get_one(Product, vitamins.id).version)
    assert nurse.post(f"/products/{vitamins.id}", {**seen, "version": version}).status_code == 303


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "Please fill this in"),
        ({"gtin_1": "123"}, "This is no barcode of a pack"),
        ({"gtin_1": "4012345000055"}, "last digit"),
        ({"gtin_1": "96385074"}, "Another product on the list carries this number"),
        ({"unit": "piece"}, "Its stock is kept in this unit already"),
        ({"open_hours": "673"}, "A whole number from 1 to 672"),
        ({"leaflet": "x"}, "Enter a number"),
        ({"regulatory_class": "gold"}, "Choose one of the list"),
    ],
)
def test_a_bad_change_is_refused_at_the_field(world, db, vitamins, lot, changes, words):
    other = AddProduct(
        name="Kit", kind=ProductKind.KIT, packs=(Pack(gtin="00000096385074"),), unit=StockUnit.PIECE
    )
    service.add_product(db, world.actor(Role.NURSE), other)

    answer = world.as_role(Role.NURSE).post(
        f"/products/{vitamins.id}", changed(vitamins, **changes)
    )

    assert answer.status_code == 422
    assert words in text(answer)


def test_what_becomes_a_cosmetic_can_be_injected_no_more(world, db, vitamins, lot):
    nurse = world.as_role(Role.NURSE)
    nurse.post(f"/products/{vitamins.id}", changed(vitamins, regulatory_class="cosmetic"))

    assert "cosmetic: must never be injected" in text(nurse.get("/products"))
