"""Sixteen desks and one free time: whoever offers, says yes or books, exactly one gets it."""

import datetime as dt
import threading

import pytest
import sqlalchemy as sa

from clinic.core import clock as clinic_clock
from clinic.scheduling import service as scheduling_service
from clinic.scheduling.held import HeldSlot
from clinic.scheduling.models import Appointment, Occupancy
from clinic.scheduling.rules.asking import PartOfDay
from clinic.scheduling.values import BookAppointment
from clinic.waiting import offering, service
from clinic.waiting.models import Offer, WaitingEntry
from clinic.waiting.offering import OfferOver
from clinic.waiting.values import (
    ALL_DAYS,
    AddEntry,
    Answer,
    Ending,
    OfferTime,
    Priority,
    Way,
    Wishes,
)
from tests.conftest import NOW
from tests.scheduling.test_race import DESKS, OVERLAPS, a_clinic, all_at_once, real
from tests.waiting.conftest import HELD_FOR

__all__ = ["real"]


class Race:
    """A clinic in which sixteen people wait for the same ten o'clock."""

    def __init__(self, sessions) -> None:
        self.sessions = sessions
        self.actor, self.wish, self.patients = a_clinic(sessions)
        with sessions.write() as db, db.begin():
            self.entries = [self._waits(db, patient_id) for patient_id in self.patients]

    def _waits(self, db, patient_id: int) -> int:
        wishes = Wishes(
            service_id=self.wish.service_id,
            practitioner_id=None,
            weekdays=ALL_DAYS,
            part_of_day=PartOfDay.ANY,
            from_on=dt.date(2026, 11, 23),
            until_on=dt.date(2026, 12, 23),
            notice_hours=0,
            priority=Priority.USUAL,
            note="",
        )
        wish = AddEntry(patient_id=patient_id, visit_id=None, wishes=wishes)
        return service.add(db, self.actor, wish).id

    def told(self, n: int) -> OfferTime:
        return OfferTime(
            entry_id=self.entries[n],
            starts_local=self.wish.starts_local,
            practitioner_id=self.wish.practitioner_id,
            room_id=self.wish.room_id or 0,
            way=Way.CALL,
        )

    def offer_all(self) -> list[int]:
        with self.sessions.write() as db, db.begin():
            return [
                offering.offer(db, self.actor, self.told(n)).id  # type: ignore[union-attr]
                for n in range(DESKS)
            ]

    def booking(self, n: int) -> BookAppointment:
        plain = {name: getattr(self.wish, name) for name in self.wish.__dataclass_fields__}
        return BookAppointment(**{**plain, "patient_id": self.patients[n]})

    def counts(self) -> dict[str, int]:
        with self.sessions.read() as db:

            def count(model, *where) -> int:
                return db.scalar(sa.select(sa.func.count()).select_from(model).where(*where)) or 0

            return {
                "visits": count(Appointment),
                "held": count(Occupancy, Occupancy.held_slot_id.is_not(None)),
                "overlaps": db.scalar(OVERLAPS) or 0,
                "slots": count(HeldSlot),
                "offers": count(Offer),
                "yes": count(Offer, Offer.answer == Answer.YES),
                "booked": count(WaitingEntry, WaitingEntry.ended_as == Ending.BOOKED),
            }


@pytest.fixture
def race(real) -> Race:
    return Race(real)


def names(results) -> list[str]:
    return sorted(type(r).__name__ for r in results)


def test_sixteen_offers_of_one_free_time_hold_it_once(race):
    results = all_at_once(race.sessions, lambda db, n: offering.offer(db, race.actor, race.told(n)))

    assert set(names(results)) <= {"Offer", "SlotTaken"}, results
    made = [r for r in results if isinstance(r, Offer)]
    counted = race.counts()
    assert made
    assert (counted["slots"], counted["held"], counted["overlaps"]) == (1, 3, 0)
    assert counted["offers"] == len(made)
    assert counted["visits"] == 0


def test_sixteen_who_say_yes_to_one_time_make_one_visit(race):
    offers = race.offer_all()
    assert race.counts()["slots"] == 1

    results = all_at_once(race.sessions, lambda db, n: offering.accept(db, race.actor, offers[n]))

    assert names(results) == ["Appointment"] + ["OfferOver"] * (DESKS - 1), results
    assert all("faster" in str(r) for r in results if isinstance(r, OfferOver))
    counted = race.counts()
    assert (counted["visits"], counted["held"], counted["overlaps"]) == (1, 0, 0)
    assert (counted["yes"], counted["booked"]) == (1, 1)


def test_one_yes_that_is_pressed_sixteen_times_makes_one_visit(race):
    offers = race.offer_all()

    results = all_at_once(race.sessions, lambda db, _n: offering.accept(db, race.actor, offers[0]))

    assert names(results) == ["Appointment"] + ["OfferOver"] * (DESKS - 1), results
    assert race.counts()["visits"] == 1


def test_a_yes_beats_fifteen_who_book_what_is_held(race):
    offers = race.offer_all()

    results = all_at_once(
        race.sessions,
        lambda db, n: (
            offering.accept(db, race.actor, offers[0])
            if n == 0
            else scheduling_service.book(db, race.actor, race.booking(n))
        ),
    )

    assert isinstance(results[0], Appointment), results[0]
    assert names(results[1:]) == ["SlotTaken"] * (DESKS - 1)
    assert race.counts()["visits"] == 1


def test_yes_and_no_at_the_same_moment_are_one_of_the_two(race):
    offers = race.offer_all()
    with race.sessions.write() as db, db.begin():
        for id_ in offers[1:]:
            offering.decline(db, race.actor, id_)

    results = all_at_once(
        race.sessions,
        lambda db, n: (offering.accept if n % 2 else offering.decline)(db, race.actor, offers[0]),
    )

    done = [r for r in results if not isinstance(r, OfferOver)]
    assert len(done) == 1, results
    counted = race.counts()
    assert counted["visits"] == (1 if isinstance(done[0], Appointment) else 0)
    assert (counted["held"], counted["overlaps"]) == (0, 0)


@pytest.mark.parametrize("seen", [DESKS // 2, 1, DESKS - 1])
def test_running_out_against_a_yes_gives_the_time_to_one(race, monkeypatch, seen):
    """Some desks' clocks are a blink before the end, the others at it, as of two machines."""
    moment = threading.local()
    monkeypatch.setattr(clinic_clock, "now", lambda: getattr(moment, "now", NOW))
    end, offers = NOW + HELD_FOR, race.offer_all()

    def desk(db, n):
        moment.now = end - dt.timedelta(microseconds=1) if n < seen else end
        if n < seen:
            return offering.accept(db, race.actor, offers[n])
        return scheduling_service.book(db, race.actor, race.booking(n))

    results = all_at_once(race.sessions, desk)

    assert names(results).count("Appointment") == 1, results
    assert set(names(results)) <= {"Appointment", "OfferOver", "SlotTaken"}, results
    counted = race.counts()
    assert (counted["visits"], counted["held"], counted["overlaps"]) == (1, 0, 0)
