"""Who fits a freed time is whom booking would let in, whose wishes it meets, and nobody else."""

import datetime as dt
import random

import pytest

from clinic.catalog.values import ResourceKind
from clinic.core import walltime
from clinic.core.access import Role
from clinic.core.errors import ClinicError
from clinic.safety.values import FactKind, ReceptionStatus
from clinic.scheduling import service
from clinic.scheduling.models import Appointment, WorkingHours
from clinic.scheduling.rules.asking import PartOfDay
from clinic.scheduling.values import Refused, Span
from clinic.waiting.queries import fitting
from clinic.waiting.values import Priority
from tests import factories
from tests.conftest import NOW
from tests.scheduling.moments import a_course, at
from tests.waiting.conftest import AT_10

DAY = dt.date(2026, 11, 24)
HOURS = {
    PartOfDay.ANY: range(24),
    PartOfDay.MORNING: range(12),
    PartOfDay.AFTERNOON: range(12, 17),
    PartOfDay.EVENING: range(17, 24),
}


def freed(start=AT_10, minutes=30) -> Span:
    begin = walltime.to_utc(start, "Europe/Berlin")
    return Span(start=begin, end=begin + dt.timedelta(minutes=minutes))


def fits(desk, span=None, role=Role.RECEPTIONIST):
    return fitting.who_fits(desk.db, desk.actor(role), span or freed(), desk.physician.id)


def ids(found):
    return [fit.entry.id for fit in found.fits]


def test_who_waits_for_a_shorter_service_fits_and_who_needs_longer_does_not(desk, waiting):
    desk.book(patient_id=desk.bob().id, starts_local=at(9, 30))
    desk.book(patient_id=desk.bob().id, starts_local=at(10, 30))
    short = waiting.wait()
    waiting.wait(desk.bob().id, service_id=desk.prp.id)  # an hour, and the physician in half of it

    found = fits(desk)

    assert ids(found) == [short.id]
    assert found.fits[0].opening.starts_local == AT_10
    assert found.others == 1


def test_a_longer_service_fits_when_its_parts_do(desk, waiting):
    """The physician is free for the part that is theirs; the room beside is free all along."""
    desk.book(patient_id=desk.bob().id, starts_local=at(10, 30))
    prp = waiting.wait(service_id=desk.prp.id)

    found = fits(desk)

    assert ids(found) == [prp.id]
    start = found.fits[0].opening.starts_local
    booked = desk.book(
        patient_id=desk.alice.id, service_id=desk.prp.id, starts_local=start, room_id=None
    )
    assert booked.starts_local == start


def test_a_time_that_is_offered_fits_only_those_who_wait_for_the_same_service(desk, waiting):
    asked = waiting.wait()
    waiting.offer(asked)
    same = waiting.wait(desk.bob().id)
    waiting.wait(desk.bob().id, service_id=desk.prp.id, weekdays=0b10)
    desk.book(patient_id=desk.bob().id, starts_local=at(10, 30))
    desk.book(patient_id=desk.bob().id, starts_local=at(9, 0))
    desk.book(patient_id=desk.bob().id, starts_local=at(9, 30))

    found = fits(desk)

    assert ids(found) == [asked.id, same.id]
    assert {fit.opening.starts_local for fit in found.fits} == {AT_10}
    waiting.offer(same)


def test_who_has_another_visit_then_does_not_fit(desk, waiting):
    entry = waiting.wait(service_id=desk.mesotherapy.id)
    assert ids(fits(desk)) == [entry.id]
    another = factories.a_resource(
        desk.db, location=desk.world.location, kind=ResourceKind.PRACTITIONER, name="Dr Haddad"
    )
    for start in (at(9, 30), at(10), at(10, 30)):
        desk.book(starts_local=start, practitioner_id=another.id, room_id=desk.room_2.id)

    assert ids(fits(desk)) == []


def test_two_sessions_of_a_course_are_not_put_too_near(desk, waiting):
    a_course(desk, interval_days=28)
    desk.settle()
    desk.book(service_id=desk.prp.id, starts_local=at(15, day=24 + 6))
    entry = waiting.wait(service_id=desk.prp.id)
    assert ids(fits(desk)) == [], "six days before the next one"

    far = freed(dt.datetime(2026, 12, 21, 10, 0))
    assert ids(fits(desk, far)) == [entry.id], "twenty-one days after it"
    near = freed(dt.datetime(2026, 12, 19, 10, 0))
    assert ids(fits(desk, near)) == []


def test_the_visit_that_would_be_given_up_is_not_too_near(desk, waiting):
    later = desk.book(starts_local=at(15))
    entry = waiting.wait(visit_id=later.id)

    assert ids(fits(desk)) == [entry.id]

    entry.visit_id = None
    desk.db.flush()
    assert ids(fits(desk)) == [], "two on one day"


def test_who_is_on_a_hold_is_not_listed_and_no_word_says_why(desk, waiting):
    desk.settle()
    held, open_ = (
        waiting.wait(service_id=desk.prp.id),
        waiting.wait(desk.bob().id, service_id=desk.prp.id),
    )
    assert set(ids(fits(desk))) == {held.id, open_.id}

    desk.took_ibuprofen()
    for role in (Role.RECEPTIONIST, Role.NURSE, Role.PHYSICIAN):
        found = fits(desk, role=role)
        assert ids(found) == [open_.id], role
        assert found.others == 1

    later = freed(dt.datetime(2026, 11, 26, 10, 0))
    assert set(ids(fits(desk, later))) == {held.id, open_.id}, "clear by then"


def test_a_physicians_review_is_said_as_booking_says_it(desk, waiting):
    desk.settle()
    desk.knows(FactKind.MEDICATION, "anticoagulant", label="Enoxaparin")
    waiting.wait(service_id=desk.prp.id)

    found = fits(desk)

    assert desk.book(service_id=desk.prp.id, room_id=None), "booking lets them in"
    assert [fit.status for fit in found.fits] == [ReceptionStatus.REVIEW]


def test_a_time_that_is_over_fits_nobody(desk, waiting, clock):
    waiting.wait()
    clock(freed().end)

    assert ids(fits(desk)) == []


def test_the_urgent_are_asked_first(desk, waiting, clock):
    waiting.wait()
    clock(NOW + dt.timedelta(minutes=1))
    urgent = waiting.wait(desk.bob().id, priority=Priority.SOON)

    assert ids(fits(desk))[0] == urgent.id


def test_the_number_of_statements_does_not_grow_with_who_waits(desk, waiting, statements):
    desk.settle()
    for _ in range(2):
        waiting.wait(desk.bob().id, service_id=desk.prp.id)
    statements.clear()
    fits(desk)
    few = len(statements)
    for _ in range(6):
        waiting.wait(desk.bob().id, service_id=desk.prp.id)
    statements.clear()

    assert len(fits(desk).fits) == 8
    assert len(statements) == few <= 25


# ---- against booking itself ----


def lay_a_day(desk, draw):
    """Two physicians, one of them with hours of her own, and a day half full at random."""
    haddad = factories.a_resource(
        desk.db, location=desk.world.location, kind=ResourceKind.PRACTITIONER, name="Dr Haddad"
    )
    desk.db.add(
        WorkingHours(resource_id=haddad.id, weekday=1, starts=dt.time(9, 30), ends=dt.time(11, 15))
    )
    people, services = [desk.physician, haddad], [desk.prp, desk.mesotherapy, desk.consultation]
    for _ in range(5):
        start = at(draw.randrange(8, 12), draw.choice([0, 15, 30, 45]))
        wish = desk.wish(
            patient_id=desk.bob().id,
            service_id=draw.choice(services).id,
            practitioner_id=draw.choice(people).id,
            room_id=None,
            starts_local=start,
        )
        try:
            with desk.db.begin_nested():
                service.book(desk.db, desk.actor(), wish)
        except ClinicError:
            continue
    return people, services


def wait_at_random(desk, waiting, draw, people, services):
    found = []
    for _ in range(6):
        patient = desk.bob()
        if draw.random() < 0.3:
            desk.knows(
                FactKind.MEDICATION,
                "nsaid",
                patient=patient,
                label="Ibuprofen 400 mg",
                ended_on=dt.date(2026, 11, 23),
                noted_on=dt.date(2026, 11, 23),
            )
        found.append(
            waiting.wait(
                patient.id,
                service_id=draw.choice(services).id,
                practitioner_id=draw.choice([None, *(person.id for person in people)]),
                weekdays=draw.choice([127, 0b10, 0b1111101]),
                part_of_day=draw.choice([PartOfDay.ANY, PartOfDay.MORNING]),
                notice_hours=draw.choice([0, 24]),
            )
        )
    return found


def would_book(desk, entry, start) -> bool:
    """Let booking itself say whether it would take somebody there; nothing of it is kept."""
    wish = desk.wish(
        patient_id=entry.patient_id,
        service_id=entry.service_id,
        practitioner_id=desk.physician.id,
        room_id=None,
        starts_local=start,
    )
    trial = desk.db.begin_nested()
    try:
        made = service.book(desk.db, desk.actor(), wish)
    except ClinicError:
        made = None
    trial.rollback()
    return isinstance(made, Appointment) and not isinstance(made, Refused)


OWN = {"PRP": (25, 55), "Mesotherapy": (5, 25), "Consultation": (0, 30)}
"""From which minute to which the practitioner is there, as tests/factories.py lays the services."""


def by_hand(desk, entry, span):
    """Return (how far away, start) of the best time, or None."""
    names = {s.id: s.name for s in (desk.prp, desk.mesotherapy, desk.consultation)}
    own = [dt.timedelta(minutes=minute) for minute in OWN[names[entry.service_id]]]
    rows = []
    if entry.practitioner_id not in {None, desk.physician.id}:
        return None
    for number in range(24 * 4):
        start = dt.datetime.combine(DAY, dt.time(number // 4, number % 4 * 15))
        at_ = walltime.to_utc(start, "Europe/Berlin")
        touches = at_ + own[0] < span.end and span.start < at_ + own[1]
        is_wished = (
            entry.weekdays & 0b10
            and start.hour in HOURS[entry.part_of_day]
            and (at_ - NOW) >= dt.timedelta(hours=entry.notice_hours)
        )
        if touches and is_wished and would_book(desk, entry, start):
            rows.append((abs(at_ - span.start), at_))
    return min(rows, default=None)


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 6])
def test_who_fits_is_whom_booking_takes_at_a_time_they_wish(desk, waiting, seed):
    draw = random.Random(seed)
    people, services = lay_a_day(desk, draw)
    waits = wait_at_random(desk, waiting, draw, people, services)
    span = freed(at(draw.randrange(9, 11), draw.choice([0, 30])), draw.choice([30, 60]))
    expected = {entry.id: by_hand(desk, entry, span) for entry in waits}

    found = fits(desk, span)

    offered = {fit.entry.id: (abs(fit.starts_at - span.start), fit.starts_at) for fit in found.fits}
    assert {fit.opening.practitioner_id for fit in found.fits} <= {desk.physician.id}
    assert offered == {id_: best for id_, best in expected.items() if best is not None}
    assert 0 < len(offered) < len(waits), "a day that tries both"
