"""Where a patient is during a visit, whether a visit was confirmed, and visits entered later.

Nothing of this was noted before: the new columns of visits that exist stay empty, which is what is
known of them. On SQLite both tables are made anew and get their guards again. A place warns of
waiting from the program's own fifteen minutes on.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_presence"
down_revision = "20261122_ingredients"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)
_COLUMNS = (
    ("ready_at", _AT),
    ("roomed_at", _AT),
    ("left_at", _AT),
    ("confirmation", sa.String(32)),
    ("confirmation_for", _AT),
    ("late_reason", sa.String(300)),
)
_CHECKS = {
    "known_confirmation": "confirmation IN ('asked', 'confirmed', 'not_reached', 'other_time')",
    "confirmation_has_time": "(confirmation IS NULL) = (confirmation_for IS NULL)",
}
_OLD = (
    "'book', 'move', 'cancel', 'no_show', 'arrive', 'undo_arrive', 'start', 'finish', 'abort',"
    " 'reopen', 'enter_in_error'"
)
_NEW = f"{_OLD}, 'ready', 'room', 'leave', 'take_back', 'confirm'"

_GUARDS = {
    "appointment": (
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
    "appointment_event": (
        """CREATE TRIGGER trg_appointment_event_no_update BEFORE UPDATE ON appointment_event
BEGIN SELECT RAISE(ABORT, 'append_only:appointment_event'); END""",
        """CREATE TRIGGER trg_appointment_event_no_delete BEFORE DELETE ON appointment_event
BEGIN SELECT RAISE(ABORT, 'append_only:appointment_event'); END""",
        """CREATE TRIGGER trg_appointment_event_no_replace BEFORE INSERT ON appointment_event
WHEN EXISTS (SELECT 1 FROM appointment_event WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'append_only:appointment_event'); END""",
    ),
}


def upgrade() -> None:
    with op.batch_alter_table("appointment") as batch:
        for name, kind in _COLUMNS:
            batch.add_column(sa.Column(name, kind))
        for name, text in _CHECKS.items():
            batch.create_check_constraint(op.f(f"ck_appointment_{name}"), text)
    _actions(_NEW)
    _guard()
    op.add_column("location", sa.Column("wait_limit_min", sa.SmallInteger()))
    op.execute("UPDATE location SET wait_limit_min = 15")
    with op.batch_alter_table("location") as batch:
        batch.alter_column("wait_limit_min", existing_type=sa.SmallInteger(), nullable=False)
        batch.create_check_constraint(
            op.f("ck_location_wait_limit"), "wait_limit_min BETWEEN 1 AND 240"
        )


def downgrade() -> None:
    noted = op.get_bind().scalar(
        sa.text(
            "SELECT (SELECT count(*) FROM appointment_event WHERE action IN"
            " ('ready', 'room', 'leave', 'take_back', 'confirm'))"
            " + (SELECT count(*) FROM appointment WHERE late_reason IS NOT NULL)"
        )
    )
    if noted:
        raise RuntimeError(
            "Confirmations, times or late entries were noted: this step back would lose them."
            " Restore the backup that was made before the upgrade."
        )
    with op.batch_alter_table("location") as batch:
        batch.drop_constraint(op.f("ck_location_wait_limit"), type_="check")
        batch.drop_column("wait_limit_min")
    _actions(_OLD)
    with op.batch_alter_table("appointment") as batch:
        for name in reversed(_CHECKS):
            batch.drop_constraint(op.f(f"ck_appointment_{name}"), type_="check")
        for name, _kind in reversed(_COLUMNS):
            batch.drop_column(name)
    _guard()


def _actions(known: str) -> None:
    """Keep the column of actions to these."""
    check = op.f("ck_appointment_event_known_action")
    with op.batch_alter_table(
        "appointment_event", table_kwargs={"sqlite_autoincrement": True}
    ) as batch:
        batch.drop_constraint(check, type_="check")
        batch.create_check_constraint(check, f"action IN ({known})")


def _guard() -> None:
    """Give both tables their triggers again, which making them anew has dropped."""
    if op.get_context().dialect.name == "sqlite":
        for statements in _GUARDS.values():
            for statement in statements:
                op.execute(sa.DDL(statement))
