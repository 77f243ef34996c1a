"""The pages of the desk: what is typed is kept, what is refused is said in the role's own words."""

import datetime as dt
import html
import re

import pytest
import sqlalchemy as sa

from clinic.accounts import passwords
from clinic.core.access import CONFIRMED_FOR, PASSWORD_FIELD, Role
from clinic.patients import service as patient_service
from clinic.patients.values import RegisterPatient
from clinic.safety import queries as safety_queries
from clinic.safety.models import ScreeningRecord
from clinic.safety.values import FactKind
from clinic.scheduling import queries, service
from clinic.scheduling.models import Appointment
from clinic.scheduling.values import AppointmentStatus, CancelReason
from tests import factories
from tests.conftest import NOW
from tests.scheduling.conftest import without_audit

DAY = "2026-11-24"
CLINICAL = re.compile(
    r"enoxaparin|blood thinner|anticoagul|pregnan|bleeding|ibuprofen|painkiller|nsaid|platelet"
    r"|rule <|prescriber|haematolog",
    re.IGNORECASE,
)
"""Words that no page of reception may hold."""


def text_of(page):
    return html.unescape(page.get_data(as_text=True))


def count(db):
    return db.scalar(sa.select(sa.func.count()).select_from(Appointment))


def a_form(desk, **changes):
    fields = {
        "patient_id": desk.alice.id,
        "service_id": desk.consultation.id,
        "date": DAY,
        "start": "10:00",
        "practitioner_id": desk.physician.id,
        "room_id": "",
        "form_key": "k" * 24,
        **changes,
    }
    return {name: str(value) for name, value in fields.items()}


def book(world, desk, role=Role.RECEPTIONIST, **changes):
    return world.as_role(role).post("/appointments", a_form(desk, **changes))


def a_step(visit, **more):
    return {"version": str(visit.version), **more}


# ---- the form ----


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
    desk.book(patient_id=desk.bob().id, practitioner_id=_other(desk).id)
    book(world, desk)
    rooms = desk.db.scalars(sa.select(Appointment.room_id).order_by(Appointment.id)).all()
    assert rooms == [desk.room.id, desk.room_2.id]


def _other(desk):
    from clinic.catalog.values import ResourceKind

    return factories.a_resource(
        desk.db, location=desk.world.location, kind=ResourceKind.PRACTITIONER, name="Dr Haddad"
    )


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


# ---- finding the patient inside the form ----


@pytest.fixture
def karim(desk):
    return patient_service.register(
        desk.db,
        desk.actor(),
        RegisterPatient(
            family_name="Nasser",
            given_name="Karim",
            birth_date=dt.date(1990, 1, 2),
            phone="+493012345678",
        ),
    )


@pytest.fixture
def karima(desk):
    return patient_service.register(
        desk.db,
        desk.actor(),
        RegisterPatient(
            family_name="Nasserdin", given_name="Karima", birth_date=None, phone="+493012345679"
        ),
    )


def search(world, desk, **changes):
    wish = {"patient_id": "", "search": "1", "q": "nasser", "start": "11:00", **changes}
    return text_of(book(world, desk, **wish))


def picked(shown):
    found = re.search(r'name="patient_id"[^>]*value="(\d*)"', shown)
    return found[1] if found else ""


def test_one_hit_is_chosen_at_once_and_the_rest_of_the_form_stays(world, desk, karim):
    shown = search(world, desk)
    assert picked(shown) == str(karim.id)
    assert "Karim Nasser" in shown
    assert 'value="11:00"' in shown


def test_several_hits_are_buttons_and_enter_takes_the_first(world, desk, karim, karima):
    shown = search(world, desk)
    assert picked(shown) == ""
    assert shown.count('name="pick"') == 2
    assert picked(search(world, desk, asked="nasser")) == str(karim.id)
    assert picked(search(world, desk, pick=str(karima.id))) == str(karima.id)


def test_nobody_found_offers_to_register(world, desk):
    shown = search(world, desk, q="zzzzz")
    assert "Nobody found" in shown
    assert "/patients/new?q=zzzzz" in shown
    assert "date%3D2026-11-24" in shown


def test_a_chosen_patient_can_be_let_go(world, desk):
    assert picked(text_of(book(world, desk, drop="1"))) == ""


@pytest.mark.parametrize("pick", ["0", "x", "999999999", "1 OR 1=1", "9" * 30])
def test_a_forged_choice_is_nobody(world, desk, pick):
    assert picked(text_of(book(world, desk, pick=pick))) == ""


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


# ---- the check's word, for each role ----


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


# ---- walking in ----


def a_walk_in(desk, **changes):
    fields = a_form(desk, **changes)
    return {name: value for name, value in fields.items() if name not in {"date", "start"}}


def test_a_walk_in_is_here_now(world, desk):
    visitor = world.as_role(Role.RECEPTIONIST)
    assert "Begins now, at" in text_of(visitor.get("/appointments/walk-in"))
    ticks = {"name_spoken": "y", "birth_date_spoken": "y"}
    refused = visitor.post("/appointments/walk-in", a_walk_in(desk))
    assert refused.status_code == 422
    assert "tick both" in text_of(refused)
    page = visitor.post("/appointments/walk-in", a_walk_in(desk, **ticks))
    assert page.status_code == 303
    visit = desk.db.scalars(sa.select(Appointment)).one()
    assert visit.status is AppointmentStatus.ARRIVED
    shown = text_of(visitor.get(page.location))
    assert "let the patient in without a booking" in shown


def test_a_walk_in_that_finds_the_room_taken_is_told_by_whom(world, desk):
    desk.book(patient_id=desk.bob().id, starts_local=dt.datetime(2026, 11, 23, 10, 0))
    page = world.as_role(Role.NURSE).post(
        "/appointments/walk-in", a_walk_in(desk, name_spoken="y", birth_date_spoken="y")
    )
    assert page.status_code == 409
    assert "Dr Weber is taken until 10:30" in text_of(page)


# ---- one visit ----


def test_the_visit_page_says_what_when_where_and_what_happened(world, desk):
    visit = desk.book(note="Needs the lift")
    shown = text_of(world.as_role(Role.RECEPTIONIST).get(f"/appointments/{visit.id}"))
    for words in (
        "Leyla Demir",
        "Consultation",
        "Tuesday, November 24, 2026",
        "Dr Weber",
        "Room 1",
        "Needs the lift",
        "booked it for",
        "Move",
    ):
        assert words in shown


def test_reception_reads_no_clinical_word_on_any_page_of_a_visit(world, desk):
    desk.knows(FactKind.MEDICATION, "anticoagulant", label="Enoxaparin 40 mg")
    desk.knows(FactKind.PREGNANCY, "pregnant")
    visit = desk.book(
        Role.PHYSICIAN,
        service_id=desk.prp.id,
        starts_local=dt.datetime(2026, 12, 7, 10, 0),
        recheck_reason="Pregnant until then, bleeding risk",
    )
    visitor = world.as_role(Role.RECEPTIONIST)
    for address in (
        f"/appointments/{visit.id}",
        f"/appointments/{visit.id}/edit",
        f"/appointments/new?patient_id={desk.alice.id}&service_id={desk.prp.id}",
        "/board?date=2026-12-07",
        "/board?date=2026-12-07&view=rooms",
    ):
        page = visitor.get(address)
        assert page.status_code == 200
        assert not CLINICAL.search(text_of(page)), address
    clinical = text_of(world.as_role(Role.PHYSICIAN).get(f"/appointments/{visit.id}"))
    assert "Enoxaparin 40 mg" in clinical
    assert "Pregnant until then" in clinical


def test_unknown_visits_and_those_of_other_places_are_not_found(world, desk):
    visit = desk.book()
    visit.location_id = factories.a_location(desk.db).id
    desk.db.flush()
    visitor = world.as_role(Role.PHYSICIAN)
    for number in (visit.id, 2**31 - 1):
        for address in (f"/appointments/{number}", f"/appointments/{number}/edit"):
            assert visitor.get(address).status_code == 404
        for verb in (
            "arrival",
            "undo-arrival",
            "no-show",
            "reopening",
            "cancellation",
            "start",
            "finish",
            "move",
        ):
            step = {
                "version": "1",
                "name_spoken": "y",
                "birth_date_spoken": "y",
                "reason": "clinic",
                "seen_facts_hash": "x",
                "date": DAY,
                "start": "10:00",
                "practitioner_id": str(desk.physician.id),
            }
            assert visitor.post(f"/appointments/{number}/{verb}", step).status_code == 404, verb
    assert visitor.get("/appointments/0").status_code == 404


def test_an_arrival_needs_both_ticks_and_then_thanks(world, desk):
    visit = desk.book(starts_local=dt.datetime(2026, 11, 23, 10, 0))
    visitor = world.as_role(Role.RECEPTIONIST)
    where = f"/appointments/{visit.id}/arrival"
    page = visitor.post(where, a_step(visit, name_spoken="y"))
    assert page.status_code == 422
    assert 'name="name_spoken" type="checkbox" value="y" checked' in text_of(page) or (
        "checked" in text_of(page)
    )
    page = visitor.post(where, a_step(visit, name_spoken="y", birth_date_spoken="y"))
    assert page.status_code == 303
    assert "Leyla Demir is here." in text_of(visitor.get(page.location))


def test_a_step_from_an_old_page_shows_how_the_visit_stands_now(world, desk):
    visit = desk.book(starts_local=dt.datetime(2026, 11, 23, 10, 0))
    old = a_step(visit, reason=CancelReason.CLINIC.value)
    desk.arrive(visit)
    desk.db.flush()
    page = world.as_role(Role.RECEPTIONIST).post(f"/appointments/{visit.id}/cancellation", old)
    shown = text_of(page)
    assert page.status_code == 409
    assert "Somebody else has changed this visit" in shown
    assert "Arrived" in shown
    assert visit.status is AppointmentStatus.ARRIVED


def test_a_no_show_too_early_is_refused_with_its_reason(world, desk):
    visit = desk.book(starts_local=dt.datetime(2026, 11, 23, 10, 0))
    page = world.as_role(Role.NURSE).post(f"/appointments/{visit.id}/no-show", a_step(visit))
    assert page.status_code == 409
    assert "15 minutes after the start" in text_of(page)


def test_a_cancellation_needs_a_reason_and_can_be_taken_back(world, desk):
    visit = desk.book()
    visitor = world.as_role(Role.RECEPTIONIST)
    where = f"/appointments/{visit.id}/cancellation"
    page = visitor.post(where, a_step(visit, note="Called at nine"))
    assert page.status_code == 422
    assert "Called at nine" in text_of(page)
    assert visitor.post(where, a_step(visit, reason="because")).status_code == 422
    page = visitor.post(where, a_step(visit, reason="patient_ill", note="Called at nine"))
    shown = text_of(visitor.get(page.location))
    assert "Cancelled" in shown
    assert "Patient is ill" in shown
    assert "Called at nine" in shown
    assert "Take back" in shown
    desk.db.refresh(visit)
    page = visitor.post(f"/appointments/{visit.id}/reopening", a_step(visit))
    assert page.status_code == 303
    desk.db.refresh(visit)
    assert visit.status is AppointmentStatus.BOOKED


def test_a_button_without_its_version_is_out_of_date(world, desk):
    visit = desk.book(starts_local=dt.datetime(2026, 11, 23, 10, 0))
    visitor = world.as_role(Role.PHYSICIAN)
    for verb in ("no-show", "undo-arrival", "reopening", "start", "finish"):
        page = visitor.post(f"/appointments/{visit.id}/{verb}", {"version": "x\x00"})
        assert page.status_code == 422, verb


def test_a_consultation_is_started_and_finished_by_hand(world, desk):
    visit = desk.book(starts_local=dt.datetime(2026, 11, 23, 10, 0))
    desk.arrive(visit)
    desk.db.flush()
    visitor = world.as_role(Role.PHYSICIAN)
    shown = text_of(visitor.get(f"/appointments/{visit.id}"))
    seen = re.search(r'name="seen_facts_hash" value="([^"]+)"', shown)[1]
    start = visitor.post(f"/appointments/{visit.id}/start", a_step(visit, seen_facts_hash=seen))
    assert start.status_code == 303
    desk.db.refresh(visit)
    assert visit.status is AppointmentStatus.IN_TREATMENT
    assert visitor.post(f"/appointments/{visit.id}/finish", a_step(visit)).status_code == 303


def test_a_treatment_is_not_started_past_its_session(world, desk):
    visit = desk.book(service_id=desk.prp.id, starts_local=dt.datetime(2026, 11, 23, 10, 0))
    desk.arrive(visit)
    desk.settle(on=dt.date(2026, 11, 23))
    history = safety_queries.history_of(desk.db, desk.alice.id)
    plan = queries.plan_for(desk.db, visit, history)
    seen = safety_queries.check(desk.db, history, plan, dt.date(2026, 11, 23)).facts_hash
    visitor = world.as_role(Role.PHYSICIAN)
    shown = text_of(visitor.get(f"/appointments/{visit.id}"))
    assert "seen_facts_hash" not in shown
    forged = visitor.post(f"/appointments/{visit.id}/start", a_step(visit, seen_facts_hash=seen))
    assert forged.status_code == 409
    assert "begun and finished by its session" in text_of(forged)
    assert visit.status is AppointmentStatus.ARRIVED


def test_an_administrator_sees_no_visit(world, desk):
    visit = desk.book()
    visitor = world.as_role(Role.ADMINISTRATOR)
    for address in ("/board", "/appointments/new", f"/appointments/{visit.id}"):
        assert visitor.get(address).status_code == 403


# ---- moving ----


def a_move(desk, visit, **changes):
    return a_step(
        visit,
        **{
            "date": DAY,
            "start": "11:00",
            "practitioner_id": str(desk.physician.id),
            "room_id": str(desk.room.id),
            **changes,
        },
    )


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
    assert "Move it back" in shown


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


def test_every_end_has_a_way_on(world, desk):
    visit = desk.book()
    desk.db.flush()
    visitor = world.as_role(Role.RECEPTIONIST)
    where = f"/appointments/new?patient_id={desk.alice.id}&service_id={desk.consultation.id}"
    assert where not in text_of(visitor.get(f"/appointments/{visit.id}"))
    visitor.post(f"/appointments/{visit.id}/cancellation", a_step(visit, reason="patient_asked"))
    shown = text_of(visitor.get(f"/appointments/{visit.id}"))
    assert "Book another time" in shown
    assert where in shown
    assert "Take back" in shown


def test_a_treatment_under_way_leads_to_its_session_for_who_may_write_it(world, desk):
    visit = desk.book(service_id=desk.prp.id, starts_local=dt.datetime(2026, 11, 23, 10, 0))
    desk.arrive(visit)
    visit.status, visit.started_at = AppointmentStatus.IN_TREATMENT, desk.world.later()
    desk.db.flush()
    session = f'href="/appointments/{visit.id}/session"'
    assert session in text_of(world.as_role(Role.NURSE).get(f"/appointments/{visit.id}"))
    assert session not in text_of(world.as_role(Role.RECEPTIONIST).get(f"/appointments/{visit.id}"))
