"""Stock of lots as movements with a level that is never below nought; what else a pack says.

Lots that exist have no level: nobody has counted them yet, and until somebody does they may be used.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_stock"
down_revision = "20261122_drafts"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
_PRODUCT = (
    ("gtin", sa.String(14)),
    ("regulatory_class", sa.String(32)),
    ("certificate", sa.String(80)),
    ("unit", sa.String(32)),
    ("leaflet_ul", sa.Integer()),
    ("is_single_patient", sa.Boolean()),
    ("open_hours", sa.SmallInteger()),
    ("low_milli", sa.BigInteger()),
)
_FILLED = {"regulatory_class", "certificate", "unit", "is_single_patient"}
_PRODUCT_CHECKS = {
    "known_regulatory_class": "regulatory_class IN ('unstated', 'medicine', 'compounded',"
    " 'device_1', 'device_2a', 'device_2b', 'device_3', 'cosmetic')",
    "known_unit": "unit IN ('ml', 'piece')",
    "leaflet": "leaflet_ul BETWEEN 1 AND 50000",
    "open_hours": "open_hours BETWEEN 1 AND 672",
    "low": "low_milli > 0",
}
_MOVEMENT_CHECKS = {
    "known_kind": "kind IN ('receipt', 'use', 'waste', 'count', 'transfer', 'reversal')",
    "sign": "(kind = 'receipt' AND amount_milli > 0) OR kind = 'count'"
    " OR (kind IN ('use', 'waste') AND amount_milli < 0)"
    " OR (kind IN ('transfer', 'reversal') AND amount_milli <> 0)",
    "use_has_session": "(kind = 'use') = (session_id IS NOT NULL)",
    "reversal": "(kind = 'reversal') = (reverses_id IS NOT NULL)",
    "reason_given": "kind NOT IN ('waste', 'count', 'transfer') OR length(reason) > 0",
}
_MOVEMENT_GUARDS = {
    "sqlite": (
        """CREATE TRIGGER trg_stock_movement_no_update BEFORE UPDATE ON stock_movement
BEGIN SELECT RAISE(ABORT, 'append_only:stock_movement'); END""",
        """CREATE TRIGGER trg_stock_movement_no_delete BEFORE DELETE ON stock_movement
BEGIN SELECT RAISE(ABORT, 'append_only:stock_movement'); END""",
        """CREATE TRIGGER trg_stock_movement_no_replace BEFORE INSERT ON stock_movement
WHEN EXISTS (SELECT 1 FROM stock_movement WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'append_only:stock_movement'); END""",
    ),
    "postgresql": (
        """CREATE TRIGGER trg_stock_movement_append_only BEFORE UPDATE OR DELETE ON stock_movement
FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER trg_stock_movement_no_truncate BEFORE TRUNCATE ON stock_movement
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
        "ALTER TABLE stock_movement ENABLE ALWAYS TRIGGER trg_stock_movement_append_only",
        "ALTER TABLE stock_movement ENABLE ALWAYS TRIGGER trg_stock_movement_no_truncate",
    ),
}
_LOT_USE_GUARDS = tuple(
    f"""CREATE TRIGGER trg_lot_use_signed_{verb.lower()} BEFORE {verb} ON lot_use
WHEN EXISTS (SELECT 1 FROM treatment_session AS s WHERE s.id = {row}.session_id AND s.state = 'signed')
BEGIN SELECT RAISE(ABORT, 'signed:lot_use'); END"""
    for verb, row in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("DELETE", "OLD"))
)


def _guard_lot_use_again() -> None:
    """Put back the triggers that SQLite dropped with the table it made anew."""
    if op.get_context().dialect.name == "sqlite":
        for text in _LOT_USE_GUARDS:
            op.execute(sa.DDL(text))


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"), ondelete="RESTRICT"
    )


def upgrade() -> None:
    _products()
    op.create_table(
        "stock_level",
        sa.Column("lot_id", _KEY, nullable=False),
        sa.Column("location_id", _KEY, nullable=False),
        sa.Column("level_milli", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("level_milli >= 0", name=op.f("ck_stock_level_not_below_nought")),
        _to("stock_level", "lot_id", "product_lot"),
        _to("stock_level", "location_id", "location"),
        sa.PrimaryKeyConstraint("lot_id", "location_id", name=op.f("pk_stock_level")),
    )
    op.create_index(op.f("ix_stock_level_location_id"), "stock_level", ["location_id"])
    op.create_table(
        "stock_movement",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("lot_id", _KEY, nullable=False),
        sa.Column("location_id", _KEY, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("amount_milli", sa.BigInteger(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("actor_id", _KEY, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("session_id", _KEY),
        sa.Column("reverses_id", _KEY),
        sa.Column("form_key", sa.String(40)),
        *(
            sa.CheckConstraint(text, name=op.f(f"ck_stock_movement_{name}"))
            for name, text in _MOVEMENT_CHECKS.items()
        ),
        _to("stock_movement", "lot_id", "product_lot"),
        _to("stock_movement", "location_id", "location"),
        _to("stock_movement", "actor_id", "account"),
        _to("stock_movement", "session_id", "treatment_session"),
        _to("stock_movement", "reverses_id", "stock_movement"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_movement")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_stock_movement_reverses_id")),
        sa.UniqueConstraint("form_key", name=op.f("uq_stock_movement_form_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_stock_movement_lot_id_location_id_id"),
        "stock_movement",
        ["lot_id", "location_id", "id"],
    )
    for column in ("location_id", "actor_id", "session_id"):
        op.create_index(op.f(f"ix_stock_movement_{column}"), "stock_movement", [column])
    for text in _MOVEMENT_GUARDS[op.get_context().dialect.name]:
        op.execute(sa.DDL(text))
    op.create_table(
        "opened_vial",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("lot_id", _KEY, nullable=False),
        sa.Column("location_id", _KEY, nullable=False),
        sa.Column("session_id", _KEY, nullable=False),
        sa.Column("opened_at", _AT, nullable=False),
        sa.Column("discarded_at", _AT),
        sa.Column("version", sa.Integer(), nullable=False),
        _to("opened_vial", "lot_id", "product_lot"),
        _to("opened_vial", "location_id", "location"),
        _to("opened_vial", "session_id", "treatment_session"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opened_vial")),
    )
    op.create_index(op.f("ix_opened_vial_lot_id"), "opened_vial", ["lot_id"])
    op.create_index(op.f("ix_opened_vial_session_id"), "opened_vial", ["session_id"])
    op.create_index(
        op.f("ix_opened_vial_location_id_discarded_at"),
        "opened_vial",
        ["location_id", "discarded_at"],
    )
    op.add_column("treatment_session", sa.Column("mixed_at", _AT))
    with op.batch_alter_table("lot_use") as batch:
        batch.add_column(sa.Column("pieces", sa.SmallInteger()))
        batch.add_column(sa.Column("opened_at", _AT))
        batch.add_column(sa.Column("vial_id", _KEY))
        batch.create_check_constraint(op.f("ck_lot_use_pieces"), "pieces BETWEEN 1 AND 50")
        batch.create_foreign_key(
            op.f("fk_lot_use_vial_id_opened_vial"),
            "opened_vial",
            ["vial_id"],
            ["id"],
            ondelete="RESTRICT",
        )
    op.create_index(op.f("ix_lot_use_vial_id"), "lot_use", ["vial_id"])
    _guard_lot_use_again()


def _products() -> None:
    for name, kind in _PRODUCT:
        op.add_column("product", sa.Column(name, kind))
    # Kits are counted, everything else is measured; only of a cosmetic the class was known.
    op.execute(
        "UPDATE product SET certificate = '', is_single_patient = FALSE,"
        " unit = CASE kind WHEN 'kit' THEN 'piece' ELSE 'ml' END,"
        " regulatory_class = CASE kind WHEN 'cosmetic' THEN 'cosmetic' ELSE 'unstated' END"
    )
    with op.batch_alter_table("product") as batch:
        for name, kind in _PRODUCT:
            if name in _FILLED:
                batch.alter_column(name, existing_type=kind, nullable=False)
        for name, text in _PRODUCT_CHECKS.items():
            batch.create_check_constraint(op.f(f"ck_product_{name}"), text)
        batch.create_unique_constraint(op.f("uq_product_gtin"), ["gtin"])


def downgrade() -> None:
    kept = op.get_bind().scalar(
        sa.text(
            "SELECT (SELECT count(*) FROM stock_movement) + (SELECT count(*) FROM opened_vial)"
            " + (SELECT count(*) FROM treatment_session WHERE content_format > 1)"
        )
    )
    if kept:
        raise RuntimeError(
            "Stock is kept, or sessions are signed with what this step added: the step back would"
            " lose it. Restore the backup that was made before the upgrade."
        )
    op.drop_index(op.f("ix_lot_use_vial_id"), table_name="lot_use")
    with op.batch_alter_table("lot_use") as batch:
        batch.drop_constraint(op.f("fk_lot_use_vial_id_opened_vial"), type_="foreignkey")
        batch.drop_constraint(op.f("ck_lot_use_pieces"), type_="check")
        for column in ("vial_id", "opened_at", "pieces"):
            batch.drop_column(column)
    _guard_lot_use_again()
    op.drop_column("treatment_session", "mixed_at")
    for table in ("opened_vial", "stock_movement", "stock_level"):
        op.drop_table(table)
    with op.batch_alter_table("product") as batch:
        batch.drop_constraint(op.f("uq_product_gtin"), type_="unique")
        for name in _PRODUCT_CHECKS:
            batch.drop_constraint(op.f(f"ck_product_{name}"), type_="check")
        for name, _kind in _PRODUCT:
            batch.drop_column(name)
