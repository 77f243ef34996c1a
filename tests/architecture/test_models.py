"""What every table and mapping keeps to."""

import enum

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import RelationshipProperty

from clinic import models
from clinic.core.db import APPEND_ONLY, Base

TABLES = list(models.metadata.sorted_tables)
MAPPERS = sorted(Base.registry.mappers, key=lambda mapper: mapper.class_.__name__)
POSTGRESQL_NAME = 63
"""Characters; longer names are cut there, and two may become one."""


def of_table(table: sa.Table) -> str:
    return table.name


def leading_columns(table: sa.Table) -> set[str]:
    """Return the first columns of all indexes, unique constraints and the primary key."""
    indexed = [list(index.columns) for index in table.indexes]
    unique = [
        list(constraint.columns)
        for constraint in table.constraints
        if isinstance(constraint, sa.UniqueConstraint)
    ]
    key = list(table.primary_key.columns)
    return {columns[0].name for columns in [*indexed, *unique, key] if columns}


@pytest.mark.parametrize("mapper", MAPPERS, ids=lambda mapper: mapper.class_.__name__)
def test_a_relationship_never_loads_by_surprise(mapper):
    for relationship in mapper.relationships:
        assert isinstance(relationship, RelationshipProperty)
        assert relationship.lazy in {"raise_on_sql", "write_only"}, relationship.key
        assert relationship.back_populates or not relationship.backref, relationship.key


@pytest.mark.parametrize("table", TABLES, ids=of_table)
def test_an_enum_column_has_a_check_equal_to_its_members(table):
    checks = {
        str(constraint.name): str(constraint.sqltext)
        for constraint in table.constraints
        if isinstance(constraint, sa.CheckConstraint)
    }
    for column in table.columns:
        if isinstance(column.type, sa.Enum):
            kind = column.type.enum_class
            assert kind is not None, column.name
            assert issubclass(kind, enum.StrEnum), column.name
            members = ", ".join(f"'{member.value}'" for member in kind)
            name = f"ck_{table.name}_known_{column.name}"
            assert checks.get(name) == f"{column.name} IN ({members})", column.name
            assert max(len(member.value) for member in kind) <= 32, column.name


@pytest.mark.parametrize("table", TABLES, ids=of_table)
def test_a_foreign_key_says_what_deletion_does_and_is_indexed(table):
    for key in table.foreign_key_constraints:
        assert key.ondelete in {"RESTRICT", "CASCADE"}, key.name
        assert next(iter(key.columns)).name in leading_columns(table), key.name


@pytest.mark.parametrize("table", TABLES, ids=of_table)
def test_names_are_given_and_short_enough_for_postgresql(table):
    named = [*table.constraints, *table.indexes]
    names = [str(one.name) for one in named]

    assert "None" not in names
    assert len(names) == len(set(names))
    assert [name for name in names if len(name) > POSTGRESQL_NAME] == []


def test_the_audit_trail_and_what_follows_it_are_append_only():
    assert {"audit_event", "screening", "release", "appointment_event", "addendum"} <= APPEND_ONLY


def test_every_append_only_table_has_its_guards_on_the_database(connection):
    if connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        guards = ("no_update", "no_delete", "no_replace")
    else:
        # 'A': fires even for a replica's role, which would switch ordinary triggers off.
        query = "SELECT tgname FROM pg_trigger WHERE tgenabled = 'A'"
        guards = ("append_only", "no_truncate")
    present = set(connection.execute(sa.text(query)).scalars())

    missing = {f"trg_{table}_{guard}" for table in APPEND_ONLY for guard in guards} - present

    assert missing == set()


@pytest.mark.parametrize("mapper", MAPPERS, ids=lambda mapper: mapper.class_.__name__)
def test_a_row_shows_no_name_in_a_log(mapper):
    assert mapper.class_.__repr__ is Base.__repr__
