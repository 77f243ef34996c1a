"""The card of a visit, what a patient agreed to, the settings, and what odd input meets."""

import datetime as dt
import re
import stat

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.messages import queries, vault, ways
from clinic.messages.models import MessageSettings
from clinic.messages.vault import Secret
from clinic.patients.models import ContactWish
from clinic.patients.values import Channel
from tests import factories
from tests.counting import statements
from tests.messages.conftest import PASSWORD, VISIT_AT

JUNK = ["", "\x00", "-1", "9" * 30, "NaN", "<script>", "é\u202e", "x" * 5000]


def text(response) -> str:
    return response.get_data(as_text=True)


def card(desk, visit) -> str:
    desk.db.flush()
    page = text(desk.world.as_role(Role.RECEPTIONIST).get(f"/appointments/{visit.id}"))
    return re.sub(r"\s+", " ", page.split('id="messages"')[1].split("</section>")[0])


@pytest.fixture
def reception(desk):
    return desk.world.as_role(Role.RECEPTIONIST)


@pytest.fixture
def admin(desk):
    return desk.world.as_role(Role.ADMINISTRATOR)


# ---- the card ----


def test_the_card_says_what_is_queued_and_from_when(desk):
    desk.agree()
    said = card(desk, desk.book())

    assert "E-mail, agreed on" in said
    assert said.count("Queued") == 2
    assert said.count("Do not send</button>") == 2
    assert "Send again" not in said


def test_the_card_says_why_nothing_is_queued(desk):
    visit = desk.book()
    assert "has not been asked about messages" in card(desk, visit)
    desk.agree()
    desk.patient.email = ""
    assert "no address on file" in card(desk, visit)
    desk.patient.email = "a@example.org"
    desk.settings.smtp_host = ""
    assert "The clinic sends no such messages" in card(desk, visit)
    desk.agree(Channel.NONE, version=1)
    assert "wants no messages" in card(desk, visit)


def test_what_is_queued_can_be_withheld(desk, reception, later, mailbox):
    desk.agree()
    visit = desk.book()
    url = f"/appointments/{visit.id}/messages/withhold"
    assert reception.post(url, {"kind": "confirmation"}).status_code == 303
    assert reception.post(url, {"kind": "confirmation"}).status_code == 303, "a second press"
    later(5)
    desk.send()

    assert mailbox.taken == []
    said = card(desk, visit)
    assert "Not to be sent" in said
    assert desk.states(visit) == ["confirmation withheld"]


def test_a_failed_message_is_sent_again_or_seen_to_by_a_person(desk, reception, mailbox, later):
    desk.agree()
    visit = desk.book()
    mailbox.to_recipient = "550 No such <user>"
    later(3)
    desk.send()
    said = card(desk, visit)
    assert "550 No such &lt;user&gt;" in said
    assert "alice@example.org" in said
    assert "Send again</button>" in said
    (row,) = desk.rows(visit)

    base = f"/appointments/{visit.id}/messages/{row.id}"
    assert reception.post(f"{base}/answer").status_code == 303
    assert desk.states(visit) == ["confirmation failed"], "nothing left that could be answered"
    assert reception.post(f"{base}/again").location.endswith("#messages")
    assert "Queued" in card(desk, visit)
    mailbox.to_recipient = ""
    desk.send()
    assert reception.post(f"{base}/again").status_code == 303
    assert desk.states(visit) == ["confirmation sent"], "what was sent is not sent again"
    assert reception.post(f"{base}/answer").status_code == 303
    assert "Answered" in card(desk, visit)


def test_what_a_patient_answers_is_noted_on_the_visit(desk, reception, mailbox, later):
    desk.agree()
    visit = desk.book()
    later(3)
    desk.send()
    (row,) = desk.rows(visit)
    base = f"/appointments/{visit.id}/messages/{row.id}"
    assert reception.post(f"{base}/answer", {"answer": "perhaps"}).status_code == 303
    assert desk.states(visit) == ["confirmation sent"]
    assert reception.post(f"{base}/answer", {"answer": "confirmed"}).status_code == 303

    assert desk.states(visit) == ["confirmation answered"]
    desk.db.refresh(visit)
    assert visit.confirmation == "confirmed"
    assert "noted that the patient confirmed" in reception.get(
        f"/appointments/{visit.id}"
    ).get_data(as_text=True)


def test_what_is_seen_to_is_settled(desk, reception, mailbox, later):
    desk.agree()
    visit = desk.book()
    mailbox.to_recipient = "550 no"
    later(3)
    desk.send()
    (row,) = desk.rows(visit)
    reception.post(f"/appointments/{visit.id}/messages/{row.id}/seen")

    said = card(desk, visit)
    assert "Failed, seen to" in said
    assert "Send again" not in said


def test_a_failed_message_is_not_sent_again_once_the_visit_moved(desk, reception, mailbox, later):
    desk.agree()
    visit = desk.book()
    mailbox.to_recipient = "550 no"
    later(3)
    desk.send()
    (row,) = desk.rows(visit)
    desk.move(visit, VISIT_AT + dt.timedelta(hours=1))

    assert "Send again" not in card(desk, visit)
    reception.post(f"/appointments/{visit.id}/messages/{row.id}/again")
    assert desk.states(visit) == ["confirmation failed"]


def test_messages_of_another_visit_or_place_are_not_found(desk, reception, mailbox, later):
    desk.agree()
    visit, other = desk.book(), desk.book(VISIT_AT + dt.timedelta(days=7))
    later(3)
    desk.send()
    (row,) = desk.rows(visit)
    for act in ("again", "answer", "seen"):
        for url in (
            f"/appointments/{other.id}/messages/{row.id}/{act}",
            f"/appointments/{visit.id}/messages/{2**31 - 1}/{act}",
        ):
            assert reception.post(url).status_code == 404
    visit.location_id = factories.a_location(desk.db).id
    desk.db.flush()
    assert reception.post(f"/appointments/{visit.id}/messages/{row.id}/again").status_code == 404


def test_the_card_costs_three_statements_and_the_board_none(desk, connection):
    from clinic.messages import card as cards

    desk.agree()
    visit, who = desk.book(), desk.actor
    desk.db.flush()
    desk.db.expunge(desk.settings)
    with statements(connection) as seen:
        cards.card(desk.db, who, visit.id)
    assert len(seen) <= 3
    with statements(connection) as board:
        desk.world.as_role(Role.RECEPTIONIST).get("/board?date=2026-11-27")
    assert not any("message" in one or "contact_wish" in one for one in board)


# ---- the agreement ----


def test_an_agreement_is_noted_with_its_day_and_who(desk, reception):
    url = f"/patients/{desk.patient.id}/messages"
    assert "has agreed" in text(reception.get(url))
    answer = reception.post(url, {"version": "0", "channel": "email", "agreed": "y"})
    assert answer.status_code == 303

    row = desk.db.scalars(sa.select(ContactWish)).one()
    assert (row.channel, row.agreed_on) == (Channel.EMAIL, dt.date(2026, 11, 23))
    assert row.noted_by_id == desk.world.accounts[Role.RECEPTIONIST].id
    last = desk.db.scalars(
        sa.select(AuditEvent).where(AuditEvent.action == "contact_wish.noted")
    ).all()
    assert [line.patient_id for line in last] == [desk.patient.id]


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"version": "0", "channel": "email"}, 422),
        ({"version": "0", "channel": "letter", "agreed": "y"}, 422),
        ({"version": "5", "channel": "none"}, 409),
        ({}, 422),
        *[({"version": junk, "channel": junk, "agreed": junk}, 422) for junk in JUNK],
    ],
)
def test_an_odd_agreement_is_refused_in_words(desk, reception, form, status):
    answer = reception.post(f"/patients/{desk.patient.id}/messages", form)

    assert answer.status_code == status
    assert desk.db.scalar(sa.select(sa.func.count()).select_from(ContactWish)) == 0


@pytest.mark.parametrize(("channel", "field"), [("email", "email"), ("sms", "phone")])
def test_a_way_without_an_address_is_refused(desk, reception, channel, field):
    setattr(desk.patient, field, "")
    desk.db.flush()
    form = {"version": "0", "channel": channel, "agreed": "y"}

    assert reception.post(f"/patients/{desk.patient.id}/messages", form).status_code == 422


# ---- the settings ----


def settings(desk, **changes) -> dict[str, str]:
    fields = {
        "version": desk.settings.version,
        "smtp_host": "127.0.0.1",
        "smtp_port": desk.settings.smtp_port,
        "smtp_security": "none",
        "smtp_login": "",
        "sender": "clinic@example.org",
        "sms_way": "off",
        "sms_url": "",
        "sms_sender": "",
        "reminder_hours": "48",
        "quiet_from": "21:00",
        "quiet_until": "07:00",
        **changes,
    }
    return {name: str(value) for name, value in fields.items()}


@pytest.fixture
def no_files(desk):
    yield
    for which in Secret:
        vault.keep(ways.config_of(desk.world.app), which, desk.world.location.id, "")


def test_the_settings_are_saved_and_the_password_lies_in_a_file(desk, admin, no_files):
    answer = admin.post("/clinic/messages", settings(desk, smtp_password=PASSWORD))
    assert answer.status_code == 303

    config = ways.config_of(desk.world.app)
    path = config.data_dir / f"smtp_password-{desk.world.location.id}.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert vault.read(config, Secret.SMTP, desk.world.location.id) == PASSWORD
    desk.db.expire_all()
    row = queries.settings(desk.db, desk.world.location.id)
    assert (row.reminder_hours, row.quiet_from) == (48, dt.time(21))
    page = text(admin.get("/clinic/messages"))
    assert PASSWORD not in page
    assert "One is kept" in page
    for table in (MessageSettings, AuditEvent):
        kept = desk.db.execute(sa.select(*table.__table__.columns)).all()
        assert PASSWORD not in str(kept)

    again = settings(desk, version=row.version, reminder_hours=24)
    assert admin.post("/clinic/messages", again).status_code == 303
    assert path.exists(), "an empty field leaves it"
    desk.db.expire_all()
    again = settings(desk, version=queries.settings(desk.db, row.location_id).version)
    admin.post("/clinic/messages", {**again, "forget_smtp": "y"})
    assert not path.exists()


def test_a_file_that_others_can_read_is_not_used(desk, no_files):
    from config import BadSetting

    config = ways.config_of(desk.world.app)
    vault.keep(config, Secret.SMTP, desk.world.location.id, PASSWORD)
    path = config.data_dir / f"smtp_password-{desk.world.location.id}.key"
    path.chmod(0o644)

    with pytest.raises(BadSetting, match="chmod 600"):
        vault.read(config, Secret.SMTP, desk.world.location.id)
    assert PASSWORD not in repr(config)


@pytest.mark.parametrize(
    "changes",
    [
        {"smtp_host": "mail example"},
        {"smtp_host": "mail\r\nRCPT TO:<x@y>"},
        {"smtp_port": "0"},
        {"smtp_port": "65536"},
        {"smtp_security": "ssl3"},
        {"sender": "no address"},
        {"sender": ""},
        {"sms_way": "http"},
        {"sms_way": "http", "sms_url": "http://sms.example.org/"},
        {"sms_way": "http", "sms_url": "https://u:p@sms.example.org/"},
        {"sms_sender": "a;b"},
        {"reminder_hours": "337"},
        {"quiet_from": "25:00"},
        {"smtp_password": "two\nlines"},
        {"sms_token": "x" * 401},
        *[dict.fromkeys(("version", "smtp_port", "quiet_from"), junk) for junk in JUNK],
    ],
)
def test_settings_that_cannot_be_are_refused_at_their_field(desk, admin, changes):
    answer = admin.post("/clinic/messages", settings(desk, **changes))

    assert answer.status_code == 422
    assert "form-errors" in text(answer)
    assert PASSWORD not in text(answer)


def test_two_administrators_do_not_overwrite_each_other(desk, admin):
    old = settings(desk)
    assert admin.post("/clinic/messages", settings(desk, reminder_hours=12)).status_code == 303

    assert admin.post("/clinic/messages", old).status_code == 409


def test_the_first_settings_of_a_place_can_be_saved(desk, admin):
    form = settings(desk, version=0)
    desk.db.delete(desk.settings)
    desk.db.flush()
    assert admin.get("/clinic/messages").status_code == 200

    assert admin.post("/clinic/messages", form).status_code == 303


def test_a_test_message_reaches_the_administrator(desk, admin, mailbox):
    answer = admin.post("/clinic/messages/trial", {"email": "admin@example.org"})

    assert answer.status_code == 303
    ((to, mail),) = mailbox.taken
    assert to == ["admin@example.org"]
    assert "Clinic at the Park" in mail["Subject"]


@pytest.mark.parametrize(
    "form",
    [{}, {"email": "nobody"}, {"email": "a@example.org", "phone": "030 1234567"}]
    + [{"phone": "030 1234567"}]
    + [{"email": junk, "phone": junk} for junk in JUNK],
)
def test_a_test_message_to_nowhere_is_refused(desk, admin, mailbox, form):
    assert admin.post("/clinic/messages/trial", form).status_code == 422
    assert mailbox.taken == []


def test_a_test_message_that_is_not_taken_says_why(desk, admin, mailbox):
    mailbox.to_recipient = "550 5.7.1 Relaying denied"
    answer = admin.post("/clinic/messages/trial", {"email": "admin@example.org"})

    assert answer.status_code == 422
    assert "550 5.7.1 Relaying denied" in text(answer)
