"""Two records of one person: what is chosen, what is counted, what is kept of it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from clinic.core.text import N_
from clinic.patients.values import SEX_NAMES, PatientHit, PatientStatus, Sex, Verdict

UNDO_DAYS = 30
"""How long a merge can be taken back."""
FILE, MESSAGES = "file_number", "messages"
FIELDS: dict[str, str] = {
    FILE: N_("File number (this record stays)"),
    "name": N_("Name"),
    "birth_date": N_("Birth date"),
    "sex": N_("Sex"),
    "phone": N_("Phone"),
    "email": N_("E-mail"),
    "address": N_("Address"),
    "language": N_("Language"),
    "note": N_("Note for the desk"),
    MESSAGES: N_("Messages agreed to"),
}
"""What is chosen, one by one, and its name."""
COLUMNS: dict[str, tuple[str, ...]] = {
    "name": ("family_name", "given_name"),
    **{name: (name,) for name in FIELDS if name not in {FILE, "name", MESSAGES}},
}
"""The columns of each choice; the file number stays with its record."""
EVIDENCE = frozenset(
    {
        "patient_fact",
        "consent",
        "screening",
        "treatment_session",
        "contact",
        "side_effect",
        "zone_area",
    }
)
"""Tables whose rows keep the number they were written under and are read through the record that
stays: they are signed, append-only, or say who told what on which record."""
APART = frozenset({"patient_search_key", "patient_pair", "contact_wish"})
"""Tables that are neither moved nor read through: derived, about pairs, or chosen as a field."""
KIND_NAMES: dict[str, str] = {
    "appointment": N_("Visits"),
    "course": N_("Courses"),
    "treatment_session": N_("Sessions"),
    "consent": N_("Consent papers"),
    "patient_fact": N_("Medical facts"),
    "side_effect": N_("Side effects"),
    "contact": N_("Follow-up calls"),
    "photograph": N_("Photographs"),
    "screening": N_("Safety checks"),
    "patient": N_("Records merged earlier"),
    "waiting_entry": N_("Waiting list"),
    "zone_area": N_("Areas of the zones"),
}
FOR_EVERYBODY = frozenset(
    {"appointment", "course", "treatment_session", "consent", "patient", "waiting_entry"}
)
"""Kinds that the desk reads by themselves; the others are one number there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePatients:
    """Join two records, each seen at its version; `choices` is {field: id of the record}."""

    patient_id: int
    other_id: int
    versions: Mapping[int, int]
    choices: Mapping[str, int]
    reason: str

    @property
    def kept_id(self) -> int:
        """Return the record that stays: the one whose file number was chosen."""
        return self.choices.get(FILE, self.patient_id)

    @property
    def gone_id(self) -> int:
        """Return the other one."""
        return self.other_id if self.kept_id == self.patient_id else self.patient_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One field of two records, as words or a date; `default` is which of them is proposed."""

    name: str
    values: tuple[object, object]
    default: int

    @property
    def differs(self) -> bool:
        """Tell whether there is anything to choose."""
        return self.values[0] != self.values[1]

    @property
    def contradicts(self) -> bool:
        """Tell whether both are recorded and differ; an unknown sex says nothing."""
        unknown = ("", SEX_NAMES[Sex.UNKNOWN])
        return self.differs and not any(value in unknown for value in self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many rows of a kind each of two records has."""

    name: str
    counts: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Two visits at one time, one of each record: one person cannot come to both."""

    visit_id: int
    visit: str
    starts_at: dt.datetime
    other_id: int
    other: str
    other_starts_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one record says last about one thing."""

    is_there: bool
    label: str
    """As it was written down; empty where nobody wrote more than the thing."""
    value: str
    """What was measured, with its unit; empty for what is only there or not."""
    on: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """One thing about which two records say different things; for clinicians."""

    name: str
    """Marked for translation, as the catalogue calls it."""
    says: tuple[Said, Said]


@dataclass(frozen=True, slots=True, kw_only=True)
class Likely:
    """Two records that look like one person."""

    one: PatientHit
    other: PatientHit


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What somebody decided about a pair."""

    id: int
    verdict: Verdict
    kept_id: int
    kept: str
    kept_number: str
    gone: str
    gone_id: int
    gone_number: str
    reason: str
    by: str
    decided_at: dt.datetime
    undone_at: dt.datetime | None
    undone_by: str
    undo_until: dt.datetime
    """Of a merge."""
    may_undo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """What undoing a merge would do: fields that go back or stay, and how many rows."""

    fields: tuple[tuple[str, object, bool], ...]
    """(name, value before, whether it goes back)."""
    rows: tuple[tuple[str, int], ...]
    stays: int
    """Visits of the record that went at which a session was begun since."""


STANDING_REFUSED: dict[PatientStatus, str] = {
    PatientStatus.ERASED: N_("One of the records is erased: there is nothing to merge."),
    PatientStatus.MERGED: N_("One of the records was merged meanwhile. Look at the list again."),
}
