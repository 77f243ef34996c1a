"""Booking under the guard, moving, steps, refusals, courses, checking again."""

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.catalog.values import ResourceKind
from clinic.core.access import CONFIRMED_FOR, PasswordNeeded, Role
from clinic.core.engine import constraint_of
from clinic.core.errors import Forbidden, Invalid, NotFound
from clinic.patients.values import PatientStatus
from clinic.safety import queries as safety_queries
from clinic.safety.models import Release, ScreeningRecord
from clinic.safety.values import Decision, FactKind, Moment, Outcome
from clinic.scheduling import queries, service
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.models import PATIENT_GUARD, RESOURCE_GUARD, Appointment, Course
from clinic.scheduling.service import NotBookable
from clinic.scheduling.steps import MovedOn, NotNow
from clinic.scheduling.values import (
    AppointmentOrigin,
    AppointmentStatus,
    ArriveVisit,
    CancelAppointment,
    CancelReason,
    MoveAppointment,
    Refused,
    StartVisit,
    StepVisit,
)
from tests import factories
from tests.conftest import NOW
from tests.scheduling.conftest import TOMORROW_10

TODAY_9 = dt.datetime(2026, 11, 23, 9, 0)


def at(hour, minute=0, day=24):
    return dt.datetime(2026, 11, day, hour, minute)


def a_move(visit, **changes):
    fields = {
        "appointment_id": visit.id,
        "version": visit.version,
        "starts_local": visit.starts_local,
        "practitioner_id": visit.practitioner_id,
        "room_id": visit.room_id,
        **changes,
    }
    return MoveAppointment(**fields)


def a_step(visit, **changes):
    return StepVisit(appointment_id=visit.id, version=visit.version, **changes)


# ---- booking ----


def test_a_booking_holds_each_resource_for_its_own_part(desk):
    visit = desk.book(service_id=desk.prp.id)

    held = [
        (h.resource_id, h.starts_at - visit.starts_at, h.ends_at - h.starts_at)
        for h in desk.held(visit)
    ]
    minutes = [(r, int(o.total_seconds() // 60), int(n.total_seconds() // 60)) for r, o, n in held]
    assert minutes == [
        (desk.room.id, 0, 60),
        (desk.centrifuge.id, 10, 15),
        (desk.physician.id, 25, 30),
    ]


def test_the_promise_is_wall_time_and_utc_follows(desk):
    visit = desk.book()
    assert visit.starts_local == TOMORROW_10
    assert visit.zone == "Europe/Berlin"
    assert visit.starts_at == dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC)


def test_a_booking_leaves_its_check_its_event_and_one_audit_line(desk):
    visit = desk.book(service_id=desk.prp.id)

    record = safety_queries.latest_screening(desk.db, visit.id)
    assert record is not None
    assert record.moment is Moment.BOOKING
    assert visit.decision is Decision.ASK
    assert desk.history(visit) == ["book"]
    done = desk.db.scalars(
        sa.select(AuditEvent.action).where(AuditEvent.patient_id == desk.alice.id)
    )
    assert list(done) == ["appointment.booked"]


@pytest.mark.parametrize(
    ("field", "kept"),
    [("practitioner_id", "physician"), ("room_id", "room")],
)
def test_what_is_taken_is_named_with_whom_and_until_when(desk, field, kept):
    desk.book()
    other = factories.a_resource(
        desk.db, location=desk.world.location, kind=ResourceKind.PRACTITIONER, name="Dr Haddad"
    )
    free = {"practitioner_id": other.id, "room_id": desk.room_2.id}
    wish = {**free, field: getattr(desk, kept).id}

    with pytest.raises(SlotTaken) as taken:
        desk.book(patient_id=desk.bob().id, starts_local=at(10, 15), **wish)

    assert [c.field for c in taken.value.clashes] == [field]
    assert str(taken.value) == f"{getattr(desk, kept).name} is taken until 10:30 (L. Demir)"


def test_when_any_room_would_do_none_is_blamed_alone(desk):
    desk.book()
    desk.book(
        patient_id=desk.bob().id,
        room_id=desk.room_2.id,
        practitioner_id=factories.a_resource(
            desk.db, location=desk.world.location, kind=ResourceKind.PRACTITIONER
        ).id,
        starts_local=at(10, 15),
    )
    other = factories.a_resource(
        desk.db, location=desk.world.location, kind=ResourceKind.PRACTITIONER, name="Dr Haddad"
    )

    with pytest.raises(SlotTaken) as taken:
        desk.book(
            patient_id=desk.bob(family_name="Carolson").id,
            room_id=None,
            practitioner_id=other.id,
            starts_local=at(10, 15),
        )

    assert [c.field for c in taken.value.clashes] == ["room_id"]
    assert str(taken.value) == "No room is free: Room 1 is taken until 10:30 (L. Demir)"


def test_every_clash_is_named_at_once(desk):
    desk.book()
    with pytest.raises(SlotTaken) as taken:
        desk.book()
    assert {c.field for c in taken.value.clashes} == {"practitioner_id", "room_id", "patient_id"}


def test_the_patient_cannot_be_in_two_rooms(desk):
    desk.book()
    other = factories.a_resource(
        desk.db, location=desk.world.location, kind=ResourceKind.PRACTITIONER
    )
    with pytest.raises(SlotTaken) as taken:
        desk.book(practitioner_id=other.id, room_id=desk.room_2.id, starts_local=at(9, 40))
    assert str(taken.value) == "The patient has another visit from 10:00 to 10:30 (Consultation)"


def test_a_free_centrifuge_is_chosen_and_a_missing_one_said(desk):
    desk.book(service_id=desk.prp.id)
    bob, carol = desk.bob(), desk.bob(family_name="Carolson")
    other = factories.a_resource(
        desk.db, location=desk.world.location, kind=ResourceKind.PRACTITIONER
    )
    wish = {"service_id": desk.prp.id, "room_id": desk.room_2.id, "practitioner_id": other.id}
    with pytest.raises(SlotTaken) as taken:
        desk.book(patient_id=bob.id, **wish)
    assert str(taken.value) == "No device is free: Centrifuge is taken until 10:25 (L. Demir)"

    second = factories.a_resource(
        desk.db, location=desk.world.location, kind=ResourceKind.DEVICE, name="Centrifuge 2"
    )
    visit = desk.book(patient_id=carol.id, **wish)
    assert second.id in {h.resource_id for h in desk.held(visit)}


def test_a_place_without_the_device_says_so(desk):
    desk.centrifuge.is_active = False
    with pytest.raises(Invalid) as refused:
        desk.book(service_id=desk.prp.id)
    assert refused.value.field == "service_id"


def test_visits_that_touch_do_not_clash(desk):
    desk.book()
    desk.book(patient_id=desk.bob().id, starts_local=at(10, 30))
    desk.book(patient_id=desk.bob().id, starts_local=at(9, 30))


def test_a_short_visit_fits_while_the_blood_spins(desk):
    desk.book(service_id=desk.prp.id)
    desk.book(
        service_id=desk.mesotherapy.id,
        patient_id=desk.bob().id,
        room_id=desk.room_2.id,
        starts_local=at(10, 0),
    )


@pytest.mark.parametrize("field", ["practitioner_id", "room_id"])
def test_a_resource_of_another_kind_or_place_is_refused_at_its_field(desk, field):
    elsewhere = factories.a_resource(
        desk.db, location=factories.a_location(desk.db), kind=ResourceKind.ROOM
    )
    for wrong in (elsewhere.id, desk.centrifuge.id, 2**31 - 1):
        with pytest.raises(Invalid) as refused:
            desk.book(**{field: wrong})
        assert refused.value.field == field


@pytest.mark.parametrize(
    ("starts_local", "field"),
    [
        (at(10, 7), "start"),
        (dt.datetime(2026, 11, 22, 9, 55), "date"),
        (dt.datetime(2028, 11, 24, 10, 0), "date"),
        (dt.datetime(2027, 3, 28, 2, 30), "start"),
        (dt.datetime(2027, 10, 31, 2, 30), "second_hour"),
    ],
)
def test_a_time_that_cannot_be_is_refused_at_its_field(desk, starts_local, field):
    with pytest.raises(Invalid) as refused:
        desk.book(starts_local=starts_local)
    assert refused.value.field == field


def test_the_hour_that_does_not_exist_is_refused_with_the_next_time(desk):
    with pytest.raises(Invalid) as refused:
        desk.book(starts_local=dt.datetime(2027, 3, 28, 2, 30))
    assert "2027-03-28" in str(refused.value)
    assert "The next time is 03:00." in str(refused.value)


@pytest.mark.parametrize(("second", "hour"), [(False, 0), (True, 1)])
def test_of_the_hour_that_comes_twice_the_chosen_one_is_booked(desk, second, hour):
    visit = desk.book(starts_local=dt.datetime(2027, 10, 31, 2, 30), second_hour=second)
    assert visit.starts_at == dt.datetime(2027, 10, 31, hour, 30, tzinfo=dt.UTC)


def test_both_times_of_the_doubled_hour_can_be_booked(desk):
    night = dt.datetime(2027, 10, 31, 2, 30)
    desk.book(starts_local=night, second_hour=False)
    desk.book(starts_local=night, second_hour=True, patient_id=desk.bob().id)


def test_a_late_entry_of_yesterday_is_possible(desk):
    assert desk.book(starts_local=dt.datetime(2026, 11, 22, 10, 0)).id


@pytest.mark.parametrize(
    "status", [PatientStatus.DECEASED, PatientStatus.ARCHIVED, PatientStatus.ERASED]
)
def test_a_record_that_is_not_in_use_cannot_be_booked(desk, status):
    desk.alice.status = status
    with pytest.raises(NotBookable):
        desk.book()


def test_a_merged_record_cannot_be_booked(desk):
    desk.alice.status, desk.alice.merged_into_id = PatientStatus.MERGED, desk.bob().id
    with pytest.raises(NotBookable, match="merged"):
        desk.book()


def test_unknown_patient_and_service_are_not_found(desk):
    with pytest.raises(NotFound):
        desk.book(patient_id=2**31 - 1)
    with pytest.raises(NotFound):
        desk.book(service_id=2**31 - 1)


def test_a_service_that_is_no_longer_offered_is_refused(desk):
    desk.consultation.is_active = False
    with pytest.raises(Invalid):
        desk.book()


def test_the_same_form_sent_twice_makes_one_visit(desk):
    first = desk.book(form_key="k" * 24)
    assert desk.book(form_key="k" * 24) is first


def test_the_database_refuses_what_the_desk_overlooked(desk, monkeypatch):
    desk.book()
    monkeypatch.setattr(queries, "held", lambda *_, **__: {})
    monkeypatch.setattr(queries, "held_by_patient", lambda *_, **__: [])
    with pytest.raises(SlotTaken) as taken, desk.db.begin_nested():
        desk.book(patient_id=desk.bob().id)
    assert constraint_of(taken.value.__cause__) == RESOURCE_GUARD
    assert str(taken.value) == "Somebody has just taken this time"
    other = factories.a_resource(
        desk.db, location=desk.world.location, kind=ResourceKind.PRACTITIONER
    )
    with pytest.raises(SlotTaken) as taken, desk.db.begin_nested():
        desk.book(practitioner_id=other.id, room_id=desk.room_2.id)
    assert constraint_of(taken.value.__cause__) == PATIENT_GUARD


# ---- checks at booking ----


def test_a_block_refuses_a_treatment_and_keeps_the_check(desk):
    desk.knows(FactKind.CONDITION, "bleeding_disorder")

    said = desk.refused(Role.NURSE, service_id=desk.prp.id)

    assert said.screening.decision is Decision.BLOCK
    assert said.passage.in_the_way
    kept = desk.db.scalars(sa.select(ScreeningRecord)).all()
    assert [(r.appointment_id, r.moment) for r in kept] == [(None, Moment.BOOKING)]
    done = desk.db.scalars(sa.select(AuditEvent.action)).all()
    assert done[-1] == "appointment.refused"


def test_a_block_allows_a_consultation(desk):
    desk.knows(FactKind.CONDITION, "bleeding_disorder")
    assert desk.book(service_id=desk.consultation.id).decision is Decision.ALLOW


def test_reception_receives_a_refusal_without_findings(desk):
    desk.took_ibuprofen()
    said = desk.refused(Role.RECEPTIONIST, service_id=desk.prp.id)
    assert said.passage.in_the_way == ()
    assert said.passage.offers_from == dt.date(2026, 11, 25)


def test_no_date_is_named_to_reception_for_a_pregnancy(desk):
    desk.knows(FactKind.PREGNANCY, "pregnant")
    said = desk.refused(Role.RECEPTIONIST, service_id=desk.prp.id)
    assert said.passage.offers_from is None


def test_a_deferral_with_a_date_books_from_that_date_on(desk):
    desk.took_ibuprofen()
    assert desk.book(service_id=desk.prp.id, starts_local=at(10, day=25)).id


def test_an_open_ended_deferral_is_booked_ahead_with_a_reason_by_a_clinician_only(desk):
    desk.knows(FactKind.PREGNANCY, "pregnant")
    ahead = {"service_id": desk.prp.id, "starts_local": at(10, day=30)}

    assert desk.refused(Role.RECEPTIONIST, recheck_reason="She asked for it", **ahead)
    assert desk.refused(Role.NURSE, **ahead).passage.outcome is Outcome.REASON
    soon = {"service_id": desk.prp.id, "starts_local": at(10, day=29)}
    assert desk.refused(Role.NURSE, recheck_reason="Due date is near", **soon)
    visit = desk.book(Role.NURSE, recheck_reason="Due date is near", **ahead)
    assert visit.recheck_reason == "Due date is near"
    assert visit.decision is Decision.DEFER


def test_a_physician_may_release_at_booking_with_a_reason(desk):
    desk.took_ibuprofen()
    wish = {"service_id": desk.prp.id, "release_reason": "One tablet only, bruising is accepted"}

    assert desk.refused(Role.NURSE, **wish)
    visit = desk.book(Role.PHYSICIAN, **wish)

    assert visit.is_released
    assert visit.decision is Decision.ASK
    assert desk.db.scalars(sa.select(Release.appointment_id)).all() == [visit.id]


def test_a_release_at_booking_needs_a_password_of_the_last_ten_minutes(desk, clock):
    desk.took_ibuprofen()
    wish = desk.wish(service_id=desk.prp.id, release_reason="One tablet only, it is accepted")
    physician = desk.actor(Role.PHYSICIAN)

    clock(NOW + CONFIRMED_FOR + dt.timedelta(seconds=1))
    with pytest.raises(PasswordNeeded), desk.db.begin_nested():
        service.book(desk.db, physician, wish)
    assert desk.db.scalars(sa.select(Release)).all() == []
    assert desk.db.scalars(sa.select(Appointment)).all() == []

    clock(NOW + CONFIRMED_FOR)
    assert service.book(desk.db, physician, wish).is_released


def test_a_booking_that_releases_nothing_needs_none(desk, clock):
    physician = desk.actor(Role.PHYSICIAN)
    clock(NOW + dt.timedelta(hours=1))

    assert service.book(desk.db, physician, desk.wish(release_reason="Nothing is in the way"))


def test_what_nobody_may_release_stays_refused(desk):
    desk.knows(FactKind.PREGNANCY, "pregnant")
    wish = {"service_id": desk.prp.id, "release_reason": "I take the responsibility"}
    assert desk.refused(Role.PHYSICIAN, **wish)


# ---- moving ----


def test_a_move_takes_everything_along_and_says_so(desk):
    visit = desk.book(service_id=desk.prp.id)

    moved = service.move(
        desk.db,
        desk.actor(),
        a_move(visit, starts_local=at(10, 30), room_id=desk.room_2.id, reason="Patient called"),
    )

    assert moved is visit
    assert visit.moved == 1
    assert {h.resource_id for h in desk.held(visit)} == {
        desk.room_2.id,
        desk.centrifuge.id,
        desk.physician.id,
    }
    event = queries.events(desk.db, visit.id)[0]
    assert event.before["starts_local"] == "2026-11-24T10:00"
    assert event.after == {
        "starts_local": "2026-11-24T10:30",
        "practitioner": "Dr Weber",
        "room": "Room 2",
    }
    assert event.reason == "Patient called"


def test_a_move_onto_somebody_else_is_refused_and_changes_nothing(desk):
    desk.book()
    mine = desk.book(patient_id=desk.bob().id, starts_local=at(12))
    with pytest.raises(SlotTaken), desk.db.begin_nested():
        service.move(desk.db, desk.actor(), a_move(mine, starts_local=at(10, 15)))
    assert desk.db.get_one(type(mine), mine.id, populate_existing=True).starts_local == at(12)


def test_a_move_is_checked_for_its_new_day(desk):
    desk.took_ibuprofen()
    visit = desk.book(service_id=desk.prp.id, starts_local=at(10, day=26))

    said = service.move(desk.db, desk.actor(), a_move(visit, starts_local=at(10, day=24)))

    assert isinstance(said, Refused)
    assert visit.starts_local == at(10, day=26)
    moments = desk.db.scalars(
        sa.select(ScreeningRecord.on).where(ScreeningRecord.appointment_id == visit.id)
    ).all()
    own, wished = dt.date(2026, 11, 26), dt.date(2026, 11, 24)
    assert moments == [own, wished, own]  # The newest is one for the visit's own day.


def test_a_move_from_an_old_page_is_refused(desk):
    visit = desk.book()
    old = a_move(visit, starts_local=at(15))
    service.move(desk.db, desk.actor(), a_move(visit, starts_local=at(14)))
    with pytest.raises(MovedOn):
        service.move(desk.db, desk.actor(), old)


def test_only_a_booked_visit_can_be_moved(desk):
    visit = desk.book(starts_local=at(11, day=23))
    desk.arrive(visit)
    with pytest.raises(MovedOn, match="arrived"):
        service.move(desk.db, desk.actor(), a_move(visit, starts_local=at(14)))


# ---- steps ----


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


# ---- courses ----


def a_course(desk, **changes):
    fields = {
        "patient_id": desk.alice.id,
        "service_id": desk.prp.id,
        "sessions_planned": 3,
        "interval_days": 28,
        "started_on": dt.date(2026, 11, 1),
        **changes,
    }
    course = Course(**fields)
    desk.db.add(course)
    desk.db.flush()
    return course


def test_a_visit_of_a_course_carries_the_next_number(desk):
    course = a_course(desk, sessions_planned=2)
    first = desk.book(service_id=desk.prp.id)
    second = desk.book(service_id=desk.prp.id, starts_local=at(12))
    third = desk.book(service_id=desk.prp.id, starts_local=at(14))

    assert [(v.course_id, v.course_number) for v in (first, second, third)] == [
        (course.id, 1),
        (course.id, 2),
        (None, None),
    ]


def test_a_cancelled_session_gives_its_number_back(desk):
    a_course(desk)
    first = desk.book(service_id=desk.prp.id)
    service.cancel(
        desk.db,
        desk.actor(),
        CancelAppointment(
            appointment_id=first.id, version=first.version, reason=CancelReason.PATIENT_ASKED
        ),
    )
    assert desk.book(service_id=desk.prp.id).course_number == 1


def test_a_visit_of_another_service_is_no_part_of_the_course(desk):
    a_course(desk)
    assert desk.book().course_id is None


# ---- checking again ----


def test_a_new_fact_turns_the_booked_visit_and_is_kept_once(desk):
    visit = desk.book(service_id=desk.prp.id)
    version = visit.version
    desk.knows(FactKind.CONDITION, "bleeding_disorder")

    service.rescreen(desk.db, desk.actor(Role.NURSE), desk.alice.id)
    service.rescreen(desk.db, None, desk.alice.id)

    desk.db.refresh(visit)
    assert visit.decision is Decision.BLOCK
    assert visit.version == version
    moments = desk.db.scalars(
        sa.select(ScreeningRecord.moment).where(ScreeningRecord.appointment_id == visit.id)
    ).all()
    assert moments == [Moment.BOOKING, Moment.RECHECK]


def test_past_and_closed_visits_are_left_as_they_were(desk):
    visit = desk.book(service_id=desk.prp.id)
    service.cancel(
        desk.db,
        desk.actor(),
        CancelAppointment(
            appointment_id=visit.id, version=visit.version, reason=CancelReason.CLINIC
        ),
    )
    desk.knows(FactKind.CONDITION, "bleeding_disorder")
    service.rescreen(desk.db, None, desk.alice.id)
    assert visit.decision is Decision.ASK


def test_checking_again_reads_the_same_however_many_visits(desk, statements):
    def read():
        statements.clear()
        service.rescreen(desk.db, None, desk.alice.id)
        return [s for s in statements if s.startswith("SELECT")]

    desk.book(service_id=desk.prp.id)
    few = read()
    for day in (2, 3, 4, 7, 8, 9):
        desk.book(service_id=desk.prp.id, starts_local=dt.datetime(2026, 12, day, 10, 0))
    desk.db.flush()
    assert len(few) == len(read()) == 7
