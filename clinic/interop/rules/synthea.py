"""From the CSV files of Synthea to patients and dated facts in our own codes. Pure.

What no rule knows is kept with a code made of its words, so that nothing is lost and clinicians
read it; each such medicine and allergy stays a thing of its own.
"""

import datetime as dt
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from clinic.core.text import N_
from clinic.interop.rules import cells
from clinic.interop.values import (
    FactLine,
    LineRefused,
    PatientLine,
    Plan,
    Remark,
    Row,
    Table,
    remark,
)
from clinic.patients.rules import age_on
from clinic.patients.values import RegisterPatient
from clinic.safety.rules.codes import Codes
from clinic.safety.values import FactKind, FactSource, RecordFact

SYSTEM = "synthea"
PATIENTS = "patients.csv"
COLUMNS: Mapping[str, tuple[str, ...]] = {
    PATIENTS: ("Id", "BIRTHDATE", "DEATHDATE", "FIRST", "LAST", "GENDER"),
    "conditions.csv": ("START", "STOP", "PATIENT", "ENCOUNTER", "CODE", "DESCRIPTION"),
    "medications.csv": ("START", "STOP", "PATIENT", "ENCOUNTER", "CODE", "DESCRIPTION"),
    "allergies.csv": ("START", "STOP", "PATIENT", "ENCOUNTER", "CODE", "DESCRIPTION"),
    "immunizations.csv": ("DATE", "PATIENT", "ENCOUNTER", "CODE", "DESCRIPTION"),
    "observations.csv": (
        "DATE", "PATIENT", "ENCOUNTER", "CODE", "DESCRIPTION", "VALUE", "UNITS",
    ),
}  # fmt: skip
"""The files that are read, patients first, and the columns that each must have."""

VACCINE = "vaccine"
_GROWN_UP = 18
_LABEL, _REPORTED, _CODE, _UNIT, _KEY = 200, 60, 60, 20, 120
_TAG = re.compile(r" \((?:disorder|finding|substance|organism|situation|person|procedure)\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a line is read with."""

    codes: Codes
    zone: str
    today: dt.date
    born: Mapping[str, dt.date | None]
    """Birth dates of the patients in the files, by the source's id."""


def translate(
    tables: Mapping[str, Table], *, codes: Codes, zone: str, today: dt.date, language: str
) -> Plan:
    """Return what the files ask for, and each line that cannot be taken with the reason."""
    refused = [one for table in tables.values() for one in table.refused]
    patients, bad = _people(tables[PATIENTS], zone=zone, today=today, language=language)
    refused += bad
    born = {person.source_id: person.wish.birth_date for person in patients}
    around = Around(codes=codes, zone=zone, today=today, born=born)
    facts: list[FactLine] = []
    repeated = 0
    for name, read in _READERS.items():
        if name not in tables:
            continue
        found, bad, again = _facts(tables[name], read, around)
        facts += found
        refused += bad
        repeated += again
    return Plan(
        system=SYSTEM,
        patients=tuple(patients),
        facts=tuple(facts),
        refused=tuple(refused),
        absent=tuple(name for name in COLUMNS if name not in tables),
        repeated=repeated,
    )


def _people(
    table: Table, *, zone: str, today: dt.date, language: str
) -> tuple[list[PatientLine], list[Remark]]:
    found: dict[str, PatientLine] = {}
    refused: list[Remark] = []
    for row in table.rows:
        try:
            person = _person(row, zone=zone, today=today, language=language)
            _refuse_known(person, found)
        except LineRefused as why:
            refused.append(remark(table.name, row.line, why))
        else:
            found[person.source_id] = person
    return list(found.values()), refused


def _refuse_known(person: PatientLine, found: Mapping[str, PatientLine]) -> None:
    if person.source_id in found:
        raise LineRefused(
            N_("the same patient as in line %(line)s"), line=found[person.source_id].line
        )


def _person(row: Row, *, zone: str, today: dt.date, language: str) -> PatientLine:
    source_id = cells.text(row, "Id", most=80, is_required=True)
    born = cells.past(row, "BIRTHDATE", zone=zone, today=today)
    died = cells.past(row, "DEATHDATE", zone=zone, today=today) if row["DEATHDATE"] else None
    if died is not None and died < born:
        raise LineRefused(N_("DEATHDATE lies before BIRTHDATE"))
    place = " ".join(filter(None, (row["STATE"], row["ZIP"])))
    address = ", ".join(filter(None, (row["ADDRESS"], row["CITY"], place)))
    return PatientLine(
        file=PATIENTS,
        line=row.line,
        source_id=source_id,
        wish=RegisterPatient(
            family_name=cells.text(row, "LAST", most=120, is_required=True),
            given_name=cells.text(row, "FIRST", most=120),
            birth_date=born,
            phone="",
            sex=cells.sex(row, "GENDER"),
            address=address[:300],
            language=language,
            source_system=SYSTEM,
            source_id=source_id,
            deceased_on=died,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A fact as one line tells it."""

    kind: FactKind
    code: str | None
    """None: no rule knows it."""
    label: str
    began_on: dt.date | None
    ended_on: dt.date | None
    noted_on: dt.date
    value_milli: int | None = None
    unit: str | None = None
    as_reported: str = ""


def _facts(
    table: Table, read: Callable[[Row, Around], _Read], around: Around
) -> tuple[list[FactLine], list[Remark], int]:
    found: list[FactLine] = []
    refused: list[Remark] = []
    seen: set[tuple[tuple[str, str], ...]] = set()
    keys: Counter[tuple[str, str]] = Counter()
    for row in table.rows:
        whole = tuple(sorted(row.cells.items()))
        if whole in seen:
            continue
        seen.add(whole)
        try:
            fact = _read_of_somebody(row, read, around)
        except LineRefused as why:
            refused.append(remark(table.name, row.line, why))
            continue
        key = _source_key(table.name, row)
        keys[row["PATIENT"], key] += 1
        nth = keys[row["PATIENT"], key]
        found.append(_fact_line(table.name, row, fact, key if nth == 1 else f"{key}#{nth}"))
    return found, refused, len(table.rows) - len(seen)


def _read_of_somebody(row: Row, read: Callable[[Row, Around], _Read], around: Around) -> _Read:
    """Read a line whose patient is known, and refuse what was before the patient was born."""
    if row["PATIENT"] not in around.born:
        raise LineRefused(N_("its patient is not in patients.csv, or was refused there"))
    fact = read(row, around)
    born = around.born[row["PATIENT"]]
    if born is not None and min(fact.began_on or fact.noted_on, fact.noted_on) < born:
        raise LineRefused(N_("it lies before the patient's birth"))
    return fact


def _source_key(file: str, row: Row) -> str:
    """Return what names a line again in a later export: when, in which encounter, what."""
    started = row["START"] or row["DATE"]
    parts = (SYSTEM, file.removesuffix(".csv"), row["ENCOUNTER"], row["CODE"], started)
    key = ":".join(parts)
    if len(key) <= _KEY - len("#9999"):
        return key
    return f"{SYSTEM}:{hashlib.sha256(key.encode()).hexdigest()}"


def _fact_line(file: str, row: Row, fact: _Read, source_key: str) -> FactLine:
    return FactLine(
        file=file,
        line=row.line,
        source_id=row["PATIENT"],
        is_known=fact.code is not None,
        wish=RecordFact(
            patient_id=0,
            kind=fact.kind,
            code=fact.code or own_code(_TAG.sub("", row["DESCRIPTION"])),
            label=fact.label[:_LABEL],
            began_on=fact.began_on,
            ended_on=fact.ended_on,
            noted_on=fact.noted_on,
            value_milli=fact.value_milli,
            unit=fact.unit,
            as_reported=fact.as_reported[:_REPORTED],
            source=FactSource.IMPORTED,
            source_key=source_key,
        ),
    )


def own_code(description: str) -> str:
    """Return a code of what no rule knows, made of its words; never one of the catalogue's."""
    slug = re.sub(r"[^a-z0-9]+", "_", description.casefold()).strip("_")
    if len(slug) > _CODE - len("other_"):
        mark = hashlib.sha256(slug.encode()).hexdigest()[:8]
        slug = f"{slug[: _CODE - len('other__') - len(mark)]}_{mark}"
    return f"other_{slug or 'unnamed'}"


def _span(row: Row, around: Around) -> tuple[dt.date, dt.date | None, dt.date]:
    """Return beginning, end and the last day that the line speaks of.

    An open record was last stated when it began: after a year the check asks whether it holds.
    """
    began = cells.past(row, "START", zone=around.zone, today=around.today)
    ended = cells.moment(row, "STOP", zone=around.zone)
    if ended is not None and ended < began:
        raise LineRefused(N_("STOP lies before START"))
    return began, ended, began if ended is None else max(began, min(ended, around.today))


def _description(row: Row) -> str:
    if not row["DESCRIPTION"]:
        raise LineRefused(N_("%(column)s is empty"), column="DESCRIPTION")
    return row["DESCRIPTION"]


def _condition(row: Row, around: Around) -> _Read:
    began, ended, noted = _span(row, around)
    words = _description(row)
    code = around.codes.classify_condition(row["CODE"], words)
    concept = around.codes.concept(code) if code else None
    return _Read(
        kind=concept.kind if concept else FactKind.CONDITION,
        code=code,
        label=_TAG.sub("", words),
        began_on=began,
        ended_on=ended,
        noted_on=noted,
    )


def _medication(row: Row, around: Around) -> _Read:
    began, ended, noted = _span(row, around)
    words = _description(row)
    return _Read(
        kind=FactKind.MEDICATION,
        code=around.codes.classify_medicine(words, row["CODE"]),
        label=words,
        began_on=began,
        ended_on=ended,
        noted_on=noted,
    )


def _allergy(row: Row, around: Around) -> _Read:
    began, ended, noted = _span(row, around)
    words = _TAG.sub("", _description(row))
    kind = " (intolerance)" if row["TYPE"].casefold() == "intolerance" else ""
    reactions = [
        f"{_TAG.sub('', row[f'DESCRIPTION{n}'])} ({row[f'SEVERITY{n}'].casefold() or '?'})"
        for n in (1, 2)
        if row[f"DESCRIPTION{n}"]
    ]
    return _Read(
        kind=FactKind.ALLERGY,
        code=around.codes.classify_allergy(row["CODE"], row["DESCRIPTION"]),
        label=f"{words}{kind}" + (f": {', '.join(reactions)}" if reactions else ""),
        began_on=began,
        ended_on=ended,
        noted_on=noted,
    )


def _immunization(row: Row, around: Around) -> _Read:
    on = cells.past(row, "DATE", zone=around.zone, today=around.today)
    return _Read(
        kind=FactKind.MEDICATION,
        code=VACCINE,
        label=_description(row),
        began_on=on,
        ended_on=on,
        noted_on=on,
    )


def _observation(row: Row, around: Around) -> _Read:
    on = cells.past(row, "DATE", zone=around.zone, today=around.today)
    words, unit = _description(row), row["UNITS"]
    value = _number(row["VALUE"])
    code = around.codes.lab_for(row["CODE"])
    concept = around.codes.concept(code) if code else None
    reported = f"{row['VALUE']} {unit}".strip()
    if code is None or concept is None:
        is_vital = row["CATEGORY"].casefold() == "vital-signs"
        milli = None if value is None or not unit or len(unit) > _UNIT else _exact_milli(value)
        return _Read(
            kind=FactKind.VITAL if is_vital else FactKind.LAB,
            code=None,
            label=words if milli is not None else f"{words}: {reported}",
            began_on=None,
            ended_on=None,
            noted_on=on,
            value_milli=milli,
            unit=None if milli is None else unit,
            as_reported=reported,
        )
    if value is None:
        raise LineRefused(N_("%(name)s has no number in VALUE"), name=concept.name)
    milli = around.codes.to_canonical(code, value, unit)
    if milli is None:
        raise LineRefused(
            N_("the unit “%(unit)s” is not known for %(name)s"), unit=unit, name=concept.name
        )
    if not around.codes.is_plausible(code, milli) and not _is_childs_weight(
        code, milli, row, around, on
    ):
        raise LineRefused(
            N_("%(value)s cannot be a value of %(name)s"), value=reported, name=concept.name
        )
    return _Read(
        kind=concept.kind,
        code=code,
        label="",
        began_on=None,
        ended_on=None,
        noted_on=on,
        value_milli=milli,
        unit=concept.unit,
        as_reported=reported,
    )


def _is_childs_weight(code: str, milli: int, row: Row, around: Around, on: dt.date) -> bool:
    """The range of the catalogue is for grown-ups; an old record may be from childhood."""
    age = age_on(around.born[row["PATIENT"]], on)
    return code == "weight" and age is not None and age < _GROWN_UP and 300 <= milli <= 300_000


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value) < 10**9 else None


def _exact_milli(value: Decimal) -> int | None:
    milli = value * 1000
    return int(milli) if milli == milli.to_integral_value() else None


_READERS: Mapping[str, Callable[[Row, Around], _Read]] = {
    "conditions.csv": _condition,
    "medications.csv": _medication,
    "allergies.csv": _allergy,
    "immunizations.csv": _immunization,
    "observations.csv": _observation,
}
