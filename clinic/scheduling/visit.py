"""One visit as its page shows it: what, when, how it stands, what may be done, what happened."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog.models import Service
from clinic.catalog.values import Modality, ResourceKind
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import NotFound
from clinic.patients.values import PatientBar
from clinic.safety import queries as safety_queries
from clinic.safety.models import Release
from clinic.safety.rules.passage import is_released, passage
from clinic.safety.rules.redaction import for_reception
from clinic.safety.values import Decision, Moment, Passage, ReceptionScreening, Screening
from clinic.scheduling import handed, history, missed, moved, presence, queries
from clinic.scheduling import steps as scheduling_steps
from clinic.scheduling.handed_values import Asked, ToSign
from clinic.scheduling.history import Line, Place
from clinic.scheduling.models import Appointment, AppointmentEvent, Course, Occupancy, Resource
from clinic.scheduling.rules import checks, promise, states
from clinic.scheduling.values import (
    AppointmentStatus,
    Confirmation,
    Missed,
    Standing,
    VisitAction,
)

_OPEN = frozenset({AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """A step that can be taken back for some minutes yet: a cancellation, or a move."""

    action: VisitAction
    place: Place | None
    practitioner_id: int | None = None
    room_id: int | None = None
    second_hour: bool | None = None
    held: tuple[int, ...] = ()
    """Everybody and everything that it held there."""
    overbook_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A time that a visit has just given up, and how to take that back."""

    appointment_id: int
    version: int
    status: AppointmentStatus
    undo: Undo
    starts_local: dt.datetime
    minutes: int
    practitioner_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a clinician sees of a visit's check as it stands now."""

    screening: Screening
    passage: Passage
    releases: Mapping[str, tuple[Release, str]]
    decision: Decision | None
    is_released: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitCard:
    """One visit as everybody at the desk may see it: nothing of its check, no clinician's words."""

    id: int
    version: int
    patient_id: int
    service_id: int
    practitioner_id: int
    room_id: int
    course_number: int | None
    status: AppointmentStatus
    starts_local: dt.datetime
    ends_at: dt.datetime
    minutes: int
    arrived_at: dt.datetime | None
    ready_at: dt.datetime | None
    roomed_at: dt.datetime | None
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
    left_at: dt.datetime | None
    confirmation: Confirmation | None
    """Of the time at which it stands now."""
    late_reason: str
    """Why it was entered after it took place; empty when it was not."""
    note: str
    """For the desk; no clinical content."""
    overbook_reason: str
    """For the desk as well; empty when it is not overbooked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitPage:
    """Everything the page of one visit shows; without clinical content for reception."""

    visit: VisitCard
    bar: PatientBar
    service_name: str
    modality: Modality
    practitioner: str
    room: str
    nurses: tuple[str, ...]
    devices: tuple[str, ...]
    course_id: int | None
    sessions_planned: int | None
    created_by: str
    steps: tuple[VisitAction, ...]
    undo: Undo | None
    history: Sequence[Line]
    reception: ReceptionScreening | None
    """None of a visit that is over: nothing is to be done about it any more."""
    checked: Checked | None
    recheck_reason: str
    """Empty for reception."""
    seen_facts_hash: str
    """Of the check that this page shows; whoever may start a consultation starts it with it."""
    is_open: bool
    asked: Asked | None
    """Of a treatment to come: whether the questions are answered."""
    to_sign: tuple[ToSign, ...]
    """Of a visit to come: the consents that can be signed on the tablet."""
    rebook_from: dt.date | None
    """First day to move it to, where its own is too early and this role may know which."""
    moved_from: dt.datetime | None
    """For when it was booked first, in wall time; None where it stands there."""
    missed: Missed
    """What the patient did not come to, or cancelled late, within a year."""


def page(db: Session, actor: Actor, appointment_id: int) -> VisitPage:
    """Return a visit of this place; raises NotFound."""
    visit = queries.get(db, appointment_id)
    if visit.location_id != actor.location_id:
        raise NotFound(queries.NO_VISIT)
    now, today = clock.now(), clock.today(actor.zone)
    service = db.get_one(Service, visit.service_id)
    names = queries.names_of(db, {visit.practitioner_id, visit.room_id})
    others = _others(db, visit)
    events = queries.events(db, visit.id)
    is_open = visit.status in _OPEN
    steps = states.next_steps(
        Standing(
            status=visit.status,
            starts_at=visit.starts_at,
            day=visit.starts_local.date(),
            is_treatment=service.modality.is_treatment,
            ended_at=_ended_at(events),
            noted=scheduling_steps.noted(visit),
        ),
        actor,
        now=now,
        today=today,
    )
    screening: Screening | None = None
    given: dict[str, tuple[Release, str]] = {}
    if service.modality.is_treatment:
        screening, given = _check(db, visit, today, is_open=is_open)
    return VisitPage(
        visit=_card(visit),
        bar=_bar(db, actor, visit, today),
        service_name=service.name,
        modality=service.modality,
        practitioner=names.get(visit.practitioner_id, ""),
        room=names.get(visit.room_id, ""),
        nurses=tuple(name for kind, name in others if kind is ResourceKind.NURSE),
        devices=tuple(name for kind, name in others if kind is ResourceKind.DEVICE),
        course_id=visit.course_id,
        sessions_planned=db.get_one(Course, visit.course_id).sessions_planned
        if visit.course_id
        else None,
        created_by=next((e.actor_name for e in events if e.action is VisitAction.BOOK), ""),
        steps=steps,
        undo=undo_of(db, actor, visit, events),
        history=[history.line(event, is_clinical=actor.is_clinical) for event in events],
        reception=for_reception(screening, set(given))
        if service.modality.is_treatment and not actor.is_clinical and not visit.status.is_over
        else None,
        checked=_checked(actor, screening, given, today)
        if screening is not None and actor.is_clinical
        else None,
        recheck_reason=visit.recheck_reason if actor.is_clinical else "",
        seen_facts_hash=_facts_hash(db, visit, today) if VisitAction.START in steps else "",
        is_open=is_open,
        asked=handed.asked(db, visit.id, screening, zone=actor.zone)
        if screening is not None and is_open
        else None,
        to_sign=handed.to_sign(
            db, visit.patient_id, service.modality, service_id=service.id, on=today
        )
        if is_open
        else (),
        rebook_from=_rebook_from(actor, screening, given, today)
        if screening is not None and VisitAction.MOVE in steps
        else None,
        moved_from=moved.first_of(
            (event.before for event in reversed(events) if event.action is VisitAction.MOVE),
            visit.starts_local,
        ),
        missed=missed.of_patient(db, actor, visit.patient_id),
    )


def _bar(db: Session, actor: Actor, visit: Appointment, today: dt.date) -> PatientBar:
    """Return whose visit it is; beside one that is over nothing is said that is to be asked."""
    bar = safety_queries.bar(db, actor, visit.patient_id, on=today)
    if not visit.status.is_over:
        return bar
    ask = Decision.ASK.value
    return replace(bar, warnings=tuple(one for one in bar.warnings if one.level != ask))


def _rebook_from(
    actor: Actor, screening: Screening, given: Collection[str], today: dt.date
) -> dt.date | None:
    """Return the first day that a booking would be offered instead of the visit's own."""
    way = passage(screening, Moment.BOOKING, actor.role, given, today=today)
    return way.offers_from if way.offers_from and way.offers_from > screening.on else None


def _card(visit: Appointment) -> VisitCard:
    return VisitCard(
        id=visit.id,
        version=visit.version,
        patient_id=visit.patient_id,
        service_id=visit.service_id,
        practitioner_id=visit.practitioner_id,
        room_id=visit.room_id,
        course_number=visit.course_number,
        status=visit.status,
        starts_local=visit.starts_local,
        ends_at=visit.ends_at,
        minutes=(visit.ends_at - visit.starts_at) // dt.timedelta(minutes=1),
        arrived_at=visit.arrived_at,
        ready_at=visit.ready_at,
        roomed_at=visit.roomed_at,
        started_at=visit.started_at,
        ended_at=visit.ended_at,
        left_at=visit.left_at,
        confirmation=presence.confirmation_of(visit),
        late_reason=visit.late_reason or "",
        note=visit.note,
        overbook_reason=visit.overbook_reason or "",
    )


def check_of(db: Session, visit: Appointment) -> Screening | None:
    """Return the check of a visit as its page shows it; None without one."""
    if not db.get_one(Service, visit.service_id).modality.is_treatment:
        return None
    return _check(db, visit, clock.today(visit.zone), is_open=visit.status in _OPEN)[0]


def _check(
    db: Session, visit: Appointment, today: dt.date, *, is_open: bool
) -> tuple[Screening | None, dict[str, tuple[Release, str]]]:
    """Return the check of an open visit as it stands now, of a closed one as it was kept last."""
    given = {row.fingerprint: (row, name) for row, name in safety_queries.releases(db, visit.id)}
    if not is_open:
        record = safety_queries.latest_screening(db, visit.id)
        return (safety_queries.screening_of(record) if record else None), given
    history = safety_queries.history_of(db, visit.patient_id)
    on = max(visit.starts_local.date(), today)
    plan = queries.plan_for(db, visit, history, on=on)
    return safety_queries.check(db, history, plan, on), given


def _facts_hash(db: Session, visit: Appointment, today: dt.date) -> str:
    history = safety_queries.history_of(db, visit.patient_id)
    plan = queries.plan_for(db, visit, history, on=today)
    return safety_queries.check(db, history, plan, today).facts_hash


def _checked(
    actor: Actor,
    screening: Screening,
    given: dict[str, tuple[Release, str]],
    today: dt.date,
) -> Checked:
    known = checks.remembered(screening, set(given))
    return Checked(
        screening=screening,
        passage=passage(screening, Moment.START, actor.role, set(given), today=today),
        releases={
            finding.fingerprint: given[finding.fingerprint]
            for finding in screening.findings
            if is_released(finding, given)
        },
        decision=known.decision,
        is_released=known.is_released,
    )


def _others(db: Session, visit: Appointment) -> list[tuple[ResourceKind, str]]:
    """Return (kind, name) of what a visit holds beside its practitioner and its room."""
    rows = db.execute(
        sa.select(Resource.kind, Resource.name)
        .join(Occupancy, Occupancy.resource_id == Resource.id)
        .where(
            Occupancy.appointment_id == visit.id,
            Resource.id.not_in([visit.practitioner_id, visit.room_id]),
        )
        .order_by(Occupancy.seq)
    )
    return list(dict.fromkeys((row.kind, row.name) for row in rows))


def _ended_at(events: Sequence[AppointmentEvent]) -> dt.datetime | None:
    ends = {VisitAction.CANCEL, VisitAction.NO_SHOW}
    return next((event.at for event in events if event.action in ends), None)


def undo_of(
    db: Session, actor: Actor, visit: Appointment, events: Sequence[AppointmentEvent]
) -> Undo | None:
    """Return what was done last and can be taken back: by the same person, within minutes."""
    if not events or events[0].actor_id != actor.id:
        return None
    last = events[0]
    if clock.now() > last.at + states.REOPEN_WITHIN:
        return None
    if last.action in {VisitAction.CANCEL, VisitAction.NO_SHOW}:
        return Undo(action=VisitAction.REOPEN, place=None)
    was = history.place(last.before)
    if last.action is not VisitAction.MOVE or was is None:
        return None
    if visit.status is not AppointmentStatus.BOOKED:
        return None
    held = tuple(last.before.get("held", ()))
    ids = {
        (row.kind, row.name): row.id
        for row in queries.resources(db, visit.location_id)
        if not held or row.id in held
    }
    at = last.before.get("starts_at")
    return Undo(
        action=VisitAction.MOVE,
        place=was,
        practitioner_id=ids.get((ResourceKind.PRACTITIONER, was.practitioner)),
        room_id=ids.get((ResourceKind.ROOM, was.room)),
        second_hour=promise.second_hour_of(dt.datetime.fromisoformat(at), actor.zone)
        if at
        else None,
        held=held,
        overbook_reason=last.before.get("overbook_reason", ""),
    )


def left(db: Session, actor: Actor, appointment_id: int) -> Left | None:
    """Return the time that this person has let a visit of this place give up, minutes ago."""
    visit = db.get(Appointment, appointment_id)
    if visit is None or visit.location_id != actor.location_id:
        return None
    undo = undo_of(db, actor, visit, queries.events(db, visit.id))
    if undo is None:
        return None
    return Left(
        appointment_id=visit.id,
        version=visit.version,
        status=visit.status,
        undo=undo,
        starts_local=undo.place.starts_local if undo.place else visit.starts_local,
        minutes=(visit.ends_at - visit.starts_at) // dt.timedelta(minutes=1),
        practitioner_id=undo.practitioner_id or visit.practitioner_id,
    )


def device_offset(db: Session, appointment_id: int) -> dt.timedelta:
    """Return how long after the start of a visit its first device is held; one statement."""
    row = db.execute(
        sa.select(Occupancy.starts_at, Appointment.starts_at)
        .join(Appointment, Appointment.id == Occupancy.appointment_id)
        .join(Resource, Resource.id == Occupancy.resource_id)
        .where(Appointment.id == appointment_id, Resource.kind == ResourceKind.DEVICE)
        .order_by(Occupancy.starts_at)
        .limit(1)
    ).one_or_none()
    return row[0] - row[1] if row else dt.timedelta()
