"""The trail: written with the act, refused to be changed, and broken rows are found."""

import datetime as dt
import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from clinic.audit import queries, service
from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from tests.conftest import NOW

pytestmark = pytest.mark.unapproved

TABLE = AuditEvent.__tablename__


def fill(db, count: int) -> None:
    for n in range(count):
        service.record(db, None, "test.done", "test", n, detail={"n": n})


def test_a_row_says_who_what_when_and_from_where(world, db):
    actor = world.actor(Role.NURSE)

    service.record(db, actor, "patient.opened", "patient", 3, patient_id=3, detail={"a": 1})

    row = db.scalar(sa.select(AuditEvent))
    assert (row.at, row.actor_id, row.actor_name, row.role) == (NOW, actor.id, actor.name, "nurse")
    assert (row.action, row.entity, row.entity_id, row.patient_id) == (
        "patient.opened",
        "patient",
        "3",
        3,
    )
    assert (row.address, row.request_id, row.detail) == ("127.0.0.1", "test", {"a": 1})
    assert row.location_id == world.location.id


@pytest.mark.parametrize(
    "detail",
    [
        {2: "a", 10: "b", 1: "c"},
        {"day": dt.date(2026, 11, 23), "at": NOW, "role": Role.NURSE},
        {"pair": (1, (2, 3)), "set": None},
        {"text": 'ü "quoted" \\ \u2028 🙂', "float": 0.1, "big": 2**60},
        {"nested": {"b": {"z": 1, "a": [True, False, None]}}},
    ],
)
def test_what_the_database_gives_back_still_fits_the_chain(db, detail):
    service.record(db, None, "test.done", "test", detail=detail)
    db.expire_all()

    assert service.verify(db) == (1, None)


def test_an_overlong_id_is_cut_and_still_fits(db):
    service.record(db, None, "test.done", "test", "x" * 500)
    db.expire_all()

    assert service.verify(db) == (1, None)


def test_an_act_that_fails_leaves_no_row(own_sessions):
    with own_sessions.write() as db, pytest.raises(ZeroDivisionError), db.begin():
        fill(db, 1)
        raise ZeroDivisionError

    with own_sessions.read() as db:
        assert service.verify(db) == (0, None)


@pytest.mark.parametrize(
    "attack",
    [
        f"UPDATE {TABLE} SET action = 'x'",
        f"UPDATE {TABLE} SET id = id + 100",
        f"DELETE FROM {TABLE}",
        f"DELETE FROM {TABLE} WHERE id = 2",
    ],
)
def test_the_database_itself_refuses_every_change(own_sessions, own_engine, attack):
    with own_sessions.write() as db, db.begin():
        fill(db, 3)

    with own_engine.connect() as connection, pytest.raises(DBAPIError, match="append_only"):
        connection.exec_driver_sql(attack)

    with own_sessions.read() as db:
        assert service.verify(db) == (3, None)


def test_the_ways_around_are_closed_too(own_sessions, own_engine):
    with own_sessions.write() as db, db.begin():
        fill(db, 3)
    columns = ", ".join(column.name for column in AuditEvent.__table__.columns)
    copy = f"{TABLE} ({columns}) SELECT {columns} FROM {TABLE}"
    if own_engine.dialect.name == "sqlite":
        attacks = [
            f"INSERT OR REPLACE INTO {copy} WHERE id = 2",
            f"REPLACE INTO {copy} WHERE id = 1",
            f"UPDATE OR REPLACE {TABLE} SET id = 1 WHERE id = 2",
        ]
    else:
        attacks = [
            f"TRUNCATE {TABLE}",
            f"TRUNCATE {TABLE} CASCADE",
            f"INSERT INTO {copy} WHERE id = 2 ON CONFLICT (id) DO UPDATE SET action = 'x'",
            f"SET session_replication_role = replica; DELETE FROM {TABLE}",
        ]
    for attack in attacks:
        with own_engine.connect() as connection, pytest.raises(DBAPIError, match="append_only"):
            connection.exec_driver_sql(attack)

    with own_sessions.read() as db:
        assert service.verify(db) == (3, None)


def disarm(connection: sa.Connection) -> None:
    """Drop the guards, as an owner of the tables could."""
    if connection.dialect.name == "sqlite":
        for what in ("update", "delete", "replace"):
            connection.exec_driver_sql(f"DROP TRIGGER trg_{TABLE}_no_{what}")
    else:
        connection.exec_driver_sql(f"DROP TRIGGER trg_{TABLE}_append_only ON {TABLE}")


@pytest.mark.parametrize(
    ("forgery", "broken"),
    [
        (f"UPDATE {TABLE} SET actor_name = 'somebody else' WHERE id = 4", 4),
        (f"UPDATE {TABLE} SET patient_id = 9 WHERE id = 1", 1),
        (f"UPDATE {TABLE} SET detail = '{{}}' WHERE id = 10", 10),
        (f"UPDATE {TABLE} SET hash = prev_hash WHERE id = 6", 6),
        (f"DELETE FROM {TABLE} WHERE id = 5", 6),
        (f"DELETE FROM {TABLE} WHERE id <= 3", 4),
    ],
    ids=["a name", "a patient", "a detail", "a hash", "one row gone", "the first rows gone"],
)
def test_a_forged_row_is_found_although_the_guards_were_dropped(
    own_sessions, own_engine, forgery, broken
):
    with own_sessions.write() as db, db.begin():
        fill(db, 10)
    with own_engine.begin() as connection:
        disarm(connection)
        connection.exec_driver_sql(forgery)

    with own_sessions.read() as db:
        assert service.verify(db)[1] == broken


def test_a_row_in_between_is_found(own_sessions, own_engine):
    with own_sessions.write() as db, db.begin():
        fill(db, 4)
    with own_engine.begin() as connection:
        disarm(connection)
        connection.exec_driver_sql(f"UPDATE {TABLE} SET id = 100 WHERE id = 2")

    with own_sessions.read() as db:
        assert service.verify(db)[1] == 3


def test_another_key_fits_no_row(db):
    fill(db, 2)

    service.use_key(db, b"another key")

    count, broken = service.verify(db)
    assert count == 1
    assert broken is not None


def test_the_newest_rows_can_be_checked_alone(own_sessions, own_engine):
    with own_sessions.write() as db, db.begin():
        fill(db, 20)
    with own_engine.begin() as connection:
        disarm(connection)
        connection.exec_driver_sql(f"UPDATE {TABLE} SET actor_name = 'x' WHERE id = 12")

    with own_sessions.read() as db:
        assert service.verify_newest(db, 8) == (8, None)
        assert service.verify_newest(db, 9) == (1, 12)
        assert service.verify_newest(db, 500) == (12, 12)


def test_a_trail_that_is_shorter_is_checked_whole(db):
    assert service.verify_newest(db, 5) == (0, None)
    fill(db, 5)
    assert service.verify_newest(db, 5) == (5, None)
    assert service.verify_newest(db, 4) == (4, None)


def test_people_who_write_at_once_keep_one_chain(own_sessions):
    workers, each = 4, 12
    start = threading.Barrier(workers)
    failures: list[Exception] = []

    def work(number: int) -> None:
        start.wait()
        for n in range(each):
            try:
                with own_sessions.write() as db, db.begin():
                    service.record(db, None, "test.done", "test", f"{number}-{n}")
                    service.record(db, None, "test.again", "test", f"{number}-{n}")
            except Exception as failure:
                failures.append(failure)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    with own_sessions.read() as db:
        assert service.verify(db) == (workers * each * 2, None)
        rows = db.execute(sa.select(AuditEvent.prev_hash)).scalars().all()
    assert len(set(rows)) == len(rows)


def test_one_act_writes_few_statements(db, connection):
    from tests.counting import statements

    with statements(connection) as seen:
        service.record(db, None, "test.done", "test", 1)

    assert len(seen) <= 3


def test_the_history_of_a_patient_counts_who_did_what(world, db, clock):
    nurse, physician = world.actor(Role.NURSE), world.actor(Role.PHYSICIAN)
    for minute in range(3):
        clock(NOW + dt.timedelta(minutes=minute))
        service.record(db, nurse, "patient.opened", "patient", 3, patient_id=3)
    service.record(db, physician, "fact.recorded", "fact", 9, patient_id=3)
    service.record(db, physician, "patient.opened", "patient", 4, patient_id=4)

    found = {(a.name, a.action): a for a in queries.accesses(db, 3)}

    assert set(found) == {(nurse.name, "patient.opened"), (physician.name, "fact.recorded")}
    opened = found[nurse.name, "patient.opened"]
    assert (opened.times, opened.first, opened.last) == (3, NOW, NOW + dt.timedelta(minutes=2))


def test_everybody_in_the_trail_is_named_once_as_last_written(world, db, clock):
    import dataclasses

    nurse, physician = world.actor(Role.NURSE), world.actor(Role.PHYSICIAN)
    service.record(db, None, "test.done", "test")
    service.record(db, nurse, "test.done", "test")
    service.record(db, physician, "test.done", "test")
    clock(NOW + dt.timedelta(minutes=1))
    service.record(db, dataclasses.replace(nurse, name="Änne New"), "test.done", "test")

    assert dict(queries.people(db)) == {nurse.id: "Änne New", physician.id: physician.name}


def test_nobody_in_an_empty_trail(db):
    assert queries.people(db) == []
    assert queries.head(db) is None
