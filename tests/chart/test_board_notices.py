"""What a board asks and marks: shall the patient be told of a move, and what is not ready."""

import datetime as dt
import re

import pytest

from clinic.core.access import Role
from clinic.messages import queries as message_queries
from clinic.messages import service as messages
from clinic.messages.models import MessageSettings
from clinic.messages.values import MessageKind, MessageState, SetContact
from clinic.patients.values import Channel
from clinic.safety.values import FactKind
from clinic.scheduling import service as scheduling
from tests.chart.boards import DAY, ONLY_BOARD, board, text_of


@pytest.fixture
def told(desk):
    """Alice agreed to e-mail, and the clinic can send it."""
    desk.alice.email = "leyla@example.org"
    desk.db.add(
        MessageSettings(
            location_id=desk.world.location.id,
            smtp_host="mail.example.org",
            sender="desk@example.org",
        )
    )
    desk.db.flush()
    wish = SetContact(patient_id=desk.alice.id, version=0, channel=Channel.EMAIL, agreed=True)
    messages.set_contact(desk.db, desk.actor(), wish)
    return desk


def moved(world, visit):
    """Drop a card an hour later; return the board that comes back."""
    desk = world.as_role(Role.RECEPTIONIST)
    answer = desk.post(
        f"/board/moves?date={DAY}",
        {
            "appointment_id": visit.id,
            "version": visit.version,
            "starts_at": f"{DAY}T11:15",
            "resource_id": visit.practitioner_id,
        },
        headers=ONLY_BOARD,
    )
    assert answer.status_code == 303
    return text_of(desk.get(answer.location, headers=ONLY_BOARD))


def states(desk, visit):
    rows = message_queries.begun_of(desk.db, visit.id)
    return [(row.kind, row.state) for row in rows]


def test_after_a_move_it_is_asked_once_whether_the_patient_shall_be_told(world, told):
    visit = told.book()
    shown = moved(world, visit)

    assert re.search(r'<section class="card notice" id="notice"[^>]* hidden>', shown)
    assert "Tell Leyla Demir the new time by E-mail?" in shown
    kind = re.search(r'name="kind" value="(\w+)"', shown)[1]
    answer = world.as_role(Role.RECEPTIONIST).post(
        f"/board/notices?date={DAY}", {"appointment_id": visit.id, "kind": kind}
    )
    assert answer.status_code == 303
    assert states(told, visit) == [(MessageKind(kind), MessageState.WITHHELD)]


def test_nothing_leaves_while_a_move_can_be_taken_back(world, told):
    visit = told.book()
    moved(world, visit)
    told.db.refresh(visit)
    owing = message_queries.owing(told.db, visit.id)
    terms = message_queries.terms_of(
        message_queries.settings(told.db, visit.location_id), visit.zone
    )
    due = message_queries.due
    at = owing.visit.changed_at
    assert due(told.db, visit.location_id, terms, at + dt.timedelta(seconds=11)) == []
    assert due(told.db, visit.location_id, terms, at + dt.timedelta(minutes=3)) == [visit.id]


def test_who_wants_no_messages_is_not_asked_about(world, desk):
    assert 'id="notice"' not in moved(world, desk.book())


@pytest.mark.parametrize("sent", ["0", "x", "999999999", "1", "²"])
def test_an_odd_address_asks_nothing(world, desk, sent):
    page = world.as_role(Role.NURSE).get("/board", query_string={"moved": sent, "date": DAY})
    assert page.status_code == 200
    assert 'id="notice"' not in text_of(page)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 422),
        ({"appointment_id": "x", "kind": "moved"}, 422),
        ({"appointment_id": "1", "kind": "shouted"}, 422),
        ({"appointment_id": "99999", "kind": "moved"}, 404),
    ],
)
def test_a_forged_answer_is_refused(world, desk, fields, status):
    assert world.as_role(Role.NURSE).post("/board/notices", fields).status_code == status


def test_what_is_not_queued_cannot_be_kept_back(world, desk):
    visit = desk.book()
    sent = {"appointment_id": visit.id, "kind": "moved"}
    assert world.as_role(Role.NURSE).post("/board/notices", sent).status_code == 409


# ---- what is not ready ----


def papers_of(shown, visit):
    wanted = rf'<tr class="appt [^>]*data-appointment="{visit.id}".*?</tr>'
    row = re.search(wanted, shown, re.DOTALL)
    found = re.search(r'<td class="papers">(.*?)</td>', row[0], re.DOTALL)[1]
    return re.findall(r'title="([^"]+)"', found)


def test_the_list_marks_what_a_treatment_lacks_for_the_role(world, desk):
    treated = desk.book(service_id=desk.prp.id)
    talk = desk.book(patient_id=desk.bob().id, starts_local=dt.datetime(2026, 11, 24, 14, 0))

    seen = {
        role: text_of(board(world, role, view="list")) for role in (Role.RECEPTIONIST, Role.NURSE)
    }
    assert papers_of(seen[Role.RECEPTIONIST], treated) == ["Questions missing", "Consent missing"]
    assert "Result missing" in papers_of(seen[Role.NURSE], treated)
    assert papers_of(seen[Role.NURSE], talk) == []
    assert f"/patients/{desk.alice.id}/consents" in seen[Role.RECEPTIONIST]
    assert "latelet" not in seen[Role.RECEPTIONIST]


def test_what_is_all_there_says_so_and_the_list_can_begin_with_the_rest(world, desk):
    desk.settle()
    early = desk.book(Role.PHYSICIAN, service_id=desk.prp.id)
    bob = desk.bob()
    late = desk.book(
        service_id=desk.mesotherapy.id,
        patient_id=bob.id,
        starts_local=dt.datetime(2026, 11, 24, 15, 0),
    )
    nurse = world.as_role(Role.NURSE)
    shown = text_of(nurse.get(f"/board?date={DAY}&view=list"))
    assert papers_of(shown, early) == ["All there"]
    assert shown.index(f'data-appointment="{early.id}"') < shown.index(
        f'data-appointment="{late.id}"'
    )
    url = re.search(r'href="(/board\?[^"]*order=papers)"', shown)[1]
    first = text_of(nurse.get(url))
    assert first.index(f'data-appointment="{late.id}"') < first.index(
        f'data-appointment="{early.id}"'
    )


def test_a_new_answer_changes_the_marks(world, desk):
    visit = desk.book(service_id=desk.prp.id)
    before = papers_of(text_of(board(world, Role.NURSE, view="list")), visit)
    desk.knows(FactKind.LAB, "platelets", value_milli=250_000, unit="10*9/L")
    desk.settle()
    scheduling.rescreen(desk.db, desk.actor(Role.NURSE), desk.alice.id)
    after = papers_of(text_of(board(world, Role.NURSE, view="list")), visit)
    assert before != after == ["All there"]
