"""Who fits a time that became free: by length, wishes, visits of their own, and the check.

Everything is read at once, for everybody who waits; deciding asks the database nothing.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog import queries as catalog_queries
from clinic.catalog.models import Service
from clinic.catalog.values import Modality, ResourceKind, Segment
from clinic.core import clock, walltime
from clinic.core.access import Actor
from clinic.safety import editions
from clinic.safety import queries as safety_queries
from clinic.safety.rules.passage import passage
from clinic.safety.rules.screening import screen
from clinic.safety.values import Moment, Outcome, ReceptionStatus
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling import timetables
from clinic.scheduling.held import HeldSlot
from clinic.scheduling.models import Appointment, Course
from clinic.scheduling.rules import checks, hours, promise, slots
from clinic.scheduling.timetables import Timetable
from clinic.scheduling.values import (
    AppointmentStatus,
    Candidate,
    CourseStatus,
    NamedOpening,
    Opening,
    Span,
)
from clinic.waiting.queries import entries
from clinic.waiting.queries.entries import EntryCard
from clinic.waiting.rules import wishes

AROUND = dt.timedelta(days=400)
"""How far from a freed time other visits of a course are looked at: no interval is longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One who fits, the time to offer, and what booking would say of the check in one word."""

    entry: EntryCard
    opening: NamedOpening
    starts_at: dt.datetime
    status: ReceptionStatus | None
    """None of a service without a check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Who fits, in the order in which to ask, and how many more wait."""

    fits: Sequence[Fit]
    others: int


class _OwnVisit(NamedTuple):
    """A visit of somebody who waits, taken or to come."""

    span: Span
    service_id: int
    id: int
    on: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """A service that somebody waits for."""

    modality: Modality
    minutes: int
    parts: Sequence[Segment]
    ingredients: Sequence[str]


def who_fits(db: Session, actor: Actor, freed: Span, practitioner_id: int) -> Found:
    """Return who may be offered a freed time; a fixed number of statements, however many wait."""
    now = clock.now()
    day = walltime.to_local(freed.start, actor.zone).date()
    waiting = [
        entry
        for entry in entries.listed(db, actor)
        if entry.from_on <= day <= entry.until_on
        and entry.practitioner_id in {None, practitioner_id}
    ]
    if not waiting or freed.end <= now:
        return Found(fits=(), others=len(waiting))
    kinds = _kinds(db, {entry.service_id for entry in waiting})
    longest = max((kind.minutes for kind in kinds.values()), default=0)
    window = Span(start=max(now, freed.start - dt.timedelta(minutes=longest)), end=freed.end)
    table = timetables.timetable(db, actor.location_id, actor.zone, since=day)
    patients = {entry.patient_id for entry in waiting}
    search = _Search(
        zone=actor.zone,
        freed=freed,
        now=now,
        window=window,
        kinds=kinds,
        candidates=_candidates(db, actor, table, window, practitioner_id),
        visits=_own_visits(db, patients, freed),
        intervals=_intervals(db, patients),
        held=_held(db, actor, freed, practitioner_id, now),
    )
    found = [
        (entry, opening)
        for entry in waiting
        if entry.service_id in kinds and (opening := search.for_entry(entry)) is not None
    ]
    let_through = _let_through(db, actor, search, found)
    fits = [
        Fit(
            entry=entry,
            opening=_named(actor, table, opening),
            starts_at=opening.starts_at,
            status=let_through[entry.id],
        )
        for entry, opening in found
        if entry.id in let_through
    ]
    return Found(fits=fits, others=len(waiting) - len(fits))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """All that was read; what it finds for a service and a wish is kept for the next one."""

    zone: str
    freed: Span
    now: dt.datetime
    window: Span
    kinds: Mapping[int, _Kind]
    candidates: Sequence[Candidate]
    visits: Mapping[int, Sequence[_OwnVisit]]
    intervals: Mapping[tuple[int, int], int]
    held: Sequence[tuple[int, Opening]]
    """(service, time) of what is held for offers and touches the freed time."""
    found: dict[int, list[Opening]] = field(default_factory=dict)

    def for_entry(self, entry: EntryCard) -> Opening | None:
        """Return the time to offer one who waits: it suits, and no visit of their own is near."""
        length = dt.timedelta(minutes=self.kinds[entry.service_id].minutes)
        visits = self.visits.get(entry.patient_id, ())
        same = [v.on for v in visits if v.service_id == entry.service_id and v.id != entry.visit_id]
        interval = self.intervals.get((entry.patient_id, entry.service_id))
        suitable = []
        for opening in (*self.openings(entry.service_id), *self.offered(entry)):
            local = walltime.to_local(opening.starts_at, self.zone)
            span = Span(start=opening.starts_at, end=opening.starts_at + length)
            if (
                wishes.suits(entry, local, opening.starts_at - self.now)
                and not wishes.is_too_near(local.date(), same, interval)
                and not any(visit.span.overlaps(span) for visit in visits)
            ):
                suitable.append(opening)
        return wishes.best(suitable, self.freed)

    def offered(self, entry: EntryCard) -> list[Opening]:
        """Return the times that are held for the same service already: one more may be asked."""
        return [opening for service_id, opening in self.held if service_id == entry.service_id]

    def openings(self, service_id: int) -> list[Opening]:
        """Return the openings of a service that use the freed time."""
        if service_id not in self.found:
            parts = self.kinds[service_id].parts
            found = slots.openings(parts, self.candidates, self.window)
            self.found[service_id] = wishes.using(found, parts, self.freed)
        return self.found[service_id]


def _kinds(db: Session, service_ids: Collection[int]) -> dict[int, _Kind]:
    rows = db.scalars(
        sa.select(Service)
        .options(sa.orm.selectinload(Service.segments))
        .where(Service.id.in_(service_ids), Service.is_active)
    )
    return {
        row.id: _Kind(
            modality=row.modality,
            minutes=row.duration_min,
            parts=catalog_queries.parts_of(row),
            ingredients=tuple(row.ingredients),
        )
        for row in rows
    }


def _candidates(
    db: Session, actor: Actor, table: Timetable, window: Span, practitioner_id: int
) -> list[Candidate]:
    """Return who became free, and all nurses, rooms and devices, with hours and what is held."""
    whole = Span(start=window.start, end=window.end + scheduling_queries.LONGEST)
    first = walltime.to_local(whole.start, actor.zone).date()
    last = walltime.to_local(whole.end, actor.zone).date()
    wanted = [
        row
        for row in table.resources
        if row.kind is not ResourceKind.PRACTITIONER or row.id == practitioner_id
    ]
    held = scheduling_queries.held(db, [row.id for row in wanted], whole)
    return [
        Candidate(
            id=row.id,
            kind=row.kind,
            device_type=row.device_type if row.kind is ResourceKind.DEVICE else "",
            open=hours.open_spans(table.calendar, row.id, first, last),
            busy=(
                *(taken.span for taken in held.get(row.id, ())),
                *(block.span for block in table.calendar.blocks.get(row.id, ())),
            ),
        )
        for row in wanted
    ]


def _own_visits(
    db: Session, patient_ids: Collection[int], freed: Span
) -> Mapping[int, list[_OwnVisit]]:
    rows = db.execute(
        sa.select(
            Appointment.patient_id,
            Appointment.starts_at,
            Appointment.ends_at,
            Appointment.service_id,
            Appointment.id,
            Appointment.starts_local,
        ).where(
            Appointment.patient_id.in_(patient_ids),
            Appointment.occupies,
            Appointment.status != AppointmentStatus.ENTERED_IN_ERROR,
            Appointment.starts_at > freed.start - AROUND,
            Appointment.starts_at < freed.end + AROUND,
        )
    )
    found: dict[int, list[_OwnVisit]] = {}
    for row in rows:
        span = Span(start=row.starts_at, end=row.ends_at)
        found.setdefault(row.patient_id, []).append(
            _OwnVisit(span, row.service_id, row.id, row.starts_local.date())
        )
    return found


def _held(
    db: Session, actor: Actor, freed: Span, practitioner_id: int, now: dt.datetime
) -> list[tuple[int, Opening]]:
    rows = db.execute(
        sa.select(
            HeldSlot.service_id, HeldSlot.starts_at, HeldSlot.practitioner_id, HeldSlot.room_id
        ).where(
            HeldSlot.location_id == actor.location_id,
            HeldSlot.practitioner_id == practitioner_id,
            HeldSlot.starts_at > freed.start - scheduling_queries.LONGEST,
            HeldSlot.starts_at < freed.end,
            HeldSlot.ends_at > freed.start,
            HeldSlot.ended_at.is_(None),
            HeldSlot.expires_at > now,
        )
    )
    return [
        (
            row.service_id,
            Opening(
                starts_at=row.starts_at, practitioner_id=row.practitioner_id, room_id=row.room_id
            ),
        )
        for row in rows
    ]


def _intervals(db: Session, patient_ids: Collection[int]) -> dict[tuple[int, int], int]:
    """Return {(patient, service): days between the sessions of the newest open course}."""
    rows = db.execute(
        sa.select(Course.patient_id, Course.service_id, Course.interval_days)
        .where(Course.patient_id.in_(patient_ids), Course.status == CourseStatus.ACTIVE)
        .order_by(Course.started_on, Course.id)
    )
    return {(row.patient_id, row.service_id): row.interval_days for row in rows}


def _let_through(
    db: Session,
    actor: Actor,
    search: _Search,
    found: Sequence[tuple[EntryCard, Opening]],
) -> dict[int, ReceptionStatus | None]:
    """Return {entry: one word} of those whom booking would let through on the day."""
    if not found:
        return {}
    patients = {entry.patient_id for entry, _ in found}
    histories = safety_queries.histories(db, patients)
    versions = scheduling_queries.consent_versions(db)
    catalogue = editions.in_force(db)
    released = safety_queries.released_of(db, [e.visit_id for e, _ in found if e.visit_id])
    today = clock.today(actor.zone)
    passed: dict[int, ReceptionStatus | None] = {}
    for entry, opening in found:
        on = walltime.to_local(opening.starts_at, actor.zone).date()
        kind, history = search.kinds[entry.service_id], histories[entry.patient_id]
        plan = scheduling_queries.plan_of(
            kind.modality,
            history,
            consent_version=versions(kind.modality, entry.service_id, on),
            interval_days=search.intervals.get((entry.patient_id, entry.service_id)),
            ingredients=kind.ingredients,
        )
        given = released.get(entry.visit_id or 0, frozenset())
        screening = screen(history, plan, on, catalogue.rules, edition=catalogue.edition)
        way = passage(screening, Moment.BOOKING, actor.role, given, today=today)
        if way.outcome is Outcome.GO:
            known = checks.remembered(screening, given)
            passed[entry.id] = (
                checks.reception_status(known.decision) if kind.modality.is_treatment else None
            )
    return passed


def _named(actor: Actor, table: Timetable, opening: Opening) -> NamedOpening:
    return NamedOpening(
        starts_local=walltime.to_local(opening.starts_at, actor.zone),
        second_hour=promise.second_hour_of(opening.starts_at, actor.zone),
        practitioner_id=opening.practitioner_id,
        practitioner=table.named(opening.practitioner_id),
        room_id=opening.room_id,
        room=table.named(opening.room_id),
    )
