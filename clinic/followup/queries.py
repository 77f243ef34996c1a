"""Reading calls due, side effects open, and what was said so far."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.accounts.models import Account
from clinic.catalog.models import Service
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import NotFound
from clinic.core.text import N_
from clinic.core.zones import Zone
from clinic.followup.models import Contact, SideEffect
from clinic.followup.rules import due as due_rules
from clinic.followup.rules import triage
from clinic.followup.values import CallKind, CallResult, Outcome, SideEffectKind, Urgency
from clinic.patients.models import Patient
from clinic.patients.values import PatientStatus
from clinic.safety.values import Decision
from clinic.scheduling.models import Appointment
from clinic.scheduling.values import AppointmentStatus
from clinic.treatments.models import TreatmentSession
from clinic.treatments.values import SessionState

UNSETTLED_AHEAD = dt.timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTask:
    """One call to make, with whom and about what."""

    call: due_rules.DueCall
    patient_id: int
    patient_name: str
    file_number: str
    phone: str
    language: str
    service_name: str
    signed_at: dt.datetime
    is_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectCard:
    """One side effect as lists and the patient page show it."""

    id: int
    patient_id: int
    patient_name: str
    file_number: str
    phone: str
    session_id: int
    kind: SideEffectKind
    grade: int
    zone: Zone | None
    onset_on: dt.date
    resolved_on: dt.date | None
    outcome: Outcome
    description: str
    red_flags: tuple[str, ...]
    urgency: Urgency
    is_reviewed: bool
    is_closed: bool
    reported_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactLine:
    """One call that was made, in the history of a session or patient."""

    session_id: int
    kind: CallKind
    result: CallResult
    pain: int | None
    note: str
    red_flags: tuple[str, ...]
    at: dt.datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCard:
    """The session that a call or a side effect is about."""

    id: int
    patient_id: int
    service_name: str
    signed_at: dt.datetime
    performer: str


def session_card(db: Session, session_id: int, *, actor: Actor) -> SessionCard:
    """Return a signed session of the actor's clinic; raises NotFound for any other."""
    row = db.execute(
        sa.select(
            TreatmentSession.id,
            TreatmentSession.patient_id,
            TreatmentSession.signed_at,
            Service.name.label("service_name"),
            Account.name.label("performer"),
        )
        .join(Service, Service.id == TreatmentSession.service_id)
        .join(Account, Account.id == TreatmentSession.performer_id)
        .where(
            TreatmentSession.id == session_id,
            TreatmentSession.state == SessionState.SIGNED,
            TreatmentSession.location_id == actor.location_id,
        )
    ).one_or_none()
    if row is None or row.signed_at is None:
        raise NotFound(N_("There is no such signed session"))
    return SessionCard(
        id=row.id,
        patient_id=row.patient_id,
        service_name=row.service_name,
        signed_at=row.signed_at,
        performer=row.performer,
    )


def due(db: Session, *, location_id: int, zone: str) -> list[CallTask]:
    """Return the calls to make now, the latest due first in time; two statements."""
    now = clock.now()
    today = clock.today(zone)
    rows = db.execute(
        sa.select(
            TreatmentSession.id,
            TreatmentSession.signed_at,
            Patient.id.label("patient_id"),
            Patient.given_name,
            Patient.family_name,
            Patient.file_number,
            Patient.phone,
            Patient.language,
            Service.name.label("service_name"),
        )
        .join(Patient, Patient.id == TreatmentSession.patient_id)
        .join(Service, Service.id == TreatmentSession.service_id)
        .where(
            TreatmentSession.location_id == location_id,
            TreatmentSession.started_at > now - dt.timedelta(days=due_rules.GIVEN_UP_AFTER + 1),
            TreatmentSession.state == SessionState.SIGNED,
            Patient.status == PatientStatus.ACTIVE,
        )
    ).all()
    made = _made(db, [row.id for row in rows])
    tasks = [
        CallTask(
            call=call,
            patient_id=row.patient_id,
            patient_name=f"{row.given_name} {row.family_name}",
            file_number=row.file_number,
            phone=row.phone,
            language=row.language,
            service_name=row.service_name,
            signed_at=row.signed_at,
            is_late=call.is_late(today),
        )
        for row in rows
        if row.signed_at is not None
        for call in due_rules.due(
            session_id=row.id,
            signed_at=row.signed_at,
            zone=zone,
            made=made.get(row.id, ()),
            today=today,
        )
    ]
    return sorted(tasks, key=lambda task: (task.call.late_after, task.patient_name))


def _made(db: Session, session_ids: Sequence[int]) -> dict[int, list[due_rules.Made]]:
    found: dict[int, list[due_rules.Made]] = defaultdict(list)
    if not session_ids:
        return found
    since = min(session_ids)
    rows = db.execute(
        sa.select(Contact.session_id, Contact.kind, Contact.result, Contact.at).where(
            Contact.session_id >= since, Contact.session_id.in_(session_ids)
        )
    )
    for row in rows:
        found[row.session_id].append(
            due_rules.Made(session_id=row.session_id, kind=row.kind, result=row.result, at=row.at)
        )
    return found


_EFFECTS = sa.select(
    SideEffect, Patient.given_name, Patient.family_name, Patient.file_number, Patient.phone
).join(Patient, Patient.id == SideEffect.patient_id)


def _card(row: sa.Row[SideEffect, str, str, str, str], today: dt.date) -> EffectCard:
    effect = row.SideEffect
    judged = triage.assess(
        kind=effect.kind,
        grade=effect.grade,
        red_flags=tuple(effect.red_flags),
        days_since=((effect.resolved_on or today) - effect.onset_on).days,
        seen_before=False,
    )
    return EffectCard(
        id=effect.id,
        patient_id=effect.patient_id,
        patient_name=f"{row.given_name} {row.family_name}",
        file_number=row.file_number,
        phone=row.phone,
        session_id=effect.session_id,
        kind=effect.kind,
        grade=effect.grade,
        zone=effect.zone,
        onset_on=effect.onset_on,
        resolved_on=effect.resolved_on,
        outcome=effect.outcome,
        description=effect.description,
        red_flags=tuple(effect.red_flags),
        urgency=judged.urgency,
        is_reviewed=effect.reviewed_at is not None,
        is_closed=effect.closed_at is not None,
        reported_at=effect.reported_at,
    )


def open_side_effects(db: Session, *, location_id: int, zone: str) -> list[EffectCard]:
    """Return what no physician has closed yet, most urgent first; one statement."""
    today = clock.today(zone)
    rows = db.execute(
        _EFFECTS.join(TreatmentSession, TreatmentSession.id == SideEffect.session_id).where(
            SideEffect.closed_at.is_(None), TreatmentSession.location_id == location_id
        )
    )
    order = {Urgency.EMERGENCY: 0, Urgency.SAME_DAY: 1, Urgency.ROUTINE: 2}
    return sorted(
        (_card(row, today) for row in rows),
        key=lambda card: (card.is_reviewed, order[card.urgency], card.reported_at),
    )


def of_patient(db: Session, patient_id: int, *, today: dt.date) -> list[EffectCard]:
    """Return all side effects of a patient, newest first; one statement."""
    rows = db.execute(
        _EFFECTS.where(SideEffect.patient_id == patient_id).order_by(SideEffect.reported_at.desc())
    )
    return [_card(row, today) for row in rows]


def get(db: Session, side_effect_id: int) -> SideEffect:
    """Return a side effect; raises NotFound."""
    effect = db.get(SideEffect, side_effect_id)
    if effect is None:
        raise NotFound(N_("There is no such side effect"))
    return effect


def open_of_kind(db: Session, effect: SideEffect) -> Sequence[SideEffect]:
    """Return the patient's other side effects of the same kind that are still open."""
    return db.scalars(
        sa.select(SideEffect)
        .where(
            SideEffect.patient_id == effect.patient_id,
            SideEffect.kind == effect.kind,
            SideEffect.closed_at.is_(None),
            SideEffect.id != effect.id,
        )
        .order_by(SideEffect.id)
    ).all()


def has_had(db: Session, *, patient_id: int, kind: SideEffectKind, but_session: int) -> bool:
    """Tell whether the same kind was reported after another session of this patient."""
    return bool(
        db.scalar(
            sa.select(sa.func.count())
            .select_from(SideEffect)
            .where(
                SideEffect.patient_id == patient_id,
                SideEffect.kind == kind,
                SideEffect.session_id != but_session,
            )
        )
    )


def contacts(
    db: Session, *, session_id: int | None = None, patient_id: int | None = None
) -> list[ContactLine]:
    """Return the calls made for a session or a patient, newest first; one statement."""
    wanted = (
        sa.select(Contact, Account.name)
        .join(Account, Account.id == Contact.actor_id)
        .order_by(Contact.at.desc())
    )
    if session_id is not None:
        wanted = wanted.where(Contact.session_id == session_id)
    if patient_id is not None:
        wanted = wanted.where(Contact.patient_id == patient_id)
    return [
        ContactLine(
            session_id=row.Contact.session_id,
            kind=row.Contact.kind,
            result=row.Contact.result,
            pain=row.Contact.pain,
            note=row.Contact.note,
            red_flags=tuple(row.Contact.red_flags),
            at=row.Contact.at,
            by=row.name,
        )
        for row in db.execute(wanted)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagHeard:
    """A red flag that was heard on a call and has no report yet."""

    session_id: int
    patient_id: int
    patient_name: str
    file_number: str
    phone: str
    red_flags: tuple[str, ...]
    at: dt.datetime


def flags_without_report(db: Session, *, location_id: int) -> list[FlagHeard]:
    """Return calls with red flags after which nobody reported a side effect; one statement."""
    later = (
        sa.select(SideEffect.id)
        .where(SideEffect.session_id == Contact.session_id, SideEffect.reported_at >= Contact.at)
        .exists()
    )
    rows = db.execute(
        sa.select(
            Contact.session_id,
            Contact.patient_id,
            Contact.red_flags,
            Contact.at,
            Patient.given_name,
            Patient.family_name,
            Patient.file_number,
            Patient.phone,
        )
        .join(Patient, Patient.id == Contact.patient_id)
        .join(TreatmentSession, TreatmentSession.id == Contact.session_id)
        .where(
            TreatmentSession.location_id == location_id,
            Contact.at > clock.now() - dt.timedelta(days=due_rules.GIVEN_UP_AFTER),
            sa.not_(later),
        )
        .order_by(Contact.at)
    )
    return [
        FlagHeard(
            session_id=row.session_id,
            patient_id=row.patient_id,
            patient_name=f"{row.given_name} {row.family_name}",
            file_number=row.file_number,
            phone=row.phone,
            red_flags=tuple(row.red_flags),
            at=row.at,
        )
        for row in rows
        if row.red_flags
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsettledVisit:
    """A coming visit that a physician must decide on before it can begin."""

    id: int
    patient_id: int
    patient_name: str
    file_number: str
    phone: str
    service_name: str
    starts_at: dt.datetime
    decision: Decision


def unsettled(db: Session, *, location_id: int) -> list[UnsettledVisit]:
    """Return the visits of the coming two weeks that await a physician, earliest first."""
    now = clock.now()
    rows = db.execute(
        sa.select(
            Appointment.id,
            Appointment.patient_id,
            Appointment.starts_at,
            Appointment.decision,
            Patient.given_name,
            Patient.family_name,
            Patient.file_number,
            Patient.phone,
            Service.name.label("service_name"),
        )
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Service, Service.id == Appointment.service_id)
        .where(
            Appointment.location_id == location_id,
            Appointment.starts_at.between(now - dt.timedelta(hours=12), now + UNSETTLED_AHEAD),
            Appointment.status.in_((AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED)),
            Appointment.decision.in_((Decision.REVIEW, Decision.DEFER, Decision.BLOCK)),
        )
        .order_by(Appointment.starts_at)
    )
    return [
        UnsettledVisit(
            id=row.id,
            patient_id=row.patient_id,
            patient_name=f"{row.given_name} {row.family_name}",
            file_number=row.file_number,
            phone=row.phone,
            service_name=row.service_name,
            starts_at=row.starts_at,
            decision=row.decision,
        )
        for row in rows
        if row.decision is not None
    ]


def by_form_key(
    db: Session, model: type[Contact] | type[SideEffect], form_key: str | None
) -> int | None:
    """Return the id of the row that a one-time key already made, if any."""
    if form_key is None:
        return None
    return db.scalar(sa.select(model.id).where(model.form_key == form_key))
