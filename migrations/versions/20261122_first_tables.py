"""The first tables: places, people, the catalogue, patients and their facts, the audit trail.

The tables are a frozen copy of the models as they were on the day, names of constraints included.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import CreateIndex, CreateTable

revision = "20261122_first_tables"
down_revision = None
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
sa.Table(
    "audit_event",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column("at", _AT, nullable=False),
    sa.Column("actor_id", _KEY),
    sa.Column("actor_name", sa.String(120), nullable=False),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("action", sa.String(48), nullable=False),
    sa.Column("entity", sa.String(48), nullable=False),
    sa.Column("entity_id", sa.String(40), nullable=False),
    sa.Column("patient_id", _KEY),
    sa.Column("location_id", _KEY),
    sa.Column("address", sa.String(45), nullable=False),
    sa.Column("request_id", sa.String(36), nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Column("prev_hash", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Index(None, "actor_id", "at"),
    sa.Index(None, "at"),
    sa.Index(None, "patient_id", "at"),
    sqlite_autoincrement=True,
)
sa.Table(
    "consent_text",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("version_name", sa.String(20), nullable=False),
    sa.Column("in_force_from", sa.Date, nullable=False),
    sa.UniqueConstraint("kind", "version_name"),
    sa.CheckConstraint("kind IN ('prp', 'mesotherapy', 'photographs')", name="known_kind"),
)
sa.Table(
    "location",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("address", sa.String(300), nullable=False),
    sa.Column("phone", sa.String(20), nullable=False),
    sa.Column("emergency_phone", sa.String(20), nullable=False),
    sa.Column("zone", sa.String(40), nullable=False),
    sa.Column("country", sa.String(2), nullable=False),
    sa.Column("subdivision", sa.String(20), nullable=False),
    sa.Column("locale", sa.String(12), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("name"),
    sa.CheckConstraint("length(country) = 2", name="country_code"),
)
sa.Table(
    "product",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("name", sa.String(160), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("ingredient", sa.String(40), nullable=False),
    sa.Column("manufacturer", sa.String(120), nullable=False),
    sa.Column("strength_ug_per_ml", sa.Integer),
    sa.Column("has_adrenaline", sa.Boolean, nullable=False),
    sa.Column("is_injectable", sa.Boolean, nullable=False),
    sa.Column("is_active", sa.Boolean, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("code"),
    sa.CheckConstraint(
        "kind IN ('drug', 'anaesthetic', 'kit', 'diluent', 'cosmetic')", name="known_kind"
    ),
    sa.CheckConstraint("strength_ug_per_ml IS NULL OR strength_ug_per_ml > 0", name="strength"),
)
sa.Table(
    "service",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("modality", sa.String(32), nullable=False),
    sa.Column("duration_min", sa.SmallInteger, nullable=False),
    sa.Column("sessions_planned", sa.SmallInteger, nullable=False),
    sa.Column("interval_days", sa.SmallInteger, nullable=False),
    sa.Column("is_active", sa.Boolean, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("code"),
    sa.CheckConstraint("duration_min BETWEEN 5 AND 480 AND duration_min % 5 = 0", name="duration"),
    sa.CheckConstraint("modality IN ('prp', 'mesotherapy', 'consultation')", name="known_modality"),
)
sa.Table(
    "throttle",
    _tables,
    sa.Column("key", sa.String(100), primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("resets_at", _AT, nullable=False),
)
sa.Table(
    "account",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column(
        "location_id", _KEY, sa.ForeignKey("location.id", ondelete="RESTRICT"), nullable=False
    ),
    sa.Column("login", sa.String(120), nullable=False),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("status", sa.String(32), nullable=False),
    sa.Column("password_hash", sa.String(255)),
    sa.Column("invite_hash", sa.String(64)),
    sa.Column("invite_expires_at", _AT),
    sa.Column("locale", sa.String(12), nullable=False),
    sa.Column("theme", sa.String(32), nullable=False),
    sa.Column("single_keys", sa.Boolean, nullable=False),
    sa.Column("created_at", _AT, nullable=False),
    sa.Column("last_sign_in_at", _AT),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("invite_hash"),
    sa.UniqueConstraint("login"),
    sa.CheckConstraint(
        "status <> 'active' OR password_hash IS NOT NULL", name="active_has_password"
    ),
    sa.CheckConstraint(
        "role IN ('receptionist', 'nurse', 'physician', 'administrator')", name="known_role"
    ),
    sa.CheckConstraint("status IN ('invited', 'active', 'deactivated')", name="known_status"),
    sa.CheckConstraint("theme IN ('auto', 'light', 'dark')", name="known_theme"),
    sa.Index(None, "location_id"),
)
sa.Table(
    "opening_hours",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column(
        "location_id", _KEY, sa.ForeignKey("location.id", ondelete="CASCADE"), nullable=False
    ),
    sa.Column("weekday", sa.SmallInteger, nullable=False),
    sa.Column("opens", sa.Time, nullable=False),
    sa.Column("closes", sa.Time, nullable=False),
    sa.UniqueConstraint("location_id", "weekday", "opens"),
    sa.CheckConstraint("closes > opens", name="closes_after_opens"),
    sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
)
sa.Table(
    "product_lot",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column("product_id", _KEY, sa.ForeignKey("product.id", ondelete="RESTRICT"), nullable=False),
    sa.Column("lot_no", sa.String(60), nullable=False),
    sa.Column("expires_on", sa.Date, nullable=False),
    sa.Column("state", sa.String(32), nullable=False),
    sa.Column("state_reason", sa.String(200), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("product_id", "lot_no"),
    sa.CheckConstraint("state IN ('ok', 'quarantine', 'recalled')", name="known_state"),
    sa.CheckConstraint("state = 'ok' OR length(state_reason) > 0", name="reason_given"),
    sa.Index(None, "expires_on"),
)
sa.Table(
    "service_segment",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column("service_id", _KEY, sa.ForeignKey("service.id", ondelete="CASCADE"), nullable=False),
    sa.Column("seq", sa.SmallInteger, nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("device_type", sa.String(40), nullable=False),
    sa.Column("offset_min", sa.SmallInteger, nullable=False),
    sa.Column("length_min", sa.SmallInteger, nullable=False),
    sa.UniqueConstraint("service_id", "seq"),
    sa.CheckConstraint("kind IN ('practitioner', 'room', 'device')", name="known_kind"),
    sa.CheckConstraint("length_min >= 5 AND length_min % 5 = 0", name="length"),
    sa.CheckConstraint("offset_min >= 0 AND offset_min % 5 = 0", name="offset"),
)
sa.Table(
    "cookie_session",
    _tables,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("account_id", _KEY, sa.ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("created_at", _AT, nullable=False),
    sa.Column("seen_at", _AT, nullable=False),
    sa.Column("confirmed_at", _AT),
    sa.Column("address", sa.String(45), nullable=False),
    sa.Column("agent", sa.String(200), nullable=False),
    sa.Index(None, "account_id"),
    sa.Index(None, "seen_at"),
)
sa.Table(
    "patient",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column(
        "location_id", _KEY, sa.ForeignKey("location.id", ondelete="RESTRICT"), nullable=False
    ),
    sa.Column("merged_into_id", _KEY, sa.ForeignKey("patient.id", ondelete="RESTRICT")),
    sa.Column("public_id", sa.String(36), nullable=False),
    sa.Column("file_number", sa.String(20), nullable=False),
    sa.Column("family_name", sa.String(120), nullable=False),
    sa.Column("given_name", sa.String(120), nullable=False),
    sa.Column("sex", sa.String(32), nullable=False),
    sa.Column("birth_date", sa.Date),
    sa.Column("phone", sa.String(20), nullable=False),
    sa.Column("email", sa.String(254), nullable=False),
    sa.Column("address", sa.String(300), nullable=False),
    sa.Column("language", sa.String(12), nullable=False),
    sa.Column("note", sa.String(400), nullable=False),
    sa.Column("status", sa.String(32), nullable=False),
    sa.Column("deceased_on", sa.Date),
    sa.Column("search_text", sa.String(600), nullable=False),
    sa.Column("source_system", sa.String(40)),
    sa.Column("source_id", sa.String(80)),
    sa.Column("form_key", sa.String(40)),
    sa.Column("created_at", _AT, nullable=False),
    sa.Column("created_by_id", _KEY, sa.ForeignKey("account.id", ondelete="RESTRICT")),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("file_number"),
    sa.UniqueConstraint("form_key"),
    sa.UniqueConstraint("public_id"),
    sa.UniqueConstraint("source_system", "source_id"),
    sa.CheckConstraint("length(family_name) > 0", name="has_name"),
    sa.CheckConstraint("sex IN ('female', 'male', 'other', 'unknown')", name="known_sex"),
    sa.CheckConstraint(
        "status IN ('active', 'deceased', 'merged', 'archived', 'erased')", name="known_status"
    ),
    sa.CheckConstraint("(status = 'merged') = (merged_into_id IS NOT NULL)", name="merged_into"),
    sa.CheckConstraint("merged_into_id <> id", name="not_into_itself"),
    sa.Index(None, "birth_date"),
    sa.Index(None, "created_by_id"),
    sa.Index(None, "location_id", "status"),
    sa.Index(None, "merged_into_id"),
)
sa.Table(
    "consent",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column("patient_id", _KEY, sa.ForeignKey("patient.id", ondelete="RESTRICT"), nullable=False),
    sa.Column(
        "text_id", _KEY, sa.ForeignKey("consent_text.id", ondelete="RESTRICT"), nullable=False
    ),
    sa.Column(
        "taken_by_id", _KEY, sa.ForeignKey("account.id", ondelete="RESTRICT"), nullable=False
    ),
    sa.Column("withdrawn_by_id", _KEY, sa.ForeignKey("account.id", ondelete="RESTRICT")),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("given_on", sa.Date, nullable=False),
    sa.Column("withdrawn_on", sa.Date),
    sa.Column("withdrawn_reason", sa.String(200), nullable=False),
    sa.Column("recorded_at", _AT, nullable=False),
    sa.Column("form_key", sa.String(40)),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("form_key"),
    sa.CheckConstraint("kind IN ('prp', 'mesotherapy', 'photographs')", name="known_kind"),
    sa.CheckConstraint("(withdrawn_on IS NULL) = (withdrawn_by_id IS NULL)", name="withdrawn_by"),
    sa.CheckConstraint("withdrawn_on IS NULL OR withdrawn_on >= given_on", name="withdrawn_later"),
    sa.Index(None, "patient_id", "kind", "given_on"),
    sa.Index(None, "taken_by_id"),
    sa.Index(None, "text_id"),
    sa.Index(None, "withdrawn_by_id"),
)
sa.Table(
    "patient_fact",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column("patient_id", _KEY, sa.ForeignKey("patient.id", ondelete="RESTRICT"), nullable=False),
    sa.Column("recorded_by_id", _KEY, sa.ForeignKey("account.id", ondelete="RESTRICT")),
    sa.Column("error_by_id", _KEY, sa.ForeignKey("account.id", ondelete="RESTRICT")),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("code", sa.String(60), nullable=False),
    sa.Column("state", sa.String(32), nullable=False),
    sa.Column("label", sa.String(200), nullable=False),
    sa.Column("zone", sa.String(32)),
    sa.Column("began_on", sa.Date),
    sa.Column("ended_on", sa.Date),
    sa.Column("noted_on", sa.Date, nullable=False),
    sa.Column("value_milli", sa.BigInteger),
    sa.Column("unit", sa.String(20)),
    sa.Column("as_reported", sa.String(60), nullable=False),
    sa.Column("source", sa.String(32), nullable=False),
    sa.Column("source_key", sa.String(120)),
    sa.Column("recorded_at", _AT, nullable=False),
    sa.Column("error_at", _AT),
    sa.Column("error_reason", sa.String(300), nullable=False),
    sa.UniqueConstraint("patient_id", "source_key"),
    sa.CheckConstraint("error_at IS NULL OR length(error_reason) > 0", name="error_has_reason"),
    sa.CheckConstraint(
        "kind IN ('condition', 'medication', 'allergy', 'pregnancy', 'lab', 'vital', 'hair', 'stage', 'treatment', 'side_effect', 'symptom', 'consent', 'review')",
        name="known_kind",
    ),
    sa.CheckConstraint(
        "source IN ('patient', 'staff', 'physician', 'letter', 'imported', 'system')",
        name="known_source",
    ),
    sa.CheckConstraint("state IN ('present', 'absent', 'unsure')", name="known_state"),
    sa.CheckConstraint(
        "zone IN ('frontal_hairline', 'frontotemporal_l', 'frontotemporal_r', 'midscalp', 'vertex', 'parietal_l', 'parietal_r', 'temporal_l', 'temporal_r', 'occipital')",
        name="known_zone",
    ),
    sa.CheckConstraint(
        "ended_on IS NULL OR began_on IS NULL OR ended_on >= began_on", name="order"
    ),
    sa.CheckConstraint("(value_milli IS NULL) = (unit IS NULL)", name="value_has_unit"),
    sa.Index(None, "error_by_id"),
    sa.Index(None, "patient_id", "kind", "code"),
    sa.Index(None, "recorded_by_id"),
)
sa.Table(
    "patient_search_key",
    _tables,
    sa.Column("kind", sa.String(32), primary_key=True),
    sa.Column(
        "key",
        sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql"),
        primary_key=True,
    ),
    sa.Column(
        "patient_id", _KEY, sa.ForeignKey("patient.id", ondelete="CASCADE"), primary_key=True
    ),
    sa.CheckConstraint("kind IN ('n', 'o', 's', 'd', 't', 'm')", name="known_kind"),
    sa.Index(None, "patient_id"),
    sqlite_with_rowid=False,
)


def upgrade() -> None:
    for table in _tables.sorted_tables:
        op.execute(CreateTable(table))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            op.execute(CreateIndex(index))


def downgrade() -> None:
    for table in reversed(_tables.sorted_tables):
        op.drop_table(table.name)
