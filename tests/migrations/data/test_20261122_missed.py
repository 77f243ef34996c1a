"""A visit that was cancelled before the upgrade knows how long before its start."""

import pytest
import sqlalchemy as sa
from alembic import command

from clinic.core import migrate
from clinic.core.engine import make_engine
from tests.migrations.conftest import url
from tests.migrations.rows import AT, put_in

__all__ = ["url"]
VISIT = (
    "INSERT INTO appointment (id, location_id, patient_id, service_id, practitioner_id, room_id,"
    " starts_at, ends_at, starts_local, zone, status, occupies, origin, cancel_reason, cancel_note,"
    " note, recheck_reason, is_released, moved, created_at, version) VALUES ({id}, 1, 1, 1, 1, 2,"
    " '{starts}', '{ends}', '{starts}', 'UTC', '{status}', FALSE, 'scheduled', {reason}, '', '',"
    " '', FALSE, 0, '{at}', 1)"
)
EVENT = (
    "INSERT INTO appointment_event (id, appointment_id, actor_name, action, before, after, reason,"
    " at) VALUES ({id}, {visit}, 'Carol', '{action}', '{{}}', '{{}}', '', '{at}')"
)


def visit(id_: int, *, starts: str, status: str) -> str:
    reason = "'patient_asked'" if status == "cancelled" else "NULL"
    ends = starts.replace(":00:00", ":30:00")
    return VISIT.format(id=id_, starts=starts, ends=ends, status=status, reason=reason, at=AT)


def event(id_: int, visit_id: int, action: str, at: str) -> str:
    return EVENT.format(id=id_, visit=visit_id, action=action, at=at)


@pytest.fixture
def engine(url):
    engine = make_engine(url)
    yield engine
    engine.dispose()


def test_the_notice_is_read_off_the_newest_cancellation(url, engine):
    command.upgrade(migrate.settings(url), "20261122_messages")
    put_in(engine)
    with engine.begin() as connection:
        for statement in (
            visit(1, starts="2026-11-24 10:00:00", status="cancelled"),
            event(1, 1, "cancel", "2026-11-01 10:00:00"),
            event(2, 1, "reopen", "2026-11-01 10:05:00"),
            event(3, 1, "cancel", "2026-11-24 08:29:00"),
            visit(2, starts="2026-11-24 12:00:00", status="no_show"),
            event(4, 2, "no_show", "2026-11-24 12:20:00"),
            visit(3, starts="2026-11-24 14:00:00", status="cancelled"),
            event(5, 3, "cancel", "2026-11-24 14:10:30"),
        ):
            connection.exec_driver_sql(statement)
    engine.dispose()

    command.upgrade(migrate.settings(url), "20261122_missed")

    with engine.connect() as connection:
        kept = connection.execute(
            sa.text("SELECT id, cancel_notice_min FROM appointment ORDER BY id")
        ).all()
        hours = connection.scalar(sa.text("SELECT late_hours FROM location"))
    assert [tuple(row) for row in kept] == [(1, 91), (2, None), (3, -11)]
    assert hours == 24
