"""What follows a session of a service: the days on which somebody calls, the clinic's own words."""

from collections.abc import Mapping
from dataclasses import dataclass

from clinic.catalog.values import Modality

FOLLOW_UP_DAYS: dict[Modality, tuple[int, ...]] = {
    Modality.PRP: (1, 7),
    Modality.MESOTHERAPY: (1, 7, 60),
    Modality.CONSULTATION: (),
}
"""Days after a session on which somebody calls (clinical.md 5, follow-up schedule, design default).

Day 60 after a mesotherapy: an infection with mycobacteria began as late as on day 59 [NTM].
"""
LAST_DAY = 400
"""The last day after a session that a call can be planned for."""
LATEST_INFECTION = 59
"""Day after a mesotherapy on which an infection with mycobacteria was still seen to begin [NTM]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepAfter:
    """What is to follow a session of a service: days to call on, the clinic's own words."""

    service_id: int
    version: int
    days: tuple[int, ...]
    words: Mapping[str, str]
    """{language: lines}; empty ones are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """What follows a session of a service, as its page shows it."""

    service_id: int
    version: int
    name: str
    modality: Modality
    days: tuple[int, ...]
    is_shipped: bool
    """Whether the days are those that the program came with."""
    words: Mapping[str, str]
