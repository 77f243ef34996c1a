"""A desk with a patient who agreed to e-mail, and a real mail server on loopback."""

import datetime as dt
import email
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from clinic.catalog.values import ResourceKind
from clinic.core import clock
from clinic.core.access import Role
from clinic.messages import carriers, sending, ways
from clinic.messages import service as messages
from clinic.messages.models import Message, MessageSettings
from clinic.messages.sending import Tally
from clinic.messages.values import MailSecurity, SetContact
from clinic.patients.values import Channel
from clinic.scheduling import moving
from clinic.scheduling import service as scheduling
from clinic.scheduling.models import Appointment
from clinic.scheduling.values import (
    BookAppointment,
    CancelAppointment,
    CancelReason,
    MoveAppointment,
)
from tests import factories
from tests.world import World

PASSWORD = "long and odd: 7%s"
VISIT_AT = dt.datetime(2026, 11, 27, 14, 0)
"""Friday, wall time."""


class Mailbox:
    """What the server took, and what it says to the next ones."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], EmailMessage]] = []
        self.to_recipient = self.to_data = ""
        self.began = threading.Event()
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.datas = 0

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - theirs
        if self.to_recipient:
            return self.to_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - theirs
        self.datas += 1
        self.began.set()
        import asyncio

        while not self.may_answer.is_set():
            await asyncio.sleep(0.01)
        if self.to_data:
            return self.to_data
        text = email.message_from_bytes(envelope.content, policy=policy.default)
        self.taken.append((list(envelope.rcpt_tos), text))
        return "250 OK"

    def authenticate(self, server, session, envelope, mechanism, given) -> AuthResult:
        assert isinstance(given, LoginPassword)
        return AuthResult(success=given.password == PASSWORD.encode(), handled=False)


class AnyPort(Controller):
    """A server at whatever port is free; the library would look for it at port 0."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def serving(mailbox: Mailbox, **options) -> Iterator[int]:
    controller = AnyPort(mailbox, hostname="127.0.0.1", port=0, **options)
    controller.start()
    try:
        yield controller.port
    finally:
        mailbox.may_answer.set()
        controller.stop()


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def server(mailbox: Mailbox) -> Iterator[int]:
    """The port of a mail server that asks for nothing."""
    with serving(mailbox) as port:
        yield port


class Desk:
    """A clinic that sends, with one patient and what a visit needs."""

    def __init__(self, world: World, port: int) -> None:
        self.world, self.db = world, world.db
        location = world.location
        location.name, location.address = "Clinic at the Park", "Parkweg 1\n10115 Berlin"
        self.patient = factories.a_patient(
            self.db, location=location, email="alice@example.org", language="de"
        )
        self.service = factories.a_service(
            self.db, modality=factories.Modality.MESOTHERAPY, name="Secret Mesotherapy"
        )
        self.person, self.room = (
            factories.a_resource(self.db, location=location, kind=kind, name=name)
            for kind, name in ((ResourceKind.PRACTITIONER, "Dr Carol"), (ResourceKind.ROOM, "R 1"))
        )
        self.settings = MessageSettings(
            location_id=location.id,
            smtp_host="127.0.0.1",
            smtp_port=port,
            smtp_security=MailSecurity.NONE,
            sender="clinic@example.org",
        )
        self.db.add(self.settings)
        self.db.flush()

    @property
    def actor(self):
        return self.world.actor(Role.RECEPTIONIST)

    def agree(self, channel: Channel = Channel.EMAIL, version: int = 0) -> None:
        wish = SetContact(patient_id=self.patient.id, version=version, channel=channel, agreed=True)
        messages.set_contact(self.db, self.actor, wish)

    def book(self, at: dt.datetime = VISIT_AT) -> Appointment:
        wish = BookAppointment(
            patient_id=self.patient.id,
            service_id=self.service.id,
            starts_local=at,
            practitioner_id=self.person.id,
            room_id=self.room.id,
        )
        made = scheduling.book(self.db, self.actor, wish)
        assert isinstance(made, Appointment)
        return made

    def move(self, visit: Appointment, to: dt.datetime) -> None:
        self.db.flush()
        wish = MoveAppointment(
            appointment_id=visit.id,
            version=visit.version,
            starts_local=to,
            practitioner_id=self.person.id,
            room_id=self.room.id,
        )
        assert isinstance(moving.move(self.db, self.actor, wish), Appointment)

    def cancel(self, visit: Appointment) -> None:
        self.db.flush()
        wish = CancelAppointment(
            appointment_id=visit.id, version=visit.version, reason=CancelReason.PATIENT_ASKED
        )
        scheduling.cancel(self.db, self.actor, wish)

    def send(self, **carried) -> Tally:
        """Run the sender in this test's transaction."""

        @contextmanager
        def same():
            self.db.flush()
            with self.db.begin_nested():
                yield self.db
            self.db.flush()

        self.db.flush()
        self.db.expire_all()  # A page may have written meanwhile.
        app = self.world.app
        row = self.settings
        found = {Channel.EMAIL: carriers.mail(row, carried.pop("password", "")), **carried}
        return sending.run(same, same, self.world.location, found, ways.catalogues_of(app))

    def rows(self, visit: Appointment) -> list[Message]:
        from clinic.messages import queries

        return queries.begun_of(self.db, visit.id)

    def states(self, visit: Appointment) -> list[str]:
        return [f"{row.kind.value} {row.state.value}" for row in self.rows(visit)]


@pytest.fixture
def desk(world: World, server: int, clock) -> Desk:
    return Desk(world, server)


@pytest.fixture
def later(clock):
    """Let so many minutes go by."""

    def pass_by(minutes: float) -> None:
        clock(clinic_now() + dt.timedelta(minutes=minutes))

    return pass_by


def clinic_now() -> dt.datetime:
    return clock.now()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ssl.SSLContext]:
    """A certificate for this machine, and a server's side of TLS with it."""
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    made += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*made, "-keyout", key, "-out", cert], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return str(cert), context


@pytest.fixture
def tls_untrusted(certificate) -> ssl.SSLContext:
    return certificate[1]


@pytest.fixture
def tls(certificate, monkeypatch) -> ssl.SSLContext:
    """The server's side of a certificate that this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", certificate[0])
    return certificate[1]
