"""The board is booked at the same desk as in the tests of scheduling."""

from tests.scheduling.conftest import desk, statements

__all__ = ["desk", "statements"]
