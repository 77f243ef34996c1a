"""A clinic with somebody treated: what the papers are made of."""

from tests.treatments.conftest import chair

__all__ = ["chair"]
