"""Photographs: what is known of each; the pictures themselves are files in the data folder.

A row is written after its files and never deleted: removing one keeps the row, so that who removed
it and why stays on record.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_photographs"
down_revision = "20261122_stock"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
_KNOWN = {
    "view": "'front', 'front_pulled_back', 'vertex', 'midline', 'temple_l', 'temple_r',"
    " 'occipital', 'trichoscopy'",
    "zone": "'frontal_hairline', 'frontotemporal_l', 'frontotemporal_r', 'midscalp', 'vertex',"
    " 'parietal_l', 'parietal_r', 'temporal_l', 'temporal_r', 'occipital'",
    "hair": "'dry', 'wet'",
    "parting": "'none', 'centre', 'left', 'right'",
    "light": "'room', 'ring', 'flash', 'daylight', 'polarised'",
    "state": "'kept', 'removed'",
}
_CHECKS = {
    **{f"known_{column}": f"{column} IN ({members})" for column, members in _KNOWN.items()},
    "zone_of_trichoscopy": "(view = 'trichoscopy') = (zone IS NOT NULL)",
    "magnification_of_trichoscopy": "magnification IS NULL OR view = 'trichoscopy'",
    "removed_is_whole": "(state = 'removed') = (removed_at IS NOT NULL AND removed_by_id IS NOT"
    " NULL AND length(removed_reason) > 0)",
}
_REFERENCES = {
    "patient_id": "patient",
    "appointment_id": "appointment",
    "taken_by_id": "account",
    "removed_by_id": "account",
}


def upgrade() -> None:
    op.create_table(
        "photograph",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("public_id", sa.String(22), nullable=False),
        sa.Column("patient_id", _KEY, nullable=False),
        sa.Column("appointment_id", _KEY),
        sa.Column("taken_by_id", _KEY, nullable=False),
        sa.Column("removed_by_id", _KEY),
        sa.Column("view", sa.String(32), nullable=False),
        sa.Column("zone", sa.String(32)),
        sa.Column("taken_at", _AT, nullable=False),
        sa.Column("kept_at", _AT, nullable=False),
        sa.Column("hair", sa.String(32), nullable=False),
        sa.Column("parting", sa.String(32), nullable=False),
        sa.Column("light", sa.String(32), nullable=False),
        sa.Column("distance_cm", sa.SmallInteger()),
        sa.Column("magnification", sa.SmallInteger()),
        sa.Column("has_product", sa.Boolean(), nullable=False),
        sa.Column("is_fixed", sa.Boolean(), nullable=False),
        sa.Column("for_teaching", sa.Boolean(), nullable=False),
        sa.Column("for_publication", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("removed_at", _AT),
        sa.Column("removed_reason", sa.String(300), nullable=False),
        sa.Column("storage_key", sa.String(32), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("form_key", sa.String(48)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_photograph"),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{table}.id"],
                name=f"fk_photograph_{column}_{table}",
                ondelete="RESTRICT",
            )
            for column, table in _REFERENCES.items()
        ),
        *(
            sa.UniqueConstraint(column, name=f"uq_photograph_{column}")
            for column in ("public_id", "storage_key", "form_key")
        ),
        *(
            sa.CheckConstraint(text, name=op.f(f"ck_photograph_{name}"))
            for name, text in _CHECKS.items()
        ),
    )
    op.create_index("ix_photograph_patient_id_taken_at", "photograph", ["patient_id", "taken_at"])
    for column in ("appointment_id", "taken_by_id", "removed_by_id"):
        op.create_index(f"ix_photograph_{column}", "photograph", [column])


def downgrade() -> None:
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM photograph")):
        raise RuntimeError(
            "There are photographs, which an older version cannot keep."
            " Go back to the backup that `db upgrade` made, with its folder of photographs."
        )
    op.drop_table("photograph")
