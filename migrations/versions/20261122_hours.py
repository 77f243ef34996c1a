"""Single days with other hours, and blocks that hold what they keep from being booked.

What is held belonged to visits alone; now it belongs to a visit or to a block, in the same guard.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_hours"
down_revision = "20261122_missed"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_OF_BLOCK = sa.text("block_id IS NOT NULL")
_TRIGGERS = tuple(
    f"""CREATE TRIGGER {name} BEFORE {event} ON occupancy
WHEN NEW.is_active = 1
BEGIN
  SELECT RAISE(ABORT, 'ex_occupancy_no_overlap')
  WHERE NEW.starts_at < (
    SELECT o.ends_at FROM occupancy AS o
    WHERE o.resource_id = NEW.resource_id AND o.lane = NEW.lane
      AND o.is_active = 1 AND o.starts_at < NEW.ends_at AND o.id IS NOT {self_}
    ORDER BY o.starts_at DESC LIMIT 1);
END"""
    for name, event, self_ in (
        ("trg_occupancy_no_overlap_ins", "INSERT", "NULL"),
        (
            "trg_occupancy_no_overlap_upd",
            "UPDATE OF resource_id, lane, starts_at, ends_at, is_active",
            "OLD.id",
        ),
    )
)


def _guard_again() -> None:
    """Put back the triggers that SQLite dropped with the table it made anew."""
    if op.get_context().dialect.name == "sqlite":
        for text in _TRIGGERS:
            op.execute(sa.DDL(text))


def upgrade() -> None:
    op.create_table(
        "opening_day",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("location_id", _KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("times", sa.JSON(), nullable=False),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_opening_day_has_name")),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["location.id"],
            name=op.f("fk_opening_day_location_id_location"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opening_day")),
        sa.UniqueConstraint("location_id", "day", name=op.f("uq_opening_day_location_id_day")),
    )
    op.create_table(
        "working_day",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("resource_id", _KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("times", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["resource_id"],
            ["resource.id"],
            name=op.f("fk_working_day_resource_id_resource"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_working_day")),
        sa.UniqueConstraint("resource_id", "day", name=op.f("uq_working_day_resource_id_day")),
    )
    op.create_table(
        "block",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("location_id", _KEY, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_local", sa.DateTime(), nullable=False),
        sa.Column("ends_local", sa.DateTime(), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_id", _KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('leave', 'maintenance', 'closure', 'meeting')",
            name=op.f("ck_block_known_kind"),
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_block_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["location.id"],
            name=op.f("fk_block_location_id_location"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["made_by_id"],
            ["account.id"],
            name=op.f("fk_block_made_by_id_account"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_block")),
    )
    op.create_index(op.f("ix_block_location_id_ends_at"), "block", ["location_id", "ends_at"])
    op.create_index(op.f("ix_block_made_by_id"), "block", ["made_by_id"])
    with op.batch_alter_table("occupancy") as batch:
        batch.add_column(sa.Column("block_id", _KEY))
        batch.alter_column("appointment_id", existing_type=_KEY, nullable=True)
        batch.create_foreign_key(
            op.f("fk_occupancy_block_id_block"), "block", ["block_id"], ["id"], ondelete="CASCADE"
        )
        batch.create_check_constraint(
            op.f("ck_occupancy_of_visit_or_block"),
            "(appointment_id IS NULL) <> (block_id IS NULL)",
        )
    op.create_index(
        "ix_occupancy_block_id",
        "occupancy",
        ["block_id"],
        sqlite_where=_OF_BLOCK,
        postgresql_where=_OF_BLOCK,
    )
    _guard_again()


def downgrade() -> None:
    kept = op.get_bind().scalar(
        sa.text(
            "SELECT (SELECT count(*) FROM block) + (SELECT count(*) FROM opening_day)"
            " + (SELECT count(*) FROM working_day)"
        )
    )
    if kept:
        raise RuntimeError(
            "There are days with other hours, or blocks: this step back would lose them. Restore"
            " the backup that was made before the upgrade."
        )
    op.drop_index("ix_occupancy_block_id", table_name="occupancy")
    with op.batch_alter_table("occupancy") as batch:
        batch.drop_constraint(op.f("ck_occupancy_of_visit_or_block"), type_="check")
        batch.drop_constraint(op.f("fk_occupancy_block_id_block"), type_="foreignkey")
        batch.drop_column("block_id")
        batch.alter_column("appointment_id", existing_type=_KEY, nullable=False)
    _guard_again()
    for table in ("block", "working_day", "opening_day"):
        op.drop_table(table)
