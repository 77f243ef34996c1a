"""Laying a course equals trying everything, on thousands of small cases, on both DST nights too."""

import datetime as dt
import itertools
import random

import pytest

from clinic.catalog.values import CoursePattern, ResourceKind, Segment
from clinic.core import walltime
from clinic.scheduling.rules import planning, slots
from clinic.scheduling.rules.hours import Calendar, open_spans
from clinic.scheduling.rules.planning import Free, Laid, Level, Window
from clinic.scheduling.values import Candidate, Span

BERLIN = "Europe/Berlin"
MONDAY = dt.date(2026, 11, 23)
PRP = CoursePattern(sessions=3, interval_days=28, tolerance_days=7, least_days=14, booster_days=182)


def days(n):
    return dt.timedelta(days=n)


def free(day, hour=9, person=1, is_wished=True):
    starts_at = dt.datetime.combine(day, dt.time(hour), dt.UTC)
    return Free(starts_at=starts_at, practitioner_id=person, room_id=9, is_wished=is_wished)


def everything(since, planned, times, barred=(), own=None):
    """Try every time of every day of every window, and leaving out; return the best plan."""

    own = own or {}

    def grow(last, rest):
        if not rest:
            yield ()
            return
        window = rest[0]
        ways = [(last + days(window.ideal), None, 0)]
        for gap in range(window.least, window.most + 1):
            day = last + days(gap)
            if day not in barred:
                mine = own.get(len(planned) - len(rest), (None, None))
                held = [mine[1]] if mine[0] == day else []
                ways += [
                    (day, one, abs(gap - window.ideal)) for one in [*held, *times.get(day, ())]
                ]
        for way in ways:
            for more in grow(way[0], rest[1:]):
                yield (way, *more)

    def cost(plan):
        return (
            sum(one is None for _, one, _ in plan),
            [one is None for _, one, _ in plan],
            sum(n in own and one != own[n][1] for n, (_, one, _) in enumerate(plan)),
            sum(one is not None and not one.is_wished for _, one, _ in plan),
            sum(off for _, one, off in plan if one is not None),
            [
                (one.starts_at, one.practitioner_id)
                if one
                else (dt.datetime.combine(day, dt.time(), dt.UTC), 0)
                for day, one, _ in plan
            ],
        )

    best = min(grow(since, planned), key=cost)
    return [Laid(day=day, free=one) for day, one, _ in best]


def a_window(dice):
    ideal = dice.randint(1, 5)
    off = dice.randint(0, 2)
    least = max(1, ideal - off)
    return Window(least=least, ideal=ideal, most=ideal + off)


@pytest.mark.parametrize("seed", range(30))
def test_a_plan_is_the_best_of_all_there_are(seed):
    dice = random.Random(seed)
    for _ in range(100):
        planned = [a_window(dice) for _ in range(dice.randint(1, 4))]
        span = sum(window.most for window in planned)
        times = {
            MONDAY + days(n): [
                free(MONDAY + days(n), hour, dice.randint(1, 2), dice.random() < 0.6)
                for hour in dice.sample(range(8, 18), dice.randint(0, 2))
            ]
            for n in range(span + 1)
            if dice.random() < 0.5
        }
        barred = {day for day in times if dice.random() < 0.15}

        own = {}
        for n in range(len(planned)):
            if dice.random() < 0.3:
                day = MONDAY + days(dice.randint(1, span))
                own[n] = (day, free(day, dice.randint(8, 17), person=3))

        laid = planning.lay(MONDAY, planned, times, barred=barred, own=own)

        assert laid == everything(MONDAY, planned, times, barred, own)


NIGHTS = {"spring": dt.date(2027, 3, 28), "autumn": dt.date(2026, 10, 25)}


def of_the_night(night, dice):
    """The free times of a fortnight around the change of the clocks, in a clinic open at night."""
    first, last = night - days(7), night + days(7)
    hours = {day: [(dt.time(0, 30), dt.time(4))] for day in range(7)}
    open_ = open_spans(Calendar(zone=BERLIN, place=hours), 1, first, last)
    busy = tuple(
        Span(start=start, end=start + dt.timedelta(minutes=dice.choice([30, 60, 120])))
        for span in open_
        if dice.random() < 0.6
        for start in [span.start + dt.timedelta(minutes=30 * dice.randint(0, 5))]
    )
    found: dict[dt.date, list[Free]] = {}
    window = Span(start=open_[0].start, end=open_[-1].end)
    kind = ResourceKind.PRACTITIONER
    parts = [Segment(seq=1, kind=kind, device_type="", offset_min=0, length_min=60)]
    person = Candidate(id=1, kind=kind, open=open_, busy=busy)
    for opening in slots.openings(parts, [person], window, step_min=30):
        local = walltime.to_local(opening.starts_at, BERLIN)
        one = Free(
            starts_at=opening.starts_at,
            practitioner_id=1,
            room_id=9,
            is_wished=local.time() >= dt.time(2),
        )
        found.setdefault(local.date(), []).append(one)
    return found


@pytest.mark.parametrize("night", NIGHTS.values(), ids=NIGHTS)
def test_a_plan_over_the_change_of_the_clocks_is_the_best_there_is(night):
    dice = random.Random(night.toordinal())
    met = 0
    for _ in range(60):
        times = of_the_night(night, dice)
        planned = [Window(least=1, ideal=dice.randint(2, 3), most=4) for _ in range(3)]

        laid = planning.lay(night - days(7), planned, times)

        assert laid == everything(night - days(7), planned, times)
        for one in laid:
            if one.free is not None:
                local = walltime.to_local(one.free.starts_at, BERLIN)
                assert local.date() == one.day
                met += one.day == night
    assert met


def test_each_window_counts_from_the_session_before_as_planned():
    planned = planning.windows(PRP, [1, 2, 3, 4])
    late = MONDAY + days(28 + 7)
    times = {
        late: [free(late)],
        late + days(28): [free(late + days(28))],
        late + days(56): [free(late + days(56))],
        late + days(56 + 182): [free(late + days(56 + 182))],
    }

    laid = planning.lay(MONDAY, planned, times)

    gaps = [(b.day - a.day).days for a, b in itertools.pairwise(laid)]
    assert laid[0].day == late
    assert gaps == [28, 28, 182]


def test_the_least_distance_is_kept_also_where_the_tolerance_would_allow_less():
    weekly = CoursePattern(sessions=8, interval_days=7, tolerance_days=4, least_days=6)

    assert planning.windows(weekly, [2])[0] == Window(least=6, ideal=7, most=11, must=6)


def test_a_wish_weighs_more_than_the_ideal_day():
    window = Window(least=1, ideal=3, most=5)
    times = {
        MONDAY + days(3): [free(MONDAY + days(3), is_wished=False)],
        MONDAY + days(5): [free(MONDAY + days(5))],
    }

    assert planning.lay(MONDAY, [window], times)[0].day == MONDAY + days(5)


def test_without_a_time_the_ideal_day_stands_and_the_next_counts_from_it():
    window = Window(least=2, ideal=3, most=4)
    times = {MONDAY + days(6): [free(MONDAY + days(6))]}

    laid = planning.lay(MONDAY, [window, window], times)

    assert [(one.day, one.free is None) for one in laid] == [
        (MONDAY + days(3), True),
        (MONDAY + days(6), False),
    ]


def test_the_longest_course_is_laid_quickly():
    planned = [Window(least=1, ideal=7, most=13)] * 60
    times = {MONDAY + days(n): [free(MONDAY + days(n))] for n in range(500) if n % 3}

    laid = planning.lay(MONDAY, planned, times)

    assert all(one.free for one in laid)


@pytest.mark.parametrize(
    ("distance", "level"),
    [
        (-1, Level.RED),
        (0, Level.RED),
        (13, Level.RED),
        (14, Level.AMBER),
        (20, Level.AMBER),
        (21, Level.GREEN),
        (35, Level.GREEN),
        (36, Level.AMBER),
    ],
)
def test_a_distance_is_judged(distance, level):
    window = planning.windows(PRP, [2])[0]

    found, said = planning.off_distance(window, distance)

    assert found is level
    assert (said is None) == (level is Level.GREEN)


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ({}, 1),
        ({1: True}, 2),
        ({1: True, 3: False}, 2),
        ({2: True}, 3),
        ({1: False, 2: False}, 3),
        ({1: True, 2: True, 3: True}, 4),
        ({1: True, 2: True, 3: True, 4: False}, None),
    ],
)
def test_the_next_number_is_the_lowest_after_the_last_one_done(held, expected):
    assert planning.next_number(held, 4) == expected


def test_a_step_goes_to_the_next_free_time_and_back():
    times = [free(MONDAY + days(n)) for n in (5, 1, 3)]
    at = times[2].starts_at

    assert planning.step(times, at, by=1) == times[0]
    assert planning.step(times, at, by=-1) == times[1]
    assert planning.step(times, times[0].starts_at, by=1) is None


def test_a_visit_that_fits_stays_although_a_better_day_is_free():
    window = Window(least=1, ideal=3, most=5)
    held = MONDAY + days(5)
    times = {MONDAY + days(3): [free(MONDAY + days(3))]}

    laid = planning.lay(MONDAY, [window], times, own={0: (held, free(held, person=7))})

    assert laid[0].free == free(held, person=7)
