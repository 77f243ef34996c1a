"""Keeping services, products and lots."""

import datetime as dt

import pytest

from clinic.catalog import queries, service
from clinic.catalog.product_values import AddLot, AddProduct
from clinic.catalog.values import LotState, ProductKind, Unusable
from clinic.core.access import Role
from clinic.core.errors import Conflict, Invalid, NotFound

TODAY = dt.date(2026, 11, 23)


def a_kit(db, world, name="Angel kit"):
    return service.add_product(
        db, world.actor(Role.NURSE), AddProduct(name=name, kind=ProductKind.KIT)
    )


def a_lot(db, world, product, lot_no="L-1", expires_on=TODAY):
    return service.add_lot(
        db,
        world.actor(Role.NURSE),
        AddLot(product_id=product.id, lot_no=lot_no, expires_on=expires_on),
    )


def test_the_default_services_are_added_once(db, world):
    service.install_defaults(db)
    service.install_defaults(db)
    db.expire_all()

    found = {row.code: row for row in queries.services(db)}

    assert set(found) == {"prp", "mesotherapy", "consultation"}
    assert [part.offset_min for part in found["prp"].segments] == [0, 0, 10, 30]
    assert queries.service(db, found["prp"].id).duration_min == 65


def test_two_products_of_a_similar_name_get_codes_of_their_own(db, world):
    one = a_kit(db, world, "Angel kit")
    two = a_kit(db, world, "Angel  Kit!")

    assert (one.code, two.code) == ("angel-kit", "angel-kit-2")


def test_the_same_product_is_not_added_twice(db, world):
    a_kit(db, world)

    with pytest.raises(Invalid) as refused:
        a_kit(db, world)

    assert refused.value.field == "name"


def test_the_same_lot_is_not_added_twice(db, world):
    kit = a_kit(db, world)
    a_lot(db, world, kit)

    with pytest.raises(Invalid) as refused:
        a_lot(db, world, kit)

    assert refused.value.field == "lot_no"


def test_a_lot_of_an_unknown_product_is_not_found(db, world):
    with pytest.raises(NotFound):
        service.add_lot(
            db,
            world.actor(Role.NURSE),
            AddLot(product_id=999_999, lot_no="x", expires_on=TODAY),
        )


def test_a_quarantined_lot_is_offered_no_more_and_keeps_its_reason(db, world):
    def here():
        return queries.lots(db, on=TODAY, location_id=world.location.id)

    kit = a_kit(db, world)
    lot = a_lot(db, world, kit)
    assert [choice.unusable for choice in here()] == [None]

    service.quarantine(db, world.actor(Role.PHYSICIAN), lot.id, "Particles seen")
    service.quarantine(db, world.actor(Role.PHYSICIAN), lot.id, "Another reason")
    db.flush()

    (choice,) = here()
    assert choice.unusable is Unusable.QUARANTINED
    assert choice.state_reason == "Particles seen"


def test_a_quarantined_lot_can_be_recalled_once(db, world):
    lot = a_lot(db, world, a_kit(db, world))
    actor = world.actor(Role.PHYSICIAN)
    service.quarantine(db, actor, lot.id, "Particles seen")

    service.recall(db, actor, lot.id, "Maker's letter of today")

    assert lot.state is LotState.RECALLED
    with pytest.raises(Conflict):
        service.recall(db, actor, lot.id, "Again")


def test_stopping_needs_a_reason(db, world):
    lot = a_lot(db, world, a_kit(db, world))

    with pytest.raises(Invalid):
        service.quarantine(db, world.actor(Role.PHYSICIAN), lot.id, "  ")


def test_lots_are_offered_first_expiring_first(db, world):
    kit = a_kit(db, world)
    late = a_lot(db, world, kit, "late", TODAY + dt.timedelta(days=90))
    soon = a_lot(db, world, kit, "soon", TODAY + dt.timedelta(days=9))
    gone = a_lot(db, world, kit, "gone", TODAY - dt.timedelta(days=1))

    assert [choice.id for choice in queries.lots(db, on=TODAY, location_id=world.location.id)] == [
        soon.id,
        late.id,
        gone.id,
    ]
    found = queries.lots_of(db, [late.id, 999_999], on=TODAY, location_id=world.location.id)
    assert set(found) == {late.id}
