"""How each point was given, and the areas of zones that somebody has measured.

Points of before say nothing of technique and device: what was not noted stays empty. On SQLite the
table of points is made anew and gets its guards again.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_delivery"
down_revision = "20261122_preparations"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CHECKS = {
    "technique": (
        "'point_by_point', 'nappage', 'retrograde_linear', 'subdermal_bolus', 'papule',"
        " 'microneedling'"
    ),
    "device": "'syringe', 'gun', 'needling_device'",
}
_ZONES = (
    "'frontal_hairline', 'frontotemporal_l', 'frontotemporal_r', 'midscalp', 'vertex',"
    " 'parietal_l', 'parietal_r', 'temporal_l', 'temporal_r', 'occipital'"
)
_SIGNED = """CREATE TRIGGER trg_injection_site_signed_{v} BEFORE {V} ON injection_site
WHEN EXISTS (SELECT 1 FROM treatment_session AS s WHERE s.id = {row}.session_id AND s.state = 'signed')
BEGIN SELECT RAISE(ABORT, 'signed:injection_site'); END"""
_APPEND_ONLY = {
    "sqlite": (
        """CREATE TRIGGER trg_zone_area_no_update BEFORE UPDATE ON zone_area
BEGIN SELECT RAISE(ABORT, 'append_only:zone_area'); END""",
        """CREATE TRIGGER trg_zone_area_no_delete BEFORE DELETE ON zone_area
BEGIN SELECT RAISE(ABORT, 'append_only:zone_area'); END""",
        """CREATE TRIGGER trg_zone_area_no_replace BEFORE INSERT ON zone_area
WHEN EXISTS (SELECT 1 FROM zone_area WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'append_only:zone_area'); END""",
    ),
    "postgresql": (
        """CREATE TRIGGER trg_zone_area_append_only BEFORE UPDATE OR DELETE ON zone_area
FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER trg_zone_area_no_truncate BEFORE TRUNCATE ON zone_area
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
        "ALTER TABLE zone_area ENABLE ALWAYS TRIGGER trg_zone_area_append_only",
        "ALTER TABLE zone_area ENABLE ALWAYS TRIGGER trg_zone_area_no_truncate",
    ),
}


def upgrade() -> None:
    with op.batch_alter_table("injection_site") as batch:
        for name, known in _CHECKS.items():
            batch.add_column(sa.Column(name, sa.String(32)))
            check = op.f(f"ck_injection_site_known_{name}")
            batch.create_check_constraint(check, f"{name} IN ({known})")
    _guard()
    op.create_table(
        "zone_area",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("location_id", _KEY, nullable=False),
        sa.Column("patient_id", _KEY, nullable=True),
        sa.Column("zone", sa.String(32), nullable=False),
        sa.Column("area_mm2", sa.Integer(), nullable=False),
        sa.Column("measured_on", sa.Date(), nullable=False),
        sa.Column("measured_by_id", _KEY, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("area_mm2 BETWEEN 100 AND 60000", name=op.f("ck_zone_area_area")),
        sa.CheckConstraint(f"zone IN ({_ZONES})", name=op.f("ck_zone_area_known_zone")),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{table}.id"],
                name=op.f(f"fk_zone_area_{column}_{table}"),
                ondelete="RESTRICT",
            )
            for column, table in (
                ("location_id", "location"),
                ("patient_id", "patient"),
                ("measured_by_id", "account"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zone_area")),
        sqlite_autoincrement=True,
    )
    for column in ("location_id", "patient_id", "measured_by_id"):
        op.create_index(op.f(f"ix_zone_area_{column}"), "zone_area", [column])
    for statement in _APPEND_ONLY[op.get_context().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    noted = op.get_bind().scalar(
        sa.text(
            "SELECT (SELECT count(*) FROM zone_area) + (SELECT count(*) FROM injection_site"
            " WHERE technique IS NOT NULL OR device IS NOT NULL)"
        )
    )
    if noted:
        raise RuntimeError(
            "Areas, techniques or devices were noted: this step back would lose them."
            " Restore the backup that was made before the upgrade."
        )
    op.drop_table("zone_area")
    with op.batch_alter_table("injection_site") as batch:
        for name in reversed(_CHECKS):
            batch.drop_constraint(op.f(f"ck_injection_site_known_{name}"), type_="check")
            batch.drop_column(name)
    _guard()


def _guard() -> None:
    """Give the table its guards again where it was made anew."""
    if op.get_context().dialect.name != "sqlite":
        return
    for verb in ("INSERT", "UPDATE", "DELETE"):
        row = "NEW" if verb == "INSERT" else "OLD"
        op.execute(_SIGNED.format(v=verb.lower(), V=verb, row=row))
