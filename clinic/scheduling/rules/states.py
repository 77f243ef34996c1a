"""Which step a visit may take from where it stands, by whom and when: one table for all."""

import datetime as dt
from dataclasses import dataclass

from clinic.core.access import Actor, Permission
from clinic.core.text import N_
from clinic.scheduling.values import AppointmentStatus, Standing, VisitAction

NO_SHOW_AFTER = dt.timedelta(minutes=15)
"""A visit is a no-show from this long after its start on (design default)."""
REOPEN_WITHIN = dt.timedelta(minutes=10)
"""A cancellation or no-show can be taken back this long; after that, book anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the table: from where, to where, and who may."""

    action: VisitAction
    sources: frozenset[AppointmentStatus]
    target: AppointmentStatus | None
    """None: it stays as it is, and a time is noted."""
    permission: Permission


def _step(
    action: VisitAction,
    sources: set[AppointmentStatus],
    target: AppointmentStatus | None,
    permission: Permission,
) -> Step:
    return Step(action=action, sources=frozenset(sources), target=target, permission=permission)


_S, _A, _P = AppointmentStatus, VisitAction, Permission
STEPS: dict[VisitAction, Step] = {
    step.action: step
    for step in (
        _step(_A.MOVE, {_S.BOOKED}, _S.BOOKED, _P.APPOINTMENT_BOOK),
        _step(_A.ARRIVE, {_S.BOOKED, _S.NO_SHOW}, _S.ARRIVED, _P.APPOINTMENT_CHECKIN),
        _step(_A.READY, {_S.ARRIVED}, None, _P.APPOINTMENT_CHECKIN),
        _step(_A.ROOM, {_S.ARRIVED}, None, _P.APPOINTMENT_CHECKIN),
        _step(_A.UNDO_ARRIVE, {_S.ARRIVED}, _S.BOOKED, _P.APPOINTMENT_CHECKIN),
        _step(_A.NO_SHOW, {_S.BOOKED}, _S.NO_SHOW, _P.APPOINTMENT_CHECKIN),
        _step(_A.CANCEL, {_S.BOOKED, _S.ARRIVED}, _S.CANCELLED, _P.APPOINTMENT_BOOK),
        _step(_A.REOPEN, {_S.CANCELLED, _S.NO_SHOW}, _S.BOOKED, _P.APPOINTMENT_BOOK),
        _step(_A.START, {_S.ARRIVED}, _S.IN_TREATMENT, _P.SESSION_LOG),
        _step(_A.FINISH, {_S.IN_TREATMENT}, _S.DONE, _P.SESSION_LOG),
        _step(_A.ABORT, {_S.IN_TREATMENT}, _S.CANCELLED, _P.SESSION_LOG),
        _step(_A.LEAVE, {_S.DONE}, None, _P.APPOINTMENT_CHECKIN),
        _step(_A.TAKE_BACK, {_S.ARRIVED, _S.DONE}, None, _P.APPOINTMENT_CHECKIN),
        _step(_A.CONFIRM, {_S.BOOKED}, None, _P.APPOINTMENT_CHECKIN),
        _step(
            _A.ENTER_IN_ERROR,
            {_S.DONE, _S.NO_SHOW},
            _S.ENTERED_IN_ERROR,
            _P.APPOINTMENT_ENTER_PAST,
        ),
    )
}
"""Every step there is; buttons, services and tests read it. Booking makes the visit itself."""

NOT_TODAY = N_("An arrival is noted on the day of the visit itself. Move the visit first.")
LEFT_TODAY = N_("That somebody left is noted on the day of the visit itself.")
NOTED_ALREADY = N_("This is noted already.")
NOTHING_NOTED = N_("There is nothing to take back.")
NOT_YET_NO_SHOW = N_("Wait until 15 minutes after the start before noting a no-show.")
STAYS_ON_RECORD = N_("A treatment was begun here: it stays on record. Correct it in its session.")
TOO_LATE_TO_REOPEN = N_("This can be taken back for 10 minutes only. Book a new visit instead.")
MOVED_ON: dict[AppointmentStatus, str] = {
    _S.BOOKED: N_("This visit has moved on in the meantime. It is booked now."),
    _S.ARRIVED: N_("This visit has moved on in the meantime. The patient has arrived."),
    _S.IN_TREATMENT: N_("This visit has moved on in the meantime. The treatment has begun."),
    _S.DONE: N_("This visit has moved on in the meantime. It is done."),
    _S.CANCELLED: N_("This visit has moved on in the meantime. It is cancelled now."),
    _S.NO_SHOW: N_("This visit has moved on in the meantime. It is noted as a no-show."),
    _S.ENTERED_IN_ERROR: N_("This visit was entered in error. Nothing can be done with it."),
}
"""Said when a step does not start from where the visit stands."""


def objection(action: VisitAction, visit: Standing, *, now: dt.datetime, today: dt.date) -> str:
    """Return why a visit cannot take a step now, to be translated; empty when it can.

    `today` is the clinic's calendar day of `now`.
    """
    if visit.status not in STEPS[action].sources:
        return MOVED_ON[visit.status]
    is_today = visit.day == today
    is_late = now >= visit.starts_at + NO_SHOW_AFTER
    may_reopen = visit.ended_at is not None and now <= visit.ended_at + REOPEN_WITHIN
    is_kept = visit.is_treatment and VisitAction.START in visit.noted
    has_noted = bool(visit.noted & taken_back(visit.status))
    objections = (
        (action is VisitAction.ARRIVE and not is_today, NOT_TODAY),
        (action is VisitAction.LEAVE and not is_today, LEFT_TODAY),
        (action in visit.noted, NOTED_ALREADY),
        (action is VisitAction.TAKE_BACK and not has_noted, NOTHING_NOTED),
        (action is VisitAction.NO_SHOW and not is_late, NOT_YET_NO_SHOW),
        (action is VisitAction.REOPEN and not may_reopen, TOO_LATE_TO_REOPEN),
        (action is VisitAction.ENTER_IN_ERROR and is_kept, STAYS_ON_RECORD),
    )
    return next((said for stands, said in objections if stands), "")


def taken_back(status: AppointmentStatus) -> frozenset[VisitAction]:
    """Return which noted times can be taken back while a visit stands like this."""
    if status is AppointmentStatus.DONE:
        return frozenset({VisitAction.LEAVE})
    return frozenset({VisitAction.READY, VisitAction.ROOM})


def next_steps(
    visit: Standing, actor: Actor, *, now: dt.datetime, today: dt.date
) -> tuple[VisitAction, ...]:
    """Return the steps that this person may take now, in the order of the table.

    A treatment is started and finished by its session's record, a consultation by hand.
    """
    by_session = {VisitAction.START, VisitAction.FINISH, VisitAction.ABORT}
    return tuple(
        step.action
        for step in STEPS.values()
        if actor.may(step.permission)
        and not objection(step.action, visit, now=now, today=today)
        and not (visit.is_treatment and step.action in by_session)
    )
