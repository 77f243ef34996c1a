"""How long before a visit it was cancelled, and from when on a cancellation is late.

Past cancellations get their notice from the history of the visit: the newest line that cancelled it.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_missed"
down_revision = "20261122_messages"
branch_labels = None
depends_on = None

_MINUTES = {
    "sqlite": "CAST(floor((julianday(appointment.starts_at) - julianday(e.at)) * 1440 + 0.0001)"
    " AS INTEGER)",
    "postgresql": "floor(extract(epoch FROM appointment.starts_at - e.at) / 60)",
}
_NOTICE = """UPDATE appointment SET cancel_notice_min = (
  SELECT {minutes} FROM appointment_event AS e
  WHERE e.appointment_id = appointment.id AND e.action = 'cancel' ORDER BY e.id DESC LIMIT 1)
WHERE status = 'cancelled'"""


def upgrade() -> None:
    # Outside a batch: SQLite adds the column where the table stands, and its triggers stay.
    op.add_column("appointment", sa.Column("cancel_notice_min", sa.Integer()))
    dialect = op.get_context().dialect.name
    op.execute(sa.DDL(_NOTICE.format(minutes=_MINUTES[dialect])))
    op.add_column("location", sa.Column("late_hours", sa.SmallInteger()))
    op.execute("UPDATE location SET late_hours = 24")
    with op.batch_alter_table("location") as batch:
        batch.alter_column("late_hours", existing_type=sa.SmallInteger(), nullable=False)
        batch.create_check_constraint(
            op.f("ck_location_late_hours"), "late_hours BETWEEN 0 AND 168"
        )


def downgrade() -> None:
    with op.batch_alter_table("location") as batch:
        batch.drop_constraint(op.f("ck_location_late_hours"), type_="check")
        batch.drop_column("late_hours")
    op.drop_column("appointment", "cancel_notice_min")
