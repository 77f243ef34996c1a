"""Playing acts of the clinic at instants of the past, through the same services as its pages."""

import datetime as dt
import heapq
import itertools
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.catalog import queries as catalog_queries
from clinic.catalog.values import Modality
from clinic.consents import queries as consent_queries
from clinic.consents import service as consents
from clinic.consents.values import ConsentKind, Scope, SignConsent
from clinic.core import clock, walltime
from clinic.core.access import Actor
from clinic.demo import histories, signatures, written
from clinic.demo.staff import Staff
from clinic.demo.timetable import Slot
from clinic.patients import service as patients
from clinic.patients.models import Patient
from clinic.patients.values import RegisterPatient, full_name
from clinic.safety import service as safety
from clinic.scheduling import courses
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling import service as scheduling
from clinic.scheduling.course_values import PlanCourse
from clinic.scheduling.models import Appointment
from clinic.scheduling.values import (
    AppointmentOrigin,
    ArriveVisit,
    BookAppointment,
    Refused,
)

Act = Callable[[], object]
CONSENTS = {Modality.PRP: ConsentKind.PRP, Modality.MESOTHERAPY: ConsentKind.MESOTHERAPY}


class Stage:
    """Acts in the order of their instants; each happens at its own time."""

    def __init__(self, db: Session, staff: Staff, *, now: dt.datetime) -> None:
        self.db, self.staff, self.now = db, staff, now
        self._acts: list[tuple[dt.datetime, int, Act]] = []
        self._order = itertools.count()

    def at(self, instant: dt.datetime, act: Act) -> None:
        """Plan an act; one that would lie in the future happens now."""
        heapq.heappush(self._acts, (min(instant, self.now), next(self._order), act))

    def at_exactly(self, instant: dt.datetime, act: Act) -> None:
        """Plan an act for its own instant, even one that has not come yet."""
        heapq.heappush(self._acts, (instant, next(self._order), act))

    def play(self) -> int:
        """Play everything, also what acts plan meanwhile; return how many acts there were."""
        count = 0
        while self._acts:
            instant, _, act = heapq.heappop(self._acts)
            with clock.pretend(instant):
                act()
            count += 1
        return count

    # ---- times ----
    def instant(self, day: dt.date, at: dt.time) -> dt.datetime:
        """Return the instant of a wall time at the clinic."""
        return walltime.to_utc_forward(dt.datetime.combine(day, at), self.staff.location.zone)

    # ---- acts ----
    def register(self, wish: RegisterPatient) -> int:
        """Register somebody and return the id."""
        patient_id = patients.register(self.db, self.staff.receptionist, wish).id
        written.agree(self.db, self.staff.receptionist, patient_id, wish.phone)
        return patient_id

    def tell(self, patient_id: int, *recipes: histories.Recipe, who: Actor | None = None) -> None:
        """Record what a patient has to tell, and check the coming visits again."""
        today = clock.today(self.staff.location.zone)
        facts = [fact for recipe in recipes for fact in recipe(patient_id, today)]
        safety.record_facts(self.db, who or self.staff.nurse, facts)
        scheduling.rescreen(self.db, who or self.staff.nurse, patient_id)

    def consent(self, patient_id: int, modality: Modality) -> None:
        """Let a patient sign the text of a treatment on the tablet."""
        today = clock.today(self.staff.location.zone)
        text = consent_queries.text_in_force(self.db, CONSENTS[modality], on=today)
        assert text is not None, "the clinic has its consent texts"
        patient = self.db.get_one(Patient, patient_id)
        name = full_name(patient.given_name, patient.family_name)
        photos = {Scope.PHOTO_RECORD}
        photos |= {Scope.PHOTO_TEACHING} if patient_id % 3 == 0 else set()
        photos |= {Scope.PHOTO_PUBLICATION} if patient_id % 7 == 0 else set()
        desk = self.staff.receptionist
        signed = consents.sign(
            self.db,
            SignConsent(
                text_id=text.id,
                patient_id=patient_id,
                language=patient.language if patient.language in text.words else "en",
                photos=frozenset(photos),
                signer=name,
                guardian="",
                interpreter="",
                strokes=signatures.strokes(name),
            ),
            witness_id=desk.id,
            on=today,
        )
        audit.record(self.db, desk, "consent.signed", "consent", signed.id, patient_id=patient_id)
        scheduling.rescreen(self.db, desk, patient_id)

    def begin_course(self, patient_id: int, modality: Modality, *, planned: int) -> None:
        """Begin a course of several sessions."""
        service = self.staff.services[modality]
        usual = catalog_queries.pattern_of(service)
        wish = PlanCourse(
            patient_id=patient_id,
            picks=(),
            form_key="",
            service_id=service.id,
            pattern=replace(usual, sessions=planned),
        )
        courses.plan(self.db, self.staff.receptionist, wish)

    def book(
        self,
        patient_id: int,
        day: dt.date,
        slot: Slot,
        *,
        origin: AppointmentOrigin = AppointmentOrigin.SCHEDULED,
        note: str = "",
    ) -> int | None:
        """Book a visit; None when the check refuses it."""
        is_walk_in = origin is AppointmentOrigin.WALK_IN
        booked = scheduling.book(
            self.db,
            self.staff.receptionist,
            BookAppointment(
                patient_id=patient_id,
                service_id=self.staff.services[slot.modality].id,
                starts_local=dt.datetime.combine(day, slot.at),
                practitioner_id=self.staff.practitioners[slot.physician].id,
                room_id=self.staff.rooms[slot.in_room].id,
                origin=origin,
                note=note,
                name_spoken=is_walk_in,
                birth_date_spoken=is_walk_in,
            ),
        )
        return None if isinstance(booked, Refused) else booked.id

    def visit(self, appointment_id: int) -> Appointment:
        """Return a visit as it stands."""
        return scheduling_queries.get(self.db, appointment_id)

    def arrive(self, appointment_id: int) -> None:
        """Let the patient arrive and say both identifiers."""
        scheduling.arrive(
            self.db,
            self.staff.receptionist,
            ArriveVisit(
                appointment_id=appointment_id,
                version=self.visit(appointment_id).version,
                name_spoken=True,
                birth_date_spoken=True,
            ),
        )
