"""Products and lots that exist before the upgrade can be used after it, counted by nobody."""

import pytest
import sqlalchemy as sa
from alembic import command

from clinic.core import migrate
from clinic.core.engine import make_engine
from tests.migrations.conftest import url
from tests.migrations.rows import put_in

__all__ = ["url"]
PRODUCT = (
    "INSERT INTO product (id, code, name, kind, ingredient, manufacturer, strength_ug_per_ml,"
    " has_adrenaline, is_injectable, is_active, version) VALUES ({id}, '{code}', '{code}',"
    " '{kind}', '', '', NULL, FALSE, {injectable}, TRUE, 1)"
)
LOT = (
    "INSERT INTO product_lot (id, product_id, lot_no, expires_on, state, state_reason, version)"
    " VALUES (1, 1, 'K-1', '2027-11-30', 'ok', '', 1)"
)
MOVED = (
    "INSERT INTO stock_movement (lot_id, location_id, kind, amount_milli, at, actor_id, reason)"
    " VALUES (1, 1, 'receipt', 5000, '2026-11-23 09:00:00', 1, '')"
)


@pytest.fixture
def engine(url):
    engine = make_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def upgraded(url, engine):
    command.upgrade(migrate.settings(url), "20261122_drafts")
    put_in(engine)
    with engine.begin() as connection:
        for statement in (
            PRODUCT.format(id=1, code="kit", kind="kit", injectable="FALSE"),
            PRODUCT.format(id=2, code="drug", kind="drug", injectable="TRUE"),
            PRODUCT.format(id=3, code="serum", kind="cosmetic", injectable="FALSE"),
            LOT,
        ):
            connection.exec_driver_sql(statement)
    engine.dispose()
    command.upgrade(migrate.settings(url), "20261122_stock")
    return engine


def test_kits_are_counted_and_a_cosmetic_is_one_by_its_class(upgraded):
    with upgraded.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT code, unit, regulatory_class FROM product ORDER BY id"
        ).all()
        levels = connection.exec_driver_sql("SELECT count(*) FROM stock_level").scalar_one()

    assert [tuple(row) for row in rows] == [
        ("kit", "piece", "unstated"),
        ("drug", "ml", "unstated"),
        ("serum", "ml", "cosmetic"),
    ]
    assert levels == 0


def test_the_way_down_refuses_to_lose_stock(url, upgraded):
    with upgraded.begin() as connection:
        connection.exec_driver_sql(MOVED)
    upgraded.dispose()

    with pytest.raises(RuntimeError, match="Restore the backup"):
        command.downgrade(migrate.settings(url), "20261122_drafts")
    with upgraded.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM stock_movement")) == 1
