"""Messages to patients and calendar feeds: agreements, what was begun, servers, secret addresses.

Nothing is queued here: what is owed is derived from the visits, so no row of the past needs filling.
Nobody has agreed to anything yet, and no message leaves.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_messages"
down_revision = "20261122_segments"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "message_settings",
        sa.Column("location_id", _KEY, nullable=False),
        sa.Column("smtp_host", sa.String(length=253), nullable=False),
        sa.Column("smtp_port", sa.Integer(), nullable=False),
        sa.Column("smtp_security", sa.String(32), nullable=False),
        sa.Column("smtp_login", sa.String(length=254), nullable=False),
        sa.Column("sender", sa.String(length=254), nullable=False),
        sa.Column("sms_way", sa.String(32), nullable=False),
        sa.Column("sms_url", sa.String(length=400), nullable=False),
        sa.Column("sms_sender", sa.String(length=20), nullable=False),
        sa.Column("reminder_hours", sa.SmallInteger(), nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=False),
        sa.Column("quiet_until", sa.Time(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "sms_way IN ('off', 'http', 'file')", name=op.f("ck_message_settings_known_sms_way")
        ),
        sa.CheckConstraint(
            "smtp_security IN ('tls', 'starttls', 'none')",
            name=op.f("ck_message_settings_known_smtp_security"),
        ),
        sa.CheckConstraint(
            "reminder_hours BETWEEN 0 AND 336", name=op.f("ck_message_settings_reminder_hours")
        ),
        sa.CheckConstraint("smtp_port BETWEEN 1 AND 65535", name=op.f("ck_message_settings_port")),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["location.id"],
            name="fk_message_settings_location_id_location",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("location_id", name="pk_message_settings"),
    )
    op.create_table(
        "calendar_feed",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("resource_id", _KEY, nullable=False),
        sa.Column("made_by_id", _KEY, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", _AT, nullable=False),
        sa.Column("revoked_at", _AT),
        sa.ForeignKeyConstraint(
            ["made_by_id"],
            ["account.id"],
            name="fk_calendar_feed_made_by_id_account",
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["resource_id"],
            ["resource.id"],
            name="fk_calendar_feed_resource_id_resource",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_calendar_feed"),
        sa.UniqueConstraint("token_hash", name="uq_calendar_feed_token_hash"),
    )
    op.create_index("ix_calendar_feed_made_by_id", "calendar_feed", ["made_by_id"])
    op.create_index(
        "ix_calendar_feed_one_open",
        "calendar_feed",
        ["resource_id"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_index("ix_calendar_feed_resource_id", "calendar_feed", ["resource_id"])
    op.create_table(
        "contact_wish",
        sa.Column("patient_id", _KEY, nullable=False),
        sa.Column("noted_by_id", _KEY, nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("agreed_on", sa.Date()),
        sa.Column("noted_at", _AT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "channel = 'none' OR agreed_on IS NOT NULL", name=op.f("ck_contact_wish_agreed")
        ),
        sa.CheckConstraint(
            "channel IN ('none', 'email', 'sms')", name=op.f("ck_contact_wish_known_channel")
        ),
        sa.ForeignKeyConstraint(
            ["noted_by_id"],
            ["account.id"],
            name="fk_contact_wish_noted_by_id_account",
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"],
            ["patient.id"],
            name="fk_contact_wish_patient_id_patient",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("patient_id", name="pk_contact_wish"),
    )
    op.create_index("ix_contact_wish_noted_by_id", "contact_wish", ["noted_by_id"])
    op.create_table(
        "message",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("appointment_id", _KEY, nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("starts_at", _AT, nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("retry_at", _AT),
        sa.Column("ended_at", _AT),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "channel IN ('none', 'email', 'sms')", name=op.f("ck_message_known_channel")
        ),
        sa.CheckConstraint(
            "kind IN ('confirmation', 'moved', 'cancellation', 'reminder')",
            name=op.f("ck_message_known_kind"),
        ),
        sa.CheckConstraint(
            "state <> 'queued' OR retry_at IS NOT NULL", name=op.f("ck_message_queued_has_time")
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'sent', 'failed', 'uncertain', 'answered', 'seen', 'withheld')",
            name=op.f("ck_message_known_state"),
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["appointment.id"],
            name="fk_message_appointment_id_appointment",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sa.UniqueConstraint("appointment_id", "number", name="uq_message_appointment_id_number"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_message_sending",
        "message",
        ["at"],
        sqlite_where=sa.text("state = 'sending'"),
        postgresql_where=sa.text("state = 'sending'"),
    )


def downgrade() -> None:
    # What was sent is in the audit trail too; what patients agreed to would be lost.
    held = op.get_bind().scalar(sa.text("SELECT count(*) FROM contact_wish"))
    if held:
        raise RuntimeError(
            "Patients have agreed to messages: go back to the copy that `db upgrade` made."
        )
    for table in ("message", "contact_wish", "calendar_feed", "message_settings"):
        op.drop_table(table)
