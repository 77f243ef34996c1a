"""How far apart the points of a session were set."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_spacing"
down_revision = "20261123_written_later"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("treatment_session", sa.Column("spacing_um", sa.Integer))


def downgrade() -> None:
    written = sa.text("SELECT count(*) FROM treatment_session WHERE spacing_um IS NOT NULL")
    if op.get_bind().scalar(written):
        raise RuntimeError(
            "Sessions say how far apart their points were: this step back would lose it."
            " Restore the backup that was made before the upgrade."
        )
    op.drop_column("treatment_session", "spacing_um")
