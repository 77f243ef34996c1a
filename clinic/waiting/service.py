"""Putting patients on the waiting list, changing what they wish, taking them off."""

import datetime as dt
from typing import Any

from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.catalog import queries as catalog_queries
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.changes import changed
from clinic.core.errors import Conflict, Invalid, NotFound, StaleEdit
from clinic.core.text import N_
from clinic.patients import queries as patient_queries
from clinic.patients.values import PatientStatus
from clinic.safety import queries as safety_queries
from clinic.scheduling import guard
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling.service import NOT_BOOKABLE, NotBookable
from clinic.waiting import offering
from clinic.waiting.models import WaitingEntry
from clinic.waiting.values import MOST_DAYS, NO_ENTRY, AddEntry, ChangeEntry, Ending, Wishes

STALE = N_("Somebody else has changed this entry in the meantime. Look at it again.")
GONE = N_("This patient does not wait any more: the entry was settled in the meantime.")
WAITS_ALREADY = N_("The patient waits for this service already. Change that entry instead.")
OVER = N_("This day is over. Choose a later one.")
BEFORE = N_("The last day is before the first one.")
TOO_LONG = N_("Somebody waits a year at most. Choose an earlier day.")
OTHER_VISIT = N_(
    "The visit that would be given up is not one of this patient that is still booked."
)


class WaitsAlready(Conflict):
    """There is an open entry of this patient for this service; `entry_id` says which."""

    def __init__(self, entry_id: int) -> None:
        super().__init__(WAITS_ALREADY)
        self.entry_id = entry_id


def add(db: Session, actor: Actor, wish: AddEntry) -> WaitingEntry:
    """Put a patient on the list.

    Raises NotFound for an unknown patient, NotBookable for a record not in use, WaitsAlready,
    Invalid at the field that cannot be.
    """
    patient = safety_queries.lock_patient(db, wish.patient_id)
    patient_queries.get(db, patient.id, location_id=actor.location_id)
    if patient.status is not PatientStatus.ACTIVE:
        raise NotBookable(NOT_BOOKABLE[patient.status])
    _check(db, actor, wish.wishes)
    if wish.visit_id is not None:
        _check_visit(db, actor, wish)
    there = offering.open_entry_of(db, wish.patient_id, wish.wishes.service_id)
    if there is not None:
        raise WaitsAlready(there)

    entry = WaitingEntry(
        location_id=actor.location_id,
        patient_id=wish.patient_id,
        visit_id=wish.visit_id,
        created_at=clock.now(),
        created_by_id=actor.id,
        **_columns(wish.wishes),
    )
    db.add(entry)
    db.flush()  # The audit line needs the id.
    _trace(db, actor, entry, "added")
    return entry


def change(db: Session, actor: Actor, wish: ChangeEntry) -> WaitingEntry:
    """Change what somebody wishes; raises NotFound, StaleEdit, WaitsAlready, Invalid at a field."""
    entry = _take(db, actor, wish.entry_id, wish.version)
    _check(db, actor, wish.wishes)
    if wish.wishes.service_id != entry.service_id:
        raise Invalid(guard.NOT_OFFERED, field="service_id")
    after = _columns(wish.wishes)
    fields = changed(entry, after)
    if fields:
        for name, value in after.items():
            setattr(entry, name, value)
        _trace(db, actor, entry, "changed", fields=fields)
    return entry


def remove(db: Session, actor: Actor, entry_id: int, version: int) -> WaitingEntry:
    """Take somebody off the list, with what was offered to them; raises NotFound, StaleEdit."""
    entry = _take(db, actor, entry_id, version)
    offering.withdraw_all(db, entry)
    entry.ended_as, entry.ended_at = Ending.REMOVED, clock.now()
    _trace(db, actor, entry, "removed")
    return entry


def _take(db: Session, actor: Actor, entry_id: int, version: int) -> WaitingEntry:
    found = db.get(WaitingEntry, entry_id)
    if found is None or found.location_id != actor.location_id:
        raise NotFound(NO_ENTRY)
    safety_queries.lock_patient(db, found.patient_id)
    db.refresh(found)
    if found.ended_as is not None:
        raise StaleEdit(GONE)
    if found.version != version:
        raise StaleEdit(STALE)
    return found


def _check(db: Session, actor: Actor, wishes: Wishes) -> None:
    if not catalog_queries.service(db, wishes.service_id).is_active:
        raise Invalid(guard.NOT_OFFERED, field="service_id")
    if wishes.practitioner_id is not None:
        people = {
            row.id
            for row in scheduling_queries.resources(db, actor.location_id)
            if row.kind.value == "practitioner"
        }
        if wishes.practitioner_id not in people:
            raise Invalid(guard.NOT_OFFERED, field="practitioner_id")
    today = clock.today(actor.zone)
    if wishes.until_on < today:
        raise Invalid(OVER, field="until_on")
    if wishes.until_on < wishes.from_on:
        raise Invalid(BEFORE, field="until_on")
    if wishes.until_on > today + dt.timedelta(days=MOST_DAYS):
        raise Invalid(TOO_LONG, field="until_on")


def _check_visit(db: Session, actor: Actor, wish: AddEntry) -> None:
    visit = offering.visit_to_move(db, actor, wish.visit_id, wish.patient_id)
    if visit is None:
        raise Invalid(OTHER_VISIT)
    if visit.service_id != wish.wishes.service_id:
        raise Invalid(OTHER_VISIT, field="service_id")


def _columns(wishes: Wishes) -> dict[str, Any]:
    return {name: getattr(wishes, name) for name in wishes.__dataclass_fields__}


def _trace(db: Session, actor: Actor, entry: WaitingEntry, done: str, **detail: object) -> None:
    audit.record(
        db,
        actor,
        f"waiting.{done}",
        "waiting_entry",
        entry.id,
        patient_id=entry.patient_id,
        detail=detail,
    )
