"""Reading patients: one, several, and which records are one person's."""

import datetime as dt
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from clinic.core.errors import Elsewhere, NotFound
from clinic.core.text import N_
from clinic.patients import rules as patient_rules
from clinic.patients.models import Patient
from clinic.patients.values import (
    SEX_NAMES,
    STATUS_NAMES,
    PatientBar,
    PatientStatus,
    full_name,
)

UNKNOWN_PATIENT = N_("There is no such patient")
MERGED_AWAY = N_("File %(number)s was merged into this one: it is the same person.")


def get(db: Session, patient_id: int, *, location_id: int | None = None) -> Patient:
    """Return a patient; raises NotFound, also for one of another place when a place is given.

    With a place, as pages ask, a record that was merged raises Elsewhere with the one that stays.
    """
    patient = db.get(Patient, patient_id)
    if patient is None or location_id not in {None, patient.location_id}:
        raise NotFound(UNKNOWN_PATIENT)
    if location_id is not None and patient.merged_into_id is not None:
        raise Elsewhere(
            MERGED_AWAY, instead={"patient_id": patient.merged_into_id}, number=patient.file_number
        )
    return patient


_asked = aliased(Patient)


def person(patient_id: int | sa.BindParameter[int]) -> sa.ScalarSelect[int]:
    """Return, as a part of a statement, the record that stays: of most people their only one."""
    return (
        sa.select(sa.func.coalesce(_asked.merged_into_id, _asked.id))
        .where(_asked.id == patient_id)
        .scalar_subquery()
    )


def records(patient_id: int) -> sa.Select[int]:
    """Return, as a part of a statement, all records of the person, whichever is asked for."""
    kept = person(patient_id)
    return sa.select(Patient.id).where(sa.or_(Patient.id == kept, Patient.merged_into_id == kept))


def is_record_of(db: Session, record_id: int, patient_id: int) -> bool:
    """Tell whether a record is this patient's: the same one, or one that was merged into it."""
    return record_id == patient_id or record_id in db.scalars(records(patient_id)).all()


def card(
    db: Session, patient_id: int, *, today: dt.date, location_id: int | None = None
) -> PatientBar:
    """Return who a page is about, without warnings and without a link; raises NotFound as `get`."""
    patient = get(db, patient_id)
    if patient.merged_into_id is not None:
        patient = get(db, patient.merged_into_id)  # what was signed under the number that went
    if location_id not in {None, patient.location_id}:
        raise NotFound(UNKNOWN_PATIENT)
    is_dead = patient.status is PatientStatus.DECEASED
    is_active = patient.status is PatientStatus.ACTIVE
    return PatientBar(
        id=patient.id,
        name=full_name(patient.given_name, patient.family_name),
        born=patient.birth_date,
        age=None if is_dead else patient_rules.age_on(patient.birth_date, today),
        sex=SEX_NAMES[patient.sex],
        file_number=patient.file_number,
        status="" if is_active else STATUS_NAMES[patient.status],
        phone=patient.phone,
    )


def names(db: Session, ids: Iterable[int]) -> dict[int, str]:
    """Return {id: "Given Family"} of patients; one statement, none for no ids."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = db.execute(
        sa.select(Patient.id, Patient.given_name, Patient.family_name).where(Patient.id.in_(wanted))
    )
    return {row.id: full_name(row.given_name, row.family_name) for row in rows}


def is_anybody(db: Session) -> bool:
    """Tell whether there is any patient at all."""
    return db.scalar(sa.select(Patient.id).limit(1)) is not None


def by_form_key(db: Session, form_key: str) -> Patient | None:
    """Return the patient that a form with this one-time key has made."""
    return db.scalar(sa.select(Patient).where(Patient.form_key == form_key))


def of_source(db: Session, system: str) -> dict[str, Patient]:
    """Return {source id: patient} of everybody that an import of this system brought."""
    found = db.scalars(sa.select(Patient).where(Patient.source_system == system))
    return {patient.source_id: patient for patient in found if patient.source_id}


def by_file_numbers(db: Session, numbers: Iterable[str]) -> dict[str, Patient]:
    """Return {file number: patient}; one statement for each 500 numbers."""
    wanted = sorted(set(numbers))
    found: dict[str, Patient] = {}
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        rows = db.scalars(sa.select(Patient).where(Patient.file_number.in_(part)))
        found |= {patient.file_number: patient for patient in rows}
    return found
