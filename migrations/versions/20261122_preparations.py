"""How blood became PRP, in a table of its own: what was drawn, spun and obtained, by whom and when.

The four amounts of a session move there, of a session of PRP and of any other that has one; its kit
is numbered behind the lots of the mix. Presets of kits, and incidents, begin empty. On SQLite the
tables that are made anew get their guards again.
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
_BY = ("drawn_by_id", "identity_by_id", "obtained_by_id")
_KNOWN = {
    "known_anticoagulant": "anticoagulant IN ('acd_a', 'citrate', 'edta', 'none')",
    "known_erythrocytes": "erythrocytes IN ('rich', 'poor')",
    "known_layer": "layer IN ('buffy_coat', 'lower_plasma', 'all_plasma')",
    "known_leukocytes": "leukocytes IN ('rich', 'poor')",
    "known_method": "method IN ('hand', 'machine')",
}
_AMOUNTS = {
    "anticoagulant_volume": "anticoagulant_ul BETWEEN 0 AND 20000",
    "blood": "blood_ul BETWEEN 4000 AND 120000",
    "prp_from_blood": "prp_ul < blood_ul",
    "prp": "prp_ul BETWEEN 500 AND 30000",
    "tubes": "tubes BETWEEN 1 AND 12",
}
_OF_INCIDENT = {
    "known_kind": "kind IN ('wrong_tube')",
    "closed_is_whole": "(closed_at IS NULL) = (closed_by_id IS NULL)"
    " AND (closed_at IS NULL OR length(closing_note) > 0)",
    "two_sessions": "session_id <> other_session_id",
}
_OF_PREPARATION = (
    _KNOWN
    | _AMOUNTS
    | {
        "known_activation": "activation IN ('none', 'cacl2', 'ca_gluconate', 'thrombin', 'light')",
        "known_base_kind": "base_kind IN ('measured', 'estimated')",
        "known_draw_site": "draw_site IN"
        " ('elbow_l', 'elbow_r', 'forearm_l', 'forearm_r', 'hand_l', 'hand_r')",
        "known_guidance": "guidance IN ('none', 'ultrasound')",
        "known_prp_kind": "prp_kind IN ('measured', 'estimated')",
        "drawn_by_somebody": "(drawn_at IS NULL) = (drawn_by_id IS NULL)",
        "identity_by_somebody": "(identity_at IS NULL) = (identity_by_id IS NULL)",
        "obtained_by_somebody": "(obtained_at IS NULL) = (obtained_by_id IS NULL)",
        "activator": "activator_ul BETWEEN 1 AND 5000",
        "base_erythrocytes": "base_erythrocytes_e9l BETWEEN 0 AND 10000",
        "base_leukocytes": "base_leukocytes_e6l BETWEEN 0 AND 500000",
        "base_platelets": "base_platelets_e6l BETWEEN 5000 AND 2000000",
        "identity_of_a_tube": "identity_at IS NULL OR tube_code IS NOT NULL",
        "labels": "labels_printed >= 0",
        "prp_erythrocytes": "prp_erythrocytes_e9l BETWEEN 0 AND 10000",
        "prp_leukocytes": "prp_leukocytes_e6l BETWEEN 0 AND 500000",
        "prp_platelets": "prp_platelets_e6l BETWEEN 50000 AND 5000000",
    }
)
_OF_SPIN = {
    "ended_by_somebody": "(ended_at IS NULL) = (ended_by_id IS NULL)",
    "started_by_somebody": "(started_at IS NULL) = (started_by_id IS NULL)",
    "ends_after_start": "ended_at IS NULL OR (started_at IS NOT NULL AND ended_at >= started_at)",
    "minutes": "minutes BETWEEN 1 AND 30",
    "radius": "radius_mm BETWEEN 40 AND 250",
    "rcf": "rcf_g BETWEEN 50 AND 3000",
    "rpm": "rpm BETWEEN 300 AND 6000",
    "rpm_has_radius": "rpm IS NULL OR radius_mm IS NOT NULL",
    "seq": "seq BETWEEN 1 AND 2",
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
        " WHERE v.modality = 'prp' OR s.blood_ul IS NOT NULL OR s.anticoagulant IS NOT NULL"
        " OR s.anticoagulant_ul IS NOT NULL OR s.prp_ul IS NOT NULL"
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


def _checks(table: str, texts: dict[str, str]) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(text, name=op.f(f"ck_{table}_{n}")) for n, text in texts.items()]


def _keys(table: str, targets: dict[str, str], ondelete: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint(
            [column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"), ondelete=ondelete
        )
        for column, to in targets.items()
    ]


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


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
        *_checks("kit_preset", _KNOWN | _AMOUNTS | {"has_name": "length(name) > 0"}),
        *_keys("kit_preset", {"product_id": "product"}, "RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kit_preset")),
        sa.UniqueConstraint("name", name=op.f("uq_kit_preset_name")),
    )
    _index("kit_preset", "product_id")

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
        *_checks("incident", _OF_INCIDENT),
        *_keys("incident", {"closed_by_id": "account"}, "RESTRICT"),
        *_keys("incident", {"other_session_id": "treatment_session"}, "RESTRICT"),
        *_keys("incident", {"reported_by_id": "account"}, "RESTRICT"),
        *_keys("incident", {"session_id": "treatment_session"}, "RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    _index("incident", "closed_by_id", "other_session_id", "reported_by_id", "session_id")

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
        *_checks("prp_preparation", _OF_PREPARATION),
        *_keys("prp_preparation", {"centrifuge_id": "resource"}, "RESTRICT"),
        *_keys("prp_preparation", dict.fromkeys(_BY, "account"), "RESTRICT"),
        *_keys("prp_preparation", {"preset_id": "kit_preset"}, "RESTRICT"),
        *_keys("prp_preparation", {"session_id": "treatment_session"}, "CASCADE"),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_prp_preparation")),
        sa.UniqueConstraint("tube_code", name=op.f("uq_prp_preparation_tube_code")),
    )
    _index("prp_preparation", "centrifuge_id", *_BY, "preset_id")

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
        *_checks("prp_spin", _OF_SPIN),
        *_keys("prp_spin", {"ended_by_id": "account"}, "RESTRICT"),
        *_keys("prp_spin", {"session_id": "treatment_session"}, "CASCADE"),
        *_keys("prp_spin", {"started_by_id": "account"}, "RESTRICT"),
        sa.PrimaryKeyConstraint("session_id", "seq", name=op.f("pk_prp_spin")),
    )
    _index("prp_spin", "ended_by_id", "started_by_id")
