"""Visits, what they hold, and the commands of the desk."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from clinic.core.text import N_


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
        return self in {
            AppointmentStatus.BOOKED,
            AppointmentStatus.ARRIVED,
            AppointmentStatus.IN_TREATMENT,
            AppointmentStatus.DONE,
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
    room_id: int
    note: str = ""
    origin: AppointmentOrigin = AppointmentOrigin.SCHEDULED
    second_hour: bool | None = None
    """Which of two same wall times at the end of summer time; None when it comes once."""
    recheck_reason: str = ""
    """Why a nurse or physician books ahead although an open-ended deferral stands."""
    form_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveAppointment:
    """Move a visit, seen at `version`, to another time or other resources."""

    appointment_id: int
    version: int
    starts_local: dt.datetime
    practitioner_id: int
    room_id: int
    second_hour: bool | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAppointment:
    """Cancel a visit, seen at `version`."""

    appointment_id: int
    version: int
    reason: CancelReason
    note: str = ""
