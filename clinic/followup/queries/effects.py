"""Sessions, calls made and side effects, as pages about them show them."""

import datetime as dt
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
from clinic.followup.rules import triage
from clinic.followup.values import CallResult, Outcome, SideEffectKind, Urgency
from clinic.patients import queries as patient_queries
from clinic.patients.models import Patient
from clinic.scheduling.models import Appointment
from clinic.treatments.models import TreatmentSession


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
    day: int | None
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
    begun_at: dt.datetime
    ended_at: dt.datetime | None
    """When it was over; of a draft, only if it is written later."""
    signed_at: dt.datetime | None
    """None while it is under way: a reaction may come then, too."""
    performer: str


def session_card(db: Session, session_id: int, *, actor: Actor) -> SessionCard:
    """Return a signed session of the actor's clinic; raises NotFound for any other."""
    card = begun_card(db, session_id, actor=actor)
    if card.signed_at is None:
        raise NotFound(N_("There is no such signed session"))
    return card


def begun_card(db: Session, session_id: int, *, actor: Actor) -> SessionCard:
    """Return a session of the actor's clinic, under way or signed; raises NotFound."""
    row = db.execute(
        sa.select(
            TreatmentSession.id,
            TreatmentSession.patient_id,
            TreatmentSession.started_at,
            TreatmentSession.ended_at,
            TreatmentSession.signed_at,
            Service.name.label("service_name"),
            Account.name.label("performer"),
        )
        .join(Service, Service.id == TreatmentSession.service_id)
        .join(Account, Account.id == TreatmentSession.performer_id)
        .where(
            TreatmentSession.id == session_id,
            TreatmentSession.location_id == actor.location_id,
        )
    ).one_or_none()
    if row is None:
        raise NotFound(N_("There is no such session"))
    return SessionCard(
        id=row.id,
        patient_id=row.patient_id,
        service_name=row.service_name,
        begun_at=row.started_at,
        ended_at=row.ended_at,
        signed_at=row.signed_at,
        performer=row.performer,
    )


_EFFECTS = sa.select(
    SideEffect,
    Appointment.patient_id,
    Patient.given_name,
    Patient.family_name,
    Patient.file_number,
    Patient.phone,
)
_EFFECTS = (
    _EFFECTS.join(TreatmentSession, TreatmentSession.id == SideEffect.session_id)
    .join(Appointment, Appointment.id == TreatmentSession.appointment_id)
    .join(Patient, Patient.id == Appointment.patient_id)
)


def _card(row: sa.Row[SideEffect, int, str, str, str, str], today: dt.date) -> EffectCard:
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
        patient_id=row.patient_id,
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
        _EFFECTS.where(SideEffect.closed_at.is_(None), TreatmentSession.location_id == location_id)
    )
    order = {Urgency.EMERGENCY: 0, Urgency.SAME_DAY: 1, Urgency.ROUTINE: 2}
    return sorted(
        (_card(row, today) for row in rows),
        key=lambda card: (card.is_reviewed, order[card.urgency], card.reported_at),
    )


def of_patient(db: Session, patient_id: int, *, today: dt.date) -> list[EffectCard]:
    """Return all side effects of a patient, newest first; one statement."""
    rows = db.execute(
        _EFFECTS.where(Appointment.patient_id == patient_queries.person(patient_id)).order_by(
            SideEffect.reported_at.desc()
        )
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
            SideEffect.patient_id.in_(patient_queries.records(effect.patient_id)),
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
                SideEffect.patient_id.in_(patient_queries.records(patient_id)),
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
        wanted = wanted.where(Contact.patient_id.in_(patient_queries.records(patient_id)))
    return [
        ContactLine(
            session_id=row.Contact.session_id,
            day=row.Contact.day,
            result=row.Contact.result,
            pain=row.Contact.pain,
            note=row.Contact.note,
            red_flags=tuple(row.Contact.red_flags),
            at=row.Contact.at,
            by=row.name,
        )
        for row in db.execute(wanted)
    ]


def by_form_key(
    db: Session, model: type[Contact] | type[SideEffect], form_key: str | None
) -> int | None:
    """Return the id of the row that a one-time key already made, if any."""
    if form_key is None:
        return None
    return db.scalar(sa.select(model.id).where(model.form_key == form_key))
