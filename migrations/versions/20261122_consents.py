"""Consents: texts as words with drafts, signatures with scopes, withdrawals a scope.

Every text and paper that exists was on paper: its words are not known here, and its scope is what
its kind said. What was withdrawn becomes a row of its own, for a signed paper never changes again.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_consents"
down_revision = "20261122_letters"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
_SCOPES = "'treatment', 'photo_record', 'photo_teaching', 'photo_publication'"
_PHOTOS = ("photo_record", "photo_teaching", "photo_publication")
_WORDS = ("language", "signer", "guardian", "interpreter")
_CHECKS = {
    "known_signed_how": "signed_how IN ('paper', 'drawn', 'typed')",
    "has_scope": "kind <> 'photographs' OR photo_record OR photo_teaching OR photo_publication",
    "drawn": "(signed_how = 'drawn') = (strokes IS NOT NULL)",
    "has_signer": "signed_how = 'paper' OR length(signer) > 0",
    "has_language": "signed_how = 'paper' OR length(language) > 0",
}
_OLD_CHECKS = {
    "withdrawn_by": "(withdrawn_on IS NULL) = (withdrawn_by_id IS NULL)",
    "withdrawn_later": "withdrawn_on IS NULL OR withdrawn_on >= given_on",
}
_TEXT_CHECKS = {
    "approved_by": "(approved_by_id IS NULL) = (approved_at IS NULL)",
    "approved_is_in_force": "approved_by_id IS NULL OR in_force_from IS NOT NULL",
}
_SQLITE_APPEND_ONLY = (
    """CREATE TRIGGER trg_{t}_no_update BEFORE UPDATE ON {t}
BEGIN SELECT RAISE(ABORT, 'append_only:{t}'); END""",
    """CREATE TRIGGER trg_{t}_no_delete BEFORE DELETE ON {t}
BEGIN SELECT RAISE(ABORT, 'append_only:{t}'); END""",
    """CREATE TRIGGER trg_{t}_no_replace BEFORE INSERT ON {t}
WHEN EXISTS (SELECT 1 FROM {t} WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'append_only:{t}'); END""",
)
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
_PG_APPEND_ONLY = (
    """CREATE TRIGGER trg_{t}_append_only BEFORE UPDATE OR DELETE ON {t}
FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER trg_{t}_no_truncate BEFORE TRUNCATE ON {t}
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    "ALTER TABLE {t} ENABLE ALWAYS TRIGGER trg_{t}_append_only",
    "ALTER TABLE {t} ENABLE ALWAYS TRIGGER trg_{t}_no_truncate",
)
_PG_TEXT = (
    """CREATE TRIGGER trg_consent_text_in_force BEFORE UPDATE OR DELETE ON consent_text
FOR EACH ROW WHEN (OLD.in_force_from IS NOT NULL) EXECUTE FUNCTION refuse_change()""",
    "ALTER TABLE consent_text ENABLE ALWAYS TRIGGER trg_consent_text_in_force",
)


def upgrade() -> None:
    _texts()
    op.create_table(
        "consent_withdrawal",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("consent_id", _KEY, nullable=False),
        sa.Column("withdrawn_by_id", _KEY, nullable=False),
        sa.Column("scope", sa.String(32), nullable=False),
        sa.Column("withdrawn_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("recorded_at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consent_withdrawal"),
        sa.ForeignKeyConstraint(
            ["consent_id"],
            ["consent.id"],
            name="fk_consent_withdrawal_consent_id_consent",
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["withdrawn_by_id"],
            ["account.id"],
            name="fk_consent_withdrawal_withdrawn_by_id_account",
            ondelete="RESTRICT",
        ),
        sa.UniqueConstraint("consent_id", "scope", name="uq_consent_withdrawal_consent_id_scope"),
        sa.CheckConstraint(f"scope IN ({_SCOPES})", name=op.f("ck_consent_withdrawal_known_scope")),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_consent_withdrawal_has_reason")),
    )
    op.create_index(
        "ix_consent_withdrawal_withdrawn_by_id", "consent_withdrawal", ["withdrawn_by_id"]
    )
    # When it was written down was never kept: the paper's own instant stands for it.
    op.execute(
        "INSERT INTO consent_withdrawal"
        " (consent_id, withdrawn_by_id, scope, withdrawn_on, reason, recorded_at)"
        " SELECT id, withdrawn_by_id,"
        " CASE kind WHEN 'photographs' THEN 'photo_record' ELSE 'treatment' END, withdrawn_on,"
        " CASE WHEN length(withdrawn_reason) > 0 THEN withdrawn_reason ELSE '-' END, recorded_at"
        " FROM consent WHERE withdrawn_on IS NOT NULL ORDER BY id"
    )
    _papers()
    with op.batch_alter_table("handover") as batch:
        batch.add_column(sa.Column("text_id", _KEY))
        batch.create_foreign_key(
            "fk_handover_text_id_consent_text",
            "consent_text",
            ["text_id"],
            ["id"],
            ondelete="RESTRICT",
        )
    op.create_index("ix_handover_text_id", "handover", ["text_id"])
    _guard()


def _texts() -> None:
    op.add_column("consent_text", sa.Column("words", sa.JSON()))
    op.add_column("consent_text", sa.Column("version", sa.Integer()))
    op.execute("UPDATE consent_text SET words = '{}', version = 1")
    with op.batch_alter_table("consent_text") as batch:
        batch.add_column(sa.Column("approved_by_id", _KEY))
        batch.add_column(sa.Column("approved_at", _AT))
        batch.alter_column("words", existing_type=sa.JSON(), nullable=False)
        batch.alter_column("version", existing_type=sa.Integer(), nullable=False)
        batch.alter_column("in_force_from", existing_type=sa.Date(), nullable=True)
        batch.create_foreign_key(
            "fk_consent_text_approved_by_id_account",
            "account",
            ["approved_by_id"],
            ["id"],
            ondelete="RESTRICT",
        )
        for name, text in _TEXT_CHECKS.items():
            batch.create_check_constraint(op.f(f"ck_consent_text_{name}"), text)
    op.create_index("ix_consent_text_approved_by_id", "consent_text", ["approved_by_id"])
    op.create_index(
        "ix_consent_text_one_draft",
        "consent_text",
        ["kind"],
        unique=True,
        sqlite_where=sa.text("in_force_from IS NULL"),
        postgresql_where=sa.text("in_force_from IS NULL"),
    )


def _papers() -> None:
    for name in _PHOTOS:
        op.add_column("consent", sa.Column(name, sa.Boolean()))
    op.add_column("consent", sa.Column("signed_how", sa.String(32)))
    for name in _WORDS:
        op.add_column("consent", sa.Column(name, sa.String(12 if name == "language" else 120)))
    op.execute(
        "UPDATE consent SET photo_record = (kind = 'photographs'), photo_teaching = FALSE,"
        " photo_publication = FALSE, signed_how = 'paper', language = '', signer = '',"
        " guardian = '', interpreter = ''"
    )
    op.drop_index("ix_consent_withdrawn_by_id", "consent")
    with op.batch_alter_table("consent") as batch:
        for name in _OLD_CHECKS:
            batch.drop_constraint(op.f(f"ck_consent_{name}"), type_="check")
        batch.drop_constraint("fk_consent_withdrawn_by_id_account", type_="foreignkey")
        for name in ("withdrawn_by_id", "withdrawn_on", "withdrawn_reason", "version"):
            batch.drop_column(name)
        batch.add_column(sa.Column("strokes", sa.JSON()))
        for name in _PHOTOS:
            batch.alter_column(name, existing_type=sa.Boolean(), nullable=False)
        batch.alter_column("signed_how", existing_type=sa.String(32), nullable=False)
        for name in _WORDS:
            kind = sa.String(12 if name == "language" else 120)
            batch.alter_column(name, existing_type=kind, nullable=False)
        for name, text in _CHECKS.items():
            batch.create_check_constraint(op.f(f"ck_consent_{name}"), text)


def _guard() -> None:
    tables = ("consent", "consent_withdrawal")
    if op.get_context().dialect.name == "sqlite":
        statements = [s.format(t=table) for table in tables for s in _SQLITE_APPEND_ONLY]
        statements += _SQLITE_TEXT
    else:
        statements = [s.format(t=table) for table in tables for s in _PG_APPEND_ONLY]
        statements += _PG_TEXT
    for statement in statements:
        op.execute(sa.DDL(statement))


def downgrade() -> None:
    kept = op.get_bind().scalar(
        sa.text(
            "SELECT (SELECT count(*) FROM consent WHERE signed_how <> 'paper' OR photo_teaching"
            " OR photo_publication OR (photo_record AND kind <> 'photographs'))"
            " + (SELECT count(*) FROM consent_text WHERE in_force_from IS NULL"
            "    OR approved_by_id IS NOT NULL)"
            " + (SELECT count(*) FROM handover WHERE text_id IS NOT NULL)"
        )
    )
    if kept:
        raise RuntimeError(
            "Texts were written or consents signed on the tablet: this step back would lose them."
            " Restore the backup that was made before the upgrade."
        )
    _unguard()
    op.drop_index("ix_handover_text_id", "handover")
    with op.batch_alter_table("handover") as batch:
        batch.drop_constraint("fk_handover_text_id_consent_text", type_="foreignkey")
        batch.drop_column("text_id")
    _papers_back()
    op.drop_table("consent_withdrawal")
    op.drop_index("ix_consent_text_one_draft", "consent_text")
    op.drop_index("ix_consent_text_approved_by_id", "consent_text")
    with op.batch_alter_table("consent_text") as batch:
        for name in _TEXT_CHECKS:
            batch.drop_constraint(op.f(f"ck_consent_text_{name}"), type_="check")
        batch.drop_constraint("fk_consent_text_approved_by_id_account", type_="foreignkey")
        batch.alter_column("in_force_from", existing_type=sa.Date(), nullable=False)
        for name in ("approved_by_id", "approved_at", "words", "version"):
            batch.drop_column(name)


def _unguard() -> None:
    if op.get_context().dialect.name == "sqlite":
        for table in ("consent", "consent_withdrawal", "consent_text"):
            for verb in ("update", "delete", "replace"):
                op.execute(f"DROP TRIGGER trg_{table}_no_{verb}")
        return
    op.execute("DROP TRIGGER trg_consent_append_only ON consent")
    op.execute("DROP TRIGGER trg_consent_no_truncate ON consent")
    op.execute("DROP TRIGGER trg_consent_text_in_force ON consent_text")


def _papers_back() -> None:
    for name, kind in (
        ("withdrawn_by_id", _KEY),
        ("withdrawn_on", sa.Date()),
        ("withdrawn_reason", sa.String(200)),
        ("version", sa.Integer()),
    ):
        op.add_column("consent", sa.Column(name, kind))
    op.execute("UPDATE consent SET withdrawn_reason = '', version = 1")
    for name in ("withdrawn_by_id", "withdrawn_on", "reason"):
        column = "withdrawn_reason" if name == "reason" else name
        op.execute(
            f"UPDATE consent SET {column} = (SELECT w.{name} FROM consent_withdrawal AS w"
            " WHERE w.consent_id = consent.id)"
            " WHERE id IN (SELECT consent_id FROM consent_withdrawal)"
        )
    with op.batch_alter_table("consent") as batch:
        for name in _CHECKS:
            batch.drop_constraint(op.f(f"ck_consent_{name}"), type_="check")
        for name in (*_PHOTOS, "signed_how", *_WORDS, "strokes"):
            batch.drop_column(name)
        batch.alter_column("withdrawn_reason", existing_type=sa.String(200), nullable=False)
        batch.alter_column("version", existing_type=sa.Integer(), nullable=False)
        batch.create_foreign_key(
            "fk_consent_withdrawn_by_id_account",
            "account",
            ["withdrawn_by_id"],
            ["id"],
            ondelete="RESTRICT",
        )
        for name, text in _OLD_CHECKS.items():
            batch.create_check_constraint(op.f(f"ck_consent_{name}"), text)
    op.create_index("ix_consent_withdrawn_by_id", "consent", ["withdrawn_by_id"])
