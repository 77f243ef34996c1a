"""The pages of products and lots."""

import datetime as dt

import pytest

from clinic.catalog import queries
from clinic.catalog.models import Product, ProductLot
from clinic.catalog.values import ProductKind
from clinic.core.access import Role

TODAY = dt.date(2026, 11, 23)


@pytest.fixture
def kit(db, world):
    product = Product(code="kit", name="Angel kit", kind=ProductKind.KIT)
    db.add(product)
    db.flush()
    lot = ProductLot(product_id=product.id, lot_no="K-17", expires_on=TODAY)
    db.add(lot)
    db.flush()
    return product, lot


def test_a_nurse_adds_a_product_and_its_lot(db, world):
    nurse = world.as_role(Role.NURSE)

    made = nurse.post(
        "/products/new",
        {
            "name": "Lidocaine 2 %",
            "kind": "anaesthetic",
            "ingredient": "lidocaine",
            "strength": "20",
            "has_adrenaline": "y",
        },
    )
    assert made.status_code == 303
    (card,) = queries.products(db, on=TODAY, location_id=world.location.id)
    assert (card.strength_ug_per_ml, card.has_adrenaline) == (20_000, True)

    made = nurse.post(made.location, {"lot_no": "A-1", "expires_on": "2027-01-31"})

    assert made.status_code == 303
    page = nurse.get("/products").get_data(as_text=True)
    assert "A-1" in page
    assert "Lidocaine 2 %" in page


@pytest.mark.parametrize("strength", ["20.5", "20,5"])
def test_a_strength_may_be_typed_with_comma_or_point(db, world, strength):
    world.as_role(Role.NURSE).post(
        "/products/new", {"name": "X", "kind": "drug", "strength": strength}
    )

    assert (
        queries.products(db, on=TODAY, location_id=world.location.id)[0].strength_ug_per_ml
        == 20_500
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "Please fill this in"),
        ({"name": "x" * 161, "kind": "kit"}, "At most 160 characters"),
        ({"name": "a\0b", "kind": "kit"}, "cannot be stored"),
        ({"name": "X", "kind": "poison"}, "Choose one of the list"),
        ({"name": "X", "kind": "drug", "strength": "-1"}, "Enter a number"),
        ({"name": "X", "kind": "drug", "strength": "1.000,5"}, "Enter a number"),
        ({"name": "X", "kind": "anaesthetic", "strength": "20"}, "Choose which anaesthetic"),
        (
            {"name": "X", "kind": "anaesthetic", "ingredient": "lidocaine"},
            "Enter the strength",
        ),
        ({"name": "X", "kind": "drug", "ingredient": "gold"}, "Choose one of the list"),
    ],
)
def test_a_bad_product_is_refused_at_the_field(world, data, words):
    answer = world.as_role(Role.NURSE).post("/products/new", data)

    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "Please fill this in"),
        ({"lot_no": "K-17", "expires_on": "2027-01-01"}, "on the list already"),
        ({"lot_no": "K-18", "expires_on": "2027-02-30"}, "There is no such day"),
        ({"lot_no": "K-18", "expires_on": "1999-02-03"}, "Not before"),
        ({"lot_no": "K-18", "expires_on": "soon"}, "Enter a date"),
    ],
)
def test_a_bad_lot_is_refused_at_the_field(world, kit, data, words):
    answer = world.as_role(Role.NURSE).post(f"/products/{kit[0].id}/lots/new", data)

    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert words in page
    if data:
        assert f'value="{data["lot_no"]}"' in page


def test_a_lot_is_put_into_quarantine_with_its_reason(world, kit):
    nurse = world.as_role(Role.NURSE)
    assert nurse.get(f"/lots/{kit[1].id}/stop").status_code == 200

    done = nurse.post(f"/lots/{kit[1].id}/stop", {"how": "quarantine", "reason": "Cracked vial"})

    assert done.status_code == 303
    page = nurse.get("/products").get_data(as_text=True)
    assert "<s>K-17</s>" in page
    assert "in quarantine" in page
    assert "Cracked vial" in page


def test_stopping_without_a_reason_is_refused(world, kit):
    answer = world.as_role(Role.NURSE).post(f"/lots/{kit[1].id}/stop", {"how": "quarantine"})

    assert answer.status_code == 422


@pytest.mark.parametrize(
    "url", ["/products/999999/lots/new", "/lots/999999/stop", "/lots/0/stop", "/lots/x/stop"]
)
def test_what_does_not_exist_is_not_found(world, url):
    assert world.as_role(Role.NURSE).get(url).status_code == 404


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.RECEPTIONIST, 403),
        (Role.NURSE, 200),
        (Role.PHYSICIAN, 200),
        (Role.ADMINISTRATOR, 200),
    ],
)
def test_who_keeps_products_sees_them(world, kit, role, status):
    visitor = world.as_role(role)

    for url in ("/products", "/products/new", f"/products/{kit[0].id}/lots/new"):
        assert visitor.get(url).status_code == status


def test_the_list_takes_the_same_number_of_statements_however_long(world, kit, db):
    import sqlalchemy as sa

    nurse = world.as_role(Role.NURSE)
    nurse.get("/products")

    def statements():
        seen = []

        def note(conn, cursor, statement, *rest):
            seen.append(statement)

        sa.event.listen(db.get_bind(), "before_cursor_execute", note)
        nurse.get("/products")
        sa.event.remove(db.get_bind(), "before_cursor_execute", note)
        return len(seen)

    few = statements()
    for n in range(20):
        db.add(ProductLot(product_id=kit[0].id, lot_no=f"N-{n}", expires_on=TODAY))
    db.flush()
    assert statements() == few
