"""What is typed and not kept yet, and who said a line of the time-out, as values."""

import datetime as dt
from dataclasses import dataclass

from clinic.treatments.values import DraftStep, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Who said a line of the time-out, and when."""

    by: str
    at: dt.datetime


Fields = tuple[tuple[str, str], ...]
"""A form as it was sent: names and raw texts in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What is typed into a form and not kept yet."""

    tab: str
    seq: int
    account_id: int
    by: str
    typed_on: int
    """The version that the form was filled in on."""
    fields: Fields
    saved_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepTyped:
    """Keep what is typed into a form as it is, filled in on `version`; `seq` rises on a page."""

    session_id: int
    step: DraftStep
    page: Page
    version: int
    seq: int
    fields: Fields
    takes_over: bool = False
