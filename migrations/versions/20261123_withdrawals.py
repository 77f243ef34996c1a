"""A withdrawal signed on the tablet: who signed, as what, and the drawn signature.

What was withdrawn until now was said at the desk: it has none of them.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261123_withdrawals"
down_revision = "20261123_as_signed"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consent_withdrawal", sa.Column("signer", sa.String(120)))
    op.add_column("consent_withdrawal", sa.Column("guardian", sa.String(120)))
    op.add_column("consent_withdrawal", sa.Column("strokes", sa.JSON()))


def downgrade() -> None:
    signed = op.get_bind().scalar(
        sa.text("SELECT count(*) FROM consent_withdrawal WHERE signer IS NOT NULL")
    )
    if signed:
        raise RuntimeError(
            "Withdrawals were signed on the tablet: this step back would lose the signatures."
            " Restore the backup that was made before the upgrade."
        )
    op.drop_column("consent_withdrawal", "strokes")
    op.drop_column("consent_withdrawal", "guardian")
    op.drop_column("consent_withdrawal", "signer")
