"""Noting what a patient agreed to, the servers, what a person decides of a message, feeds."""

import hashlib
import secrets

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.core import changes, clock
from clinic.core.access import Actor, refuse_unconfirmed
from clinic.core.errors import Conflict, Invalid, NotFound, StaleEdit
from clinic.core.text import N_
from clinic.locations import queries as location_queries
from clinic.messages import queries
from clinic.messages import rules as message_rules
from clinic.messages.models import CalendarFeed, Message, MessageSettings
from clinic.messages.values import ChangeSettings, MessageKind, MessageState, SetContact, SmsWay
from clinic.patients import queries as patient_queries
from clinic.patients.models import ContactWish
from clinic.patients.values import NO_EMAIL, NO_PHONE, TICK, Channel
from clinic.scheduling import presence
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling.models import Appointment, Resource
from clinic.scheduling.values import AppointmentStatus, Confirmation, ConfirmVisit

STALE = N_("Somebody else has changed this in the meantime. Look at both texts and save again.")
NO_MESSAGE = N_("There is no such message.")
MOVED_ON = N_("This message is not where it was. Look at it again.")
OLD_NEWS = N_("The visit has changed since: this message is out of date.")
NOBODY = N_("The patient wants no such messages, or cannot be reached.")
NO_RESOURCE = N_("There is no such practitioner or room.")
SETTINGS = (
    "smtp_host",
    "smtp_port",
    "smtp_security",
    "smtp_login",
    "sender",
    "sms_way",
    "sms_url",
    "sms_sender",
    "reminder_hours",
    "quiet_from",
    "quiet_until",
)


class MovedOn(Conflict):
    """The message is not in the state that the page showed."""


def set_contact(db: Session, actor: Actor, wish: SetContact) -> None:
    """Note which messages a patient wants, agreed to today; what is queued follows by itself.

    Raises NotFound, StaleEdit, Invalid without the agreement or the address.
    """
    patient = patient_queries.get(db, wish.patient_id, location_id=actor.location_id)
    row = queries.wish_of(db, patient.id)
    if (row.version if row else 0) != wish.version:
        raise StaleEdit(STALE)
    if wish.channel is not Channel.NONE and not wish.agreed:
        raise Invalid(TICK, field="agreed")
    if wish.channel is Channel.EMAIL and not patient.email:
        raise Invalid(NO_EMAIL, field="channel")
    if wish.channel is Channel.SMS and not patient.phone:
        raise Invalid(NO_PHONE, field="channel")
    agreed_on = clock.today(actor.zone) if wish.channel is not Channel.NONE else None
    if row is None:
        row = ContactWish(
            patient_id=patient.id,
            noted_by_id=actor.id,
            channel=wish.channel,
            agreed_on=agreed_on,
            noted_at=clock.now(),
        )
        db.add(row)
    elif row.channel is wish.channel:
        return
    else:
        row.channel, row.agreed_on = wish.channel, agreed_on
        row.noted_by_id, row.noted_at = actor.id, clock.now()
    try:
        db.flush()  # Another desk's first row is met here.
    except IntegrityError as error:  # Two desks noted the first wish at once.
        raise StaleEdit(STALE) from error
    audit.record(
        db,
        actor,
        "contact_wish.noted",
        "patient",
        patient.id,
        patient_id=patient.id,
        detail={"channel": wish.channel.value},
    )


# ---- what a person decides of one message ----


def withhold(db: Session, actor: Actor, appointment_id: int, kind: MessageKind) -> None:
    """Say that a queued message shall not be sent; raises MovedOn when it is not queued."""
    visit = _visit(db, actor, appointment_id)
    one = queries.owing(db, visit.id)
    assert one is not None
    begun = queries.begun_of(db, visit.id)
    place = location_queries.get(db, actor.location_id)
    terms = queries.terms_of(queries.settings(db, place.id), place.zone)
    values = [queries.as_value(row) for row in begun]
    queued = message_rules.queue(one.visit, values, terms, clock.now())
    found = next((one for one in queued if one.kind is kind), None)
    if found is None:
        raise MovedOn(MOVED_ON)
    if found.again is not None:
        row = next(row for row in begun if row.id == found.again.id)
        row.state, row.retry_at, row.ended_at = MessageState.WITHHELD, None, clock.now()
    else:
        row = Message(
            appointment_id=visit.id,
            number=1 + max((row.number for row in begun), default=0),
            kind=kind,
            channel=one.visit.channel,
            state=MessageState.WITHHELD,
            starts_at=visit.starts_at,
            at=clock.now(),
            ended_at=clock.now(),
        )
        db.add(row)
    db.flush()  # The audit line needs the id.
    _trace(db, actor, visit, row, "withheld")


def send_again(db: Session, actor: Actor, message_id: int) -> Message:
    """Queue a failed or uncertain message once more, to the address that is on file now.

    With it goes what was said in the same letter, as far as it is still true. Raises NotFound,
    MovedOn when it is neither, also when it speaks of what is no longer true.
    """
    row, visit = _message(db, actor, message_id)
    if not _is_open(row):
        raise MovedOn(MOVED_ON)
    one = queries.owing(db, visit.id)
    assert one is not None
    if one.visit.channel is Channel.NONE:
        raise MovedOn(NOBODY)
    if not _is_true(row, one):
        raise MovedOn(OLD_NEWS)
    beside = {other.id: other for other in (one, *queries.beside(db, one))}
    for said in queries.of_letter(db, row):
        about = beside.get(said.appointment_id)
        if about is None or not _is_open(said) or not _is_true(said, about):
            continue
        said.state, said.retry_at, said.ended_at = MessageState.QUEUED, clock.now(), None
        said.tries, said.reason = 0, ""
        _trace(db, actor, visit, said, "queued_again")
    return row


def note_answer(
    db: Session, actor: Actor, message_id: int, answer: Confirmation | None = None
) -> Message:
    """Note that the patient answered, and what; raises NotFound, MovedOn when nothing had left.

    An answer that confirms, or asks for another time, is noted on the visit as well, if the visit
    is still booked for the time that the message spoke of.
    """
    row, visit = _message(db, actor, message_id)
    if row.state not in {MessageState.SENT, MessageState.UNCERTAIN}:
        raise MovedOn(MOVED_ON)
    row.state = MessageState.ANSWERED
    _trace(db, actor, visit, row, "answered")
    is_open = visit.status is AppointmentStatus.BOOKED and visit.starts_at == row.starts_at
    if answer is not None and is_open:
        wish = ConfirmVisit(appointment_id=visit.id, version=visit.version, answer=answer)
        presence.confirm(db, actor, wish)
    return row


def note_seen(db: Session, actor: Actor, message_id: int) -> Message:
    """Note that a failed or uncertain message is seen to, by phone say: the whole letter."""
    row, visit = _message(db, actor, message_id)
    if not _is_open(row):
        raise MovedOn(MOVED_ON)
    for said in queries.of_letter(db, row):
        if _is_open(said):
            said.state, said.ended_at = MessageState.SEEN, clock.now()
            _trace(db, actor, visit, said, "seen")
    return row


def _is_open(row: Message) -> bool:
    is_broken = message_rules.is_uncertain(queries.as_value(row), clock.now())
    return is_broken or row.state in {MessageState.FAILED, MessageState.UNCERTAIN}


def _is_true(row: Message, one: queries.Owing) -> bool:
    return message_rules.is_true(queries.as_value(row), one.visit, clock.now())


def _visit(db: Session, actor: Actor, appointment_id: int) -> Appointment:
    visit = scheduling_queries.lock_visit(db, appointment_id)
    if visit.location_id != actor.location_id:
        raise NotFound(scheduling_queries.NO_VISIT)
    return visit


def _message(db: Session, actor: Actor, message_id: int) -> tuple[Message, Appointment]:
    found = queries.get_message(db, message_id)
    if found is None:
        raise NotFound(NO_MESSAGE)
    visit = _visit(db, actor, found.appointment_id)
    return db.get_one(Message, message_id, populate_existing=True), visit


def _trace(db: Session, actor: Actor, visit: Appointment, row: Message, done: str) -> None:
    audit.record(
        db,
        actor,
        f"message.{done}",
        "message",
        row.id,
        patient_id=visit.patient_id,
        detail={"appointment_id": row.appointment_id, "kind": row.kind.value},
    )


# ---- the clinic's servers ----


def change_settings(db: Session, actor: Actor, wish: ChangeSettings) -> MessageSettings:
    """Change how the place sends; raises StaleEdit, Invalid, PasswordNeeded."""
    refuse_unconfirmed(actor, at=clock.now())
    if wish.smtp_host and not wish.sender:
        raise Invalid(N_("Give the address that messages come from."), field="sender")
    if wish.sms_way is SmsWay.HTTP and not wish.sms_url:
        raise Invalid(N_("Give the address of the provider."), field="sms_url")
    row = queries.settings(db, actor.location_id)
    if (row.version if row else 0) != wish.version:
        raise StaleEdit(STALE)
    after = {name: getattr(wish, name) for name in SETTINGS}
    if row is None:
        row = MessageSettings(location_id=actor.location_id, **after)
        db.add(row)
        fields = sorted(after)
    else:
        fields = changes.changed(row, after)
        if not fields:
            return row
        for name in fields:
            setattr(row, name, after[name])
    try:
        db.flush()  # Another desk's first row is met here.
    except IntegrityError as error:  # Two administrators saved the first settings at once.
        raise StaleEdit(STALE) from error
    audit.record(
        db,
        actor,
        "message_settings.changed",
        "location",
        actor.location_id,
        detail={"fields": fields},
    )
    return row


def note_secret(db: Session, actor: Actor, which: str) -> None:
    """Record that the password of a server was changed; never what it is."""
    refuse_unconfirmed(actor, at=clock.now())
    audit.record(
        db,
        actor,
        "message_settings.password_changed",
        "location",
        actor.location_id,
        detail={"which": which},
    )


def note_trial(db: Session, actor: Actor, channel: Channel, outcome: str) -> None:
    """Record that a test message was sent."""
    refuse_unconfirmed(actor, at=clock.now())
    audit.record(
        db,
        actor,
        "message_settings.tried",
        "location",
        actor.location_id,
        detail={"channel": channel.value, "outcome": outcome},
    )


# ---- calendar feeds ----


def feed_hash(token: str) -> str:
    """Return what is kept of a feed's secret."""
    return hashlib.sha256(token.encode()).hexdigest()


def open_feed(db: Session, actor: Actor, resource_id: int) -> str:
    """Make the secret address of a calendar and return its token, shown once; an old one ends."""
    refuse_unconfirmed(actor, at=clock.now())
    resource = _resource(db, actor, resource_id)
    _end(db, resource.id)
    token = secrets.token_urlsafe(32)
    row = CalendarFeed(
        resource_id=resource.id,
        made_by_id=actor.id,
        token_hash=feed_hash(token),
        made_at=clock.now(),
    )
    db.add(row)
    audit.record(db, actor, "calendar_feed.opened", "resource", resource.id)
    return token


def revoke_feed(db: Session, actor: Actor, resource_id: int) -> None:
    """End the secret address of a calendar; it shows nothing from now on."""
    refuse_unconfirmed(actor, at=clock.now())
    resource = _resource(db, actor, resource_id)
    if _end(db, resource.id):
        audit.record(db, actor, "calendar_feed.revoked", "resource", resource.id)


def _resource(db: Session, actor: Actor, resource_id: int) -> Resource:
    row = db.get(Resource, resource_id, with_for_update=True)
    if row is None or row.location_id != actor.location_id or row.kind.value == "device":
        raise NotFound(NO_RESOURCE)
    return row


def _end(db: Session, resource_id: int) -> bool:
    ended = db.execute(
        sa.update(CalendarFeed)
        .where(CalendarFeed.resource_id == resource_id, CalendarFeed.revoked_at.is_(None))
        .values(revoked_at=clock.now())
        .returning(CalendarFeed.id)
        .execution_options(synchronize_session=False)
    )
    return ended.first() is not None
