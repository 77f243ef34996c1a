"""Moving a visit on its page, and the free times that are offered."""

import datetime as dt
import re

import pytest

from clinic.core.access import Role
from clinic.safety.values import FactKind
from clinic.scheduling import service
from clinic.scheduling.values import CancelReason
from tests.scheduling.pages import CLINICAL, DAY, a_move, text_of


def test_a_move_is_written_down_in_plain_words(world, desk):
    visit = desk.book()
    visitor = world.as_role(Role.RECEPTIONIST)
    assert 'value="10:00"' in text_of(visitor.get(f"/appointments/{visit.id}/edit"))
    page = visitor.post(
        f"/appointments/{visit.id}/move", a_move(desk, visit, reason="Patient called")
    )
    assert page.status_code == 303
    shown = text_of(visitor.get(page.location)).replace("\u2066", "").replace("\u2069", "")
    who = desk.actor().name
    assert f"{who} moved it from Tue, Nov 24 10:00, Dr Weber, Room 1 to Tue, Nov 24 11:00" in shown
    assert "Reason: Patient called" in shown
    assert "moved, first booked for Tue, Nov 24 10:00" in shown
    assert "Move it back" in shown

    desk.db.refresh(visit)
    back = visitor.post(f"/appointments/{visit.id}/undo-move", {"version": str(visit.version)})
    assert back.status_code == 303
    shown = text_of(visitor.get(back.location))
    assert "The visit stands where it stood." in shown
    assert "first booked for" not in shown


def test_a_move_that_nobody_made_is_not_taken_back(world, desk):
    visit = desk.book()
    visitor = world.as_role(Role.RECEPTIONIST)
    address = f"/appointments/{visit.id}/undo-move"
    page = visitor.post(address, {"version": str(visit.version)})
    assert page.status_code == 409
    assert "This can no longer be taken back." in text_of(page)
    assert visitor.post(address, {"version": "x"}).status_code == 422


def test_a_move_onto_another_visit_offers_what_is_free(world, desk):
    desk.book(patient_id=desk.bob().id, starts_local=dt.datetime(2026, 11, 24, 11, 0))
    visit = desk.book()
    page = world.as_role(Role.NURSE).post(
        f"/appointments/{visit.id}/move", a_move(desk, visit, reason="Patient called")
    )
    shown = text_of(page)
    assert page.status_code == 409
    assert "Dr Weber is taken until 11:30" in shown
    assert "Patient called" in shown
    assert len(re.findall(r'name="fill"', shown)) == 3


def test_a_move_from_an_old_page_shows_how_the_visit_stands_now(world, desk):
    visit = desk.book()
    page = world.as_role(Role.NURSE).post(
        f"/appointments/{visit.id}/move", {**a_move(desk, visit), "version": "99"}
    )
    assert page.status_code == 409
    assert "Somebody else has changed this visit" in text_of(page)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"date": ""}, "Please fill this in"),
        ({"start": "7 o'clock"}, "Enter a time such as"),
        ({"date": "2027-03-28", "start": "02:30"}, "The next time is 03:00"),
        ({"practitioner_id": ""}, "Please fill this in"),
        ({"room_id": "2147483646"}, "Choose one of the list"),
        ({"reason": "\u202ehidden"}, "characters that cannot be stored"),
    ],
)
def test_a_bad_move_is_said_at_its_field(world, desk, changes, said):
    visit = desk.book()
    page = world.as_role(Role.NURSE).post(
        f"/appointments/{visit.id}/move", a_move(desk, visit, **changes)
    )
    assert page.status_code == 422
    assert said in text_of(page)
    assert visit.starts_local == dt.datetime(2026, 11, 24, 10, 0)


def test_a_refused_move_keeps_the_old_time(world, desk):
    desk.took_ibuprofen()
    visit = desk.book(service_id=desk.prp.id, starts_local=dt.datetime(2026, 11, 26, 10, 0))
    page = world.as_role(Role.RECEPTIONIST).post(
        f"/appointments/{visit.id}/move", a_move(desk, visit)
    )
    shown = text_of(page)
    assert page.status_code == 409
    assert "Possible from Wednesday, November 25, 2026 on." in shown
    assert not CLINICAL.search(shown)
    desk.db.refresh(visit)
    assert visit.starts_local == dt.datetime(2026, 11, 26, 10, 0)


def test_a_done_visit_cannot_be_moved(world, desk):
    visit = desk.book(starts_local=dt.datetime(2026, 11, 23, 10, 0))
    service.cancel(
        desk.db,
        desk.actor(),
        service.CancelAppointment(
            appointment_id=visit.id, version=visit.version, reason=CancelReason.CLINIC
        ),
    )
    desk.db.flush()
    page = world.as_role(Role.NURSE).get(f"/appointments/{visit.id}/edit")
    assert "Only a visit that is booked can be moved." in text_of(page)


def test_free_times_begin_where_the_check_lets_them(world, desk):
    desk.took_ibuprofen()
    address = f"/appointments/new?patient_id={desk.alice.id}&service_id={desk.prp.id}&date={DAY}"
    shown = text_of(world.as_role(Role.RECEPTIONIST).get(address))
    assert "Free from Nov 25, 2026 on" in shown
    assert all("2026-11-25" in fill for fill in re.findall(r'name="fill" value="([^"]+)"', shown))


def test_no_free_time_gives_away_a_date_that_may_not_be_named(world, desk):
    desk.knows(FactKind.PREGNANCY, "pregnant")
    address = f"/appointments/new?patient_id={desk.alice.id}&service_id={desk.prp.id}&date={DAY}"
    shown = text_of(world.as_role(Role.RECEPTIONIST).get(address))
    assert "Not on this date" in shown
    assert 'name="fill"' not in shown
    assert "No free time" not in shown
    assert not CLINICAL.search(shown)
