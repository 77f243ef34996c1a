"""The tablet handed over for the questions of a visit: its code, its screen, its end.

Answers given there are facts like all others; this table says who handed over, and when the
patient answered. It holds hashes and times only.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_handover"
down_revision = "20261122_rules"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "handover",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("appointment_id", _KEY, nullable=False),
        sa.Column("made_by_id", _KEY, nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("token_hash", sa.String(64)),
        sa.Column("locale", sa.String(12), nullable=False),
        sa.Column("made_at", _AT, nullable=False),
        sa.Column("expires_at", _AT, nullable=False),
        sa.Column("opened_at", _AT),
        sa.Column("confirmed_at", _AT),
        sa.Column("seen_at", _AT),
        sa.Column("ended_at", _AT),
        sa.Column("answered_at", _AT),
        sa.PrimaryKeyConstraint("id", name="pk_handover"),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["appointment.id"],
            name="fk_handover_appointment_id_appointment",
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["made_by_id"],
            ["account.id"],
            name="fk_handover_made_by_id_account",
            ondelete="RESTRICT",
        ),
        sa.UniqueConstraint("code_hash", name="uq_handover_code_hash"),
        sa.UniqueConstraint("token_hash", name="uq_handover_token_hash"),
        sa.CheckConstraint(
            "opened_at IS NULL OR token_hash IS NOT NULL", name=op.f("ck_handover_opened_has_token")
        ),
        sa.CheckConstraint(
            "answered_at IS NULL OR ended_at IS NOT NULL", name=op.f("ck_handover_answered_is_over")
        ),
    )
    op.create_index("ix_handover_appointment_id_made_at", "handover", ["appointment_id", "made_at"])
    op.create_index("ix_handover_made_by_id", "handover", ["made_by_id"])
    op.create_index(
        "ix_handover_one_a_visit",
        "handover",
        ["appointment_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    # What the patients answered stays on record; who handed over is in the audit trail too.
    op.drop_table("handover")
