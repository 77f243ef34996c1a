"""A reproducible clinic of a chosen size, written past the application."""

import datetime as dt
import random
import uuid
from collections.abc import Iterator

import click
import sqlalchemy as sa

from clinic.core import folding, walltime
from clinic.core.zones import Zone
from tests.bench.load import Loader, Row
from tests.bench.sizes import FACTS, PER_DAY, PHYSICIANS, SITES, Size

BERLIN = "Europe/Berlin"
GIVEN = (
    "Amira Anna Bilal Carla Dario Elif Emil Farid Greta Hana Ibrahim Ines Jonas Karim Lena Leyla Marta"
    " Milan Nadia Noor Oliver Omar Paul Rania Samir Sara Sofia Thomas Viktor Yusuf Zoe María Jürgen"
).split()
FAMILY = (
    "Aziz Berger Brandt Brunner Demir Duarte Farouk Grant Haddad Hartmann Huber Keller Lang Lindner"
    " Mansour Müller Nasser Neumann Nilsson Okoye Olsen Rahimi Rossi Salem Schäfer Stein Vogt Weber"
    " Weiss Yılmaz Öztürk García Novák Kowalski"
).split()
ZONES = (Zone.FRONTAL_HAIRLINE, Zone.MIDSCALP, Zone.VERTEX)


class Seed:
    """All rows of one clinic; the same size and day give the same rows."""

    def __init__(self, size: Size, *, today: dt.date) -> None:
        self.size, self.today = size, today
        per_day = PHYSICIANS * PER_DAY
        self.days = -(-size.appointments // per_day)
        self.first_day = today - dt.timedelta(days=self.days - 15)
        self.now = dt.datetime.combine(today, dt.time(9), dt.UTC)

    # ---- people ----
    def patients(self) -> Iterator[Row]:
        dice = random.Random(1)
        for n in range(1, self.size.patients + 1):
            given, family = dice.choice(GIVEN), f"{dice.choice(FAMILY)}{_suffix(n)}"
            born = dt.date(1945, 1, 1) + dt.timedelta(days=dice.randrange(22_000))
            yield (
                n, 1, str(uuid.UUID(int=n)), f"B-{n:06d}", family, given, dice.choice(("female", "male")),
                born, f"+4930{n:07d}", "", "", "en", "", "active",
                folding.search_text(given, family), self.now, 1,
            )

    def search_keys(self) -> list[Row]:
        rows: list[Row] = []
        for patient in self.patients():
            keys = folding.search_keys(
                names=(patient[5], patient[4]), phone=patient[8], file_number=patient[3]
            )
            rows += [(kind, key, patient[0]) for kind, key in sorted(keys)]
        return sorted(rows)

    def facts(self) -> Iterator[Row]:
        dice = random.Random(2)
        n = 0
        for patient in range(1, self.size.patients + 1):
            for code, value, unit in (
                ("platelets", dice.randrange(140_000, 400_000), "10*9/L"),
                ("haemoglobin", dice.randrange(11_000, 17_000), "g/dL"),
            ):
                n += 1
                yield _fact(n, patient, "lab", code, self.today - dt.timedelta(days=dice.randrange(120)),
                            value, unit, self.now)
            for zone in ZONES:
                n += 1
                yield (n, patient, "hair", "hair", "present", "", zone.value, None, None,
                       self.today - dt.timedelta(days=30), None, None, "", "physician", self.now, "")
            n += 1
            drug = dice.choice(("nsaid", "antiplatelet", "anticoagulant", "other_medicine"))
            ended = None if dice.random() < 0.2 else self.today - dt.timedelta(days=dice.randrange(90))
            yield (n, patient, "medication", drug, "present", drug, None,
                   self.today - dt.timedelta(days=200), ended, self.today - dt.timedelta(days=60),
                   None, None, "", "staff", self.now, "")

    # ---- visits ----
    def slots(self) -> Iterator[tuple[int, dt.datetime, int, int]]:
        """Yield (number, start, physician, patient) of every visit, oldest first."""
        n = 0
        for day in range(self.days):
            start = walltime.to_utc_forward(
                dt.datetime.combine(self.first_day + dt.timedelta(days=day), dt.time(8)), BERLIN
            )
            for slot in range(PER_DAY):
                for physician in range(PHYSICIANS):
                    n += 1
                    if n > self.size.appointments:
                        return
                    yield n, start + dt.timedelta(minutes=15 * slot), physician, n % self.size.patients + 1

    def appointments(self) -> Iterator[Row]:
        for n, start, physician, patient in self.slots():
            is_past = start < self.now
            local = walltime.to_local(start, BERLIN)
            yield (
                n, 1, patient, 1, 1 + physician, 11 + physician, start, start + dt.timedelta(minutes=15),
                local, BERLIN, "done" if is_past else "booked", True, "scheduled", "", "", "",
                None if is_past else "allow", False, 0, self.now, 1,
            )

    def occupancies(self) -> Iterator[Row]:
        n = 0
        for number, start, physician, _ in self.slots():
            for resource, seq in ((11 + physician, 1), (1 + physician, 2)):
                n += 1
                yield n, number, resource, seq, 1, start, start + dt.timedelta(minutes=15), True

    # ---- sessions ----
    def screenings(self) -> Iterator[Row]:
        for n, start, patient in self._treated():
            yield (n, patient, n, 1, start.date(), "start", "allow", None, [], [], "0" * 32, {}, start)

    def sessions(self) -> Iterator[Row]:
        for n, start, patient in self._treated():
            yield (
                n, n, patient, 1, 1, 1, n, "signed", start, start + dt.timedelta(minutes=15),
                20_000, "acd_a", 2_000, 5_000, 3, "", "1", False, "", False, start, 1, "0" * 64, 1,
            )

    def sites(self) -> Iterator[Row]:
        number = 0
        for n, _, _ in self._treated():
            for seq in range(1, SITES + 1):
                number += 1
                yield (number, n, seq, ZONES[seq % 3].value, "top", 400 + seq * 10, 300 + seq * 20, 1, 100,
                       4_000, 30)

    def _treated(self) -> Iterator[tuple[int, dt.datetime, int]]:
        for n, start, _, patient in self.slots():
            if n > self.size.sessions:
                return
            yield n, start, patient


def _suffix(n: int) -> str:
    letters = "abcdefghij"
    return "".join(letters[int(digit)] for digit in str(n % 1000))


def _fact(
    n: int, patient: int, kind: str, code: str, on: dt.date, value: int, unit: str, now: dt.datetime
) -> Row:
    return (n, patient, kind, code, "present", code, None, None, None, on, value, unit, "", "staff", now, "")


_COLUMNS = {
    "patient": "id location_id public_id file_number family_name given_name sex birth_date phone email"
    " address language note status search_text created_at version",
    "patient_search_key": "kind key patient_id",
    "patient_fact": "id patient_id kind code state label zone began_on ended_on noted_on value_milli"
    " unit as_reported source recorded_at error_reason",
    "appointment": "id location_id patient_id service_id practitioner_id room_id starts_at ends_at"
    " starts_local zone status occupies origin cancel_note note recheck_reason decision is_released"
    " moved created_at version",
    "occupancy": "id appointment_id resource_id seq lane starts_at ends_at is_active",
    "screening": 'id patient_id appointment_id actor_id "on" moment decision earliest_clear_on'
    " findings facts facts_hash plan at",
    "treatment_session": "id appointment_id patient_id location_id service_id performer_id"
    " screening_id state started_at ended_at blood_ul anticoagulant anticoagulant_ul prp_ul pain note"
    " map_version is_aborted abort_reason soft_limits_accepted signed_at signed_by_id content_hash"
    " version",
    "injection_site": "id session_id seq zone view x_permille y_permille points volume_ul depth_um"
    " needle_gauge",
}


def seed(engine: sa.Engine, size: Size, *, today: dt.date) -> Seed:
    """Fill the database; what an earlier run loaded is kept, an interrupted table starts over."""
    clinic = Seed(size, today=today)
    loader = Loader(engine)
    loader.take_off()
    _staff(engine, clinic)
    size_of = {
        "patient": (clinic.patients(), size.patients),
        "patient_fact": (clinic.facts(), size.patients * FACTS),
        "appointment": (clinic.appointments(), size.appointments),
        "occupancy": (clinic.occupancies(), size.appointments * 2),
        "screening": (clinic.screenings(), size.sessions),
        "treatment_session": (clinic.sessions(), size.sessions),
        "injection_site": (clinic.sites(), size.sessions * SITES),
    }
    for table, (rows, expected) in size_of.items():
        loader.load(table, _COLUMNS[table].split(), rows, expected)
    keys = clinic.search_keys()
    loader.load("patient_search_key", _COLUMNS["patient_search_key"].split(), keys, len(keys))
    loader.put_back()
    prove(engine)
    return clinic


def _staff(engine: sa.Engine, clinic: Seed) -> None:
    """Make the place, one account, the resources and the services, once."""
    with engine.begin() as connection:
        if connection.exec_driver_sql("SELECT count(*) FROM location").scalar_one():
            return
        from tests.bench.staff import make_staff

        make_staff(connection, now=clinic.now)


def prove(engine: sa.Engine) -> None:
    """Show that the guards stand again: each refuses what it must."""
    refused = 0
    for statement in (
        "INSERT INTO occupancy (appointment_id, resource_id, seq, lane, starts_at, ends_at, is_active)"
        " SELECT appointment_id, resource_id, 9, lane, starts_at, ends_at, is_active FROM occupancy"
        " WHERE id = (SELECT max(id) FROM occupancy)",
        "UPDATE treatment_session SET note = 'x' WHERE id = 1",
        "DELETE FROM screening WHERE id = 1",
    ):
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql(statement)
        except sa.exc.DBAPIError:
            refused += 1
    if refused != 3:
        raise RuntimeError("a guard is missing after loading")
    click.echo("guards and triggers stand")
