"""Booking under the guard: what is held, what is taken, what cannot be."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.catalog.values import ResourceKind
from clinic.core.engine import constraint_of
from clinic.core.errors import Invalid, NotFound
from clinic.patients.values import PatientStatus
from clinic.safety import queries as safety_queries
from clinic.safety.values import Decision, Moment
from clinic.scheduling import queries
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.models import PATIENT_GUARD, RESOURCE_GUARD
from clinic.scheduling.service import NotBookable
from tests import factories
from tests.scheduling.conftest import TOMORROW_10
from tests.scheduling.moments import at


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
    desk.open_day_and_night()
    visit = desk.book(starts_local=dt.datetime(2027, 10, 31, 2, 30), second_hour=second)
    assert visit.starts_at == dt.datetime(2027, 10, 31, hour, 30, tzinfo=dt.UTC)


def test_both_times_of_the_doubled_hour_can_be_booked(desk):
    desk.open_day_and_night()
    night = dt.datetime(2027, 10, 31, 2, 30)
    desk.book(starts_local=night, second_hour=False)
    desk.book(starts_local=night, second_hour=True, patient_id=desk.bob().id)


def test_a_late_entry_of_yesterday_is_possible(desk):
    desk.open_day_and_night()
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
    monkeypatch.setattr(queries, "occupied", lambda *_, **__: {})
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
