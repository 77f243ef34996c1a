"""An empty database of the migrations' own on each engine."""

from pathlib import Path

import pytest

from tests import postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'clinic.sqlite3'}"
    server = request.getfixturevalue("postgres_url")
    return postgres.fresh_database(server, "anagen_migrations")
