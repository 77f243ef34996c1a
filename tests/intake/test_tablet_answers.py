"""What a patient answers alone: facts, languages, bad input, and what the clinic sees of it."""

import datetime as dt
import re
import sqlite3
from dataclasses import replace
from unittest.mock import Mock

import pytest
from sqlalchemy.exc import OperationalError

from clinic.core.access import Role
from clinic.intake import service
from clinic.patients.values import PatientStatus
from clinic.safety import queries as safety_queries
from clinic.safety.values import FactKind, FactSource
from clinic.scheduling import handed, handovers
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling.handed_values import AskedState
from tests.conftest import NOW
from tests.counting import statements
from tests.intake.conftest import a_visit
from tests.intake.tablet import (
    IBUPROFEN,
    TODAY,
    facts_of,
    hand_over,
    lines_of,
    opened,
    renew,
    saying_no,
    text,
    the_tablet,
)

# ---- answering ----


def test_answers_become_facts_of_the_patient_and_check_the_visit(world, db, patient, visit):
    tablet = opened(world, visit)

    answer = tablet.post("/tablet/questions", IBUPROFEN)

    assert (answer.status_code, answer.location) == (303, "/tablet/done")
    assert "Thank you" in text(tablet.get("/tablet/done"))
    rows = facts_of(db, patient)
    assert {row.source for row in rows} == {FactSource.PATIENT}
    assert {row.recorded_by_id for row in rows} == {None}
    taken = next(row for row in rows if row.label)
    assert (taken.code, taken.ended_on) == ("nsaid", TODAY)
    db.refresh(visit)
    assert visit.decision.value == "defer"
    lines = lines_of(db, "handover.answered")
    assert [line.actor_name for line in lines] == [handovers.ON_TABLET]
    assert lines[0].detail["facts"] == [row.id for row in rows]
    assert lines_of(db, "fact.recorded") == []


def test_afterwards_it_shows_nothing_and_a_second_send_says_so(world, db, patient, visit):
    tablet = opened(world, visit)
    tablet.post("/tablet/questions", IBUPROFEN)
    before = len(facts_of(db, patient))

    again = tablet.post("/tablet/questions", IBUPROFEN)
    back = tablet.get("/tablet/questions")

    assert again.status_code == 409
    assert "sent already" in text(again)
    assert "pregnant" not in text(back)
    assert len(facts_of(db, patient)) == before
    assert tablet.get("/sign-in").status_code == 200


def test_what_a_busy_server_did_not_take_is_sent_again(world, db, patient, visit, monkeypatch):
    tablet = opened(world, visit)
    locked = OperationalError("x", {}, sqlite3.OperationalError("database is locked"))
    with monkeypatch.context() as busy:
        busy.setattr(service, "answer_on_tablet", Mock(side_effect=locked))
        answer = tablet.post(
            "/tablet/questions", IBUPROFEN, headers={"Sec-Fetch-Site": "same-origin"}
        )
    assert answer.status_code == 503
    page = text(answer)
    kept = dict(re.findall(r'<textarea name="(\w+)" hidden>\n(.*?)</textarea>', page, re.DOTALL))
    assert kept == IBUPROFEN

    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    again = tablet.client.post("/tablet/questions", data={**kept, "csrf_token": token})

    assert again.location == "/tablet/done"
    assert facts_of(db, patient) != []


@pytest.mark.parametrize("status", [PatientStatus.DECEASED, PatientStatus.ARCHIVED])
def test_a_record_that_is_not_in_use_any_more_takes_no_answers(world, db, patient, visit, status):
    tablet = opened(world, visit)
    patient.status = status
    db.flush()

    assert tablet.post("/tablet/questions", IBUPROFEN).status_code == 410

    assert facts_of(db, patient) == []


def test_two_tabs_send_once(world, db, patient, visit):
    tablet = opened(world, visit)
    one, other = renew(tablet, "/tablet/questions"), renew(tablet, "/tablet/questions")
    assert "pregnant" in one
    assert "pregnant" in other

    answers = [tablet.post("/tablet/questions", IBUPROFEN).status_code for _ in range(2)]

    assert answers == [303, 409]
    assert len(lines_of(db, "handover.answered")) == 1


def test_what_is_unanswered_is_said_at_each_question_and_can_be_left(world, db, patient, visit):
    tablet = opened(world, visit)
    form = {key: value for key, value in IBUPROFEN.items() if key != "leave"}

    answer = tablet.post("/tablet/questions", form)
    page = text(answer)

    assert answer.status_code == 422
    assert "Please choose an answer" in page
    assert "Send without them" in page
    assert 'value="Ibuprofen 400 mg"' in page
    assert facts_of(db, patient) == []
    assert tablet.post("/tablet/questions", {**form, "leave": "y"}).status_code == 303


@pytest.mark.parametrize(
    "wrong",
    [
        {"day_painkiller": "2027-01-01"},
        {"day_painkiller": "yesterday"},
        {"day_painkiller": "0000-00-00"},
        {"q_painkiller": "maybe"},
        {"name_painkiller": "x" * 300},
        {"name_painkiller": "a\x00b"},
        {"q_painkiller": "", "name_painkiller": "Ibuprofen"},
    ],
)
def test_bad_input_is_said_at_the_field_and_nothing_is_lost(world, db, patient, visit, wrong):
    tablet = opened(world, visit)

    answer = tablet.post("/tablet/questions", {**IBUPROFEN, "q_fainted": "yes", **wrong})

    assert answer.status_code == 422
    assert 'class="error"' in text(answer)
    assert re.search(r'(checked[^>]*name="q_fainted"|name="q_fainted"[^>]*checked)', text(answer))
    assert "Send without them" not in text(answer)
    assert facts_of(db, patient) == []


def test_nothing_at_all_is_no_answer(world, visit):
    answer = opened(world, visit).post("/tablet/questions", {"leave": "y"})

    assert answer.status_code == 422
    assert "Nothing is answered yet" in text(answer)


def test_groups_of_another_visit_or_nobody_are_ignored(world, db, patient, visit):
    tablet = opened(world, visit)

    tablet.post("/tablet/questions", {**IBUPROFEN, "open_1": "ended", "same_medicines": "y"})

    assert "medicines" not in {row.code for row in facts_of(db, patient)}


def test_no_change_is_offered_for_own_words_only_and_renews_them(world, db, patient, visit, clock):
    scars = {**saying_no("scars_and_fainting"), "q_fainted": "yes"}
    private = {"q_infection_of_blood": "no", "leave": "y"}
    opened(world, visit).post("/tablet/questions", {**scars, **private})
    clock(NOW + dt.timedelta(hours=20))
    tablet = opened(world, visit)

    page = text(tablet.get("/tablet/questions"))
    assert page.count("No change since November 23, 2026") == 1
    assert "same_scars_and_fainting" in page
    assert page.count("You said: No") == len(scars) - 1
    assert page.count("You said: Yes") == 1
    answer = tablet.post("/tablet/questions", {"same_scars_and_fainting": "y", "leave": "y"})

    assert answer.status_code == 303
    newest = facts_of(db, patient)[-1]
    assert (newest.kind, newest.code) == (FactKind.REVIEW, "scars_and_fainting")
    assert newest.noted_on == dt.date(2026, 11, 24)


def test_infections_of_the_blood_cannot_be_confirmed_unseen(world, db, patient, visit):
    opened(world, visit).post("/tablet/questions", {"q_infection_of_blood": "yes", "leave": "y"})
    tablet = opened(world, visit)
    page = text(tablet.get("/tablet/questions"))

    answer = tablet.post("/tablet/questions", {"same_blood_infection": "y", "leave": "y"})

    assert "You said" not in page
    assert answer.status_code == 422


def test_what_a_nurse_asked_since_is_not_confirmed_on_the_tablet(world, patient, visit, clock):
    scars = saying_no("scars_and_fainting")
    opened(world, visit).post("/tablet/questions", {**scars, "leave": "y"})
    clock(NOW + dt.timedelta(hours=20))
    world.as_role(Role.NURSE).post(
        f"/appointments/{visit.id}/questions", {**scars, "q_fainted": "yes"}
    )

    assert "No change" not in text(opened(world, visit).get("/tablet/questions"))


# ---- languages ----


def test_the_patient_reads_the_language_of_the_record(world, db, patient, visit):
    patient.language = "ar"
    db.flush()
    tablet = opened(world, visit)

    page = text(tablet.get("/tablet/questions"))

    assert '<html lang="ar" dir="rtl"' in page
    assert 'lang="de"' in page


def test_another_language_keeps_what_was_answered(world, visit):
    tablet = opened(world, visit)

    page = text(tablet.post("/tablet/language", {**IBUPROFEN, "language": "de"}))

    assert '<html lang="de"' in page
    assert 'value="Ibuprofen 400 mg"' in page
    assert "Weiß ich nicht" in page or "Weiß nicht" in page
    assert '<html lang="de"' in text(tablet.get("/tablet/questions"))
    assert '<html lang="en"' in text(the_tablet(world).get("/tablet"))


def test_an_unknown_language_changes_nothing(world, visit):
    page = text(opened(world, visit).post("/tablet/language", {"language": "../etc"}))

    assert '<html lang="en"' in page


# ---- what the clinic sees ----


def seen_by(world, role, visit):
    page = text(world.as_role(role).get(f"/appointments/{visit.id}"))
    card = page.split('id="asked"')[1].split("</section>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>|[\u2066-\u2069]", "", card))


def test_reception_sees_that_it_is_answered_and_not_what(world, visit):
    assert "Missing" in seen_by(world, Role.RECEPTIONIST, visit)
    hand_over(world, visit)
    assert "code is good until 10:10" in seen_by(world, Role.RECEPTIONIST, visit)
    tablet = opened(world, visit)
    assert "has had the tablet since 10:00" in seen_by(world, Role.RECEPTIONIST, visit)
    tablet.post("/tablet/questions", IBUPROFEN)

    assert "Answered today 10:00 on the tablet" in seen_by(world, Role.RECEPTIONIST, visit)
    page = text(world.as_role(Role.RECEPTIONIST).get(f"/appointments/{visit.id}"))
    assert "profen" not in page
    assert "Not on this date" in page
    assert "Possible from" in page


def test_another_day_it_is_missing_again(world, db, patient, clock):
    visit = a_visit(world, db, patient, starts_local=dt.datetime(2026, 12, 1, 10))
    opened(world, visit).post("/tablet/questions", IBUPROFEN)
    clock(NOW + dt.timedelta(days=8))

    assert "Missing" in seen_by(world, Role.RECEPTIONIST, visit)


def test_a_nurse_reads_the_answers_with_their_source(world, patient, visit):
    opened(world, visit).post("/tablet/questions", IBUPROFEN)
    nurse = world.as_role(Role.NURSE)

    facts = text(nurse.get(f"/patients/{patient.id}/facts"))

    assert "Ibuprofen 400 mg" in facts
    assert "Patient, on the tablet" in facts
    assert "Import" not in facts
    assert "Patient, on the tablet" in text(nurse.get(f"/appointments/{visit.id}/review"))


def test_without_rules_in_force_nothing_counts_as_answered(db, visit):
    history = safety_queries.history_of(db, visit.patient_id)
    plan = scheduling_queries.plan_for(db, visit, history)
    checked = safety_queries.check(db, history, plan, visit.starts_local.date())
    unchecked = replace(checked, is_checked=False, findings=())

    asked = handed.asked(db, visit.id, unchecked, zone="Europe/Berlin")

    assert asked.state is AskedState.MISSING


@pytest.mark.parametrize(
    ("url", "budget"),
    [("/tablet", 1), ("/tablet/name", 1), ("/tablet/questions", 11), ("/tablet/done", 1)],
)
def test_a_page_costs_the_same_however_much_is_known(
    world, connection, patient, visit, known, url, budget
):
    tablet = opened(world, visit)
    tablet.get(url)
    with statements(connection) as few:
        tablet.get(url)
    for number in range(30):
        known(FactKind.MEDICATION, "other_medicine", label=f"Medicine {number}")
    with statements(connection) as many:
        tablet.get(url)

    assert len(few) == len(many)
    assert len(many) <= budget, many


def test_sending_asks_the_database_a_bounded_number_of_times(world, connection, visit):
    tablet = opened(world, visit)
    with statements(connection) as seen:
        tablet.post("/tablet/questions", IBUPROFEN)

    assert len([one for one in seen if "audit_event" not in one]) <= 45
