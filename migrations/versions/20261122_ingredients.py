"""What a service injects, so that the rules of its ingredients speak when it is booked.

Services that exist plan nothing yet: their rules go on speaking when a lot is chosen.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_ingredients"
down_revision = "20261122_hours"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("service", sa.Column("ingredients", sa.JSON()))
    op.execute("UPDATE service SET ingredients = '[]'")
    with op.batch_alter_table("service") as batch:
        batch.alter_column("ingredients", existing_type=sa.JSON(), nullable=False)


def downgrade() -> None:
    # Only the plan is lost: what was given stands in the sessions.
    op.drop_column("service", "ingredients")
