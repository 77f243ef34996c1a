"""Visits: who and what they hold, what happened to them, what the checks said.

The tables are a frozen copy of the models as they were on the day, names of constraints included.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import CreateIndex, CreateTable

revision = "20261122_visits"
down_revision = "20261122_first_tables"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
_tables = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_EARLIER = (
    "account",
    "location",
    "patient",
    "service",
)
for _name in _EARLIER:  # of revisions before: only named here, for the foreign keys
    sa.Table(_name, _tables, sa.Column("id", _KEY, primary_key=True))
sa.Table(
    "resource",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column(
        "location_id", _KEY, sa.ForeignKey("location.id", ondelete="RESTRICT"), nullable=False
    ),
    sa.Column("account_id", _KEY, sa.ForeignKey("account.id", ondelete="RESTRICT")),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("device_type", sa.String(40), nullable=False),
    sa.Column("sort", sa.SmallInteger, nullable=False),
    sa.Column("is_active", sa.Boolean, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("account_id"),
    sa.UniqueConstraint("location_id", "name"),
    sa.CheckConstraint("kind = 'practitioner' OR account_id IS NULL", name="account_of_person"),
    sa.CheckConstraint("kind IN ('practitioner', 'room', 'device')", name="known_kind"),
)
sa.Table(
    "course",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column("patient_id", _KEY, sa.ForeignKey("patient.id", ondelete="RESTRICT"), nullable=False),
    sa.Column("service_id", _KEY, sa.ForeignKey("service.id", ondelete="RESTRICT"), nullable=False),
    sa.Column("status", sa.String(32), nullable=False),
    sa.Column("sessions_planned", sa.SmallInteger, nullable=False),
    sa.Column("interval_days", sa.SmallInteger, nullable=False),
    sa.Column("started_on", sa.Date, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.CheckConstraint("interval_days BETWEEN 1 AND 400", name="interval"),
    sa.CheckConstraint("status IN ('active', 'completed', 'stopped')", name="known_status"),
    sa.CheckConstraint("sessions_planned BETWEEN 1 AND 60", name="length"),
    sa.Index(None, "patient_id", "status"),
    sa.Index(None, "service_id"),
)
sa.Table(
    "working_hours",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column(
        "resource_id", _KEY, sa.ForeignKey("resource.id", ondelete="CASCADE"), nullable=False
    ),
    sa.Column("weekday", sa.SmallInteger, nullable=False),
    sa.Column("starts", sa.Time, nullable=False),
    sa.Column("ends", sa.Time, nullable=False),
    sa.CheckConstraint("ends > starts", name="ends_after_starts"),
    sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
    sa.Index(None, "resource_id", "weekday"),
)
sa.Table(
    "appointment",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column(
        "location_id", _KEY, sa.ForeignKey("location.id", ondelete="RESTRICT"), nullable=False
    ),
    sa.Column("patient_id", _KEY, sa.ForeignKey("patient.id", ondelete="RESTRICT"), nullable=False),
    sa.Column("service_id", _KEY, sa.ForeignKey("service.id", ondelete="RESTRICT"), nullable=False),
    sa.Column("course_id", _KEY, sa.ForeignKey("course.id", ondelete="RESTRICT")),
    sa.Column("course_number", sa.SmallInteger),
    sa.Column(
        "practitioner_id", _KEY, sa.ForeignKey("resource.id", ondelete="RESTRICT"), nullable=False
    ),
    sa.Column("room_id", _KEY, sa.ForeignKey("resource.id", ondelete="RESTRICT"), nullable=False),
    sa.Column("starts_at", _AT, nullable=False),
    sa.Column("ends_at", _AT, nullable=False),
    sa.Column("starts_local", sa.DateTime(timezone=False), nullable=False),
    sa.Column("zone", sa.String(40), nullable=False),
    sa.Column("status", sa.String(32), nullable=False),
    sa.Column("occupies", sa.Boolean, nullable=False),
    sa.Column("origin", sa.String(32), nullable=False),
    sa.Column("cancel_reason", sa.String(32)),
    sa.Column("cancel_note", sa.String(200), nullable=False),
    sa.Column("note", sa.String(400), nullable=False),
    sa.Column("recheck_reason", sa.String(300), nullable=False),
    sa.Column("decision", sa.String(32)),
    sa.Column("is_released", sa.Boolean, nullable=False),
    sa.Column("clear_on", sa.Date),
    sa.Column("moved", sa.SmallInteger, nullable=False),
    sa.Column("arrived_at", _AT),
    sa.Column("started_at", _AT),
    sa.Column("ended_at", _AT),
    sa.Column("form_key", sa.String(40)),
    sa.Column("created_at", _AT, nullable=False),
    sa.Column("created_by_id", _KEY, sa.ForeignKey("account.id", ondelete="RESTRICT")),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("form_key"),
    sa.CheckConstraint(
        "status <> 'cancelled' OR cancel_reason IS NOT NULL", name="cancelled_has_reason"
    ),
    sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    sa.CheckConstraint(
        "cancel_reason IN ('patient_asked', 'patient_ill', 'clinic', 'safety', 'mistake')",
        name="known_cancel_reason",
    ),
    sa.CheckConstraint(
        "decision IN ('allow', 'warn', 'ask', 'review', 'defer', 'block')", name="known_decision"
    ),
    sa.CheckConstraint("origin IN ('scheduled', 'walk_in')", name="known_origin"),
    sa.CheckConstraint(
        "status IN ('booked', 'arrived', 'in_treatment', 'done', 'cancelled', 'no_show', 'entered_in_error')",
        name="known_status",
    ),
    sa.Index(None, "course_id"),
    sa.Index(None, "created_by_id"),
    sa.Index(None, "location_id", "starts_at"),
    sa.Index(None, "patient_id", "starts_at"),
    sa.Index(None, "practitioner_id", "starts_at"),
    sa.Index(None, "room_id"),
    sa.Index(None, "service_id"),
)
sa.Table(
    "appointment_event",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column(
        "appointment_id", _KEY, sa.ForeignKey("appointment.id", ondelete="RESTRICT"), nullable=False
    ),
    sa.Column("actor_id", _KEY, sa.ForeignKey("account.id", ondelete="RESTRICT")),
    sa.Column("actor_name", sa.String(120), nullable=False),
    sa.Column("action", sa.String(32), nullable=False),
    sa.Column("before", sa.JSON, nullable=False),
    sa.Column("after", sa.JSON, nullable=False),
    sa.Column("reason", sa.String(300), nullable=False),
    sa.Column("at", _AT, nullable=False),
    sa.CheckConstraint(
        "action IN ('book', 'move', 'cancel', 'no_show', 'arrive', 'undo_arrive', 'start', 'finish', 'abort', 'reopen', 'enter_in_error')",
        name="known_action",
    ),
    sa.Index(None, "actor_id"),
    sa.Index(None, "appointment_id", "at"),
    sqlite_autoincrement=True,
)
sa.Table(
    "occupancy",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column(
        "appointment_id", _KEY, sa.ForeignKey("appointment.id", ondelete="CASCADE"), nullable=False
    ),
    sa.Column(
        "resource_id", _KEY, sa.ForeignKey("resource.id", ondelete="RESTRICT"), nullable=False
    ),
    sa.Column("seq", sa.SmallInteger, nullable=False),
    sa.Column("lane", sa.SmallInteger, nullable=False),
    sa.Column("starts_at", _AT, nullable=False),
    sa.Column("ends_at", _AT, nullable=False),
    sa.Column("is_active", sa.Boolean, nullable=False),
    sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    sa.CheckConstraint("lane BETWEEN 1 AND 164", name="lane"),
    sa.Index(None, "appointment_id"),
    sa.Index(
        "ix_occupancy_lane_time",
        "resource_id",
        "lane",
        "starts_at",
        sqlite_where=sa.text("is_active = 1"),
        postgresql_where=sa.text("is_active"),
    ),
    sa.Index(None, "resource_id"),
)
sa.Table(
    "release",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column(
        "appointment_id", _KEY, sa.ForeignKey("appointment.id", ondelete="RESTRICT"), nullable=False
    ),
    sa.Column("author_id", _KEY, sa.ForeignKey("account.id", ondelete="RESTRICT"), nullable=False),
    sa.Column("rule_code", sa.String(60), nullable=False),
    sa.Column("rule_version", sa.Integer, nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("reason", sa.String(1000), nullable=False),
    sa.Column("at", _AT, nullable=False),
    sa.CheckConstraint("length(reason) >= 10", name="reason_length"),
    sa.Index(None, "appointment_id", "fingerprint"),
    sa.Index(None, "author_id"),
    sqlite_autoincrement=True,
)
sa.Table(
    "screening",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column("patient_id", _KEY, sa.ForeignKey("patient.id", ondelete="RESTRICT"), nullable=False),
    sa.Column("appointment_id", _KEY, sa.ForeignKey("appointment.id", ondelete="RESTRICT")),
    sa.Column("actor_id", _KEY, sa.ForeignKey("account.id", ondelete="RESTRICT")),
    sa.Column("on", sa.Date, nullable=False),
    sa.Column("moment", sa.String(32), nullable=False),
    sa.Column("decision", sa.String(32), nullable=False),
    sa.Column("is_checked", sa.Boolean, nullable=False),
    sa.Column("earliest_clear_on", sa.Date),
    sa.Column("bookable_from", sa.Date),
    sa.Column("may_show_clear_date", sa.Boolean, nullable=False),
    sa.Column("may_show_bookable_date", sa.Boolean, nullable=False),
    sa.Column("findings", sa.JSON, nullable=False),
    sa.Column("facts", sa.JSON, nullable=False),
    sa.Column("facts_hash", sa.String(64), nullable=False),
    sa.Column("plan", sa.JSON, nullable=False),
    sa.Column("at", _AT, nullable=False),
    sa.CheckConstraint(
        "decision IN ('allow', 'warn', 'ask', 'review', 'defer', 'block')", name="known_decision"
    ),
    sa.CheckConstraint(
        "moment IN ('booking', 'check_in', 'start', 'recheck')", name="known_moment"
    ),
    sa.Index(None, "actor_id"),
    sa.Index(None, "appointment_id", "at"),
    sa.Index(None, "patient_id", "at"),
    sqlite_autoincrement=True,
)


def upgrade() -> None:
    for table in _tables.sorted_tables:
        if table.name in _EARLIER:
            continue
        op.execute(CreateTable(table))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            op.execute(CreateIndex(index))


def downgrade() -> None:
    for table in reversed(_tables.sorted_tables):
        if table.name in _EARLIER:
            continue
        op.drop_table(table.name)
