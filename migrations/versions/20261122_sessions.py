"""Sessions and what comes after: injections, lots, additions, calls, side effects.

The tables are a frozen copy of the models as they were on the day, names of constraints included.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import CreateIndex, CreateTable

revision = "20261122_sessions"
down_revision = "20261122_visits"
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
    "appointment",
    "location",
    "patient",
    "product_lot",
    "screening",
    "service",
)
for _name in _EARLIER:  # of revisions before: only named here, for the foreign keys
    sa.Table(_name, _tables, sa.Column("id", _KEY, primary_key=True))
sa.Table(
    "treatment_session",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column(
        "appointment_id", _KEY, sa.ForeignKey("appointment.id", ondelete="RESTRICT"), nullable=False
    ),
    sa.Column("patient_id", _KEY, sa.ForeignKey("patient.id", ondelete="RESTRICT"), nullable=False),
    sa.Column(
        "location_id", _KEY, sa.ForeignKey("location.id", ondelete="RESTRICT"), nullable=False
    ),
    sa.Column("service_id", _KEY, sa.ForeignKey("service.id", ondelete="RESTRICT"), nullable=False),
    sa.Column(
        "performer_id", _KEY, sa.ForeignKey("account.id", ondelete="RESTRICT"), nullable=False
    ),
    sa.Column(
        "screening_id", _KEY, sa.ForeignKey("screening.id", ondelete="RESTRICT"), nullable=False
    ),
    sa.Column("state", sa.String(32), nullable=False),
    sa.Column("started_at", _AT, nullable=False),
    sa.Column("ended_at", _AT),
    sa.Column("saved_at", _AT),
    sa.Column("blood_ul", sa.Integer),
    sa.Column("anticoagulant", sa.String(32)),
    sa.Column("anticoagulant_ul", sa.Integer),
    sa.Column("prp_ul", sa.Integer),
    sa.Column("weight_g", sa.Integer),
    sa.Column("weight_on", sa.Date),
    sa.Column("pain", sa.SmallInteger),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("map_version", sa.String(20), nullable=False),
    sa.Column("is_aborted", sa.Boolean, nullable=False),
    sa.Column("abort_reason", sa.String(300), nullable=False),
    sa.Column("soft_limits_accepted", sa.Boolean, nullable=False),
    sa.Column("signed_at", _AT),
    sa.Column("signed_by_id", _KEY, sa.ForeignKey("account.id", ondelete="RESTRICT")),
    sa.Column("content_hash", sa.String(64)),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("appointment_id"),
    sa.CheckConstraint("NOT is_aborted OR length(abort_reason) > 0", name="aborted_has_reason"),
    sa.CheckConstraint("anticoagulant_ul BETWEEN 0 AND 20000", name="anticoagulant_volume"),
    sa.CheckConstraint("blood_ul BETWEEN 4000 AND 120000", name="blood"),
    sa.CheckConstraint(
        "anticoagulant IN ('acd_a', 'citrate', 'edta', 'none')", name="known_anticoagulant"
    ),
    sa.CheckConstraint("state IN ('draft', 'signed')", name="known_state"),
    sa.CheckConstraint("pain BETWEEN 0 AND 10", name="pain"),
    sa.CheckConstraint("prp_ul BETWEEN 500 AND 30000", name="prp"),
    sa.CheckConstraint("prp_ul < blood_ul", name="prp_from_blood"),
    sa.CheckConstraint(
        "state <> 'signed' OR (signed_at IS NOT NULL AND signed_by_id IS NOT NULL AND ended_at IS NOT NULL AND content_hash IS NOT NULL)",
        name="signed_is_whole",
    ),
    sa.CheckConstraint("weight_g BETWEEN 30000 AND 300000", name="weight"),
    sa.Index(None, "location_id", "started_at"),
    sa.Index(None, "patient_id", "started_at"),
    sa.Index(None, "performer_id", "state"),
    sa.Index(None, "screening_id"),
    sa.Index(None, "service_id"),
    sa.Index(None, "signed_by_id"),
)
sa.Table(
    "addendum",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column(
        "session_id",
        _KEY,
        sa.ForeignKey("treatment_session.id", ondelete="RESTRICT"),
        nullable=False,
    ),
    sa.Column("author_id", _KEY, sa.ForeignKey("account.id", ondelete="RESTRICT"), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("reason", sa.String(300), nullable=False),
    sa.Column("at", _AT, nullable=False),
    sa.Column("form_key", sa.String(40)),
    sa.UniqueConstraint("form_key"),
    sa.CheckConstraint("length(body) > 0", name="has_body"),
    sa.Index(None, "author_id"),
    sa.Index(None, "session_id", "at"),
    sqlite_autoincrement=True,
)
sa.Table(
    "contact",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column(
        "session_id",
        _KEY,
        sa.ForeignKey("treatment_session.id", ondelete="RESTRICT"),
        nullable=False,
    ),
    sa.Column("patient_id", _KEY, sa.ForeignKey("patient.id", ondelete="RESTRICT"), nullable=False),
    sa.Column("actor_id", _KEY, sa.ForeignKey("account.id", ondelete="RESTRICT"), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("result", sa.String(32), nullable=False),
    sa.Column("pain", sa.SmallInteger),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("red_flags", sa.JSON, nullable=False),
    sa.Column("at", _AT, nullable=False),
    sa.Column("form_key", sa.String(40)),
    sa.UniqueConstraint("form_key"),
    sa.CheckConstraint("kind IN ('day_1', 'day_7', 'extra')", name="known_kind"),
    sa.CheckConstraint(
        "result IN ('reached', 'no_answer', 'wrong_number', 'left_message')", name="known_result"
    ),
    sa.CheckConstraint("pain BETWEEN 0 AND 10", name="pain"),
    sa.Index(None, "actor_id"),
    sa.Index(None, "at"),
    sa.Index(None, "patient_id", "at"),
    sa.Index(None, "session_id", "kind"),
    sqlite_autoincrement=True,
)
sa.Table(
    "injection_site",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column(
        "session_id",
        _KEY,
        sa.ForeignKey("treatment_session.id", ondelete="CASCADE"),
        nullable=False,
    ),
    sa.Column("seq", sa.SmallInteger, nullable=False),
    sa.Column("zone", sa.String(32), nullable=False),
    sa.Column("view", sa.String(32)),
    sa.Column("x_permille", sa.SmallInteger),
    sa.Column("y_permille", sa.SmallInteger),
    sa.Column("points", sa.SmallInteger, nullable=False),
    sa.Column("volume_ul", sa.Integer, nullable=False),
    sa.Column("depth_um", sa.Integer, nullable=False),
    sa.Column("needle_gauge", sa.SmallInteger, nullable=False),
    sa.Column("needle_um", sa.Integer),
    sa.UniqueConstraint("session_id", "seq"),
    sa.CheckConstraint("depth_um BETWEEN 300 AND 13000", name="depth"),
    sa.CheckConstraint("needle_gauge BETWEEN 25 AND 34", name="gauge"),
    sa.CheckConstraint("view IN ('top', 'front', 'left', 'right', 'back')", name="known_view"),
    sa.CheckConstraint(
        "zone IN ('frontal_hairline', 'frontotemporal_l', 'frontotemporal_r', 'midscalp', 'vertex', 'parietal_l', 'parietal_r', 'temporal_l', 'temporal_r', 'occipital')",
        name="known_zone",
    ),
    sa.CheckConstraint("needle_um BETWEEN 2000 AND 40000", name="needle"),
    sa.CheckConstraint(
        "(view IS NULL) = (x_permille IS NULL) AND (x_permille IS NULL) = (y_permille IS NULL)",
        name="place_is_whole",
    ),
    sa.CheckConstraint("points BETWEEN 1 AND 400", name="points"),
    sa.CheckConstraint("volume_ul BETWEEN 1 AND 20000", name="volume"),
    sa.CheckConstraint("x_permille BETWEEN 0 AND 1000", name="x"),
    sa.CheckConstraint("y_permille BETWEEN 0 AND 1000", name="y"),
)
sa.Table(
    "lot_use",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column(
        "session_id",
        _KEY,
        sa.ForeignKey("treatment_session.id", ondelete="CASCADE"),
        nullable=False,
    ),
    sa.Column("lot_id", _KEY, sa.ForeignKey("product_lot.id", ondelete="RESTRICT"), nullable=False),
    sa.Column("seq", sa.SmallInteger, nullable=False),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("amount_ul", sa.Integer),
    sa.Column("dose_ug", sa.BigInteger),
    sa.Column("expires_on", sa.Date, nullable=False),
    sa.UniqueConstraint("session_id", "seq"),
    sa.CheckConstraint("amount_ul BETWEEN 0 AND 50000", name="amount"),
    sa.CheckConstraint("role IN ('active', 'anaesthetic', 'kit', 'diluent')", name="known_role"),
    sa.Index(None, "lot_id"),
)
sa.Table(
    "side_effect",
    _tables,
    sa.Column("id", _KEY, primary_key=True),
    sa.Column("patient_id", _KEY, sa.ForeignKey("patient.id", ondelete="RESTRICT"), nullable=False),
    sa.Column(
        "session_id",
        _KEY,
        sa.ForeignKey("treatment_session.id", ondelete="RESTRICT"),
        nullable=False,
    ),
    sa.Column("lot_id", _KEY, sa.ForeignKey("product_lot.id", ondelete="RESTRICT")),
    sa.Column(
        "reported_by_id", _KEY, sa.ForeignKey("account.id", ondelete="RESTRICT"), nullable=False
    ),
    sa.Column("reviewed_by_id", _KEY, sa.ForeignKey("account.id", ondelete="RESTRICT")),
    sa.Column("closed_by_id", _KEY, sa.ForeignKey("account.id", ondelete="RESTRICT")),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("grade", sa.SmallInteger, nullable=False),
    sa.Column("grade_system", sa.String(12), nullable=False),
    sa.Column("is_serious", sa.Boolean, nullable=False),
    sa.Column("zone", sa.String(32)),
    sa.Column("onset_on", sa.Date, nullable=False),
    sa.Column("resolved_on", sa.Date),
    sa.Column("outcome", sa.String(32), nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("red_flags", sa.JSON, nullable=False),
    sa.Column("reported_at", _AT, nullable=False),
    sa.Column("reviewed_at", _AT),
    sa.Column("review_note", sa.Text, nullable=False),
    sa.Column("closed_at", _AT),
    sa.Column("closing_note", sa.Text, nullable=False),
    sa.Column("form_key", sa.String(40)),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("form_key"),
    sa.CheckConstraint("(closed_at IS NULL) = (closed_by_id IS NULL)", name="closed_by"),
    sa.CheckConstraint("grade BETWEEN 1 AND 5", name="grade"),
    sa.CheckConstraint(
        "kind IN ('bruising', 'haematoma', 'injection_site', 'scalp_pain', 'headache', 'nerve', 'dizzy', 'vasovagal', 'oedema_frontal', 'allergic', 'anaphylaxis', 'infection', 'folliculitis', 'abscess', 'suspected_ntm', 'necrosis', 'shedding', 'paradox_alopecia', 'granuloma', 'systemic_drug', 'la_toxicity', 'exposure_mixup')",
        name="known_kind",
    ),
    sa.CheckConstraint(
        "outcome IN ('open', 'resolving', 'resolved', 'resolved_sequelae', 'not_resolved')",
        name="known_outcome",
    ),
    sa.CheckConstraint(
        "zone IN ('frontal_hairline', 'frontotemporal_l', 'frontotemporal_r', 'midscalp', 'vertex', 'parietal_l', 'parietal_r', 'temporal_l', 'temporal_r', 'occipital')",
        name="known_zone",
    ),
    sa.CheckConstraint("resolved_on IS NULL OR resolved_on >= onset_on", name="order"),
    sa.Index(None, "closed_at"),
    sa.Index(None, "closed_by_id"),
    sa.Index(None, "lot_id"),
    sa.Index(None, "patient_id", "reported_at"),
    sa.Index(None, "reported_by_id"),
    sa.Index(None, "reviewed_by_id"),
    sa.Index(None, "session_id"),
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
