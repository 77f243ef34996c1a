"""Why a session's record was written only after its visit was over."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_written_later"
down_revision = "20261123_accepted"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("treatment_session", sa.Column("written_later", sa.String(200)))


def downgrade() -> None:
    written = sa.text("SELECT count(*) FROM treatment_session WHERE written_later IS NOT NULL")
    if op.get_bind().scalar(written):
        raise RuntimeError(
            "Sessions were written after their visits: this step back would lose that it was so."
            " Restore the backup that was made before the upgrade."
        )
    op.drop_column("treatment_session", "written_later")
