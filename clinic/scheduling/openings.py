"""The free times of a place: what the pure search needs is read, what it finds is named."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog import queries as catalog_queries
from clinic.catalog.models import Service
from clinic.catalog.values import ResourceKind, Segment
from clinic.core import clock, walltime
from clinic.core.access import Actor
from clinic.scheduling import queries
from clinic.scheduling.models import Occupancy
from clinic.scheduling.queries import Named
from clinic.scheduling.rules import asking, holding, hours, promise, slots
from clinic.scheduling.rules.asking import Ask
from clinic.scheduling.rules.holding import Situation
from clinic.scheduling.timetables import Timetable
from clinic.scheduling.values import LANES, Candidate, Clash, Held, NamedOpening, Opening, Span

OFFERED = 3
FOUND, A_DAY = 10, 3
"""So many in all, and of one day: ten quarters of one morning are no choice."""
AHEAD = dt.timedelta(days=90)
"""How far the next free time is looked for when nobody says until when."""
STAGES = (4, 14, 45)
"""Days read at a time, one stretch after the other, and only while too few are found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What free times are looked for: a service, perhaps for somebody, perhaps with somebody."""

    service: Service
    patient_id: int | None = None
    practitioner_id: int | None = None
    room_id: int | None = None
    but: int | None = None
    """A visit that is about to move: its own time counts as free."""
    days: tuple[dt.date, dt.date] | None = None
    """The first and the last day that it may be on; None: any."""

    def within(self, first: dt.date, last: dt.date) -> tuple[dt.date, dt.date]:
        """Return what of some days it may be on; the last lies before the first for none."""
        earliest, latest = self.days or (first, last)
        return max(first, earliest), min(last, latest)


def find(
    db: Session,
    actor: Actor,
    table: Timetable,
    wish: Wish,
    ask: Ask,
    *,
    limit: int = FOUND,
    a_day: int = A_DAY,
) -> list[NamedOpening]:
    """Return the first free times of the days, weekdays and parts of day asked for, never past.

    With the wished practitioner only, where there is one; the wished room first. More than `a_day`
    of one day only where there are not enough days. Two statements for each stretch of days that
    is read.
    """
    found: list[Opening] = []
    more: list[Opening] = []
    (first, until), stages = wish.within(ask.since, ask.until), iter(STAGES)
    while first <= until and len(found) < limit:
        last = min(until, first + dt.timedelta(days=next(stages, STAGES[-1]) - 1))
        reading = _read(db, actor, table, wish, window_of(actor, first, last), held=held_in)
        begins = ask.begins if first == ask.since else None
        stretch = replace(ask, since=first, until=last, begins=begins)
        within = asking.spans(stretch, actor.zone)
        days: Counter[dt.date] = Counter()
        for opening in reading.openings(wish, within=within):
            day = walltime.to_local(opening.starts_at, actor.zone).date()
            days[day] += 1
            (found if days[day] <= a_day else more).append(opening)
            if len(found) == limit:
                break
        first = last + dt.timedelta(days=1)
    found += sorted(more)[: limit - len(found)]
    return [named(actor, table, opening) for opening in sorted(found)]


def next_free(
    db: Session,
    actor: Actor,
    table: Timetable,
    wish: Wish,
    *,
    since: dt.date,
    begins: dt.time | None = None,
    limit: int = OFFERED,
) -> list[NamedOpening]:
    """Return the first free times from a clinic-local day on, and a time of it, as `find` does."""
    ask = Ask(since=since, until=since + AHEAD, begins=begins)
    return find(db, actor, table, wish, ask, limit=limit, a_day=limit)


def near(
    db: Session, actor: Actor, table: Timetable, wish: Wish, wished: dt.datetime
) -> list[NamedOpening]:
    """Return what to offer instead of a wished instant: the same time with others, then near by.

    Where nothing is free within a week, the next that is. Two statements, more only then.
    """
    day = walltime.to_local(wished, actor.zone).date()
    first, last = wish.within(day - dt.timedelta(days=1), day + dt.timedelta(days=7))
    chosen: list[Opening] = []
    if first <= last:
        anyone = replace(wish, practitioner_id=None)
        window = window_of(actor, first, last)
        reading = _read(db, actor, table, anyone, window, held=held_in)
        chosen = sorted(instead(reading, wish, wished))
    if not chosen:
        since = max(day, clock.today(actor.zone))
        return next_free(db, actor, table, wish, since=since)
    return [named(actor, table, opening) for opening in chosen]


def instead(reading: "Reading", wish: Wish, wished: dt.datetime) -> list[Opening]:
    """Return of what was read for anyone what comes closest to a wish, the best first.

    The same time with somebody else or elsewhere, then near by with who was wished for, then near
    by with anyone.
    """
    everything = list(reading.openings(replace(wish, practitioner_id=None)))
    same_time = [opening for opening in everything if opening.starts_at == wished][:1]
    with_them = [opening for opening in reading.openings(wish) if opening.starts_at != wished]
    chosen = [*same_time, *slots.nearest(with_them, wished, OFFERED - len(same_time))]
    if len(chosen) < OFFERED:
        taken = {opening.starts_at for opening in chosen}
        rest = [opening for opening in everything if opening.starts_at not in taken]
        chosen += slots.nearest(rest, wished, OFFERED - len(chosen))
    return chosen


# ---- what is read ----


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is held in a window of time by whom, for as many questions as somebody has."""

    window: Span
    table: Timetable
    parts: Sequence[Segment]
    candidates: Sequence[Candidate]
    patient_visits: Sequence[tuple[Span, str]]
    held: Mapping[int, Sequence[Held]]

    def in_the_way(self, wish: Wish, starts_at: dt.datetime) -> list[Clash]:
        """Return why that very time is not to be had; empty when it is. Raises Invalid.

        As `guard.find_free` will decide, but without its locks.
        """
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
        met = [visit for visit in self.patient_visits if visit[0].overlaps(span)]
        if met:
            found.append(holding.patient_clash(met[0], self.table.calendar.zone))
        return found

    def openings(
        self, wish: Wish, window: Span | None = None, *, within: Sequence[Span] | None = None
    ) -> Iterator[Opening]:
        """Yield the free times of a window, else of all that was read, earliest first.

        `within` bounds the starts more narrowly.
        """
        offered = [
            candidate
            for candidate in self.candidates
            if wish.practitioner_id is None
            or candidate.kind is not ResourceKind.PRACTITIONER
            or candidate.id == wish.practitioner_id
        ]
        return slots.openings(
            self.parts,
            offered,
            window or self.window,
            within=within,
            patient_busy=[span for span, _ in self.patient_visits],
            prefer=[id_ for id_ in (wish.practitioner_id, wish.room_id) if id_ is not None],
        )


def read(db: Session, actor: Actor, table: Timetable, wish: Wish, window: Span) -> Reading:
    """Read what is held in a window by whom, to be asked as often as one likes; two statements."""
    return _read(db, actor, table, wish, window, held=queries.held)


def _read(
    db: Session,
    actor: Actor,
    table: Timetable,
    wish: Wish,
    window: Span,
    *,
    held: Callable[..., Mapping[int, Sequence[Held]]],
) -> Reading:
    kinds = {(part.kind, part.device_type) for part in catalog_queries.parts_of(wish.service)}
    wanted = [r.id for r in table.resources if (r.kind, _type(r)) in kinds]
    whole = reach(window)
    return reading_of(
        actor,
        table,
        wish.service,
        window,
        held=held(db, wanted, whole, but=wish.but),
        patient_visits=queries.held_by_patient(db, wish.patient_id, whole, but=wish.but)
        if wish.patient_id is not None
        else (),
    )


def reach(window: Span) -> Span:
    """Return a window with the time that what begins in it may still last."""
    return Span(start=window.start, end=window.end + queries.LONGEST)


def reading_of(
    actor: Actor,
    table: Timetable,
    service: Service,
    window: Span,
    *,
    held: Mapping[int, Sequence[Held]],
    patient_visits: Sequence[tuple[Span, str]],
) -> Reading:
    """Put a reading together of what was read before; no statement."""
    parts = catalog_queries.parts_of(service)
    kinds = {(part.kind, part.device_type) for part in parts}
    wanted = [r for r in table.resources if (r.kind, _type(r)) in kinds]
    first = walltime.to_local(window.start, actor.zone).date()
    last = walltime.to_local(reach(window).end, actor.zone).date()
    return Reading(
        window=window,
        table=table,
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
        patient_visits=patient_visits,
        held=held,
    )


def held_in(
    db: Session, ids: Sequence[int], span: Span, *, but: int | None = None
) -> dict[int, list[Held]]:
    """Return {resource: what visits hold of it in a span}, without visit `but`; one statement.

    Without names: a search reads thousands of rows and asks for none.
    """
    rows = db.execute(
        _HELD,
        {
            "ids": ids,
            "since": span.start - queries.LONGEST,
            "end": span.end,
            "but": but or 0,
            "now": clock.now(),
        },
    )
    found: dict[int, list[Held]] = {}
    for resource_id, starts_at, ends_at, lane, visit_id in rows:
        held = Held(span=Span(start=starts_at, end=ends_at), who="", lane=lane, visit_id=visit_id)
        found.setdefault(resource_id, []).append(held)
    return found


_HELD = sa.select(
    Occupancy.resource_id,
    Occupancy.starts_at,
    Occupancy.ends_at,
    Occupancy.lane,
    Occupancy.appointment_id,
).where(
    Occupancy.resource_id.in_(sa.bindparam("ids", expanding=True)),
    Occupancy.lane.in_(LANES),
    Occupancy.is_active,
    Occupancy.starts_at > sa.bindparam("since"),
    Occupancy.starts_at < sa.bindparam("end"),
    # Nor what blocks hold: the calendar has it.
    sa.or_(
        Occupancy.appointment_id != sa.bindparam("but"),
        Occupancy.expires_at > sa.bindparam("now", type_=Occupancy.expires_at.type),
    ),
)


def _type(resource: Named) -> str:
    return resource.device_type if resource.kind is ResourceKind.DEVICE else ""


def window_of(actor: Actor, first: dt.date, last: dt.date) -> Span:
    """Return the span of clinic-local days, both included, from now on."""
    now = clock.now()
    start = max(now, walltime.day_bounds(first, actor.zone)[0])
    return Span(start=start, end=max(start, walltime.day_bounds(last, actor.zone)[1]))


def named(actor: Actor, table: Timetable, opening: Opening) -> NamedOpening:
    """Return an opening in the clinic's words."""
    return NamedOpening(
        starts_local=walltime.to_local(opening.starts_at, actor.zone),
        second_hour=promise.second_hour_of(opening.starts_at, actor.zone),
        practitioner_id=opening.practitioner_id,
        practitioner=table.named(opening.practitioner_id),
        room_id=opening.room_id,
        room=table.named(opening.room_id),
    )
