"""From the door to the end: arrivals, cancellations, no-shows, starts, walk-ins."""

import datetime as dt
from dataclasses import replace

import pytest

from clinic.core.access import Role
from clinic.core.errors import Forbidden, Invalid, NotFound
from clinic.safety import queries as safety_queries
from clinic.safety.values import Decision, FactKind, Moment
from clinic.scheduling import queries, service
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.steps import MovedOn, NotNow
from clinic.scheduling.values import (
    AppointmentOrigin,
    AppointmentStatus,
    ArriveVisit,
    CancelAppointment,
    CancelReason,
    Refused,
    StartVisit,
)
from tests import factories
from tests.scheduling.moments import a_step, at


def test_an_arrival_needs_both_identifiers(desk):
    visit = desk.book(starts_local=at(11, day=23))
    for name, born in ((False, True), (True, False), (False, False)):
        with pytest.raises(Invalid):
            service.arrive(
                desk.db,
                desk.actor(),
                ArriveVisit(
                    appointment_id=visit.id,
                    version=visit.version,
                    name_spoken=name,
                    birth_date_spoken=born,
                ),
            )
    assert desk.arrive(visit).status is AppointmentStatus.ARRIVED


def test_an_arrival_is_checked_and_kept(desk):
    visit = desk.book(service_id=desk.prp.id, starts_local=at(11, day=23))
    desk.arrive(visit)
    record = safety_queries.latest_screening(desk.db, visit.id)
    assert record.moment is Moment.CHECK_IN
    assert desk.history(visit) == ["book", "arrive"]


def test_a_block_found_at_the_door_is_refused_and_remembered(desk):
    visit = desk.book(service_id=desk.prp.id, starts_local=at(11, day=23))
    desk.knows(FactKind.CONDITION, "bleeding_disorder")

    said = service.arrive(
        desk.db,
        desk.actor(),
        ArriveVisit(
            appointment_id=visit.id,
            version=visit.version,
            name_spoken=True,
            birth_date_spoken=True,
        ),
    )

    assert isinstance(said, Refused)
    desk.db.refresh(visit)
    assert visit.status is AppointmentStatus.BOOKED
    assert visit.decision is Decision.BLOCK


def test_nobody_arrives_on_another_day(desk):
    visit = desk.book()
    with pytest.raises(NotNow):
        desk.arrive(visit)


def test_an_arrival_can_be_taken_back(desk):
    visit = desk.arrive(desk.book(starts_local=at(11, day=23)))
    service.undo_arrive(desk.db, desk.actor(), a_step(visit))
    assert visit.status is AppointmentStatus.BOOKED
    assert visit.arrived_at is None


def test_a_cancelled_visit_frees_its_time_in_the_same_second(desk):
    visit = desk.book()
    service.cancel(
        desk.db,
        desk.actor(),
        CancelAppointment(
            appointment_id=visit.id, version=visit.version, reason=CancelReason.PATIENT_ILL
        ),
    )
    assert not visit.occupies
    assert desk.book(patient_id=desk.bob().id).id


def test_a_cancellation_can_be_taken_back_for_ten_minutes(desk, clock):
    def cancelled(hour):
        visit = desk.book(starts_local=at(hour))
        wish = CancelAppointment(
            appointment_id=visit.id, version=visit.version, reason=CancelReason.MISTAKE
        )
        return service.cancel(desk.db, desk.actor(), wish)

    first, second = cancelled(10), cancelled(12)
    service.reopen(desk.db, desk.actor(), a_step(first))
    assert first.status is AppointmentStatus.BOOKED
    assert first.cancel_reason is None
    assert {h.is_active for h in desk.held(first)} == {True}
    clock(desk.world.later(minutes=11))
    with pytest.raises(NotNow):
        service.reopen(desk.db, desk.actor(), a_step(second))


def test_a_cancellation_cannot_be_taken_back_when_the_time_is_gone(desk):
    visit = desk.book()
    service.cancel(
        desk.db,
        desk.actor(),
        CancelAppointment(
            appointment_id=visit.id, version=visit.version, reason=CancelReason.CLINIC
        ),
    )
    desk.book(patient_id=desk.bob().id)
    with pytest.raises(SlotTaken):
        service.reopen(desk.db, desk.actor(), a_step(visit))


def test_a_no_show_waits_a_quarter_of_an_hour_and_may_come_late(desk, clock):
    visit = desk.book(starts_local=at(10, day=23))
    with pytest.raises(NotNow):
        service.no_show(desk.db, desk.actor(), a_step(visit))
    clock(desk.world.later(minutes=15))
    service.no_show(desk.db, desk.actor(), a_step(visit))
    assert visit.status is AppointmentStatus.NO_SHOW
    assert not visit.occupies

    desk.arrive(visit)

    assert visit.status is AppointmentStatus.ARRIVED
    assert visit.occupies
    assert {h.is_active for h in desk.held(visit)} == {True}


def test_who_comes_late_finds_the_time_given_away(desk, clock):
    visit = desk.book(starts_local=at(10, day=23))
    clock(desk.world.later(minutes=15))
    service.no_show(desk.db, desk.actor(), a_step(visit))
    desk.book(patient_id=desk.bob().id, starts_local=at(10, 15, day=23))
    with pytest.raises(SlotTaken):
        desk.arrive(visit)


def test_two_desks_press_at_once_and_one_step_happens(desk):
    visit = desk.book(starts_local=at(11, day=23))
    cancel = CancelAppointment(
        appointment_id=visit.id, version=visit.version, reason=CancelReason.CLINIC
    )
    desk.arrive(visit)
    with pytest.raises(MovedOn):
        service.cancel(desk.db, desk.actor(), cancel)
    assert visit.status is AppointmentStatus.ARRIVED


def test_reception_cannot_start_a_treatment(desk):
    visit = desk.arrive(desk.book(starts_local=at(11, day=23)))
    wish = StartVisit(appointment_id=visit.id, version=visit.version, seen_facts_hash="")
    with pytest.raises(Forbidden):
        service.start(desk.db, desk.actor(), wish)


def test_a_visit_of_another_place_does_not_exist_here(desk):
    visit = desk.book(starts_local=at(11, day=23))
    stranger = replace(desk.actor(), location_id=factories.a_location(desk.db).id)
    with pytest.raises(NotFound):
        service.no_show(desk.db, stranger, a_step(visit))


def test_a_treatment_with_open_questions_does_not_start(desk):
    visit = desk.arrive(desk.book(service_id=desk.prp.id, starts_local=at(11, day=23)))
    wish = StartVisit(appointment_id=visit.id, version=visit.version, seen_facts_hash="")

    said = service.start(desk.db, desk.actor(Role.PHYSICIAN), wish)

    assert isinstance(said, Refused)
    assert said.passage.to_answer
    assert visit.status is AppointmentStatus.ARRIVED


def test_a_treatment_starts_finishes_and_keeps_its_times(desk):
    visit = desk.arrive(desk.book(service_id=desk.prp.id, starts_local=at(11, day=23)))
    desk.settle(on=dt.date(2026, 11, 23))
    nurse = desk.actor(Role.NURSE)
    seen = safety_queries.check_again(desk.db, safety_queries.latest_screening(desk.db, visit.id))
    history = safety_queries.history_of(desk.db, desk.alice.id)
    plan = queries.plan_for(desk.db, visit, history)
    seen = safety_queries.check(desk.db, history, plan, dt.date(2026, 11, 23))
    assert [f.rule_code for f in seen.findings if f.decision > Decision.ALLOW] == []

    with pytest.raises(MovedOn):
        service.start(
            desk.db,
            nurse,
            StartVisit(appointment_id=visit.id, version=visit.version, seen_facts_hash="old"),
        )
    started = service.start(
        desk.db,
        nurse,
        StartVisit(appointment_id=visit.id, version=visit.version, seen_facts_hash=seen.facts_hash),
    )
    assert not isinstance(started, Refused)
    assert started.record.moment is Moment.START
    assert visit.status is AppointmentStatus.IN_TREATMENT
    assert visit.decision is Decision.ALLOW
    service.finish(desk.db, nurse, visit.id)
    assert visit.status is AppointmentStatus.DONE
    assert desk.history(visit) == ["book", "arrive", "start", "finish"]


def test_an_aborted_treatment_frees_its_time(desk):
    visit = desk.arrive(desk.book(starts_local=at(11, day=23)))
    nurse = desk.actor(Role.NURSE)
    plan = queries.plan_for(desk.db, visit, safety_queries.history_of(desk.db, desk.alice.id))
    seen = safety_queries.check(
        desk.db, safety_queries.history_of(desk.db, desk.alice.id), plan, dt.date(2026, 11, 23)
    )
    service.start(
        desk.db,
        nurse,
        StartVisit(appointment_id=visit.id, version=visit.version, seen_facts_hash=seen.facts_hash),
    )
    service.abort(desk.db, nurse, visit.id, "Fainted before the first injection")
    assert visit.status is AppointmentStatus.CANCELLED
    assert {h.is_active for h in desk.held(visit)} == {False}


def test_a_walk_in_is_here_now_on_the_grid(desk, clock):
    clock(dt.datetime(2026, 11, 23, 9, 13, 40, tzinfo=dt.UTC))
    wish = {"origin": AppointmentOrigin.WALK_IN, "name_spoken": True, "birth_date_spoken": True}

    with pytest.raises(Invalid):
        desk.book(origin=AppointmentOrigin.WALK_IN)
    visit = desk.book(**wish)

    assert visit.status is AppointmentStatus.ARRIVED
    assert visit.starts_local == at(10, 10, day=23)
    assert visit.arrived_at == dt.datetime(2026, 11, 23, 9, 13, 40, tzinfo=dt.UTC)
    with pytest.raises(SlotTaken):
        desk.book(patient_id=desk.bob().id, **wish)
