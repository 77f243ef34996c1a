"""A feed shows service, room and link, and two foreign programs read from it what is booked."""

import datetime as dt
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
import vobject

from clinic.catalog.values import ResourceKind
from clinic.core.access import Role
from clinic.messages import calendars
from clinic.messages.models import CalendarFeed
from tests import factories
from tests.counting import statements
from tests.messages.conftest import VISIT_AT

ICAL_JS = Path(__file__).parents[1] / "data" / "ical.js" / "ical.es5.min.cjs"
READ = """(text) => {
  const calendar = new ICAL.Component(ICAL.parse(text));
  for (const zone of calendar.getAllSubcomponents('vtimezone')) {
    ICAL.TimezoneService.register(new ICAL.Timezone(zone));
  }
  return calendar.getAllSubcomponents('vevent').map((one) => {
    const event = new ICAL.Event(one);
    return [event.uid, event.summary, event.location,
      one.getFirstPropertyValue('status'), event.startDate.zone.tzid,
      event.startDate.toJSDate().toISOString(), event.endDate.toJSDate().toISOString()];
  });
}"""


@pytest.fixture
def admin(desk):
    return desk.world.as_role(Role.ADMINISTRATOR)


def made(admin, resource_id: int) -> str:
    page = admin.post(f"/clinic/feeds/{resource_id}").get_data(as_text=True)
    address = page.split('id="address"><b>')[1].split("</b>")[0]
    assert address.startswith("http://localhost/feeds/")
    return address.removeprefix("http://localhost")


def test_a_feed_of_a_physician_and_of_a_room_names_nobody(desk, admin):
    visit = desk.book()
    other = factories.a_resource(
        desk.db, location=desk.world.location, kind=ResourceKind.PRACTITIONER, name="Dr Else"
    )
    bodies = {}
    for resource in (desk.person, desk.room, other):
        answer = desk.world.stranger().get(made(admin, resource.id))
        assert answer.status_code == 200
        assert answer.mimetype == "text/calendar"
        bodies[resource.id] = answer.get_data(as_text=True).replace("\r\n ", "")

    assert "BEGIN:VEVENT" not in bodies[other.id]
    for body in (bodies[desk.person.id], bodies[desk.room.id]):
        assert "SUMMARY:Secret Mesotherapy" in body
        assert "LOCATION:R 1" in body
        assert f"URL:http://localhost/appointments/{visit.id}" in body
        patient = desk.patient
        for hidden in (patient.family_name, patient.given_name, patient.phone, patient.email):
            assert hidden not in body
        assert patient.public_id not in body
        assert "ATTENDEE" not in body


def test_an_address_is_shown_once_and_its_hash_is_kept(desk, admin):
    address = made(admin, desk.person.id)
    secret = address.removeprefix("/feeds/").removesuffix(".ics")
    assert len(secret) == 43

    page = admin.get("/clinic/feeds").get_data(as_text=True)
    assert secret not in page
    kept = desk.db.scalars(sa.select(CalendarFeed.token_hash)).all()
    assert secret not in kept
    assert len(kept) == 1


def test_a_revoked_or_renewed_address_shows_nothing(desk, admin):
    stranger = desk.world.stranger()
    first = made(admin, desk.person.id)
    second = made(admin, desk.person.id)
    assert stranger.get(first).status_code == 404
    assert stranger.get(second).status_code == 200

    assert admin.post(f"/clinic/feeds/{desk.person.id}/revocation").status_code == 303
    assert stranger.get(second).status_code == 404
    assert admin.post(f"/clinic/feeds/{desk.person.id}/revocation").status_code == 303


def test_no_feed_is_made_of_what_is_not_there_or_elsewhere(desk, admin):
    elsewhere = factories.a_resource(
        desk.db, location=factories.a_location(desk.db), kind=ResourceKind.ROOM
    )
    device = factories.a_resource(desk.db, location=desk.world.location, kind=ResourceKind.DEVICE)
    for resource_id in (elsewhere.id, device.id, 2**31 - 1):
        assert admin.post(f"/clinic/feeds/{resource_id}").status_code == 404
        assert admin.post(f"/clinic/feeds/{resource_id}/revocation").status_code == 404


@pytest.mark.parametrize("secret", ["x", "x" * 43, "%00", "..%2f", "é" * 43, "x" * 2000])
def test_an_odd_address_is_not_found(desk, secret):
    assert desk.world.stranger().get(f"/feeds/{secret}.ics").status_code == 404


def test_a_program_that_asks_again_is_told_that_nothing_changed(desk, admin):
    visit = desk.book()
    address, stranger = made(admin, desk.person.id), desk.world.stranger()
    etag = stranger.get(address).headers["ETag"]

    assert stranger.get(address, headers={"If-None-Match": etag}).status_code == 304
    desk.move(visit, VISIT_AT + dt.timedelta(hours=1))
    desk.db.flush()
    assert stranger.get(address, headers={"If-None-Match": etag}).status_code == 200


def test_a_feed_costs_the_same_however_many_visits(desk, admin, connection):
    address, stranger = made(admin, desk.person.id), desk.world.stranger()
    desk.book()
    desk.db.flush()
    with statements(connection) as one:
        stranger.get(address)
    for week in range(1, 5):
        desk.book(VISIT_AT + dt.timedelta(days=7 * week))
    desk.db.flush()
    with statements(connection) as five:
        stranger.get(address)

    assert len(one) == len(five) <= 2


SHOWN = [
    ("2026-11-27T14:00", "2026-11-27T13:00:00.000Z"),
    ("2027-04-02T14:00", "2027-04-02T12:00:00.000Z"),
]
"""Before and after the clocks change: wall time in Berlin, and UTC."""


def a_calendar() -> bytes:
    zone = ZoneInfo("Europe/Berlin")
    entries = []
    for number, (wall, _utc) in enumerate(SHOWN, 1):
        start = dt.datetime.fromisoformat(wall).replace(tzinfo=zone).astimezone(dt.UTC)
        entries.append(
            calendars.Entry(
                id=number,
                made_at=dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC),
                changed_at=dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC),
                sequence=number,
                starts_at=start,
                ends_at=start + dt.timedelta(minutes=30),
                zone="Europe/Berlin",
                title="PRP, groß; \\ und lang " + "ä" * 80,
                where="Raum 1\nHaus ب",
                url=f"https://clinic.example.org/appointments/{number}",
                is_off=number == 2,
            )
        )
    return calendars.written(entries, name="Dr Carol")


@pytest.mark.once
def test_lines_are_folded_and_the_same_entries_give_the_same_bytes():
    text = a_calendar()

    assert text == a_calendar()
    assert all(len(line) <= 75 for line in text.split(b"\r\n"))
    assert b"\n" not in text.replace(b"\r\n", b"")
    assert text.count(b"BEGIN:VTIMEZONE") == 1


@pytest.mark.once
def test_vobject_reads_back_what_was_written():
    calendar = vobject.readOne(a_calendar().decode())

    events = calendar.vevent_list
    assert [
        event.dtstart.value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        for event in events
    ] == [utc for _, utc in SHOWN]
    assert events[0].summary.value == "PRP, groß; \\ und lang " + "ä" * 80
    assert events[0].location.value == "Raum 1\nHaus ب"
    assert [event.status.value for event in events] == ["CONFIRMED", "CANCELLED"]


@pytest.mark.once
@pytest.mark.browser
def test_ical_js_reads_back_what_was_written(browser):
    page = browser.new_page()
    code = json.dumps(ICAL_JS.read_text(encoding="utf-8"))
    page.evaluate(
        f"() => {{ const module = {{exports: {{}}}};"
        f" new Function('module', 'exports', {code})(module, module.exports);"
        " window.ICAL = module.exports.default || module.exports; }"
    )
    found = page.evaluate(READ, a_calendar().decode())
    page.close()

    assert [one[5] for one in found] == [utc for _, utc in SHOWN]
    assert {one[4] for one in found} == {"Europe/Berlin"}
    assert found[0][1] == "PRP, groß; \\ und lang " + "ä" * 80
    assert found[0][2] == "Raum 1\nHaus ب"
    assert [one[3] for one in found] == ["CONFIRMED", "CANCELLED"]
    assert len({one[0] for one in found}) == 2
