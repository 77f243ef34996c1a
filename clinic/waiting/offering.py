"""Offering a free time to those who wait: it is held, the first yes takes it, a no frees it.

Locks are taken in one order: the patient, the held times by their ids, the resources.
"""

import datetime as dt
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.catalog import queries as catalog_queries
from clinic.core import clock, walltime
from clinic.core.access import Actor
from clinic.core.errors import Conflict, NotFound
from clinic.core.text import N_
from clinic.locations import queries as location_queries
from clinic.patients.values import PatientStatus
from clinic.safety import queries as safety_queries
from clinic.safety.values import Moment, Outcome
from clinic.scheduling import checking, guard, held, moving
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling import service as scheduling_service
from clinic.scheduling.held import HeldSlot
from clinic.scheduling.models import Appointment
from clinic.scheduling.rules import promise
from clinic.scheduling.values import (
    AppointmentStatus,
    BookAppointment,
    MoveAppointment,
    Refused,
    Span,
)
from clinic.waiting.models import Offer, WaitingEntry
from clinic.waiting.rules import offers
from clinic.waiting.values import NO_ENTRY, Answer, Ending, OfferState, OfferTime

NO_OFFER = N_("There is no such offer")
ASKED_ALREADY = N_("This patient was asked about this time already.")
NOT_WAITING = N_("This patient does not wait any more: the entry was settled in the meantime.")
MOVED_BY = N_("From the waiting list")


class OfferOver(Conflict):
    """The offer is not open any more: settled, run out, or somebody else was faster."""


# ---- offering ----


def offer(db: Session, actor: Actor, wish: OfferTime) -> Offer | Refused:
    """Hold a time and note that somebody was told of it, or return the check that refuses it.

    What is held already for the same service with the same person is offered to one more, until
    the same instant. Raises NotFound, OfferOver, Conflict for who was asked already, Invalid for a
    time that cannot be, SlotTaken for one that is not free.
    """
    entry = _waiting(db, actor, wish.entry_id)
    now = clock.now()
    starts_at = promise.instant_of(
        wish.starts_local, actor.zone, second_hour=wish.second_hour, now=now
    )
    service = catalog_queries.service(db, entry.service_id)
    promise.refuse_midnight(wish.starts_local, service.duration_min)
    on = wish.starts_local.date()
    refused = _refused(db, actor, entry, on)
    if refused is not None:
        return refused
    span = Span(start=starts_at, end=starts_at + dt.timedelta(minutes=service.duration_min))
    slot = held.same(
        db,
        actor,
        service_id=service.id,
        practitioner_id=wish.practitioner_id,
        at=span,
        now=now,
    )
    if slot is not None and _asked(db, slot, entry):
        raise Conflict(ASKED_ALREADY)
    hold = guard.find_free(
        db,
        actor,
        catalog_queries.parts_of(service),
        span,
        patient_id=entry.patient_id,
        practitioner_id=wish.practitioner_id,
        room_id=slot.room_id if slot else wish.room_id,
        held_slot_id=slot.id if slot else None,
    )
    if slot is None:
        last = now + dt.timedelta(minutes=location_queries.get(db, actor.location_id).hold_min)
        slot = held.keep(
            db,
            HeldSlot(
                location_id=actor.location_id,
                service_id=service.id,
                practitioner_id=wish.practitioner_id,
                room_id=hold.room_id,
                starts_at=span.start,
                ends_at=span.end,
                starts_local=walltime.to_local(starts_at, actor.zone),
                expires_at=min(last, max(span.start, now + dt.timedelta(minutes=5))),
            ),
            hold,
        )
    made = Offer(
        held_slot_id=slot.id,
        entry_id=entry.id,
        way=wish.way,
        offered_at=now,
        offered_by_id=actor.id,
    )
    db.add(made)
    db.flush()  # The audit line needs the id.
    _trace(db, actor, made, entry, "made", way=wish.way.value, starts=slot.starts_local.isoformat())
    return made


def _refused(db: Session, actor: Actor, entry: WaitingEntry, on: dt.date) -> Refused | None:
    """Check a service for a patient on a day as booking does; keep a check that refuses."""
    visit = visit_to_move(db, actor, entry.visit_id, entry.patient_id)
    if visit is not None:
        screening, released = checking.check(db, visit, on)
    else:
        service = catalog_queries.service(db, entry.service_id)
        course = scheduling_queries.open_course(db, entry.patient_id, service.id)
        history = safety_queries.history_of(db, entry.patient_id)
        plan = scheduling_queries.plan_for(
            db, service, history, on=on, interval_days=course.interval_days if course else None
        )
        screening, released = safety_queries.check(db, history, plan, on), frozenset()
    way = checking.way_of(actor, screening, Moment.BOOKING, released)
    if way.outcome is Outcome.GO:
        return None
    return checking.refuse(db, actor, screening, way, patient_id=entry.patient_id)


def _asked(db: Session, slot: HeldSlot, entry: WaitingEntry) -> bool:
    return (
        db.scalar(
            sa.select(sa.func.count())
            .select_from(Offer)
            .where(Offer.held_slot_id == slot.id, Offer.entry_id == entry.id)
        )
        or 0
    ) > 0


# ---- answers ----


def accept(db: Session, actor: Actor, offer_id: int) -> Appointment | Refused:
    """Book what was offered, or move the later visit there; every other offer of it is over.

    Returns the check that refuses, kept: then the offer ends and its time is free for the next.
    Raises NotFound, OfferOver, SlotTaken when the patient has another visit then.
    """
    made, entry, slots = _open_offer(db, actor, offer_id)
    slot = slots[made.held_slot_id]
    booked = _book(db, actor, entry, slot)
    now = clock.now()
    made.answered_at = now
    if isinstance(booked, Refused):
        made.answer = Answer.REFUSED
        _let_go(db, slot, now)
        _trace(db, actor, made, entry, "refused")
        return booked
    made.answer = Answer.YES
    slot.ended_at, slot.appointment_id = now, booked.id
    entry.ended_as, entry.ended_at = Ending.BOOKED, now
    _withdraw(db, entry, slots, now)
    _trace(db, actor, made, entry, "accepted", appointment=booked.id)
    return booked


def _book(db: Session, actor: Actor, entry: WaitingEntry, slot: HeldSlot) -> Appointment | Refused:
    second = promise.second_hour_of(slot.starts_at, actor.zone)
    visit = visit_to_move(db, actor, entry.visit_id, entry.patient_id)
    if visit is not None:
        return moving.move(
            db,
            actor,
            MoveAppointment(
                appointment_id=visit.id,
                version=visit.version,
                starts_local=slot.starts_local,
                practitioner_id=slot.practitioner_id,
                room_id=slot.room_id,
                second_hour=second,
                reason=MOVED_BY,
                held_slot_id=slot.id,
            ),
        )
    return scheduling_service.book(
        db,
        actor,
        BookAppointment(
            patient_id=entry.patient_id,
            service_id=entry.service_id,
            starts_local=slot.starts_local,
            practitioner_id=slot.practitioner_id,
            room_id=slot.room_id,
            second_hour=second,
            held_slot_id=slot.id,
        ),
    )


def decline(db: Session, actor: Actor, offer_id: int) -> Offer:
    """Note a no; the time is free the same second unless somebody else still thinks about it.

    Raises NotFound, OfferOver.
    """
    return _end(db, actor, offer_id, Answer.NO, "declined")


def withdraw(db: Session, actor: Actor, offer_id: int) -> Offer:
    """Take an offer back; raises NotFound, OfferOver."""
    return _end(db, actor, offer_id, Answer.WITHDRAWN, "withdrawn")


def _end(db: Session, actor: Actor, offer_id: int, answer: Answer, done: str) -> Offer:
    made, entry, slots = _open_offer(db, actor, offer_id)
    now = clock.now()
    made.answer, made.answered_at = answer, now
    _let_go(db, slots[made.held_slot_id], now)
    _trace(db, actor, made, entry, done)
    return made


def told(db: Session, actor: Actor, offer_id: int) -> Offer:
    """Note that somebody who was too late was told so; raises NotFound."""
    made, entry = _offer(db, actor, offer_id)
    if made.told_at is None:
        made.told_at = clock.now()
        _trace(db, actor, made, entry, "told")
    return made


def withdraw_all(db: Session, entry: WaitingEntry) -> None:
    """Take back what is offered to somebody who waits no more."""
    ids = db.scalars(
        sa.select(Offer.held_slot_id).where(Offer.entry_id == entry.id, Offer.answer.is_(None))
    ).all()
    _withdraw(db, entry, held.lock(db, ids), clock.now())


def _withdraw(
    db: Session, entry: WaitingEntry, slots: dict[int, HeldSlot], now: dt.datetime
) -> None:
    db.flush()  # What was answered just now is no open offer.
    rows = db.scalars(
        sa.select(Offer).where(
            Offer.entry_id == entry.id,
            Offer.answer.is_(None),
            Offer.held_slot_id.in_(list(slots)),
        )
    ).all()
    for row in rows:
        row.answer, row.answered_at = Answer.WITHDRAWN, now
        if slots[row.held_slot_id].ended_at is None:
            _let_go(db, slots[row.held_slot_id], now)


def _let_go(db: Session, slot: HeldSlot, now: dt.datetime) -> None:
    """Free a held time once nobody is left who may still say yes."""
    db.flush()  # What was answered just now is no open offer.
    waiting = db.scalar(
        sa.select(sa.func.count())
        .select_from(Offer)
        .where(Offer.held_slot_id == slot.id, Offer.answer.is_(None))
    )
    if not waiting:
        held.let_go(db, slot, now)


# ---- what they share ----


def open_entry_of(db: Session, patient_id: int, service_id: int) -> int | None:
    """Return the id of a patient's open entry for a service."""
    return db.scalar(
        sa.select(WaitingEntry.id).where(
            WaitingEntry.patient_id == patient_id,
            WaitingEntry.service_id == service_id,
            WaitingEntry.ended_as.is_(None),
        )
    )


def visit_to_move(
    db: Session, actor: Actor, visit_id: int | None, patient_id: int
) -> Appointment | None:
    """Return the visit that would be given up, while it is booked and still this patient's.

    A merge that is taken back may have given it to the other record since.
    """
    visit = db.get(Appointment, visit_id) if visit_id is not None else None
    if visit is None or visit.location_id != actor.location_id or visit.patient_id != patient_id:
        return None
    return visit if visit.status is AppointmentStatus.BOOKED else None


def _waiting(db: Session, actor: Actor, entry_id: int) -> WaitingEntry:
    """Return an entry whose patient is held, if it still waits."""
    entry = db.get(WaitingEntry, entry_id)
    if entry is None or entry.location_id != actor.location_id:
        raise NotFound(NO_ENTRY)
    patient = safety_queries.lock_patient(db, entry.patient_id)
    if patient.status is not PatientStatus.ACTIVE:
        raise scheduling_service.NotBookable(scheduling_service.NOT_BOOKABLE[patient.status])
    db.refresh(entry)
    if entry.ended_as is not None:
        raise OfferOver(NOT_WAITING)
    return entry


def _offer(db: Session, actor: Actor, offer_id: int) -> tuple[Offer, WaitingEntry]:
    made = db.get(Offer, offer_id)
    entry = db.get(WaitingEntry, made.entry_id) if made is not None else None
    if made is None or entry is None or entry.location_id != actor.location_id:
        raise NotFound(NO_OFFER)
    return made, entry


def _open_offer(
    db: Session, actor: Actor, offer_id: int
) -> tuple[Offer, WaitingEntry, dict[int, HeldSlot]]:
    """Hold an offer's patient and every time that is held for them; raises OfferOver."""
    made, entry = _offer(db, actor, offer_id)
    safety_queries.lock_patient(db, entry.patient_id)
    slots = held.lock(db, _held_for(db, entry, made))
    db.refresh(made)
    db.refresh(entry)
    slot = slots[made.held_slot_id]
    standing = offers.Standing(
        answer=made.answer,
        expires_at=slot.expires_at,
        is_taken=slot.appointment_id is not None,
        is_let_go=slot.ended_at is not None,
    )
    state = offers.state(standing, clock.now())
    if state is not OfferState.OPEN:
        until = walltime.to_local(slot.expires_at, actor.zone).strftime("%H:%M")
        raise OfferOver(offers.NOT_OPEN[state], time=until)
    return made, entry, slots


def _held_for(db: Session, entry: WaitingEntry, made: Offer) -> Collection[int]:
    ids = db.scalars(
        sa.select(Offer.held_slot_id).where(Offer.entry_id == entry.id, Offer.answer.is_(None))
    )
    return {*ids, made.held_slot_id}


def _trace(
    db: Session, actor: Actor, made: Offer, entry: WaitingEntry, done: str, **detail: object
) -> None:
    audit.record(
        db,
        actor,
        f"offer.{done}",
        "offer",
        made.id,
        patient_id=entry.patient_id,
        detail={"entry": entry.id, **detail},
    )
