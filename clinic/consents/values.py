"""Consents as words and commands."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from clinic.core.text import N_


class ConsentKind(StrEnum):
    """What a text is about."""

    PRP = "prp"
    MESOTHERAPY = "mesotherapy"
    PHOTOGRAPHS = "photographs"


CONSENT_NAMES: dict[ConsentKind, str] = {
    ConsentKind.PRP: N_("PRP treatment"),
    ConsentKind.MESOTHERAPY: N_("Mesotherapy treatment"),
    ConsentKind.PHOTOGRAPHS: N_("Photographs"),
}


class Scope(StrEnum):
    """One thing that somebody agrees to, with a tick of its own."""

    TREATMENT = "treatment"
    PHOTO_RECORD = "photo_record"
    PHOTO_TEACHING = "photo_teaching"
    PHOTO_PUBLICATION = "photo_publication"


PHOTO_SCOPES = (Scope.PHOTO_RECORD, Scope.PHOTO_TEACHING, Scope.PHOTO_PUBLICATION)
SCOPE_NAMES: dict[Scope, str] = {
    Scope.TREATMENT: N_("The treatment"),
    Scope.PHOTO_RECORD: N_("Photographs for the record"),
    Scope.PHOTO_TEACHING: N_("Photographs for teaching"),
    Scope.PHOTO_PUBLICATION: N_("Photographs for publication"),
}


def offered(kind: ConsentKind) -> tuple[Scope, ...]:
    """Return what a text of a kind asks, in the order of its ticks."""
    return PHOTO_SCOPES if kind is ConsentKind.PHOTOGRAPHS else tuple(Scope)


class SignedHow(StrEnum):
    """How somebody signed."""

    PAPER = "paper"
    DRAWN = "drawn"
    """With the finger on the clinic's tablet."""
    TYPED = "typed"
    """A typed name and an explicit tick, for who cannot draw."""


SIGNED_HOW_NAMES: dict[SignedHow, str] = {
    SignedHow.PAPER: N_("On paper"),
    SignedHow.DRAWN: N_("Drawn on the tablet"),
    SignedHow.TYPED: N_("Typed name on the tablet"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordConsent:
    """Record a signed consent paper; `photos` are the ticks for photographs on it."""

    patient_id: int
    kind: ConsentKind
    text_version: str
    given_on: dt.date
    language: str
    """In which the text on the paper is written."""
    signer: str
    guardian: str = ""
    """As what somebody else signed for the patient; empty for the patient."""
    interpreter: str = ""
    photos: frozenset[Scope] = frozenset()
    form_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawConsent:
    """Record that scopes of a consent are withdrawn from a day on."""

    consent_id: int
    scopes: frozenset[Scope]
    withdrawn_on: dt.date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignWithdrawal:
    """Withdraw, from today on, scopes of all that stands; `strokes` None is a typed name."""

    kind: ConsentKind
    """Of which the treatment is withdrawn, where it is among the scopes."""
    patient_id: int
    scopes: frozenset[Scope]
    reason: str
    signer: str
    guardian: str
    strokes: list[list[int]] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """One scope that was withdrawn: from which day on, why, written down or witnessed by whom."""

    on: dt.date
    reason: str
    by: str
    signer: str = ""
    """Who signed it on the tablet; empty for what was said at the desk."""
    guardian: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A signed paper as it is shown: which text, what was agreed to, when, taken by whom."""

    id: int
    kind: ConsentKind
    service_id: int | None
    """Of a text that is for one service."""
    text_version: str
    given_on: dt.date
    taken_by: str
    recorded_at: dt.datetime
    given: tuple[Scope, ...]
    """What was agreed to then, in the order of the ticks."""
    signed_how: SignedHow
    language: str
    """In which it was read; empty for a paper that was recorded before that was kept."""
    signer: str
    """Empty as well."""
    guardian: str
    withdrawals: Mapping[Scope, Withdrawal]

    @property
    def standing(self) -> tuple[Scope, ...]:
        """Return what is not withdrawn."""
        return tuple(scope for scope in self.given if scope not in self.withdrawals)

    @property
    def withdrawn_on(self) -> dt.date | None:
        """Return since when it does not count: its treatment, or all of it, is withdrawn."""
        if Scope.TREATMENT in self.given:
            withdrawn = self.withdrawals.get(Scope.TREATMENT)
            return withdrawn.on if withdrawn else None
        return None if self.standing else max(one.on for one in self.withdrawals.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A version of a consent text as it is offered: of what, its name, since when."""

    id: int
    kind: ConsentKind
    service_id: int | None
    """None: for every service of its kind that has no text of its own."""
    version_name: str
    in_force_from: dt.date
    has_words: bool
    """Of a service's own: without, the text is taken back, and that of its kind counts again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeTextBack:
    """Let the text of its kind count again for a service from a day on."""

    text_id: int
    in_force_from: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftText:
    """Write one language of the next version of a text; `version` is what was seen, 0 for none."""

    kind: ConsentKind
    language: str
    said: Mapping[str, str]
    """{element: text}; all of them empty takes the language out."""
    version: int
    service_id: int | None = None
    """None: for every service of the kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PutInForce:
    """Put a draft in force from a day on, as it was seen at `version`."""

    text_id: int
    version: int
    in_force_from: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class SignConsent:
    """Sign a text as it was read on the tablet; `strokes` None is a typed name."""

    text_id: int
    patient_id: int
    language: str
    photos: frozenset[Scope]
    signer: str
    guardian: str
    interpreter: str
    strokes: list[list[int]] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of a text as its list shows it."""

    id: int
    kind: ConsentKind
    service_id: int | None
    version_name: str
    in_force_from: dt.date | None
    approved_by: str
    approved_at: dt.datetime | None
    languages: tuple[str, ...]
    """In which it has words; none for a text that is kept on paper."""
