"""Shows that a loaded database is one that the application could have written."""

import re

import click
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from clinic.core.engine import constraint_of
from clinic.scheduling.models import PATIENT_GUARD, RESOURCE_GUARD
from tests.bench.load import guards

_VIOLATIONS = (
    (
        RESOURCE_GUARD,
        "INSERT INTO occupancy (appointment_id, resource_id, seq, lane, starts_at, ends_at,"
        " is_active) SELECT appointment_id, resource_id, 9, lane, starts_at, ends_at, is_active"
        " FROM occupancy WHERE id = (SELECT max(id) FROM occupancy WHERE is_active)",
    ),
    (
        PATIENT_GUARD,
        "UPDATE appointment SET patient_id = (SELECT a.patient_id FROM appointment AS a"
        " WHERE a.id = 2) WHERE id = 3",
    ),
    ("signed", "UPDATE treatment_session SET note = 'x' WHERE id = 1"),
    ("signed", "UPDATE injection_site SET points = 2 WHERE id = 1"),
    ("append_only", "DELETE FROM screening WHERE id = 1"),
    ("append_only", "UPDATE audit_event SET action = 'x' WHERE id = 1"),
    ("fk_|FOREIGN KEY", "UPDATE appointment SET patient_id = 2000000000 WHERE id = 4"),
    (
        "uq_patient_file_number|patient.file_number",
        "UPDATE patient SET file_number = (SELECT p.file_number FROM patient AS p WHERE p.id = 2)"
        " WHERE id = 1",
    ),
)
"""What must refuse, and what it must refuse; visits 2 to 4 begin at the same time."""
_OVERLAPS = (
    "SELECT count(*) FROM (SELECT starts_at < lag(ends_at) OVER"
    " (PARTITION BY {parts} ORDER BY starts_at) AS is_over FROM {table} WHERE {held} = 1)"
    " WHERE is_over"
)


def prove(engine: sa.Engine) -> None:
    """Raise unless every guard stands as before, refuses what it must, and holds for all rows."""
    with engine.connect() as connection:
        before = set(connection.exec_driver_sql("SELECT put_back FROM bench_guard").scalars())
        now = {put_back for _, put_back in guards(connection)}
        if before != now:
            raise RuntimeError(f"not as before loading: {sorted(before ^ now)}")
        if engine.dialect.name == "sqlite":
            _prove_rows(connection)
    for guard, statement in _VIOLATIONS:
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql(statement)
        except DBAPIError as refused:
            if re.match(guard, constraint_of(refused) or ""):
                continue
            raise
        raise RuntimeError(f"{guard} did not refuse: {statement}")
    click.echo(f"{len(before)} indexes and guards stand, {len(_VIOLATIONS)} violations refused")


def _prove_rows(connection: sa.Connection) -> None:
    """Check what PostgreSQL checks while it builds its constraints."""
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5)
    if broken:
        raise RuntimeError(f"rows point to nothing: {broken}")
    for table, parts, held in (
        ("occupancy", "resource_id, lane", "is_active"),
        ("appointment", "patient_id", "occupies"),
    ):
        found = connection.exec_driver_sql(
            _OVERLAPS.format(table=table, parts=parts, held=held)
        ).scalar_one()
        if found:
            raise RuntimeError(f"{found} rows of {table} overlap")
