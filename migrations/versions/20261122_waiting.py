"""The waiting list: who waits, times held for them, offers; and the shelf of parked visits.

What is held belongs to a visit, to a block, or now to a time held for the list, in the same guard.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_waiting"
down_revision = "20261122_pairs"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_AT = sa.DateTime(timezone=True)
_OPEN = sa.text("ended_as IS NULL")
_OF_HELD = sa.text("held_slot_id IS NOT NULL")
_ONE_OF_TWO = "(appointment_id IS NULL) <> (block_id IS NULL)"
_ONE_OF_THREE = (
    "CASE WHEN appointment_id IS NULL THEN 0 ELSE 1 END"
    " + CASE WHEN block_id IS NULL THEN 0 ELSE 1 END"
    " + CASE WHEN held_slot_id IS NULL THEN 0 ELSE 1 END = 1"
)
_TRIGGERS = tuple(
    f"""CREATE TRIGGER {name} BEFORE {event} ON occupancy
WHEN NEW.is_active = 1
BEGIN
  SELECT RAISE(ABORT, 'ex_occupancy_no_overlap')
  WHERE NEW.starts_at < (
    SELECT o.ends_at FROM occupancy AS o
    WHERE o.resource_id = NEW.resource_id AND o.lane = NEW.lane
      AND o.is_active = 1 AND o.starts_at < NEW.ends_at AND o.id IS NOT {self_}
    ORDER BY o.starts_at DESC LIMIT 1);
END"""
    for name, event, self_ in (
        ("trg_occupancy_no_overlap_ins", "INSERT", "NULL"),
        (
            "trg_occupancy_no_overlap_upd",
            "UPDATE OF resource_id, lane, starts_at, ends_at, is_active",
            "OLD.id",
        ),
    )
)


def _guard_again() -> None:
    """Put back the triggers that SQLite dropped with the table it made anew."""
    if op.get_context().dialect.name == "sqlite":
        for text in _TRIGGERS:
            op.execute(sa.DDL(text))


def _to(table: str, column: str, other: str, ondelete: str = "RESTRICT") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"), ondelete=ondelete
    )


def upgrade() -> None:
    op.create_table(
        "held_slot",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("location_id", _KEY, nullable=False),
        sa.Column("service_id", _KEY, nullable=False),
        sa.Column("practitioner_id", _KEY, nullable=False),
        sa.Column("room_id", _KEY, nullable=False),
        sa.Column("starts_at", _AT, nullable=False),
        sa.Column("ends_at", _AT, nullable=False),
        sa.Column("starts_local", sa.DateTime(), nullable=False),
        sa.Column("expires_at", _AT, nullable=False),
        sa.Column("ended_at", _AT),
        sa.Column("appointment_id", _KEY),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_held_slot_ends_after_start")),
        _to("held_slot", "location_id", "location"),
        _to("held_slot", "service_id", "service"),
        _to("held_slot", "practitioner_id", "resource"),
        _to("held_slot", "room_id", "resource"),
        _to("held_slot", "appointment_id", "appointment"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_slot")),
    )
    op.create_index(
        op.f("ix_held_slot_location_id_starts_at"), "held_slot", ["location_id", "starts_at"]
    )
    for column in ("service_id", "practitioner_id", "room_id", "appointment_id"):
        op.create_index(op.f(f"ix_held_slot_{column}"), "held_slot", [column])
    op.create_table(
        "waiting_entry",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("location_id", _KEY, nullable=False),
        sa.Column("patient_id", _KEY, nullable=False),
        sa.Column("service_id", _KEY, nullable=False),
        sa.Column("practitioner_id", _KEY),
        sa.Column("visit_id", _KEY),
        sa.Column("weekdays", sa.SmallInteger(), nullable=False),
        sa.Column("part_of_day", sa.String(32), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("notice_hours", sa.SmallInteger(), nullable=False),
        sa.Column("priority", sa.String(32), nullable=False),
        sa.Column("note", sa.String(300), nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("created_by_id", _KEY, nullable=False),
        sa.Column("ended_as", sa.String(32)),
        sa.Column("ended_at", _AT),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "part_of_day IN ('any', 'morning', 'afternoon', 'evening')",
            name=op.f("ck_waiting_entry_known_part_of_day"),
        ),
        sa.CheckConstraint(
            "priority IN ('soon', 'usual')", name=op.f("ck_waiting_entry_known_priority")
        ),
        sa.CheckConstraint(
            "ended_as IN ('booked', 'removed')", name=op.f("ck_waiting_entry_known_ended_as")
        ),
        sa.CheckConstraint("weekdays BETWEEN 1 AND 127", name=op.f("ck_waiting_entry_weekdays")),
        sa.CheckConstraint("until_on >= from_on", name=op.f("ck_waiting_entry_until_after_from")),
        sa.CheckConstraint(
            "notice_hours BETWEEN 0 AND 168", name=op.f("ck_waiting_entry_notice_hours")
        ),
        _to("waiting_entry", "location_id", "location"),
        _to("waiting_entry", "patient_id", "patient"),
        _to("waiting_entry", "service_id", "service"),
        _to("waiting_entry", "practitioner_id", "resource"),
        _to("waiting_entry", "visit_id", "appointment"),
        _to("waiting_entry", "created_by_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_entry")),
    )
    op.create_index(
        "ix_waiting_entry_open",
        "waiting_entry",
        ["location_id", "until_on"],
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    for column in ("patient_id", "service_id", "practitioner_id", "visit_id", "created_by_id"):
        op.create_index(op.f(f"ix_waiting_entry_{column}"), "waiting_entry", [column])
    op.create_table(
        "offer",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("held_slot_id", _KEY, nullable=False),
        sa.Column("entry_id", _KEY, nullable=False),
        sa.Column("way", sa.String(32), nullable=False),
        sa.Column("offered_at", _AT, nullable=False),
        sa.Column("offered_by_id", _KEY, nullable=False),
        sa.Column("answer", sa.String(32)),
        sa.Column("answered_at", _AT),
        sa.Column("told_at", _AT),
        sa.CheckConstraint("way IN ('call', 'message')", name=op.f("ck_offer_known_way")),
        sa.CheckConstraint(
            "answer IN ('yes', 'no', 'withdrawn', 'refused')", name=op.f("ck_offer_known_answer")
        ),
        sa.CheckConstraint(
            "(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_offer_answered_when")
        ),
        _to("offer", "held_slot_id", "held_slot"),
        _to("offer", "entry_id", "waiting_entry"),
        _to("offer", "offered_by_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer")),
        sa.UniqueConstraint(
            "held_slot_id", "entry_id", name=op.f("uq_offer_held_slot_id_entry_id")
        ),
    )
    op.create_index(op.f("ix_offer_entry_id"), "offer", ["entry_id"])
    op.create_index(op.f("ix_offer_offered_by_id"), "offer", ["offered_by_id"])
    op.create_table(
        "shelf_item",
        sa.Column("appointment_id", _KEY, nullable=False),
        sa.Column("starts_at", _AT, nullable=False),
        sa.Column("parked_at", _AT, nullable=False),
        sa.Column("parked_by_id", _KEY, nullable=False),
        _to("shelf_item", "appointment_id", "appointment", "CASCADE"),
        _to("shelf_item", "parked_by_id", "account"),
        sa.PrimaryKeyConstraint("appointment_id", name=op.f("pk_shelf_item")),
    )
    op.create_index(op.f("ix_shelf_item_parked_by_id"), "shelf_item", ["parked_by_id"])
    with op.batch_alter_table("occupancy") as batch:
        batch.add_column(sa.Column("held_slot_id", _KEY))
        batch.add_column(sa.Column("expires_at", _AT))
        batch.create_foreign_key(
            op.f("fk_occupancy_held_slot_id_held_slot"),
            "held_slot",
            ["held_slot_id"],
            ["id"],
            ondelete="CASCADE",
        )
        batch.drop_constraint(op.f("ck_occupancy_of_visit_or_block"), type_="check")
        batch.create_check_constraint(op.f("ck_occupancy_of_one"), _ONE_OF_THREE)
        batch.create_check_constraint(
            op.f("ck_occupancy_held_expires"), "(held_slot_id IS NULL) = (expires_at IS NULL)"
        )
    op.create_index(
        "ix_occupancy_held_slot_id",
        "occupancy",
        ["held_slot_id"],
        sqlite_where=_OF_HELD,
        postgresql_where=_OF_HELD,
    )
    _guard_again()


def downgrade() -> None:
    kept = op.get_bind().scalar(
        sa.text(
            "SELECT (SELECT count(*) FROM waiting_entry) + (SELECT count(*) FROM held_slot)"
            " + (SELECT count(*) FROM shelf_item)"
        )
    )
    if kept:
        raise RuntimeError(
            "There are people who wait, or parked visits: this step back would lose them. Restore"
            " the backup that was made before the upgrade."
        )
    op.drop_index("ix_occupancy_held_slot_id", table_name="occupancy")
    with op.batch_alter_table("occupancy") as batch:
        batch.drop_constraint(op.f("ck_occupancy_held_expires"), type_="check")
        batch.drop_constraint(op.f("ck_occupancy_of_one"), type_="check")
        batch.drop_constraint(op.f("fk_occupancy_held_slot_id_held_slot"), type_="foreignkey")
        batch.drop_column("expires_at")
        batch.drop_column("held_slot_id")
        batch.create_check_constraint(op.f("ck_occupancy_of_visit_or_block"), _ONE_OF_TWO)
    _guard_again()
    for table in ("shelf_item", "offer", "waiting_entry", "held_slot"):
        op.drop_table(table)
