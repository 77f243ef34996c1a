"""What is measured: pages, forms and checks of the product, each beside its floor."""

import datetime as dt
import itertools
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_plus

import sqlalchemy as sa

from clinic.core.access import Role
from clinic.core.engine import Sessions, make_engine
from clinic.safety import queries as safety_queries
from clinic.safety.rules.passage import passage
from clinic.safety.values import Moment, Outcome
from clinic.scheduling.models import Appointment
from clinic.scheduling.openings import FOUND
from clinic.scheduling.values import AppointmentStatus
from tests.bench import checks, floors, judge
from tests.bench.browsers import Answer, Browser, Form, InProcess, OverHttp, make_app, sign_in
from tests.bench.drafts import Draft
from tests.bench.measure import Operation
from tests.bench.people import People, Somebody
from tests.bench.sizes import DAYS_AHEAD, DAYS_FREE, NOW, PHYSICIANS, TODAY, Size
from tests.bench.staff import FIRST_PHYSICIAN, FIRST_ROOM, INJECTIONS, PRP

HOURS = range(8, 18, 2)
BOARD_URL = f"/board?date={TODAY.isoformat()}"
OPENING_URL = f"/openings?service_id={PRP}&part=afternoon"
"""Past the fortnight that is full, so that all of it is read."""
VISITS_SHOWN = 160
_FREE = dt.datetime(2085, 1, 1, tzinfo=dt.UTC)
"""Before the floor's own bookings, after everybody else's."""
_DIGITS = 4
MANY = 200


class Clinic:
    """One seeded database and the product over it, in this process."""

    def __init__(self, url: str, size: Size, data_dir: Path) -> None:
        self.url, self.size, self.data_dir = url, size, data_dir
        self.app = make_app(url, data_dir)
        self.sessions: Sessions = self.app.extensions["sessions"]
        self.engine = self.sessions.engine
        self.bookings = self._bookings()

    def in_process(self, role: Role) -> Browser:
        """Return somebody who calls the application directly."""
        return InProcess(self.app, sign_in(self.sessions, role))

    def over_http(self, port: int, role: Role) -> Browser:
        """Return somebody at a server of the same database."""
        return OverHttp(port, sign_in(self.sessions, role))

    def raw_engine(self) -> sa.Engine:
        """Return an engine of its own for a floor, with the same settings."""
        return make_engine(self.url)

    def _bookings(self) -> Iterator[Form]:
        """Yield bookings of a PRP that are free and that no check refuses, each once."""
        day = self._last_booked() + dt.timedelta(days=1)
        patients = itertools.cycle(self._bookable(day))
        for after in itertools.count():
            on = day + dt.timedelta(days=after)
            for hour, lane in itertools.product(HOURS, range(PHYSICIANS)):
                yield {
                    "patient_id": next(patients),
                    "service_id": PRP,
                    "date": on.isoformat(),
                    "start": f"{hour:02d}:00",
                    "practitioner_id": FIRST_PHYSICIAN + lane,
                    "room_id": FIRST_ROOM + lane,
                    "form_key": secrets.token_urlsafe(18),
                }

    def coming(self, count: int) -> list[int]:
        """Return the next treatments, in the order of their ids."""
        with self.sessions.read() as db:
            return list(
                db.scalars(
                    sa.select(Appointment.id)
                    .where(
                        Appointment.location_id == 1,
                        Appointment.starts_at > NOW,
                        Appointment.service_id == INJECTIONS,
                        Appointment.status == AppointmentStatus.BOOKED,
                    )
                    .order_by(Appointment.starts_at, Appointment.id)
                    .limit(count)
                )
            )

    def _last_booked(self) -> dt.date:
        """Return the last day that anything is booked on: measuring again goes on after it.

        Between the seeded fortnight and the first of these bookings some weeks stay free, so that
        the next opening is as far away in every run.
        """
        with self.sessions.read() as db:
            last = db.scalar(
                sa.select(sa.func.max(Appointment.starts_at)).where(
                    Appointment.location_id == 1, Appointment.starts_at < _FREE
                )
            )
        apart = TODAY + dt.timedelta(days=DAYS_AHEAD + DAYS_FREE)
        return max(apart, last.date()) if last else apart

    def _bookable(self, on: dt.date) -> list[int]:
        some = range(2, min(self.size.patients, 600), 2)
        with self.sessions.read() as db:
            ways = {
                patient_id: passage(
                    safety_queries.check(db, history, checks.plan_of_prp(history), on),
                    Moment.BOOKING,
                    Role.RECEPTIONIST,
                    today=TODAY,
                )
                for patient_id, history in safety_queries.histories(db, some).items()
            }
        found = [patient_id for patient_id, way in ways.items() if way.outcome is Outcome.GO]
        if len(found) < 50:
            raise RuntimeError("too few patients can be booked: seed again with --fresh")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Three people at their browsers."""

    reception: Browser
    nurse: Browser
    physician: Browser


def desk_of(clinic: Clinic) -> Desk:
    """Return three people who call the application directly."""
    return Desk(
        reception=clinic.in_process(Role.RECEPTIONIST),
        nurse=clinic.in_process(Role.NURSE),
        physician=clinic.in_process(Role.PHYSICIAN),
    )


def desk_at(clinic: Clinic, port: int) -> Desk:
    """Return three people at a server."""
    return Desk(
        reception=clinic.over_http(port, Role.RECEPTIONIST),
        nurse=clinic.over_http(port, Role.NURSE),
        physician=clinic.over_http(port, Role.PHYSICIAN),
    )


def shown(answer: Answer, *, least: int = 1, of: str = "</html>") -> Answer:
    """Return the answer; raises unless it is a page that holds something often enough."""
    if answer.status != 200 or answer.body.count(of) < least:
        raise RuntimeError(f"{answer.status}, {answer.body.count(of)} x {of!r}: {words(answer)}")
    return answer


def saved(answer: Answer) -> Answer:
    """Return the answer; raises unless it leads on after a write."""
    if answer.status not in {302, 303}:
        raise RuntimeError(f"{answer.status} instead of a redirect: {words(answer)}")
    return answer


def words(answer: Answer) -> str:
    """Return what the main part of a page says, for an error message."""
    main = answer.body.partition("<main")[2].partition("</main>")[0] or answer.body
    return " ".join(re.sub(r"<[^>]*>", " ", main).split())[:400]


def pages(clinic: Clinic, desk: Desk) -> dict[str, Callable[[], Answer]]:
    """Return one call of each page and form, by name."""
    searches = itertools.cycle(search_texts(clinic.size))
    draft = Draft(clinic.sessions)
    patients = itertools.cycle(range(3, min(clinic.size.patients, 400), 7))
    return {
        judge.EMPTY: lambda: shown(desk.reception.get(floors.EMPTY)),
        judge.BOARD: lambda: shown(
            desk.reception.get(BOARD_URL), least=VISITS_SHOWN, of="/appointments/"
        ),
        judge.SEARCH: lambda: shown(desk.reception.get(f"/patients?q={next(searches)}")),
        judge.PATIENT: lambda: shown(desk.physician.get(f"/patients/{next(patients)}")),
        judge.WORK_LIST: lambda: shown(desk.nurse.get("/follow-up"), of="/calls/new"),
        judge.OPENING: lambda: shown(desk.reception.get(OPENING_URL), least=FOUND, of="fill="),
        judge.BOOKING: lambda: saved(desk.reception.post("/appointments", next(clinic.bookings))),
        judge.SAVE: lambda: saved(desk.physician.post(f"/sessions/{draft.id}", draft.form())),
    }


def search_texts(size: Size) -> list[str]:
    """Return what people type: parts of names in both orders, a phone's last digits, a number."""
    found: list[str] = []
    some: list[Somebody] = list(itertools.islice(People(size).all(), 5, 200, 13))
    for one in some:
        family = one.family_name.split("-")[0]
        found += [
            family,
            f"{family[:4]} {one.given_name[:3]}",
            f"{one.given_name} {family}",
            one.phone[-_DIGITS - 2 :],
            one.file_number,
        ]
    return [quote_plus(text) for text in found]


def groups(clinic: Clinic, small: Clinic | None) -> dict[str, list[Operation]]:
    """Return what is measured in turn with its floor, in this process."""
    desk = desk_of(clinic)
    each = pages(clinic, desk)
    bare_engine = clinic.raw_engine()
    bare = floors.bare_app(bare_engine)
    numbers = floors.free_numbers(bare_engine)

    def page(name: str, calls: int = 20) -> Operation:
        return Operation(name=name, call=each[name], calls=calls, engine=clinic.engine)

    board = [
        Operation(name=judge.RAW_DAY, call=floors.raw_day(bare_engine), calls=40),
        Operation(name=judge.BARE_PAGE, call=floors.bare_day(bare)),
        page(judge.BOARD),
    ]
    if small is not None:
        of_small = pages(small, desk_of(small))[judge.BOARD]
        board.append(Operation(name=judge.BOARD_SMALL, call=of_small))
    return {
        "board": board,
        "pages": [
            page(judge.EMPTY),
            page(judge.SEARCH, calls=len(search_texts(clinic.size))),
            page(judge.PATIENT),
            page(judge.WORK_LIST),
            page(judge.OPENING),
        ],
        "writing": [
            Operation(name=judge.RAW_INSERT, call=floors.raw_insert(bare_engine, numbers)),
            Operation(name=judge.BARE_POST, call=floors.bare_post(bare, numbers)),
            page(judge.BOOKING),
            page(judge.SAVE),
        ],
        "screening": screening(clinic),
    }


def screening(clinic: Clinic) -> list[Operation]:
    """Return the check of one visit, of 200, of a chain's, and the nightly look at a fortnight's.

    All of them gather what is known and decide; the last two also compare with what was kept.
    """
    ids = clinic.coming(3 * MANY)
    batch = checks.any_treatments(clinic.sessions, clinic.size.batch)
    if len(batch) < clinic.size.batch:
        raise RuntimeError("too few treatments were seeded: seed again with --fresh")
    one = itertools.cycle(ids)
    return [
        Operation(
            name=judge.SCREEN_ONE,
            call=lambda: checks.screen_one(clinic.sessions, next(one)),
            engine=clinic.engine,
        ),
        Operation(
            name=judge.SCREEN_MANY,
            call=lambda: checks.screen_many(clinic.sessions, ids[::3]),
            calls=3,
            engine=clinic.engine,
        ),
        Operation(
            name=judge.SCREEN_BATCH,
            call=lambda: checks.screen_batch(clinic.sessions, batch),
            calls=1,
            engine=clinic.engine,
        ),
        Operation(
            name=judge.NIGHTLY,
            call=lambda: checks.nightly(clinic.sessions),
            calls=1,
            engine=clinic.engine,
        ),
    ]


def over_http(clinic: Clinic, port: int) -> list[Operation]:
    """Return the same pages and forms at a server."""
    calls: Mapping[str, Callable[[], Answer]] = pages(clinic, desk_at(clinic, port))
    return [Operation(name=judge.HTTP + name, call=call) for name, call in calls.items()]
