"""A product has several packages, each with its own number: a single piece, a box of several.

The number that stood at the product becomes its first package; nobody has said how much is in it.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_packs"
down_revision = "20261122_centrifuges"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "product_pack",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("product_id", _KEY, nullable=False),
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("holds_milli", sa.BigInteger()),
        sa.CheckConstraint("length(gtin) = 14", name=op.f("ck_product_pack_gtin")),
        sa.CheckConstraint("holds_milli > 0", name=op.f("ck_product_pack_holds")),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["product.id"],
            name=op.f("fk_product_pack_product_id_product"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_pack")),
        sa.UniqueConstraint("gtin", name=op.f("uq_product_pack_gtin")),
    )
    op.create_index(op.f("ix_product_pack_product_id"), "product_pack", ["product_id"])
    op.execute(
        "INSERT INTO product_pack (product_id, gtin)"
        " SELECT id, gtin FROM product WHERE gtin IS NOT NULL ORDER BY id"
    )
    with op.batch_alter_table("product") as batch:
        batch.drop_constraint(op.f("uq_product_gtin"), type_="unique")
        batch.drop_column("gtin")


def downgrade() -> None:
    more = op.get_bind().scalar(
        sa.text(
            "SELECT (SELECT count(*) FROM product_pack WHERE holds_milli IS NOT NULL)"
            " + (SELECT count(*) - count(DISTINCT product_id) FROM product_pack)"
        )
    )
    if more:
        raise RuntimeError(
            "Products have several packages, or it is said how much is in one: the step back would"
            " lose it. Restore the backup that was made before the upgrade."
        )
    op.add_column("product", sa.Column("gtin", sa.String(14)))
    op.execute(
        "UPDATE product SET gtin ="
        " (SELECT gtin FROM product_pack WHERE product_pack.product_id = product.id)"
    )
    with op.batch_alter_table("product") as batch:
        batch.create_unique_constraint(op.f("uq_product_gtin"), ["gtin"])
    op.drop_table("product_pack")
