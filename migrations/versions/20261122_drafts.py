"""What is typed and not kept yet, and the five lines that are said before the first point.

Both are locked with the session that they belong to. Sessions signed before have neither, and
their canonical text does not name them.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_drafts"
down_revision = "20261122_hold"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
_SQLITE = """CREATE TRIGGER trg_{t}_signed_{v} BEFORE {V} ON {t}
WHEN EXISTS (SELECT 1 FROM treatment_session AS s WHERE s.id = {row}.session_id AND s.state = 'signed')
BEGIN SELECT RAISE(ABORT, 'signed:{t}'); END"""
_POSTGRESQL = (
    """CREATE TRIGGER trg_{t}_signed BEFORE INSERT OR UPDATE OR DELETE ON {t}
FOR EACH ROW EXECUTE FUNCTION refuse_part_of_signed()""",
    "ALTER TABLE {t} ENABLE ALWAYS TRIGGER trg_{t}_signed",
)


def upgrade() -> None:
    op.create_table(
        "time_out_line",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("session_id", _KEY, nullable=False),
        sa.Column("line", sa.String(32), nullable=False),
        sa.Column("account_id", _KEY, nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.CheckConstraint(
            "line IN ('patient', 'consent', 'allergy', 'lot', 'side')",
            name=op.f("ck_time_out_line_known_line"),
        ),
        *_of_session("time_out_line"),
        sa.UniqueConstraint("session_id", "line", name=op.f("uq_time_out_line_session_id_line")),
    )
    op.create_index(op.f("ix_time_out_line_account_id"), "time_out_line", ["account_id"])
    op.create_table(
        "session_draft",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("session_id", _KEY, nullable=False),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("account_id", _KEY, nullable=False),
        sa.Column("tab", sa.String(40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("typed_on", sa.Integer(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("saved_at", _AT, nullable=False),
        sa.CheckConstraint(
            "step IN ('session', 'preparation', 'mix')",
            name=op.f("ck_session_draft_known_step"),
        ),
        *_of_session("session_draft"),
        sa.UniqueConstraint("session_id", "step", name=op.f("uq_session_draft_session_id_step")),
    )
    op.create_index(op.f("ix_session_draft_account_id"), "session_draft", ["account_id"])
    for table in ("time_out_line", "session_draft"):
        if op.get_context().dialect.name == "sqlite":
            for verb in ("INSERT", "UPDATE", "DELETE"):
                row = "NEW" if verb == "INSERT" else "OLD"
                op.execute(_SQLITE.format(t=table, v=verb.lower(), V=verb, row=row))
        else:
            for statement in _POSTGRESQL:
                op.execute(statement.format(t=table))


def downgrade() -> None:
    kept = op.get_bind().scalar(
        sa.text(
            "SELECT (SELECT count(*) FROM time_out_line) + (SELECT count(*) FROM session_draft)"
        )
    )
    if kept:
        raise RuntimeError(
            "Lines of the time-out or typed words are kept: this step back would lose them."
            " Restore the backup that was made before the upgrade."
        )
    op.drop_table("session_draft")
    op.drop_table("time_out_line")


def _of_session(table: str) -> tuple[sa.Constraint, ...]:
    return (
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f(f"fk_{table}_account_id_account"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["treatment_session.id"],
            name=op.f(f"fk_{table}_session_id_treatment_session"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
