"""Sending what is due: begun and committed first, then handed over, then noted what became of it.

Who dies in between leaves `sending` behind. After the lease that is `uncertain`, and no program
sends it again: a message twice is worse than a phone call.
"""

import datetime as dt
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.core import clock
from clinic.locations.models import Location
from clinic.messages import calendars, queries, texts
from clinic.messages import rules as message_rules
from clinic.messages.carriers import Carry
from clinic.messages.models import Message
from clinic.messages.queries import Owing
from clinic.messages.values import Handed, Letter, MessageKind, MessageState, Outcome, Queued, Terms
from clinic.patients.values import Channel
from clinic.scheduling import queries as scheduling_queries

log = logging.getLogger("clinic")
NAME = "messages"
"""Who it was, in the audit trail."""
Unit = Callable[[], AbstractContextManager[Session]]


@dataclass(kw_only=True)
class Tally:
    """How many messages a run sent, and what became of the others."""

    sent: int = 0
    failed: int = 0
    later: int = 0
    uncertain: int = 0
    by_id: dict[int, MessageState] = field(default_factory=dict)

    def count(self, message_id: int, state: MessageState) -> None:
        """Count one."""
        self.by_id[message_id] = state
        self.sent += state is MessageState.SENT
        self.failed += state is MessageState.FAILED
        self.later += state is MessageState.QUEUED
        self.uncertain += state is MessageState.UNCERTAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A letter that is this sender's: the rows of its messages are committed as `sending`."""

    ids: tuple[int, ...]
    """One message for each visit that the letter tells of; never empty."""
    channel: Channel
    letter: Letter


def run(
    look: Unit, unit: Unit, location: Location, carriers: Mapping[Channel, Carry], folder: Path
) -> Tally:
    """Send all that is due at a place; `folder` holds the compiled catalogues.

    Each message is two units of its own. Twice at once does no harm.
    """
    tally = Tally()
    with look() as db:
        terms = queries.terms_of(queries.settings(db, location.id), location.zone)
        due = queries.due(db, location.id, terms, clock.now())
    for appointment_id in due:
        try:
            with unit() as db:
                claimed = claim(db, location, appointment_id, terms, folder)
        except IntegrityError:
            continue  # Another sender began it a moment ago.
        if claimed is None:
            continue
        carry = carriers.get(claimed.channel, _not_set_up)
        handed = carry(claimed.letter)
        with unit() as db:
            states = [finish(db, message_id, handed) for message_id in claimed.ids]
            tally.count(claimed.ids[0], states[0])
    return tally


def _not_set_up(_letter: Letter) -> Handed:
    """Answer for a way that was set up after this run had begun."""
    return Handed(outcome=Outcome.LATER)


def settle_broken(db: Session) -> int:
    """Note as uncertain what a sender began and never finished; return how many those were."""
    now = clock.now()
    rows = db.scalars(
        sa.select(Message)
        .where(Message.state == MessageState.SENDING, Message.at < now - message_rules.LEASE)
        .order_by(Message.id)
        .with_for_update()
    ).all()
    for row in rows:
        row.state, row.ended_at = MessageState.UNCERTAIN, now
        _trace(db, row)
    return len(rows)


def claim(
    db: Session, location: Location, appointment_id: int, terms: Terms, folder: Path
) -> Claimed | None:
    """Begin the first message that a visit owes now, if it still does; None otherwise.

    What other visits of its course owe with the same news is said in the same letter: who plans a
    course gets one, with all dates. The patient's record is held meanwhile, as at every step of a
    visit: nothing can change under it, and a second sender waits and then finds the row.
    """
    now = clock.now()
    visit = scheduling_queries.lock_visit(db, appointment_id)
    one = queries.owing(db, visit.id)
    if one is None or visit.location_id != location.id:
        return None
    beside = queries.beside(db, one)
    begun: dict[int, list[Message]] = {}
    for row in queries.begun_of(db, one.id, *(other.id for other in beside)):
        begun.setdefault(row.appointment_id, []).append(row)
    due = {
        each.id: first
        for each in (one, *beside)
        if (first := _first_due(each, begun.get(each.id, []), terms, now)) is not None
    }
    if one.id not in due:
        return None
    told = [
        each
        for each in sorted((one, *beside), key=lambda each: (each.visit.starts_at, each.id))
        if each is one
        or (each.id in due and message_rules.is_one_letter(due[one.id], due[each.id]))
    ]
    rows = [_begin(db, each, due[each.id], begun.get(each.id, [])) for each in told]
    key = rows[0].letter or key_of(rows[0], told[0])
    for row in rows:
        row.letter = key if len(rows) > 1 else row.letter
    subject, text, title = texts.written(folder, told, location, rows[0].kind)
    return Claimed(
        ids=tuple(row.id for row in rows),
        channel=rows[0].channel,
        letter=Letter(
            to=rows[0].recipient,
            subject=subject,
            text=text,
            key=key,
            calendar=_calendar(told, location, rows[0].kind, title),
        ),
    )


def _first_due(one: Owing, begun: list[Message], terms: Terms, now: dt.datetime) -> Queued | None:
    queued = message_rules.queue(one.visit, [queries.as_value(row) for row in begun], terms, now)
    return queued[0] if queries.is_due(queued, now) else None


def _begin(db: Session, one: Owing, queued: Queued, begun: list[Message]) -> Message:
    now = clock.now()
    if queued.again is not None:
        row = next(row for row in begun if row.id == queued.again.id)
        row.state, row.retry_at, row.ended_at = MessageState.SENDING, None, None
        row.at, row.tries, row.reason = now, row.tries + 1, ""
        row.channel, row.recipient = one.visit.channel, one.recipient
    else:
        row = Message(
            appointment_id=one.id,
            number=1 + max((row.number for row in begun), default=0),
            kind=queued.kind,
            channel=one.visit.channel,
            state=MessageState.SENDING,
            recipient=one.recipient,
            starts_at=one.visit.starts_at,
            at=now,
        )
        db.add(row)
    db.flush()  # A second sender is refused here; the key of the message needs the id.
    return row


def finish(db: Session, message_id: int, handed: Handed) -> MessageState:
    """Note what became of a message; return how it stands now."""
    row = db.get_one(Message, message_id, with_for_update=True, populate_existing=True)
    if row.state not in {MessageState.SENDING, MessageState.UNCERTAIN}:
        return row.state  # Somebody has settled it meanwhile.
    now = clock.now()
    row.reason, row.ended_at = handed.reason, now
    if handed.outcome is Outcome.TAKEN:
        row.state = MessageState.SENT
    elif handed.outcome is Outcome.REFUSED:
        row.state = MessageState.FAILED
    elif handed.outcome is Outcome.UNKNOWN:
        row.state = MessageState.UNCERTAIN
    else:
        row.retry_at = message_rules.next_try(row.tries, now)
        row.state = MessageState.QUEUED if row.retry_at else MessageState.FAILED
    log.info("message %s %s", row.id, row.state.value)
    _trace(db, row)
    return row.state


def _trace(db: Session, row: Message) -> None:
    audit.record(
        db,
        None,
        f"message.{row.state.value}",
        "message",
        row.id,
        detail={
            "appointment_id": row.appointment_id,
            "kind": row.kind.value,
            "channel": row.channel.value,
            "tries": row.tries,
        },
        name=NAME,
    )


def key_of(row: Message, one: Owing) -> str:
    """Return what a provider tells two sendings of one message by."""
    return f"{calendars.uid(one.id, one.created_at).partition('@')[0]}-{row.number}"


def _calendar(told: list[Owing], location: Location, kind: MessageKind, title: str) -> bytes:
    if told[0].visit.channel is not Channel.EMAIL:
        return b""
    return calendars.written(_entry(one, location, kind, title) for one in told)


def _entry(one: Owing, location: Location, kind: MessageKind, title: str) -> calendars.Entry:
    return calendars.Entry(
        id=one.id,
        made_at=one.created_at,
        changed_at=one.visit.changed_at,
        sequence=one.version,
        starts_at=one.visit.starts_at,
        ends_at=one.ends_at,
        zone=one.zone,
        title=title,
        where=", ".join([location.name, *location.address.splitlines()]),
        is_off=kind is MessageKind.CANCELLATION,
    )
