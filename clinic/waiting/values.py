"""Who waits for a time and what they wish, offers of a time, and the commands about them."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from clinic.core.text import N_
from clinic.scheduling.rules.asking import PartOfDay

NO_ENTRY = N_("There is no such entry of the waiting list")
ALL_DAYS = 0b1111111
"""Every weekday as a bit; Monday is the lowest."""
USUAL_DAYS = 60
"""How long somebody waits unless another last day is typed (design default)."""
MOST_DAYS = 366
NOTICES = (0, 2, 4, 24, 48)
"""Hours somebody may need to get here, as the form offers them."""


class Priority(StrEnum):
    """Who is asked first."""

    SOON = "soon"
    USUAL = "usual"


PRIORITY_NAMES: dict[Priority, str] = {
    Priority.USUAL: N_("As usual"),
    Priority.SOON: N_("As soon as possible"),
}


class Ending(StrEnum):
    """Why somebody waits no more; that the last day is over is derived."""

    BOOKED = "booked"
    REMOVED = "removed"


class Way(StrEnum):
    """How somebody was told of a free time."""

    CALL = "call"
    MESSAGE = "message"


WAY_NAMES: dict[Way, str] = {Way.CALL: N_("by phone"), Way.MESSAGE: N_("by message")}


class Answer(StrEnum):
    """What became of an offer; that it ran out or the time is gone is derived."""

    YES = "yes"
    NO = "no"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    """The check said no when the patient had said yes."""


class OfferState(StrEnum):
    """How an offer stands at an instant."""

    OPEN = "open"
    OVER = "over"
    """Answered, or taken back."""
    RUN_OUT = "run_out"
    TAKEN = "taken"
    """Somebody else it was offered to was faster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What somebody waits for, and when they can come."""

    service_id: int
    practitioner_id: int | None
    """None: anyone."""
    weekdays: int
    """Bits, Monday lowest."""
    part_of_day: PartOfDay
    from_on: dt.date
    until_on: dt.date
    """Included; afterwards the wish is over by itself."""
    notice_hours: int
    """Hours needed to get here."""
    priority: Priority
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddEntry:
    """Put a patient on the list; `visit_id` is a later visit that would be given up."""

    patient_id: int
    visit_id: int | None
    wishes: Wishes


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEntry:
    """Change what somebody wishes, seen at `version`."""

    entry_id: int
    version: int
    wishes: Wishes


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferTime:
    """Tell somebody who waits of a free time, which is held from then on for a while."""

    entry_id: int
    starts_local: dt.datetime
    practitioner_id: int
    room_id: int
    way: Way
    second_hour: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FreedTime:
    """A time that became free with somebody: any entry that fits must touch it."""

    starts_local: dt.datetime
    minutes: int
    practitioner_id: int
