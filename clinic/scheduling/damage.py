"""What a block hits: the visits in it, the next best time for each, and moving all of them.

All or nothing: one transaction, and whatever cannot be moved is named.
"""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, selectinload

from clinic.audit import service as audit
from clinic.catalog import queries as catalog_queries
from clinic.catalog.models import Service
from clinic.catalog.values import Modality, ResourceKind
from clinic.core import clock, walltime
from clinic.core.access import Actor
from clinic.core.errors import ClinicError, Conflict
from clinic.core.text import N_
from clinic.patients.models import Patient
from clinic.patients.values import full_name
from clinic.safety import queries as safety_queries
from clinic.safety.rules.passage import passage
from clinic.safety.values import History, Moment, Outcome
from clinic.scheduling import blocks, checking, openings, queries, service
from clinic.scheduling.blocks import BlockCard
from clinic.scheduling.closing import Placed
from clinic.scheduling.models import Appointment, Course, Occupancy, Resource
from clinic.scheduling.openings import Wish
from clinic.scheduling.rules import asking, slots
from clinic.scheduling.rules.asking import Ask
from clinic.scheduling.timetables import Timetable
from clinic.scheduling.values import (
    FIRST_LANE,
    AppointmentStatus,
    Held,
    MoveAppointment,
    NamedOpening,
    Opening,
    Refused,
    Span,
)

MOST = 40
"""Visits that are moved at one go; the page shows the next ones afterwards."""
AFTER = 14
"""Days behind a block in which another time is looked for."""
REFUSED = N_("the check refuses that day")
NOT_IN_IT = N_("it is not among the visits of this block any more")
NOTHING = N_("Choose a time for at least one visit")
NOT_MOVED = N_("Nothing was moved: not all of these visits can go where they were to go.")


class NotMoved(Conflict):
    """Some visits cannot be moved, so none was; `why` holds the reason of each by its id."""

    def __init__(self, why: Mapping[int, ClinicError]) -> None:
        super().__init__(NOT_MOVED)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A visit that stands in a block, and where else it could be."""

    id: int
    version: int
    who: str
    service: str
    starts_local: dt.datetime
    practitioner: str
    room: str
    is_overbooked: bool
    """Booked there with a reason: it is meant to stay."""
    options: tuple[NamedOpening, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """The visits that a block hits, the first of them with what is free instead."""

    count: int
    hits: tuple[Hit, ...]


_Practitioner, _Room = aliased(Resource), aliased(Resource)


def count(db: Session, block: BlockCard) -> int:
    """Return how many coming visits stand in a block; one statement."""
    return db.scalar(sa.select(sa.func.count()).select_from(_in(block).subquery())) or 0


def damage(db: Session, actor: Actor, table: Timetable, block: BlockCard) -> Damage:
    """Return the visits in a block, the earliest first, each with the next best times.

    The times of one are not offered first to another. Twelve statements, however many visits.
    """
    ids = db.scalars(_in(block)).all()
    rows = db.execute(
        sa.select(
            Appointment,
            Patient.given_name,
            Patient.family_name,
            Course.interval_days,
            _Practitioner.name.label("practitioner"),
            _Room.name.label("room"),
        )
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(_Practitioner, _Practitioner.id == Appointment.practitioner_id)
        .join(_Room, _Room.id == Appointment.room_id)
        .outerjoin(Course, Course.id == Appointment.course_id)
        .where(Appointment.id.in_(ids))
        .order_by(Appointment.starts_at, Appointment.id)
        .limit(MOST)
    ).all()
    look = _Look.of(db, actor, table, block, [row[0] for row in rows]) if rows else None
    hits = []
    for visit, given, family, interval, practitioner, room in rows:
        assert look is not None
        hits.append(
            Hit(
                id=visit.id,
                version=visit.version,
                who=full_name(given, family),
                service=look.services[visit.service_id].name,
                starts_local=visit.starts_local,
                practitioner=practitioner,
                room=room,
                is_overbooked=visit.overbook_reason is not None,
                options=look.options(db, visit, interval),
            )
        )
    return Damage(count=len(ids), hits=tuple(hits))


def _in(block: BlockCard) -> sa.Select[int]:
    """Name the coming visits that hold something of what a block holds, while it does."""
    return (
        sa.select(Appointment.id)
        .join(Occupancy, Occupancy.appointment_id == Appointment.id)
        .where(
            Occupancy.resource_id.in_([id_ for id_, _ in block.resources]),
            Occupancy.is_active,
            Occupancy.starts_at > block.span.start - queries.LONGEST,
            Occupancy.starts_at < block.span.end,
            Occupancy.ends_at > block.span.start,
            Appointment.status == AppointmentStatus.BOOKED,
            Appointment.starts_at > clock.now(),
        )
        .distinct()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """Everything that was read to find other times, and what was found so far."""

    actor: Actor
    table: Timetable
    window: Span
    services: Mapping[int, Service]
    held: dict[int, list[Held]]
    patients: Mapping[int, list[tuple[Span, str, int]]]
    histories: Mapping[int, History]
    consent_version: Callable[[Modality, dt.date], str | None]

    @classmethod
    def of(
        cls,
        db: Session,
        actor: Actor,
        table: Timetable,
        block: BlockCard,
        visits: Sequence[Appointment],
    ) -> "_Look":
        first = max(block.starts_local.date() - dt.timedelta(days=1), clock.today(actor.zone))
        last = block.ends_local.date() + dt.timedelta(days=AFTER)
        window = openings.window_of(actor, first, last)
        whole = openings.reach(window)
        patients = {visit.patient_id for visit in visits}
        return cls(
            actor=actor,
            table=table,
            window=window,
            services=_services(db, {visit.service_id for visit in visits}),
            held=openings.held_in(db, [r.id for r in table.resources], whole),
            patients=_held_by(db, patients, whole),
            histories=safety_queries.histories(db, patients),
            consent_version=queries.consent_versions(db),
        )

    def options(
        self, db: Session, visit: Appointment, interval_days: int | None
    ) -> tuple[NamedOpening, ...]:
        """Return the next best times of a visit; the first is then no other visit's."""
        service_ = self.services[visit.service_id]
        reading = openings.reading_of(
            self.actor,
            self.table,
            service_,
            self.window,
            held={
                id_: [row for row in rows if row.visit_id != visit.id]
                for id_, rows in self.held.items()
            },
            patient_visits=[
                (span, name)
                for span, name, id_ in self.patients.get(visit.patient_id, ())
                if id_ != visit.id
            ],
        )
        wish = Wish(
            service=service_,
            patient_id=visit.patient_id,
            practitioner_id=visit.practitioner_id,
            room_id=visit.room_id,
            but=visit.id,
        )
        not_earlier = Span(start=visit.starts_at, end=self.window.end)
        found = openings.instead(reading, wish, visit.starts_at, within=(not_earlier,))
        later: dt.date | None = None
        passed = []
        for opening in found:
            day = walltime.to_local(opening.starts_at, self.actor.zone).date()
            is_free, from_ = self._passes(db, visit, service_.modality, day, interval_days)
            later = later or from_
            if is_free:
                passed.append(opening)
        if not passed and later is not None:
            last = walltime.to_local(self.window.end, self.actor.zone).date()
            within = asking.spans(Ask(since=later, until=last), self.actor.zone)
            passed = [
                opening
                for opening, _ in zip(
                    reading.openings(wish, within=within), range(openings.OFFERED), strict=False
                )
            ]
        if passed:
            self._take(service_, passed[0])
        return tuple(openings.named(self.actor, self.table, opening) for opening in passed)

    def _passes(
        self,
        db: Session,
        visit: Appointment,
        modality: Modality,
        on: dt.date,
        interval_days: int | None,
    ) -> tuple[bool, dt.date | None]:
        """Tell whether the check lets a visit be moved to a day, and from when it does."""
        if not modality.is_treatment:
            return True, None
        history = self.histories[visit.patient_id]
        plan = queries.plan_of(
            modality,
            history,
            consent_version=self.consent_version(modality, on),
            interval_days=interval_days,
            ingredients=self.services[visit.service_id].ingredients,
        )
        if on == visit.starts_local.date():
            screening = safety_queries.check(db, history, plan, on)
        else:
            screening = checking.check_to_book(db, self.actor, history, plan, on)
        today = clock.today(self.actor.zone)
        way = passage(screening, Moment.BOOKING, self.actor.role, today=today)
        return way.outcome is not Outcome.REFUSED, way.offers_from

    def _take(self, service_: Service, opening: Opening) -> None:
        """Hold what a visit was offered first, so that the next one is offered something else."""
        parts = catalog_queries.parts_of(service_)
        for one in slots.holdings(parts, opening.starts_at, dict(opening.held)):
            self.held.setdefault(one.resource_id, []).append(
                Held(span=one.span, who="", lane=FIRST_LANE)
            )


def _held_by(
    db: Session, patient_ids: Collection[int], span: Span
) -> dict[int, list[tuple[Span, str, int]]]:
    rows = db.execute(
        sa.select(
            Appointment.patient_id,
            Appointment.starts_at,
            Appointment.ends_at,
            Service.name,
            Appointment.id,
        )
        .join(Service, Service.id == Appointment.service_id)
        .where(
            Appointment.patient_id.in_(patient_ids),
            Appointment.occupies,
            Appointment.starts_at > span.start - queries.LONGEST,
            Appointment.starts_at < span.end,
        )
    )
    found: dict[int, list[tuple[Span, str, int]]] = {}
    for patient_id, starts_at, ends_at, name, visit in rows:
        held = (Span(start=starts_at, end=ends_at), name, visit)
        found.setdefault(patient_id, []).append(held)
    return found


def _services(db: Session, ids: Collection[int]) -> dict[int, Service]:
    """Return services with their parts, also those that are not offered any more."""
    rows = db.scalars(
        sa.select(Service).where(Service.id.in_(ids)).options(selectinload(Service.segments))
    )
    return {row.id: row for row in rows}


def move_all(
    db: Session, actor: Actor, block_id: int, placed: Sequence[Placed], *, reason: str
) -> int:
    """Move visits out of a block, all of them or none; return how many.

    Each is checked and held as by `service.move`. Raises NotFound, NotMoved with the reason of
    each that cannot go where it was to go.
    """
    block = blocks.card(db, actor, block_id)
    _lock(db, actor, [one.appointment_id for one in placed])
    inside: set[int] = set(db.scalars(_in(block)))
    why: dict[int, ClinicError] = {}
    for one in placed:
        if one.appointment_id not in inside:
            why[one.appointment_id] = Conflict(NOT_IN_IT)
            continue
        try:
            moved = service.move(
                db,
                actor,
                MoveAppointment(
                    appointment_id=one.appointment_id,
                    version=one.version,
                    starts_local=one.starts_local,
                    practitioner_id=one.practitioner_id,
                    room_id=one.room_id,
                    second_hour=one.second_hour,
                    reason=reason,
                ),
            )
        except ClinicError as error:
            why[one.appointment_id] = error
            continue
        if isinstance(moved, Refused):
            why[one.appointment_id] = Conflict(REFUSED)
    if why or not placed:
        raise NotMoved(why) if why else Conflict(NOTHING)
    detail = {"visits": [one.appointment_id for one in placed]}
    audit.record(db, actor, "block.visits_moved", "block", block.id, detail=detail)
    return len(placed)


def _lock(db: Session, actor: Actor, visits: Sequence[int]) -> None:
    """Hold every patient first, in the order of their ids, and then everything at the place.

    One use case about many visits cannot meet another crosswise: both begin with the lowest id.
    """
    db.execute(
        sa.select(Patient.id)
        .where(Patient.id.in_(sa.select(Appointment.patient_id).where(Appointment.id.in_(visits))))
        .order_by(Patient.id)
        .with_for_update(key_share=True)
    )
    queries.lock_resources(db, actor.location_id, (), [(kind, "") for kind in ResourceKind])
