"""What makes both databases refuse to change a signed session and its parts."""

from collections.abc import Mapping

import sqlalchemy as sa

from clinic.core.db import Base, run_after_create

_PG_LOCK_FUNCTIONS = (
    "CREATE OR REPLACE FUNCTION refuse_signed() RETURNS trigger LANGUAGE plpgsql AS $$\n"
    "BEGIN\n"
    "  IF OLD.state = 'signed' THEN\n"
    "    RAISE EXCEPTION 'signed:%', TG_TABLE_NAME\n"
    "      USING ERRCODE = 'restrict_violation', CONSTRAINT = 'signed';\n"
    "  END IF;\n"
    "  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\n"
    "  RETURN NEW;\n"
    "END $$",
    "CREATE OR REPLACE FUNCTION refuse_part_of_signed() RETURNS trigger LANGUAGE plpgsql AS $$\n"
    "DECLARE parents bigint[];\n"
    "BEGIN\n"
    "  IF TG_OP = 'INSERT' THEN parents := ARRAY[NEW.session_id];\n"
    "  ELSIF TG_OP = 'DELETE' THEN parents := ARRAY[OLD.session_id];\n"
    "  ELSE parents := ARRAY[OLD.session_id, NEW.session_id]; END IF;\n"
    "  IF EXISTS (SELECT 1 FROM treatment_session AS s\n"
    "             WHERE s.id = ANY (parents) AND s.state = 'signed') THEN\n"
    "    RAISE EXCEPTION 'signed:%', TG_TABLE_NAME\n"
    "      USING ERRCODE = 'restrict_violation', CONSTRAINT = 'signed';\n"
    "  END IF;\n"
    "  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\n"
    "  RETURN NEW;\n"
    "END $$",
)


def lock_whole(session: type[Base]) -> None:
    """Make both databases refuse every change of a session that is signed."""
    assert isinstance(session.__table__, sa.Table)
    events = dict.fromkeys(("UPDATE", "DELETE"), "OLD.state = 'signed'")
    _lock(session.__table__, "refuse_signed", events)


def lock_with_session(*parts: type[Base]) -> None:
    """Make both databases refuse to change, add or move in parts of a signed session."""
    whose = "EXISTS (SELECT 1 FROM treatment_session AS s WHERE s.id {} AND s.state = 'signed')"
    rows = {
        "INSERT": "= NEW.session_id",
        "UPDATE": "IN (OLD.session_id, NEW.session_id)",
        "DELETE": "= OLD.session_id",
    }
    for part in parts:
        assert isinstance(part.__table__, sa.Table)
        events = {verb: whose.format(row) for verb, row in rows.items()}
        _lock(part.__table__, "refuse_part_of_signed", events)


def _lock(table: sa.Table, function: str, events: Mapping[str, str]) -> None:
    for verb, condition in events.items():
        run_after_create(
            table,
            "sqlite",
            f"CREATE TRIGGER trg_{table.name}_signed_{verb.lower()} BEFORE {verb} ON {table.name}\n"
            f"WHEN {condition}\n"
            f"BEGIN SELECT RAISE(ABORT, 'signed:{table.name}'); END",
        )
    run_after_create(
        table,
        "postgresql",
        *_PG_LOCK_FUNCTIONS,
        f"CREATE TRIGGER trg_{table.name}_signed BEFORE {' OR '.join(events)} ON {table.name}\n"
        f"FOR EACH ROW EXECUTE FUNCTION {function}()",
        f"ALTER TABLE {table.name} ENABLE ALWAYS TRIGGER trg_{table.name}_signed",
    )
