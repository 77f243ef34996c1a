"""Reading cannot write, writing is all or nothing, an old row is a stale edit."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import InvalidRequestError

from clinic.accounts.models import Account
from clinic.core.access import Role
from clinic.core.errors import StaleEdit
from clinic.web.database import read, transaction


@pytest.fixture(autouse=True)
def in_app(app, world):
    with app.app_context():
        yield


def name_of(world) -> str:
    return read().get_one(Account, world.accounts[Role.NURSE].id).name


def test_a_read_cannot_write(world):
    read().get_one(Account, world.accounts[Role.NURSE].id).name = "Changed"

    with pytest.raises(RuntimeError, match=r"transaction\(\)"):
        read().flush()


def test_a_look_that_has_ended_takes_no_connection_again(world):
    ended = read()
    with transaction():
        pass

    with pytest.raises(InvalidRequestError, match="permanently closed"):
        ended.get(Account, world.accounts[Role.NURSE].id)


def test_a_writing_unit_is_kept_and_the_next_read_sees_it(world):
    before = name_of(world)

    with transaction() as db:
        db.get_one(Account, world.accounts[Role.NURSE].id).name = "Nora New"

    assert name_of(world) == "Nora New" != before


def test_nothing_of_a_unit_that_failed_has_happened(world):
    before = name_of(world)

    with pytest.raises(ZeroDivisionError), transaction() as db:
        db.get_one(Account, world.accounts[Role.NURSE].id).name = "Nora New"
        db.flush()
        raise ZeroDivisionError

    assert name_of(world) == before


def test_a_row_that_moved_on_between_loading_and_saving_is_a_stale_edit(world):
    with pytest.raises(StaleEdit), transaction() as db:
        nurse = db.get_one(Account, world.accounts[Role.NURSE].id)
        db.execute(
            sa.update(Account)
            .where(Account.id == nurse.id)
            .values(version=Account.version + 1)
            .execution_options(synchronize_session=False)
        )
        nurse.name = "Nora New"
