"""From a lot to the sessions it was used in: who was treated, where, and what came of it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.accounts.models import Account
from clinic.catalog.models import Service
from clinic.core import walltime
from clinic.core.access import Actor
from clinic.core.zones import Zone
from clinic.followup.models import SideEffect
from clinic.followup.values import Outcome, SideEffectKind
from clinic.patients.models import Patient
from clinic.scheduling.models import Appointment
from clinic.treatments.models import InjectionSite, LotUse, TreatmentSession
from clinic.treatments.values import SessionState


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One side effect of a session."""

    id: int
    kind: SideEffectKind
    grade: int
    zone: Zone | None
    onset_on: dt.date
    outcome: Outcome
    is_of_lot: bool
    """Whoever reported it named this lot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """One session that a lot was used in."""

    session_id: int
    on: dt.date
    service: str
    performer: str
    state: SessionState
    is_outside: bool
    """Something was given outside of the limits."""
    patient_id: int
    patient: str
    birth_date: dt.date | None
    file_number: str
    phone: str
    email: str
    amount_ul: int | None
    zones: tuple[Zone, ...]
    effects: tuple[Effect, ...]


def trace(
    db: Session, actor: Actor, lot_id: int, *, offset: int = 0, limit: int | None = None
) -> list[Traced]:
    """Return the sessions of the actor's place in which a lot was used, newest first.

    Drafts count: what is drawn up may be injected already. Three statements.
    """
    uses = (
        sa.select(LotUse.session_id, sa.func.sum(LotUse.amount_ul).label("amount_ul"))
        .where(LotUse.lot_id == lot_id)
        .group_by(LotUse.session_id)
        .subquery()
    )
    rows = db.execute(
        sa.select(
            TreatmentSession.id,
            TreatmentSession.started_at,
            TreatmentSession.state,
            TreatmentSession.outside_reason,
            uses.c.amount_ul,
            Service.name.label("service"),
            Account.name.label("performer"),
            Patient.id.label("patient_id"),
            Patient.given_name,
            Patient.family_name,
            Patient.birth_date,
            Patient.file_number,
            Patient.phone,
            Patient.email,
        )
        .join(uses, uses.c.session_id == TreatmentSession.id)
        .join(Service, Service.id == TreatmentSession.service_id)
        .join(Account, Account.id == TreatmentSession.performer_id)
        .join(Appointment, Appointment.id == TreatmentSession.appointment_id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .where(TreatmentSession.location_id == actor.location_id)
        .order_by(TreatmentSession.started_at.desc(), TreatmentSession.id.desc())
        .offset(offset)
        .limit(limit)
    ).all()
    ids = [row.id for row in rows]
    zones, effects = _zones(db, ids), _effects(db, ids, lot_id)
    return [
        Traced(
            session_id=row.id,
            on=walltime.to_local(row.started_at, actor.zone).date(),
            service=row.service,
            performer=row.performer,
            state=row.state,
            is_outside=row.outside_reason is not None,
            patient_id=row.patient_id,
            patient=f"{row.given_name} {row.family_name}".strip(),
            birth_date=row.birth_date,
            file_number=row.file_number,
            phone=row.phone,
            email=row.email,
            amount_ul=None if row.amount_ul is None else int(row.amount_ul),
            zones=tuple(zone for zone in Zone if zone in zones.get(row.id, ())),
            effects=tuple(effects.get(row.id, ())),
        )
        for row in rows
    ]


def elsewhere(db: Session, actor: Actor, lot_id: int) -> int:
    """Return how many sessions of other places used a lot: those places must be told."""
    other = (
        sa.select(sa.func.count(sa.distinct(LotUse.session_id)))
        .join(TreatmentSession, TreatmentSession.id == LotUse.session_id)
        .where(LotUse.lot_id == lot_id, TreatmentSession.location_id != actor.location_id)
    )
    return db.scalar(other) or 0


def _zones(db: Session, session_ids: Sequence[int]) -> dict[int, set[Zone]]:
    rows = db.execute(
        sa.select(InjectionSite.session_id, InjectionSite.zone)
        .where(InjectionSite.session_id.in_(session_ids))
        .distinct()
    )
    found: dict[int, set[Zone]] = {}
    for row in rows:
        found.setdefault(row.session_id, set()).add(row.zone)
    return found


def _effects(db: Session, session_ids: Sequence[int], lot_id: int) -> dict[int, list[Effect]]:
    rows = db.scalars(
        sa.select(SideEffect)
        .where(SideEffect.session_id.in_(session_ids))
        .order_by(SideEffect.onset_on, SideEffect.id)
    )
    found: dict[int, list[Effect]] = {}
    for row in rows:
        found.setdefault(row.session_id, []).append(
            Effect(
                id=row.id,
                kind=row.kind,
                grade=row.grade,
                zone=row.zone,
                onset_on=row.onset_on,
                outcome=row.outcome,
                is_of_lot=row.lot_id == lot_id,
            )
        )
    return found
