"""A real mail server gets each message once, in the patient's language, without the treatment."""

import datetime as dt
import logging
from email.message import EmailMessage

import pytest
import sqlalchemy as sa
from icalendar import Calendar

from clinic.audit.models import AuditEvent
from clinic.messages import sending
from clinic.messages import service as messages
from clinic.messages.models import Message
from clinic.messages.values import Handed, MailSecurity, MessageState, Outcome
from clinic.patients.values import Channel, PatientStatus
from tests.messages.conftest import PASSWORD, VISIT_AT, serving

UTC = dt.UTC


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return body.get_content()


def calendar_of(mail: EmailMessage):
    (attached,) = mail.iter_attachments()
    assert attached.get_content_type() == "text/calendar"
    assert attached.get_param("method") == "PUBLISH"
    calendar = Calendar.from_ical(attached.get_payload(decode=True))
    return next(iter(calendar.walk("VEVENT")))


def test_a_booking_is_confirmed_in_the_patients_language_with_an_ics(desk, mailbox, later):
    desk.agree()
    visit = desk.book()
    assert desk.send().sent == 0, "two minutes in which it may be taken back"

    later(3)
    assert desk.send().sent == 1
    assert desk.send().sent == 0

    ((to, mail),) = mailbox.taken
    assert to == ["alice@example.org"]
    assert (mail["From"], mail["To"]) == ("clinic@example.org", "alice@example.org")
    said = mail["Subject"] + text_of(mail)
    assert "Freitag, 27. November 2026" in said
    assert "14:00" in said
    assert "+49 30 1234567" in said
    assert "Clinic at the Park" in said
    whole = mail.as_string() + str(calendar_of(mail))
    for secret in ("Secret", "Meso", "Carol", "R 1", desk.patient.family_name):
        assert secret not in whole
    event = calendar_of(mail)
    assert event.start == VISIT_AT.replace(tzinfo=event.start.tzinfo)
    assert event.start.astimezone(UTC) == visit.starts_at
    assert desk.states(visit) == ["confirmation sent"]


@pytest.mark.parametrize(
    ("language", "word"), [("en", "Friday"), ("ar", "الجمعة"), ("tr", "Friday"), ("de", "Freitag")]
)
def test_who_speaks_another_language_reads_the_clinics_own(desk, mailbox, later, language, word):
    desk.patient.language = language
    desk.agree()
    desk.book()
    later(3)
    desk.send()

    assert word in text_of(mailbox.taken[0][1])


def test_a_move_is_told_with_the_same_uid_and_a_higher_sequence(desk, mailbox, later):
    desk.agree()
    visit = desk.book()
    later(3)
    desk.send()
    desk.move(visit, VISIT_AT + dt.timedelta(hours=1))
    later(3)
    desk.send()
    desk.cancel(visit)
    later(3)
    desk.send()

    first, second, third = (calendar_of(mail) for _, mail in mailbox.taken)
    assert first["UID"] == second["UID"] == third["UID"]
    assert first["SEQUENCE"] < second["SEQUENCE"] < third["SEQUENCE"]
    assert [str(one["STATUS"]) for one in (first, second, third)] == [
        "CONFIRMED",
        "CONFIRMED",
        "CANCELLED",
    ]
    assert "15:00" in text_of(mailbox.taken[1][1])
    assert desk.states(visit) == ["confirmation sent", "moved sent", "cancellation sent"]


def test_a_move_before_anything_left_makes_one_confirmation_of_the_new_time(desk, mailbox, later):
    desk.agree()
    visit = desk.book()
    later(1)
    desk.move(visit, VISIT_AT + dt.timedelta(days=3))
    later(1.5)
    assert desk.send().sent == 0
    later(1)
    assert desk.send().sent == 1

    assert "30. November" in text_of(mailbox.taken[0][1])


def test_a_cancelled_visit_is_not_confirmed_and_not_reminded_of(desk, later, mailbox):
    desk.agree()
    visit = desk.book()
    desk.cancel(visit)
    for _ in range(6):
        later(24 * 60)
        desk.send()

    assert mailbox.taken == []


def test_a_reminder_leaves_once_a_day_before(desk, mailbox, clock, later):
    desk.agree()
    visit = desk.book()
    later(3)
    desk.send()
    clock(visit.starts_at - dt.timedelta(hours=24, minutes=1))
    assert desk.send().sent == 0
    clock(visit.starts_at - dt.timedelta(hours=24))
    assert desk.send().sent == 1
    assert desk.send().sent == 0

    assert desk.states(visit) == ["confirmation sent", "reminder sent"]


def test_a_changed_address_gets_what_was_queued_for_the_old_one(desk, mailbox, later):
    desk.agree()
    desk.book()
    desk.patient.email = "new@example.org"
    later(3)
    desk.send()

    assert [to for to, _ in mailbox.taken] == [["new@example.org"]]


@pytest.mark.parametrize("what", ["withdrawn", "no address", "died", "not asked"])
def test_no_message_without_an_agreement_in_force(desk, mailbox, later, what):
    if what != "not asked":
        desk.agree()
    desk.book()
    if what == "withdrawn":
        desk.agree(Channel.NONE, version=1)
    if what == "no address":
        desk.patient.email = ""
    if what == "died":
        desk.patient.status = PatientStatus.DECEASED
    later(3)

    assert desk.send().sent == 0
    assert mailbox.taken == []


def test_a_refused_address_is_a_failed_message_with_its_reason(desk, mailbox, later):
    desk.agree()
    visit = desk.book()
    mailbox.to_recipient = "550 5.1.1 No such user here"
    later(3)
    assert desk.send().failed == 1

    (row,) = desk.rows(visit)
    assert row.state is MessageState.FAILED
    assert row.reason == "550 5.1.1 No such user here"
    later(600)
    assert desk.send().sent == 0, "nobody asked for it again"
    mailbox.to_recipient = ""
    messages.send_again(desk.db, desk.actor, row.id)
    desk.send()
    assert desk.states(visit) == ["confirmation sent"]


def test_an_address_that_smtp_cannot_write_has_failed(desk, mailbox, later):
    desk.patient.email = "bjørn@example.org"
    desk.agree()
    visit = desk.book()
    later(3)
    desk.send()

    assert desk.states(visit) == ["confirmation failed"]


def test_a_busy_server_is_tried_again_four_times_and_then_it_has_failed(desk, mailbox, later):
    desk.agree()
    visit = desk.book()
    mailbox.to_recipient = "451 4.3.0 Try again later"
    later(3)
    states = []
    for minutes in (0, 5, 15, 60, 240):
        later(minutes)
        desk.send()
        states.append(desk.rows(visit)[0].state.value)
        assert desk.send().by_id == {}, "not before its time"

    assert states == ["queued"] * 4 + ["failed"]
    assert desk.rows(visit)[0].reason == "451 4.3.0 Try again later"


def test_a_server_that_is_not_there_keeps_the_message_queued(desk, later):
    desk.agree()
    visit = desk.book()
    port, desk.settings.smtp_port = desk.settings.smtp_port, 1
    later(3)
    assert desk.send().later == 1
    desk.settings.smtp_port = port
    later(5)
    assert desk.send().sent == 1
    assert len(desk.rows(visit)) == 1


def test_what_waits_for_another_try_is_dropped_when_the_visit_moves(desk, mailbox, later):
    desk.agree()
    visit = desk.book()
    mailbox.to_recipient = "451 later"
    later(3)
    desk.send()
    desk.move(visit, VISIT_AT + dt.timedelta(hours=2))
    mailbox.to_recipient = ""
    later(10)
    assert desk.send().sent == 1

    assert desk.states(visit) == ["confirmation queued", "confirmation sent"]
    assert "16:00" in text_of(mailbox.taken[0][1])


def test_a_server_that_refuses_the_text_has_failed_it(desk, mailbox, later):
    desk.agree()
    visit = desk.book()
    mailbox.to_data = "554 5.7.1 Spam"
    later(3)
    desk.send()

    assert desk.states(visit) == ["confirmation failed"]


def test_the_login_is_used_over_tls_and_never_logged(desk, mailbox, later, caplog, tls):

    caplog.set_level(logging.DEBUG)
    desk.agree()
    visit = desk.book()
    later(3)
    options = {
        "authenticator": mailbox.authenticate,
        "auth_required": True,
        "tls_context": tls,
        "require_starttls": True,
    }
    with serving(mailbox, **options) as port:
        desk.settings.smtp_port, desk.settings.smtp_security = port, MailSecurity.STARTTLS
        desk.settings.smtp_login, desk.settings.smtp_host = "clinic", "localhost"
        assert desk.send(password="wrong").later == 1
        assert desk.rows(visit)[0].reason == "The mail server refused the login."
        later(5)
        assert desk.send(password=PASSWORD).sent == 1

    assert PASSWORD not in caplog.text
    assert "alice@example.org" not in [r.getMessage() for r in caplog.records if r.name == "clinic"]


def test_a_certificate_that_nobody_vouches_for_is_refused(desk, mailbox, later, tls_untrusted):
    desk.agree()
    visit = desk.book()
    later(3)
    with serving(mailbox, tls_context=tls_untrusted, require_starttls=True) as port:
        desk.settings.smtp_port, desk.settings.smtp_security = port, MailSecurity.STARTTLS
        assert desk.send().later == 1

    assert "certificate" in desk.rows(visit)[0].reason
    assert mailbox.taken == []


def test_who_dies_in_the_middle_leaves_uncertain_and_only_a_person_sends_again(
    desk, mailbox, later
):
    desk.agree()
    visit = desk.book()
    later(3)

    class Killed(BaseException):
        pass

    def dies(letter):
        raise Killed

    with pytest.raises(Killed):
        desk.send(**{Channel.EMAIL: dies})
    assert desk.states(visit) == ["confirmation sending"]
    assert sending.settle_broken(desk.db) == 0, "another sender may be at it"
    later(6)
    assert desk.send().by_id == {}
    assert sending.settle_broken(desk.db) == 1
    later(600)
    assert desk.send().by_id == {}
    assert desk.states(visit) == ["confirmation uncertain"]

    messages.send_again(desk.db, desk.actor, desk.rows(visit)[0].id)
    assert desk.send().sent == 1
    assert len(mailbox.taken) == 1


def test_a_slow_answer_after_all_heals_what_was_called_uncertain(desk, later):
    desk.agree()
    visit = desk.book()
    later(3)

    def slow(letter):
        later(6)
        sending.settle_broken(desk.db)
        return Handed(outcome=Outcome.TAKEN)

    desk.send(**{Channel.EMAIL: slow})
    assert desk.states(visit) == ["confirmation sent"]


def test_every_message_has_its_line_in_the_trail_without_an_address(desk, later):
    desk.agree()
    desk.book()
    later(3)
    desk.send()

    lines = desk.db.scalars(sa.select(AuditEvent).where(AuditEvent.entity == "message")).all()
    assert [line.action for line in lines] == ["message.sent"]
    assert "alice" not in str(lines[0].detail)


def test_sending_looks_with_two_statements_however_many_visits(desk, connection, later):
    from tests.counting import statements

    desk.agree()
    desk.book()
    with statements(connection) as few:
        desk.send()
    for day in range(1, 4):
        desk.book(VISIT_AT + dt.timedelta(days=7 * day))
    desk.db.flush()
    with statements(connection) as more:
        desk.send()

    assert len(few) == len(more)


def test_a_booking_costs_no_statement_more(desk, connection):
    from tests.counting import statements

    with statements(connection) as without:
        desk.book()
    desk.agree()
    with statements(connection) as agreed:
        desk.book(VISIT_AT + dt.timedelta(days=7))

    assert len(agreed) == len(without)
    assert desk.db.scalar(sa.select(sa.func.count()).select_from(Message)) == 0
