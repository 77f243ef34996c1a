"""Two records of one person: what was decided about them, and what undoes it.

The column `patient.merged_into_id` is from the first revision; nothing of the past needs filling.
Its index leaves out who was never merged: counted whole, it looked like one key for everybody, and
SQLite read all patients for each hit of a search rather than use it.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_pairs"
down_revision = "20261122_courses"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
_IS_MERGED = sa.text("merged_into_id IS NOT NULL")
_ONE_MERGE = sa.text("verdict = 'one' AND undone_at IS NULL")


def upgrade() -> None:
    op.drop_index("ix_patient_merged_into_id", "patient")
    op.create_index(
        "ix_patient_merged_into_id",
        "patient",
        ["merged_into_id"],
        sqlite_where=_IS_MERGED,
        postgresql_where=_IS_MERGED,
    )
    op.create_table(
        "patient_pair",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("gone_id", _KEY, nullable=False),
        sa.Column("kept_id", _KEY, nullable=False),
        sa.Column("decided_by_id", _KEY, nullable=False),
        sa.Column("undone_by_id", _KEY),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("moved", sa.JSON(), nullable=False),
        sa.Column("standing", sa.String(32), nullable=False),
        sa.Column("decided_at", _AT, nullable=False),
        sa.Column("undone_at", _AT),
        sa.PrimaryKeyConstraint("id", name="pk_patient_pair"),
        *(
            sa.ForeignKeyConstraint(
                [f"{column}_id"],
                [f"{table}.id"],
                name=f"fk_patient_pair_{column}_id_{table}",
                ondelete="RESTRICT",
            )
            for column, table in (
                ("gone", "patient"),
                ("kept", "patient"),
                ("decided_by", "account"),
                ("undone_by", "account"),
            )
        ),
        sa.CheckConstraint("verdict IN ('one', 'two')", name=op.f("ck_patient_pair_known_verdict")),
        sa.CheckConstraint(
            "standing IN ('active', 'deceased', 'merged', 'archived', 'erased')",
            name=op.f("ck_patient_pair_known_standing"),
        ),
        sa.CheckConstraint("gone_id <> kept_id", name=op.f("ck_patient_pair_two_records")),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_patient_pair_has_reason")),
        sa.CheckConstraint(
            "(undone_at IS NULL) = (undone_by_id IS NULL)", name=op.f("ck_patient_pair_undone_by")
        ),
    )
    for column in ("gone", "kept", "decided_by", "undone_by"):
        op.create_index(f"ix_patient_pair_{column}_id", "patient_pair", [f"{column}_id"])
    op.create_index(
        "ix_patient_pair_one_merge",
        "patient_pair",
        ["gone_id"],
        unique=True,
        sqlite_where=_ONE_MERGE,
        postgresql_where=_ONE_MERGE,
    )


def downgrade() -> None:
    bind = op.get_bind()
    if bind.scalar(sa.text("SELECT count(*) FROM patient WHERE status = 'merged'")):
        raise RuntimeError(
            "There are merged records, and this version could not take them apart again. "
            "Restore the backup that was made before the upgrade instead."
        )
    op.drop_table("patient_pair")
    op.drop_index("ix_patient_merged_into_id", "patient")
    op.create_index("ix_patient_merged_into_id", "patient", ["merged_into_id"])
