"""Nurses as what a visit can hold, and why a visit was booked over what was booked.

Services that exist keep their parts as they are: nobody who has set up a clinic finds its PRP
longer than it was, or asking for a nurse who is not on the list.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_segments"
down_revision = "20261122_handover"
branch_labels = None
depends_on = None

_KINDS = "kind IN ('practitioner', 'room', 'device')"
_KINDS_WITH_NURSE = "kind IN ('practitioner', 'nurse', 'room', 'device')"
_PERSON = "kind = 'practitioner' OR account_id IS NULL"
_PERSON_OR_NURSE = "kind IN ('practitioner', 'nurse') OR account_id IS NULL"


def _check(table: str, **texts: str) -> None:
    """Give CHECKs of a table another text; neither table has triggers of its own."""
    with op.batch_alter_table(table) as batch:
        for name, text in texts.items():
            batch.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")
            batch.create_check_constraint(op.f(f"ck_{table}_{name}"), text)


def upgrade() -> None:
    _check("resource", known_kind=_KINDS_WITH_NURSE, account_of_person=_PERSON_OR_NURSE)
    _check("service_segment", known_kind=_KINDS_WITH_NURSE)
    # Outside a batch: SQLite adds the column where the table stands, and its triggers stay.
    op.add_column("appointment", sa.Column("overbook_reason", sa.String(300)))


def downgrade() -> None:
    nurses = op.get_bind().scalar(
        sa.text(
            "SELECT (SELECT count(*) FROM resource WHERE kind = 'nurse')"
            " + (SELECT count(*) FROM service_segment WHERE kind = 'nurse')"
        )
    )
    if nurses:
        raise RuntimeError(
            "There are nurses to be held: this step back would lose them. Restore the backup"
            " that was made before the upgrade."
        )
    op.drop_column("appointment", "overbook_reason")
    _check("service_segment", known_kind=_KINDS)
    _check("resource", known_kind=_KINDS, account_of_person=_PERSON)
