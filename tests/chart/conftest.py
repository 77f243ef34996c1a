"""The board is booked at the same desk as in the tests of scheduling."""

from tests.scheduling.conftest import desk

__all__ = ["desk"]
