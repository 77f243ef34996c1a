"""What every table stands on: base class, column types, naming, versions, append-only guards."""

import datetime as dt
import enum
from collections.abc import Callable
from typing import Any, dataclass_transform

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    declared_attr,
    mapped_column,
    relationship,
)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
Key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""Type of ids and foreign keys; INTEGER on SQLite, so that an id is the rowid."""

Json = dict[str, Any]


class UTCDateTime(sa.types.TypeDecorator[dt.datetime]):
    """An instant: timestamptz on PostgreSQL, fixed-width UTC text on SQLite; naive is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Refuse naive values and store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime given to a UTC column")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Return what makes aware UTC of a value: in one step, a list has a thousand of them."""
        if dialect.name == "sqlite":
            # Told of its zone, the text is read at once: half the time of reading, then adding it.
            read = dt.datetime.fromisoformat
            return lambda text: None if text is None else read(text + "+00:00")
        return lambda at: None if at is None else at.astimezone(dt.UTC)


def known(column: str, kind: type[enum.Enum]) -> sa.CheckConstraint:
    """Return the visible CHECK that keeps an enum column to its members."""
    members = ", ".join(f"'{member.value}'" for member in kind)
    return sa.CheckConstraint(f"{column} IN ({members})", name=f"known_{column}")


@dataclass_transform(kw_only_default=True, field_specifiers=(mapped_column, relationship))
class Base(MappedAsDataclass, DeclarativeBase, kw_only=True, eq=False, repr=False):
    """Base of all models; rows are hashable and their repr holds no patient's name."""

    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map = {
        dt.datetime: UTCDateTime(),
        dt.date: sa.Date(),
        dt.time: sa.Time(),
        Json: sa.JSON(),
        list[Any]: sa.JSON(),
        enum.Enum: sa.Enum(
            enum.Enum,
            native_enum=False,
            create_constraint=False,
            validate_strings=True,
            length=32,
            values_callable=lambda kind: [member.value for member in kind],
        ),
    }

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {getattr(self, 'id', '?')}>"


class Versioned(MappedAsDataclass, kw_only=True, eq=False, repr=False):
    """Mixin: a counter that each UPDATE raises and checks, so that no save is lost unseen."""

    version: Mapped[int] = mapped_column(sa.Integer, init=False, sort_order=100)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 - SQLAlchemy passes the class
        return {"version_id_col": cls.__table__.c.version}  # type: ignore[attr-defined]  # a mapped class


APPEND_ONLY: set[str] = set()
"""Names of the tables that refuse UPDATE and DELETE; the migration tests read it."""

_SQLITE_APPEND_ONLY = (
    "CREATE TRIGGER trg_{t}_no_update BEFORE UPDATE ON {t}\n"
    "BEGIN SELECT RAISE(ABORT, 'append_only:{t}'); END",
    "CREATE TRIGGER trg_{t}_no_delete BEFORE DELETE ON {t}\n"
    "BEGIN SELECT RAISE(ABORT, 'append_only:{t}'); END",
    # INSERT OR REPLACE does not fire DELETE triggers unless recursive_triggers=ON
    "CREATE TRIGGER trg_{t}_no_replace BEFORE INSERT ON {t}\n"
    "WHEN EXISTS (SELECT 1 FROM {t} WHERE id = NEW.id)\n"
    "BEGIN SELECT RAISE(ABORT, 'append_only:{t}'); END",
)
PG_REFUSE_FUNCTION = (
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$\n"
    "BEGIN\n"
    "  RAISE EXCEPTION 'append_only:%', TG_TABLE_NAME\n"
    "    USING ERRCODE = 'restrict_violation', CONSTRAINT = 'append_only', TABLE = TG_TABLE_NAME;\n"
    "END $$"
)
_PG_APPEND_ONLY = (
    "CREATE TRIGGER trg_{t}_append_only BEFORE UPDATE OR DELETE ON {t}\n"
    "FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER trg_{t}_no_truncate BEFORE TRUNCATE ON {t}\n"
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    "ALTER TABLE {t} ENABLE ALWAYS TRIGGER trg_{t}_append_only",
    "ALTER TABLE {t} ENABLE ALWAYS TRIGGER trg_{t}_no_truncate",
)


def run_after_create(table: sa.Table, dialect: str, *statements: str) -> None:
    """Attach DDL that only one database understands to the creation of a table."""
    for statement in statements:
        # DDL() does %-formatting; the library left it untyped.
        ddl = sa.DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
        event.listen(table, "after_create", ddl.execute_if(dialect=dialect))


def append_only(model: type[Base]) -> None:
    """Make the database itself refuse every change of the model's rows, on both engines."""
    table = model.__table__
    assert isinstance(table, sa.Table)
    APPEND_ONLY.add(table.name)
    run_after_create(table, "sqlite", *(s.format(t=table.name) for s in _SQLITE_APPEND_ONLY))
    run_after_create(
        table,
        "postgresql",
        PG_REFUSE_FUNCTION,
        *(s.format(t=table.name) for s in _PG_APPEND_ONLY),
    )
