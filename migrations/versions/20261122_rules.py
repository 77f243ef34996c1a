"""The clinic's own rules: versions of each, and what a physician has approved.

Nothing is put in force here: the rules of this release act once a physician has approved them,
and until then visits are not checked. Both tables only grow.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import CreateIndex, CreateTable

revision = "20261122_rules"
down_revision = "20261122_guards"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
_tables = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
sa.Table("account", _tables, sa.Column("id", _KEY, primary_key=True))  # only named here
_NEW = (
    sa.Table(
        "rule_version",
        _tables,
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("author_id", _KEY, sa.ForeignKey("account.id", ondelete="RESTRICT")),
        sa.Column("code", sa.String(60), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("is_on", sa.Boolean, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("content_hash", sa.String(32), nullable=False),
        sa.Column("release_hash", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.UniqueConstraint("code", "version"),
        sa.Index(None, "author_id"),
        sa.CheckConstraint("author_id IS NULL OR length(reason) >= 10", name="reason_length"),
        sqlite_autoincrement=True,
    ),
    sa.Table(
        "rule_catalogue",
        _tables,
        sa.Column("id", _KEY, primary_key=True),
        sa.Column(
            "approved_by_id", _KEY, sa.ForeignKey("account.id", ondelete="RESTRICT"), nullable=False
        ),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("rule_ids", sa.JSON, nullable=False),
        sa.Column("edition", sa.String(32), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.UniqueConstraint("number"),
        sa.Index(None, "approved_by_id"),
        sqlite_autoincrement=True,
    ),
)
_SQLITE = (
    """CREATE TRIGGER trg_{t}_no_update BEFORE UPDATE ON {t}
BEGIN SELECT RAISE(ABORT, 'append_only:{t}'); END""",
    """CREATE TRIGGER trg_{t}_no_delete BEFORE DELETE ON {t}
BEGIN SELECT RAISE(ABORT, 'append_only:{t}'); END""",
    """CREATE TRIGGER trg_{t}_no_replace BEFORE INSERT ON {t}
WHEN EXISTS (SELECT 1 FROM {t} WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'append_only:{t}'); END""",
)
_POSTGRESQL = (
    """CREATE TRIGGER trg_{t}_append_only BEFORE UPDATE OR DELETE ON {t}
FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER trg_{t}_no_truncate BEFORE TRUNCATE ON {t}
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    "ALTER TABLE {t} ENABLE ALWAYS TRIGGER trg_{t}_append_only",
    "ALTER TABLE {t} ENABLE ALWAYS TRIGGER trg_{t}_no_truncate",
)


def upgrade() -> None:
    guards = _SQLITE if op.get_context().dialect.name == "sqlite" else _POSTGRESQL
    for table in _NEW:
        op.execute(CreateTable(table))
        for index in table.indexes:
            op.execute(CreateIndex(index))
        for statement in guards:
            op.execute(statement.replace("{t}", table.name))


def downgrade() -> None:
    for table in _NEW:
        op.drop_table(table.name)
