"""Which canonical text a session was signed under: what follows may sign more than the first did."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_formats"
down_revision = "20261122_waiting"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Signed rows refuse every UPDATE: the default stands for what all of them were signed under.
    op.add_column(
        "treatment_session",
        sa.Column("content_format", sa.SmallInteger(), nullable=False, server_default="1"),
    )


def downgrade() -> None:
    op.drop_column("treatment_session", "content_format")
