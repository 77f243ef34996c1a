"""Consents as words and commands."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from clinic.core.text import N_


class ConsentKind(StrEnum):
    """What somebody agrees to."""

    PRP = "prp"
    MESOTHERAPY = "mesotherapy"
    PHOTOGRAPHS = "photographs"


CONSENT_NAMES: dict[ConsentKind, str] = {
    ConsentKind.PRP: N_("PRP treatment"),
    ConsentKind.MESOTHERAPY: N_("Mesotherapy treatment"),
    ConsentKind.PHOTOGRAPHS: N_("Photographs for the record"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordConsent:
    """Record a signed consent paper."""

    patient_id: int
    kind: ConsentKind
    text_version: str
    given_on: dt.date
    form_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawConsent:
    """Record that a consent is withdrawn from a day on."""

    consent_id: int
    withdrawn_on: dt.date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A signed paper as it is shown: which text, when, taken by whom, withdrawn when and why."""

    id: int
    kind: ConsentKind
    text_version: str
    given_on: dt.date
    taken_by: str
    recorded_at: dt.datetime
    withdrawn_on: dt.date | None = None
    withdrawn_by: str = ""
    withdrawn_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A version of a consent text as it is offered: of what, its name, since when."""

    kind: ConsentKind
    version_name: str
    in_force_from: dt.date
