"""What happened to a visit in plain words: who did what, from where to where, why."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from clinic.core.text import N_
from clinic.scheduling.models import AppointmentEvent
from clinic.scheduling.values import (
    CANCEL_REASON_NAMES,
    AppointmentStatus,
    CancelReason,
    Confirmation,
    VisitAction,
)

LINES: dict[VisitAction, str] = {
    VisitAction.BOOK: N_("%(who)s booked it for %(to)s"),
    VisitAction.MOVE: N_("%(who)s moved it from %(from)s to %(to)s"),
    VisitAction.CANCEL: N_("%(who)s cancelled it: %(why)s"),
    VisitAction.NO_SHOW: N_("%(who)s noted that nobody came"),
    VisitAction.ARRIVE: N_("%(who)s noted the arrival; name and date of birth were said"),
    VisitAction.UNDO_ARRIVE: N_("%(who)s took the arrival back"),
    VisitAction.START: N_("%(who)s began the treatment"),
    VisitAction.FINISH: N_("%(who)s finished the treatment"),
    VisitAction.ABORT: N_("%(who)s broke the treatment off"),
    VisitAction.REOPEN: N_("%(who)s took it back: it is booked again"),
    VisitAction.ENTER_IN_ERROR: N_("%(who)s marked it as entered in error"),
    VisitAction.READY: N_("%(who)s noted that everything is ready"),
    VisitAction.ROOM: N_("%(who)s took the patient to the room"),
    VisitAction.LEAVE: N_("%(who)s noted that the patient has left"),
    VisitAction.CONFIRM: N_("%(who)s took back what was heard about the coming"),
    VisitAction.TAKE_BACK: N_("%(who)s took a noted time back"),
}
HEARD: dict[str, str] = {
    Confirmation.ASKED.value: N_("%(who)s asked whether the patient comes"),
    Confirmation.CONFIRMED.value: N_("%(who)s noted that the patient confirmed"),
    Confirmation.NOT_REACHED.value: N_("%(who)s did not reach the patient"),
    Confirmation.OTHER_TIME.value: N_("%(who)s noted that the patient wants another time"),
}
TAKEN_BACK: dict[str, str] = {
    VisitAction.READY.value: N_("%(who)s took back that everything is ready"),
    VisitAction.ROOM.value: N_("%(who)s took back that the patient is in the room"),
    VisitAction.LEAVE.value: N_("%(who)s took back that the patient has left"),
}
ENTERED_LATE = N_("%(who)s entered it later: it took place on %(to)s")
WALKED_IN = N_("%(who)s let the patient in without a booking, on %(to)s")
CLINICAL_REASONS = frozenset({VisitAction.ABORT})
"""Whose reason may be medical: not in what reception receives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """When, with whom and where a visit was to be."""

    starts_local: dt.datetime
    practitioner: str
    room: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a visit's history: a marked sentence and what stands in its gaps."""

    action: VisitAction
    sentence: str
    who: str
    at: dt.datetime
    before: Place | None
    after: Place | None
    why: str
    """Marked for translation: why it was cancelled."""
    reason: str
    """As somebody wrote it."""
    beside: tuple[str, ...]
    """Who and what else was held: nurse, device."""
    over: tuple[str, ...]
    """Who and what was taken and held all the same."""


def line(event: AppointmentEvent, *, is_clinical: bool) -> Line:
    """Return one event in plain words, without what reception must not read."""
    why = event.after.get("cancel_reason")
    is_hidden = event.action in CLINICAL_REASONS and not is_clinical
    return Line(
        action=event.action,
        sentence=_sentence(event),
        who=event.actor_name,
        at=event.at,
        before=place(event.before),
        after=place(event.after),
        why=CANCEL_REASON_NAMES[CancelReason(why)] if why else "",
        reason="" if is_hidden else event.reason,
        beside=tuple(event.after.get("beside", ())),
        over=tuple(event.after.get("overbooked", ())),
    )


def _sentence(event: AppointmentEvent) -> str:
    if event.action is VisitAction.BOOK:
        made = {
            AppointmentStatus.ARRIVED.value: WALKED_IN,
            AppointmentStatus.DONE.value: ENTERED_LATE,
        }
        return made.get(event.after.get("status", ""), LINES[event.action])
    if event.action is VisitAction.CONFIRM:
        return HEARD.get(event.after.get("confirmation") or "", LINES[event.action])
    if event.action is VisitAction.TAKE_BACK:
        return TAKEN_BACK.get(event.after.get("taken_back", ""), LINES[event.action])
    return LINES[event.action]


def place(kept: Mapping[str, str]) -> Place | None:
    """Return when and where an event says that a visit was; None when it does not."""
    if "starts_local" not in kept:
        return None
    return Place(
        starts_local=dt.datetime.fromisoformat(kept["starts_local"]),
        practitioner=kept.get("practitioner", ""),
        room=kept.get("room", ""),
    )
