"""What is signed is refused by the database itself: every table of the session, every verb."""

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from clinic import models
from clinic.treatments.models import SessionDraft
from clinic.treatments.values import DraftStep
from tests.conftest import NOW
from tests.treatments.test_mixing import anothers_session

BESIDE = {"addendum", "contact", "incident", "opened_vial", "side_effect", "stock_movement"}
"""What comes with or after a signature: appended, or a record of its own."""
PARTS = sorted(
    table.name
    for table in models.metadata.tables.values()
    if table.name not in BESIDE
    and any(key.column.table.name == "treatment_session" for key in table.foreign_keys)
)


def refused(db, statement) -> bool:
    with pytest.raises(DBAPIError) as failure, db.begin_nested():
        db.execute(statement)
    return "signed" in str(failure.value.orig)


def test_the_tables_of_a_session_are_known():
    assert {"injection_site", "lot_use", "prp_preparation", "prp_spin", "session_draft"} <= set(
        PARTS
    )


@pytest.mark.parametrize("name", PARTS)
def test_a_row_of_a_signed_session_is_neither_changed_nor_deleted_nor_added(chair, db, name):
    table = models.metadata.tables[name]
    session = chair.signed()
    row = db.execute(sa.select(table).where(table.c.session_id == session.id)).first()
    if row is None:
        row = _row_of_a_draft(db, table, chair)
    like_it = {key: value for key, value in row._mapping.items() if key != "id"}

    assert refused(db, sa.insert(table).values({**like_it, "session_id": session.id}))
    own = table.c.session_id == session.id
    if db.scalar(sa.select(sa.func.count()).select_from(table).where(own)):
        assert refused(db, sa.update(table).where(own).values(session_id=session.id))
        assert refused(db, sa.delete(table).where(own))


@pytest.mark.parametrize("name", PARTS)
def test_no_row_of_a_draft_is_moved_into_a_signed_session(chair, db, name):
    table = models.metadata.tables[name]
    signed = chair.signed()
    draft = anothers_session(chair, chair.book(dt.datetime(2026, 11, 23, 15, 0)))
    chair.save(draft, chair.whole())
    if name == SessionDraft.__tablename__:
        row = _row_of_a_draft(db, table, chair)._mapping
        db.execute(sa.insert(table).values(**row, session_id=draft.id))
    own = table.c.session_id == draft.id
    assert db.scalar(sa.select(sa.func.count()).select_from(table).where(own))

    assert refused(db, sa.update(table).where(own).values(session_id=signed.id))


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_the_session_itself_is_neither_changed_nor_deleted(chair, db, verb):
    table = models.metadata.tables["treatment_session"]
    own = table.c.id == chair.signed().id

    change = sa.update(table).values(state="draft") if verb == "update" else sa.delete(table)
    assert refused(db, change.where(own))


def _row_of_a_draft(db, table, chair):
    """A row as it would be: of what is typed nothing is left when a session is signed."""
    assert table.name == SessionDraft.__tablename__
    values = {
        "step": DraftStep.SESSION,
        "account_id": chair.actor().id,
        "tab": "t",
        "seq": 1,
        "typed_on": 1,
        "fields": [],
        "saved_at": NOW,
    }
    return type("Row", (), {"_mapping": values})()
