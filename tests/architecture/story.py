"""A patient about whom everything clinical is written, in one word that stands nowhere else."""

import dataclasses
import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.accounts import service as accounts
from clinic.accounts.values import InviteAccount
from clinic.catalog import stock
from clinic.catalog.models import OpenedVial
from clinic.catalog.stock_values import CountLot
from clinic.consents import service as consents
from clinic.consents.models import ConsentText
from clinic.consents.values import ConsentKind, RecordConsent, Scope
from clinic.core import clock
from clinic.core.access import Role
from clinic.followup import service as followup
from clinic.followup.values import (
    CallResult,
    LogCall,
    Outcome,
    ReportSideEffect,
    ReviewSideEffect,
    SideEffectKind,
)
from clinic.merging import service as merging
from clinic.merging.values import MergePatients
from clinic.messages import service as messages
from clinic.messages.models import Message
from clinic.messages.values import MessageKind, MessageState, SetContact
from clinic.outcomes.values import PhotographState
from clinic.patients.values import Channel
from clinic.safety import queries as safety_queries
from clinic.safety import service as safety
from clinic.safety.models import PatientFact, ScreeningRecord
from clinic.safety.values import (
    FactKind,
    ReleaseFinding,
)
from clinic.scheduling import blocks, keeping
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling import service as scheduling
from clinic.scheduling.closing import BlockKind, KeepOwnDay, LayBlock
from clinic.scheduling.models import Appointment, Course
from clinic.scheduling.rules.asking import PartOfDay
from clinic.scheduling.values import AppointmentStatus, CancelAppointment, CancelReason
from clinic.treatments.models import TreatmentSession
from clinic.treatments.preparation_models import Incident, KitPreset
from clinic.treatments.preparation_values import IncidentKind
from clinic.treatments.service import sessions as treatments
from clinic.treatments.values import AbortSession, Content
from clinic.waiting import offering
from clinic.waiting import service as waiting
from clinic.waiting.models import Offer
from clinic.waiting.values import ALL_DAYS, AddEntry, OfferTime, Priority, Way, Wishes
from tests import factories
from tests.treatments.conftest import TODAY, Chair

SECRET_WORD = "Xyzomab"


@dataclasses.dataclass
class Story:
    """A patient about whom everything clinical is written, and the ids that addresses need."""

    chair: Chair
    ids: dict[str, list[object]]
    coming: Appointment
    arriving: Appointment


@pytest.fixture
def story(chair: Chair) -> Story:
    db, today = chair.db, dt.datetime(2026, 11, 23)
    aborted = chair.begin(visit=chair.book(today.replace(hour=12), chair.mesotherapy))
    treatments.abort(
        db,
        chair.actor(),
        AbortSession(
            session_id=aborted.id,
            version=aborted.version,
            content=Content(note=SECRET_WORD),
            reason=SECRET_WORD,
        ),
    )
    signed = chair.signed(chair.whole(note=SECRET_WORD))
    begun = chair.begin(visit=chair.book(today.replace(hour=13), chair.mesotherapy))
    begun_visit = db.get_one(Appointment, begun.appointment_id)
    coming, arriving, cancelled = (
        chair.book(at, status=AppointmentStatus.BOOKED, arrived_at=None)
        for at in (today.replace(day=27, hour=10), today.replace(hour=15), today.replace(day=30))
    )
    consultation = factories.a_service(db, modality=chair.prp.modality.CONSULTATION, name="Talk")
    talk = chair.book(today.replace(hour=17), consultation)
    scheduling.cancel(
        db,
        chair.actor(),
        CancelAppointment(
            appointment_id=cancelled.id, version=cancelled.version, reason=CancelReason.SAFETY
        ),
    )
    chair.knows(FactKind.MEDICATION, "anticoagulant", label=SECRET_WORD)
    followup.log_call(
        db,
        chair.actor(),
        LogCall(
            session_id=signed.id,
            day=None,
            result=CallResult.REACHED,
            pain=3,
            note=SECRET_WORD,
            red_flags=(),
        ),
    )
    effect_id = followup.report(
        db,
        chair.actor(),
        ReportSideEffect(
            session_id=signed.id,
            kind=SideEffectKind.BRUISING,
            grade=1,
            is_serious=False,
            zone=None,
            onset_on=TODAY,
            description=SECRET_WORD,
            red_flags=(),
        ),
    )
    followup.review(
        db,
        chair.actor(),
        ReviewSideEffect(
            side_effect_id=effect_id, version=1, grade=2, outcome=Outcome.OPEN, note=SECRET_WORD
        ),
    )
    scheduling.rescreen(db, chair.actor(), chair.alice.id)
    _released(chair, coming)
    for visit in (coming, arriving, cancelled):
        visit.recheck_reason = SECRET_WORD
    coming.cancel_note = SECRET_WORD
    _, token = accounts.invite(
        db, None, InviteAccount(login="nina", name="Nina Vogel", role=Role.NURSE)
    )
    db.flush()
    signed_visit = db.get_one(Appointment, signed.appointment_id)
    visits = [chair.visit, begun_visit, coming, arriving, cancelled, talk]
    visits.append(db.get_one(Appointment, aborted.appointment_id))
    room, offered = chair.visit.room_id, _offered(chair, talk)
    twins = [factories.a_patient(db, location=chair.world.location).id for _ in range(2)]
    for twin in twins:
        chair.knows(FactKind.ALLERGY, "penicillin", patient_id=twin, label=SECRET_WORD)
    ids: dict[str, list[object]] = {
        "appointment_id": [visit.id for visit in visits],
        "patient_id": [chair.alice.id, *twins[:1]],
        "pair_id": [_merged(chair, twins[1])],
        "consent_id": [1],
        "text_id": list(db.scalars(sa.select(ConsentText.id))),
        "kind": [ConsentKind.PRP.value],
        "language": ["en"],
        "course_id": [_in_a_course(chair, [signed_visit, coming])],
        "account_id": [chair.world.accounts[Role.NURSE].id],
        "resource_id": [chair.visit.practitioner_id],
        "service_id": [chair.prp.id],
        "product_id": [chair.kit.product_id],
        "lot_id": [chair.kit.id],
        "preset_id": [_preset(chair)],
        "movement_id": [_counted(chair)],
        "vial_id": [_opened(chair, signed)],
        "token": [token],
        "code": ["nsaid_recent", "plt_critical"],
        "message_id": [_written_to(chair, coming)],
        "block_id": [_blocked(chair, coming)],
        "day_id": [_with_a_day_off(chair)],
        "secret": [messages.open_feed(db, chair.world.actor(Role.ADMINISTRATOR), room)],
        "entry_id": [offered.entry_id],
        "offer_id": [offered.id],
        "session_id": [signed.id, begun.id],
        "incident_id": [_mistaken(chair, signed.id, aborted.id)],
        "side_effect_id": [effect_id],
        "key": _pictured(chair),
        "fact_id": [db.scalar(sa.select(sa.func.min(PatientFact.id)))],
        "screening_id": [db.scalar(sa.select(sa.func.max(ScreeningRecord.id)))],
    }
    return Story(chair=chair, ids=ids, coming=coming, arriving=arriving)


def _pictured(chair: Chair) -> list[object]:
    """Let the patient agree to photographs, one be kept and one removed; return their keys."""
    text = ConsentText(
        kind=ConsentKind.PHOTOGRAPHS, version_name="2026-1", in_force_from=dt.date(2026, 1, 1)
    )
    chair.db.add(text)
    chair.db.flush()
    wish = RecordConsent(
        patient_id=chair.alice.id,
        kind=ConsentKind.PHOTOGRAPHS,
        text_version="2026-1",
        given_on=TODAY,
        language="en",
        signer="Alice Example",
        photos=frozenset({Scope.PHOTO_RECORD}),
    )
    consents.record(chair.db, chair.actor(), wish)
    doctor = chair.world.accounts[Role.PHYSICIAN]
    taken = {"patient": chair.alice, "taken_by": doctor}
    removed = {
        "state": PhotographState.REMOVED,
        "removed_at": clock.now(),
        "removed_by_id": doctor.id,
    }
    return [
        factories.a_photograph(chair.db, **taken).public_id,
        factories.a_photograph(chair.db, **taken, **removed, removed_reason=SECRET_WORD).public_id,
    ]


def _counted(chair: Chair) -> int:
    wish = CountLot(lot_id=chair.kit.id, counted_milli=5_000, reason="Shelf")
    return stock.count(chair.db, chair.world.actor(Role.NURSE), wish).id


def _opened(chair: Chair, session: TreatmentSession) -> int:
    vial = OpenedVial(
        lot_id=chair.lidocaine.id,
        location_id=chair.world.location.id,
        session_id=session.id,
        opened_at=clock.now(),
    )
    chair.db.add(vial)
    chair.db.flush()
    return vial.id


def _mistaken(chair: Chair, session_id: int, other_id: int) -> int:
    """Let another session's tube have been read at the chair of one; return the incident."""
    row = Incident(
        kind=IncidentKind.WRONG_TUBE,
        session_id=session_id,
        other_session_id=other_id,
        reported_by_id=chair.world.accounts[Role.NURSE].id,
        at=clock.now(),
    )
    chair.db.add(row)
    chair.db.flush()
    return row.id


def _preset(chair: Chair) -> int:
    """Let there be a preset of a kit; return its id."""
    row = KitPreset(name="Two spins", product_id=chair.kit.product_id, spins=[{"rcf_g": 400}])
    chair.db.add(row)
    chair.db.flush()
    return row.id


def _in_a_course(chair: Chair, visits: list[Appointment]) -> int:
    """Let visits be the first sessions of a course under way; return its id."""
    course = Course(
        patient_id=chair.alice.id,
        service_id=chair.prp.id,
        started_on=TODAY,
        sessions_planned=4,
        interval_days=7,
        tolerance_days=2,
    )
    chair.db.add(course)
    chair.db.flush()
    for number, visit in enumerate(visits, 1):
        visit.course_id, visit.course_number = course.id, number
    chair.db.flush()
    return course.id


def _blocked(chair: Chair, visit: Appointment) -> int:
    """Let a leave be laid over a visit; return its id."""
    day = dt.datetime.combine(visit.starts_local.date(), dt.time())
    wish = LayBlock(
        kind=BlockKind.LEAVE,
        resource_ids=(visit.practitioner_id,),
        starts_local=day,
        ends_local=day + dt.timedelta(days=1),
    )
    return blocks.lay(chair.db, chair.actor(), wish).id


def _with_a_day_off(chair: Chair) -> int:
    """Let the physician be off on one day; return its id."""
    resource_id, day = chair.visit.practitioner_id, TODAY + dt.timedelta(days=30)
    wish = KeepOwnDay(resource_id=resource_id, day=day, times=())
    return keeping.keep_own_day(chair.db, chair.world.actor(Role.ADMINISTRATOR), wish).id


def _merged(chair: Chair, twin_id: int) -> int:
    """Merge a second record of the patient, of whom something else is written; return the pair."""
    chair.db.flush()  # The versions of both are looked at.
    wish = MergePatients(
        patient_id=chair.alice.id, other_id=twin_id, versions={}, choices={}, reason="One person"
    )
    return merging.merge(chair.db, chair.actor(), wish).id


def _written_to(chair: Chair, visit: Appointment) -> int:
    """Let a message of a visit have failed; return its id."""
    chair.alice.email = "alice@example.org"
    wish = SetContact(patient_id=chair.alice.id, version=0, channel=Channel.EMAIL, agreed=True)
    messages.set_contact(chair.db, chair.actor(), wish)
    row = Message(
        appointment_id=visit.id,
        number=1,
        kind=MessageKind.CONFIRMATION,
        channel=Channel.EMAIL,
        state=MessageState.FAILED,
        starts_at=visit.starts_at,
        at=clock.now(),
    )
    chair.db.add(row)
    chair.db.flush()
    return row.id


def _offered(chair: Chair, like: Appointment) -> Offer:
    """Let the patient wait for a consultation, and somebody offer them a time."""
    wishes = Wishes(
        service_id=like.service_id,
        practitioner_id=None,
        weekdays=ALL_DAYS,
        part_of_day=PartOfDay.ANY,
        from_on=TODAY,
        until_on=TODAY + dt.timedelta(days=30),
        notice_hours=0,
        priority=Priority.SOON,
        note="",
    )
    wish = AddEntry(patient_id=chair.alice.id, visit_id=None, wishes=wishes)
    entry = waiting.add(chair.db, chair.actor(), wish)
    told = OfferTime(
        entry_id=entry.id,
        starts_local=dt.datetime(2026, 11, 25, 10, 0),
        practitioner_id=like.practitioner_id,
        room_id=like.room_id,
        way=Way.CALL,
    )
    made = offering.offer(chair.db, chair.actor(), told)
    assert isinstance(made, Offer)
    return made


def _released(chair: Chair, visit: Appointment) -> None:
    """Let a physician release the first finding that may be released."""
    history = safety_queries.history_of(chair.db, chair.alice.id)
    plan = scheduling_queries.plan_for(chair.db, visit, history)
    screening = safety_queries.check(chair.db, history, plan, visit.starts_local.date())
    finding = next(f for f in screening.findings if f.releasable.value == "physician")
    wish = ReleaseFinding(
        appointment_id=visit.id, fingerprint=finding.fingerprint, reason=f"{SECRET_WORD}, long"
    )
    safety.release(chair.db, chair.actor(), wish)
