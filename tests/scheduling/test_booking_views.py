"""The booking form: what is typed is kept, what is refused is said in the role's own words."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from clinic.accounts import passwords
from clinic.core.access import CONFIRMED_FOR, PASSWORD_FIELD, Role
from clinic.safety.models import ScreeningRecord
from clinic.safety.values import FactKind
from clinic.scheduling.models import Appointment
from tests import factories
from tests.conftest import NOW
from tests.scheduling.conftest import without_audit
from tests.scheduling.pages import CLINICAL, DAY, a_form, another_physician, book, count, text_of


def test_the_form_begins_with_what_the_address_says(world, desk):
    page = world.as_role(Role.RECEPTIONIST).get(
        f"/appointments/new?patient_id={desk.alice.id}&service_id={desk.prp.id}"
        f"&date={DAY}&start=10:30&practitioner_id={desk.physician.id}"
    )

    shown = text_of(page)
    assert page.status_code == 200
    assert "Leyla Demir" in shown
    assert 'value="2026-11-24"' in shown
    assert 'value="10:30"' in shown
    assert f'<option selected value="{desk.prp.id}">' in shown


@pytest.mark.parametrize(
    "query",
    [
        "patient_id=x",
        "patient_id=999999999",
        "patient_id=" + "9" * 40,
        "date=2026-13-45",
        "start=25:99",
        "service_id=-1&room_id=%00",
        "date=9999-12-31",
    ],
)
def test_an_absurd_address_is_an_empty_form(world, desk, query):
    assert world.as_role(Role.NURSE).get(f"/appointments/new?{query}").status_code == 200


def test_a_booking_leads_to_the_visit(world, desk):
    page = book(world, desk)

    visit = desk.db.scalars(sa.select(Appointment)).one()
    assert page.status_code == 303
    assert page.location == f"/appointments/{visit.id}"
    assert visit.starts_local == dt.datetime(2026, 11, 24, 10, 0)
    assert visit.room_id == desk.room.id


def test_without_a_wish_any_free_room_is_taken(world, desk):
    desk.book(patient_id=desk.bob().id, practitioner_id=another_physician(desk).id)
    book(world, desk)
    rooms = desk.db.scalars(sa.select(Appointment.room_id).order_by(Appointment.id)).all()
    assert rooms == [desk.room.id, desk.room_2.id]


def test_an_empty_form_says_what_is_missing_at_each_field(world, desk):
    page = world.as_role(Role.RECEPTIONIST).post("/appointments", {})
    shown = text_of(page)
    assert page.status_code == 422
    assert "Find the patient first" in shown
    assert shown.count("Please fill this in") == 4
    assert count(desk.db) == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"date": "31.02.2026"}, "There is no such day"),
        ({"date": "tomorrow"}, "Enter a date such as"),
        ({"start": "25:00"}, "Enter a time such as"),
        ({"start": "10:07"}, "Visits begin on five minutes"),
        ({"date": "2026-11-20"}, "This lies in the past"),
        ({"date": "2031-01-01"}, "At most two years ahead"),
        ({"date": "2027-03-28", "start": "02:30"}, "The next time is 03:00"),
        ({"date": "2027-10-31", "start": "02:30"}, "comes twice"),
        ({"note": "x" * 401}, "At most 400 characters"),
        ({"note": "a\x00b"}, "characters that cannot be stored"),
        ({"service_id": "zero"}, "Choose one of the list"),
        ({"service_id": "2147483647"}, "There is no such service"),
        ({"practitioner_id": "2147483647"}, "Choose one of the list"),
        ({"room_id": "٣"}, "Choose one of the list"),
        ({"patient_id": "2147483647"}, "There is no such patient"),
        ({"patient_id": "-4"}, "Find the patient first"),
        ({"recheck_reason": "short"}, "at least 10 characters"),
    ],
)
def test_bad_input_is_said_at_its_field_and_nothing_typed_is_lost(world, desk, changes, said):
    page = book(world, desk, **{"note": "Bring the letter", **changes})

    shown = text_of(page)
    assert page.status_code == 422
    assert said in shown
    assert count(desk.db) == 0
    kept = changes.get("note", "Bring the letter").replace("\x00", "\ufffd")
    assert kept in shown or "\x00" in changes.get("note", "")


def test_the_second_of_two_same_hours_can_be_chosen(world, desk):
    desk.open_day_and_night()
    night = {"date": "2027-10-31", "start": "02:30"}
    shown = text_of(book(world, desk, **night))
    assert 'name="second_hour"' in shown
    assert book(world, desk, **night, second_hour="second").status_code == 303
    visit = desk.db.scalars(sa.select(Appointment)).one()
    assert visit.starts_at == dt.datetime(2027, 10, 31, 1, 30, tzinfo=dt.UTC)


def test_a_form_sent_twice_makes_one_visit(world, desk):
    first, second = book(world, desk), book(world, desk)
    assert first.location == second.location
    assert count(desk.db) == 1


def test_a_dead_patient_is_refused_at_the_patient(world, desk):
    from clinic.patients.values import PatientStatus

    desk.alice.status = PatientStatus.DECEASED
    page = book(world, desk)
    assert page.status_code == 409
    assert "This patient has died" in text_of(page)


def test_a_patient_of_another_place_is_nobody_here(world, desk):
    stranger = factories.a_patient(desk.db, location=factories.a_location(desk.db))
    assert book(world, desk, patient_id=stranger.id).status_code == 422


def test_what_is_taken_is_said_at_its_field_with_three_other_times(world, desk):
    desk.book(patient_id=desk.bob(given_name="Karim", family_name="Nasser").id)

    page = book(world, desk, room_id=desk.room.id, note="Bring the letter")

    shown = text_of(page)
    assert page.status_code == 409
    assert "Dr Weber is taken until 10:30 (K. Nasser)" in shown
    assert "Room 1 is taken until 10:30 (K. Nasser)" in shown
    assert "Bring the letter" in shown
    assert len(re.findall(r'name="fill"', shown)) == 3
    assert count(desk.db) == 1


def test_another_time_fills_the_form_without_booking(world, desk):
    fill = f"2026-11-24T11:15|{desk.physician.id}|{desk.room_2.id}|"
    page = book(world, desk, note="Bring the letter", fill=fill)

    shown = text_of(page)
    assert page.status_code == 200
    assert count(desk.db) == 0
    assert 'value="11:15"' in shown
    assert f'<option selected value="{desk.room_2.id}">' in shown
    assert "Bring the letter" in shown


def test_the_next_free_times_begin_with_the_time_that_was_clicked(world, desk):
    desk.book(starts_local=dt.datetime(2026, 11, 24, 14), patient_id=desk.bob().id)
    page = world.as_role(Role.RECEPTIONIST).get(
        f"/appointments/new?service_id={desk.consultation.id}&date={DAY}&start=14:00"
        f"&practitioner_id={desk.physician.id}"
    )
    times = re.findall(r'name="fill" value="([^|"]+)', text_of(page))
    assert times == [f"{DAY}T14:30", f"{DAY}T14:45", f"{DAY}T15:00"]


def test_a_clicked_time_late_in_the_day_leaves_the_days_after_whole(world, desk):
    page = world.as_role(Role.RECEPTIONIST).get(
        f"/appointments/new?service_id={desk.consultation.id}&date={DAY}&start=17:30"
        f"&practitioner_id={desk.physician.id}"
    )
    times = re.findall(r'name="fill" value="([^|"]+)', text_of(page))
    assert times == [f"{DAY}T17:30", "2026-11-25T08:00", "2026-11-25T08:15"]


@pytest.mark.parametrize("fill", ["", "x", "2026-13-40T10:00|1|1|", "a|b|c|d", "2026-11-24T10:00"])
def test_a_forged_other_time_changes_nothing(world, desk, fill):
    page = book(world, desk, fill=fill)
    assert page.status_code == 200
    assert 'value="10:00"' in text_of(page)


def test_booking_asks_the_database_at_most_twenty_times(world, desk, statements):
    visitor = world.as_role(Role.RECEPTIONIST)
    visitor.token()
    statements.clear()
    page = visitor.post("/appointments", a_form(desk, service_id=desk.prp.id))
    assert page.status_code == 303
    assert len(without_audit(statements)) <= 20


def test_the_open_course_chooses_its_service(world, desk):
    from clinic.scheduling.models import Course

    desk.db.add(
        Course(
            patient_id=desk.alice.id,
            service_id=desk.prp.id,
            sessions_planned=6,
            interval_days=28,
            started_on=dt.date(2026, 11, 1),
        )
    )
    desk.db.flush()
    page = world.as_role(Role.RECEPTIONIST).get(f"/appointments/new?patient_id={desk.alice.id}")
    shown = text_of(page)
    assert "PRP 1 of 6" in shown
    assert f'<option selected value="{desk.prp.id}">' in shown


def test_a_refusal_gives_reception_one_sentence_and_the_date(world, desk):
    desk.took_ibuprofen()
    page = book(world, desk, service_id=desk.prp.id)
    shown = text_of(page)
    assert page.status_code == 409
    assert "The treatment is not possible on this date." in shown
    assert "Possible from Wednesday, November 25, 2026 on." in shown
    assert not CLINICAL.search(shown)
    assert all("2026-11-25" in fill for fill in re.findall(r'name="fill" value="([^"]+)"', shown))
    assert 'name="recheck_reason"' not in shown
    assert 'name="release_reason"' not in shown
    assert desk.db.scalar(sa.select(sa.func.count()).select_from(ScreeningRecord)) == 1


def test_no_date_is_given_where_none_may_be_named(world, desk):
    desk.knows(FactKind.PREGNANCY, "pregnant")
    shown = text_of(book(world, desk, service_id=desk.prp.id))
    assert "The physician will contact the patient." in shown
    assert "Possible from" not in shown
    assert 'name="fill"' not in shown
    assert not CLINICAL.search(shown)


def test_a_nurse_reads_the_finding_and_may_book_ahead_with_a_reason(world, desk):
    desk.knows(FactKind.PREGNANCY, "pregnant")
    ahead = {"service_id": desk.prp.id, "date": "2026-12-07"}
    page = book(world, desk, Role.NURSE, **ahead)
    shown = text_of(page)
    assert page.status_code == 409
    assert "Pregnancy" in shown
    assert 'name="recheck_reason"' in shown
    done = book(world, desk, Role.NURSE, recheck_reason="The due date is near", **ahead)
    assert done.status_code == 303


def test_a_physician_may_release_and_book_in_one_go(world, desk):
    desk.took_ibuprofen()
    wish = {"service_id": desk.prp.id}
    assert 'name="release_reason"' in text_of(book(world, desk, Role.PHYSICIAN, **wish))
    done = book(world, desk, Role.PHYSICIAN, release_reason="One tablet, accepted", **wish)
    assert done.status_code == 303


@pytest.mark.parametrize("address", ["/appointments", "/board/bookings"])
def test_a_release_at_booking_asks_for_the_password_late(world, db, desk, clock, address):
    world.accounts[Role.PHYSICIAN].password_hash = passwords.make_hash("seven copper kettles")
    desk.took_ibuprofen()
    form = a_form(desk, service_id=desk.prp.id, note="Brings her sister")
    releasing = {**form, "release_reason": "One tablet, accepted"}
    browser = world.as_role(Role.PHYSICIAN)
    browser.token()
    assert PASSWORD_FIELD not in text_of(browser.post(address, form))
    clock(NOW + CONFIRMED_FOR + dt.timedelta(seconds=1))

    for sent, says in (
        ({}, "Type your password to go on"),
        ({PASSWORD_FIELD: "six tin kettles"}, "This is not your present password"),
    ):
        refused = browser.post(address, {**releasing, **sent})
        shown = text_of(refused)
        assert refused.status_code == 422
        assert says in shown
        assert f'name="{PASSWORD_FIELD}"' in shown
        assert "One tablet, accepted" in shown
        assert "Brings her sister" in shown
    assert count(db) == 0
    assert f'name="{PASSWORD_FIELD}"' in text_of(browser.post(address, form))

    done = browser.post(address, {**releasing, PASSWORD_FIELD: "seven copper kettles"})
    assert done.status_code == 303
    assert count(db) == 1


def test_a_booking_without_a_release_asks_for_no_password(world, desk, clock):
    browser = world.as_role(Role.PHYSICIAN)
    browser.token()
    clock(NOW + CONFIRMED_FOR + dt.timedelta(seconds=1))

    assert browser.post("/appointments", a_form(desk)).status_code == 303


def test_a_chosen_patient_shows_what_the_check_will_say(world, desk):
    desk.knows(FactKind.CONDITION, "bleeding_disorder")
    address = f"/appointments/new?patient_id={desk.alice.id}&service_id={desk.prp.id}&date={DAY}"
    reception = text_of(world.as_role(Role.RECEPTIONIST).get(address))
    assert "Do not treat" in reception
    assert not CLINICAL.search(reception)
    assert "chip stop" in text_of(world.as_role(Role.NURSE).get(address))
