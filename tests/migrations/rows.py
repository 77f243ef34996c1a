"""One row in many tables, as plain SQL of the first revisions: what a clinic has when it upgrades.

Never changed when the models change: it stands for the data of the day the revision was written.
A data migration brings its own rows in `data/test_<revision>.py`.
"""

import sqlalchemy as sa

AT = "2026-11-23 09:00:00"
PARENTS = (
    ("location", "1, 'Clinic', '', '', '', 'Europe/Berlin', 'DE', '', 'en', 1"),
    (
        "account",
        f"1, 1, 'carol', 'Carol', 'physician', 'active', 'x', NULL, NULL, 'en', 'auto', TRUE,"
        f" '{AT}', NULL, 1",
    ),
    ("service", "1, 'prp', 'PRP', 'prp', 60, 3, 28, TRUE, 1"),
    ("service_segment", "1, 1, 1, 'room', '', 0, 60"),
    (
        "patient",
        "1, 1, NULL, 'p-1', 'A-1', 'Müller', 'Alice', 'female', '1980-02-29', '', '', '', 'en',"
        f" '', 'active', NULL, 'mueller', NULL, NULL, NULL, '{AT}', 1, 1",
    ),
    ("patient_search_key", "'n', 'mueller', 1"),
    (
        "audit_event",
        f"1, '{AT}', 1, 'Carol', 'physician', 'patient.registered', 'patient', '1', 1, 1, '', '',"
        " '{}', '', 'h'",
    ),
)
"""Tables that exist from the first revision on, and the values of one row in column order."""
VISITS = (
    ("resource", "1, 1, 1, 'practitioner', 'Carol', '', 0, TRUE, 1"),
    ("resource", "2, 1, NULL, 'room', 'Room 1', '', 0, TRUE, 1"),
)
ROWS = (*PARENTS, *VISITS)
LATER = {
    "location": {"late_hours": "24", "wait_limit_min": "15", "hold_min": "30"},
    "service": {
        "ingredients": "'[]'",
        "tolerance_days": "7",
        "least_days": "14",
        "booster_days": "182",
        "follow_up_days": "NULL",
        "aftercare": "'{}'",
        "follow_up_since": "'{}'",
    },
    "resource": {"radius_mm": "NULL", "service_due_on": "NULL"},
}
"""Columns that came to these tables afterwards and must be filled; each stands behind the rest."""


def put_in(engine: sa.Engine) -> None:
    """Insert the rows of those tables that exist."""
    inspector = sa.inspect(engine)
    tables = set(inspector.get_table_names())
    with engine.begin() as connection:
        for table, values in ROWS:
            if table in tables:
                columns = {column["name"] for column in inspector.get_columns(table)}
                more = [value for name, value in LATER.get(table, {}).items() if name in columns]
                written = ", ".join([values, *more])
                connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({written})")


def counted(engine: sa.Engine) -> dict[str, int]:
    """Return {table: number of rows} of the tables that have any, Alembic's own left out."""
    tables = sorted(set(sa.inspect(engine).get_table_names()) - {"alembic_version"})
    with engine.connect() as connection:
        counts = {
            table: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
            for table in tables
        }
    return {table: count for table, count in counts.items() if count}
