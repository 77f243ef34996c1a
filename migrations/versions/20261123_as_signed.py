"""What a session names, kept with its signature; what a barcode said; who added words, by name.

Sessions signed before keep nothing: what they named then is not known now, and no signed row may be
changed. Their pages show today's names and say so.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261123_as_signed"
down_revision = "20261122_calls"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("treatment_session", sa.Column("as_signed", sa.JSON(none_as_null=True)))
    op.add_column("lot_use", sa.Column("udi", sa.String(120)))
    op.add_column("addendum", sa.Column("author_name", sa.String(120)))


def downgrade() -> None:
    kept = sa.text(
        "SELECT (SELECT count(*) FROM treatment_session WHERE content_format > 3)"
        " + (SELECT count(*) FROM lot_use WHERE udi IS NOT NULL)"
        " + (SELECT count(*) FROM addendum WHERE author_name IS NOT NULL)"
    )
    if op.get_bind().scalar(kept):
        raise RuntimeError(
            "Sessions were signed with what they name, packs were scanned, or words were added: this"
            " step back would lose it. Restore the backup that was made before the upgrade."
        )
    op.drop_column("addendum", "author_name")
    op.drop_column("lot_use", "udi")
    op.drop_column("treatment_session", "as_signed")
