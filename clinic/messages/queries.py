"""Reading which visits may owe a message, what was begun, what a patient agreed to, the servers."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.locations.models import Location
from clinic.messages import rules as message_rules
from clinic.messages.models import CalendarFeed, Message, MessageSettings
from clinic.messages.values import Begun, Queued, SmsWay, Terms, Visit
from clinic.patients.models import ContactWish, Patient
from clinic.patients.values import Channel, PatientStatus
from clinic.scheduling.models import Appointment, AppointmentEvent, Resource
from clinic.scheduling.values import AppointmentStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Owing:
    """A visit with whom to reach about it; never its service."""

    id: int
    patient_id: int
    location_id: int
    course_id: int | None
    version: int
    created_at: dt.datetime
    ends_at: dt.datetime
    zone: str
    email: str
    phone: str
    language: str
    agreed: Channel
    agreed_on: dt.date | None
    was_asked: bool
    visit: Visit

    @property
    def recipient(self) -> str:
        """Return the address that the channel goes to."""
        return self.email if self.visit.channel is Channel.EMAIL else self.phone


QUIET = (dt.time(20), dt.time(8))
"""From when until when no message leaves, unless the clinic says otherwise."""
_LAST_CHANGE = (
    sa.select(sa.func.max(AppointmentEvent.at))
    .where(AppointmentEvent.appointment_id == Appointment.id)
    .correlate(Appointment)
    .scalar_subquery()
)
_OWING = (
    sa.select(
        Appointment.id,
        Appointment.patient_id,
        Appointment.location_id,
        Appointment.course_id,
        Appointment.version,
        Appointment.created_at,
        Appointment.starts_at,
        Appointment.ends_at,
        Appointment.zone,
        Appointment.status,
        Patient.email,
        Patient.phone,
        Patient.language,
        Patient.status.label("patient_status"),
        ContactWish.channel,
        ContactWish.agreed_on,
        _LAST_CHANGE.label("changed_at"),
    )
    .join(Patient, Patient.id == Appointment.patient_id)
    .outerjoin(ContactWish, ContactWish.patient_id == Patient.id)
)


def _owing(row: Any) -> Owing:
    agreed = row.channel or Channel.NONE
    is_in_use = row.patient_status is PatientStatus.ACTIVE
    return Owing(
        id=row.id,
        patient_id=row.patient_id,
        location_id=row.location_id,
        course_id=row.course_id,
        version=row.version,
        created_at=row.created_at,
        ends_at=row.ends_at,
        zone=row.zone,
        email=row.email,
        phone=row.phone,
        language=row.language,
        agreed=agreed,
        agreed_on=row.agreed_on,
        was_asked=row.channel is not None,
        visit=Visit(
            starts_at=row.starts_at,
            is_on=row.status is AppointmentStatus.BOOKED,
            is_off=row.status is AppointmentStatus.CANCELLED,
            changed_at=row.changed_at or row.created_at,
            channel=message_rules.channel_of(
                agreed if is_in_use else Channel.NONE, email=row.email, phone=row.phone
            ),
        ),
    )


def owing(db: Session, appointment_id: int) -> Owing | None:
    """Return one visit as its messages see it; one statement."""
    row = db.execute(_OWING.where(Appointment.id == appointment_id)).one_or_none()
    return _owing(row) if row else None


def beside(db: Session, one: Owing) -> list[Owing]:
    """Return the other visits of a visit's course at the same place, by time; one statement."""
    if one.course_id is None:
        return []
    rows = db.execute(
        _OWING.where(
            Appointment.course_id == one.course_id,
            Appointment.patient_id == one.patient_id,
            Appointment.location_id == one.location_id,
            Appointment.id != one.id,
        ).order_by(Appointment.starts_at, Appointment.id)
    )
    return [_owing(row) for row in rows]


def coming(db: Session, location_id: int, now: dt.datetime) -> list[Owing]:
    """Return the coming visits of patients who agreed to messages, the next first."""
    rows = db.execute(
        _OWING.where(
            Appointment.location_id == location_id,
            Appointment.starts_at > now,
            Appointment.status.in_([AppointmentStatus.BOOKED, AppointmentStatus.CANCELLED]),
            ContactWish.channel != Channel.NONE,
        ).order_by(Appointment.starts_at, Appointment.id)
    )
    return [_owing(row) for row in rows]


def begun_of(db: Session, *appointment_ids: int) -> list[Message]:
    """Return the messages of visits, by visit in the order in which they were begun."""
    return list(
        db.scalars(
            sa.select(Message)
            .where(Message.appointment_id.in_(appointment_ids))
            .order_by(Message.appointment_id, Message.number)
            .execution_options(populate_existing=True)
        )
    )


def of_letter(db: Session, row: Message) -> list[Message]:
    """Return all that was said in one letter with a message, itself among it; by id."""
    if row.letter is None:
        return [row]
    return list(
        db.scalars(
            sa.select(Message)
            .where(Message.letter == row.letter)
            .order_by(Message.id)
            .execution_options(populate_existing=True)
        )
    )


def begun_of_coming(db: Session, now: dt.datetime) -> dict[int, list[Begun]]:
    """Return the messages of all coming visits, by visit; one statement.

    A message speaks of a time that a visit once had: of a visit that moved both are needed, so the
    visit's own time decides.
    """
    rows = db.scalars(
        sa.select(Message)
        .join(Appointment, Appointment.id == Message.appointment_id)
        .where(Appointment.starts_at > now)
        .order_by(Message.appointment_id, Message.number)
    )
    found: dict[int, list[Begun]] = {}
    for row in rows:
        found.setdefault(row.appointment_id, []).append(as_value(row))
    return found


def as_value(row: Message) -> Begun:
    """Return a message without where it went."""
    return Begun(
        id=row.id,
        number=row.number,
        kind=row.kind,
        state=row.state,
        starts_at=row.starts_at,
        at=row.at,
        retry_at=row.retry_at,
        tries=row.tries,
        letter=row.letter,
    )


def due(db: Session, location_id: int, terms: Terms, now: dt.datetime) -> list[int]:
    """Return the ids of visits of which a message may leave now; two statements."""
    begun = begun_of_coming(db, now)
    return [
        one.id
        for one in coming(db, location_id, now)
        if is_due(message_rules.queue(one.visit, begun.get(one.id, ()), terms, now), now)
    ]


def is_due(queued: Sequence[Queued], now: dt.datetime) -> bool:
    """Tell whether the first of a queue may leave now."""
    return bool(queued) and queued[0].not_before <= now


def settings(db: Session, location_id: int) -> MessageSettings | None:
    """Return how a place sends; None while nobody has set it."""
    return db.get(MessageSettings, location_id)


def terms_of(row: MessageSettings | None, zone: str) -> Terms:
    """Return what deciding needs to know; nothing can be sent by what is not set."""
    channels = set()
    if row is not None and row.smtp_host and row.sender:
        channels.add(Channel.EMAIL)
    if row is not None and row.sms_way is not SmsWay.OFF:
        channels.add(Channel.SMS)
    return Terms(
        zone=zone,
        reminder_hours=row.reminder_hours if row else 0,
        quiet_from=row.quiet_from if row else dt.time(),
        quiet_until=row.quiet_until if row else dt.time(),
        channels=frozenset(channels),
    )


def places(db: Session) -> list[Location]:
    """Return the places of the clinic that have set how they send."""
    return list(
        db.scalars(
            sa.select(Location)
            .join(MessageSettings, MessageSettings.location_id == Location.id)
            .order_by(Location.id)
        )
    )


def wish_of(db: Session, patient_id: int) -> ContactWish | None:
    """Return what a patient wants; None while nothing was noted."""
    return db.get(ContactWish, patient_id)


def get_message(db: Session, message_id: int) -> Message | None:
    """Return a message."""
    return db.get(Message, message_id)


# ---- calendar feeds ----


def open_feeds(db: Session, resource_ids: Iterable[int]) -> dict[int, CalendarFeed]:
    """Return the feeds in use, by resource."""
    rows = db.scalars(
        sa.select(CalendarFeed).where(
            CalendarFeed.resource_id.in_(list(resource_ids)), CalendarFeed.revoked_at.is_(None)
        )
    )
    return {row.resource_id: row for row in rows}


def feed_of(db: Session, token_hash: str) -> Resource | None:
    """Return whose calendar a secret address shows; None for one that is unknown or revoked."""
    return db.scalar(
        sa.select(Resource)
        .join(CalendarFeed, CalendarFeed.resource_id == Resource.id)
        .where(
            CalendarFeed.token_hash == token_hash,
            CalendarFeed.revoked_at.is_(None),
            Resource.is_active,
        )
    )
