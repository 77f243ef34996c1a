"""Messages to patients as words, rows and commands: by which way, about what, how they stand."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from clinic.core.text import N_
from clinic.patients.values import Channel


class MessageKind(StrEnum):
    """What a message says."""

    CONFIRMATION = "confirmation"
    MOVED = "moved"
    CANCELLATION = "cancellation"
    REMINDER = "reminder"


KIND_NAMES: dict[MessageKind, str] = {
    MessageKind.CONFIRMATION: N_("Confirmation"),
    MessageKind.MOVED: N_("Notice of the new time"),
    MessageKind.CANCELLATION: N_("Notice of the cancellation"),
    MessageKind.REMINDER: N_("Reminder"),
}


class MessageState(StrEnum):
    """How far a message that was begun has come."""

    QUEUED = "queued"
    """To be tried again; the first time it is queued without a row."""
    SENDING = "sending"
    SENT = "sent"
    """The server took it."""
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    """Begun and never finished: it may have left or not; only a person sends it again."""
    ANSWERED = "answered"
    """Somebody noted that the patient answered."""
    SEEN = "seen"
    """Somebody noted that it failed or is uncertain, and settled it."""
    WITHHELD = "withheld"
    """Somebody said: do not send."""


STATE_NAMES: dict[MessageState, str] = {
    MessageState.QUEUED: N_("Queued"),
    MessageState.SENDING: N_("Sending"),
    MessageState.SENT: N_("Sent"),
    MessageState.FAILED: N_("Failed"),
    MessageState.UNCERTAIN: N_("Not certain whether it left"),
    MessageState.ANSWERED: N_("Answered"),
    MessageState.SEEN: N_("Failed, seen to"),
    MessageState.WITHHELD: N_("Not to be sent"),
}
OUT = frozenset({MessageState.SENDING, MessageState.SENT, MessageState.UNCERTAIN})
OUT |= {MessageState.ANSWERED}
"""The patient may have read it."""


class MailSecurity(StrEnum):
    """How the connection to the mail server is protected."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


SECURITY_NAMES: dict[MailSecurity, str] = {
    MailSecurity.TLS: N_("TLS from the start (port 465)"),
    MailSecurity.STARTTLS: N_("STARTTLS (port 587)"),
    MailSecurity.NONE: N_("None: only for a server on this machine"),
}


class SmsWay(StrEnum):
    """Which adapter SMS leave by."""

    OFF = "off"
    HTTP = "http"
    FILE = "file"


SMS_NAMES: dict[SmsWay, str] = {
    SmsWay.OFF: N_("No SMS"),
    SmsWay.HTTP: N_("A provider, over https"),
    SmsWay.FILE: N_("Into a file, for trying"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the clinic has set for its messages, as far as deciding needs it."""

    zone: str
    reminder_hours: int
    """Before the visit; 0 is no reminders."""
    quiet_from: dt.time
    quiet_until: dt.time
    """No message leaves from one to the other, on the clinic's clock; equal is no quiet."""
    channels: frozenset[Channel]
    """What the clinic can send by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """One message of a visit that was begun, in the order of their numbers."""

    id: int
    number: int
    kind: MessageKind
    state: MessageState
    starts_at: dt.datetime
    """The time of the visit that it speaks of."""
    at: dt.datetime
    """When it was begun last."""
    retry_at: dt.datetime | None = None
    tries: int = 1
    letter: str | None = None
    """The letter that it shares with other visits of its course."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit as far as its messages depend on it."""

    starts_at: dt.datetime
    is_on: bool
    """Booked, and nobody has come yet."""
    is_off: bool
    """Cancelled."""
    changed_at: dt.datetime
    """When it was booked, moved, cancelled or taken back last."""
    channel: Channel
    """What the patient agreed to and can be reached by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A message that is to leave, from when on."""

    kind: MessageKind
    not_before: dt.datetime
    again: Begun | None = None
    """The message that is tried again; None for a first one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetContact:
    """Note which messages a patient wants and has agreed to."""

    patient_id: int
    version: int
    """0 while nothing was noted."""
    channel: Channel
    agreed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSettings:
    """Change everything that the page of message settings shows; None leaves a password."""

    version: int
    smtp_host: str
    smtp_port: int
    smtp_security: MailSecurity
    smtp_login: str
    sender: str
    sms_way: SmsWay
    sms_url: str
    sms_sender: str
    reminder_hours: int
    quiet_from: dt.time
    quiet_until: dt.time


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message as it leaves."""

    to: str
    subject: str
    text: str
    key: str
    """Stays the same when the same message is tried again."""
    calendar: bytes = b""
    """An .ics, for e-mail."""


class Outcome(StrEnum):
    """What became of handing a message over."""

    TAKEN = "taken"
    LATER = "later"
    """Surely not taken, and worth another try."""
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What became of a message, and the server's words about it."""

    outcome: Outcome
    reason: str = ""
