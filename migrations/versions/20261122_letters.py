"""One letter may tell of several visits of a course; each visit keeps its own row and names it.

What was sent before went alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_letters"
down_revision = "20261122_formats"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message", sa.Column("letter", sa.String(60)))
    op.create_index(
        "ix_message_letter",
        "message",
        ["letter"],
        sqlite_where=sa.text("letter IS NOT NULL"),
        postgresql_where=sa.text("letter IS NOT NULL"),
    )


def downgrade() -> None:
    shared = op.get_bind().scalar(sa.text("SELECT count(*) FROM message WHERE letter IS NOT NULL"))
    if shared:
        raise RuntimeError(
            "Letters have told of several visits: this step back would lose which. Restore the"
            " backup that was made before the upgrade."
        )
    op.drop_index("ix_message_letter", table_name="message")
    op.drop_column("message", "letter")
