"""Deciding which messages a visit still owes its patient, and from when on they may leave. Pure."""

import datetime as dt
from collections.abc import Sequence
from urllib.parse import urlsplit

from clinic.core import walltime
from clinic.messages.values import OUT, Begun, MessageKind, MessageState, Queued, Terms, Visit
from clinic.patients.values import Channel

SETTLE = dt.timedelta(minutes=2)
"""How long a change waits before it is told: it may be taken back."""
FRESH = dt.timedelta(days=2)
"""An older change is not told any more."""
NEAR = dt.timedelta(hours=12)
"""A reminder that would follow another message so closely is left out."""
TOO_LATE = dt.timedelta(hours=1)
"""So short before the visit nobody is reminded."""
LEASE = dt.timedelta(minutes=5)
"""Longer than any sender takes for one message: what is older was broken off."""
PAUSES = (5, 15, 60, 240)
"""Minutes until a message that was surely not taken is tried again; then it has failed."""
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_CHANGE = {MessageKind.CONFIRMATION, MessageKind.MOVED, MessageKind.CANCELLATION}


def queue(visit: Visit, begun: Sequence[Begun], terms: Terms, now: dt.datetime) -> list[Queued]:
    """Return what is queued for a visit now, the next first; empty when nothing is owed.

    Compares what the patient was told last with what is true: nothing else is kept anywhere.
    """
    if visit.channel not in terms.channels or visit.starts_at <= now:
        return []
    if not (visit.is_on or visit.is_off):
        return []
    found = []
    notice = _notice(visit, begun, terms, now)
    if notice is not None:
        found.append(notice)
    reminder = _reminder(visit, begun, terms, now, notice)
    if reminder is not None:
        found.append(reminder)
    return sorted(found, key=lambda one: one.not_before)


def is_one_letter(first: Queued, other: Queued) -> bool:
    """Tell whether what two visits of a course owe is said at once: same news, nothing begun.

    What was begun together is tried again together, and with nothing that came since: a provider
    may know the letter by its key.
    """
    if first.kind is not other.kind or first.kind not in _CHANGE:
        return False
    if first.again is None or other.again is None:
        return first.again is other.again
    return first.again.letter is not None and first.again.letter == other.again.letter


def is_uncertain(message: Begun, now: dt.datetime) -> bool:
    """Tell whether a message was begun so long ago that its sender must have died."""
    return message.state is MessageState.SENDING and message.at + LEASE < now


def is_true(message: Begun, visit: Visit, now: dt.datetime) -> bool:
    """Tell whether what a message says still is so, of a visit that still lies ahead."""
    if visit.starts_at <= now or message.starts_at != visit.starts_at:
        return False
    return visit.is_off if message.kind is MessageKind.CANCELLATION else visit.is_on


def next_try(tries: int, now: dt.datetime) -> dt.datetime | None:
    """Return when a message that was not taken is tried again; None when it has failed."""
    if tries > len(PAUSES):
        return None
    return now + dt.timedelta(minutes=PAUSES[tries - 1])


def outside_quiet(instant: dt.datetime, terms: Terms) -> dt.datetime:
    """Return the instant, or the end of the quiet hours that it lies in."""
    span = _quiet_around(instant, terms)
    return span[1] if span else instant


def _notice(visit: Visit, begun: Sequence[Begun], terms: Terms, now: dt.datetime) -> Queued | None:
    told = [message for message in begun if message.kind in _CHANGE]
    about_now = [
        m
        for m in told
        if m.starts_at == visit.starts_at
        and (m.kind is MessageKind.CANCELLATION) == visit.is_off
        and m.number > _turned(told, visit)
    ]
    if about_now:
        last = about_now[-1]
        return _again(last, terms) if last.state is MessageState.QUEUED else None
    out = [message for message in told if message.state in OUT]
    was_told = bool(out) and out[-1].kind is not MessageKind.CANCELLATION
    if visit.is_off:
        if not was_told:
            return None  # Who never heard of the visit need not hear of its end.
        kind = MessageKind.CANCELLATION
    elif was_told and out[-1].starts_at == visit.starts_at:
        return None
    else:
        kind = MessageKind.MOVED if was_told else MessageKind.CONFIRMATION
    if now > visit.changed_at + FRESH:
        return None
    return Queued(kind=kind, not_before=outside_quiet(visit.changed_at + SETTLE, terms))


def _turned(told: Sequence[Begun], visit: Visit) -> int:
    """Return the number of the last message that says something else than what is true now.

    A visit that moved away and came back is told again; what was said before does not count.
    """
    other = [
        m.number
        for m in told
        if m.state in OUT
        and (m.starts_at != visit.starts_at or (m.kind is MessageKind.CANCELLATION) != visit.is_off)
    ]
    return max(other, default=0)


def _reminder(
    visit: Visit,
    begun: Sequence[Begun],
    terms: Terms,
    now: dt.datetime,
    notice: Queued | None,
) -> Queued | None:
    if not visit.is_on or not terms.reminder_hours or now > visit.starts_at - TOO_LATE:
        return None
    own = [m for m in begun if m.kind is MessageKind.REMINDER and m.starts_at == visit.starts_at]
    if own:
        last = own[-1]
        return _again(last, terms) if last.state is MessageState.QUEUED else None
    due = visit.starts_at - dt.timedelta(hours=terms.reminder_hours)
    told_at = [m.at for m in begun if m.state in OUT and m.starts_at == visit.starts_at]
    told_at += [notice.not_before] if notice is not None else []
    if any(at > due - NEAR for at in told_at):
        return None
    span = _quiet_around(due, terms)
    if span is None:
        return Queued(kind=MessageKind.REMINDER, not_before=due)
    start, end = span
    # Better the evening before than when the patient is on the way already.
    at = end if end < visit.starts_at - 2 * TOO_LATE else start - dt.timedelta(minutes=1)
    return Queued(kind=MessageKind.REMINDER, not_before=outside_quiet(max(at, now), terms))


def _again(message: Begun, terms: Terms) -> Queued:
    at = message.retry_at or message.at
    if message.tries:  # Whom a person tells to send again does not wait for the morning.
        at = outside_quiet(at, terms)
    return Queued(kind=message.kind, not_before=at, again=message)


def _quiet_around(instant: dt.datetime, terms: Terms) -> tuple[dt.datetime, dt.datetime] | None:
    """Return the half-open quiet hours that an instant lies in."""
    if terms.quiet_from == terms.quiet_until:
        return None
    day = walltime.to_local(instant, terms.zone).date()
    for begins in (day - dt.timedelta(days=1), day):
        ends = begins if terms.quiet_from < terms.quiet_until else begins + dt.timedelta(days=1)
        start = walltime.to_utc_forward(dt.datetime.combine(begins, terms.quiet_from), terms.zone)
        end = walltime.to_utc_forward(dt.datetime.combine(ends, terms.quiet_until), terms.zone)
        if start <= instant < end:
            return start, end
    return None


def channel_of(wish: Channel, *, email: str, phone: str) -> Channel:
    """Return what a patient can be reached by: what was agreed, if the address is on file."""
    reached = {Channel.EMAIL: email, Channel.SMS: phone}
    return wish if reached.get(wish) else Channel.NONE


def may_call(url: str, *, is_testing: bool) -> bool:
    """Tell whether an address may be called: https, or this machine itself in tests."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username or parts.password or parts.fragment:
        return False
    if not url.isascii() or any(c.isspace() for c in url):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_testing and host in _LOOPBACK)
