"""Two records of one person: Alice at the chair, and her twin on file with a row of every kind."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog.values import ResourceKind
from clinic.consents.models import Consent, ConsentText
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.zones import Zone
from clinic.followup.models import Contact, SideEffect
from clinic.followup.values import CallResult, SideEffectKind
from clinic.merging import service
from clinic.merging.values import FILE, MergePatients
from clinic.outcomes.models import Photograph
from clinic.patients import service as patient_service
from clinic.patients.models import Patient, PatientPair
from clinic.patients.values import PatientStatus
from clinic.safety.models import PatientFact, Release, ScreeningRecord
from clinic.safety.values import Decision, FactKind, FactSource, FactState, Moment
from clinic.scheduling.models import Appointment, Course
from clinic.scheduling.values import AppointmentStatus
from clinic.treatments.models import TreatmentSession, ZoneArea
from clinic.treatments.values import SessionState
from clinic.waiting.models import WaitingEntry
from clinic.waiting.values import ALL_DAYS
from tests import factories
from tests.treatments.conftest import Chair, chair
from tests.world import World

__all__ = ["chair"]
PAST = dt.datetime(2026, 10, 5, 10)
COMING = dt.datetime(2026, 12, 1, 10)


@dataclass
class Two:
    """The record that stays, and the one that goes."""

    chair: Chair
    world: World
    db: Session
    kept: Patient
    gone: Patient

    def actor(self, role: Role = Role.RECEPTIONIST) -> Actor:
        return self.world.actor(role)

    def wish(self, **changes: Any) -> MergePatients:
        fields = {
            "patient_id": self.kept.id,
            "other_id": self.gone.id,
            "versions": {self.kept.id: self.kept.version, self.gone.id: self.gone.version},
            "choices": {FILE: self.kept.id},
            "reason": "Same passport",
            **changes,
        }
        return MergePatients(**fields)

    def merge(self, **changes: Any) -> PatientPair:
        return service.merge(self.db, self.actor(), self.wish(**changes))

    def undo(self, pair: PatientPair) -> PatientPair:
        return service.undo(self.db, self.actor(), pair.id)

    def visit(self, at: dt.datetime = COMING, **changes: Any) -> Appointment:
        """A visit of the record that goes, booked unless it says otherwise."""
        kinds = (ResourceKind.PRACTITIONER, ResourceKind.ROOM, ResourceKind.DEVICE)
        person, room, device = (
            factories.a_resource(self.db, location=self.world.location, kind=kind) for kind in kinds
        )
        return factories.an_appointment(
            self.db,
            location=self.world.location,
            patient=changes.pop("patient", self.gone),
            service=self.chair.prp,
            practitioner=person,
            room=room,
            device=device,
            starts_local=at,
            **{"status": AppointmentStatus.BOOKED, **changes},
        )

    def entry(self) -> WaitingEntry:
        """The record that goes waits for a time."""
        row = WaitingEntry(
            location_id=self.world.location.id,
            patient_id=self.gone.id,
            service_id=self.chair.prp.id,
            weekdays=ALL_DAYS,
            from_on=PAST.date(),
            until_on=COMING.date(),
            created_at=clock.now(),
            created_by_id=self.actor().id,
        )
        self.db.add(row)
        self.db.flush()
        return row

    def fact(self, kind: FactKind, code: str, **changes: Any) -> PatientFact:
        """A fact of the record that goes, unless it says otherwise."""
        on = changes.pop("noted_on", dt.date(2026, 10, 1))
        row = PatientFact(
            **{
                "patient_id": self.gone.id,
                "kind": kind,
                "code": code,
                "state": FactState.PRESENT,
                "noted_on": on,
                "source": FactSource.STAFF,
                "recorded_at": clock.now() - dt.timedelta(days=1),
                **changes,
            }
        )
        self.db.add(row)
        self.db.flush()
        return row

    def session(self) -> TreatmentSession:
        """A signed session of the record that goes."""
        visit = self.visit(PAST, status=AppointmentStatus.DONE)
        check = self.check(visit)
        session = TreatmentSession(
            appointment_id=visit.id,
            patient_id=self.gone.id,
            location_id=visit.location_id,
            service_id=visit.service_id,
            performer_id=self.actor(Role.PHYSICIAN).id,
            screening_id=check.id,
            state=SessionState.SIGNED,
            started_at=visit.starts_at,
            ended_at=visit.ends_at,
            map_version="1",
            signed_at=visit.ends_at,
            signed_by_id=self.actor(Role.PHYSICIAN).id,
            content_hash="0" * 64,
        )
        self.db.add(session)
        self.db.flush()
        return session

    def check(self, visit: Appointment | None = None) -> ScreeningRecord:
        visit = visit or self.visit(dt.datetime(2026, 10, 6, 10), status=AppointmentStatus.DONE)
        check = ScreeningRecord(
            patient_id=self.gone.id,
            appointment_id=visit.id,
            actor_id=self.actor(Role.PHYSICIAN).id,
            on=visit.starts_local.date(),
            moment=Moment.START,
            decision=Decision.ALLOW,
            earliest_clear_on=None,
            bookable_from=None,
            may_show_clear_date=True,
            may_show_bookable_date=True,
            is_checked=True,
            findings=[],
            facts=[],
            facts_hash="0" * 32,
            plan={},
            at=visit.starts_at,
        )
        self.db.add(check)
        self.db.flush()
        self.db.add(
            Release(
                appointment_id=visit.id,
                author_id=self.actor(Role.PHYSICIAN).id,
                rule_code="keloid",
                rule_version=1,
                fingerprint="f" * 64,
                reason="Looked at it with the patient.",
                at=visit.starts_at,
            )
        )
        self.db.flush()
        return check

    def course(self) -> Course:
        course = Course(
            patient_id=self.gone.id,
            service_id=self.chair.prp.id,
            sessions_planned=3,
            interval_days=28,
            started_on=dt.date(2026, 10, 5),
        )
        self.db.add(course)
        self.db.flush()
        return course

    def paper(self) -> Consent:
        text = self.db.scalars(sa.select(ConsentText)).first()
        assert text is not None
        paper = Consent(
            patient_id=self.gone.id,
            text_id=text.id,
            taken_by_id=self.actor(Role.NURSE).id,
            kind=text.kind,
            given_on=dt.date(2026, 10, 1),
            recorded_at=clock.now(),
        )
        self.db.add(paper)
        self.db.flush()
        return paper

    def call(self) -> Contact:
        session = self.session()
        call = Contact(
            session_id=session.id,
            patient_id=self.gone.id,
            actor_id=self.actor(Role.NURSE).id,
            day=1,
            result=next(iter(CallResult)),
            red_flags=[],
            at=clock.now(),
        )
        self.db.add(call)
        self.db.flush()
        return call

    def effect(self) -> SideEffect:
        session = self.session()
        effect = SideEffect(
            patient_id=self.gone.id,
            session_id=session.id,
            reported_by_id=self.actor(Role.NURSE).id,
            kind=next(iter(SideEffectKind)),
            grade=1,
            onset_on=dt.date(2026, 10, 6),
            red_flags=[],
            reported_at=clock.now(),
        )
        self.db.add(effect)
        self.db.flush()
        return effect

    def photograph(self) -> Photograph:
        nurse = self.world.accounts[Role.NURSE]
        return factories.a_photograph(self.db, patient=self.gone, taken_by=nurse)

    def area(self) -> ZoneArea:
        """The record that goes was measured."""
        row = ZoneArea(
            location_id=self.world.location.id,
            patient_id=self.gone.id,
            zone=Zone.VERTEX,
            area_mm2=4_000,
            measured_on=PAST.date(),
            measured_by_id=self.actor().id,
            at=clock.now(),
        )
        self.db.add(row)
        self.db.flush()
        return row

    def third(self) -> Patient:
        """A record that was merged into the one that goes now."""
        third = factories.a_patient(self.db, location=self.world.location)
        third.status, third.merged_into_id = PatientStatus.MERGED, self.gone.id
        self.db.add(
            PatientPair(
                gone_id=third.id,
                kept_id=self.gone.id,
                decided_by_id=self.actor().id,
                verdict=service.Verdict.ONE,
                reason="Same person",
                decided_at=clock.now(),
            )
        )
        self.db.flush()
        return third


@pytest.fixture
def two(chair: Chair, world: World, db: Session) -> Two:
    gone = factories.a_patient(
        db,
        location=world.location,
        family_name="Okoje",
        given_name="Alicia",
        birth_date=dt.date(1985, 4, 13),
        phone="+4915112345678",
        email="alicia@example.org",
    )
    patient_service.write_keys(db, [chair.alice.id, gone.id])
    return Two(chair=chair, world=world, db=db, kept=chair.alice, gone=gone)


Maker = Callable[[Two], Any]
MAKERS: dict[str, Maker] = {
    "appointment.patient_id": Two.visit,
    "consent.patient_id": Two.paper,
    "contact.patient_id": Two.call,
    "course.patient_id": Two.course,
    "patient.merged_into_id": Two.third,
    "photograph.patient_id": Two.photograph,
    "patient_fact.patient_id": lambda two: two.fact(FactKind.CONDITION, "keloid"),
    "screening.patient_id": Two.check,
    "side_effect.patient_id": Two.effect,
    "treatment_session.patient_id": Two.session,
    "waiting_entry.patient_id": Two.entry,
    "zone_area.patient_id": Two.area,
}
"""How a row of each column that refers to a patient is made: a new column needs one."""
