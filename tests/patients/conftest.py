"""People who are registered as the desk does it, so that they can be found."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from clinic.core.access import Role
from clinic.patients import service
from clinic.patients.models import Patient
from clinic.patients.values import RegisterPatient
from tests.world import World

Register = Callable[..., Patient]


def wish(**changes: Any) -> RegisterPatient:
    return RegisterPatient(
        **{
            "family_name": "Müller",
            "given_name": "Anna",
            "birth_date": dt.date(1985, 4, 12),
            "phone": "+4915112345678",
            **changes,
        }
    )


@pytest.fixture
def register(world: World, db: Session) -> Register:
    def make(family_name: str, given_name: str = "Alice", **changes: Any) -> Patient:
        names = {"family_name": family_name, "given_name": given_name}
        given = wish(**{"phone": "", **names, **changes})
        return service.register(db, world.actor(Role.RECEPTIONIST), given)

    return make


@pytest.fixture
def desk(world: World) -> FlaskClient:
    return world.as_role(Role.RECEPTIONIST)


@contextmanager
def statements(connection: sa.Connection) -> Iterator[list[str]]:
    """Collect the statements that go to the database, savepoints left out."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "SAVEPOINT" not in statement:
            seen.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(connection, "before_cursor_execute", note)
