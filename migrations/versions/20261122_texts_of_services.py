"""Consent texts for one service: every text there is stays one for all services of its kind."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_texts_of_services"
down_revision = "20261122_moving_parts"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CHECK = "ck_consent_text_service_is_treatment"
_SQLITE_TEXT = (
    """CREATE TRIGGER trg_consent_text_no_update BEFORE UPDATE ON consent_text
WHEN OLD.in_force_from IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'append_only:consent_text'); END""",
    """CREATE TRIGGER trg_consent_text_no_delete BEFORE DELETE ON consent_text
WHEN OLD.in_force_from IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'append_only:consent_text'); END""",
    """CREATE TRIGGER trg_consent_text_no_replace BEFORE INSERT ON consent_text
WHEN EXISTS (SELECT 1 FROM consent_text WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'append_only:consent_text'); END""",
)


def upgrade() -> None:
    op.drop_index("ix_consent_text_one_draft", "consent_text")
    with op.batch_alter_table("consent_text") as batch:
        batch.add_column(sa.Column("service_id", _KEY))
        batch.create_foreign_key(
            "fk_consent_text_service_id_service",
            "service",
            ["service_id"],
            ["id"],
            ondelete="RESTRICT",
        )
        batch.create_check_constraint(op.f(_CHECK), "service_id IS NULL OR kind <> 'photographs'")
    op.create_index("ix_consent_text_service_id", "consent_text", ["service_id"])
    _one_draft("one_draft", "kind", "in_force_from IS NULL AND service_id IS NULL")
    _one_draft("one_draft_of_service", "service_id", "in_force_from IS NULL")
    _guard()


def downgrade() -> None:
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM consent_text WHERE service_id > 0")):
        raise RuntimeError(
            "Texts were written for one service: this step back would make them texts for all."
            " Restore the backup that was made before the upgrade."
        )
    for name in ("one_draft_of_service", "one_draft", "service_id"):
        op.drop_index(f"ix_consent_text_{name}", "consent_text")
    with op.batch_alter_table("consent_text") as batch:
        batch.drop_constraint(op.f(_CHECK), type_="check")
        batch.drop_constraint("fk_consent_text_service_id_service", type_="foreignkey")
        batch.drop_column("service_id")
    _one_draft("one_draft", "kind", "in_force_from IS NULL")
    _guard()


def _one_draft(name: str, column: str, where: str) -> None:
    op.create_index(
        f"ix_consent_text_{name}",
        "consent_text",
        [column],
        unique=True,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )


def _guard() -> None:
    """Write the triggers again that SQLite dropped with the table that was made anew."""
    if op.get_context().dialect.name == "sqlite":
        for statement in _SQLITE_TEXT:
            op.execute(sa.DDL(statement))
