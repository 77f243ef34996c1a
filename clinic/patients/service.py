"""Registering patients, changing who they are and how to reach them, and keeping them findable."""

import secrets
import uuid
from collections.abc import Mapping, Sequence
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from clinic.audit import service as audit
from clinic.core import changes, clock
from clinic.core.access import Actor
from clinic.core.engine import constraint_of
from clinic.core.errors import Conflict, StaleEdit
from clinic.core.text import N_
from clinic.patients import finding, queries
from clinic.patients import rules as patient_rules
from clinic.patients.models import ContactWish, Patient, PatientSearchKey
from clinic.patients.rules import SearchKeys
from clinic.patients.values import (
    ChangePatient,
    Channel,
    PatientHit,
    PatientStatus,
    RegisterPatient,
)

BATCH = 1000
_FORM_KEY = frozenset({"uq_patient_form_key", "patient.form_key"})
_OF_KEYS = ("family_name", "given_name", "phone", "file_number")


class LooksAlike(Conflict):
    """Somebody on file may be the person who is being registered."""

    def __init__(self, hits: Sequence[PatientHit]) -> None:
        super().__init__(
            N_("Somebody alike is on file already. Use that record, or register a new patient.")
        )
        self.hits = tuple(hits)


class FormUsed(Conflict):
    """The form was sent before, with somebody else in it."""


class NotInUse(Conflict):
    """The record is erased: nothing in it is changed any more."""


def register(db: Session, actor: Actor, wish: RegisterPatient) -> Patient:
    """Register a patient and give a file number; the same form sent twice makes one patient.

    Raises LooksAlike when somebody alike is on file who is not among `look_alikes_seen`, FormUsed
    when the form made somebody else before, Conflict when a given file number is taken.
    """
    if wish.form_key and (before := queries.by_form_key(db, wish.form_key)):
        return _same(before, wish)
    if wish.look_alikes_seen is not None:
        alike = finding.look_alikes(
            db,
            location_id=actor.location_id,
            family_name=wish.family_name,
            given_name=wish.given_name,
            birth_date=wish.birth_date,
            phone=wish.phone,
        )
        if not wish.look_alikes_seen.issuperset(hit.id for hit in alike):
            raise LooksAlike(alike)

    patient = _new(wish, location_id=actor.location_id, created_by_id=actor.id)
    try:
        with db.begin_nested():
            db.add(patient)
            db.flush()  # The number is made of the id; a form sent twice at once is found here.
    except IntegrityError as refused:
        before = queries.by_form_key(db, wish.form_key) if wish.form_key else None
        if constraint_of(refused) in _FORM_KEY and before is not None:
            return _same(before, wish)
        raise Conflict(N_("This file number is taken. Choose another one.")) from refused
    _number(db, [patient])
    _insert_keys(db, {patient.id: _keys_of(patient)})
    if wish.channel is not Channel.NONE:
        db.add(
            ContactWish(
                patient_id=patient.id,
                noted_by_id=actor.id,
                channel=wish.channel,
                agreed_on=clock.today(actor.zone),
                noted_at=clock.now(),
            )
        )
    audit.record(
        db,
        actor,
        "patient.registered",
        "patient",
        patient.id,
        patient_id=patient.id,
        detail={"channel": wish.channel.value},
    )
    return patient


def register_many(
    db: Session, actor: Actor | None, wishes: Sequence[RegisterPatient], *, location_id: int
) -> list[Patient]:
    """Register many at once, in order, without looking for doubles; one line in the trail.

    A fixed number of statements for each thousand. File numbers and sources given must be free.
    """
    patients = [
        _new(wish, location_id=location_id, created_by_id=actor.id if actor else None)
        for wish in wishes
    ]
    if not patients:
        return []

    db.add_all(patients)
    db.flush()  # The numbers are made of the ids.
    for start in range(0, len(patients), BATCH):
        part = patients[start : start + BATCH]
        _number(db, part)
        _insert_keys(db, {patient.id: _keys_of(patient) for patient in part})
    detail = {"count": len(patients), "first_id": patients[0].id, "last_id": patients[-1].id}
    audit.record(db, actor, "patient.registered_many", "patient", detail=detail)
    return patients


def change(db: Session, actor: Actor, wish: ChangePatient) -> Patient:
    """Change identity and contact; the search keys follow in the same transaction.

    Raises NotFound, Elsewhere for a merged record, NotInUse for an erased one, StaleEdit when
    somebody else saved since the page was opened.
    """
    patient = queries.get(db, wish.patient_id, location_id=actor.location_id)
    if patient.status is PatientStatus.ERASED:
        raise NotInUse(N_("This record is not in use any more. It cannot be changed."))
    if patient.version != wish.version:
        raise StaleEdit(
            N_("Somebody else has changed this in the meantime. Look at both texts and save again.")
        )
    after = {
        "family_name": wish.family_name,
        "given_name": wish.given_name,
        "birth_date": wish.birth_date,
        "phone": wish.phone,
        "sex": wish.sex,
        "email": wish.email,
        "address": wish.address,
        "language": wish.language,
        "note": wish.note,
    }
    fields = changes.changed(patient, after)
    if not fields:
        return patient

    for name in fields:
        setattr(patient, name, after[name])
    db.flush()  # A save that was faster is found here, before the keys are touched.
    if any(name in _OF_KEYS for name in fields):
        write_keys(db, [patient.id])
    audit.record(
        db,
        actor,
        "patient.changed",
        "patient",
        patient.id,
        patient_id=patient.id,
        detail={"fields": fields},
    )
    return patient


def rebuild_search(db: Session, actor: Actor | None) -> int:
    """Make the search keys of everybody anew; return how many patients that were.

    For a new release that folds names differently; the keys are never out of date otherwise.
    """
    count, last = 0, 0
    while part := _after(db, last):
        write_keys(db, part)
        count, last = count + len(part), part[-1]
    audit.record(db, actor, "patient.search_rebuilt", "patient", detail={"count": count})
    return count


def _same(before: Patient, wish: RegisterPatient) -> Patient:
    """Return the patient of the first sending, if the second one meant the same person."""
    if (before.family_name, before.given_name, before.birth_date, before.phone) != (
        wish.family_name,
        wish.given_name,
        wish.birth_date,
        wish.phone,
    ):
        raise FormUsed(
            N_(
                "This form has registered file %(number)s before. "
                "Send it again if this is somebody else."
            ),
            number=before.file_number,
        )
    return before


def _new(wish: RegisterPatient, *, location_id: int, created_by_id: int | None) -> Patient:
    patient = Patient(
        location_id=location_id,
        public_id=str(uuid.uuid4()),
        # Until the id is known; UNIQUE and never seen by anybody.
        file_number=wish.file_number or f"~{secrets.token_hex(9)}",
        family_name=wish.family_name,
        given_name=wish.given_name,
        sex=wish.sex,
        birth_date=wish.birth_date,
        phone=wish.phone,
        email=wish.email,
        address=wish.address,
        language=wish.language,
        note=wish.note,
        status=PatientStatus.DECEASED if wish.deceased_on else PatientStatus.ACTIVE,
        deceased_on=wish.deceased_on,
        source_system=wish.source_system,
        source_id=wish.source_id,
        form_key=wish.form_key,
        created_at=clock.now(),
        created_by_id=created_by_id,
    )
    patient.search_text = _keys_of(patient).text
    return patient


def _number(db: Session, patients: Sequence[Patient]) -> None:
    """Give file numbers to new rows: from the id, so that two registrations never race for one."""
    wanted = {p.id: patient_rules.file_number_of(p.id) for p in patients if p.file_number[0] == "~"}
    if not wanted:
        return
    for number in queries.by_file_numbers(db, wanted.values()):
        # An import brought a file that has this number already.
        patient_id = next(key for key, value in wanted.items() if value == number)
        wanted[patient_id] = f"{number}-{secrets.token_hex(3)}"
    # Past the mapper: the row was just made, this is still its first version.
    db.connection().execute(
        sa.update(Patient)
        .where(Patient.id == sa.bindparam("row"))
        .values(file_number=sa.bindparam("number")),
        [{"row": patient_id, "number": number} for patient_id, number in wanted.items()],
    )
    for patient in patients:
        if patient.id in wanted:
            set_committed_value(patient, "file_number", wanted[patient.id])


class _Named(Protocol):
    """A patient or a row of one: what the search keys are made of."""

    @property
    def family_name(self) -> str: ...
    @property
    def given_name(self) -> str: ...
    @property
    def phone(self) -> str: ...
    @property
    def file_number(self) -> str: ...


def _keys_of(patient: _Named) -> SearchKeys:
    return patient_rules.search_keys(
        family_name=patient.family_name,
        given_name=patient.given_name,
        phone=patient.phone,
        file_number=patient.file_number,
    )


def _insert_keys(db: Session, keys: Mapping[int, SearchKeys]) -> None:
    rows = [
        {"kind": kind, "key": key, "patient_id": patient_id}
        for patient_id, found in keys.items()
        for kind, key in sorted(found.keys)
    ]
    if rows:
        db.execute(sa.insert(PatientSearchKey), rows)


def write_keys(db: Session, ids: Sequence[int]) -> None:
    """Make the search keys of these records anew; four statements.

    A record that was merged has none of its own: the one that stays is found under both.
    """
    rows = db.execute(
        sa.select(
            Patient.id,
            Patient.merged_into_id,
            Patient.family_name,
            Patient.given_name,
            Patient.phone,
            Patient.file_number,
        )
        .where(sa.or_(Patient.id.in_(ids), Patient.merged_into_id.in_(ids)))
        .order_by(Patient.id)
    ).all()
    found: dict[int, list[SearchKeys]] = {row.id: [_keys_of(row)] for row in rows}
    for row in rows:
        if row.merged_into_id in found:
            found[row.merged_into_id] += found[row.id]
    wanted = set(ids)
    gone = {row.id for row in rows if row.merged_into_id is not None}
    keys = {
        patient_id: patient_rules.joined_keys(several)
        for patient_id, several in found.items()
        if patient_id in wanted and patient_id not in gone
    }
    db.execute(sa.delete(PatientSearchKey).where(PatientSearchKey.patient_id.in_(found)))
    if keys:
        # Past the mapper: raises nobody's version, since nothing was edited.
        db.connection().execute(
            sa.update(Patient)
            .where(Patient.id == sa.bindparam("row"))
            .values(search_text=sa.bindparam("text")),
            [{"row": patient_id, "text": one.text} for patient_id, one in keys.items()],
        )
    _insert_keys(db, keys)


def _after(db: Session, patient_id: int) -> Sequence[int]:
    return db.scalars(
        sa.select(Patient.id).where(Patient.id > patient_id).order_by(Patient.id).limit(BATCH)
    ).all()
