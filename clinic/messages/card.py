"""The messages of one visit as its page shows them: what was begun, what is queued, why nothing."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.text import N_
from clinic.messages import queries
from clinic.messages import rules as message_rules
from clinic.messages.values import KIND_NAMES, STATE_NAMES, MessageKind, MessageState
from clinic.patients.values import CHANNEL_NAMES, Channel

NOT_ASKED = N_("The patient has not been asked about messages.")
WANTS_NONE = N_("The patient wants no messages.")
NO_ADDRESS = N_("There is no address on file to write to.")
NOT_SET_UP = N_("The clinic sends no such messages: the administrator sets that up.")
OUT_OF_DATE = N_("Out of date: it is not sent")
TONES: dict[MessageState, str] = {
    MessageState.SENT: "clear",
    MessageState.ANSWERED: "clear",
    MessageState.FAILED: "stop",
    MessageState.UNCERTAIN: "caution",
}
ICONS: dict[MessageState, str] = {
    MessageState.QUEUED: "clock",
    MessageState.SENDING: "send",
    MessageState.SENT: "check",
    MessageState.ANSWERED: "message-square",
    MessageState.FAILED: "octagon-alert",
    MessageState.UNCERTAIN: "triangle-alert",
    MessageState.SEEN: "eye",
    MessageState.WITHHELD: "ban",
}
_SETTLE = frozenset({MessageState.FAILED, MessageState.UNCERTAIN})
_ANSWER = frozenset({MessageState.SENT, MessageState.UNCERTAIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One message; its words are marked for translation."""

    id: int
    kind: MessageKind
    title: str
    state: str
    tone: str
    icon: str
    channel: str
    at: dt.datetime
    recipient: str
    reason: str
    may_send_again: bool
    may_settle: bool
    may_note_answer: bool
    is_shared: bool
    """One letter told of other visits of the course, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One message that is queued; `reason` is why it did not leave before."""

    kind: MessageKind
    title: str
    not_before: dt.datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Everything about the messages of one visit."""

    appointment_id: int
    patient_id: int
    channel: str
    agreed_on: dt.date | None
    why_nothing: str
    waiting: tuple[Waiting, ...]
    lines: tuple[Line, ...]


def card(db: Session, actor: Actor, appointment_id: int) -> Card | None:
    """Return the card of a visit of this place; three statements."""
    one = queries.owing(db, appointment_id)
    if one is None or one.location_id != actor.location_id:
        return None
    now = clock.now()
    terms = queries.terms_of(queries.settings(db, actor.location_id), actor.zone)
    rows = queries.begun_of(db, appointment_id)
    begun = [queries.as_value(row) for row in rows]
    queued = message_rules.queue(one.visit, begun, terms, now)
    again = {found.again.id for found in queued if found.again is not None}
    reasons = {row.id: row.reason for row in rows}
    lines = []
    for row, value in zip(rows, begun, strict=True):
        if row.id in again:
            continue
        is_broken = message_rules.is_uncertain(value, now)
        state = MessageState.UNCERTAIN if is_broken else row.state
        is_old = row.state is MessageState.QUEUED
        lines.append(
            Line(
                id=row.id,
                kind=row.kind,
                title=KIND_NAMES[row.kind],
                state=OUT_OF_DATE if is_old else STATE_NAMES[state],
                tone="" if is_old else TONES.get(state, ""),
                icon="ban" if is_old else ICONS[state],
                channel=CHANNEL_NAMES[row.channel],
                at=row.ended_at or row.at,
                recipient=row.recipient,
                reason=row.reason,
                may_send_again=state in _SETTLE
                and one.visit.channel in terms.channels
                and message_rules.is_true(value, one.visit, now),
                may_settle=state in _SETTLE,
                may_note_answer=state in _ANSWER and not is_broken,
                is_shared=row.letter is not None,
            )
        )
    return Card(
        appointment_id=one.id,
        patient_id=one.patient_id,
        channel=CHANNEL_NAMES[one.agreed],
        agreed_on=one.agreed_on,
        why_nothing=_why_nothing(one, terms.channels),
        waiting=tuple(
            Waiting(
                kind=found.kind,
                title=KIND_NAMES[found.kind],
                not_before=max(found.not_before, now),
                reason=reasons.get(found.again.id, "") if found.again else "",
            )
            for found in queued
        ),
        lines=tuple(reversed(lines)),
    )


def _why_nothing(one: queries.Owing, channels: frozenset[Channel]) -> str:
    if one.agreed is Channel.NONE:
        return NOT_ASKED if not one.was_asked else WANTS_NONE
    if one.visit.channel is Channel.NONE:
        return NO_ADDRESS
    return "" if one.visit.channel in channels else NOT_SET_UP
