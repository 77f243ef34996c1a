"""What a course keeps to: tolerance, least distance, booster; why it was stopped; calls about it.

Courses whose last session is done are completed. Services and courses that exist get the tolerances and least distances that the clinic's safety
rules imply (a PRP within a fortnight, a mesotherapy within six days is put off), and no booster:
nobody who has set up a clinic finds a session more than was agreed.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_courses"
down_revision = "20261122_presence"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CHECKS = {
    "length": "sessions_planned BETWEEN 1 AND 60",
    "interval": "interval_days BETWEEN 1 AND 400",
    "tolerance": "tolerance_days >= 0 AND tolerance_days < interval_days",
    "least": "least_days BETWEEN 1 AND interval_days",
    "booster": "booster_days IS NULL OR booster_days BETWEEN least_days AND 730",
}
_NEW = {
    "service": ("length", "interval", "tolerance", "least", "booster"),
    "course": ("tolerance", "least", "booster"),
}
_STOPPED = "(status = 'stopped') = (length(stop_reason) > 0)"
_OUTCOMES = "outcome IN ('booked', 'no_answer', 'later', 'stopped')"


def upgrade() -> None:
    for table in _NEW:
        op.add_column(table, sa.Column("tolerance_days", sa.SmallInteger))
        op.add_column(table, sa.Column("least_days", sa.SmallInteger))
        op.add_column(table, sa.Column("booster_days", sa.SmallInteger))
    op.add_column("course", sa.Column("stop_reason", sa.String(200)))
    op.add_column("course", sa.Column("best_time", sa.String(60)))
    # A service that was set up oddly must not stop the upgrade: its course is put right first.
    op.execute(
        "UPDATE service SET sessions_planned = CASE WHEN sessions_planned < 1 THEN 1"
        " WHEN sessions_planned > 60 THEN 60 ELSE sessions_planned END,"
        " interval_days = CASE WHEN interval_days < 1 THEN 1"
        " WHEN interval_days > 400 THEN 400 ELSE interval_days END"
    )
    _fill("service", "modality")
    _fill("course", "(SELECT s.modality FROM service AS s WHERE s.id = course.service_id)")
    op.execute(
        "UPDATE course SET best_time = '',"
        " stop_reason = CASE status WHEN 'stopped' THEN 'Stopped before reasons were kept' ELSE '' END"
    )
    # A course all of whose sessions are done is over: from now on its last session says so.
    op.execute(
        "UPDATE course SET status = 'completed' WHERE status = 'active' AND sessions_planned <="
        " (SELECT max(a.course_number) FROM appointment AS a"
        " WHERE a.course_id = course.id AND a.status = 'done')"
    )
    for table, checks in _NEW.items():
        with op.batch_alter_table(table) as batch:
            batch.alter_column("tolerance_days", existing_type=sa.SmallInteger, nullable=False)
            batch.alter_column("least_days", existing_type=sa.SmallInteger, nullable=False)
            if table == "course":
                batch.alter_column("stop_reason", existing_type=sa.String(200), nullable=False)
                batch.alter_column("best_time", existing_type=sa.String(60), nullable=False)
                batch.create_check_constraint(op.f("ck_course_stopped_has_reason"), _STOPPED)
            for name in checks:
                batch.create_check_constraint(op.f(f"ck_{table}_{name}"), _CHECKS[name])
    op.create_table(
        "course_call",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("course_id", _KEY, nullable=False),
        sa.Column("actor_id", _KEY, nullable=False),
        sa.Column("actor_name", sa.String(120), nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("later_on", sa.Date()),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(_OUTCOMES, name=op.f("ck_course_call_known_outcome")),
        sa.CheckConstraint(
            "(outcome = 'later') = (later_on IS NOT NULL)",
            name=op.f("ck_course_call_later_has_day"),
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"],
            ["account.id"],
            name="fk_course_call_actor_id_account",
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["course_id"],
            ["course.id"],
            name="fk_course_call_course_id_course",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_course_call"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_course_call_course_id_id", "course_call", ["course_id", "id"])
    op.create_index("ix_course_call_actor_id", "course_call", ["actor_id"])
    _guard()


def _fill(table: str, modality: str) -> None:
    usual = "CASE {m} WHEN 'prp' THEN {prp} WHEN 'mesotherapy' THEN {meso} ELSE {other} END"
    tolerance = usual.format(m=modality, prp=7, meso=2, other=7)
    least = usual.format(m=modality, prp=14, meso=6, other=1)
    op.execute(
        f"UPDATE {table} SET"
        f" tolerance_days = CASE WHEN {tolerance} < interval_days THEN {tolerance}"
        f" ELSE interval_days - 1 END,"
        f" least_days = CASE WHEN {least} < interval_days THEN {least} ELSE interval_days END"
    )


def _guard() -> None:
    if op.get_context().dialect.name == "sqlite":
        statements = (
            """CREATE TRIGGER trg_course_call_no_update BEFORE UPDATE ON course_call
BEGIN SELECT RAISE(ABORT, 'append_only:course_call'); END""",
            """CREATE TRIGGER trg_course_call_no_delete BEFORE DELETE ON course_call
BEGIN SELECT RAISE(ABORT, 'append_only:course_call'); END""",
            """CREATE TRIGGER trg_course_call_no_replace BEFORE INSERT ON course_call
WHEN EXISTS (SELECT 1 FROM course_call WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'append_only:course_call'); END""",
        )
    else:
        statements = (
            """CREATE TRIGGER trg_course_call_append_only BEFORE UPDATE OR DELETE ON course_call
FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
            """CREATE TRIGGER trg_course_call_no_truncate BEFORE TRUNCATE ON course_call
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
            "ALTER TABLE course_call ENABLE ALWAYS TRIGGER trg_course_call_append_only",
            "ALTER TABLE course_call ENABLE ALWAYS TRIGGER trg_course_call_no_truncate",
        )
    for statement in statements:
        op.execute(statement)


def downgrade() -> None:
    calls = op.get_bind().scalar(
        sa.text(
            "SELECT (SELECT count(*) FROM course_call)"
            " + (SELECT count(*) FROM course WHERE status = 'stopped' OR booster_days IS NOT NULL)"
        )
    )
    if calls:
        raise RuntimeError(
            "Courses have boosters, calls or reasons to be lost: go back to the copy that"
            " `db upgrade` made."
        )
    op.drop_table("course_call")
    with op.batch_alter_table("course") as batch:
        batch.drop_constraint(op.f("ck_course_stopped_has_reason"), type_="check")
        for name in _NEW["course"]:
            batch.drop_constraint(op.f(f"ck_course_{name}"), type_="check")
        for column in ("best_time", "stop_reason", "booster_days", "least_days", "tolerance_days"):
            batch.drop_column(column)
    with op.batch_alter_table("service") as batch:
        for name in _NEW["service"]:
            batch.drop_constraint(op.f(f"ck_service_{name}"), type_="check")
        for column in ("booster_days", "least_days", "tolerance_days"):
            batch.drop_column(column)
