"""What was sent before letters told of several visits went alone; the step back keeps letters."""

import pytest
import sqlalchemy as sa
from alembic import command

from clinic.core import migrate
from clinic.core.engine import make_engine
from tests.migrations.conftest import url
from tests.migrations.data.test_20261122_missed import visit
from tests.migrations.rows import AT, put_in

__all__ = ["url"]
MESSAGE = (
    "INSERT INTO message (id, appointment_id, number, kind, channel, state, recipient, starts_at,"
    f" tries, at, reason) VALUES (1, 1, 1, 'confirmation', 'email', 'sent', 'a@b.org', '{AT}', 1,"
    f" '{AT}', '')"
)


@pytest.fixture
def engine(url):
    engine = make_engine(url)
    yield engine
    engine.dispose()


def test_what_was_sent_before_went_alone_and_no_letter_is_lost_on_the_way_back(url, engine):
    command.upgrade(migrate.settings(url), "20261122_messages")
    put_in(engine)
    with engine.begin() as connection:
        made = visit(1, starts="2026-11-24 10:00:00", status="booked")
        connection.exec_driver_sql(made.replace("FALSE, 'scheduled'", "TRUE, 'scheduled'"))
        connection.exec_driver_sql(MESSAGE)
    engine.dispose()

    command.upgrade(migrate.settings(url), "20261122_letters")
    with engine.begin() as connection:
        assert connection.scalar(sa.text("SELECT letter FROM message")) is None
        connection.exec_driver_sql("UPDATE message SET letter = 'one-1'")
    engine.dispose()
    with pytest.raises(RuntimeError, match="Restore"):
        command.downgrade(migrate.settings(url), "20261122_formats")
