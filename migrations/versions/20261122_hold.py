"""How long an offered time is held becomes the clinic's: until now it was half an hour for all."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_hold"
down_revision = "20261122_consents"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("location", sa.Column("hold_min", sa.SmallInteger()))
    op.execute("UPDATE location SET hold_min = 30")
    with op.batch_alter_table("location") as batch:
        batch.alter_column("hold_min", existing_type=sa.SmallInteger(), nullable=False)
        batch.create_check_constraint(op.f("ck_location_hold_min"), "hold_min BETWEEN 5 AND 240")


def downgrade() -> None:
    with op.batch_alter_table("location") as batch:
        batch.drop_constraint(op.f("ck_location_hold_min"), type_="check")
        batch.drop_column("hold_min")
