"""A clinic that upgrades: a draft takes its guidance along, what was signed stays as it was."""

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.exc import DBAPIError

from clinic.core import migrate
from clinic.core.engine import make_engine
from tests.migrations.conftest import url
from tests.migrations.data.test_20261122_drafts import SIGN, begun
from tests.migrations.rows import put_in

__all__ = ["url"]
BEFORE = "20261122_outside"
GUIDED = (
    "INSERT INTO prp_preparation (session_id, guidance, base_source, prp_source, labels_printed,"
    " version) VALUES (1, 'ultrasound', '', '', 0, 1)"
)
BOTH = (
    "SELECT s.guidance, p.guidance, s.anaesthesia FROM treatment_session AS s"
    " JOIN prp_preparation AS p ON p.session_id = s.id"
)


@pytest.fixture
def engine(url):
    engine = make_engine(url)
    yield engine
    engine.dispose()


def before(url, engine, *then: str) -> None:
    command.upgrade(migrate.settings(url), BEFORE)
    put_in(engine)
    with engine.begin() as connection:
        begun(connection)
        for statement in (GUIDED, *then):
            connection.exec_driver_sql(statement)
    engine.dispose()


def test_a_draft_takes_its_guidance_along_and_back(url, engine):
    before(url, engine)
    command.upgrade(migrate.settings(url), "20261122_around")
    with engine.connect() as connection:
        assert connection.execute(sa.text(BOTH)).one() == ("ultrasound", None, None)
    engine.dispose()

    command.downgrade(migrate.settings(url), BEFORE)
    with engine.connect() as connection:
        kept = connection.execute(sa.text("SELECT guidance FROM prp_preparation"))
        assert kept.scalar_one() == "ultrasound"


def test_what_was_signed_stays_where_it_was_and_locked(url, engine):
    before(url, engine, SIGN)
    command.upgrade(migrate.settings(url), "20261122_around")
    with engine.connect() as connection:
        assert connection.execute(sa.text(BOTH)).one() == (None, "ultrasound", None)
    for change in (
        "UPDATE treatment_session SET antisepsis = 'alcohol'",
        "UPDATE prp_preparation SET guidance = 'none'",
    ):
        with engine.connect() as connection, pytest.raises(DBAPIError, match="signed"):
            connection.exec_driver_sql(change)


@pytest.mark.parametrize(
    "noted",
    [
        ("UPDATE treatment_session SET antisepsis = 'octenidine'",),
        # A mesotherapy has no blood that its guidance could go back to.
        (
            "DELETE FROM prp_preparation",
            "UPDATE treatment_session SET guidance = 'ultrasound' WHERE state = 'draft'",
        ),
    ],
)
def test_the_step_back_refuses_to_lose_what_was_noted(url, engine, noted):
    before(url, engine)
    command.upgrade(migrate.settings(url), "20261122_around")
    with engine.begin() as connection:
        for statement in noted:
            connection.exec_driver_sql(statement)
    engine.dispose()

    with pytest.raises(RuntimeError, match="would lose them"):
        command.downgrade(migrate.settings(url), "-1")
