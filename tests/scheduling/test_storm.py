"""Fifty clients book, move and cancel at random; afterwards every pair of holdings is compared.

Four physicians, three rooms, one centrifuge, two nurses, thirty patients: a crowded day, so that
most wishes meet something. They come over HTTP, as to the clinic's own server. The minute is the
slow one; some seconds of it are in every run.
"""

import dataclasses
import datetime as dt
import html
import http.client
import itertools
import random
import re
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest
import sqlalchemy as sa

from clinic import serving
from clinic.app import create_app
from clinic.catalog.models import ServiceSegment
from clinic.catalog.values import Modality, ResourceKind
from clinic.core.access import Role
from clinic.scheduling.models import Appointment, Occupancy
from clinic.scheduling.values import AppointmentStatus, CancelReason
from tests import factories
from tests.scheduling.test_race import real
from tests.world import Visitor, World

__all__ = ["real"]
CLIENTS, PATIENTS = 50, 30
DAY = dt.date(2026, 11, 24)
STARTS = [f"{hour:02d}:{minute:02d}" for hour in range(8, 17) for minute in (0, 10, 15, 30, 45)]
CAUSES = re.compile(
    r"is taken until \d\d:\d\d|has another visit from \d\d:\d\d|No (?:room|nurse|device) is free|"
    r"Somebody has just taken|in the meantime|The check refuses"
)
BUSY = "The server is busy or cannot reach its data"
MOST_BUSY = 20
"""One answer in so many may be this: SQLite lets one write at a time, and on a slow machine one of
fifty waits for longer than five seconds. What was answered so must not have been written."""
ROLES = (Role.RECEPTIONIST, Role.NURSE, Role.PHYSICIAN)


class Answer(NamedTuple):
    status_code: int
    location: str
    text: str


class Browser:
    """A client with a connection of its own and the cookie of somebody who is signed in."""

    def __init__(self, port: int, visitor: Visitor) -> None:
        self.wire = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.csrf = visitor.token()
        self.cookie = visitor.client.get_cookie("sid").value

    def get(self, url: str) -> Answer:
        return self._ask("GET", url, None)

    def post(self, url: str, data: dict[str, str]) -> Answer:
        return self._ask("POST", url, urllib.parse.urlencode({"csrf_token": self.csrf, **data}))

    def _ask(self, method: str, url: str, body: str | None) -> Answer:
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        self.wire.request(method, url, body, {"Cookie": f"sid={self.cookie}", **kind})
        answer = self.wire.getresponse()
        text = answer.read().decode()
        return Answer(answer.status, answer.headers.get("Location", ""), text)


@contextmanager
def served(app, config) -> Iterator[int]:
    """Serve the application as the clinic does while the block runs; yields the port."""
    server = serving.bind(app, dataclasses.replace(config, port=0))
    threading.Thread(target=server.run, daemon=True).start()
    yield server.effective_port
    server.task_dispatcher.shutdown()
    server.close()


@dataclasses.dataclass
class Clinic:
    """What the storm blows through."""

    world: World
    services: list[int]
    physicians: list[int]
    rooms: list[int]
    patients: list[int]
    browsers: list[Visitor]
    port: int = 0
    answers: Counter = dataclasses.field(default_factory=Counter)
    odd: list[str] = dataclasses.field(default_factory=list)
    booked: dict[int, str] = dataclasses.field(default_factory=dict)
    """{visit: "booked" or "cancelled"} as its own client was last told."""


def a_clinic(app, db) -> Clinic:
    world = World(app, db)

    def made(kind: ResourceKind, count: int) -> list[int]:
        return [
            factories.a_resource(db, location=world.location, kind=kind).id for _ in range(count)
        ]

    prp = factories.a_service(db, modality=Modality.PRP, duration_min=65)
    parts = (
        (ResourceKind.ROOM, "", 0, 65),
        (ResourceKind.NURSE, "", 0, 10),
        (ResourceKind.DEVICE, "centrifuge", 10, 20),
        (ResourceKind.PRACTITIONER, "", 30, 25),
    )
    prp.segments.clear()
    db.flush()
    prp.segments.extend(
        ServiceSegment(seq=n, kind=kind, device_type=device, offset_min=begins, length_min=length)
        for n, (kind, device, begins, length) in enumerate(parts, 1)
    )
    talk = factories.a_service(db, modality=Modality.CONSULTATION)
    db.flush()
    physicians, rooms = made(ResourceKind.PRACTITIONER, 4), made(ResourceKind.ROOM, 3)
    made(ResourceKind.DEVICE, 1)
    made(ResourceKind.NURSE, 2)
    return Clinic(
        world=world,
        services=[prp.id, talk.id, talk.id],
        physicians=physicians,
        rooms=rooms,
        patients=[
            factories.a_patient(db, location=world.location).id for _ in range(PATIENTS)
        ],
        browsers=[world.as_role(ROLES[n % len(ROLES)]) for n in range(CLIENTS)],
    )  # fmt: skip


def blow(clinic: Clinic, seconds: float) -> None:
    """Let every client act at random until the time is over."""
    until = time.monotonic() + seconds
    barrier = threading.Barrier(CLIENTS)

    def client(number: int) -> None:
        dice, browser = random.Random(number), Browser(clinic.port, clinic.browsers[number])
        own: dict[int, str] = {}
        barrier.wait()
        while time.monotonic() < until:
            try:
                act(clinic, browser, own, dice)
            except Exception as error:
                clinic.odd.append(repr(error))
                return
        clinic.booked.update(own)

    threads = [threading.Thread(target=client, args=(n,)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def act(clinic: Clinic, browser: Browser, own: dict[int, str], dice: random.Random) -> None:
    place = {
        "date": DAY.isoformat(),
        "start": dice.choice(STARTS),
        "practitioner_id": str(dice.choice(clinic.physicians)),
        "room_id": str(dice.choice([*clinic.rooms, ""])),
    }
    mine = [id_ for id_, state in own.items() if state == "booked"]
    what = dice.choices(("book", "move", "cancel"), (5, 3, 2))[0] if mine else "book"
    if what == "book":
        wish = {
            **place,
            "patient_id": str(dice.choice(clinic.patients)),
            "service_id": str(dice.choice(clinic.services)),
        }
        if dice.random() < 0.1:
            wish["overbook_reason"] = "A storm must be weathered"
        answer = browser.post("/appointments", wish)
        if answer.status_code == 303:
            own[int(answer.location.rsplit("/", 1)[1])] = "booked"
    else:
        visit = dice.choice(mine)
        page = browser.get(f"/appointments/{visit}/edit").text
        version = re.search(r'name="version"[^>]*value="(\d+)"', page)[1]
        if what == "move":
            answer = browser.post(f"/appointments/{visit}/move", {**place, "version": version})
        else:
            answer = browser.post(
                f"/appointments/{visit}/cancellation",
                {"version": version, "reason": CancelReason.PATIENT_ASKED.value},
            )
            if answer.status_code == 303:
                own[visit] = "cancelled"
    clinic.answers[what, answer.status_code] += 1
    judge(clinic, what, answer)


def judge(clinic: Clinic, what: str, answer) -> None:
    """Note whatever is neither done nor refused with its cause."""
    status = answer.status_code
    if status == 303 or (status == 403 and what == "book"):  # a desk may not overbook
        return
    text = html.unescape(answer.text).replace("\u2068", "").replace("\u2069", "")
    if status == 503 and BUSY in text:
        return
    if status != 409 or not CAUSES.search(text):
        clinic.odd.append(f"{what}: {status} {re.sub('<[^>]*>', ' ', text)[:2000]}")


def overlaps(sessions) -> list[tuple[Occupancy, Occupancy]]:
    """Compare every pair, without the database's help; lanes beside count as overbooked."""
    with sessions.read() as db:
        rows = db.scalars(sa.select(Occupancy).where(Occupancy.is_active)).all()
        found = [
            (one, other)
            for one, other in itertools.combinations(rows, 2)
            if one.resource_id == other.resource_id
            and one.starts_at < other.ends_at
            and other.starts_at < one.ends_at
        ]
        over = {
            id_ for id_, why in db.execute(sa.select(Appointment.id, Appointment.overbook_reason))
            if why
        }  # fmt: skip
        return [
            pair
            for pair in found
            if pair[0].lane == pair[1].lane
            or not any(row.lane > 100 and row.appointment_id in over for row in pair)
        ]


def patients_twice(sessions) -> int:
    with sessions.read() as db:
        rows = db.scalars(sa.select(Appointment).where(Appointment.occupies)).all()
        return sum(
            one.patient_id == other.patient_id
            and one.starts_at < other.ends_at
            and other.starts_at < one.ends_at
            for one, other in itertools.combinations(rows, 2)
        )


def weather(sessions, config, seconds: float) -> Clinic:
    app = create_app(config, sessions=sessions, testing=True)
    with sessions.write() as db, db.begin():
        clinic = a_clinic(app, db)
    for browser in clinic.browsers:
        browser.token()

    with served(app, config) as clinic.port:
        blow(clinic, seconds)

    assert clinic.odd[:3] == []
    busy = sum(n for (_what, status), n in clinic.answers.items() if status == 503)
    assert busy * MOST_BUSY <= clinic.answers.total()
    assert overlaps(sessions) == []
    assert patients_twice(sessions) == 0
    with sessions.read() as db:
        visits = db.execute(sa.select(Appointment.id, Appointment.status))
        kept = {row.id: row.status for row in visits}
        holding = set(
            db.scalars(sa.select(Occupancy.appointment_id).where(Occupancy.is_active).distinct())
        )
    told = {id_: AppointmentStatus(state) for id_, state in clinic.booked.items()}
    assert kept == told, "a booking was lost, or one was made that nobody was told of"
    assert holding == {id_ for id_, state in told.items() if state is AppointmentStatus.BOOKED}
    return clinic


def test_some_seconds_of_fifty_clients_leave_no_overlap_and_lose_nothing(real, config):
    clinic = weather(real, config, 8)

    assert clinic.answers["book", 303] > 5
    assert clinic.answers["book", 409] > 5


@pytest.mark.slow
def test_a_minute_of_fifty_clients_leaves_no_overlap_and_loses_nothing(real, config):
    clinic = weather(real, config, 60)

    assert clinic.answers["book", 303] > 20
    assert clinic.answers["move", 303] > 5
    assert clinic.answers["cancel", 303] > 5
    assert sum(n for (_what, status), n in clinic.answers.items() if status == 409) > 50
