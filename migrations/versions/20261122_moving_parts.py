"""No part of a draft is moved into a signed session: an UPDATE is held against both sessions."""

from alembic import op

revision = "20261122_moving_parts"
down_revision = "20261122_delivery"
branch_labels = None
depends_on = None

_PARTS = (
    "injection_site",
    "lot_use",
    "time_out_line",
    "session_draft",
    "prp_preparation",
    "prp_spin",
)
_SQLITE = """CREATE TRIGGER trg_{t}_signed_update BEFORE UPDATE ON {t}
WHEN EXISTS (SELECT 1 FROM treatment_session AS s WHERE s.id {whose} AND s.state = 'signed')
BEGIN SELECT RAISE(ABORT, 'signed:{t}'); END"""
_REST = """    RAISE EXCEPTION 'signed:%', TG_TABLE_NAME
      USING ERRCODE = 'restrict_violation', CONSTRAINT = 'signed';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$"""
_BOTH = f"""CREATE OR REPLACE FUNCTION refuse_part_of_signed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE parents bigint[];
BEGIN
  IF TG_OP = 'INSERT' THEN parents := ARRAY[NEW.session_id];
  ELSIF TG_OP = 'DELETE' THEN parents := ARRAY[OLD.session_id];
  ELSE parents := ARRAY[OLD.session_id, NEW.session_id]; END IF;
  IF EXISTS (SELECT 1 FROM treatment_session AS s
             WHERE s.id = ANY (parents) AND s.state = 'signed') THEN
{_REST}"""
_ONE = f"""CREATE OR REPLACE FUNCTION refuse_part_of_signed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE parent bigint;
BEGIN
  IF TG_OP = 'INSERT' THEN parent := NEW.session_id; ELSE parent := OLD.session_id; END IF;
  IF EXISTS (SELECT 1 FROM treatment_session AS s
             WHERE s.id = parent AND s.state = 'signed') THEN
{_REST}"""


def upgrade() -> None:
    _guard("IN (OLD.session_id, NEW.session_id)", _BOTH)


def downgrade() -> None:
    _guard("= OLD.session_id", _ONE)


def _guard(whose: str, function: str) -> None:
    if op.get_context().dialect.name != "sqlite":
        op.execute(function)
        return
    for table in _PARTS:
        op.execute(f"DROP TRIGGER trg_{table}_signed_update")
        op.execute(_SQLITE.format(t=table, whose=whose))
