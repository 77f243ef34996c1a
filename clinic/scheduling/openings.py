"""The free times of a place: what the pure search needs is read, what it finds is named."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from clinic.catalog import queries as catalog_queries
from clinic.catalog.models import Service
from clinic.catalog.values import ResourceKind, Segment
from clinic.core import clock, walltime
from clinic.core.access import Actor
from clinic.scheduling import queries
from clinic.scheduling.queries import Named
from clinic.scheduling.rules import holding, hours, promise, slots
from clinic.scheduling.rules.holding import Situation
from clinic.scheduling.timetables import Timetable
from clinic.scheduling.values import Candidate, Clash, Held, NamedOpening, Opening, Span

OFFERED = 3
DAYS = (3, 14, 90)
"""Days looked at for free times, further only while there are too few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What free times are looked for: a service, perhaps for somebody, perhaps with somebody."""

    service: Service
    patient_id: int | None = None
    practitioner_id: int | None = None
    room_id: int | None = None
    but: int | None = None
    """A visit that is about to move: its own time counts as free."""


def next_free(
    db: Session,
    actor: Actor,
    table: Timetable,
    wish: Wish,
    *,
    since: dt.date,
    limit: int = OFFERED,
) -> list[NamedOpening]:
    """Return the first free times from a clinic-local day on, never before now.

    With the wished practitioner only, where there is one; the wished room first. Two statements,
    six when the place is full for weeks.
    """
    found: list[Opening] = []
    for days in DAYS:
        window = _window(actor, since, since + dt.timedelta(days=days))
        found = _take(_search(db, actor, table, wish, window), limit)
        if len(found) == limit:
            break
    return [_named(actor, table, opening) for opening in found]


def near(
    db: Session, actor: Actor, table: Timetable, wish: Wish, wished: dt.datetime
) -> list[NamedOpening]:
    """Return what to offer instead of a wished instant: the same time with others, then near by.

    Two statements.
    """
    day = walltime.to_local(wished, actor.zone).date()
    window = _window(actor, day - dt.timedelta(days=1), day + dt.timedelta(days=8))
    anyone = replace(wish, practitioner_id=None)
    reading = Reading.of(db, actor, table, anyone, window)
    everything = list(reading.openings(anyone, window))
    same_time = [opening for opening in everything if opening.starts_at == wished][:1]
    with_them = [
        opening for opening in reading.openings(wish, window) if opening.starts_at != wished
    ]
    chosen = [*same_time, *slots.nearest(with_them, wished, OFFERED - len(same_time))]
    if len(chosen) < OFFERED:
        taken = {opening.starts_at for opening in chosen}
        rest = [opening for opening in everything if opening.starts_at not in taken]
        chosen += slots.nearest(rest, wished, OFFERED - len(chosen))
    return [_named(actor, table, opening) for opening in sorted(chosen)]


def free_room(db: Session, table: Timetable, wish: Wish, at: dt.datetime) -> int | None:
    """Return a room that is free for a service at an instant, hours aside; None when none is."""
    length = dt.timedelta(minutes=wish.service.duration_min)
    rooms = table.of_kind(ResourceKind.ROOM)
    held = queries.held(
        db, [room.id for room in rooms], Span(start=at, end=at + length), but=wish.but
    )
    parts = [p for p in catalog_queries.parts_of(wish.service) if p.kind is ResourceKind.ROOM]
    for room in rooms:
        wanted = slots.holdings(parts, at, {(ResourceKind.ROOM, ""): room.id})
        if not any(
            taken.span.overlaps(holding.span)
            for taken in held.get(room.id, ())
            for holding in wanted
        ):
            return room.id
    return None


def read(db: Session, actor: Actor, table: Timetable, wish: Wish, window: Span) -> "Reading":
    """Read what is held in a window, to be asked as often as one likes; two statements."""
    return Reading.of(db, actor, table, wish, window)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is free of a place in a window: asked as often as one likes."""

    table: Timetable
    held: Mapping[int, Sequence[Held]]
    own: Sequence[tuple[Span, str]]
    candidates: Sequence[Candidate]
    parts: Sequence[Segment]

    @property
    def patient_busy(self) -> list[Span]:
        """Return when the patient has visits."""
        return [span for span, _ in self.own]

    def in_the_way(self, wish: Wish, starts_at: dt.datetime) -> list[Clash]:
        """Return why that very time is not to be had; empty when it is. Raises Invalid."""
        named = {
            (kind, ""): id_
            for kind, id_ in (
                (ResourceKind.PRACTITIONER, wish.practitioner_id),
                (ResourceKind.ROOM, wish.room_id),
            )
            if id_ is not None
        }
        situation = Situation(
            rows=self.table.resources, taken=self.held, calendar=self.table.calendar
        )
        found = list(holding.choose(self.parts, starts_at, named, situation).clashes)
        length = dt.timedelta(minutes=wish.service.duration_min)
        span = Span(start=starts_at, end=starts_at + length)
        met = [one for one in self.own if one[0].overlaps(span)]
        if met:
            found.append(holding.patient_clash(met[0], self.table.calendar.zone))
        return found

    @classmethod
    def of(cls, db: Session, actor: Actor, table: Timetable, wish: Wish, window: Span) -> "Reading":
        parts = catalog_queries.parts_of(wish.service)
        kinds = {(part.kind, part.device_type) for part in parts}
        wanted = [r for r in table.resources if (r.kind, _type(r)) in kinds]
        whole = Span(start=window.start, end=window.end + queries.LONGEST)
        held = queries.held(db, [r.id for r in wanted], whole, but=wish.but)
        first = walltime.to_local(window.start, actor.zone).date()
        last = walltime.to_local(whole.end, actor.zone).date()
        return cls(
            table=table,
            held=held,
            parts=parts,
            candidates=[
                Candidate(
                    id=resource.id,
                    kind=resource.kind,
                    device_type=_type(resource),
                    open=hours.open_spans(table.calendar, resource.id, first, last),
                    busy=(
                        *(one.span for one in held.get(resource.id, ())),
                        *(block.span for block in table.calendar.blocks.get(resource.id, ())),
                    ),
                )
                for resource in wanted
            ],
            own=queries.held_by_patient(db, wish.patient_id, whole, but=wish.but)
            if wish.patient_id is not None
            else [],
        )

    def openings(self, wish: Wish, window: Span) -> Iterable[Opening]:
        offered = [
            candidate
            for candidate in self.candidates
            if wish.practitioner_id is None
            or candidate.kind is not ResourceKind.PRACTITIONER
            or candidate.id == wish.practitioner_id
        ]
        prefer = [id_ for id_ in (wish.practitioner_id, wish.room_id) if id_ is not None]
        return slots.openings(
            self.parts, offered, window, patient_busy=self.patient_busy, prefer=prefer
        )


def _search(
    db: Session, actor: Actor, table: Timetable, wish: Wish, window: Span
) -> Iterable[Opening]:
    return Reading.of(db, actor, table, wish, window).openings(wish, window)


def _type(resource: Named) -> str:
    return resource.device_type if resource.kind is ResourceKind.DEVICE else ""


def _window(actor: Actor, first: dt.date, until: dt.date) -> Span:
    now = clock.now()
    start = max(now, walltime.day_bounds(first, actor.zone)[0])
    return Span(start=start, end=max(start, walltime.day_bounds(until, actor.zone)[0]))


def _take(found: Iterable[Opening], limit: int) -> list[Opening]:
    taken = []
    for opening in found:
        taken.append(opening)
        if len(taken) == limit:
            break
    return taken


def _named(actor: Actor, table: Timetable, opening: Opening) -> NamedOpening:
    return NamedOpening(
        starts_local=walltime.to_local(opening.starts_at, actor.zone),
        second_hour=promise.second_hour_of(opening.starts_at, actor.zone),
        practitioner_id=opening.practitioner_id,
        practitioner=table.named(opening.practitioner_id),
        room_id=opening.room_id,
        room=table.named(opening.room_id),
    )
