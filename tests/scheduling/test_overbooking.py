"""Nurses found free, the physician's gap, and booking over what is booked."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.catalog.models import ServiceSegment
from clinic.catalog.values import Modality, ResourceKind
from clinic.core.access import Role
from clinic.core.errors import Forbidden, Invalid
from clinic.scheduling import guard, moving, queries, service, visit
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.models import RESOURCE_GUARD, Occupancy
from clinic.scheduling.rules import holding
from clinic.scheduling.values import (
    CancelAppointment,
    CancelReason,
    MoveAppointment,
    StepVisit,
)
from tests import factories
from tests.scheduling.conftest import TOMORROW_10, Desk

WHY = "Stitches must come out today"


def drawn_by_a_nurse(desk: Desk) -> None:
    """PRP begins with ten minutes of a nurse."""
    desk.prp.segments.append(
        ServiceSegment(seq=9, kind=ResourceKind.NURSE, offset_min=0, length_min=10)
    )
    desk.db.flush()


def a_nurse(desk: Desk, name: str):
    return factories.a_resource(
        desk.db, location=desk.world.location, kind=ResourceKind.NURSE, name=name
    )


def lanes(desk: Desk, made) -> dict[int, int]:
    return {row.resource_id: row.lane for row in desk.held(made)}


# ---- nurses ----


def test_any_free_nurse_is_found_for_her_part_only(desk):
    drawn_by_a_nurse(desk)
    first, second = a_nurse(desk, "Ada"), a_nurse(desk, "Bea")
    device = factories.a_resource(
        desk.db, location=desk.world.location, kind=ResourceKind.DEVICE, name="Centrifuge 2"
    )
    other = factories.a_resource(
        desk.db, location=desk.world.location, kind=ResourceKind.PRACTITIONER, name="Dr Rossi"
    )
    one = desk.book(service_id=desk.prp.id)
    two = desk.book(
        service_id=desk.prp.id,
        patient_id=desk.bob().id,
        practitioner_id=other.id,
        room_id=desk.room_2.id,
    )

    assert first.id in lanes(desk, one)
    assert second.id in lanes(desk, two)
    assert device.id in lanes(desk, two)
    part = next(row for row in desk.held(one) if row.resource_id == first.id)
    assert part.ends_at - part.starts_at == dt.timedelta(minutes=10)
    page = visit.page(desk.db, desk.actor(), one.id)
    assert (page.nurses, page.devices) == (("Ada",), ("Centrifuge",))


def test_no_nurse_free_says_who_is_taken_until_when(desk):
    drawn_by_a_nurse(desk)
    a_nurse(desk, "Ada")
    other = factories.a_resource(
        desk.db, location=desk.world.location, kind=ResourceKind.PRACTITIONER
    )
    desk.book(service_id=desk.prp.id)

    with pytest.raises(SlotTaken) as refused:
        desk.book(
            service_id=desk.prp.id,
            patient_id=desk.bob().id,
            practitioner_id=other.id,
            room_id=desk.room_2.id,
            starts_local=TOMORROW_10 + dt.timedelta(minutes=5),
        )

    said = [guard.words_of(clash) for clash in refused.value.clashes]
    assert (guard.NURSE_TAKEN, "Ada", "10:10") in [
        (sentence, gaps["name"], gaps["until"]) for sentence, gaps in said
    ]


def test_a_place_without_nurses_says_that_one_is_missing(desk):
    drawn_by_a_nurse(desk)

    with pytest.raises(Invalid) as refused:
        desk.book(service_id=desk.prp.id)

    assert (str(refused.value.message), refused.value.field) == (holding.NO_NURSE, "service_id")


# ---- the gap ----


def a_review(desk: Desk):
    short = factories.a_service(
        desk.db, modality=Modality.CONSULTATION, name="Review", duration_min=15
    )
    for part in short.segments:
        part.length_min = 15
    desk.db.flush()
    return short


def test_the_physician_sees_somebody_while_the_blood_spins(desk):
    desk.book(service_id=desk.prp.id)

    review = desk.book(
        patient_id=desk.bob().id,
        service_id=a_review(desk).id,
        room_id=desk.room_2.id,
        starts_local=TOMORROW_10 + dt.timedelta(minutes=10),
    )

    assert set(lanes(desk, review).values()) == {1}
    assert review.overbook_reason is None


def test_a_review_that_reaches_into_the_injection_is_refused(desk):
    desk.book(service_id=desk.prp.id)

    with pytest.raises(SlotTaken, match="Dr Weber"):
        desk.book(
            patient_id=desk.bob().id,
            service_id=a_review(desk).id,
            room_id=desk.room_2.id,
            starts_local=TOMORROW_10 + dt.timedelta(minutes=15),
        )


# ---- over what is booked ----


def over(desk: Desk, role: Role = Role.PHYSICIAN, **changes):
    wish = {"patient_id": desk.bob().id, "overbook_reason": WHY, **changes}
    return desk.book(role, **wish)


def test_with_a_reason_people_and_rooms_are_held_in_a_lane_beside(desk):
    desk.book()

    made = over(desk, note="")

    assert lanes(desk, made) == {desk.physician.id: 101, desk.room.id: 101}
    assert made.overbook_reason == WHY
    event = queries.events(desk.db, made.id)[0]
    assert event.after["overbooked"] == ["Dr Weber", "Room 1"]
    assert event.reason == WHY
    line = desk.db.scalars(
        sa.select(AuditEvent)
        .where(AuditEvent.action == "appointment.booked")
        .order_by(AuditEvent.id.desc())
    ).first()
    assert line.detail["overbook_reason"] == WHY
    page = visit.page(desk.db, desk.actor(), made.id)
    assert page.visit.overbook_reason == WHY
    assert page.history[0].over == ("Dr Weber", "Room 1")


def test_only_what_is_taken_goes_beside_and_no_reason_stays_where_nothing_was(desk):
    desk.book()

    beside = over(desk, room_id=desk.room_2.id)
    free = over(desk, starts_local=TOMORROW_10 + dt.timedelta(hours=2))

    assert lanes(desk, beside) == {desk.physician.id: 101, desk.room_2.id: 1}
    assert set(lanes(desk, free).values()) == {1}
    assert free.overbook_reason is None


def test_two_lanes_stand_beside_and_not_one_more(desk):
    desk.book()
    over(desk)
    assert set(lanes(desk, over(desk)).values()) == {102}

    with pytest.raises(SlotTaken):
        over(desk)


def test_the_time_of_an_overbooked_visit_is_taken_for_others(desk):
    first = desk.book()
    over(desk)
    desk.db.flush()
    service.cancel(
        desk.db,
        desk.actor(),
        CancelAppointment(
            appointment_id=first.id, version=first.version, reason=CancelReason.CLINIC
        ),
    )

    with pytest.raises(SlotTaken):
        desk.book(patient_id=desk.bob().id)


def test_the_patient_and_a_device_are_never_overbooked(desk):
    desk.book()
    with pytest.raises(SlotTaken) as own:
        over(desk, patient_id=desk.alice.id)
    assert [clash.field for clash in own.value.clashes] == ["patient_id"]
    assert not own.value.can_be_overbooked

    desk.book(
        Role.PHYSICIAN,
        service_id=desk.prp.id,
        patient_id=desk.bob().id,
        starts_local=TOMORROW_10 + dt.timedelta(hours=2),
    )
    with pytest.raises(SlotTaken) as device:
        over(desk, service_id=desk.prp.id, starts_local=TOMORROW_10 + dt.timedelta(hours=2))
    assert [clash.kind for clash in device.value.clashes] == [ResourceKind.DEVICE]


def test_reception_may_not(desk):
    desk.book()
    with pytest.raises(Forbidden):
        over(desk, Role.RECEPTIONIST)


def test_the_database_keeps_each_lane_beside_too(desk):
    desk.book()
    made = over(desk)
    twin = over(desk, starts_local=TOMORROW_10 + dt.timedelta(hours=3))
    row = desk.held(made)[0]

    with pytest.raises(sa.exc.IntegrityError, match=RESOURCE_GUARD), desk.db.begin_nested():
        desk.db.execute(
            sa.insert(Occupancy),
            [
                {
                    "appointment_id": twin.id,
                    "resource_id": row.resource_id,
                    "seq": 7,
                    "lane": 101,
                    "starts_at": row.starts_at,
                    "ends_at": row.ends_at,
                }
            ],
        )


def test_a_visit_moved_to_a_free_time_is_overbooked_no_more(desk):
    desk.book()
    made = over(desk)

    moving.move(
        desk.db,
        desk.actor(),
        MoveAppointment(
            appointment_id=made.id,
            version=made.version,
            starts_local=TOMORROW_10 + dt.timedelta(hours=2),
            practitioner_id=desk.physician.id,
        ),
    )

    assert made.overbook_reason is None
    assert set(lanes(desk, made).values()) == {1}


def test_an_overbooked_visit_that_is_taken_back_is_held_beside_again(desk, clock):
    desk.book()
    made = over(desk)
    service.cancel(
        desk.db,
        desk.actor(),
        CancelAppointment(
            appointment_id=made.id, version=made.version, reason=CancelReason.MISTAKE
        ),
    )

    service.reopen(desk.db, desk.actor(), StepVisit(appointment_id=made.id, version=made.version))

    assert set(lanes(desk, made).values()) == {101}
    assert made.overbook_reason == WHY


# ---- bad input ----


def test_a_visit_over_midnight_is_refused_with_the_latest_start(desk):
    with pytest.raises(Invalid) as refused:
        desk.book(starts_local=dt.datetime(2026, 11, 24, 23, 35))

    assert refused.value.field == "start"
    assert refused.value.values["latest"] == "23:30"
    late = {
        "starts_local": dt.datetime(2026, 11, 24, 23, 30),
        "overbook_reason": "the last one of the day",
    }
    assert desk.book(Role.NURSE, **late).id


# ---- at the desk ----


def form(desk: Desk, **changes) -> dict[str, str]:
    return {
        "patient_id": str(desk.bob().id),
        "service_id": str(desk.consultation.id),
        "date": "2026-11-24",
        "start": "10:00",
        "practitioner_id": str(desk.physician.id),
        "room_id": str(desk.room.id),
        **changes,
    }


def test_the_refusal_offers_it_to_those_who_may(world, desk):
    desk.book()

    reception = world.as_role(Role.RECEPTIONIST).post("/appointments", form(desk))
    physician = world.as_role(Role.PHYSICIAN).post("/appointments", form(desk))

    assert reception.status_code == physician.status_code == 409
    assert 'name="overbook_reason"' not in reception.get_data(as_text=True)
    assert 'name="overbook_reason"' in physician.get_data(as_text=True)


def test_a_short_reason_is_refused_at_its_field_and_a_good_one_books(world, desk):
    desk.book()
    nurse = world.as_role(Role.NURSE)

    short = nurse.post("/appointments", form(desk, overbook_reason="please"))
    good = nurse.post("/appointments", form(desk, overbook_reason=WHY))

    assert short.status_code == 422
    assert "at least 10 characters" in short.get_data(as_text=True)
    assert good.status_code == 303
    shown = nurse.get(good.location).get_data(as_text=True)
    assert WHY in shown
    assert "Over what was booked for Dr Weber, Room 1." in shown.replace("\u2068", "").replace(
        "\u2069", ""
    )


def test_a_forged_reason_of_reception_is_forbidden(world, desk):
    desk.book()

    answer = world.as_role(Role.RECEPTIONIST).post("/appointments", form(desk, overbook_reason=WHY))

    assert answer.status_code == 403


def test_moving_over_what_is_booked_asks_for_the_reason(world, desk):
    desk.book()
    made = desk.book(patient_id=desk.bob().id, starts_local=TOMORROW_10 + dt.timedelta(hours=2))
    sent = {
        "version": str(made.version),
        "date": "2026-11-24",
        "start": "10:00",
        "practitioner_id": str(desk.physician.id),
        "room_id": str(desk.room_2.id),
    }
    physician = world.as_role(Role.PHYSICIAN)

    asked = physician.post(f"/appointments/{made.id}/move", sent)
    longest = {"overbook_reason": WHY.ljust(300, "!"), "reason": "x" * 300}
    done = physician.post(f"/appointments/{made.id}/move", {**sent, **longest})

    assert asked.status_code == 409
    assert 'name="overbook_reason"' in asked.get_data(as_text=True)
    assert done.status_code == 303
    desk.db.expire_all()
    assert made.overbook_reason.startswith(WHY)
