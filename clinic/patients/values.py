"""Patients as words and commands."""

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
    source_system: str | None = None
    source_id: str | None = None
    deceased_on: dt.date | None = None


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
