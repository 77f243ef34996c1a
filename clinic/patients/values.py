"""Patients as words, hits, bars and commands."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from clinic.core.text import N_


class Sex(StrEnum):
    """Administrative sex (FHIR administrative-gender)."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


SEX_NAMES: dict[Sex, str] = {
    Sex.FEMALE: N_("Female"),
    Sex.MALE: N_("Male"),
    Sex.OTHER: N_("Other"),
    Sex.UNKNOWN: N_("Not recorded"),
}


class PatientStatus(StrEnum):
    """Whether a record is in use; only active ones can be booked."""

    ACTIVE = "active"
    DECEASED = "deceased"
    MERGED = "merged"
    ARCHIVED = "archived"
    ERASED = "erased"


STATUS_NAMES: dict[PatientStatus, str] = {
    PatientStatus.ACTIVE: N_("Active"),
    PatientStatus.DECEASED: N_("Deceased"),
    PatientStatus.MERGED: N_("Merged"),
    PatientStatus.ARCHIVED: N_("Archived"),
    PatientStatus.ERASED: N_("Erased"),
}

LANGUAGES = (
    "ar", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hi", "hr", "hu", "it", "ja",
    "ku", "nb", "nl", "pl", "ps", "pt", "ro", "ru", "sq", "sr", "sv", "th", "tr", "uk", "ur", "vi",
    "zh",
)  # fmt: skip
"""Languages that a patient may be spoken to in, as ISO 639-1."""


class Channel(StrEnum):
    """The way a patient wants to be written to."""

    NONE = "none"
    EMAIL = "email"
    SMS = "sms"


CHANNEL_NAMES: dict[Channel, str] = {
    Channel.NONE: N_("No messages"),
    Channel.EMAIL: N_("E-mail"),
    Channel.SMS: N_("SMS"),
}

TICK = N_("Tick that the patient has agreed: without that nothing is sent.")
NO_EMAIL = N_("No e-mail address is on file. Write it down first.")
NO_PHONE = N_("No phone number is on file. Write it down first.")


class SearchKind(StrEnum):
    """Kind of a search key (datamodel: names, original script, skeleton, one-typo, phone, file)."""

    NAME = "n"
    ORIGINAL = "o"
    SKELETON = "s"
    DELETES = "d"
    PHONE = "t"
    FILE = "m"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPatient:
    """Register somebody: four fields are enough (family name, given name, birth date, phone)."""

    family_name: str
    given_name: str
    birth_date: dt.date | None
    phone: str
    """E.164, or empty."""
    sex: Sex = Sex.UNKNOWN
    email: str = ""
    address: str = ""
    language: str = "en"
    note: str = ""
    form_key: str | None = None
    file_number: str = ""
    """Of a file that exists already, from an import; empty: the system gives one."""
    source_system: str | None = None
    source_id: str | None = None
    deceased_on: dt.date | None = None
    channel: Channel = Channel.NONE
    """By which messages the patient agreed to be written to, today."""
    look_alikes_seen: frozenset[int] | None = None
    """Who was shown as perhaps the same person: anybody else alike refuses. None: do not look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePatient:
    """Change identity and contact of a patient, seen at `version`."""

    patient_id: int
    version: int
    family_name: str
    given_name: str
    birth_date: dt.date | None
    phone: str
    sex: Sex
    email: str
    address: str
    language: str
    note: str


class Verdict(StrEnum):
    """What somebody decided about two records that look like one person."""

    ONE = "one"
    TWO = "two"


class Likeness(StrEnum):
    """Why somebody on file may be the person who is being registered."""

    PHONE = "phone"
    BIRTH_DATE_AND_NAME = "birth_date_and_name"


LIKENESS_NAMES: dict[Likeness, str] = {
    Likeness.PHONE: N_("Same phone number"),
    Likeness.BIRTH_DATE_AND_NAME: N_("Same birth date, similar name"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """Who somebody was on a record that was merged into another."""

    family_name: str
    given_name: str
    phone: str
    file_number: str

    @property
    def name(self) -> str:
        """Return given and family name."""
        return full_name(self.given_name, self.family_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientHit:
    """Somebody found by a search: enough to tell people apart, nothing clinical."""

    id: int
    family_name: str
    given_name: str
    born: dt.date | None
    sex: Sex
    phone: str
    file_number: str
    status: PatientStatus
    aliases: tuple["Alias", ...] = ()
    """Other names, phones and numbers of the same person, from records that were merged."""
    next_at: dt.datetime | None = None
    """When the next visit begins; None without one, and where visits are not asked for."""
    is_held: bool = False
    """Something stands in the way of the next visit; said without what it is."""
    likeness: tuple[Likeness, ...] = ()
    """Of a possible double: what is alike."""

    @property
    def name(self) -> str:
        """Return given and family name."""
        return full_name(self.given_name, self.family_name)

    @property
    def phone_tail(self) -> str:
        """Return the last four digits of the phone number; empty without one."""
        return self.phone[-4:]

    @property
    def is_bookable(self) -> bool:
        """Tell whether visits may be booked: not for the dead, merged, archived or erased."""
        return self.status is PatientStatus.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientWarning:
    """One chip of the bar: a level of the safety check and words that this role may read."""

    level: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientBar:
    """Who a page is about: identity, and what stands in the way of a treatment."""

    id: int
    name: str
    born: dt.date | None
    age: int | None
    """On the day of the page; None without a birth date, and for the dead."""
    sex: str
    """Marked for translation."""
    file_number: str
    status: str
    """Marked for translation; empty for an active patient."""
    phone: str
    """E.164, or empty."""
    url: str = ""
    warnings: tuple[PatientWarning, ...] = ()


def full_name(given_name: str, family_name: str) -> str:
    """Return the name as it is spoken: given name first."""
    return f"{given_name} {family_name}".strip()


def initials_of(given_name: str, family_name: str) -> str:
    """Return "L. D." of Leyla Demir, for a screen that others can see."""
    return " ".join(f"{name[:1]}." for name in (given_name, family_name) if name)
