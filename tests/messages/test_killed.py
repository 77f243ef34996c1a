"""kill -9 in the middle of a message, and two senders at once: nothing is sent twice."""

import datetime as dt
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from clinic.audit.service import chain_key
from clinic.catalog.values import Modality, ResourceKind
from clinic.core import clock as clinic_clock
from clinic.core.access import Role
from clinic.core.engine import Sessions, make_engine
from clinic.messages import carriers, queries, sending
from clinic.messages.models import Message, MessageSettings
from clinic.messages.values import MailSecurity, MessageState
from clinic.patients.models import ContactWish
from clinic.patients.values import Channel
from tests import factories, postgres
from tests.conftest import SECRET, lay_tables

ROOT = Path(__file__).parents[2]
UTC = dt.UTC


@pytest.fixture(params=["sqlite", "postgresql"])
def real(request, tmp_path, clock):
    """A clinic with one confirmation due, in a database of its own, now."""
    clock(dt.datetime.now(UTC))
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'clinic.sqlite3'}"
    else:
        url = postgres.fresh_database(request.getfixturevalue("postgres_url"), "anagen_killed")
    engine = make_engine(url)
    lay_tables(engine)
    yield url, Sessions(engine, info={"audit_key": chain_key(SECRET)})
    engine.dispose()


def a_due_message(sessions: Sessions, port: int) -> int:
    with sessions.write() as db, db.begin():
        location = factories.a_location(db)
        account = factories.an_account(db, location=location, role=Role.ADMINISTRATOR)
        patient = factories.a_patient(db, location=location, email="alice@example.org")
        person, room = (
            factories.a_resource(db, location=location, kind=kind)
            for kind in (ResourceKind.PRACTITIONER, ResourceKind.ROOM)
        )
        in_a_week = (clinic_clock.now() + dt.timedelta(days=7)).replace(tzinfo=None)
        visit = factories.an_appointment(
            db,
            location=location,
            patient=patient,
            service=factories.a_service(db, modality=Modality.MESOTHERAPY),
            practitioner=person,
            room=room,
            starts_local=in_a_week.replace(hour=10, minute=0, second=0, microsecond=0),
            created_at=clinic_clock.now() - dt.timedelta(minutes=10),
        )
        now = clinic_clock.now()
        db.add(
            ContactWish(
                patient_id=patient.id,
                noted_by_id=account.id,
                channel=Channel.EMAIL,
                agreed_on=now.date(),
                noted_at=now,
            )
        )
        db.add(
            MessageSettings(
                location_id=location.id,
                smtp_host="127.0.0.1",
                smtp_port=port,
                smtp_security=MailSecurity.NONE,
                sender="clinic@example.org",
                quiet_from=dt.time(),
                quiet_until=dt.time(),
            )
        )
        return visit.id


def command(url: str, tmp_path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "messages", "send"],
        cwd=ROOT,
        env={
            **os.environ,
            "CLINIC_DATA_DIR": str(tmp_path / "data"),
            "DATABASE_URL": url,
            "SECRET_KEY": SECRET,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def states(sessions: Sessions) -> list[MessageState]:
    with sessions.read() as db:
        return list(db.scalars(sa.select(Message.state).order_by(Message.id)))


def test_a_sender_that_is_killed_leaves_uncertain_and_nothing_is_sent_twice(
    real, server, mailbox, tmp_path, clock
):
    url, sessions = real
    a_due_message(sessions, server)
    mailbox.may_answer.clear()
    first = command(url, tmp_path)
    assert mailbox.began.wait(60), first.communicate()[0]
    assert states(sessions) == [MessageState.SENDING], "committed before the server was spoken to"
    first.send_signal(signal.SIGKILL)
    first.wait(30)

    second = command(url, tmp_path)
    said, _ = second.communicate(timeout=60)
    assert second.returncode == 0, said
    assert said.startswith("Sent 0, failed 0")
    mailbox.may_answer.set()
    assert mailbox.datas == 1

    clock(clinic_clock.now() + dt.timedelta(minutes=6))
    with sessions.write() as db, db.begin():
        assert sending.settle_broken(db) == 1
    assert states(sessions) == [MessageState.UNCERTAIN]


def test_the_command_sends_what_is_due_and_says_how_much(real, server, mailbox, tmp_path):
    url, sessions = real
    a_due_message(sessions, server)
    said = [command(url, tmp_path).communicate(timeout=60)[0] for _ in range(2)]

    assert said == [
        "Sent 1, failed 0, to be tried again 0, not certain 0.\n",
        "Sent 0, failed 0, to be tried again 0, not certain 0.\n",
    ]
    assert len(mailbox.taken) == 1
    assert states(sessions) == [MessageState.SENT]


def test_eight_senders_at_once_send_one_message(real, server, mailbox, tmp_path, app):
    from clinic.messages import ways

    _, sessions = real
    visit_id = a_due_message(sessions, server)
    with sessions.read() as db:
        (place,) = queries.places(db)
        row = queries.settings(db, place.id)
    barrier, tallies, errors = threading.Barrier(8), [], []

    def sender() -> None:
        with sessions.read() as db:
            terms = queries.terms_of(queries.settings(db, place.id), place.zone)
            due = queries.due(db, place.id, terms, clinic_clock.now())
        assert due == [visit_id]
        barrier.wait()
        try:
            found = sending.run(
                sessions.read,
                sessions.write.begin,
                place,
                {Channel.EMAIL: carriers.mail(row, "")},
                ways.catalogues_of(app),
            )
            tallies.append(found.sent)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=sender) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert sum(tallies) == 1
    assert len(mailbox.taken) == 1
    assert states(sessions) == [MessageState.SENT]
