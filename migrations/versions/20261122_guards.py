"""What the database itself refuses, whatever the program does.

Double bookings of a person, room, device or patient; changes of append-only tables; changes of a
signed session and its parts. SQLite has triggers for all; PostgreSQL has exclusion constraints for
the first (they need no extension: a range of one id) and triggers for the rest.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_guards"
down_revision = "20261122_sessions"
branch_labels = None
depends_on = None

_Guards = tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
"""Tables, and the statements that each of them gets; {t} is the table."""

_SQLITE: _Guards = (
    (
        (
            "addendum",
            "appointment_event",
            "audit_event",
            "contact",
            "release",
            "screening",
        ),
        (
            """CREATE TRIGGER trg_{t}_no_update BEFORE UPDATE ON {t}
BEGIN SELECT RAISE(ABORT, 'append_only:{t}'); END""",
            """CREATE TRIGGER trg_{t}_no_delete BEFORE DELETE ON {t}
BEGIN SELECT RAISE(ABORT, 'append_only:{t}'); END""",
            """CREATE TRIGGER trg_{t}_no_replace BEFORE INSERT ON {t}
WHEN EXISTS (SELECT 1 FROM {t} WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'append_only:{t}'); END""",
        ),
    ),
    (
        ("appointment",),
        (
            """CREATE TRIGGER trg_appointment_patient_ins BEFORE INSERT ON appointment
WHEN NEW.occupies = 1
BEGIN
  SELECT RAISE(ABORT, 'ex_appointment_patient_no_overlap')
  WHERE NEW.starts_at < (
    SELECT a.ends_at FROM appointment AS a
    WHERE a.patient_id = NEW.patient_id AND a.occupies = 1
      AND a.starts_at < NEW.ends_at AND a.id IS NOT NULL
    ORDER BY a.starts_at DESC LIMIT 1);
END""",
            """CREATE TRIGGER trg_appointment_patient_upd BEFORE UPDATE OF patient_id, starts_at, ends_at, occupies ON appointment
WHEN NEW.occupies = 1
BEGIN
  SELECT RAISE(ABORT, 'ex_appointment_patient_no_overlap')
  WHERE NEW.starts_at < (
    SELECT a.ends_at FROM appointment AS a
    WHERE a.patient_id = NEW.patient_id AND a.occupies = 1
      AND a.starts_at < NEW.ends_at AND a.id IS NOT OLD.id
    ORDER BY a.starts_at DESC LIMIT 1);
END""",
        ),
    ),
    (
        ("occupancy",),
        (
            """CREATE TRIGGER trg_occupancy_no_overlap_ins BEFORE INSERT ON occupancy
WHEN NEW.is_active = 1
BEGIN
  SELECT RAISE(ABORT, 'ex_occupancy_no_overlap')
  WHERE NEW.starts_at < (
    SELECT o.ends_at FROM occupancy AS o
    WHERE o.resource_id = NEW.resource_id AND o.lane = NEW.lane
      AND o.is_active = 1 AND o.starts_at < NEW.ends_at AND o.id IS NOT NULL
    ORDER BY o.starts_at DESC LIMIT 1);
END""",
            """CREATE TRIGGER trg_occupancy_no_overlap_upd BEFORE UPDATE OF resource_id, lane, starts_at, ends_at, is_active ON occupancy
WHEN NEW.is_active = 1
BEGIN
  SELECT RAISE(ABORT, 'ex_occupancy_no_overlap')
  WHERE NEW.starts_at < (
    SELECT o.ends_at FROM occupancy AS o
    WHERE o.resource_id = NEW.resource_id AND o.lane = NEW.lane
      AND o.is_active = 1 AND o.starts_at < NEW.ends_at AND o.id IS NOT OLD.id
    ORDER BY o.starts_at DESC LIMIT 1);
END""",
        ),
    ),
    (
        ("treatment_session",),
        (
            """CREATE TRIGGER trg_treatment_session_signed_update BEFORE UPDATE ON treatment_session
WHEN OLD.state = 'signed'
BEGIN SELECT RAISE(ABORT, 'signed:treatment_session'); END""",
            """CREATE TRIGGER trg_treatment_session_signed_delete BEFORE DELETE ON treatment_session
WHEN OLD.state = 'signed'
BEGIN SELECT RAISE(ABORT, 'signed:treatment_session'); END""",
        ),
    ),
    (
        (
            "injection_site",
            "lot_use",
        ),
        (
            """CREATE TRIGGER trg_{t}_signed_insert BEFORE INSERT ON {t}
WHEN EXISTS (SELECT 1 FROM treatment_session AS s WHERE s.id = NEW.session_id AND s.state = 'signed')
BEGIN SELECT RAISE(ABORT, 'signed:{t}'); END""",
            """CREATE TRIGGER trg_{t}_signed_update BEFORE UPDATE ON {t}
WHEN EXISTS (SELECT 1 FROM treatment_session AS s WHERE s.id = OLD.session_id AND s.state = 'signed')
BEGIN SELECT RAISE(ABORT, 'signed:{t}'); END""",
            """CREATE TRIGGER trg_{t}_signed_delete BEFORE DELETE ON {t}
WHEN EXISTS (SELECT 1 FROM treatment_session AS s WHERE s.id = OLD.session_id AND s.state = 'signed')
BEGIN SELECT RAISE(ABORT, 'signed:{t}'); END""",
        ),
    ),
)

_FUNCTIONS = (
    """CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'append_only:%', TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation', CONSTRAINT = 'append_only', TABLE = TG_TABLE_NAME;
END $$""",
    """CREATE FUNCTION refuse_signed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'signed' THEN
    RAISE EXCEPTION 'signed:%', TG_TABLE_NAME
      USING ERRCODE = 'restrict_violation', CONSTRAINT = 'signed';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$""",
    """CREATE FUNCTION refuse_part_of_signed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE parent bigint;
BEGIN
  IF TG_OP = 'INSERT' THEN parent := NEW.session_id; ELSE parent := OLD.session_id; END IF;
  IF EXISTS (SELECT 1 FROM treatment_session AS s
             WHERE s.id = parent AND s.state = 'signed') THEN
    RAISE EXCEPTION 'signed:%', TG_TABLE_NAME
      USING ERRCODE = 'restrict_violation', CONSTRAINT = 'signed';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$""",
)
_POSTGRESQL: _Guards = (
    (
        (
            "addendum",
            "appointment_event",
            "audit_event",
            "contact",
            "release",
            "screening",
        ),
        (
            """CREATE TRIGGER trg_{t}_append_only BEFORE UPDATE OR DELETE ON {t}
FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
            """CREATE TRIGGER trg_{t}_no_truncate BEFORE TRUNCATE ON {t}
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
            "ALTER TABLE {t} ENABLE ALWAYS TRIGGER trg_{t}_append_only",
            "ALTER TABLE {t} ENABLE ALWAYS TRIGGER trg_{t}_no_truncate",
        ),
    ),
    (
        ("treatment_session",),
        (
            """CREATE TRIGGER trg_treatment_session_signed BEFORE UPDATE OR DELETE ON treatment_session
FOR EACH ROW EXECUTE FUNCTION refuse_signed()""",
        ),
    ),
    (
        (
            "injection_site",
            "lot_use",
        ),
        (
            """CREATE TRIGGER trg_{t}_signed BEFORE INSERT OR UPDATE OR DELETE ON {t}
FOR EACH ROW EXECUTE FUNCTION refuse_part_of_signed()""",
        ),
    ),
    (
        (
            "injection_site",
            "lot_use",
            "treatment_session",
        ),
        ("ALTER TABLE {t} ENABLE ALWAYS TRIGGER trg_{t}_signed",),
    ),
)

_EXCLUSIONS = (
    (
        "appointment",
        "ex_appointment_patient_no_overlap",
        """EXCLUDE
USING gist (int8range(patient_id, patient_id, '[]') WITH &&, tstzrange(starts_at, ends_at, '[)') WITH &&)
WHERE (occupies)""",
    ),
    (
        "occupancy",
        "ex_occupancy_no_overlap",
        """EXCLUDE
USING gist (int8range(resource_id, resource_id, '[]') WITH &&, int4range(lane, lane, '[]') WITH &&, tstzrange(starts_at, ends_at, '[)') WITH &&)
WHERE (is_active)""",
    ),
)


def _run(*statements: str) -> None:
    for statement in statements:
        op.execute(sa.DDL(statement.replace("%", "%%")))  # DDL() does %-formatting


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        guards = _SQLITE
    else:
        guards = _POSTGRESQL
        _run(*_FUNCTIONS)
        _run(*(f"ALTER TABLE {t} ADD CONSTRAINT {name} {text}" for t, name, text in _EXCLUSIONS))
    for tables, statements in guards:
        for table in tables:
            _run(*(statement.replace("{t}", table) for statement in statements))


def downgrade() -> None:
    is_sqlite = op.get_context().dialect.name == "sqlite"
    for tables, statements in _SQLITE if is_sqlite else _POSTGRESQL:
        for table in tables:
            for statement in statements:
                if statement.startswith("CREATE TRIGGER"):
                    name = statement.split()[2].replace("{t}", table)
                    _run(f"DROP TRIGGER {name}" + ("" if is_sqlite else f" ON {table}"))
    if not is_sqlite:
        _run(*(f"ALTER TABLE {t} DROP CONSTRAINT {name}" for t, name, _ in _EXCLUSIONS))
        _run(*(f"DROP FUNCTION {statement.split()[2]}" for statement in reversed(_FUNCTIONS)))
