"""Visits that cannot stay where they are: the next best time for each, and moving all of them.

All or nothing: one transaction, and whatever cannot be moved is named.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from clinic.audit import service as audit
from clinic.catalog.models import Service
from clinic.catalog.values import ResourceKind
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import ClinicError, Conflict
from clinic.core.text import N_
from clinic.patients.models import Patient
from clinic.patients.values import full_name
from clinic.scheduling import distances, guard, moving, queries
from clinic.scheduling.blocks import BlockCard
from clinic.scheduling.closing import Placed
from clinic.scheduling.elsewhere import AFTER, Look
from clinic.scheduling.models import Appointment, Course, Occupancy, Resource
from clinic.scheduling.timetables import Timetable
from clinic.scheduling.values import AppointmentStatus, MoveAppointment, NamedOpening, Refused

MOST = 40
"""Visits that are moved at one go; the page shows the next ones afterwards."""
REFUSED = N_("the check refuses that day")
NOT_IN_IT = N_("it is not among these visits any more")
NOTHING = N_("Choose a time for at least one visit")
NOT_MOVED = N_("Nothing was moved: not all of these visits can go where they were to go.")


class NotMoved(Conflict):
    """Some visits cannot be moved, so none was; `why` holds the reason of each by its id."""

    def __init__(self, why: Mapping[int, ClinicError]) -> None:
        super().__init__(NOT_MOVED)
        self.why = why


class Cause(Protocol):
    """Why visits cannot stay where they are."""

    audited: str
    """What moving them is called in the ledger."""

    @property
    def entity(self) -> tuple[str, int]:
        """Return what the ledger says was moved out of."""

    def hit(self, db: Session) -> Sequence[int]:
        """Return the coming visits that it hits, the earliest first."""

    def last_day(self, on: dt.date) -> dt.date:
        """Return until when another time is looked for, for a visit of a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InBlock:
    """Somebody or something is blocked while they stand there."""

    block: BlockCard
    audited = "block.visits_moved"

    @property
    def entity(self) -> tuple[str, int]:
        """Return the block."""
        return "block", self.block.id

    def hit(self, db: Session) -> Sequence[int]:
        """Return the coming visits that hold something of what the block holds; one statement."""
        rows = db.execute(
            sa.select(Appointment.id, Appointment.starts_at)
            .join(Occupancy, Occupancy.appointment_id == Appointment.id)
            .where(
                Occupancy.resource_id.in_([id_ for id_, _ in self.block.resources]),
                Occupancy.is_active,
                Occupancy.starts_at > self.block.span.start - queries.LONGEST,
                Occupancy.starts_at < self.block.span.end,
                Occupancy.ends_at > self.block.span.start,
                Appointment.status == AppointmentStatus.BOOKED,
                Appointment.starts_at > clock.now(),
            )
            .distinct()
            .order_by(Appointment.starts_at, Appointment.id)
        )
        return [row.id for row in rows]

    def last_day(self, on: dt.date) -> dt.date:
        """Return the last day behind the block."""
        return max(on, self.block.ends_local.date()) + dt.timedelta(days=AFTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A visit that cannot stay, and where else it could be."""

    id: int
    version: int
    who: str
    service: str
    course_id: int | None
    session: tuple[int, int] | None
    """Which session of its course it is, and of how many; the one after the last is a booster."""
    starts_local: dt.datetime
    practitioner: str
    room: str
    is_overbooked: bool
    """Booked there with a reason: it is meant to stay."""
    options: tuple[NamedOpening, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """The visits that cannot stay, the first of them with what is free instead."""

    count: int
    hits: tuple[Hit, ...]


_Practitioner, _Room = aliased(Resource), aliased(Resource)


def damage(db: Session, actor: Actor, table: Timetable, cause: Cause) -> Damage:
    """Return the visits that a cause hits, the earliest first, each with the next best times.

    The times of one are not offered first to another. Twelve statements, however many visits.
    """
    ids = cause.hit(db)
    rows = db.execute(
        sa.select(
            Appointment,
            Patient.given_name,
            Patient.family_name,
            Course.sessions_planned,
            _Practitioner.name.label("practitioner"),
            _Room.name.label("room"),
            Service.name.label("service"),
        )
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Service, Service.id == Appointment.service_id)
        .join(_Practitioner, _Practitioner.id == Appointment.practitioner_id)
        .join(_Room, _Room.id == Appointment.room_id)
        .outerjoin(Course, Course.id == Appointment.course_id)
        .where(Appointment.id.in_(ids[:MOST]))
        .order_by(Appointment.starts_at, Appointment.id)
    ).all()
    if not rows:
        return Damage(count=0, hits=())
    until = {row[0].id: cause.last_day(row[0].starts_local.date()) for row in rows}
    look = Look.of(db, actor, table, [row[0] for row in rows], last=max(until.values()))
    hits = []
    for visit, given, family, planned, practitioner, room, service_ in rows:
        number = visit.course_number
        hits.append(
            Hit(
                id=visit.id,
                version=visit.version,
                who=full_name(given, family),
                service=service_,
                course_id=visit.course_id,
                session=(number, planned) if number and planned else None,
                starts_local=visit.starts_local,
                practitioner=practitioner,
                room=room,
                is_overbooked=visit.overbook_reason is not None,
                options=look.options(db, visit, until=until[visit.id]),
            )
        )
    return Damage(count=len(ids), hits=tuple(hits))


def move_all(
    db: Session, actor: Actor, cause: Cause, placed: Sequence[Placed], *, reason: str
) -> int:
    """Move visits to where nothing keeps them from standing, all or none; return how many.

    Each is checked and held as by `moving.move`, and no session comes nearer to the others of its
    course than may be. Raises NotMoved with the reason of each that cannot go where it was to go.
    """
    _lock(db, actor, [one.appointment_id for one in placed])
    hit = set(cause.hit(db))
    why: dict[int, ClinicError] = {}
    moved: list[Appointment] = []
    for one in placed:
        if one.appointment_id not in hit:
            why[one.appointment_id] = Conflict(NOT_IN_IT)
            continue
        try:
            done = moving.move_among(
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
        if isinstance(done, Refused):
            why[one.appointment_id] = Conflict(REFUSED)
        else:
            moved.append(done)
    db.flush()  # Where they stand now is asked for.
    why |= distances.too_near(db, [(visit, visit.starts_local.date()) for visit in moved])
    if why or not placed:
        raise NotMoved(why) if why else Conflict(NOTHING)
    detail = {"visits": [one.appointment_id for one in placed]}
    audit.record(db, actor, cause.audited, *cause.entity, detail=detail)
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
    guard.lock_resources(db, actor.location_id, (), [(kind, "") for kind in ResourceKind])
