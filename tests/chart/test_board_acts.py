"""What is done from the board: booking, moving, arriving."""

import datetime as dt

import pytest

from clinic.catalog.values import ResourceKind
from clinic.core.access import Role
from clinic.safety.values import FactKind
from clinic.scheduling.values import AppointmentStatus
from tests import factories
from tests.chart.boards import (
    DAY,
    ONLY_BOARD,
    PIECES,
    TODAY,
    board,
    card_of,
    classes_of,
    text_of,
)

# ---- booking beside it ----


def a_form(desk, **changes):
    fields = {
        "patient_id": desk.alice.id,
        "service_id": desk.consultation.id,
        "date": DAY,
        "start": "10:00",
        "practitioner_id": desk.physician.id,
        "room_id": "",
        "form_key": "q" * 24,
        **changes,
    }
    return {name: str(value) for name, value in fields.items()}


def book(world, desk, role=Role.RECEPTIONIST, headers=PIECES, **changes):
    return world.as_role(role).post(
        f"/board/bookings?date={DAY}", a_form(desk, **changes), headers=headers
    )


def test_a_booking_comes_back_to_the_board_and_is_said(world, desk):
    visitor = world.as_role(Role.RECEPTIONIST)
    page = visitor.post(f"/board/bookings?date={DAY}", a_form(desk), headers=PIECES)
    assert page.status_code == 303
    shown = text_of(visitor.get(page.location, headers=PIECES))
    assert "Booked: Leyla Demir, Nov 24, 2026 at 10:00" in shown
    assert "<html" not in shown
    assert 'id="board"' in shown
    assert 'id="quick"' in shown


def test_a_taken_time_is_said_beside_a_fresh_board(world, desk):
    visit = desk.book(patient_id=desk.bob().id)
    page = book(world, desk)
    shown = text_of(page)
    assert page.status_code == 409
    assert "Dr Weber is taken until 10:30" in shown
    assert shown.count('name="fill"') == 3
    assert card_of(shown, visit)


def test_the_form_works_without_a_script_too(world, desk):
    page = book(world, desk, headers={}, start="10:03")
    shown = text_of(page)
    assert page.status_code == 422
    assert "<html" in shown
    assert "Visits begin on five minutes" in shown


def test_a_patient_is_found_beside_the_board(world, desk):
    shown = text_of(book(world, desk, patient_id="", q="nobody at all", search="1"))
    assert "Nobody found" in shown
    assert 'value="10:00"' in shown


def test_a_refusal_is_worded_for_the_role(world, desk):
    desk.took_ibuprofen()
    reception = text_of(book(world, desk, service_id=desk.prp.id))
    assert "Possible from Wednesday, November 25, 2026 on." in reception
    assert "Ibuprofen" not in reception
    assert "Ibuprofen 400 mg" in text_of(book(world, desk, Role.NURSE, service_id=desk.prp.id))


def test_an_empty_form_beside_the_board_is_answered_at_its_fields(world, desk):
    page = world.as_role(Role.NURSE).post("/board/bookings", {}, headers=PIECES)
    assert page.status_code == 422
    assert "Find the patient first" in text_of(page)


# ---- moving and arriving on it ----


def move(world, visit, *, view="practitioners", **changes):
    fields = {
        "appointment_id": visit.id,
        "version": visit.version,
        "starts_at": f"{DAY}T11:15",
        "resource_id": visit.practitioner_id,
        **changes,
    }
    return world.as_role(Role.RECEPTIONIST).post(
        f"/board/moves?date={DAY}&view={view}",
        {name: str(value) for name, value in fields.items()},
        headers=ONLY_BOARD,
    )


def test_a_card_dropped_elsewhere_is_moved(world, desk):
    visit = desk.book()
    page = move(world, visit)
    assert page.status_code == 303
    desk.db.refresh(visit)
    assert visit.starts_local == dt.datetime(2026, 11, 24, 11, 15)
    assert visit.room_id == desk.room.id


def test_a_card_dropped_on_another_room_changes_the_room(world, desk):
    visit = desk.book()
    page = move(world, visit, view="rooms", resource_id=desk.room_2.id, starts_at=f"{DAY}T10:00")
    assert page.status_code == 303
    desk.db.refresh(visit)
    assert (visit.room_id, visit.moved) == (desk.room_2.id, 0)


def test_a_card_dropped_where_its_room_is_taken_finds_another(world, desk):
    other = factories.a_resource(
        desk.db, location=world.location, kind=ResourceKind.PRACTITIONER, name="Dr Haddad"
    )
    desk.book(
        patient_id=desk.bob().id,
        practitioner_id=other.id,
        starts_local=dt.datetime(2026, 11, 24, 11, 15),
    )
    visit = desk.book()
    assert move(world, visit).status_code == 303
    desk.db.refresh(visit)
    assert visit.room_id == desk.room_2.id


def test_a_card_dropped_on_a_taken_time_goes_back_with_the_reason(world, desk):
    desk.book(patient_id=desk.bob().id, starts_local=dt.datetime(2026, 11, 24, 11, 15))
    visit = desk.book()
    page = move(world, visit)
    shown = text_of(page)
    assert page.status_code == 409
    assert "Dr Weber is taken until 11:45" in shown
    assert "at-24" in classes_of(shown, visit)


def test_a_card_of_an_old_board_goes_back(world, desk):
    page = move(world, desk.book(), version=77)
    assert page.status_code == 409
    assert "Somebody else has changed this visit" in text_of(page)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"starts_at": "soon"}, 422),
        ({"starts_at": f"{DAY}T11:17"}, 422),
        ({"starts_at": ""}, 422),
        ({"version": "x"}, 422),
        ({"appointment_id": "0"}, 422),
        ({"appointment_id": 2**31 - 1}, 404),
        ({"resource_id": 2**31 - 1}, 422),
    ],
)
def test_a_forged_drop_is_refused(world, desk, changes, status):
    visit = desk.book()
    assert move(world, visit, **changes).status_code == status
    desk.db.refresh(visit)
    assert visit.starts_local == dt.datetime(2026, 11, 24, 10, 0)


def test_a_card_dropped_on_a_day_that_is_not_safe_says_so_in_the_roles_words(world, desk):
    desk.took_ibuprofen()
    visit = desk.book(service_id=desk.prp.id, starts_local=dt.datetime(2026, 11, 26, 10, 0))
    page = move(world, visit)
    shown = text_of(page)
    assert page.status_code == 409
    assert "The treatment is not possible on this date." in shown
    assert "Ibuprofen" not in shown


def arrive(world, visit, **changes):
    fields = {
        "appointment_id": visit.id,
        "version": visit.version,
        "name_spoken": "y",
        "birth_date_spoken": "y",
        **changes,
    }
    return world.as_role(Role.RECEPTIONIST).post(
        f"/board/arrivals?date={TODAY}",
        {name: str(value) for name, value in fields.items() if value},
        headers=ONLY_BOARD,
    )


def test_an_arrival_is_noted_on_the_board_when_both_were_said(world, desk):
    visit = desk.book(starts_local=dt.datetime(2026, 11, 23, 10, 0))
    shown = text_of(board(world, on=TODAY))
    assert (
        'data-can="move arrive confirm" data-who="Leyla Demir" data-born="1985-04-12"'
        in card_of(shown, visit)
    )
    assert arrive(world, visit, birth_date_spoken="").status_code == 422
    assert arrive(world, visit).status_code == 303
    desk.db.refresh(visit)
    assert visit.status is AppointmentStatus.ARRIVED
    assert arrive(world, visit).status_code == 409


def test_an_arrival_that_the_check_refuses_says_no_more_than_reception_may_know(world, desk):
    visit = desk.book(service_id=desk.prp.id, starts_local=dt.datetime(2026, 11, 23, 10, 0))
    desk.knows(FactKind.CONDITION, "bleeding_disorder")
    page = arrive(world, visit)
    shown = text_of(page)
    assert page.status_code == 409
    assert "This treatment cannot be given. A consultation can be booked." in shown
    assert "leeding" not in shown


def test_forged_arrivals_are_refused(world, desk):
    visit = desk.book(starts_local=dt.datetime(2026, 11, 23, 10, 0))
    assert arrive(world, visit, appointment_id="x").status_code == 422
    assert arrive(world, visit, appointment_id=2**31 - 1).status_code == 404
