"""People with real passwords, and browsers that sign in with them."""

import pytest
import sqlalchemy as sa

from clinic.accounts import passwords
from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from tests.world import Visitor

PASSWORD = "seven copper kettles sing"


@pytest.fixture(scope="session")
def password_hash() -> str:
    return passwords.make_hash(PASSWORD)


@pytest.fixture
def nurse(world, db, password_hash):
    """The nurse's account, with the password PASSWORD."""
    account = world.accounts[Role.NURSE]
    account.password_hash = password_hash
    db.flush()
    return account


def sign_in(visitor: Visitor, login: str, password: str = PASSWORD, **options):
    """Send the sign-in form with a fresh token."""
    forget_token(visitor)
    page = options.pop("url", "/sign-in")
    return visitor.post(page, {"login": login, "password": password}, **options)


def forget_token(visitor: Visitor) -> None:
    """Make the next post fetch the token of the session as it is now."""
    visitor._token = ""


def actions(db) -> list[str]:
    """Return what was audited since the clinic of the test was made."""
    is_later = AuditEvent.action != "rules.approved"
    return list(db.scalars(sa.select(AuditEvent.action).where(is_later).order_by(AuditEvent.id)))
