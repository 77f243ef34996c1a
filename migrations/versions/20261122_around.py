"""Anaesthesia, antisepsis and guidance stand with the session, whatever was injected.

Guidance was asked with blood and PRP: drafts take theirs along, signed sessions keep it where it was
signed. On SQLite both tables are made anew and get their guards again, word by word.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_around"
down_revision = "20261122_outside"
branch_labels = None
depends_on = None

_ANTISEPTICS = (
    "'none', 'alcohol', 'chlorhexidine', 'chlorhexidine_alcohol', 'octenidine', 'povidone_iodine',"
    " 'hypochlorous'"
)
_GUIDED = "'none', 'trichoscopy', 'ultrasound'"
_GUIDED_BEFORE = "'none', 'ultrasound'"
_COLUMNS = ("anaesthesia", "antisepsis", "guidance")
_DRAFTS = "(SELECT id FROM treatment_session WHERE state = 'draft')"
_GUARDS = (
    "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    " AND (sql LIKE '%treatment_session%' OR tbl_name = 'prp_preparation') ORDER BY name"
)


def upgrade() -> None:
    guards = _taken_down()
    with op.batch_alter_table("treatment_session") as batch:
        batch.add_column(sa.Column("anaesthesia", sa.JSON(none_as_null=True)))
        for name, known in (("antisepsis", _ANTISEPTICS), ("guidance", _GUIDED)):
            batch.add_column(sa.Column(name, sa.String(32)))
            check = op.f(f"ck_treatment_session_known_{name}")
            batch.create_check_constraint(check, f"{name} IN ({known})")
    _check_of_preparation(_GUIDED)
    _put_up(guards)
    op.execute(
        "UPDATE treatment_session SET guidance = (SELECT p.guidance FROM prp_preparation AS p"
        " WHERE p.session_id = treatment_session.id) WHERE state = 'draft'"
    )
    op.execute(f"UPDATE prp_preparation SET guidance = NULL WHERE session_id IN {_DRAFTS}")


def downgrade() -> None:
    noted = op.get_bind().scalar(
        sa.text(
            "SELECT count(*) FROM treatment_session WHERE anaesthesia IS NOT NULL"
            " OR antisepsis IS NOT NULL OR guidance = 'trichoscopy'"
            " OR (guidance IS NOT NULL AND (state = 'signed' OR id NOT IN"
            " (SELECT session_id FROM prp_preparation))) OR content_format > 2"
        )
    )
    if noted:
        raise RuntimeError(
            "Anaesthesia, antisepsis or guidance were noted: this step back would lose them."
            " Restore the backup that was made before the upgrade."
        )
    op.execute(
        "UPDATE prp_preparation SET guidance = (SELECT s.guidance FROM treatment_session AS s"
        f" WHERE s.id = prp_preparation.session_id) WHERE session_id IN {_DRAFTS}"
    )
    guards = _taken_down()
    _check_of_preparation(_GUIDED_BEFORE)
    with op.batch_alter_table("treatment_session") as batch:
        for name in reversed(_COLUMNS):
            if name != "anaesthesia":
                batch.drop_constraint(op.f(f"ck_treatment_session_known_{name}"), type_="check")
            batch.drop_column(name)
    _put_up(guards)


def _check_of_preparation(known: str) -> None:
    check = op.f("ck_prp_preparation_known_guidance")
    with op.batch_alter_table("prp_preparation") as batch:
        batch.drop_constraint(check, type_="check")
        batch.create_check_constraint(check, f"guidance IN ({known})")


def _taken_down() -> list[tuple[str, str]]:
    """Drop the guards of both tables and those that name them; return (name, text) of each.

    SQLite cannot make a table anew while a trigger of another table names it.
    """
    if op.get_context().dialect.name != "sqlite":
        return []
    found = [(row.name, row.sql) for row in op.get_bind().execute(sa.text(_GUARDS))]
    for name, _ in found:
        op.execute(f"DROP TRIGGER {name}")
    return found


def _put_up(guards: list[tuple[str, str]]) -> None:
    """Give the tables their guards again, as they were."""
    for _, text in guards:
        op.execute(text)
