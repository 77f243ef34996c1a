"""Which unusual values the tick of a draft stands for: a value that changes is asked about again.

Nobody has written it before: the tick of a draft that is kept already is asked for once more.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261123_accepted"
down_revision = "20261123_calls_since"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("treatment_session", sa.Column("unusual_seen", sa.Text))


def downgrade() -> None:
    op.drop_column("treatment_session", "unusual_seen")
