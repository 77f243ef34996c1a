"""Calls after a session by their day, as a service plans them, and the clinic's own words of advice.

A call said "day_1", "day_7" or "extra"; it says its day now, and an extra one none. No service has
days of its own yet: it goes by those of its kind.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_calls"
down_revision = "20261122_protocol"
branch_labels = None
depends_on = None

_KINDS = "kind IN ('day_1', 'day_7', 'extra')"
_SQLITE = (
    """CREATE TRIGGER trg_contact_no_update BEFORE UPDATE ON contact
BEGIN SELECT RAISE(ABORT, 'append_only:contact'); END""",
    """CREATE TRIGGER trg_contact_no_delete BEFORE DELETE ON contact
BEGIN SELECT RAISE(ABORT, 'append_only:contact'); END""",
    """CREATE TRIGGER trg_contact_no_replace BEFORE INSERT ON contact
WHEN EXISTS (SELECT 1 FROM contact WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'append_only:contact'); END""",
)
_POSTGRESQL = (
    """CREATE TRIGGER trg_contact_append_only BEFORE UPDATE OR DELETE ON contact
FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    "ALTER TABLE contact ENABLE ALWAYS TRIGGER trg_contact_append_only",
)


def upgrade() -> None:
    op.add_column("service", sa.Column("follow_up_days", sa.JSON()))
    op.add_column("service", sa.Column("aftercare", sa.JSON()))
    op.execute("UPDATE service SET aftercare = '{}'")
    with op.batch_alter_table("service") as batch:
        batch.alter_column("aftercare", existing_type=sa.JSON(), nullable=False)

    _unguard()
    op.add_column("contact", sa.Column("day", sa.SmallInteger()))
    op.execute(
        "UPDATE contact SET day = CASE kind WHEN 'day_1' THEN 1 WHEN 'day_7' THEN 7 END"
        " WHERE kind <> 'extra'"
    )
    op.drop_index("ix_contact_session_id_kind", "contact")
    with op.batch_alter_table("contact", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_constraint(op.f("ck_contact_known_kind"), type_="check")
        batch.drop_column("kind")
        batch.create_check_constraint(op.f("ck_contact_day"), "day BETWEEN 1 AND 400")
    op.create_index("ix_contact_session_id_day", "contact", ["session_id", "day"])
    _guard()


def downgrade() -> None:
    kept = op.get_bind().scalar(
        sa.text(
            "SELECT (SELECT count(*) FROM contact WHERE day NOT IN (1, 7))"
            " + (SELECT count(*) FROM service WHERE follow_up_days IS NOT NULL"
            "    OR CAST(aftercare AS VARCHAR(10)) <> '{}')"
        )
    )
    if kept:
        raise RuntimeError(
            "Calls of other days were made, or services have days or words of their own: this step"
            " back would lose them. Restore the backup that was made before the upgrade."
        )
    _unguard()
    op.add_column("contact", sa.Column("kind", sa.String(32)))
    op.execute(
        "UPDATE contact SET kind = CASE day WHEN 1 THEN 'day_1' WHEN 7 THEN 'day_7'"
        " ELSE 'extra' END"
    )
    op.drop_index("ix_contact_session_id_day", "contact")
    with op.batch_alter_table("contact", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_constraint(op.f("ck_contact_day"), type_="check")
        batch.drop_column("day")
        batch.alter_column("kind", existing_type=sa.String(32), nullable=False)
        batch.create_check_constraint(op.f("ck_contact_known_kind"), _KINDS)
    op.create_index("ix_contact_session_id_kind", "contact", ["session_id", "kind"])
    _guard()
    op.drop_column("service", "follow_up_days")
    op.drop_column("service", "aftercare")


def _unguard() -> None:
    if op.get_context().dialect.name == "sqlite":
        for verb in ("update", "delete", "replace"):
            op.execute(f"DROP TRIGGER trg_contact_no_{verb}")
    else:
        op.execute("DROP TRIGGER trg_contact_append_only ON contact")


def _guard() -> None:
    is_sqlite = op.get_context().dialect.name == "sqlite"
    for statement in _SQLITE if is_sqlite else _POSTGRESQL:
        op.execute(sa.DDL(statement))
