"""What papers are made of: plain values, read before anything is drawn."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clinic.catalog.values import Modality
from clinic.consents.values import ConsentKind, Paper, Scope, SignedHow
from clinic.safety.values import Message
from clinic.treatments.mix_values import LotLine
from clinic.treatments.named import Named
from clinic.treatments.preparation_values import Preparation, Spin
from clinic.treatments.typed import Stamp
from clinic.treatments.values import Content, TimeOut, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Whose paper it is, and of which place; nothing clinical."""

    clinic: str
    address: str
    phone: str
    emergency_phone: str
    patient: str
    born: dt.date | None
    file_number: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A visit to come."""

    starts_local: dt.datetime
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftercare:
    """What the sheet for the days after a visit holds: no more of it than its service."""

    whose: Whose
    service: str
    modality: Modality
    on: dt.date
    calls: Sequence[tuple[dt.date, dt.date]]
    """First and last day of each call."""
    own_words: Mapping[str, str]
    """{language: lines} that the clinic adds."""
    visits: Sequence[Coming]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedConsent:
    """A consent as it was signed, with what was withdrawn since."""

    patient_id: int
    whose: Whose
    paper: Paper
    kind: ConsentKind
    offered: Sequence[Scope]
    said: Sequence[tuple[str, str]]
    """(heading, words) in the language that was read; empty for one on paper."""
    language: str
    signed_how: SignedHow
    signer: str
    guardian: str
    interpreter: str
    strokes: Sequence[Sequence[int]]
    approved_by: str
    in_force_from: dt.date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """One line of advice: its words by language, its source and how well it is founded."""

    code: str
    source: str
    status: str
    applies_to: Sequence[str]
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """How blood became PRP in a session, with the names of who did each step."""

    content: Preparation
    drawn_by: str
    obtained_by: str
    identity_at: dt.datetime | None
    identity_by: str
    wrong_tubes: Sequence[Stamp]
    """When another patient's tube was read at this chair, and by whom."""
    tube_code: str
    labels_printed: int
    spins: Sequence[tuple[Spin, str, str]]
    """Each with who began and who stopped it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """A session, draft or signed, with everything that was ever added to it."""

    whose: Whose
    named: Named
    """What it names: once signed, as it was said on the day."""
    is_signed: bool
    is_aborted: bool
    abort_reason: str
    written_later: str
    """Why it was written only when the visit was over; empty: it was written at the chair."""
    outside: Sequence[Message]
    """What was given outside of the limits."""
    outside_reason: str
    is_intact: bool
    content: Content
    prepared: Prepared | None
    """None of a session in which no blood is drawn."""
    map_version: str
    lots: Sequence[LotLine]
    addenda: Sequence[Words]
    time_out: Mapping[TimeOut, Stamp]
    started_at: dt.datetime
    ended_at: dt.datetime | None
    first_point_at: dt.datetime | None
    mixed_at: dt.datetime | None
    signed_at: dt.datetime | None
    performer: str
    signed_by: str
    content_hash: str
    releases: Sequence[tuple[str, str]]
    """(who released a finding for this visit, the reason)."""
    further: Sequence[tuple[str, str]]
    """(column, value) of what is signed and has no place of its own on the paper yet."""
