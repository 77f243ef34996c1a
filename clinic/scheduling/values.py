"""Visits, what they hold, and the commands of the desk."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from clinic.catalog.values import ResourceKind
from clinic.core.text import N_
from clinic.safety.values import Passage, Screening
from clinic.scheduling.closing import Closed


class AppointmentStatus(StrEnum):
    """Where a visit stands (FHIR Appointment.status in words of the desk)."""

    BOOKED = "booked"
    ARRIVED = "arrived"
    IN_TREATMENT = "in_treatment"
    DONE = "done"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    ENTERED_IN_ERROR = "entered_in_error"

    @property
    def occupies(self) -> bool:
        """Tell whether a visit in this status holds its time."""
        return self is AppointmentStatus.DONE or not self.is_over

    @property
    def is_over(self) -> bool:
        """Tell whether nothing is to come of a visit in this status."""
        return self not in {
            AppointmentStatus.BOOKED,
            AppointmentStatus.ARRIVED,
            AppointmentStatus.IN_TREATMENT,
        }


STATUS_NAMES: dict[AppointmentStatus, str] = {
    AppointmentStatus.BOOKED: N_("Booked"),
    AppointmentStatus.ARRIVED: N_("Arrived"),
    AppointmentStatus.IN_TREATMENT: N_("In treatment"),
    AppointmentStatus.DONE: N_("Done"),
    AppointmentStatus.CANCELLED: N_("Cancelled"),
    AppointmentStatus.NO_SHOW: N_("No-show"),
    AppointmentStatus.ENTERED_IN_ERROR: N_("Entered in error"),
}

FIRST_LANE = 1
OVERBOOK_LANES = (101, 102)
"""Beside its own lane a person or a room can be held twice more; the guard keeps each of them."""
ASIDE_LANE = 111
"""Of what was there when a block was laid over it: the block has the first lane."""
LANES = (FIRST_LANE, *OVERBOOK_LANES, ASIDE_LANE)
OVERBOOKABLE = frozenset({ResourceKind.PRACTITIONER, ResourceKind.NURSE, ResourceKind.ROOM})
"""Never a device, which takes one run at a time, and never the patient."""


class AppointmentOrigin(StrEnum):
    """How a visit came about."""

    SCHEDULED = "scheduled"
    WALK_IN = "walk_in"


class CancelReason(StrEnum):
    """Why a visit did not happen."""

    PATIENT_ASKED = "patient_asked"
    PATIENT_ILL = "patient_ill"
    CLINIC = "clinic"
    SAFETY = "safety"
    MISTAKE = "mistake"


CANCEL_REASON_NAMES: dict[CancelReason, str] = {
    CancelReason.PATIENT_ASKED: N_("Patient asked"),
    CancelReason.PATIENT_ILL: N_("Patient is ill"),
    CancelReason.CLINIC: N_("Clinic cannot"),
    CancelReason.SAFETY: N_("Not safe on that day"),
    CancelReason.MISTAKE: N_("Booked by mistake"),
}


class Confirmation(StrEnum):
    """What was heard about the coming of a patient; beside the status, never mixed with it."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    NOT_REACHED = "not_reached"
    OTHER_TIME = "other_time"


CONFIRMATION_NAMES: dict[Confirmation, str] = {
    Confirmation.ASKED: N_("Asked"),
    Confirmation.CONFIRMED: N_("Confirmed"),
    Confirmation.NOT_REACHED: N_("Not reached"),
    Confirmation.OTHER_TIME: N_("Wants another time"),
}


class VisitAction(StrEnum):
    """What can happen to a visit; each makes one row of its history."""

    BOOK = "book"
    MOVE = "move"
    CANCEL = "cancel"
    NO_SHOW = "no_show"
    ARRIVE = "arrive"
    UNDO_ARRIVE = "undo_arrive"
    START = "start"
    FINISH = "finish"
    ABORT = "abort"
    REOPEN = "reopen"
    ENTER_IN_ERROR = "enter_in_error"
    READY = "ready"
    ROOM = "room"
    LEAVE = "leave"
    TAKE_BACK = "take_back"
    CONFIRM = "confirm"


ACTION_NAMES: dict[VisitAction, str] = {
    VisitAction.BOOK: N_("Book"),
    VisitAction.MOVE: N_("Move"),
    VisitAction.CANCEL: N_("Cancel the visit"),
    VisitAction.NO_SHOW: N_("Did not come"),
    VisitAction.ARRIVE: N_("Arrived"),
    VisitAction.UNDO_ARRIVE: N_("Not arrived after all"),
    VisitAction.START: N_("Start"),
    VisitAction.FINISH: N_("Finish"),
    VisitAction.ABORT: N_("Abort"),
    VisitAction.REOPEN: N_("Take back"),
    VisitAction.ENTER_IN_ERROR: N_("Entered in error"),
    VisitAction.READY: N_("Ready"),
    VisitAction.ROOM: N_("In the room"),
    VisitAction.LEAVE: N_("Left"),
    VisitAction.TAKE_BACK: N_("Take the last time back"),
    VisitAction.CONFIRM: N_("Confirmed"),
}


class CourseStatus(StrEnum):
    """Where a course of sessions stands."""

    ACTIVE = "active"
    COMPLETED = "completed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """A half-open span of time in aware UTC."""

    start: dt.datetime
    end: dt.datetime

    def overlaps(self, other: "Span") -> bool:
        """Tell whether both share an instant; touching ends do not."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class BookAppointment:
    """Book a service for a patient; wall time is the promise. Devices are chosen by the service."""

    patient_id: int
    service_id: int
    starts_local: dt.datetime
    """Naive wall time at the clinic."""
    practitioner_id: int
    room_id: int | None = None
    """None: any room that is free."""
    note: str = ""
    origin: AppointmentOrigin = AppointmentOrigin.SCHEDULED
    second_hour: bool | None = None
    """Which of two same wall times at the end of summer time; None when it comes once."""
    recheck_reason: str = ""
    """Why a nurse or physician books ahead although an open-ended deferral stands."""
    overbook_reason: str = ""
    """Why people and rooms that are taken are held all the same, beside what is booked."""
    release_reason: str = ""
    """Why a physician releases, for this visit, what would refuse it."""
    near_reason: str = ""
    """Why a session comes nearer to another of its course than the least distance."""
    late_reason: str = ""
    """Why a visit that took place is entered only now."""
    name_spoken: bool = False
    birth_date_spoken: bool = False
    """Of a walk-in: both identifiers, as at every arrival."""
    form_key: str | None = None
    held_slot_id: int | None = None
    """A time held for this patient by the waiting list: free for them, for nobody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveAppointment:
    """Move a visit, seen at `version`, to another time or other resources."""

    appointment_id: int
    version: int
    starts_local: dt.datetime
    practitioner_id: int
    room_id: int | None = None
    """None: any room that is free."""
    second_hour: bool | None = None
    reason: str = ""
    recheck_reason: str = ""
    overbook_reason: str = ""
    near_reason: str = ""
    """Why a session comes nearer to another of its course than the least distance."""
    held_slot_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAppointment:
    """Cancel a visit, seen at `version`."""

    appointment_id: int
    version: int
    reason: CancelReason
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArriveVisit:
    """Note that the patient is here, having said both identifiers; also the late arrival."""

    appointment_id: int
    version: int
    name_spoken: bool
    birth_date_spoken: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StepVisit:
    """Take a visit, seen at `version`, one plain step: no-show, undone arrival, reopening."""

    appointment_id: int
    version: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmVisit:
    """Note what was heard about a visit, seen at `version`; None takes back what was noted."""

    appointment_id: int
    version: int
    answer: Confirmation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartVisit:
    """Begin the treatment of a visit, seen at `version` with the facts of `seen_facts_hash`."""

    appointment_id: int
    version: int
    seen_facts_hash: str
    acknowledged: bool = False
    """The clinician's tick under what is to be acknowledged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A check said no. Its record is kept, so this is returned and committed, never raised."""

    screening: Screening
    passage: Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A resource as the search for free times sees it: when it works, when it is held."""

    id: int
    kind: ResourceKind
    device_type: str = ""
    open: tuple[Span, ...] = ()
    """When it works; none means never."""
    busy: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One resource held for one part of a visit."""

    resource_id: int
    seq: int
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A span in which a resource is held: by whom, and in which of its lanes."""

    span: Span
    who: str
    """Empty where nobody asked for names, and of a time held for the waiting list."""
    lane: int
    visit_id: int | None = None
    """Only where names were not asked for."""
    held_slot_id: int | None = None
    expires_at: dt.datetime | None = None

    def is_over(self, now: dt.datetime) -> bool:
        """Tell whether it was held for an offer that has run out."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Opening:
    """A time at which everything a service needs is free, and with what."""

    starts_at: dt.datetime
    practitioner_id: int | None = None
    room_id: int | None = None
    held: tuple[tuple[tuple[ResourceKind, str], int], ...] = ()
    """Everything of it: which resource for which kind and device type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedOpening:
    """An opening in the clinic's words, for a button; None where the service needs nobody."""

    starts_local: dt.datetime
    practitioner_id: int | None
    practitioner: str
    room_id: int | None
    room: str
    second_hour: bool | None = None

    @property
    def key(self) -> str:
        """Return it as a button or an address carries it."""
        hour = {None: "", False: "first", True: "second"}[self.second_hour]
        at = self.starts_local.isoformat(timespec="minutes")
        return f"{at}|{self.practitioner_id}|{self.room_id}|{hour}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Why a wished time is not to be had: what is held or closed, until when, in wall time."""

    field: str
    """The form field it belongs to: practitioner_id, room_id, service_id or patient_id."""
    name: str
    who: str
    from_local: dt.datetime
    until_local: dt.datetime | None
    """None only of what is closed for longer than anybody knows."""
    kind: ResourceKind | None = None
    """What is taken; None for the patient's own time."""
    closed: Closed | None = None
    """Why it is closed; None where a visit holds it."""
    was_named: bool = True
    """Whether somebody wished for this one; else none of its kind is free, and it is free first."""

    @property
    def can_be_overbooked(self) -> bool:
        """Tell whether it may be held all the same, with a reason.

        People and rooms beside what holds them, everything outside its hours.
        """
        return self.kind in OVERBOOKABLE or (self.closed is not None and self.closed.kind is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a visit stands, as far as the table of steps needs to know."""

    status: AppointmentStatus
    starts_at: dt.datetime
    day: dt.date
    """Its day on the clinic's calendar."""
    is_treatment: bool = False
    ended_at: dt.datetime | None = None
    """When it was cancelled or noted as a no-show; bounds the taking back."""
    noted: frozenset[VisitAction] = frozenset()
    """Of READY, ROOM, START and LEAVE those whose time is noted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """How often somebody did not come, and how often they cancelled late, within a year."""

    no_shows: int = 0
    late: int = 0

    def __bool__(self) -> bool:
        return bool(self.no_shows or self.late)
