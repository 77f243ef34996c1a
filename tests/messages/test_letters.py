"""Who plans a course gets one letter with all dates; after that each date is told alone."""

import datetime as dt

import pytest
from icalendar import Calendar

from clinic.messages import service as messages
from clinic.messages.values import Handed, MessageKind, MessageState, Outcome
from clinic.patients.values import Channel
from clinic.scheduling.models import Appointment, Course
from tests.messages.conftest import VISIT_AT, Desk
from tests.messages.test_sending import text_of

WEEK = dt.timedelta(days=7)


@pytest.fixture
def course(desk: Desk) -> list[Appointment]:
    """Three sessions of a course, booked at once by a patient who agreed to e-mail."""
    desk.agree()
    row = Course(
        patient_id=desk.patient.id,
        service_id=desk.service.id,
        started_on=VISIT_AT.date(),
        sessions_planned=3,
        interval_days=7,
        tolerance_days=2,
        least_days=5,
    )
    desk.db.add(row)
    desk.db.flush()
    visits = [desk.book(VISIT_AT + week * WEEK) for week in range(3)]
    for visit in visits:
        visit.course_id = row.id
    desk.db.flush()
    return visits


def days_of(mail) -> list[dt.date]:
    (attached,) = mail.iter_attachments()
    calendar = Calendar.from_ical(attached.get_payload(decode=True))
    return [event.start.date() for event in calendar.walk("VEVENT")]


def test_a_course_is_confirmed_in_one_letter_with_all_dates_and_their_calendar(
    desk, course, mailbox, later
):
    later(3)
    assert desk.send().sent == 1
    assert desk.send().sent == 0

    ((to, mail),) = mailbox.taken
    assert to == ["alice@example.org"]
    assert mail["Subject"] == "Ihre Termine bei Clinic at the Park"
    for day in ("27. November", "4. Dezember", "11. Dezember"):
        assert day in text_of(mail)
    assert days_of(mail) == [(VISIT_AT + week * WEEK).date() for week in range(3)]
    assert "Meso" not in mail.as_string()
    assert [desk.states(visit) for visit in course] == [["confirmation sent"]] * 3
    assert len({desk.rows(visit)[0].letter for visit in course}) == 1


def test_moving_one_date_later_is_told_of_that_one_alone(desk, course, mailbox, later):
    later(3)
    desk.send()
    desk.move(course[1], VISIT_AT + WEEK + dt.timedelta(hours=1))
    later(3)
    assert desk.send().sent == 1

    _, mail = mailbox.taken[1]
    assert days_of(mail) == [(VISIT_AT + WEEK).date()]
    assert "15:00" in text_of(mail)
    assert [len(desk.rows(visit)) for visit in course] == [1, 2, 1]


def test_planning_the_rest_anew_is_told_in_one_letter(desk, course, mailbox, later):
    later(3)
    desk.send()
    for visit in course[1:]:
        desk.move(visit, VISIT_AT + WEEK * course.index(visit) + dt.timedelta(days=1, hours=-1))
    later(3)
    assert desk.send().sent == 1

    assert "haben neue Zeiten" in mailbox.taken[1][1]["Subject"]
    assert len(days_of(mailbox.taken[1][1])) == 2


def test_who_is_told_not_to_be_sent_one_date_gets_the_others(desk, course, mailbox, later):
    messages.withhold(desk.db, desk.actor, course[0].id, MessageKind.CONFIRMATION)
    later(3)
    desk.send()

    assert days_of(mailbox.taken[0][1]) == [(VISIT_AT + week * WEEK).date() for week in (1, 2)]


def test_a_visit_outside_the_course_has_a_letter_of_its_own(desk, course, mailbox, later):
    alone = desk.book(VISIT_AT + 4 * WEEK)
    later(3)
    assert desk.send().sent == 2

    assert sorted(len(days_of(mail)) for _, mail in mailbox.taken) == [1, 3]
    assert desk.rows(alone)[0].letter is None


def test_what_was_not_taken_is_tried_again_as_the_same_letter(desk, course, mailbox, later):
    mailbox.to_recipient = "451 later"
    later(3)
    desk.send()
    desk.move(course[0], VISIT_AT + dt.timedelta(hours=1))
    keys = []

    def note(letter):
        keys.append((letter.key, letter.text.count(":00")))
        return Handed(outcome=Outcome.TAKEN)

    later(6)
    desk.send(**{Channel.EMAIL: note})

    kept = desk.rows(course[1])[0].letter
    assert [times for _, times in sorted(keys, key=lambda one: one[0] == kept)] == [1, 2]
    assert kept in [key for key, _ in keys], "a provider sees that it is the same one"
    assert [desk.states(visit)[-1] for visit in course] == ["confirmation sent"] * 3


def test_a_broken_letter_is_sent_again_whole_by_one_press(desk, course, mailbox, later):
    later(3)
    desk.send(**{Channel.EMAIL: lambda letter: Handed(outcome=Outcome.UNKNOWN, reason="gone")})
    assert {desk.rows(visit)[0].state for visit in course} == {MessageState.UNCERTAIN}

    messages.send_again(desk.db, desk.actor, desk.rows(course[1])[0].id)
    assert desk.send().sent == 1

    assert len(days_of(mailbox.taken[0][1])) == 3
    assert [desk.states(visit) for visit in course] == [["confirmation sent"]] * 3


def test_a_date_that_has_moved_is_not_sent_again_with_its_letter(desk, course, mailbox, later):
    later(3)
    desk.send(**{Channel.EMAIL: lambda letter: Handed(outcome=Outcome.REFUSED, reason="no")})
    desk.cancel(course[2])
    messages.send_again(desk.db, desk.actor, desk.rows(course[0])[0].id)
    desk.send()

    assert len(days_of(mailbox.taken[0][1])) == 2
    assert desk.states(course[2]) == ["confirmation failed"]


def test_a_failed_letter_is_seen_to_once(desk, course, later):
    later(3)
    desk.send(**{Channel.EMAIL: lambda letter: Handed(outcome=Outcome.REFUSED, reason="no")})
    messages.note_seen(desk.db, desk.actor, desk.rows(course[2])[0].id)

    assert [desk.states(visit) for visit in course] == [["confirmation seen"]] * 3


def test_the_card_says_that_a_letter_told_of_other_dates(desk, course, later):
    from tests.messages.test_views import card

    later(3)
    desk.send()

    assert "in one letter with other dates of the course" in card(desk, course[0])
