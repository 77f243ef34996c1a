"""The tablet in a patient's hands: how it stands, and what the desk may know of the answers."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from clinic.consents.values import ConsentKind


class HandoverState(StrEnum):
    """How a handover of the tablet stands."""

    WAITING = "waiting"
    """Its code may still be typed."""
    OPEN = "open"
    """The patient has the screen."""
    ANSWERED = "answered"
    OVER = "over"


class AskedState(StrEnum):
    """What everybody at the desk may know of the questions before a visit."""

    MISSING = "missing"
    WAITING = "waiting"
    ON_TABLET = "on_tablet"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whether the questions before a visit are answered, without any of the answers."""

    state: AskedState
    at: dt.datetime | None = None
    """Since when the tablet is out, until when its code is good, or when it was sent back."""
    is_today: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToSign:
    """A consent text that can be signed on the tablet, and whether this patient has signed it."""

    text_id: int
    kind: ConsentKind
    version_name: str
    signed_on: dt.date | None
    """None as well when it was withdrawn since."""
