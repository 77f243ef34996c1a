"""The next opening against a search by brute force: thousands of random small weeks."""

import datetime as dt
import random
from functools import cache
from itertools import pairwise, product
from zoneinfo import ZoneInfo

import pytest

from clinic.catalog.values import ResourceKind, Segment
from clinic.core import walltime
from clinic.scheduling.closing import BlockKind
from clinic.scheduling.rules import asking, holding, hours, promise, slots
from clinic.scheduling.rules.asking import Ask, PartOfDay
from clinic.scheduling.rules.holding import Situation
from clinic.scheduling.rules.hours import Blocked, Calendar, OneDay
from clinic.scheduling.values import Candidate, Held, Span

pytestmark = pytest.mark.once

PERSON, NURSE = ResourceKind.PRACTITIONER, ResourceKind.NURSE
ROOM, DEVICE = ResourceKind.ROOM, ResourceKind.DEVICE
FAR = dt.datetime(2999, 1, 1, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
WEEKS = {
    "an ordinary week": ("Europe/Berlin", dt.date(2026, 11, 23)),
    "Berlin loses an hour": ("Europe/Berlin", dt.date(2026, 3, 27)),
    "Berlin gains an hour": ("Europe/Berlin", dt.date(2026, 10, 23)),
    "New York loses an hour": ("America/New_York", dt.date(2026, 3, 6)),
    "New York gains an hour": ("America/New_York", dt.date(2026, 10, 30)),
    "Lord Howe gains half an hour": ("Australia/Lord_Howe", dt.date(2026, 4, 3)),
}
DAYS = 4


class Thing:
    """A resource of a random clinic."""

    def __init__(self, id_, kind, device=""):
        self.id, self.kind, self.device_type, self.name = id_, kind, device, f"thing {id_}"


THINGS = (
    Thing(1, ROOM),
    Thing(2, ROOM),
    Thing(3, PERSON),
    Thing(4, PERSON),
    Thing(5, NURSE),
    Thing(6, DEVICE, "centrifuge"),
)


def part(seq, kind, offset, length, device=""):
    return Segment(seq=seq, kind=kind, device_type=device, offset_min=offset, length_min=length)


SERVICES = (
    (part(1, ROOM, 0, 30), part(2, PERSON, 5, 20)),
    (
        part(1, ROOM, 0, 65),
        part(2, NURSE, 0, 10),
        part(3, DEVICE, 10, 20, "centrifuge"),
        part(4, PERSON, 30, 25),
    ),
    (part(1, ROOM, 0, 20), part(2, PERSON, 0, 5), part(3, PERSON, 15, 5)),
)
TIMES = (
    (),
    ((dt.time(8), dt.time(12)), (dt.time(13), dt.time(17, 30))),
    ((dt.time(0), dt.time(3, 5)),),
    ((dt.time(1, 30), dt.time(4)), (dt.time(22), dt.time(23, 55))),
    ((dt.time(2, 10), dt.time(2, 50)),),
    ((dt.time(0), dt.time(23, 55)),),
)


class Week:
    """A random clinic of a few days, and the question that is asked of it."""

    def __init__(self, name, seed):
        self.dice = dice = random.Random(f"{name} {seed}")
        self.zone, self.first = WEEKS[name]
        self.last = self.first + dt.timedelta(days=DAYS - 1)
        self.window = Span(
            start=walltime.day_bounds(self.first, self.zone)[0]
            + dice.choice((0, 0, 7, 600)) * MINUTE,
            end=walltime.day_bounds(self.last, self.zone)[1],
        )
        days = [self.first + dt.timedelta(days=n) for n in range(DAYS + 1)]
        some = [thing.id for thing in THINGS if dice.random() < 0.4]
        self.calendar = Calendar(
            zone=self.zone,
            place={day: dice.choice(TIMES[1:]) for day in range(7)},
            own={id_: {day: dice.choice(TIMES) for day in range(7)} for id_ in some},
            place_days={
                day: OneDay(name="x", times=dice.choice(TIMES))
                for day in days
                if dice.random() < 0.15
            },
            own_days={
                (thing.id, day): dice.choice(TIMES)
                for thing, day in product(THINGS, days)
                if dice.random() < 0.1
            },
            blocks={
                thing.id: [Blocked(span=self.span(120, 900), kind=BlockKind.LEAVE)]
                for thing in THINGS
                if dice.random() < 0.2
            },
        )
        self.busy = {
            thing.id: [self.span(5, 90) for _ in range(dice.randrange(40))] for thing in THINGS
        }
        self.patient = [self.span(5, 60) for _ in range(dice.randrange(4))]
        self.parts = dice.choice(SERVICES)
        self.wished = dice.choice((None, 3, 4))
        self.ask = Ask(
            since=self.first + dt.timedelta(days=dice.randrange(2)),
            until=self.last - dt.timedelta(days=dice.randrange(2)),
            weekdays=frozenset(dice.sample(range(7), dice.choice((0, 0, 3, 5)))),
            part=dice.choice(list(PartOfDay)),
            after=dice.choice((None, None, dt.time(2, 30), dt.time(9, 15))),
        )

    def span(self, least, most):
        minutes = DAYS * 1440
        start = self.window.start + self.dice.randrange(0, minutes, 5) * MINUTE
        return Span(start=start, end=start + self.dice.randrange(least, most + 1, 5) * MINUTE)

    def found(self):
        """Return (start, practitioner) as the search finds them."""
        candidates = [
            Candidate(
                id=thing.id,
                kind=thing.kind,
                device_type=thing.device_type,
                open=hours.open_spans(
                    self.calendar, thing.id, self.first, self.last + dt.timedelta(days=1)
                ),
                busy=(
                    *self.busy[thing.id],
                    *(block.span for block in self.calendar.blocks.get(thing.id, ())),
                ),
            )
            for thing in THINGS
            if self.wished in (None, thing.id) or thing.kind is not PERSON
        ]
        return [
            (opening.starts_at, opening.practitioner_id)
            for opening in slots.openings(
                self.parts,
                candidates,
                self.window,
                within=asking.spans(self.ask, self.zone),
                patient_busy=self.patient,
            )
        ]

    # ---- by brute force ----

    def expected(self):
        found, info = [], ZoneInfo(self.zone)
        instant = self.window.start.replace(minute=0)
        while instant < self.window.end:
            person = self.person(instant) if instant >= self.window.start else None
            if person is not None and self.suits(instant.astimezone(info), instant):
                found.append((instant, person))
            instant += 15 * MINUTE
        return found

    def suits(self, local, instant):
        ask, time = self.ask, local.time()
        if not ask.since <= local.date() <= ask.until:
            return False
        if ask.weekdays and local.weekday() not in ask.weekdays:
            return False
        whole = {
            PartOfDay.MORNING: range(12),
            PartOfDay.AFTERNOON: range(12, 17),
            PartOfDay.EVENING: range(17, 24),
        }
        if time.hour not in whole.get(ask.part, range(24)):
            return False
        return ask.after is None or instant >= first_at(local.date(), ask.after, self.zone)

    def person(self, instant):
        """Return the first practitioner with whom everything fits; None for nobody."""
        length = max(p.offset_min + p.length_min for p in self.parts) * MINUTE
        if any(span.overlaps(Span(start=instant, end=instant + length)) for span in self.patient):
            return None
        roles = {(p.kind, p.device_type) for p in self.parts}
        free = {
            role: [
                thing.id
                for thing in THINGS
                if (thing.kind, thing.device_type) == role
                and (self.wished in (None, thing.id) or thing.kind is not PERSON)
                and all(
                    self.is_free(thing.id, instant + (p.offset_min + minute) * MINUTE)
                    for p in self.parts
                    if (p.kind, p.device_type) == role
                    for minute in range(0, p.length_min, 5)
                )
            ]
            for role in roles
        }
        return free[PERSON, ""][0] if all(free.values()) else None

    def is_free(self, id_, instant):
        """Tell whether five minutes of somebody are open and held by nobody."""
        held = Span(start=instant, end=instant + 5 * MINUTE)
        blocks = (block.span for block in self.calendar.blocks.get(id_, ()))
        if any(span.overlaps(held) for span in (*self.busy[id_], *blocks)):
            return False
        local = instant.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        place = self.calendar.place_days.get(local.date())
        times = place.times if place else self.calendar.place.get(local.weekday(), ())
        own = self.calendar.own_days.get((id_, local.date()))
        if own is None and id_ in self.calendar.own:
            own = self.calendar.own[id_].get(local.weekday(), ())
        return all(
            any(
                first_at(local.date(), opens, self.zone)
                <= instant
                <= last_before(local.date(), closes, self.zone)
                for opens, closes in spans
            )
            for spans in (times, own)
            if spans is not None
        )


@cache
def clock_of(day, zone):
    """Return the wall time of every five minutes of a day, by the clock on the wall."""
    instant = dt.datetime.combine(day, dt.time(), dt.UTC) - dt.timedelta(hours=15)
    shown = []
    for _ in range(12 * 54):
        local = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        if local.date() == day:
            shown.append((instant, local.time()))
        instant += 5 * MINUTE
    return shown


@cache
def first_at(day, time, zone):
    return next((i for i, shown in clock_of(day, zone) if shown >= time), FAR)


@cache
def last_before(day, time, zone):
    return max(i for i, shown in clock_of(day, zone) if shown < time)


def check(name, seeds):
    some = 0
    for seed in seeds:
        week = Week(name, seed)
        found = week.found()
        assert found == week.expected(), (name, seed)
        some += bool(found)
    assert some, "no week had anything to offer"


@pytest.mark.parametrize("name", WEEKS)
def test_the_search_equals_brute_force(name):
    check(name, range(25))


@pytest.mark.slow
@pytest.mark.parametrize("name", WEEKS)
def test_the_search_equals_brute_force_on_thousands_of_weeks(name):
    check(name, range(25, 700))


@pytest.mark.parametrize("name", WEEKS)
def test_what_is_found_is_never_a_time_that_the_clocks_skip(name):
    for seed in range(100, 130):
        week = Week(name, seed)
        for instant, _person in week.found():
            local = walltime.to_local(instant, week.zone)
            second = promise.second_hour_of(instant, week.zone)
            assert instant == promise.instant_of(
                local, week.zone, second_hour=second, now=week.window.start
            )


@pytest.mark.parametrize("name", WEEKS)
def test_what_is_found_has_nothing_in_the_way_and_what_is_not_says_what(name):
    """The search and the guard are two ways to one answer."""
    checked = 0
    for seed in range(20):
        week = Week(name, seed)
        week.ask, week.patient = Ask(since=week.first, until=week.last), []
        found = dict(week.found())
        situation = Situation(
            rows=THINGS,
            taken={
                id_: [Held(span=span, who="V. Isit", lane=1) for span in spans]
                for id_, spans in week.busy.items()
            },
            calendar=week.calendar,
        )
        named = {} if week.wished is None else {(PERSON, ""): week.wished}
        first = week.window.start.replace(minute=0) + dt.timedelta(hours=1)
        for number in range(0, 24 * 4 * (DAYS - 1), 7):
            instant = first + number * 15 * MINUTE
            choice = holding.choose(week.parts, instant, named, situation)
            assert (not choice.clashes) == (instant in found), (name, seed, instant)
            checked += bool(choice.clashes)
    assert checked


def test_the_hours_of_a_day_are_in_order_and_apart():
    for name, seed in product(WEEKS, range(20)):
        week = Week(name, seed)
        for thing in THINGS:
            spans = hours.open_spans(week.calendar, thing.id, week.first, week.last)
            assert all(one.end <= other.start for one, other in pairwise(spans))
