"""Doses by zone for each service, as the clinic writes them; none is written until it does."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_protocol"
down_revision = "20261122_around"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_ZONES = (
    "'frontal_hairline', 'frontotemporal_l', 'frontotemporal_r', 'midscalp', 'vertex',"
    " 'parietal_l', 'parietal_r', 'temporal_l', 'temporal_r', 'occipital'"
)
_TECHNIQUES = (
    "'point_by_point', 'nappage', 'retrograde_linear', 'subdermal_bolus', 'papule', 'microneedling'"
)
_CHECKS = {
    "known_zone": f"zone IN ({_ZONES})",
    "known_technique": f"technique IN ({_TECHNIQUES})",
    "points": "points BETWEEN 1 AND 400",
    "each": "each_ul BETWEEN 5 AND 500",
    "depth": "depth_um BETWEEN 300 AND 13000",
    "gauge": "needle_gauge BETWEEN 25 AND 34",
    "needle": "needle_um BETWEEN 2000 AND 40000",
    "range": (
        "(least_ul IS NULL AND most_ul IS NULL)"
        " OR (least_ul IS NOT NULL AND most_ul IS NOT NULL AND least_ul <= most_ul)"
    ),
}


def upgrade() -> None:
    op.create_table(
        "protocol_dose",
        sa.Column("service_id", _KEY, nullable=False),
        sa.Column("zone", sa.String(32), nullable=False),
        sa.Column("points", sa.SmallInteger(), nullable=False),
        sa.Column("each_ul", sa.Integer(), nullable=False),
        sa.Column("depth_um", sa.Integer(), nullable=False),
        sa.Column("needle_gauge", sa.SmallInteger(), nullable=False),
        sa.Column("needle_um", sa.Integer(), nullable=True),
        sa.Column("technique", sa.String(32), nullable=True),
        sa.Column("least_ul", sa.Integer(), nullable=True),
        sa.Column("most_ul", sa.Integer(), nullable=True),
        *(
            sa.CheckConstraint(text, name=op.f(f"ck_protocol_dose_{name}"))
            for name, text in _CHECKS.items()
        ),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["service.id"],
            name=op.f("fk_protocol_dose_service_id_service"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("service_id", "zone", name=op.f("pk_protocol_dose")),
    )


def downgrade() -> None:
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM protocol_dose")):
        raise RuntimeError(
            "The clinic wrote a protocol of its own: this step back would lose it."
            " Restore the backup that was made before the upgrade."
        )
    op.drop_table("protocol_dose")
