"""A clinic that upgrades: what was drawn moves, and what was signed still holds."""

import json

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from clinic.core import migrate
from clinic.core.engine import make_engine
from clinic.treatments import record
from clinic.treatments.queries import sessions as queries
from clinic.treatments.rules import signing
from tests.migrations.conftest import url
from tests.migrations.data.test_20261122_missed import visit
from tests.migrations.rows import AT, put_in

__all__ = ["url"]
BEFORE, AFTER = "20261122_photographs", "20261122_preparations"
LOCKED = "UPDATE {} WHERE session_id = 1"


@pytest.fixture
def engine(url):
    engine = make_engine(url)
    yield engine
    engine.dispose()


def session(number: int, state: str, content_hash: str = "NULL") -> str:
    """The SQL of a session of the days before, with blood and PRP of its own."""
    signed = f"'{AT}'" if state == "signed" else "NULL"
    by = "1" if state == "signed" else "NULL"
    return (
        "INSERT INTO treatment_session (id, appointment_id, patient_id, location_id, service_id,"
        " performer_id, screening_id, state, started_at, ended_at, blood_ul, anticoagulant,"
        " anticoagulant_ul, prp_ul, note, map_version, is_aborted, abort_reason,"
        " soft_limits_accepted, signed_at, signed_by_id, content_hash, content_format, version)"
        f" VALUES ({number}, {number}, 1, 1, 1, 1, 1, '{state}', '{AT}', {signed}, 20000, 'acd_a',"
        f" 2000, 5000, '', '1', FALSE, '', FALSE, {signed}, {by}, {content_hash}, 1, 1)"
    )


def signed_text() -> str:
    """The text that the first format made of such a session, without lots and points."""
    at = "2026-11-23T09:00:00.000000+00:00"
    row = {
        "appointment_id": 1, "patient_id": 1, "location_id": 1, "service_id": 1,
        "performer_id": 1, "screening_id": 1, "started_at": at, "ended_at": at,
        "blood_ul": 20_000, "anticoagulant": "acd_a", "anticoagulant_ul": 2_000,
        "prp_ul": 5_000, "weight_g": None, "weight_on": None, "pain": None, "note": "",
        "map_version": "1", "is_aborted": False, "abort_reason": "",
        "soft_limits_accepted": False, "signed_at": at, "signed_by_id": 1,
    }  # fmt: skip
    kit = {
        "lot_id": 1, "seq": 1, "role": "kit", "amount_ul": None, "dose_ug": None,
        "expires_on": "2027-11-30",
    }  # fmt: skip
    whole = {"format": 1, "session": row, "lots": [kit], "sites": []}
    return json.dumps(whole, sort_keys=True, separators=(",", ":"))


def lay(url: str, engine: sa.Engine) -> None:
    """A clinic on the revision before: a signed session, whose hash holds, and a draft."""
    command.upgrade(migrate.settings(url), BEFORE)
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.exec_driver_sql("SET TIME ZONE 'UTC'")
    put_in(engine)
    with engine.begin() as connection:
        for sql in (
            visit(1, starts="2026-11-23 10:00:00", status="done"),
            visit(2, starts="2026-11-24 10:00:00", status="in_treatment"),
            'INSERT INTO screening (id, patient_id, actor_id, "on", moment, decision,'
            " is_checked, may_show_clear_date, may_show_bookable_date, findings, facts,"
            " facts_hash, plan, at) VALUES (1, 1, 1, '2026-11-23', 'start', 'allow', TRUE, TRUE,"
            f" TRUE, '[]', '[]', 'h', '{{}}', '{AT}')",
            "INSERT INTO product (id, code, name, kind, ingredient, manufacturer, has_adrenaline,"
            " is_injectable, is_active, version, regulatory_class, certificate, unit,"
            " is_single_patient) VALUES (1, 'kit', 'Kit', 'kit', '', '', FALSE, TRUE, TRUE, 1,"
            " 'unstated', '', 'piece', FALSE)",
            "INSERT INTO product_lot (id, product_id, lot_no, expires_on, state, state_reason,"
            " version) VALUES (1, 1, 'K-1', '2027-11-30', 'ok', '', 1)",
        ):
            connection.exec_driver_sql(sql)
        for number in (1, 2):
            connection.exec_driver_sql(session(number, "draft"))
            connection.exec_driver_sql(
                "INSERT INTO lot_use (id, session_id, lot_id, seq, role, expires_on)"
                f" VALUES ({number}, {number}, 1, 1, 'kit', '2027-11-30')"
            )
        found = signing.content_hash(signed_text())
        connection.exec_driver_sql(
            f"UPDATE treatment_session SET state = 'signed', ended_at = '{AT}',"
            f" signed_at = '{AT}', signed_by_id = 1, content_hash = '{found}' WHERE id = 1"
        )


def test_amounts_move_and_what_was_signed_still_holds_and_is_locked(url, engine):
    lay(url, engine)
    engine.dispose()

    command.upgrade(migrate.settings(url), AFTER)

    with engine.connect() as connection:
        moved = connection.exec_driver_sql(
            "SELECT session_id, blood_ul, anticoagulant, anticoagulant_ul, prp_ul"
            " FROM prp_preparation ORDER BY session_id"
        )
        assert [tuple(row) for row in moved] == [
            (1, 20_000, "acd_a", 2_000, 5_000),
            (2, 20_000, "acd_a", 2_000, 5_000),
        ]
        kits = connection.exec_driver_sql("SELECT session_id, seq FROM lot_use ORDER BY 1")
        assert [tuple(row) for row in kits] == [(1, 1), (2, 101)]
    migrate.upgrade(url)
    with Session(engine) as db:
        assert record.is_intact(queries.get(db, 1))
    for change in ("prp_preparation SET prp_ul = 6000", "lot_use SET seq = 9"):
        with engine.connect() as connection, pytest.raises(DBAPIError, match="signed"):
            connection.exec_driver_sql(LOCKED.format(change))


def test_amounts_move_whatever_their_service_is_now_and_none_are_made_up(url, engine):
    lay(url, engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE service SET modality = 'mesotherapy'")
        connection.exec_driver_sql(
            "UPDATE treatment_session SET blood_ul = NULL, anticoagulant = NULL,"
            " anticoagulant_ul = NULL, prp_ul = NULL WHERE id = 2"
        )
    engine.dispose()

    command.upgrade(migrate.settings(url), AFTER)

    with engine.connect() as connection:
        moved = connection.exec_driver_sql("SELECT session_id, blood_ul FROM prp_preparation")
        assert [tuple(row) for row in moved] == [(1, 20_000)]
    migrate.upgrade(url)
    with Session(engine) as db:
        assert record.is_intact(queries.get(db, 1)), "what was signed says what was signed"


def test_the_way_back_returns_the_amounts_of_signed_sessions_too(url, engine):
    lay(url, engine)
    engine.dispose()
    command.upgrade(migrate.settings(url), AFTER)

    command.downgrade(migrate.settings(url), BEFORE)

    with engine.connect() as connection:
        back = connection.exec_driver_sql(
            "SELECT blood_ul, anticoagulant, anticoagulant_ul, prp_ul FROM treatment_session"
        )
        assert [tuple(row) for row in back] == [(20_000, "acd_a", 2_000, 5_000)] * 2
        with pytest.raises(DBAPIError, match="signed"):
            connection.exec_driver_sql("UPDATE treatment_session SET note = 'x' WHERE id = 1")


def test_the_way_back_refuses_to_lose_what_was_written(url, engine):
    lay(url, engine)
    engine.dispose()
    command.upgrade(migrate.settings(url), AFTER)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO prp_spin (session_id, seq) VALUES (2, 1)")
    engine.dispose()

    with pytest.raises(RuntimeError, match="would lose them"):
        command.downgrade(migrate.settings(url), BEFORE)
