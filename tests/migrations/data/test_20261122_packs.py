"""The number of a product becomes its first package; the way back loses nothing more than that."""

import pytest
from alembic import command

from clinic.core import migrate
from clinic.core.engine import make_engine
from tests.migrations.conftest import url
from tests.migrations.rows import put_in

__all__ = ["url"]
BEFORE, AFTER = "20261122_centrifuges", "20261122_packs"
PRODUCT = (
    "INSERT INTO product (id, code, name, kind, ingredient, manufacturer, has_adrenaline,"
    " is_injectable, is_active, gtin, regulatory_class, certificate, unit, is_single_patient,"
    " version) VALUES ({id}, 'p{id}', 'p{id}', 'drug', '', '', FALSE, TRUE, TRUE, {gtin},"
    " 'unstated', '', 'ml', FALSE, 1)"
)
LOT = (
    "INSERT INTO product_lot (id, product_id, lot_no, expires_on, state, state_reason, version)"
    " VALUES (1, 1, 'K-1', '2027-11-30', 'ok', '', 1)"
)
GTIN = "04006381333931"


@pytest.fixture
def engine(url):
    engine = make_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def upgraded(url, engine):
    command.upgrade(migrate.settings(url), BEFORE)
    put_in(engine)
    with engine.begin() as connection:
        for statement in (
            PRODUCT.format(id=1, gtin=f"'{GTIN}'"),
            PRODUCT.format(id=2, gtin="NULL"),
            LOT,
        ):
            connection.exec_driver_sql(statement)
    engine.dispose()
    command.upgrade(migrate.settings(url), AFTER)
    return engine


def rows(engine, statement):
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(statement)]


def test_the_number_becomes_a_package_and_the_lots_stay(upgraded):
    packs = "SELECT product_id, gtin, holds_milli FROM product_pack"

    assert rows(upgraded, packs) == [(1, GTIN, None)]
    assert rows(upgraded, "SELECT id, product_id FROM product_lot") == [(1, 1)]
    assert rows(upgraded, "SELECT id FROM product ORDER BY id") == [(1,), (2,)]


def test_the_way_down_puts_the_number_back(url, upgraded):
    upgraded.dispose()
    command.downgrade(migrate.settings(url), BEFORE)

    assert rows(upgraded, "SELECT id, gtin FROM product ORDER BY id") == [(1, GTIN), (2, None)]


@pytest.mark.parametrize(
    "said",
    [
        "INSERT INTO product_pack (product_id, gtin) VALUES (1, '14006381333938')",
        "UPDATE product_pack SET holds_milli = 1000",
    ],
)
def test_the_way_down_refuses_to_lose_packages(url, upgraded, said):
    with upgraded.begin() as connection:
        connection.exec_driver_sql(said)
    upgraded.dispose()

    with pytest.raises(RuntimeError, match="Restore the backup"):
        command.downgrade(migrate.settings(url), BEFORE)
    assert rows(upgraded, "SELECT count(*) FROM product_pack WHERE product_id = 1")[0][0] >= 1
