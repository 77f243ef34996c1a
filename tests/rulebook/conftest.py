"""Rules as released and in force, and the people who change them."""

import pytest

from tests.accounts.conftest import password_hash
from tests.safety.conftest import known, patient
from tests.world import World

__all__ = ["known", "password_hash", "patient"]


@pytest.fixture
def unapproved(app, db) -> World:
    """A clinic in which no physician has approved the rules yet."""
    return World(app, db, is_approved=False)
