"""A visit that cannot be moved where it was dropped: why, and what one press can have instead."""

import dataclasses
import datetime as dt
import re

import pytest

from clinic.core.access import Role
from clinic.locations.models import OpeningDay
from clinic.safety.values import FactKind
from clinic.scheduling import moving
from tests import factories
from tests.chart.boards import DAY, ONLY_BOARD, text_of
from tests.scheduling import coursing
from tests.scheduling.moments import a_move

ELEVEN = dt.datetime(2026, 11, 24, 11, 15)


def drop(world, visit, role=Role.RECEPTIONIST, *, to="moves", view="practitioners", **changes):
    fields = {
        "appointment_id": visit.id,
        "version": visit.version,
        "starts_at": f"{DAY}T11:15",
        "resource_id": visit.practitioner_id,
        **changes,
    }
    return world.as_role(role).post(
        f"/board/{to}?date={DAY}&view={view}",
        {name: str(value) for name, value in fields.items()},
        headers=ONLY_BOARD,
    )


def offered(shown):
    return re.findall(r'name="take" value="([^"]+)"', shown)


@pytest.fixture
def taken(desk):
    """Quarter past eleven of tomorrow, by somebody else."""
    return desk.book(patient_id=desk.bob().id, starts_local=ELEVEN)


def test_a_taken_time_is_named_with_what_is_free_instead(world, desk, taken):
    visit = desk.book()
    page = drop(world, visit)
    shown = text_of(page)
    assert page.status_code == 409
    assert "Leyla Demir was not moved." in shown
    assert "Dr Weber is taken until 11:45" in shown
    assert [key[:16] for key in offered(shown)] == [
        f"{DAY}T{at}" for at in ("10:30", "10:45", "11:45")
    ]


def test_one_press_takes_one(world, desk, taken):
    visit = desk.book()
    key = offered(text_of(drop(world, visit)))[2]
    page = drop(world, visit, take=key)
    assert page.status_code == 303
    assert f"moved={visit.id}" in page.location
    desk.db.refresh(visit)
    assert visit.starts_local == dt.datetime(2026, 11, 24, 11, 45)


def test_a_press_on_another_day_leaves_its_undo_on_the_page(world, desk):
    visit = desk.book()
    key = f"2026-11-25T10:00|{desk.physician.id}|{desk.room.id}|"
    page = drop(world, visit, take=key)
    assert f"undo={visit.id}" in page.location
    shown = text_of(world.as_role(Role.RECEPTIONIST).get(page.location, headers=ONLY_BOARD))
    assert "Leyla Demir was moved from Tue, Nov 24 10:00" in shown
    assert f"unmove {visit.id} " in shown


def test_a_time_that_went_meanwhile_offers_others(world, desk, taken):
    visit = desk.book()
    page = drop(world, visit, take=f"{DAY}T11:15|{desk.physician.id}|{desk.room.id}|")
    assert page.status_code == 409
    assert len(offered(text_of(page))) == 3


@pytest.mark.parametrize("take", ["", "soon", "2026-13-40T10:00|1|1|"])
def test_a_forged_press_is_refused(world, desk, take):
    assert drop(world, desk.book(), take=take).status_code == 422


@pytest.mark.parametrize("at", ["0001-01-01T00:00", "9999-12-31T10:07", "9999-12-31T23:55"])
@pytest.mark.parametrize("field", ["starts_at", "take"])
def test_a_time_at_an_end_of_the_calendar_is_refused(world, desk, field, at):
    visit = desk.book()
    sent = at if field == "starts_at" else f"{at}|{desk.physician.id}|{desk.room.id}|"
    assert drop(world, visit, **{field: sent}).status_code == 422


def test_a_press_from_an_old_page_is_refused(world, desk):
    visit = desk.book()
    key = f"2026-11-25T10:00|{desk.physician.id}|{desk.room.id}|"
    page = drop(world, visit, take=key, version=77)
    assert page.status_code == 409
    assert "Somebody else has changed this visit" in text_of(page)


def test_who_may_overbook_is_led_to_where_a_reason_is_taken(world, desk, taken):
    visit = desk.book()
    said = "There all the same, with a reason"
    assert said not in text_of(drop(world, visit))
    shown = text_of(drop(world, visit, Role.NURSE))
    assert said in shown
    link = re.search(rf'href="(/appointments/{visit.id}/edit[^"]+)"', shown)[1]
    assert 'value="11:15"' in text_of(world.as_role(Role.NURSE).get(link))


def test_a_session_too_near_to_another_is_offered_days_that_keep_the_distance(world, desk):
    pattern = dataclasses.replace(coursing.WEEKLY, least_days=6)
    coursing.begun(desk, service_id=desk.mesotherapy.id, pattern=pattern)
    second = coursing.visits(desk)[1]
    page = drop(world, second)
    shown = text_of(page)
    assert page.status_code == 422
    assert "Two sessions are closer than 6 days." in shown
    assert {key[:10] for key in offered(shown)} == {"2026-11-30"}


def test_a_day_that_the_check_refuses_is_answered_with_the_first_that_it_does_not(world, desk):
    desk.took_ibuprofen()
    visit = desk.book(service_id=desk.prp.id, starts_local=dt.datetime(2026, 11, 26, 10, 0))
    shown = text_of(drop(world, visit))
    assert "The treatment is not possible on this date." in shown
    assert {key[:10] for key in offered(shown)} == {"2026-11-25"}
    assert "buprofen" not in shown


def test_no_offer_gives_away_a_date_that_may_not_be_named(world, desk):
    visit = desk.book(service_id=desk.prp.id, starts_local=dt.datetime(2026, 11, 26, 10, 0))
    desk.knows(FactKind.PREGNANCY, "pregnant")
    page = drop(world, visit)
    assert page.status_code == 409
    assert not offered(text_of(page))


def test_a_parked_visit_is_offered_other_times_too_and_leaves_the_shelf_by_one(world, desk, taken):
    visit = desk.book()
    park = {"appointment_id": str(visit.id), "version": str(visit.version)}
    world.as_role(Role.RECEPTIONIST).post(f"/board/shelf?date={DAY}", park, headers=ONLY_BOARD)
    shown = text_of(drop(world, visit, to="placements"))
    assert f'action="/board/placements?date={DAY}' in shown
    assert 'data-undo="unplace"' in shown
    page = drop(world, visit, to="placements", take=offered(shown)[0])
    assert page.status_code == 303
    board = text_of(world.as_role(Role.RECEPTIONIST).get(f"/board?date={DAY}"))
    assert f'data-parked="{visit.id}"' not in board


@pytest.mark.parametrize(
    ("night", "said", "first"),
    [
        ("2027-03-28T02:30", "02:30 does not exist. The next time is 03:00.", "2027-03-28T01:45"),
        ("2027-10-31T02:30", "02:30 comes twice, because the clocks go back.", "2027-10-31T02:30"),
    ],
)
def test_the_odd_hour_of_a_night_is_said_and_times_are_offered(world, desk, night, said, first):
    desk.open_day_and_night()
    shown = text_of(drop(world, desk.book(), starts_at=night))
    assert said in shown
    assert first in [key[:16] for key in offered(shown)]


def test_of_an_hour_that_comes_twice_each_offer_says_which(world, desk):
    desk.open_day_and_night()
    shown = text_of(drop(world, desk.book(), starts_at="2027-10-31T02:30"))
    assert f"2027-10-31T02:30|{desk.physician.id}|{desk.room.id}|first" in offered(shown)
    assert "The first, in summer time" in shown


def test_a_holiday_is_named_on_the_board(world, desk):
    desk.db.add(
        OpeningDay(
            location_id=world.location.id,
            day=dt.date(2026, 11, 25),
            name="Repentance Day",
            times=[],
        )
    )
    desk.db.flush()
    shown = text_of(drop(world, desk.book(), starts_at="2026-11-25T10:00"))
    assert "The clinic is closed for Repentance Day. It opens again" in shown
    assert len(offered(shown)) == 3


# ---- taking a move back ----


def back(world, visit, role=Role.RECEPTIONIST):
    return world.as_role(role).post(
        f"/board/steps?date={DAY}",
        {"act": f"unmove {visit.id} {visit.version}"},
        headers=ONLY_BOARD,
    )


def test_undo_brings_back_who_where_and_with_what(world, desk):
    other = factories.a_resource(
        desk.db, location=world.location, kind=desk.physician.kind, name="Dr Haddad"
    )
    spare = factories.a_resource(
        desk.db,
        location=world.location,
        kind=desk.centrifuge.kind,
        device_type=desk.centrifuge.device_type,
        name="A spare centrifuge",
    )
    visit = desk.book(service_id=desk.prp.id)
    desk.db.flush()
    was = {held.resource_id for held in desk.held(visit)}
    (device,) = was & {spare.id, desk.centrifuge.id}
    busy = desk.book(
        patient_id=desk.bob().id,
        service_id=desk.prp.id,
        practitioner_id=other.id,
        room_id=None,
        starts_local=dt.datetime(2026, 11, 24, 14, 0),
    )
    assert device in {held.resource_id for held in desk.held(busy)}
    moving.move(
        desk.db,
        desk.actor(),
        a_move(visit, starts_local=dt.datetime(2026, 11, 24, 14, 0), room_id=desk.room_2.id),
    )
    desk.db.flush()
    assert device not in {held.resource_id for held in desk.held(visit)}

    assert back(world, visit).status_code == 303
    desk.db.refresh(visit)
    assert visit.starts_local == dt.datetime(2026, 11, 24, 10, 0)
    assert {held.resource_id for held in desk.held(visit)} == was


def test_undo_brings_back_what_was_overbooked(world, desk):
    desk.book(patient_id=desk.bob().id)
    why = "The patient came from far away"
    visit = desk.book(Role.NURSE, overbook_reason=why)
    moving.move(desk.db, desk.actor(Role.NURSE), a_move(visit, starts_local=ELEVEN))
    desk.db.flush()
    assert visit.overbook_reason is None

    assert back(world, visit, Role.NURSE).status_code == 303
    desk.db.refresh(visit)
    assert (visit.starts_local.hour, visit.overbook_reason) == (10, why)
