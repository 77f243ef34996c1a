"""What was given outside of a limit, and why: a record must be able to say what happened.

Nobody has written any of it before. Signed rows refuse every UPDATE: both columns begin empty.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_outside"
down_revision = "20261122_packs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("treatment_session", sa.Column("outside", sa.JSON(none_as_null=True)))
    op.add_column("treatment_session", sa.Column("outside_reason", sa.String(300)))


def downgrade() -> None:
    signed = sa.text("SELECT count(*) FROM treatment_session WHERE content_format > 2")
    if op.get_bind().scalar(signed):
        raise RuntimeError(
            "Sessions were signed with what they gave outside of a limit: this step back would lose"
            " it. Restore the backup that was made before the upgrade."
        )
    op.drop_column("treatment_session", "outside_reason")
    op.drop_column("treatment_session", "outside")
