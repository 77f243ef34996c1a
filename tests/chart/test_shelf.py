"""The shelf on the board: on every date, for every desk of the place; placing is a move."""

import html
import re

from clinic.core.access import Role
from clinic.scheduling.values import AppointmentStatus
from clinic.waiting import shelf
from tests.chart.conftest import desk
from tests.scheduling.conftest import statements
from tests.scheduling.moments import at
from tests.waiting.conftest import List

__all__ = ["desk", "statements"]
DAY = "/board?date=2026-11-24"


def text_of(page):
    return re.sub("[\u2066-\u2069]", "", html.unescape(page.get_data(as_text=True)))


def strip_of(page):
    return text_of(page).split('id="shelf"')[1].split("</section>")[0]


def named(visit, **more):
    return {"appointment_id": str(visit.id), "version": str(visit.version), **more}


def place_of(visit, desk, start="2026-11-26T15:00"):
    return named(visit, starts_at=start, resource_id=str(desk.physician.id))


def parked(desk, **changes):
    visit = desk.book(**changes)
    shelf.park(desk.db, desk.actor(), visit.id, visit.version)
    desk.db.flush()
    return visit


def test_what_is_parked_stands_on_every_day_for_every_desk(world, desk):
    visit = desk.book()
    desk.db.flush()
    visitor = world.as_role(Role.RECEPTIONIST)
    assert "hidden" in strip_of(visitor.get(DAY)).split(">")[0]

    answer = visitor.post("/board/shelf?date=2026-11-24", named(visit))

    assert answer.status_code == 303
    assert "Leyla Demir is on the shelf" in text_of(visitor.get(answer.location))
    for role in (Role.RECEPTIONIST, Role.PHYSICIAN):
        strip = strip_of(world.as_role(role).get("/board?date=2027-01-11"))
        assert "Leyla Demir" in strip
        assert "held Tue, Nov 24 10:00" in strip
        assert f'data-parked="{visit.id}"' in strip
        assert f"/appointments/{visit.id}/edit" in strip, "a way without a script"


def test_placing_moves_and_clears_the_shelf(world, desk):
    visit = parked(desk)
    visitor = world.as_role(Role.RECEPTIONIST)

    answer = visitor.post("/board/placements?date=2026-11-26", place_of(visit, desk))

    desk.db.refresh(visit)
    assert (answer.status_code, visit.starts_local) == (303, at(15, day=26))
    page = visitor.get(answer.location)
    assert "Leyla Demir was moved from Tue, Nov 24 10:00" in text_of(page)
    assert "Leyla Demir" not in strip_of(page)


def test_a_placing_taken_back_stands_where_it_stood_and_lies_on_the_shelf_again(world, desk):
    visit = parked(desk)
    visitor = world.as_role(Role.RECEPTIONIST)
    visitor.post("/board/placements?date=2026-11-26", place_of(visit, desk))
    desk.db.refresh(visit)
    room = visit.room_id

    back = visitor.post("/board/steps", {"act": f"unplace {visit.id} {visit.version}"})

    desk.db.refresh(visit)
    assert (back.status_code, visit.starts_local, visit.room_id) == (303, at(10), room)
    strip = strip_of(visitor.get(DAY))
    assert "held Tue, Nov 24 10:00" in strip
    assert f'data-version="{visit.version}"' in strip


def test_a_time_that_is_taken_is_said_and_the_old_one_stays(world, desk):
    visit = parked(desk)
    desk.book(patient_id=desk.bob().id, starts_local=at(15, day=26))
    desk.db.flush()

    answer = world.as_role(Role.NURSE).post(
        "/board/placements?date=2026-11-26", place_of(visit, desk)
    )

    desk.db.refresh(visit)
    assert (answer.status_code, visit.starts_local) == (409, at(10))
    assert "is taken until 15:30" in text_of(answer)
    assert "Leyla Demir" in strip_of(answer)


def test_what_is_gone_its_own_way_says_so_and_cannot_be_placed(world, desk):
    visit = parked(desk)
    stale = place_of(visit, desk)
    visit.status, visit.occupies = AppointmentStatus.NO_SHOW, False
    desk.db.flush()
    visitor = world.as_role(Role.RECEPTIONIST)

    strip = strip_of(visitor.get(DAY))
    assert "meanwhile: No-show" in strip
    assert "data-place" not in strip
    assert visitor.post("/board/placements", stale).status_code == 409
    assert visitor.post("/board/shelf/removals", named(visit)).status_code == 303
    assert "Leyla Demir" not in strip_of(visitor.get(DAY))


def test_odd_forms_are_out_of_date(world, desk):
    visit = parked(desk)
    visitor = world.as_role(Role.RECEPTIONIST)
    for url in ("/board/shelf", "/board/shelf/removals", "/board/placements"):
        assert visitor.post(url, {"appointment_id": "x"}).status_code == 422, url
        odd = {**place_of(visit, desk), "appointment_id": "2147483647"}
        assert visitor.post(url, odd).status_code == 404, url
    late = {**place_of(visit, desk), "starts_at": "2027-03-28T02:30"}
    assert visitor.post("/board/placements", late).status_code == 422, "an hour that is none"


def test_a_board_elsewhere_learns_of_the_shelf_and_of_what_is_offered(world, desk):
    visit = desk.book(starts_local=at(15))
    visitor = world.as_role(Role.RECEPTIONIST)

    def stamp() -> str:
        return re.search(r'data-stamp="([^"]+)"', text_of(visitor.get(DAY)))[1]

    def asks(since: str) -> int:
        return visitor.get(f"{DAY}&since={since}", headers={"X-Background": "1"}).status_code

    seen = stamp()
    assert asks(seen) == 204
    shelf.park(desk.db, desk.actor(), visit.id, visit.version)
    desk.db.flush()
    assert asks(seen) == 200
    seen = stamp()
    assert asks(seen) == 204
    waits = List(desk)
    waits.offer(waits.wait(desk.bob().id))
    assert asks(seen) == 200


def test_what_is_offered_is_no_free_time_on_the_board(world, desk):
    visitor = world.as_role(Role.RECEPTIONIST)
    before = text_of(visitor.get(DAY))
    assert 'data-start="2026-11-24T10:00"' in before

    waits = List(desk)
    waits.offer(waits.wait(desk.bob().id))

    after = text_of(visitor.get(DAY))
    assert 'data-start="2026-11-24T10:00"' not in after
    assert 'data-start="2026-11-24T10:30"' in after
    assert "Being offered" in after


def test_names_are_hidden_on_the_shelf_too(world, desk):
    parked(desk)
    visitor = world.as_role(Role.RECEPTIONIST)
    visitor.post("/board/names")

    strip = strip_of(visitor.get(DAY))

    assert "Demir" not in strip
    assert "L. D." in strip


def test_a_card_says_what_its_patient_missed(world, desk, clock):
    missed = desk.book(starts_local=at(9))
    desk.book(starts_local=at(15))
    desk.book(patient_id=desk.bob().id, starts_local=at(16))
    missed.status, missed.occupies = AppointmentStatus.NO_SHOW, False
    desk.db.flush()
    visitor = world.as_role(Role.RECEPTIONIST)

    for view in ("practitioners", "list"):
        page = text_of(visitor.get(f"{DAY}&view={view}"))
        labels = re.findall(r'aria-label="(\d\d:\d\d – [^"]+)"', page)
        said = {label[:5]: "1 no-show" in label for label in labels}
        assert said == {"09:00": True, "15:00": True, "16:00": False}, view
