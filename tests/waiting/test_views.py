"""The pages: cancelled, who fits, offered, yes, booked; and everything that may come between."""

import html
import re

import pytest
import sqlalchemy as sa

from clinic.core.access import Role
from clinic.patients import service as patient_service
from clinic.safety.values import FactKind
from clinic.scheduling.models import Appointment
from clinic.scheduling.values import AppointmentStatus
from clinic.waiting.models import Offer
from clinic.waiting.values import Answer
from tests.conftest import NOW
from tests.scheduling.pages import CLINICAL, a_move, a_step
from tests.waiting.conftest import HELD_FOR

TIME = {"date": "2026-11-24", "start": "10:00", "minutes": "30"}


def text_of(page):
    """Return a page without the invisible marks around what is written from left to right."""
    return re.sub("[\u2066-\u2069]", "", html.unescape(page.get_data(as_text=True)))


def address(desk, **changes):
    asked = {**TIME, "practitioner_id": desk.physician.id, **changes}
    return "/waiting-list/fitting?" + "&".join(f"{k}={v}" for k, v in asked.items())


def an_offer(desk, **changes):
    fields = {
        "date": "2026-11-24",
        "start": "10:00",
        "practitioner_id": desk.physician.id,
        "room_id": desk.room.id,
        "second_hour": "",
        "way": "call",
        **changes,
    }
    return {name: str(value) for name, value in fields.items()}


def the_offer(desk):
    return desk.db.scalars(sa.select(Offer).order_by(Offer.id.desc())).first()


def test_cancelled_who_fits_offered_yes_booked(world, desk, waiting):
    visit = desk.book(patient_id=desk.bob().id)
    entry = waiting.wait()
    desk.db.flush()
    visitor = world.as_role(Role.RECEPTIONIST)

    done = visitor.post(
        f"/appointments/{visit.id}/cancellation", a_step(visit, reason="patient_asked")
    )
    shown = text_of(visitor.get(done.location))
    assert "Who fits the free time" in shown
    assert "Leyla Demir" in shown
    link = re.search(r'href="(/waiting-list/fitting\?[^"]+)"', shown)[1]
    page = text_of(visitor.get(link))
    form = page.split(f'action="/waiting-list/{entry.id}/offers')[1].split("</form>")[0]
    sent = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    query = re.search(r"^\?[^\"]*", form)[0]
    told = visitor.post(f"/waiting-list/{entry.id}/offers{query}", {**sent, "way": "call"})
    assert told.status_code == 303
    held = text_of(visitor.get(told.location))
    assert "Offered to Leyla Demir" in held
    assert "Held until" in held
    assert "by phone by Receptionist" in held

    yes = visitor.post(f"/offers/{the_offer(desk).id}/acceptance")

    assert yes.status_code == 303
    booked = text_of(visitor.get(yes.location))
    assert "Leyla Demir said yes: the visit is booked." in booked
    made = desk.db.scalars(
        sa.select(Appointment).where(Appointment.status == AppointmentStatus.BOOKED)
    ).one()
    assert (made.patient_id, made.starts_at) == (desk.alice.id, visit.starts_at)


def test_a_visit_that_was_just_moved_says_who_fits_where_it_stood(world, desk, waiting):
    visit = desk.book(patient_id=desk.bob().id)
    waiting.wait()
    desk.db.flush()
    visitor = world.as_role(Role.RECEPTIONIST)

    moved = visitor.post(f"/appointments/{visit.id}/move", a_move(desk, visit, start="15:00"))

    shown = text_of(visitor.get(moved.location))
    assert "Who fits the free time" in shown
    assert "date=2026-11-24&start=10:00" in shown


def test_nobody_fits_is_said_with_how_many_wait(world, desk, waiting):
    desk.book(patient_id=desk.bob().id)
    waiting.wait(desk.alice.id, part_of_day="evening")
    desk.db.flush()

    page = text_of(world.as_role(Role.RECEPTIONIST).get(address(desk)))

    assert "Nobody fits" in page
    assert "1 waits in these weeks, but not for this time." in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"date": "2026-13-01"}, "There is no such day"),
        ({"date": ""}, "Please fill this in"),
        ({"start": "25:00"}, "Enter a time such as 14:30"),
        ({"minutes": "0"}, "A whole number from 5 to 480"),
        ({"minutes": "481"}, "A whole number from 5 to 480"),
        ({"practitioner_id": "x"}, "Choose one of the list"),
    ],
)
def test_a_free_time_that_is_none_is_said_at_its_field(world, desk, change, said):
    answer = world.as_role(Role.RECEPTIONIST).get(address(desk, **change))

    assert answer.status_code == 422
    assert said in text_of(answer)


def test_the_hour_that_does_not_exist_and_the_one_that_comes_twice_are_no_crash(
    world, desk, waiting
):
    waiting.wait()
    visitor = world.as_role(Role.RECEPTIONIST)

    for date in ("2027-03-28", "2026-10-25", "2027-10-31"):
        assert visitor.get(address(desk, date=date, start="02:30")).status_code == 200


def test_an_empty_page_asks_which_time(world, desk):
    answer = world.as_role(Role.RECEPTIONIST).get("/waiting-list/fitting")

    assert answer.status_code == 200
    assert "Please fill this in" not in text_of(answer)


def test_an_offer_pressed_twice_is_one(world, desk, waiting):
    entry = waiting.wait()
    visitor = world.as_role(Role.RECEPTIONIST)
    first = visitor.post(f"/waiting-list/{entry.id}/offers", an_offer(desk))
    again = visitor.post(f"/waiting-list/{entry.id}/offers", an_offer(desk))

    assert (first.status_code, again.status_code) == (303, 409)
    assert "was asked about this time already" in text_of(again)
    assert desk.db.scalar(sa.select(sa.func.count()).select_from(Offer)) == 1


def test_a_time_that_was_taken_meanwhile_is_said(world, desk, waiting):
    entry = waiting.wait()
    desk.book(patient_id=desk.bob().id)
    desk.db.flush()

    answer = world.as_role(Role.NURSE).post(f"/waiting-list/{entry.id}/offers", an_offer(desk))

    assert answer.status_code == 409
    assert "Dr Weber is taken until 10:30" in text_of(answer)


@pytest.mark.parametrize(
    "change",
    [{"way": "pigeon"}, {"date": "x"}, {"room_id": "x"}, {"second_hour": "third"}, {"start": ""}],
)
def test_an_odd_button_is_out_of_date(world, desk, waiting, change):
    entry = waiting.wait()

    answer = world.as_role(Role.RECEPTIONIST).post(
        f"/waiting-list/{entry.id}/offers", an_offer(desk, **change)
    )

    assert answer.status_code == 422
    assert "out of date" in text_of(answer)


def test_yes_after_it_ran_out_says_so_and_books_nothing(world, desk, waiting, clock):
    made = waiting.offer(waiting.wait())
    clock(NOW + HELD_FOR)
    visitor = world.as_role(Role.RECEPTIONIST)
    shown = text_of(visitor.get("/waiting-list"))
    assert "Ran out at 10:30" in shown

    answer = visitor.post(f"/offers/{made.id}/acceptance")

    assert answer.status_code == 409
    assert "This offer ran out at 10:30" in text_of(answer)
    settled = visitor.post(f"/offers/{made.id}/told")
    assert settled.status_code == 303
    assert "Ran out at" not in text_of(visitor.get("/waiting-list"))


def test_who_was_too_late_stands_there_to_be_told(world, desk, waiting):
    first, second = waiting.offer(waiting.wait()), waiting.offer(waiting.wait(desk.bob().id))
    visitor = world.as_role(Role.RECEPTIONIST)
    visitor.post(f"/offers/{first.id}/acceptance")
    shown = text_of(visitor.get("/waiting-list"))
    assert "Somebody else was faster" in shown
    assert "Has been told" in shown

    late = visitor.post(f"/offers/{second.id}/acceptance")
    assert late.status_code == 409
    assert "Somebody else was faster: this time is taken." in text_of(late)
    visitor.post(f"/offers/{second.id}/told")
    assert "Somebody else was faster" not in text_of(visitor.get("/waiting-list"))


@pytest.mark.parametrize("verb", ["refusal", "withdrawal"])
def test_a_no_leads_back_to_who_else_fits(world, desk, waiting, verb):
    made = waiting.offer(waiting.wait())
    visitor = world.as_role(Role.RECEPTIONIST)
    query = address(desk).split("?")[1]

    answer = visitor.post(f"/offers/{made.id}/{verb}?{query}&_external=1&_scheme=ftp")

    assert answer.status_code == 303
    assert answer.location == address(desk).replace(":", "%3A")
    desk.db.refresh(made)
    assert made.answer in {Answer.NO, Answer.WITHDRAWN}
    assert visitor.post(f"/offers/{made.id}/{verb}").status_code == 409


def test_who_waits_already_is_found_from_booking_and_from_the_patient(world, desk):
    visitor = world.as_role(Role.RECEPTIONIST)
    who = f"patient_id={desk.alice.id}"
    where = f"/waiting-list/new?{who}"

    assert where in text_of(visitor.get(f"/patients/{desk.alice.id}"))
    booking = text_of(visitor.get(f"/appointments/new?{who}&service_id={desk.consultation.id}"))
    assert "Nothing suits? Put on the waiting list" in booking
    assert f"{where}&service_id={desk.consultation.id}" in booking


def test_a_booked_visit_may_be_wished_earlier(world, desk):
    visit = desk.book()
    visitor = world.as_role(Role.RECEPTIONIST)
    shown = text_of(visitor.get(f"/appointments/{visit.id}"))
    link = re.search(r'href="(/waiting-list/new\?[^"]+)"', shown)[1]

    page = text_of(visitor.get(link))

    assert f'name="visit_id" type="hidden" value="{visit.id}"' in page
    assert "stays until an earlier time is taken" in page


def test_reception_reads_no_clinical_word_beside_who_fits(world, desk, waiting):
    desk.settle()
    desk.knows(FactKind.MEDICATION, "anticoagulant", label="Enoxaparin 40 mg")
    waiting.wait(service_id=desk.prp.id)

    page = text_of(world.as_role(Role.RECEPTIONIST).get(address(desk, minutes=60)))

    assert "Leyla Demir" in page
    assert "Physician must review" in page
    assert not CLINICAL.search(page)


def test_somebody_is_put_on_the_list_from_the_list_itself(world, desk, waiting):
    patient_service.rebuild_search(desk.db, desk.actor())
    visitor = world.as_role(Role.RECEPTIONIST)
    page = text_of(visitor.get("/waiting-list"))
    link = re.search(r'href="([^"]+)"[^>]*>(?:(?!</a>).)*Put somebody on the list', page)[1]

    finding = visitor.get(visitor.get(link).location + "&q=Demir")
    chosen = re.search(r'href="(/waiting-list/new\?patient_id=\d+)"', text_of(finding))[1]
    form = text_of(visitor.get(chosen))

    assert chosen.endswith(f"={desk.alice.id}")
    assert "Put on the list" in form
