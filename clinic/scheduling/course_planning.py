"""Planning a course: what is free is read once, and laid by the pure rule."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session as Db

from clinic.catalog import queries as catalog_queries
from clinic.catalog.models import Service
from clinic.catalog.values import CoursePattern, ResourceKind
from clinic.core import clock, walltime
from clinic.core.access import Actor
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.safety import queries as safety_queries
from clinic.safety.values import History, Moment, Outcome, Passage, Screening
from clinic.scheduling import checking, openings, queries, timetables
from clinic.scheduling.course_values import (
    MOST_AT_ONCE,
    CoursePage,
    Pick,
    Session,
    Wishes,
)
from clinic.scheduling.openings import Reading, Wish
from clinic.scheduling.rules import planning, promise
from clinic.scheduling.rules.planning import FIRST_DAYS, Free, Laid, Window
from clinic.scheduling.timetables import Timetable
from clinic.scheduling.values import Span

BACKWARDS = N_("The last day lies before the first")
TOO_WIDE = N_("At most 90 days, please")
GOES = frozenset({Outcome.GO, Outcome.ACKNOWLEDGE})
OPENING = dt.time(9)
MOST_FIRST = dt.timedelta(days=90)
MOST_ROUNDS = 12
"""How often a plan is laid anew around days that the check refuses."""
SPARE_DAYS = 28
"""Days read beyond the last window, for steps past it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a plan stands on: which sessions, their windows, what is free, what the check needs."""

    actor: Actor
    service: Service
    pattern: CoursePattern
    numbers: Sequence[int]
    since: dt.date
    """The day from which the first window counts."""
    is_after_session: bool
    """Whether that is the day of a session."""
    windows: Sequence[Window]
    visits: Mapping[int, Session]
    """By number: the visits that are there already and may be moved."""
    table: Timetable
    free: Mapping[dt.date, Sequence[Free]]
    reading: Reading
    wish: Wish
    checks: "Checks"


class Checks:
    """The check of each day as whoever books may know of it, made once a day; nothing is kept."""

    def __init__(
        self, db: Db, actor: Actor, patient_id: int, service: Service, interval_days: int
    ) -> None:
        self._db, self._actor, self._service = db, actor, service
        self._interval_days = interval_days
        self._history: History = safety_queries.history_of(db, patient_id)
        self._consent_version = queries.consent_versions(db)
        self._made: dict[dt.date, tuple[Screening, Passage]] = {}

    def on(self, day: dt.date) -> tuple[Screening, Passage]:
        """Return the check of a day, and what it means for this person's booking."""
        if day not in self._made:
            plan = queries.plan_of(
                self._service.modality,
                self._history,
                consent_version=self._consent_version(
                    self._service.modality, self._service.id, day
                ),
                interval_days=self._interval_days,
                ingredients=self._service.ingredients,
            )
            screening = checking.check_to_book(self._db, self._actor, self._history, plan, day)
            way = checking.way_of(self._actor, screening, Moment.BOOKING)
            self._made[day] = (screening, way)
        return self._made[day]


def ground_of_new(
    db: Db,
    actor: Actor,
    wishes: Wishes,
    *,
    patient_id: int,
    service_id: int,
    pattern: CoursePattern,
) -> Ground:
    """Return what a course that begins stands on."""
    since, until = _first_days(actor, wishes)
    numbers = range(1, min(pattern.total, MOST_AT_ONCE) + 1)
    first = Window(least=0, ideal=0, most=(until - since).days, must=0)
    windows = [first, *planning.windows(pattern, numbers[1:])]
    service = catalog_queries.service(db, service_id)
    return _ground(
        db,
        actor,
        wishes,
        patient_id=patient_id,
        service=service,
        pattern=pattern,
        numbers=numbers,
        since=since,
        is_after_session=False,
        windows=windows,
        visits={},
    )


def ground_of(
    db: Db, actor: Actor, course: CoursePage, wishes: Wishes, *, most: int = MOST_AT_ONCE
) -> Ground:
    """Return what the rest of a course under way stands on, at most so many sessions of it."""
    numbers = course.open_numbers[:most]
    fixed = [s.starts_local.date() for s in course.sessions if s.is_fixed]
    windows = planning.windows(course.pattern, numbers)
    today = clock.today(actor.zone)
    if fixed:
        since = max(fixed)
    else:
        since, until = _first_days(actor, wishes)
        windows[:1] = [Window(least=0, ideal=0, most=(until - since).days, must=0)]
    if fixed and windows:
        windows[0] = _not_before(windows[0], since, today, wishes)
    return _ground(
        db,
        actor,
        wishes,
        patient_id=course.patient_id,
        service=catalog_queries.service(db, course.service_id),
        pattern=course.pattern,
        numbers=numbers,
        since=since,
        is_after_session=bool(fixed),
        windows=windows,
        visits={s.number: s for s in course.coming},
    )


def _first_days(actor: Actor, wishes: Wishes) -> tuple[dt.date, dt.date]:
    """Return the first and the last day for the first session; raises Invalid."""
    since = wishes.first_from or clock.today(actor.zone)
    until = wishes.first_until or since + dt.timedelta(days=FIRST_DAYS - 1)
    if until < since:
        raise Invalid(BACKWARDS, field="first_until")
    if until - since > MOST_FIRST:
        raise Invalid(TOO_WIDE, field="first_until")
    return since, until


def _not_before(window: Window, since: dt.date, today: dt.date, wishes: Wishes) -> Window:
    """Return the window of the next session from today on: overdue, it is as soon as may be."""
    gap = (max(today, wishes.first_from or today) - since).days
    least = max(window.least, gap)
    most = window.most if gap <= window.most else gap + FIRST_DAYS
    if wishes.first_until is not None:
        most = min(max(least, (wishes.first_until - since).days), least + MOST_FIRST.days)
    return Window(least=least, ideal=max(window.ideal, least), most=most, must=window.must)


def _ground(
    db: Db,
    actor: Actor,
    wishes: Wishes,
    *,
    patient_id: int,
    service: Service,
    pattern: CoursePattern,
    numbers: Sequence[int],
    since: dt.date,
    is_after_session: bool,
    windows: Sequence[Window],
    visits: Mapping[int, Session],
) -> Ground:
    now = clock.now()
    last = since + dt.timedelta(days=sum(w.most for w in windows) + SPARE_DAYS)
    start = max(now, walltime.day_bounds(since, actor.zone)[0])
    end = min(now + promise.LATEST, walltime.day_bounds(last, actor.zone)[1])
    window = Span(start=start, end=max(start, end))
    wish = Wish(service=service, patient_id=patient_id, practitioner_id=wishes.practitioner_id)
    table = timetables.timetable(
        db, actor.location_id, actor.zone, since=walltime.to_local(start, actor.zone).date()
    )
    reading = openings.read(db, actor, table, wish, window)
    return Ground(
        actor=actor,
        service=service,
        pattern=pattern,
        numbers=numbers,
        since=since,
        is_after_session=is_after_session,
        windows=windows,
        visits=visits,
        table=table,
        free=_free(actor, reading, wish, window, wishes),
        reading=reading,
        wish=wish,
        checks=Checks(db, actor, patient_id, service, pattern.interval_days),
    )


def _free(
    actor: Actor, reading: Reading, wish: Wish, window: Span, wishes: Wishes
) -> dict[dt.date, list[Free]]:
    """Return {day: its free times}: all with whom it is wished, else with anybody."""
    found: dict[dt.date, list[Free]] = {}
    seen: set[dt.datetime] = set()
    anybody = replace(wish, practitioner_id=None)
    for asked in (wish, anybody) if wish.practitioner_id else (anybody,):
        for one in reading.openings(asked, window):
            if one.starts_at in seen or one.practitioner_id is None or one.room_id is None:
                continue
            seen.add(one.starts_at)
            local = walltime.to_local(one.starts_at, actor.zone)
            is_wished = (
                wishes.practitioner_id in (None, one.practitioner_id)
                and (not wishes.weekdays or local.weekday() in wishes.weekdays)
                and (wishes.earliest is None or local.time() >= wishes.earliest)
                and (wishes.latest is None or local.time() <= wishes.latest)
            )
            found.setdefault(local.date(), []).append(
                Free(
                    starts_at=one.starts_at,
                    practitioner_id=one.practitioner_id,
                    room_id=one.room_id,
                    is_wished=is_wished,
                )
            )
    return found


# ---- laying ----


def propose(ground: Ground) -> list[Pick | None]:
    """Return the best plan: visits that are there stay where they fit."""
    return _laid(ground, [], [_of_visit(ground.visits.get(n)) for n in ground.numbers])


def changed(ground: Ground, picks: Sequence[Pick | None], index: int) -> list[Pick | None]:
    """Return a plan in which one row was changed: the rows after it stay where they fit."""
    return _laid(ground, list(picks[: index + 1]), list(picks))


def stepped(ground: Ground, picks: Sequence[Pick | None], index: int, *, by: int) -> Pick | None:
    """Return the pick of the next free day of a row, or the last one before; as wished first."""
    last = day_before(ground, picks, index)
    window = ground.windows[index]
    pick = picks[index]
    options = [
        min(times, key=lambda one: (not one.is_wished, one))
        for day, times in ground.free.items()
        if window.must <= (day - last).days <= window.most + SPARE_DAYS
    ]
    wished = [one for one in options if one.is_wished]
    ideal = last + dt.timedelta(days=window.ideal)
    here = pick.starts_local.date() if pick else ideal
    bounds = walltime.day_bounds(here, ground.actor.zone)
    at = bounds[1] - dt.timedelta(microseconds=1) if by > 0 else bounds[0]
    found = planning.step(wished or options, at, by=by)
    return _picked(ground, ground.numbers[index], found) if found else pick


def _laid(
    ground: Ground, fixed: list[Pick | None], own: Sequence[Pick | None]
) -> list[Pick | None]:
    first = len(fixed)
    since = day_before(ground, fixed, first)
    windows = ground.windows[first:]
    held = {
        place: (pick.starts_local.date(), free)
        for place, pick in enumerate(own[first:])
        if pick is not None and (free := _as_free(ground, pick)) is not None
    }
    barred: set[dt.date] = set()
    laid: list[Laid] = []
    for _ in range(MOST_ROUNDS):
        laid = planning.lay(since, windows, ground.free, own=held, barred=barred)
        later = {
            day for one in laid if one.free is not None for day in _later_days(ground, one.day)
        }
        if not later - barred:
            break
        barred |= later
    return [
        *fixed,
        *(
            _picked(ground, number, one.free) if one.free else None
            for number, one in zip(ground.numbers[first:], laid, strict=True)
        ),
    ]


def _later_days(ground: Ground, day: dt.date) -> list[dt.date]:
    """Return the days that the check refuses, up to the first that this role may be told of."""
    way = ground.checks.on(day)[1]
    if way.outcome in GOES or way.offers_from is None:
        return []
    return [day + dt.timedelta(days=n) for n in range((way.offers_from - day).days)]


def day_before(ground: Ground, picks: Sequence[Pick | None], index: int) -> dt.date:
    """Return the day of the session before a row; one without a time counts as on its ideal day."""
    last = ground.since
    for pick, window in zip(picks[:index], ground.windows, strict=False):
        last = pick.starts_local.date() if pick else last + dt.timedelta(days=window.ideal)
    return last


def _of_visit(visit: Session | None) -> Pick | None:
    if visit is None:
        return None
    return Pick(
        number=visit.number,
        starts_local=visit.starts_local,
        practitioner_id=visit.practitioner_id,
        room_id=visit.room_id,
    )


def _as_free(ground: Ground, pick: Pick) -> Free | None:
    at = _instant(ground, pick)
    if at is None:
        return None
    return Free(starts_at=at, practitioner_id=pick.practitioner_id, room_id=pick.room_id or 0)


def _picked(ground: Ground, number: int, free: Free) -> Pick:
    zone = ground.actor.zone
    own = ground.visits.get(number)
    local = walltime.to_local(free.starts_at, zone)
    is_own = own is not None and own.starts_local == local
    return Pick(
        number=number,
        starts_local=local,
        practitioner_id=free.practitioner_id,
        room_id=own.room_id if own is not None and is_own else free.room_id or None,
        second_hour=promise.second_hour_of(free.starts_at, zone),
    )


def _instant(ground: Ground, pick: Pick) -> dt.datetime | None:
    try:
        return promise.instant_of(
            pick.starts_local, ground.actor.zone, second_hour=pick.second_hour, now=clock.now()
        )
    except Invalid:
        return None


def elsewhere(
    ground: Ground,
    picks: Sequence[Pick | None],
    index: int,
    day: dt.date | None,
    at: dt.time | None,
) -> Pick | None:
    """Return a row's pick on another day, or at another time; with a day only,
    the first free time of it.

    What cannot be read leaves the row as it is.
    """
    pick = picks[index]
    if day is None and pick is not None:
        day = pick.starts_local.date()
    if day is None:
        return pick
    times = sorted(ground.free.get(day, ()), key=lambda one: (not one.is_wished, one))
    if at is None:
        if times:
            return _picked(ground, ground.numbers[index], times[0])
        at = pick.starts_local.time() if pick else OPENING
    local = dt.datetime.combine(day, at)
    own = next(
        (p for p in times if walltime.to_local(p.starts_at, ground.actor.zone) == local), None
    )
    if own is not None:
        return _picked(ground, ground.numbers[index], own)
    person = pick.practitioner_id if pick else ground.wish.practitioner_id
    if person is None:
        people = ground.table.of_kind(ResourceKind.PRACTITIONER)
        if not people:
            return pick
        person = people[0].id
    return Pick(number=ground.numbers[index], starts_local=local, practitioner_id=person)
