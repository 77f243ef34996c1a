"""Since when a day of calls is asked for, where it was added later.

The call on day 60 after a mesotherapy came with an upgrade: without this, a clinic that upgrades
finds a call for each session of the last four months, of which nobody spoke when it was made.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261123_calls_since"
down_revision = "20261123_withdrawals"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("service", sa.Column("follow_up_since", sa.JSON()))
    op.execute("UPDATE service SET follow_up_since = '{}'")
    quoted = '{"60": "\' || CURRENT_DATE || \'"}'
    cast = "" if op.get_context().dialect.name == "sqlite" else "::json"
    op.execute(
        f"UPDATE service SET follow_up_since = ('{quoted}'){cast}"
        " WHERE modality = 'mesotherapy' AND follow_up_days IS NULL"
    )
    with op.batch_alter_table("service") as batch:
        batch.alter_column("follow_up_since", existing_type=sa.JSON(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("service") as batch:
        batch.drop_column("follow_up_since")
