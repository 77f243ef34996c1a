"""The same chair, lots and patient as the sessions are tested with."""

from tests.treatments.conftest import chair

__all__ = ["chair"]
