"""The page of a visit and its steps: every state has a way on."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from clinic.core.access import Role
from clinic.safety import queries as safety_queries
from clinic.safety.values import FactKind
from clinic.scheduling import queries
from clinic.scheduling.models import Appointment
from clinic.scheduling.values import AppointmentStatus, CancelReason
from tests import factories
from tests.scheduling.pages import CLINICAL, DAY, a_step, a_walk_in, text_of


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
    assert "The patient is here: the visit begins now" in shown
    assert "The visit is booked." not in shown
    assert "let the patient in without a booking" in shown


def test_a_walk_in_that_finds_the_room_taken_is_told_by_whom(world, desk):
    desk.book(patient_id=desk.bob().id, starts_local=dt.datetime(2026, 11, 23, 10, 0))
    page = world.as_role(Role.NURSE).post(
        "/appointments/walk-in", a_walk_in(desk, name_spoken="y", birth_date_spoken="y")
    )
    assert page.status_code == 409
    assert "Dr Weber is taken until 10:30" in text_of(page)


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


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.PHYSICIAN])
def test_a_visit_that_is_over_asks_for_nothing_any_more(world, desk, role):
    visit = desk.book(service_id=desk.prp.id)
    url = f"/appointments/{visit.id}"
    before = text_of(world.as_role(role).get(url))
    asked = "Questions missing" if role is Role.RECEPTIONIST else "are missing"
    assert asked in before

    visitor = world.as_role(Role.RECEPTIONIST)
    visitor.post(f"{url}/cancellation", a_step(visit, reason="patient_asked"))
    after = text_of(world.as_role(role).get(url))

    for said in (asked, "Questions are open", "Answer the questions"):
        assert said not in after
