"""Where visits could be that cannot stay: everything is read once, the times are found for each.

What one is offered first is not offered to another, and a session of a course keeps its distance.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from clinic.catalog import queries as catalog_queries
from clinic.catalog.models import Service
from clinic.catalog.values import Modality
from clinic.core import clock, walltime
from clinic.core.access import Actor
from clinic.safety import queries as safety_queries
from clinic.safety.rules.passage import passage
from clinic.safety.values import History, Moment, Outcome
from clinic.scheduling import checking, distances, openings, queries
from clinic.scheduling.models import Appointment, Course
from clinic.scheduling.openings import Wish
from clinic.scheduling.rules import asking, planning, slots
from clinic.scheduling.rules.asking import Ask
from clinic.scheduling.timetables import Timetable
from clinic.scheduling.values import FIRST_LANE, Held, NamedOpening, Opening, Span

AFTER = 14
"""Days after a visit, or behind what it stands in, in which another time is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Everything that was read to find other times, and what was found so far."""

    actor: Actor
    table: Timetable
    services: Mapping[int, Service]
    held: dict[int, list[Held]]
    patients: Mapping[int, list[tuple[Span, str, int]]]
    histories: Mapping[int, History]
    consent_version: queries.ConsentVersion
    courses: Mapping[int, Course]
    sessions: dict[int, dict[int, dt.date]]
    """{course: {number: day}} of those that stay, and of each that was looked at: where it goes."""

    @classmethod
    def of(
        cls,
        db: Session,
        actor: Actor,
        table: Timetable,
        visits: Sequence[Appointment],
        *,
        last: dt.date,
    ) -> "Look":
        """Read for these visits, until a last day. Nine statements."""
        first = min(visit.starts_local.date() for visit in visits) - dt.timedelta(days=1)
        whole = openings.reach(openings.window_of(actor, first, last))
        patients = {visit.patient_id for visit in visits}
        courses = {visit.course_id for visit in visits if visit.course_id is not None}
        sessions = distances.sessions_of(db, courses)
        for visit in visits:
            if visit.course_id is not None and visit.course_number is not None:
                sessions[visit.course_id].pop(visit.course_number, None)
        return cls(
            actor=actor,
            table=table,
            services=_services(db, {visit.service_id for visit in visits}),
            held=openings.held_in(db, [r.id for r in table.resources], whole),
            patients=_held_by(db, patients, whole),
            histories=safety_queries.histories(db, patients),
            consent_version=queries.consent_versions(db),
            courses={
                row.id: row for row in db.scalars(sa.select(Course).where(Course.id.in_(courses)))
            },
            sessions=sessions,
        )

    def options(
        self, db: Session, visit: Appointment, *, until: dt.date
    ) -> tuple[NamedOpening, ...]:
        """Return the next best times of a visit until a day; the first is then no other visit's."""
        window = self._window(visit, until)
        found = self._found(db, visit, window) if window is not None else []
        if found:
            self._take(visit, found[0])
        if visit.course_id is not None and visit.course_number is not None:
            on = self._day(found[0].starts_at if found else visit.starts_at)
            self.sessions[visit.course_id][visit.course_number] = on
        return tuple(openings.named(self.actor, self.table, opening) for opening in found)

    def _found(self, db: Session, visit: Appointment, window: Span) -> list[Opening]:
        service = self.services[visit.service_id]
        reading = openings.reading_of(
            self.actor,
            self.table,
            service,
            window,
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
            service=service,
            patient_id=visit.patient_id,
            practitioner_id=visit.practitioner_id,
            room_id=visit.room_id,
            but=visit.id,
        )
        later: dt.date | None = None
        passed = []
        for opening in openings.instead(reading, wish, visit.starts_at):
            is_free, from_ = self._passes(db, visit, service.modality, self._day(opening.starts_at))
            later = later or from_
            if is_free:
                passed.append(opening)
        last = self._day(window.end - dt.timedelta.resolution)
        if not passed and later is not None and later <= last:
            within = asking.spans(Ask(since=later, until=last), self.actor.zone)
            passed = [
                opening
                for opening, _ in zip(
                    reading.openings(wish, within=within), range(openings.OFFERED), strict=False
                )
            ]
        return passed

    def _window(self, visit: Appointment, until: dt.date) -> Span | None:
        """Return when a visit may begin instead: not earlier, and apart from its course's."""
        first, last = visit.starts_local.date(), until
        if visit.course_id is not None and visit.course_number is not None:
            first, last = planning.apart(
                self.sessions[visit.course_id],
                visit.course_number,
                self.courses[visit.course_id].least_days,
                first=first,
                last=last,
            )
        if last < first:
            return None
        window = openings.window_of(self.actor, first, last)
        start = max(window.start, visit.starts_at)
        return Span(start=start, end=window.end) if start < window.end else None

    def _passes(
        self, db: Session, visit: Appointment, modality: Modality, on: dt.date
    ) -> tuple[bool, dt.date | None]:
        """Tell whether the check lets a visit be moved to a day, and from when it does."""
        if not modality.is_treatment:
            return True, None
        history = self.histories[visit.patient_id]
        course = self.courses.get(visit.course_id or 0)
        plan = queries.plan_of(
            modality,
            history,
            consent_version=self.consent_version(modality, visit.service_id, on),
            interval_days=course.interval_days if course else None,
            ingredients=self.services[visit.service_id].ingredients,
        )
        if on == visit.starts_local.date():
            screening = safety_queries.check(db, history, plan, on)
        else:
            screening = checking.check_to_book(db, self.actor, history, plan, on)
        today = clock.today(self.actor.zone)
        way = passage(screening, Moment.BOOKING, self.actor.role, today=today)
        return way.outcome is not Outcome.REFUSED, way.offers_from

    def _take(self, visit: Appointment, opening: Opening) -> None:
        """Hold what a visit was offered first, so that the next one is offered something else."""
        parts = catalog_queries.parts_of(self.services[visit.service_id])
        for one in slots.holdings(parts, opening.starts_at, dict(opening.held)):
            self.held.setdefault(one.resource_id, []).append(
                Held(span=one.span, who="", lane=FIRST_LANE)
            )

    def _day(self, at: dt.datetime) -> dt.date:
        return walltime.to_local(at, self.actor.zone).date()


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
