"""Free times against a minute-by-minute oracle."""

import datetime as dt
import random
from zoneinfo import ZoneInfo

import pytest

from clinic.catalog.values import ResourceKind, Segment
from clinic.core import walltime
from clinic.scheduling.rules import hours as hours_rules
from clinic.scheduling.rules import slots
from clinic.scheduling.rules.hours import Calendar
from clinic.scheduling.values import (
    Candidate,
    Opening,
    Span,
)

pytestmark = pytest.mark.once

BERLIN = "Europe/Berlin"
ROOM, PERSON, DEVICE = ResourceKind.ROOM, ResourceKind.PRACTITIONER, ResourceKind.DEVICE


def part(seq, kind, offset, length, device=""):
    return Segment(seq=seq, kind=kind, device_type=device, offset_min=offset, length_min=length)


PRP = (
    part(1, ROOM, 0, 65),
    part(2, PERSON, 0, 10),
    part(3, DEVICE, 10, 20, "centrifuge"),
    part(4, PERSON, 30, 25),
)
VISIT = (part(1, ROOM, 0, 30), part(2, PERSON, 0, 30))
WEEK = {
    0: [(dt.time(8), dt.time(12)), (dt.time(13), dt.time(18))],
    2: [(dt.time(9), dt.time(12, 30))],
    5: [(dt.time(0), dt.time(4))],
    6: [(dt.time(1), dt.time(3)), (dt.time(22), dt.time(23, 30))],
}


def at(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def span(start, end):
    return Span(start=at(start), end=at(end))


# ---- working hours ----


def spans_of(hours, day, zone=BERLIN):
    found = hours_rules.open_spans(Calendar(zone=zone, place=hours), 1, day, day)
    return [(s.end - s.start) for s in found]


def test_a_weekday_without_hours_is_closed():
    assert spans_of(WEEK, dt.date(2026, 11, 24)) == []


def test_a_break_is_the_gap_between_two_spans():
    assert spans_of(WEEK, dt.date(2026, 11, 23)) == [dt.timedelta(hours=4), dt.timedelta(hours=5)]


def test_the_night_that_loses_an_hour_is_an_hour_shorter():
    night = {6: [(dt.time(1), dt.time(4))]}
    assert spans_of(night, dt.date(2027, 3, 28)) == [dt.timedelta(hours=2)]


def test_the_night_that_gains_an_hour_is_an_hour_longer():
    night = {6: [(dt.time(1), dt.time(4))]}
    assert spans_of(night, dt.date(2027, 10, 31)) == [dt.timedelta(hours=4)]


def test_hours_inside_the_skipped_hour_are_none():
    night = {6: [(dt.time(2, 10), dt.time(2, 50))]}
    assert spans_of(night, dt.date(2027, 3, 28)) == []


def test_an_end_in_the_doubled_hour_is_its_second_time():
    night = {6: [(dt.time(1), dt.time(2, 30))]}
    assert spans_of(night, dt.date(2027, 10, 31)) == [dt.timedelta(hours=2, minutes=30)]


# ---- free times ----


def everything(segments, candidates, window, **options):
    return list(slots.openings(segments, candidates, window, **options))


def always(id_, kind, device="", busy=()):
    return Candidate(
        id=id_,
        kind=kind,
        device_type=device,
        open=(span("2026-11-23T00:00", "2026-11-30T00:00"),),
        busy=tuple(busy),
    )


MORNING = span("2026-11-23T08:00", "2026-11-23T10:00")


def test_a_visit_may_begin_when_another_ends():
    room = always(1, ROOM, busy=[span("2026-11-23T08:00", "2026-11-23T08:30")])
    found = everything(VISIT, [room, always(2, PERSON)], MORNING)
    assert found[0].starts_at == at("2026-11-23T08:30")


def test_a_visit_that_would_run_into_another_is_not_offered():
    room = always(1, ROOM, busy=[span("2026-11-23T08:25", "2026-11-23T09:50")])
    found = everything(VISIT, [room, always(2, PERSON)], MORNING)
    assert [o.starts_at for o in found] == []


def test_the_end_of_the_window_bounds_the_start_not_the_end():
    found = everything(VISIT, [always(1, ROOM), always(2, PERSON)], MORNING)
    assert found[-1].starts_at == at("2026-11-23T09:45")


def test_nobody_of_a_needed_kind_means_no_opening():
    assert everything(PRP, [always(1, ROOM), always(2, PERSON)], MORNING) == []


def test_without_a_timetable_a_resource_is_closed_never_open():
    shut = Candidate(id=1, kind=ROOM)
    assert everything(VISIT, [shut, always(2, PERSON)], MORNING) == []


def test_the_physician_is_free_while_the_blood_spins():
    gap = [span("2026-11-23T08:10", "2026-11-23T08:30")]
    found = everything(
        PRP,
        [always(1, ROOM), always(2, PERSON, busy=gap), always(3, DEVICE, "centrifuge")],
        MORNING,
        step_min=5,
    )
    assert at("2026-11-23T08:00") in {o.starts_at for o in found}


def test_the_patients_own_visit_takes_the_whole_time():
    found = everything(
        VISIT,
        [always(1, ROOM), always(2, PERSON)],
        MORNING,
        patient_busy=[span("2026-11-23T08:00", "2026-11-23T09:40")],
    )
    assert [o.starts_at for o in found] == [at("2026-11-23T09:45")]


def test_who_was_wished_for_is_named_when_free():
    two = [always(1, ROOM), always(7, PERSON), always(8, PERSON)]
    assert everything(VISIT, two, MORNING)[0].practitioner_id == 7
    assert everything(VISIT, two, MORNING, prefer=(8,))[0].practitioner_id == 8


def test_the_nearest_times_come_in_the_order_of_the_clock():
    found = [Opening(starts_at=at(f"2026-11-23T{hour:02}:00")) for hour in range(8, 18)]
    picked = slots.nearest(found, at("2026-11-23T12:10"), 3)
    assert [o.starts_at.hour for o in picked] == [11, 12, 13]


def test_a_grid_that_starts_between_two_quarters_offers_the_next_quarter():
    window = span("2026-11-23T08:07", "2026-11-23T09:00")
    found = everything(VISIT, [always(1, ROOM), always(2, PERSON)], window)
    assert [o.starts_at.minute for o in found] == [15, 30, 45]


def test_what_a_visit_holds_follows_its_parts():
    held = slots.holdings(
        PRP,
        at("2026-11-23T08:00"),
        {(ROOM, ""): 1, (PERSON, ""): 2, (DEVICE, "centrifuge"): 3},
    )
    assert [(h.resource_id, h.seq, h.span.start.minute, h.span.end.minute) for h in held] == [
        (1, 1, 0, 5),
        (2, 2, 0, 10),
        (3, 3, 10, 30),
        (2, 4, 30, 55),
    ]


def oracle(segments, candidates, window, hours_of, zone, patient_busy):
    """Independent: walk each start, each part, each five minutes, in wall time."""
    info = ZoneInfo(zone)

    def free(candidate, begin, end):
        if any(b.start < end and begin < b.end for b in candidate.busy):
            return False
        moment = begin
        while moment < end:
            local = moment.astimezone(info)
            spans = hours_of[candidate.id].get(local.weekday(), [])
            if not any(a <= local.time() < b for a, b in spans):
                return False
            moment += dt.timedelta(minutes=5)
        return True

    found, moment = [], window.start
    length = max(s.offset_min + s.length_min for s in segments)
    while moment < window.end:
        stop = moment + dt.timedelta(minutes=length)
        if not any(b.start < stop and moment < b.end for b in patient_busy) and all(
            any(
                all(
                    free(
                        c,
                        moment + dt.timedelta(minutes=s.offset_min),
                        moment + dt.timedelta(minutes=s.offset_min + s.length_min),
                    )
                    for s in segments
                    if (s.kind, s.device_type) == role
                )
                for c in candidates
                if (c.kind, c.device_type) == role
            )
            for role in {(s.kind, s.device_type) for s in segments}
        ):
            found.append(moment)
        moment += dt.timedelta(minutes=5)
    return found


WEEKS = {
    "an ordinary week": dt.date(2026, 11, 23),
    "the week that loses an hour": dt.date(2027, 3, 25),
    "the week that gains an hour": dt.date(2027, 10, 28),
}


@pytest.mark.parametrize("name", WEEKS)
@pytest.mark.parametrize("seed", range(8))
def test_free_times_equal_a_minute_by_minute_search(name, seed):
    dice = random.Random(seed)
    first, days = WEEKS[name], 5
    last = first + dt.timedelta(days=days)
    start, _end = walltime.day_bounds(first, BERLIN)
    window = Span(start=start, end=walltime.day_bounds(last, BERLIN)[0])

    def random_hours():
        return {
            weekday: spans
            for weekday in range(7)
            if (spans := dice.choice([*WEEK.values(), [(dt.time(0), dt.time(23, 55))], []]))
        }

    def random_busy(count):
        for _ in range(count):
            begin = window.start + dt.timedelta(minutes=dice.randrange(0, days * 1440, 5))
            yield Span(start=begin, end=begin + dt.timedelta(minutes=dice.choice((5, 20, 45, 90))))

    kinds = [
        (1, ROOM, ""),
        (2, ROOM, ""),
        (3, PERSON, ""),
        (4, PERSON, ""),
        (5, DEVICE, "centrifuge"),
    ]
    hours_of = {id_: random_hours() for id_, _kind, _type in kinds}
    candidates = [
        Candidate(
            id=id_,
            kind=kind,
            device_type=device,
            open=hours_rules.open_spans(
                Calendar(zone=BERLIN, place=hours_of[id_]), id_, first, last
            ),
            busy=tuple(random_busy(60)),
        )
        for id_, kind, device in kinds
    ]
    patient_busy = list(random_busy(10))
    segments = dice.choice((PRP, VISIT))

    found = everything(segments, candidates, window, patient_busy=patient_busy, step_min=5)

    expected = oracle(segments, candidates, window, hours_of, BERLIN, patient_busy)
    assert [o.starts_at for o in found] == expected
    for opening in found[:20]:
        assert opening.practitioner_id in {3, 4}
        assert opening.room_id in {1, 2}
