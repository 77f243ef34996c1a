"""A database of one's own, in which units of work really commit."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from clinic import models
from clinic.audit.service import chain_key
from clinic.core.engine import Sessions, make_engine
from tests.conftest import SECRET
from tests.postgres import fresh_database


@pytest.fixture(params=["sqlite", "postgresql"])
def own_engine(request: pytest.FixtureRequest, tmp_path) -> Iterator[sa.Engine]:
    if request.param == "sqlite":
        engine = make_engine(f"sqlite:///{tmp_path / 'clinic.sqlite3'}")
    else:
        server = request.getfixturevalue("postgres_url")
        engine = make_engine(fresh_database(server, "anagen_audit"))
    models.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def own_sessions(own_engine: sa.Engine) -> Sessions:
    return Sessions(own_engine, info={"audit_key": chain_key(SECRET)})
