"""Packages of a product: each number finds it, a box counts as what is in it."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from clinic.audit.models import AuditEvent
from clinic.catalog import queries, service
from clinic.catalog.models import Product, ProductPack, StockMovement
from clinic.catalog.product_values import AddProduct, Pack
from clinic.catalog.values import ProductKind, StockUnit
from clinic.core.access import Role
from clinic.core.errors import Invalid
from tests.treatments.pages import text

SINGLE, BOX, OTHER = "04012345000016", "14012345000013", "04006381333931"
DATE, LOT = "17271130", "10K-1"


@pytest.fixture
def kit(db, world):
    """A kit that comes singly or in boxes of ten."""
    wish = AddProduct(
        name="Kit",
        kind=ProductKind.KIT,
        unit=StockUnit.PIECE,
        packs=(Pack(gtin=SINGLE, holds_milli=1_000), Pack(gtin=BOX, holds_milli=10_000)),
    )
    return service.add_product(db, world.actor(Role.NURSE), wish)


def code(gtin):
    return f"01{gtin}{DATE}{LOT}"


def received(db):
    return db.scalars(sa.select(StockMovement.amount_milli)).all()


@pytest.mark.parametrize(
    ("gtin", "typed", "amount"),
    [
        (BOX, {"amount": "3"}, 30_000),
        (SINGLE, {"amount": "3"}, 3_000),
    ],
)
def test_a_scan_counts_in_packs(world, db, kit, gtin, typed, amount):
    nurse = world.as_role(Role.NURSE)

    assert nurse.post("/products/receive", {"scan": code(gtin), **typed}).status_code == 303

    assert received(db) == [amount]


def test_the_scan_alone_fills_in_what_is_in_each(world, db, kit):
    nurse = world.as_role(Role.NURSE)

    page = nurse.post("/products/receive", {"scan": code(BOX)})

    assert page.status_code == 200
    assert 'name="each" type="text" value="10"' in text(page)
    assert received(db) == []
    # Another pack is scanned before it is sent: its own content counts.
    page = nurse.post("/products/receive", {"scan": code(SINGLE), "each": "10"})
    assert 'name="each" type="text" value="1"' in text(page)


def test_a_pack_of_which_nobody_said_how_much_is_in_it_is_counted_as_typed(world, db, kit):
    service.add_product(
        db,
        world.actor(Role.NURSE),
        AddProduct(name="Mix", kind=ProductKind.DRUG, packs=(Pack(gtin=OTHER),)),
    )
    nurse = world.as_role(Role.NURSE)

    sent = {"scan": code(OTHER), "amount": "2.5", "each": "10"}
    assert nurse.post("/products/receive", sent).status_code == 303

    assert received(db) == [2_500]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"amount": "2.5"}, "Whole packs, please"),
        ({"amount": "2", "each": "0"}, "From 0.001 to"),
        ({"amount": "1000000", "each": "1000000"}, "too much for one delivery"),
        ({"amount": "4012345000016"}, "Enter a number such as 0.1"),
    ],
)
def test_what_cannot_be_is_told_at_its_field(world, db, kit, typed, words):
    sent = {
        "product": str(kit.id),
        "lot_no": "K-1",
        "expires_on": "2027-11-30",
        "each": "10",
        **typed,
    }

    answer = world.as_role(Role.NURSE).post("/products/receive", sent)

    assert answer.status_code == 422
    assert words in text(answer)
    assert received(db) == []


def test_every_number_is_kept_and_a_second_product_cannot_have_one(db, world, kit):
    assert queries.kept_product(db, kit.id).packs == (
        Pack(gtin=SINGLE, holds_milli=1_000),
        Pack(gtin=BOX, holds_milli=10_000),
    )
    nurse = world.actor(Role.NURSE)

    for packs, field in (
        ((Pack(gtin=OTHER), Pack(gtin=BOX)), "gtin_2"),
        ((Pack(gtin=OTHER), Pack(gtin=OTHER)), "gtin_2"),
    ):
        wish = AddProduct(name="Other", kind=ProductKind.KIT, packs=packs)
        with pytest.raises(Invalid) as refused:
            service.add_product(db, nurse, wish)
        assert refused.value.field == field


def test_the_database_keeps_a_number_to_one_product(db, kit):
    with pytest.raises(IntegrityError), db.begin_nested():
        db.add(ProductPack(product_id=kit.id, gtin=BOX))
        db.flush()


def test_packages_are_changed_on_the_page_of_the_product(world, db, kit):
    nurse = world.as_role(Role.NURSE)
    page = text(nurse.get(f"/products/{kit.id}"))
    assert f'value="{BOX}"' in page
    assert 'name="gtin_3"' in page
    assert 'name="gtin_4"' not in page
    form = {
        "version": str(kit.version),
        "name": "Kit",
        "unit": "piece",
        "is_active": "y",
        "gtin_1": SINGLE,
        "holds_1": "1",
        "gtin_2": OTHER,
        "holds_2": "25",
    }

    assert nurse.post(f"/products/{kit.id}", form).status_code == 303
    stale = nurse.post(f"/products/{kit.id}", {**form, "holds_2": "20"})

    assert stale.status_code == 409
    db.expire_all()
    assert queries.packs(db, [kit.id]) == {
        kit.id: (Pack(gtin=SINGLE, holds_milli=1_000), Pack(gtin=OTHER, holds_milli=25_000))
    }
    changed = sa.select(AuditEvent.detail).where(AuditEvent.action == "product.changed")
    (detail,) = db.scalars(changed)
    assert detail["changes"]["packs"] == [
        [f"{SINGLE}: 1000", f"{BOX}: 10000"],
        [f"{OTHER}: 25000", f"{SINGLE}: 1000"],
    ]
    # The same once more changes nothing.
    version = db.get_one(Product, kit.id).version
    assert nurse.post(f"/products/{kit.id}", {**form, "version": str(version)}).status_code == 303
    db.expire_all()
    assert db.get_one(Product, kit.id).version == version


def test_content_without_a_number_is_refused(world, kit):
    form = {"version": str(kit.version), "name": "Kit", "unit": "piece", "holds_1": "5"}

    answer = world.as_role(Role.NURSE).post(f"/products/{kit.id}", form)

    assert answer.status_code == 422
    assert "Scan or type the number of this pack" in text(answer)
