"""The benchmark's visits: four physicians with forty a day, for as many years as the size needs."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from clinic.audit import rules as audit_rules
from clinic.audit.service import chain_key
from clinic.audit.values import Entry
from clinic.core import walltime
from clinic.scheduling.values import AppointmentStatus
from tests.bench.load import Row, Step
from tests.bench.sizes import DAYS_AHEAD, PER_DAY, PHYSICIANS, SECRET, TODAY, ZONE, Size
from tests.bench.staff import CHECK_UP, FIRST_PHYSICIAN, FIRST_ROOM, INJECTIONS

QUARTER = dt.timedelta(minutes=15)
IN_TREATMENT = 7
"""The slot before now: those before it are done, the next has arrived."""
_DECISIONS = {0: "review", 7: "defer", 13: "review"} | dict.fromkeys((3, 10, 21, 30), "ask")
"""What the check said of every fortieth coming visit; the others may go ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One visit as the tables need it."""

    id: int
    start: dt.datetime
    local: dt.datetime
    physician: int
    """0 to 3."""
    patient: int
    status: AppointmentStatus
    is_treated: bool

    @property
    def service(self) -> int:
        """Return what was or is to be done."""
        if self.status is AppointmentStatus.BOOKED:
            return INJECTIONS if self.id % 3 == 0 else CHECK_UP
        is_begun = self.status is AppointmentStatus.IN_TREATMENT
        return INJECTIONS if self.is_treated or is_begun else CHECK_UP

    @property
    def is_held(self) -> bool:
        """Tell whether it holds its time."""
        return self.status.occupies


class Visits:
    """All visits of a size, oldest first."""

    def __init__(self, size: Size) -> None:
        self._size = size
        per_day = PHYSICIANS * PER_DAY
        days = -(-size.appointments // per_day)
        self.first_day = TODAY - dt.timedelta(days=days - 1 - DAYS_AHEAD)
        self.before_today = (TODAY - self.first_day).days * per_day
        """Visits of the days before today."""
        self._past = self.before_today + IN_TREATMENT * PHYSICIANS

    def all(self) -> Iterator[Visit]:
        """Yield every visit; who was treated is spread evenly over the past."""
        number = 0
        day = self.first_day
        while number < self._size.appointments:
            begin = dt.datetime.combine(day, dt.time(8))
            start = walltime.to_utc_forward(begin, ZONE)
            for slot in range(PER_DAY):
                for physician in range(PHYSICIANS):
                    number += 1
                    if number > self._size.appointments:
                        return
                    is_treated = self._sessions_until(number) > self._sessions_until(number - 1)
                    yield Visit(
                        id=number,
                        start=start + slot * QUARTER,
                        local=begin + slot * QUARTER,
                        physician=physician,
                        patient=number % self._size.patients + 1,
                        status=_status(number, day, slot, is_treated=is_treated),
                        is_treated=is_treated,
                    )
            day += dt.timedelta(days=1)

    def treated(self) -> Iterator[Visit]:
        """Yield the visits in which a session was held and signed."""
        return (visit for visit in self.all() if visit.is_treated)

    def begun(self) -> list[Visit]:
        """Return the four visits that are in treatment now."""
        first = self._past + 1
        wanted = range(first, first + PHYSICIANS)
        start = walltime.to_utc_forward(dt.datetime.combine(TODAY, dt.time(8)), ZONE)
        start += IN_TREATMENT * QUARTER
        return [
            Visit(
                id=number,
                start=start,
                local=walltime.to_local(start, ZONE),
                physician=physician,
                patient=number % self._size.patients + 1,
                status=AppointmentStatus.IN_TREATMENT,
                is_treated=False,
            )
            for physician, number in enumerate(wanted)
        ]

    def _sessions_until(self, number: int) -> int:
        return min(number, self._past) * self._size.sessions // self._past

    @cached_property
    def _held(self) -> int:
        return sum(visit.is_held for visit in self.all())

    def steps(self) -> list[Step]:
        """Return visits, what they hold, their history, and the trail of their bookings."""
        count = self._size.appointments
        return [
            Step(
                table="appointment",
                columns=(
                    "id", "location_id", "patient_id", "service_id", "practitioner_id", "room_id",
                    "starts_at", "ends_at", "starts_local", "zone", "status", "occupies", "origin",
                    "cancel_reason", "cancel_note", "note", "recheck_reason", "decision",
                    "is_released", "moved", "arrived_at", "started_at", "ended_at", "created_at",
                    "created_by_id", "version",
                ),
                count=count,
                rows=self._appointments,
            ),
            Step(
                table="occupancy",
                columns=(
                    "id", "appointment_id", "resource_id", "seq", "lane", "starts_at", "ends_at",
                    "is_active",
                ),
                count=count * 2,
                rows=self._occupancies,
            ),
            Step(
                table="appointment_event",
                columns=(
                    "id", "appointment_id", "actor_id", "actor_name", "action", "before", "after",
                    "reason", "at",
                ),
                count=count,
                rows=self._events,
            ),
            Step(
                table="audit_event",
                columns=(
                    "id", "at", "actor_id", "actor_name", "role", "action", "entity", "entity_id",
                    "patient_id", "location_id", "address", "request_id", "detail", "prev_hash",
                    "hash",
                ),
                count=count,
                rows=self._trail,
            ),
        ]  # fmt: skip

    def _appointments(self) -> Iterator[Row]:
        for visit in self.all():
            status = visit.status
            is_over = status is AppointmentStatus.DONE
            is_begun = is_over or status is AppointmentStatus.IN_TREATMENT
            is_here = is_begun or status is AppointmentStatus.ARRIVED
            is_treatment = visit.service == INJECTIONS
            decision = "allow"
            if status is AppointmentStatus.BOOKED and is_treatment:
                decision = _DECISIONS.get(visit.id // 3 % 40, "allow")
            yield (
                visit.id, 1, visit.patient, visit.service, FIRST_PHYSICIAN + visit.physician,
                FIRST_ROOM + visit.physician, visit.start, visit.start + QUARTER, visit.local, ZONE,
                status.value, visit.is_held, "scheduled",
                "patient_asked" if status is AppointmentStatus.CANCELLED else None, "", "", "",
                decision, decision == "review" and visit.id % 2 == 0, 0,
                visit.start - QUARTER if is_here else None, visit.start if is_begun else None,
                visit.start + QUARTER if is_over else None, _booked_at(visit), 2, 1,
            )  # fmt: skip

    def _occupancies(self) -> Iterator[Row]:
        number = 0
        for visit in self.all():
            end = visit.start + QUARTER
            for seq, resource in ((1, FIRST_ROOM), (2, FIRST_PHYSICIAN)):
                number += 1
                yield (
                    number, visit.id, resource + visit.physician, seq, 1, visit.start, end,
                    visit.is_held,
                )  # fmt: skip

    def _events(self) -> Iterator[Row]:
        for visit in self.all():
            after = {"starts": visit.local.isoformat(timespec="minutes"), "status": "booked"}
            yield visit.id, visit.id, 2, "Receptionist", "book", {}, after, "", _booked_at(visit)

    def _trail(self) -> Iterator[Row]:
        key, previous = chain_key(SECRET), audit_rules.GENESIS
        for visit in self.all():
            entry = Entry(
                at=_booked_at(visit),
                actor_id=2,
                actor_name="Receptionist",
                role="receptionist",
                action="appointment.booked",
                entity="appointment",
                entity_id=str(visit.id),
                patient_id=visit.patient,
                location_id=1,
                address="127.0.0.1",
                request_id="seed",
                detail={"origin": "scheduled"},
            )
            link = audit_rules.link(key, previous, entry)
            yield (
                visit.id, entry.at, entry.actor_id, entry.actor_name, entry.role, entry.action,
                entry.entity, entry.entity_id, entry.patient_id, entry.location_id, entry.address,
                entry.request_id, entry.detail, previous, link,
            )  # fmt: skip
            previous = link


def _status(number: int, day: dt.date, slot: int, *, is_treated: bool) -> AppointmentStatus:
    if day > TODAY or (day == TODAY and slot > IN_TREATMENT + 1):
        return AppointmentStatus.BOOKED
    if day == TODAY and slot >= IN_TREATMENT:
        is_begun = slot == IN_TREATMENT
        return AppointmentStatus.IN_TREATMENT if is_begun else AppointmentStatus.ARRIVED
    if day == TODAY or is_treated or number % 20 > 1:
        return AppointmentStatus.DONE
    return AppointmentStatus.NO_SHOW if number % 20 else AppointmentStatus.CANCELLED


def _booked_at(visit: Visit) -> dt.datetime:
    """Return when it was booked: a few weeks before, always in the past."""
    return visit.start - dt.timedelta(days=30, minutes=visit.id % 600)
