"""How blood became PRP, in a table of its own: what was drawn, spun and obtained, by whom and when.

The four amounts of a session move there; its kit is numbered behind the lots of the mix. Presets
of kits, and incidents, begin empty. On SQLite the tables that are made anew get their guards again.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_preparations"
down_revision = "20261122_photographs"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
_MOVED = (
    ("blood_ul", sa.Integer),
    ("anticoagulant", sa.String(32)),
    ("anticoagulant_ul", sa.Integer),
    ("prp_ul", sa.Integer),
)
_CHECKS = {
    "anticoagulant_volume": "anticoagulant_ul BETWEEN 0 AND 20000",
    "blood": "blood_ul BETWEEN 4000 AND 120000",
    "known_anticoagulant": "anticoagulant IN ('acd_a', 'citrate', 'edta', 'none')",
    "prp": "prp_ul BETWEEN 500 AND 30000",
    "prp_from_blood": "prp_ul < blood_ul",
}
_PARTS = ("injection_site", "lot_use", "time_out_line", "session_draft")
"""Of a session, locked with it, before this revision."""
_ROLES = "'active', 'anaesthetic', 'kit', 'diluent'"
_SQLITE_SESSION = (
    """CREATE TRIGGER trg_treatment_session_signed_update BEFORE UPDATE ON treatment_session
WHEN OLD.state = 'signed'
BEGIN SELECT RAISE(ABORT, 'signed:treatment_session'); END""",
    """CREATE TRIGGER trg_treatment_session_signed_delete BEFORE DELETE ON treatment_session
WHEN OLD.state = 'signed'
BEGIN SELECT RAISE(ABORT, 'signed:treatment_session'); END""",
)
_SQLITE_PART = (
    """CREATE TRIGGER trg_{t}_signed_insert BEFORE INSERT ON {t}
WHEN EXISTS (SELECT 1 FROM treatment_session AS s WHERE s.id = NEW.session_id AND s.state = 'signed')
BEGIN SELECT RAISE(ABORT, 'signed:{t}'); END""",
    """CREATE TRIGGER trg_{t}_signed_update BEFORE UPDATE ON {t}
WHEN EXISTS (SELECT 1 FROM treatment_session AS s WHERE s.id = OLD.session_id AND s.state = 'signed')
BEGIN SELECT RAISE(ABORT, 'signed:{t}'); END""",
    """CREATE TRIGGER trg_{t}_signed_delete BEFORE DELETE ON {t}
WHEN EXISTS (SELECT 1 FROM treatment_session AS s WHERE s.id = OLD.session_id AND s.state = 'signed')
BEGIN SELECT RAISE(ABORT, 'signed:{t}'); END""",
)
_POSTGRESQL_PART = (
    """CREATE TRIGGER trg_{t}_signed BEFORE INSERT OR UPDATE OR DELETE ON {t}
FOR EACH ROW EXECUTE FUNCTION refuse_part_of_signed()""",
    "ALTER TABLE {t} ENABLE ALWAYS TRIGGER trg_{t}_signed",
)
_LOSES = """SELECT (SELECT count(*) FROM prp_spin) + (SELECT count(*) FROM kit_preset)
 + (SELECT count(*) FROM incident) + (SELECT count(*) FROM lot_use WHERE role = 'activator')
 + (SELECT count(*) FROM treatment_session WHERE content_format > 1)
 + (SELECT count(*) FROM prp_preparation WHERE saved_at IS NOT NULL OR tube_code IS NOT NULL)"""


def upgrade() -> None:
    _tables()
    op.execute(
        "INSERT INTO prp_preparation (session_id, blood_ul, anticoagulant, anticoagulant_ul, prp_ul,"
        " base_source, prp_source, labels_printed, version)"
        " SELECT s.id, s.blood_ul, s.anticoagulant, s.anticoagulant_ul, s.prp_ul, '', '', 0, 1"
        " FROM treatment_session AS s JOIN service AS v ON v.id = s.service_id"
        " WHERE v.modality = 'prp'"
    )
    # Only drafts: what was signed keeps the numbers it was signed with.
    op.execute(
        "UPDATE lot_use SET seq = seq + 100 WHERE role = 'kit' AND session_id IN"
        " (SELECT id FROM treatment_session WHERE state = 'draft')"
    )
    _unguard(*_PARTS)
    with op.batch_alter_table("treatment_session") as batch:
        batch.add_column(sa.Column("first_point_at", _AT))
        for name in _CHECKS:
            batch.drop_constraint(op.f(f"ck_treatment_session_{name}"), type_="check")
        for name, _kind in _MOVED:
            batch.drop_column(name)
    _roles(f"{_ROLES}, 'activator'")
    if _is_sqlite():
        _run(_SQLITE_SESSION, "treatment_session")
        _run(_SQLITE_PART, *_PARTS, "prp_preparation", "prp_spin")
    else:
        _run(_POSTGRESQL_PART, "prp_preparation", "prp_spin")


def downgrade() -> None:
    if op.get_bind().scalar(sa.text(_LOSES)):
        raise RuntimeError(
            "Preparations, presets or incidents were written: this step back would lose them."
            " Restore the backup that was made before the upgrade."
        )
    _unguard(*_PARTS, "prp_preparation", "prp_spin")
    _roles(_ROLES)
    with op.batch_alter_table("treatment_session") as batch:
        batch.drop_column("first_point_at")
        for name, kind in _MOVED:
            batch.add_column(sa.Column(name, kind))
    if not _is_sqlite():  # There they went with the table that was made anew.
        op.execute("ALTER TABLE treatment_session DISABLE TRIGGER trg_treatment_session_signed")
    names = [name for name, _kind in _MOVED]
    op.execute(
        "UPDATE treatment_session SET "
        + ", ".join(
            f"{name} = (SELECT p.{name} FROM prp_preparation AS p"
            " WHERE p.session_id = treatment_session.id)"
            for name in names
        )
    )
    with op.batch_alter_table("treatment_session") as batch:
        for name, text in _CHECKS.items():
            batch.create_check_constraint(op.f(f"ck_treatment_session_{name}"), text)
    for table in ("prp_spin", "prp_preparation", "incident", "kit_preset"):
        op.drop_table(table)
    if _is_sqlite():
        _run(_SQLITE_SESSION, "treatment_session")
        _run(_SQLITE_PART, *_PARTS)
    else:
        op.execute(
            "ALTER TABLE treatment_session ENABLE ALWAYS TRIGGER trg_treatment_session_signed"
        )


def _is_sqlite() -> bool:
    return op.get_context().dialect.name == "sqlite"


def _roles(known: str) -> None:
    """Keep the column of roles to these."""
    check = op.f("ck_lot_use_known_role")
    with op.batch_alter_table("lot_use") as batch:
        batch.drop_constraint(check, type_="check")
        batch.create_check_constraint(check, f"role IN ({known})")


def _unguard(*parts: str) -> None:
    """Drop the guards that name treatment_session: on SQLite it is made anew below them."""
    if _is_sqlite():
        for table in parts:
            for verb in ("insert", "update", "delete"):
                op.execute(f"DROP TRIGGER trg_{table}_signed_{verb}")


def _run(statements: tuple[str, ...], *tables: str) -> None:
    for table in tables:
        for statement in statements:
            op.execute(sa.DDL(statement.replace("{t}", table)))


def _tables() -> None:
    op.create_table(
        "kit_preset",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("maker", sa.String(80), nullable=False),
        sa.Column("product_id", _KEY),
        sa.Column("method", sa.String(32)),
        sa.Column("tubes", sa.SmallInteger()),
        sa.Column("blood_ul", sa.Integer()),
        sa.Column("anticoagulant", sa.String(32)),
        sa.Column("anticoagulant_ul", sa.Integer()),
        sa.Column("layer", sa.String(32)),
        sa.Column("prp_ul", sa.Integer()),
        sa.Column("leukocytes", sa.String(32)),
        sa.Column("erythrocytes", sa.String(32)),
        sa.Column("spins", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(80), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "anticoagulant IN ('acd_a', 'citrate', 'edta', 'none')",
            name=op.f("ck_kit_preset_known_anticoagulant"),
        ),
        sa.CheckConstraint(
            "erythrocytes IN ('rich', 'poor')", name=op.f("ck_kit_preset_known_erythrocytes")
        ),
        sa.CheckConstraint(
            "layer IN ('buffy_coat', 'lower_plasma', 'all_plasma')",
            name=op.f("ck_kit_preset_known_layer"),
        ),
        sa.CheckConstraint(
            "leukocytes IN ('rich', 'poor')", name=op.f("ck_kit_preset_known_leukocytes")
        ),
        sa.CheckConstraint(
            "method IN ('hand', 'machine')", name=op.f("ck_kit_preset_known_method")
        ),
        sa.CheckConstraint(
            "anticoagulant_ul BETWEEN 0 AND 20000", name=op.f("ck_kit_preset_anticoagulant_volume")
        ),
        sa.CheckConstraint("blood_ul BETWEEN 4000 AND 120000", name=op.f("ck_kit_preset_blood")),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_kit_preset_has_name")),
        sa.CheckConstraint("prp_ul < blood_ul", name=op.f("ck_kit_preset_prp_from_blood")),
        sa.CheckConstraint("prp_ul BETWEEN 500 AND 30000", name=op.f("ck_kit_preset_prp")),
        sa.CheckConstraint("tubes BETWEEN 1 AND 12", name=op.f("ck_kit_preset_tubes")),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["product.id"],
            name=op.f("fk_kit_preset_product_id_product"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kit_preset")),
        sa.UniqueConstraint("name", name=op.f("uq_kit_preset_name")),
    )
    op.create_index(op.f("ix_kit_preset_product_id"), "kit_preset", ["product_id"])

    op.create_table(
        "incident",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("session_id", _KEY, nullable=False),
        sa.Column("other_session_id", _KEY, nullable=False),
        sa.Column("reported_by_id", _KEY, nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("closed_at", _AT),
        sa.Column("closed_by_id", _KEY),
        sa.Column("closing_note", sa.String(300), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('wrong_tube')", name=op.f("ck_incident_known_kind")),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (closed_by_id IS NULL) AND (closed_at IS NULL OR length(closing_note) > 0)",
            name=op.f("ck_incident_closed_is_whole"),
        ),
        sa.CheckConstraint("session_id <> other_session_id", name=op.f("ck_incident_two_sessions")),
        sa.ForeignKeyConstraint(
            ["closed_by_id"],
            ["account.id"],
            name=op.f("fk_incident_closed_by_id_account"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["other_session_id"],
            ["treatment_session.id"],
            name=op.f("fk_incident_other_session_id_treatment_session"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["reported_by_id"],
            ["account.id"],
            name=op.f("fk_incident_reported_by_id_account"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["treatment_session.id"],
            name=op.f("fk_incident_session_id_treatment_session"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_index(op.f("ix_incident_closed_by_id"), "incident", ["closed_by_id"])
    op.create_index(op.f("ix_incident_other_session_id"), "incident", ["other_session_id"])
    op.create_index(op.f("ix_incident_reported_by_id"), "incident", ["reported_by_id"])
    op.create_index(op.f("ix_incident_session_id"), "incident", ["session_id"])

    op.create_table(
        "prp_preparation",
        sa.Column("session_id", _KEY, nullable=False),
        sa.Column("preset_id", _KEY),
        sa.Column("centrifuge_id", _KEY),
        sa.Column("method", sa.String(32)),
        sa.Column("tubes", sa.SmallInteger()),
        sa.Column("blood_ul", sa.Integer()),
        sa.Column("draw_site", sa.String(32)),
        sa.Column("drawn_at", _AT),
        sa.Column("drawn_by_id", _KEY),
        sa.Column("anticoagulant", sa.String(32)),
        sa.Column("anticoagulant_ul", sa.Integer()),
        sa.Column("layer", sa.String(32)),
        sa.Column("prp_ul", sa.Integer()),
        sa.Column("obtained_at", _AT),
        sa.Column("obtained_by_id", _KEY),
        sa.Column("activation", sa.String(32)),
        sa.Column("activator_ul", sa.Integer()),
        sa.Column("guidance", sa.String(32)),
        sa.Column("leukocytes", sa.String(32)),
        sa.Column("erythrocytes", sa.String(32)),
        sa.Column("base_platelets_e6l", sa.Integer()),
        sa.Column("base_leukocytes_e6l", sa.Integer()),
        sa.Column("base_erythrocytes_e9l", sa.Integer()),
        sa.Column("base_kind", sa.String(32)),
        sa.Column("base_on", sa.Date()),
        sa.Column("base_source", sa.String(80), nullable=False),
        sa.Column("prp_platelets_e6l", sa.Integer()),
        sa.Column("prp_leukocytes_e6l", sa.Integer()),
        sa.Column("prp_erythrocytes_e9l", sa.Integer()),
        sa.Column("prp_kind", sa.String(32)),
        sa.Column("prp_on", sa.Date()),
        sa.Column("prp_source", sa.String(80), nullable=False),
        sa.Column("tube_code", sa.String(8)),
        sa.Column("labels_printed", sa.SmallInteger(), nullable=False),
        sa.Column("identity_at", _AT),
        sa.Column("identity_by_id", _KEY),
        sa.Column("saved_at", _AT),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "activation IN ('none', 'cacl2', 'ca_gluconate', 'thrombin', 'light')",
            name=op.f("ck_prp_preparation_known_activation"),
        ),
        sa.CheckConstraint(
            "anticoagulant IN ('acd_a', 'citrate', 'edta', 'none')",
            name=op.f("ck_prp_preparation_known_anticoagulant"),
        ),
        sa.CheckConstraint(
            "base_kind IN ('measured', 'estimated')",
            name=op.f("ck_prp_preparation_known_base_kind"),
        ),
        sa.CheckConstraint(
            "draw_site IN ('elbow_l', 'elbow_r', 'forearm_l', 'forearm_r', 'hand_l', 'hand_r')",
            name=op.f("ck_prp_preparation_known_draw_site"),
        ),
        sa.CheckConstraint(
            "erythrocytes IN ('rich', 'poor')", name=op.f("ck_prp_preparation_known_erythrocytes")
        ),
        sa.CheckConstraint(
            "guidance IN ('none', 'ultrasound')", name=op.f("ck_prp_preparation_known_guidance")
        ),
        sa.CheckConstraint(
            "layer IN ('buffy_coat', 'lower_plasma', 'all_plasma')",
            name=op.f("ck_prp_preparation_known_layer"),
        ),
        sa.CheckConstraint(
            "leukocytes IN ('rich', 'poor')", name=op.f("ck_prp_preparation_known_leukocytes")
        ),
        sa.CheckConstraint(
            "method IN ('hand', 'machine')", name=op.f("ck_prp_preparation_known_method")
        ),
        sa.CheckConstraint(
            "prp_kind IN ('measured', 'estimated')", name=op.f("ck_prp_preparation_known_prp_kind")
        ),
        sa.CheckConstraint(
            "(drawn_at IS NULL) = (drawn_by_id IS NULL)",
            name=op.f("ck_prp_preparation_drawn_by_somebody"),
        ),
        sa.CheckConstraint(
            "(identity_at IS NULL) = (identity_by_id IS NULL)",
            name=op.f("ck_prp_preparation_identity_by_somebody"),
        ),
        sa.CheckConstraint(
            "(obtained_at IS NULL) = (obtained_by_id IS NULL)",
            name=op.f("ck_prp_preparation_obtained_by_somebody"),
        ),
        sa.CheckConstraint(
            "activator_ul BETWEEN 1 AND 5000", name=op.f("ck_prp_preparation_activator")
        ),
        sa.CheckConstraint(
            "anticoagulant_ul BETWEEN 0 AND 20000",
            name=op.f("ck_prp_preparation_anticoagulant_volume"),
        ),
        sa.CheckConstraint(
            "base_erythrocytes_e9l BETWEEN 0 AND 10000",
            name=op.f("ck_prp_preparation_base_erythrocytes"),
        ),
        sa.CheckConstraint(
            "base_leukocytes_e6l BETWEEN 0 AND 500000",
            name=op.f("ck_prp_preparation_base_leukocytes"),
        ),
        sa.CheckConstraint(
            "base_platelets_e6l BETWEEN 5000 AND 2000000",
            name=op.f("ck_prp_preparation_base_platelets"),
        ),
        sa.CheckConstraint(
            "blood_ul BETWEEN 4000 AND 120000", name=op.f("ck_prp_preparation_blood")
        ),
        sa.CheckConstraint(
            "identity_at IS NULL OR tube_code IS NOT NULL",
            name=op.f("ck_prp_preparation_identity_of_a_tube"),
        ),
        sa.CheckConstraint("labels_printed >= 0", name=op.f("ck_prp_preparation_labels")),
        sa.CheckConstraint(
            "prp_erythrocytes_e9l BETWEEN 0 AND 10000",
            name=op.f("ck_prp_preparation_prp_erythrocytes"),
        ),
        sa.CheckConstraint(
            "prp_leukocytes_e6l BETWEEN 0 AND 500000",
            name=op.f("ck_prp_preparation_prp_leukocytes"),
        ),
        sa.CheckConstraint(
            "prp_platelets_e6l BETWEEN 50000 AND 5000000",
            name=op.f("ck_prp_preparation_prp_platelets"),
        ),
        sa.CheckConstraint("prp_ul < blood_ul", name=op.f("ck_prp_preparation_prp_from_blood")),
        sa.CheckConstraint("prp_ul BETWEEN 500 AND 30000", name=op.f("ck_prp_preparation_prp")),
        sa.CheckConstraint("tubes BETWEEN 1 AND 12", name=op.f("ck_prp_preparation_tubes")),
        sa.ForeignKeyConstraint(
            ["centrifuge_id"],
            ["resource.id"],
            name=op.f("fk_prp_preparation_centrifuge_id_resource"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["drawn_by_id"],
            ["account.id"],
            name=op.f("fk_prp_preparation_drawn_by_id_account"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["identity_by_id"],
            ["account.id"],
            name=op.f("fk_prp_preparation_identity_by_id_account"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["obtained_by_id"],
            ["account.id"],
            name=op.f("fk_prp_preparation_obtained_by_id_account"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["preset_id"],
            ["kit_preset.id"],
            name=op.f("fk_prp_preparation_preset_id_kit_preset"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["treatment_session.id"],
            name=op.f("fk_prp_preparation_session_id_treatment_session"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_prp_preparation")),
        sa.UniqueConstraint("tube_code", name=op.f("uq_prp_preparation_tube_code")),
    )
    op.create_index(op.f("ix_prp_preparation_centrifuge_id"), "prp_preparation", ["centrifuge_id"])
    op.create_index(op.f("ix_prp_preparation_drawn_by_id"), "prp_preparation", ["drawn_by_id"])
    op.create_index(
        op.f("ix_prp_preparation_identity_by_id"), "prp_preparation", ["identity_by_id"]
    )
    op.create_index(
        op.f("ix_prp_preparation_obtained_by_id"), "prp_preparation", ["obtained_by_id"]
    )
    op.create_index(op.f("ix_prp_preparation_preset_id"), "prp_preparation", ["preset_id"])

    op.create_table(
        "prp_spin",
        sa.Column("session_id", _KEY, nullable=False),
        sa.Column("seq", sa.SmallInteger(), nullable=False),
        sa.Column("rcf_g", sa.SmallInteger()),
        sa.Column("rpm", sa.SmallInteger()),
        sa.Column("radius_mm", sa.SmallInteger()),
        sa.Column("minutes", sa.SmallInteger()),
        sa.Column("started_at", _AT),
        sa.Column("started_by_id", _KEY),
        sa.Column("ended_at", _AT),
        sa.Column("ended_by_id", _KEY),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_by_id IS NULL)", name=op.f("ck_prp_spin_ended_by_somebody")
        ),
        sa.CheckConstraint(
            "(started_at IS NULL) = (started_by_id IS NULL)",
            name=op.f("ck_prp_spin_started_by_somebody"),
        ),
        sa.CheckConstraint(
            "ended_at IS NULL OR (started_at IS NOT NULL AND ended_at >= started_at)",
            name=op.f("ck_prp_spin_ends_after_start"),
        ),
        sa.CheckConstraint("minutes BETWEEN 1 AND 30", name=op.f("ck_prp_spin_minutes")),
        sa.CheckConstraint("radius_mm BETWEEN 40 AND 250", name=op.f("ck_prp_spin_radius")),
        sa.CheckConstraint("rcf_g BETWEEN 50 AND 3000", name=op.f("ck_prp_spin_rcf")),
        sa.CheckConstraint("rpm BETWEEN 300 AND 6000", name=op.f("ck_prp_spin_rpm")),
        sa.CheckConstraint(
            "rpm IS NULL OR radius_mm IS NOT NULL", name=op.f("ck_prp_spin_rpm_has_radius")
        ),
        sa.CheckConstraint("seq BETWEEN 1 AND 2", name=op.f("ck_prp_spin_seq")),
        sa.ForeignKeyConstraint(
            ["ended_by_id"],
            ["account.id"],
            name=op.f("fk_prp_spin_ended_by_id_account"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["treatment_session.id"],
            name=op.f("fk_prp_spin_session_id_treatment_session"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["started_by_id"],
            ["account.id"],
            name=op.f("fk_prp_spin_started_by_id_account"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("session_id", "seq", name=op.f("pk_prp_spin")),
    )
    op.create_index(op.f("ix_prp_spin_ended_by_id"), "prp_spin", ["ended_by_id"])
    op.create_index(op.f("ix_prp_spin_started_by_id"), "prp_spin", ["started_by_id"])
