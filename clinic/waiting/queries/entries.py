"""Who waits at a place, and what is being offered: values for pages, nothing clinical in them."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from clinic.accounts.models import Account
from clinic.catalog.models import Service
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import NotFound
from clinic.patients.models import Patient
from clinic.patients.values import PatientStatus, full_name
from clinic.scheduling import missed
from clinic.scheduling.held import HeldSlot
from clinic.scheduling.missed import NOTHING
from clinic.scheduling.models import Appointment, Occupancy, Resource
from clinic.scheduling.rules.asking import PartOfDay
from clinic.scheduling.values import ASIDE_LANE, AppointmentStatus, Missed, Span
from clinic.waiting.models import Offer, WaitingEntry
from clinic.waiting.rules import offers, wishes
from clinic.waiting.values import NO_ENTRY, OfferState, Priority, Way

MOST = 300
"""Entries looked at; a list that is longer is not worked off by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryCard:
    """One who waits, as the desk may see it."""

    id: int
    version: int
    patient_id: int
    name: str
    born: dt.date | None
    file_number: str
    phone: str
    service_id: int
    service: str
    minutes: int
    practitioner_id: int | None
    practitioner: str
    """Empty: anyone."""
    weekdays: int
    part_of_day: PartOfDay
    from_on: dt.date
    until_on: dt.date
    notice_hours: int
    priority: Priority
    note: str
    created_at: dt.datetime
    visit_id: int | None
    visit_local: dt.datetime | None
    """Of the later visit that would be given up, while it is booked."""
    missed: Missed = NOTHING

    @property
    def days(self) -> tuple[int, ...]:
        """Return the weekdays wished for; empty for all."""
        return wishes.days_of(self.weekdays)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferCard:
    """One offer that still asks for somebody: open, run out, or taken by somebody else."""

    id: int
    entry_id: int
    patient_id: int
    name: str
    phone: str
    service: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    starts_local: dt.datetime
    practitioner: str
    room: str
    way: Way
    by: str
    offered_at: dt.datetime
    expires_at: dt.datetime
    state: OfferState
    is_blocked: bool
    """Whether something of it was blocked since: a yes is refused."""

    @property
    def span(self) -> Span:
        """Return when it would take place."""
        return Span(start=self.starts_at, end=self.ends_at)

    @property
    def is_open(self) -> bool:
        """Tell whether a yes still counts."""
        return self.state is OfferState.OPEN


_Room = aliased(Resource)
_ENTRIES = (
    sa.select(
        WaitingEntry.id,
        WaitingEntry.version,
        WaitingEntry.patient_id,
        WaitingEntry.service_id,
        WaitingEntry.practitioner_id,
        WaitingEntry.weekdays,
        WaitingEntry.part_of_day,
        WaitingEntry.from_on,
        WaitingEntry.until_on,
        WaitingEntry.notice_hours,
        WaitingEntry.priority,
        WaitingEntry.note,
        WaitingEntry.created_at,
        Patient.given_name,
        Patient.family_name,
        Patient.birth_date,
        Patient.file_number,
        Patient.phone,
        Service.name.label("service"),
        Service.duration_min,
        sa.func.coalesce(Resource.name, "").label("practitioner"),
        Appointment.id.label("visit_id"),
        Appointment.starts_local.label("visit_local"),
    )
    .join(Patient, Patient.id == WaitingEntry.patient_id)
    .join(Service, Service.id == WaitingEntry.service_id)
    .outerjoin(Resource, Resource.id == WaitingEntry.practitioner_id)
    .outerjoin(
        Appointment,
        sa.and_(
            Appointment.id == WaitingEntry.visit_id,
            Appointment.patient_id == WaitingEntry.patient_id,
            Appointment.status == AppointmentStatus.BOOKED,
        ),
    )
    # Nobody is called about a patient who has died.
    .where(WaitingEntry.ended_as.is_(None), Patient.status == PatientStatus.ACTIVE)
)


def listed(db: Session, actor: Actor) -> list[EntryCard]:
    """Return who waits at a place, the urgent first, then who waits longest; two statements."""
    return _cards(
        db,
        actor,
        _ENTRIES.where(
            WaitingEntry.location_id == actor.location_id,
            WaitingEntry.until_on >= clock.today(actor.zone),
        )
        .order_by(WaitingEntry.id)
        .limit(MOST),
    )


def of_patient(db: Session, actor: Actor, patient_id: int) -> list[EntryCard]:
    """Return what a patient waits for; two statements."""
    return _cards(
        db,
        actor,
        _ENTRIES.where(
            WaitingEntry.location_id == actor.location_id,
            WaitingEntry.patient_id == patient_id,
            WaitingEntry.until_on >= clock.today(actor.zone),
        ),
    )


def card(db: Session, actor: Actor, entry_id: int) -> EntryCard:
    """Return one who still waits, also past the last day; raises NotFound."""
    found = _cards(
        db,
        actor,
        _ENTRIES.where(WaitingEntry.location_id == actor.location_id, WaitingEntry.id == entry_id),
    )
    if not found:
        raise NotFound(NO_ENTRY)
    return found[0]


def _cards(db: Session, actor: Actor, wanted: sa.Select[*tuple[Any, ...]]) -> list[EntryCard]:
    rows = db.execute(wanted).all()
    counts = missed.of_patients(db, actor, {row.patient_id for row in rows}) if rows else {}
    cards = [
        EntryCard(
            id=row.id,
            version=row.version,
            patient_id=row.patient_id,
            name=full_name(row.given_name, row.family_name),
            born=row.birth_date,
            file_number=row.file_number,
            phone=row.phone,
            service_id=row.service_id,
            service=row.service,
            minutes=row.duration_min,
            practitioner_id=row.practitioner_id,
            practitioner=row.practitioner,
            weekdays=row.weekdays,
            part_of_day=row.part_of_day,
            from_on=row.from_on,
            until_on=row.until_on,
            notice_hours=row.notice_hours,
            priority=row.priority,
            note=row.note,
            created_at=row.created_at,
            visit_id=row.visit_id,
            visit_local=row.visit_local,
            missed=counts.get(row.patient_id, NOTHING),
        )
        for row in rows
    ]
    return sorted(cards, key=wishes.order)


_OFFERS = (
    sa.select(
        Offer.id,
        Offer.entry_id,
        Offer.way,
        Offer.answer,
        Offer.offered_at,
        WaitingEntry.patient_id,
        Patient.given_name,
        Patient.family_name,
        Patient.phone,
        Service.name.label("service"),
        HeldSlot.starts_at,
        HeldSlot.ends_at,
        HeldSlot.starts_local,
        HeldSlot.expires_at,
        HeldSlot.ended_at,
        HeldSlot.appointment_id,
        Resource.name.label("practitioner"),
        _Room.name.label("room"),
        Account.name.label("by"),
        sa.exists()
        .where(Occupancy.held_slot_id == HeldSlot.id, Occupancy.lane == ASIDE_LANE)
        .label("is_blocked"),
    )
    .join(HeldSlot, HeldSlot.id == Offer.held_slot_id)
    .join(WaitingEntry, WaitingEntry.id == Offer.entry_id)
    .join(Patient, Patient.id == WaitingEntry.patient_id)
    .join(Service, Service.id == HeldSlot.service_id)
    .join(Resource, Resource.id == HeldSlot.practitioner_id)
    .join(_Room, _Room.id == HeldSlot.room_id)
    .join(Account, Account.id == Offer.offered_by_id)
    .where(Offer.answer.is_(None), Offer.told_at.is_(None))
    .order_by(HeldSlot.starts_at, Offer.id)
)


def offered(db: Session, actor: Actor) -> list[OfferCard]:
    """Return what is offered and not settled of times that are still to come; one statement.

    Open ones, those that ran out, and those that somebody else took.
    """
    now = clock.now()
    rows = db.execute(
        _OFFERS.where(HeldSlot.location_id == actor.location_id, HeldSlot.starts_at > now)
    )
    return [
        OfferCard(
            id=row.id,
            entry_id=row.entry_id,
            patient_id=row.patient_id,
            name=full_name(row.given_name, row.family_name),
            phone=row.phone,
            service=row.service,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            starts_local=row.starts_local,
            practitioner=row.practitioner,
            room=row.room,
            way=row.way,
            by=row.by,
            offered_at=row.offered_at,
            expires_at=row.expires_at,
            state=offers.state(
                offers.Standing(
                    answer=row.answer,
                    expires_at=row.expires_at,
                    is_taken=row.appointment_id is not None,
                    is_let_go=row.ended_at is not None,
                ),
                now,
            ),
            is_blocked=row.is_blocked,
        )
        for row in rows
    ]


def open_by_entry(cards: Sequence[OfferCard]) -> Mapping[int, OfferCard]:
    """Return {entry: the offer that is open for it}."""
    return {card.entry_id: card for card in cards if card.is_open}


def waits_for(cards: Collection[EntryCard], service_id: int) -> int | None:
    """Return the entry that waits for a service; None for none."""
    return next((card.id for card in cards if card.service_id == service_id), None)
