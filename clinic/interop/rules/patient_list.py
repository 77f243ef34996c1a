"""From a clinic's own list of patients, one a line, to registrations. Pure.

The columns are described in docs/import.md.
"""

import datetime as dt
import hashlib

from email_validator import EmailNotValidError, validate_email
from phonenumbers import (
    NumberParseException,
    PhoneNumberFormat,
    format_number,
    is_possible_number,
    parse,
)

from clinic.core import folding
from clinic.core.text import N_
from clinic.interop.rules import cells
from clinic.interop.values import LineRefused, PatientLine, Plan, Row, Table, remark
from clinic.patients.values import LANGUAGES, RegisterPatient

SYSTEM = "csv"
REQUIRED = ("family_name",)
COLUMNS = (
    "file_number",
    "family_name",
    "given_name",
    "birth_date",
    "sex",
    "phone",
    "email",
    "address",
    "language",
    "note",
)


def translate(table: Table, *, country: str, today: dt.date, language: str) -> Plan:
    """Return whom the list asks to register, and each line that cannot be taken with the reason."""
    found: dict[str, PatientLine] = {}
    people: dict[str, PatientLine] = {}
    refused = list(table.refused)
    for row in table.rows:
        try:
            person = _person(table.name, row, country=country, today=today, language=language)
            _refuse_doubled(person, found, people)
        except LineRefused as why:
            refused.append(remark(table.name, row.line, why))
        else:
            found[person.source_id] = person
            people[identity(person.wish)] = person
    return Plan(system=SYSTEM, patients=tuple(found.values()), refused=tuple(refused))


def identity(wish: RegisterPatient) -> str:
    """Return what makes two lines the same person: folded name, and birth date or else phone."""
    born = wish.birth_date.isoformat() if wish.birth_date else wish.phone
    names = (folded_name(wish.family_name), folded_name(wish.given_name), born)
    return f"id:{hashlib.sha256('|'.join(names).encode()).hexdigest()[:32]}"


def folded_name(name: str) -> str:
    """Return a name so that its case, accents and hyphens do not matter."""
    return " ".join(folding.fold(word) for word in folding.tokens(name))


def _refuse_doubled(
    person: PatientLine, found: dict[str, PatientLine], people: dict[str, PatientLine]
) -> None:
    before = found.get(person.source_id)
    if before is not None and person.wish.file_number:
        raise LineRefused(N_("the same file number as in line %(line)s"), line=before.line)
    before = people.get(identity(person.wish))
    if before is not None:
        raise LineRefused(N_("the same person as in line %(line)s"), line=before.line)


def _person(file: str, row: Row, *, country: str, today: dt.date, language: str) -> PatientLine:
    number = cells.text(row, "file_number", most=20)
    if number.startswith("~"):
        raise LineRefused(N_("file_number must not begin with “~”"))
    wish = RegisterPatient(
        file_number=number,
        family_name=cells.text(row, "family_name", most=120, is_required=True),
        given_name=cells.text(row, "given_name", most=120),
        birth_date=cells.day(row, "birth_date", today=today),
        sex=cells.sex(row, "sex"),
        phone=_phone(row["phone"], country),
        email=_email(row["email"]),
        address=cells.text(row, "address", most=300),
        language=_language(row["language"], language),
        note=cells.text(row, "note", most=400),
        source_system=SYSTEM,
    )
    source_id = f"file:{number}" if number else identity(wish)
    return PatientLine(file=file, line=row.line, source_id=source_id, wish=wish)


def _phone(cell: str, country: str) -> str:
    if not cell:
        return ""
    try:
        number = parse(folding.ascii_digits(cell), country)
    except NumberParseException:
        raise LineRefused(N_("phone is no phone number")) from None
    if not is_possible_number(number):
        raise LineRefused(N_("phone is too short or too long"))
    written: str = format_number(number, PhoneNumberFormat.E164)
    return written


def _email(cell: str) -> str:
    if not cell:
        return ""
    try:
        return validate_email(cell, check_deliverability=False).normalized
    except EmailNotValidError:
        raise LineRefused(N_("email is no e-mail address")) from None


def _language(cell: str, usual: str) -> str:
    if not cell:
        return usual if usual in LANGUAGES else "en"
    code = cell.casefold().replace("_", "-").split("-")[0]
    if code not in LANGUAGES:
        raise LineRefused(N_("language must be one of %(known)s"), known=", ".join(LANGUAGES))
    return code
